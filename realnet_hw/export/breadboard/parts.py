"""How a part stands on a breadboard, by its footprint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from realnet_hw.errors import CircuitRefused
from realnet_hw.export.netlist import NetlistPart

Shape = Literal["dip", "axial", "disc", "radial", "to92", "outside"]

_SHAPES: Mapping[str, Shape] = {
    "Package_DIP:DIP-": "dip",
    "Resistor_THT:R_Axial": "axial",
    "Diode_THT:D_DO": "axial",
    "Capacitor_THT:C_": "disc",
    "Capacitor_THT:CP_Radial": "radial",
    "Package_TO_SOT_THT:TO-92": "to92",
    "Connector": "outside",
    "TerminalBlock": "outside",
    "TestPoint": "outside",
}

# The rows that the two leads of a part over the channel are in.
ROWS: Mapping[Shape, tuple[str, str]] = {
    "axial": ("d", "g"),
    "disc": ("e", "f"),
    "radial": ("e", "f"),
}


@dataclass(frozen=True)
class Kind:
    """A part's shape, and over how many columns it lies."""

    shape: Shape
    columns: int


def kind_of(part: NetlistPart) -> Kind:
    """Return how a part stands on a breadboard.

    Raises:
        CircuitRefused: it has no leads for one.
    """
    shapes = [shape for start, shape in _SHAPES.items() if part.footprint.startswith(start)]
    if not shapes:
        raise CircuitRefused(
            f"{part.footprint} has no leads that fit a breadboard",
            where=part.reference,
            mend="build it on a printed circuit board, or use a part with wires",
        )
    shape = shapes[0]
    if shape in ROWS and len(part.pins) != 2:
        raise CircuitRefused(
            f"{len(part.pins)} of its pins are connected, and {part.footprint} has two leads",
            where=part.reference,
            mend="give it the footprint that it has",
        )
    if shape == "dip":
        return Kind(shape, int(part.footprint.partition("DIP-")[2].split("_")[0]) // 2)
    return Kind(shape, {"to92": 3, "radial": 3}.get(shape, 1))
