"""The ``.kicad_pcb`` file of a board: placed, routed, poured, printed, and checked by KiCad.

Nets and the identity of every part are taken from KiCad's own netlist of the drawn schematic, so
that its parity check compares like with like.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from realnet_hw import project
from realnet_hw.board import Board
from realnet_hw.drawing import sexpr
from realnet_hw.drawing.sexpr import Node
from realnet_hw.errors import CircuitRefused, ToolFailed, ToolMissing
from realnet_hw.export import kicad_cli
from realnet_hw.export.groups import groups
from realnet_hw.export.netlist import Netlist, from_kicad
from realnet_hw.export.pcb.floorplan import Floorplan, HOLE_mm, Size, floorplan
from realnet_hw.export.pcb.footprints import footprint, turned
from realnet_hw.export.pcb.router import MARGIN_mm, NetClass, Pad, Routing, Rules, route
from realnet_hw.export.pcb.silkscreen import Silkscreen, Text, silkscreen
from realnet_hw.export.pcb.tiles import Spacing
from realnet_hw.export.profile import DEFAULT, Profile
from realnet_hw.export.project_files import LIBRARIES, CURVES_mm

HOLE_FOOTPRINT = "MountingHole:MountingHole_3.2mm_M3"

_SCRIPT = Path(__file__).with_name("with_pcbnew.py")
_PYTHONS = ("/usr/bin/python3",)
# Loading it takes a second, finding it does not.
_HAS_PCBNEW = "import importlib.util as u, sys; sys.exit(u.find_spec('pcbnew') is None)"
_TIMEOUT_s = 300
# A pad that its pour reaches by a single spoke is joined by its tracks alone.
_RELIEFS = 4
# Between tiles and stacks: what usually does, then more for a board whose tracks found no way.
_CHANNELS_mm = (2.54, 3.81, 5.08, 10.16)
_FINER = "have it made by a fab (--fab jlcpcb), "


@dataclass(frozen=True)
class BoardFile:
    """What was made.

    Args:
        plan: where parts stand.
        routing: the copper.
        unprinted: references that found no place on the silkscreen.
        violations: what KiCad's design rules check found, in words.
    """

    plan: Floorplan
    routing: Routing
    unprinted: tuple[str, ...]
    violations: tuple[str, ...]


def write_board(
    board: Board,
    netlist: Netlist,
    exported: str,
    target: Path,
    profile: Profile,
    size: Size | None = None,
    *,
    print_values: bool = False,
) -> BoardFile:
    """Place, route and write a board beside its schematic, and check it.

    Args:
        board: of cells.
        netlist: of its circuit.
        exported: the netlist that KiCad exported of its schematic, as s-expression.
        target: the ``.kicad_pcb`` file, beside the schematic, the project that holds the rules of
            the profile, and the project's libraries.
        profile: what the fab can do.
        size: of the board; None for as small as it can be.
        print_values: whether the values of parts are printed, where there is room.

    Raises:
        CircuitRefused: too large for the fab or for the size asked for, or nets that find no way.
        ToolMissing: KiCad's Python module is not installed.
        ToolFailed: it ended with an error.
    """
    drawn = from_kicad(exported)
    plan, routing = _placed_and_routed(board, netlist, drawn, profile, size)
    printed = silkscreen(
        board, netlist, plan, routing.vias, netlist.sha256()[:8], values=print_values
    )
    job = _job(board, netlist, drawn, exported, target, plan, routing, printed, profile)
    off_pour: list[list[str]] = []
    for _ in range(_RELIEFS):
        for part in job["parts"]:
            part["off_pour"] = [pad for pad in off_pour if pad[0] == part["reference"]]
        _run(job)
        found = kicad_cli.design_rules(target)
        starved = [pad for item in found if item.kind == "starved_thermal" for pad in item.pads]
        if not starved:
            break
        off_pour += [list(pad) for pad in starved]
    return BoardFile(
        plan,
        routing,
        tuple(ref for ref in plan.parts if ref not in {*printed.references, *printed.names}),
        tuple(item.words for item in found),
    )


def _placed_and_routed(
    board: Board, netlist: Netlist, drawn: Netlist, profile: Profile, size: Size | None
) -> tuple[Floorplan, Routing]:
    """Place parts as close together as they can be routed.

    Raises:
        CircuitRefused: the board grows too large for the fab or for the size asked for, or even the
            widest leaves nets open.
    """
    found = groups(board, netlist)
    rails = board.rail_nets
    where = f"{board.name}, {profile.title}"
    if size:
        _refuse_too_large(size, profile, where, "ask for a smaller --size")
    open_nets = 0
    for channel_mm in _CHANNELS_mm:
        try:
            spacing = Spacing(channel_mm, passing_mm(profile))
            plan = floorplan(netlist, found, spacing=spacing, size=size)
        except CircuitRefused as error:
            if open_nets:
                # It would be wider channels that the parts do not fit with.
                break
            raise CircuitRefused(
                error.what, where=where, allowed=error.allowed, mend=error.mend
            ) from error
        outline = Size(plan.outline.width, plan.outline.height)
        _refuse_too_large(outline, profile, where, "use fewer neurons, --assembly smd")
        routing = _routed(drawn, plan, rails, set(board.wide_nets), profile)
        if not routing.unrouted:
            return plan, routing
        open_nets = len(routing.unrouted)
    finer = _FINER if profile.track_mm > DEFAULT.track_mm else ""
    raise CircuitRefused(
        f"{open_nets} of {len(drawn.nets())} nets found no way on two layers, on {outline}",
        where=where,
        mend=f"{finer}{'ask for a larger --size, ' if size else ''}use fewer neurons a layer, "
        "or leave the board out with --no-pcb",
    )


def passing_mm(profile: Profile) -> float:
    """Return how far apart pads must be for a track of a fab to pass between them."""
    return profile.track_mm + 2 * (profile.clearance_mm + MARGIN_mm)


def _refuse_too_large(size: Size, profile: Profile, where: str, mend: str) -> None:
    most = Size(*sorted(profile.most_mm, reverse=True))
    if min(size) > most.height or max(size) > most.width:
        raise CircuitRefused(
            f"the board would be {size}",
            where=where,
            allowed=f"at most {most}",
            mend=f"{mend}, or leave the board out with --no-pcb",
        )


def _routed(
    drawn: Netlist, plan: Floorplan, rails: set[str], wide: set[str], profile: Profile
) -> Routing:
    pads = [
        Pad(
            at=placed.at.moved(*turned(pad.at, placed.rotation)),
            width=pad.width,
            height=pad.height,
            round=pad.round,
            rotation=pad.rotation + placed.rotation,
            net=drawn.parts[reference].pins.get(pad.number, ""),
            layers=pad.layers,
        )
        for reference, placed in plan.parts.items()
        for pad in footprint(placed.footprint).pads
    ]
    pads += [Pad(hole, HOLE_mm, HOLE_mm, True, 0.0, "", (0, 1)) for hole in plan.holes]
    widths_mm = {
        **dict.fromkeys(rails, profile.power_track_mm),
        **dict.fromkeys(wide, profile.wide_track_mm),
    }
    classes = {
        net: NetClass(
            widths_mm.get(net.lstrip("/"), profile.track_mm), profile.via_mm, profile.drill_mm
        )
        for net in drawn.nets()
        if not net.startswith("unconnected-")
    }
    rules = Rules(profile.clearance_mm, profile.edge_mm)
    return route(
        plan.outline,
        pads,
        classes,
        rules,
        prices=(profile.top_price, 1.0),
        via_price_mm=profile.via_price_mm,
    )


def _job(
    board: Board,
    netlist: Netlist,
    drawn: Netlist,
    exported: str,
    target: Path,
    plan: Floorplan,
    routing: Routing,
    printed: Silkscreen,
    profile: Profile,
) -> dict[str, Any]:
    identities = _identities(exported)
    return {
        "out": str(target),
        "title": board.title,
        "revision": netlist.sha256()[:8],
        "comments": list(board.notes[:4]),
        "outline": list(_edges(plan)),
        "nets": sorted(drawn.nets()),
        "parts": [
            {
                "reference": reference,
                "footprint": placed.footprint,
                "library": str(_library_folder(target, placed.footprint)),
                "name": placed.footprint.partition(":")[2],
                "value": drawn.parts[reference].value,
                "fields": {**drawn.parts[reference].fields, **identities[reference].fields},
                "pins": dict(drawn.parts[reference].pins),
                "not_bought": identities[reference].not_bought,
                "path": identities[reference].path,
                "sheet_name": identities[reference].sheet_name,
                "sheet_file": identities[reference].sheet_file,
                "at": list(placed.at),
                "rotation": placed.rotation,
                "printed": _text(printed.references.get(reference)),
                "value_printed": _text(printed.names.get(reference)),
            }
            for reference, placed in plan.parts.items()
        ],
        "holes": [
            {
                "at": list(hole),
                "footprint": HOLE_FOOTPRINT,
                "library": str(_library_folder(target, HOLE_FOOTPRINT)),
                "name": HOLE_FOOTPRINT.partition(":")[2],
            }
            for hole in plan.holes
        ],
        "texts": [_text(item) for item in printed.texts],
        "tracks": [
            {
                "net": track.net,
                "layer": track.layer,
                "start": list(track.start),
                "end": list(track.end),
                "width": track.width,
            }
            for track in routing.tracks
        ],
        "vias": [
            {"net": via.net, "at": list(via.at), "diameter": via.diameter, "drill": via.drill}
            for via in routing.vias
        ],
        "pour": {
            "net": "GND",
            "inset": profile.edge_mm,
            "clearance": profile.pour_clearance_mm,
            "least_width": profile.track_mm,
            "spoke": profile.power_track_mm,
            "curves": CURVES_mm,
        },
    }


def _edges(plan: Floorplan) -> tuple[float, float, float, float]:
    box = plan.outline
    return box.left, box.top, box.right, box.bottom


def _text(item: Text | None) -> dict[str, Any] | None:
    if item is None:
        return None
    return {
        "text": item.text,
        "at": list(item.at),
        "size": item.size,
        "stroke": item.stroke,
        "rotation": item.rotation,
    }


@dataclass(frozen=True)
class _Identity:
    """What KiCad compares a footprint with its symbol by."""

    path: str
    sheet_name: str
    sheet_file: str
    not_bought: bool
    fields: Mapping[str, str]


def _identities(text: str) -> dict[str, _Identity]:
    """Read parts' identities from KiCad's netlist."""
    tree = sexpr.parse(text)
    found = {}
    for component in sexpr.children(sexpr.child(tree, "components") or [], "comp"):
        properties: dict[str, str] = {}
        for item in sexpr.children(component, "property"):
            properties[sexpr.word(item, "name")] = sexpr.word(item, "value")
        sheet: Node = sexpr.child(component, "sheetpath") or []
        stamps = (sexpr.word(sheet, "tstamps") + sexpr.word(component, "tstamps")).split("/")
        found[sexpr.word(component, "ref")] = _Identity(
            path="/" + "/".join(stamp for stamp in stamps if stamp),
            sheet_name=sexpr.word(sheet, "names"),
            sheet_file=properties.get("Sheetfile", ""),
            not_bought="exclude_from_bom" in properties,
            fields={
                "Datasheet": sexpr.word(component, "datasheet"),
                "Description": sexpr.word(component, "description"),
            },
        )
    return found


def _library_folder(target: Path, name: str) -> Path:
    """Return where the project has a footprint: KiCad reads a whole library for each part."""
    return target.parent / LIBRARIES / f"{name.partition(':')[0]}.pretty"


def _run(job: Mapping[str, Any]) -> None:
    """Have KiCad's own library write what a job describes."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "job.json"
        file.write_text(json.dumps(job), "utf-8")
        environment = {"PATH": os.environ.get("PATH", ""), "HOME": folder, "LC_ALL": "C.UTF-8"}
        done = subprocess.run(
            [python_with_pcbnew(), "-I", str(_SCRIPT), str(file)],
            env=environment,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_s,
            check=False,
        )
    if done.returncode != 0:
        said = (done.stderr.strip() or "without a word").splitlines()[-1]
        raise ToolFailed(f"KiCad's library could not write the board: {said}")


@functools.cache
def python_with_pcbnew() -> str:
    """Return the Python that has KiCad's library.

    Raises:
        ToolMissing: there is none.
    """
    for python in _PYTHONS:
        if Path(python).exists():
            tried = subprocess.run(
                [python, "-I", "-c", _HAS_PCBNEW], capture_output=True, check=False
            )
            if tried.returncode == 0:
                return python
    raise ToolMissing(
        "KiCad's Python module pcbnew is not installed",
        mend=f"run: {project.system_mend('kicad')}",
    )
