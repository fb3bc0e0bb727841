"""The KiCad project around a schematic: settings, and the libraries that it needs.

Used symbols and footprints are copied beside the schematic, so that the project opens and checks
the same wherever it lies and whatever libraries are installed there.

Ref: KiCad documentation, "Symbol Library File Format" (dev-docs.kicad.org); KiCad Libraries License
(www.kicad.org/libraries/license).
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from realnet_hw import project
from realnet_hw.drawing import sexpr, symbols
from realnet_hw.drawing.sexpr import Node, Quoted
from realnet_hw.errors import InputError, ToolMissing
from realnet_hw.export.profile import Profile

LIBRARIES = "lib"
"""The folder of a project's libraries."""

CURVES_mm = 0.02
"""How far a straight piece may be off the curve that it stands for."""

_SYMBOL_FORMAT = "20241209"
_FOOTPRINT_FOLDERS = ("/usr/share/kicad/footprints", "/usr/local/share/kicad/footprints")

LICENCE_NOTICE = """\
The symbols and footprints in this folder are copied from the KiCad libraries
(https://gitlab.com/kicad/libraries), (c) the KiCad library contributors.

They are licensed under Creative Commons Attribution-ShareAlike 4.0 International (CC-BY-SA-4.0,
https://creativecommons.org/licenses/by-sa/4.0/legalcode) with this exception:

    To the extent that the creation of electronic designs that use 'Licensed Material' can be
    considered to be 'Adapted Material', then the copyright holder waives article 3 of the license
    with respect to these designs and any generated files which use data provided as part of the
    'Licensed Material'.

Changes: each file holds only what this design uses, and symbols that derive from another one are
written out in full. See https://www.kicad.org/libraries/license/
"""


def project_text(
    name: str, power_nets: Collection[str], profile: Profile, wide_nets: Collection[str] = ()
) -> str:
    """Return the ``.kicad_pro`` file: net classes, and the rules of a fab.

    Args:
        name: the board's name.
        power_nets: nets that get the wider tracks of the class "Power".
        profile: of the fab.
        wide_nets: nets with labels that get the still wider ones of the class "Wide".
    """
    wide = [_net_class("Wide", profile.wide_track_mm, 1, profile)] if wide_nets else []
    content = {
        "board": {
            "design_settings": {
                "defaults": {},
                "rules": {
                    # Of curves in the pour, made of straight pieces: three times fewer than usual.
                    "max_error": CURVES_mm,
                    "min_clearance": profile.clearance_mm,
                    "min_copper_edge_clearance": profile.edge_mm,
                    "min_hole_clearance": 0.25,
                    "min_hole_to_hole": 0.25,
                    # Between a pad and the pour: tracks join every pad to its net as well.
                    "min_resolved_spokes": 1,
                    "min_through_hole_diameter": 0.3,
                    "min_track_width": min(0.2, profile.track_mm),
                    "min_via_annular_width": min(0.13, profile.annular_mm),
                    "min_via_diameter": min(0.6, profile.via_mm),
                },
                "drc_exclusions": [],
            }
        },
        "boards": [],
        "libraries": {"pinned_footprint_libs": [], "pinned_symbol_libs": []},
        "meta": {"filename": f"{name}.kicad_pro", "version": 3},
        "net_settings": {
            "classes": [
                _net_class("Default", profile.track_mm, 2147483647, profile),
                _net_class("Power", profile.power_track_mm, 0, profile),
                *wide,
            ],
            "meta": {"version": 4},
            "net_colors": None,
            "netclass_assignments": None,
            "netclass_patterns": [
                *({"netclass": "Power", "pattern": net} for net in sorted(power_nets)),
                # A label's net is named by its sheet, too; that of a power symbol is not.
                *({"netclass": "Wide", "pattern": f"/{net}"} for net in sorted(wide_nets)),
            ],
        },
        "pcbnew": {"page_layout_descr_file": ""},
        "schematic": {"legacy_lib_dir": "", "legacy_lib_list": []},
        "sheets": [],
        "text_variables": {},
    }
    return json.dumps(content, indent=2) + "\n"


def _net_class(name: str, track_mm: float, priority: int, profile: Profile) -> dict[str, Any]:
    return {
        "bus_width": 12,
        "clearance": profile.clearance_mm,
        "diff_pair_gap": 0.25,
        "diff_pair_via_gap": 0.25,
        "diff_pair_width": 0.2,
        "line_style": 0,
        "microvia_diameter": 0.3,
        "microvia_drill": 0.1,
        "name": name,
        "pcb_color": "rgba(0, 0, 0, 0.000)",
        "priority": priority,
        "schematic_color": "rgba(0, 0, 0, 0.000)",
        "track_width": track_mm,
        "via_diameter": profile.via_mm,
        "via_drill": profile.drill_mm,
        "wire_width": 6,
    }


def library_files(lib_ids: Iterable[str], footprints: Iterable[str]) -> dict[str, str]:
    """Return the project's own libraries, as text by path within the project.

    Args:
        lib_ids: the symbols used, ``Library:Name``.
        footprints: the footprints used, ``Library:Name``.

    Raises:
        InputError: KiCad's libraries have no such symbol or footprint.
        ToolMissing: the libraries are not installed.
    """
    by_library = _by_library(lib_ids)
    files = {
        f"{LIBRARIES}/{library}.kicad_sym": _symbol_library(library, names)
        for library, names in by_library.items()
    }
    files["sym-lib-table"] = _table("sym_lib_table", by_library, "kicad_sym")
    footprint_names = _by_library(footprints)
    for library, names in footprint_names.items():
        for name in names:
            files[f"{LIBRARIES}/{library}.pretty/{name}.kicad_mod"] = footprint_text(
                f"{library}:{name}"
            )
    files["fp-lib-table"] = _table("fp_lib_table", footprint_names, "pretty")
    files[f"{LIBRARIES}/LICENSE.txt"] = LICENCE_NOTICE
    return dict(sorted(files.items()))


def _by_library(ids: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, set[str]] = {}
    for each in ids:
        library, _, name = each.partition(":")
        found.setdefault(library, set()).add(name)
    return {library: sorted(names) for library, names in sorted(found.items())}


def _symbol_library(library: str, names: Iterable[str]) -> str:
    node: Node = [
        "kicad_symbol_lib",
        ["version", _SYMBOL_FORMAT],
        ["generator", Quoted("realnet_hw")],
        ["generator_version", Quoted("9.0")],
        *(symbols.load(f"{library}:{name}").node for name in names),
    ]
    return sexpr.write(node)


def _table(kind: str, libraries: Mapping[str, object], ending: str) -> str:
    """Return a project's library table; KIPRJMOD is the folder that the project lies in."""
    rows: list[Node] = [
        [
            "lib",
            ["name", Quoted(library)],
            ["type", Quoted("KiCad")],
            ["uri", Quoted(f"${{KIPRJMOD}}/{LIBRARIES}/{library}.{ending}")],
            ["options", Quoted("")],
            ["descr", Quoted("what this board uses of KiCad's library")],
        ]
        for library in libraries
    ]
    return sexpr.write([kind, ["version", "7"], *rows])


def footprint_text(name: str) -> str:
    """Return the ``.kicad_mod`` file of a footprint ``Library:Name``.

    Raises:
        InputError: KiCad has no such footprint.
        ToolMissing: its libraries are not installed.
    """
    library, _, short = name.partition(":")
    path = footprint_folder() / f"{library}.pretty" / f"{short}.kicad_mod"
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise InputError(f"KiCad has no footprint {name}", where=str(path)) from error


def footprint_folder() -> Path:
    """Return the folder of KiCad 9's footprint libraries.

    ``KICAD9_FOOTPRINT_DIR`` names another one than the system's.

    Raises:
        ToolMissing: there is none.
    """
    named = os.environ.get("KICAD9_FOOTPRINT_DIR")
    for folder in (named,) if named else _FOOTPRINT_FOLDERS:
        if next(Path(folder).glob("*.pretty"), None):
            return Path(folder)
    raise ToolMissing(
        "KiCad 9's footprint libraries are not installed",
        mend=f"run: {project.system_mend('kicad-footprints')}",
    )
