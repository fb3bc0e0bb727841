"""What a fab and an assembler are sent, made by kicad-cli from the board file.

Dates are replaced by a fixed one, so that the same board gives the same bytes.

Coordinates count from the board's lower left corner in all of them.

Ref: Ucamco, "The Gerber Layer Format Specification" (X2 attributes); IPC-D-356; JLCPCB, "Pick and
Place File for SMT" (columns Designator, Mid X, Mid Y, Layer, Rotation) and "How to generate Gerber
and drill files in KiCad" (Protel extensions, holes that are not plated in a file of their own);
github.com/Bouni/kicad-jlcpcb-tools, pull request 381 (the middle of a part is that of its pads).
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from concurrent.futures import Executor, Future
from pathlib import Path

from realnet_hw.drawing.geometry import Point
from realnet_hw.export import bom, kicad_cli
from realnet_hw.export.netlist import Netlist
from realnet_hw.export.pcb.footprints import footprint, turned

GERBER_LAYERS = (
    "F.Cu", "B.Cu", "F.Mask", "B.Mask", "F.Paste", "B.Paste", "F.SilkS", "B.SilkS", "Edge.Cuts",
)  # fmt: skip

_DATE = "2000-01-01T00:00:00"
# The creation dates of Gerber, drill, job and STEP files: with a T or a blank, with a zone or not.
_DATES = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[+-]\d\d:?\d\d)?")
_ZIP_DATE = (2000, 1, 1, 0, 0, 0)

_KIBOT = """\
# For those who use KiBot: kibot -d out, in this folder. A start, to be changed; realnet_hw itself
# makes these files without it.
kibot:
  version: 1

preflight:
  erc: true
  drc: true

outputs:
  - name: gerbers
    type: gerber
    dir: gerbers
    layers: [{layers}]
    options:
      use_protel_extensions: true
      use_aux_axis_as_origin: true

  - name: drill
    type: excellon
    dir: gerbers
    options:
      pth_and_npth_single_file: false
      use_aux_axis_as_origin: true

  - name: positions
    type: position
    dir: assembly
    options:
      format: CSV
      only_smd: false
      use_aux_axis_as_origin: true

  - name: page
    type: ibom
    dir: assembly
"""


def fabrication_files(board: Path, netlist: Netlist, kicad: Executor) -> dict[str, bytes]:
    """Return the files for fab and assembler by their names.

    ``NAME_gerbers.zip`` (copper, mask, paste, silkscreen, edge, drill), ``NAME_cpl_jlcpcb.csv``,
    ``NAME.d356`` (netlist for the electrical test) and ``NAME.step``.

    Args:
        board: the ``.kicad_pcb`` file.
        netlist: of its parts.
        kicad: runs kicad-cli.

    Raises:
        ToolMissing: KiCad is not installed.
        ToolFailed: it could not export.
    """
    name = board.stem
    layers = ("--use-drill-file-origin", "--layers", ",".join(GERBER_LAYERS))
    drill = ("--drill-origin", "plot", "--excellon-separate-th")
    positions = ("--use-drill-file-origin", "--format", "csv", "--units", "mm")

    def export(kind: str, *options: str, target: str | None = None) -> Future[dict[str, bytes]]:
        return kicad.submit(kicad_cli.pcb_exports, board, kind, *options, target=target)

    exporting = (
        export("gerbers", *layers),
        export("drill", *drill),
        export("step", target=f"{name}.step"),
        export("ipcd356", target=f"{name}.d356"),
        export("pos", *positions, target="pos.csv"),
    )
    plotted, drilled, *single = (export.result() for export in exporting)
    gerbers = {**plotted, **drilled}
    step, test_netlist, placement = (content for made in single for content in made.values())
    return {
        f"{name}_gerbers.zip": _zipped({n: _dated(content) for n, content in gerbers.items()}),
        f"{name}_cpl_jlcpcb.csv": cpl_text(placement.decode(), netlist).encode(),
        f"{name}.d356": _dated(test_netlist),
        f"{name}.step": _dated(step),
    }


def _dated(content: bytes) -> bytes:
    """Put the fixed date in place of those that a program wrote."""
    return _DATES.sub(_DATE, content.decode("utf-8")).encode()


def _zipped(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name, _ZIP_DATE), content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def cpl_text(positions: str, netlist: Netlist) -> str:
    """Return KiCad's placement file in JLCPCB's form: a line for each part that is bought.

    KiCad gives the origin of the footprint, which is pin 1 for most through-hole parts; JLCPCB asks
    for the middle of the part.

    Args:
        positions: what ``kicad-cli pcb export pos`` wrote, CSV in mm, y upwards.
        netlist: says which parts are bought, and their footprints.
    """
    bought = bom.entries(netlist)
    made = io.StringIO()
    rows = csv.writer(made, lineterminator="\n")
    rows.writerow(["Designator", "Mid X", "Mid Y", "Layer", "Rotation"])
    for row in csv.DictReader(io.StringIO(positions)):
        if row["Ref"] not in bought:
            continue
        degrees = float(row["Rot"])
        off = turned(_middle(bought[row["Ref"]].footprint), degrees)
        rows.writerow(
            [
                row["Ref"],
                f"{float(row['PosX']) + off.x:.4f}mm",
                f"{float(row['PosY']) - off.y:.4f}mm",
                row["Side"].capitalize(),
                f"{degrees % 360:g}",
            ]
        )
    return made.getvalue()


def _middle(name: str) -> Point:
    """Return the middle of a footprint's pads."""
    pads = [pad for pad in footprint(name).pads if pad.number]
    xs = [pad.at.x + side * pad.width / 2 for pad in pads for side in (-1, 1)]
    ys = [pad.at.y + side * pad.height / 2 for pad in pads for side in (-1, 1)]
    return Point((min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2)


def kibot_text() -> str:
    """Return the least that KiBot needs to check a board and make its fabrication files.

    Ref: KiBot documentation, "Configuration" (kibot.readthedocs.io).
    """
    return _KIBOT.format(layers=", ".join(GERBER_LAYERS))
