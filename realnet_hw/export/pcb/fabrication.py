"""What a fab and an assembler are sent, made by kicad-cli from the board file.

Dates are replaced by a fixed one, so that the same board gives the same bytes.

Ref: Ucamco, "The Gerber Layer Format Specification" (X2 attributes); IPC-D-356; JLCPCB, "Pick and
Place File for SMT" (columns Designator, Mid X, Mid Y, Layer, Rotation).
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from pathlib import Path

from realnet_hw.export import kicad_cli

GERBER_LAYERS = (
    "F.Cu", "B.Cu", "F.Mask", "B.Mask", "F.Paste", "B.Paste", "F.SilkS", "B.SilkS", "Edge.Cuts",
)  # fmt: skip

_DATE = "2000-01-01T00:00:00"
# The creation dates of Gerber, drill, job and STEP files: with a T or a blank, with a zone or not.
_DATES = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[+-]\d\d:?\d\d)?")
_ZIP_DATE = (2000, 1, 1, 0, 0, 0)


def fabrication_files(board: Path) -> dict[str, bytes]:
    """Return the files for fab and assembler by their names.

    ``NAME_gerbers.zip`` (copper, mask, paste, silkscreen, edge, drill), ``NAME_cpl_jlcpcb.csv``,
    ``NAME.d356`` (netlist for the electrical test) and ``NAME.step``.

    Args:
        board: the ``.kicad_pcb`` file.

    Raises:
        ToolMissing: KiCad is not installed.
        ToolFailed: it could not export.
    """
    name = board.stem
    gerbers = kicad_cli.pcb_exports(
        board, "gerbers", "--layers", ",".join(GERBER_LAYERS), "--no-protel-ext"
    ) | kicad_cli.pcb_exports(board, "drill")
    (step,) = kicad_cli.pcb_exports(board, "step", target=f"{name}.step").values()
    (test_netlist,) = kicad_cli.pcb_exports(board, "ipcd356", target=f"{name}.d356").values()
    positions = ("--format", "csv", "--units", "mm")
    (placement,) = kicad_cli.pcb_exports(board, "pos", *positions, target="pos.csv").values()
    return {
        f"{name}_gerbers.zip": _zipped({n: _dated(content) for n, content in gerbers.items()}),
        f"{name}_cpl_jlcpcb.csv": cpl_text(placement.decode()).encode(),
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


def cpl_text(positions: str) -> str:
    """Return KiCad's placement file in JLCPCB's form."""
    made = io.StringIO()
    rows = csv.writer(made, lineterminator="\n")
    rows.writerow(["Designator", "Mid X", "Mid Y", "Layer", "Rotation"])
    for row in csv.DictReader(io.StringIO(positions)):
        rows.writerow(
            [
                row["Ref"],
                f"{float(row['PosX']):.4f}mm",
                f"{float(row['PosY']):.4f}mm",
                row["Side"].capitalize(),
                f"{float(row['Rot']):g}",
            ]
        )
    return made.getvalue()
