"""How a part stands on a breadboard, by its footprint.

Every part stands over the channel or at its edge, its leads in rows e and f alone: so bodies
neither cross nor touch, and the four outer rows of each half stay free for wires.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from realnet_hw.errors import CircuitRefused
from realnet_hw.export.breadboard.holes import Half
from realnet_hw.export.netlist import NetlistPart

Shape = Literal["dip", "axial", "disc", "radial", "inline", "outside"]

# Footprints that begin like this have this shape, the first that fits.
_SHAPES: Mapping[str, Shape] = {
    "Package_DIP:DIP-": "dip",
    "Resistor_THT:R_Axial": "axial",
    "Diode_THT:D_DO": "axial",
    "Capacitor_THT:C_": "disc",
    "Capacitor_THT:CP_Radial": "radial",
    "Package_TO_SOT_THT:TO-92": "inline",
    "Connector": "outside",
    "TerminalBlock": "outside",
    "TestPoint": "outside",
}
_COLUMNS: Mapping[Shape, int] = {"axial": 1, "disc": 1, "radial": 3, "inline": 3, "outside": 0}
# A package is longer than its pins: 19.3 mm for 14 of them, 15.24 mm from the first to the last.
# So a column on each side of it stays free.
_DIP_SIDES = 1
_TWO_LEADS = ("axial", "disc", "radial")


@dataclass(frozen=True)
class Kind:
    """A part's shape, and over how many columns it lies."""

    shape: Shape
    columns: int


Spot = tuple[Half, int]
"""Where a lead is: in which half, and in which of the part's columns, from 0."""


def kind_of(part: NetlistPart) -> Kind:
    """Return how a part stands on a breadboard.

    Raises:
        CircuitRefused: it has no leads for one.
    """
    shape = next((s for start, s in _SHAPES.items() if part.footprint.startswith(start)), None)
    if shape is None:
        raise CircuitRefused(
            f"{part.footprint} has no leads that fit a breadboard",
            where=part.reference,
            mend="build it on a printed circuit board, or use a part with wires",
        )
    if shape in _TWO_LEADS and len(part.pins) != 2:
        raise CircuitRefused(
            f"{len(part.pins)} of its pins are connected, and {part.footprint} has two leads",
            where=part.reference,
            mend="give it the footprint that it has",
        )
    if shape == "dip":
        pins = int(part.footprint.partition("DIP-")[2].split("_")[0])
        return Kind(shape, pins // 2 + 2 * _DIP_SIDES)
    return Kind(shape, _COLUMNS[shape])


def ways(part: NetlistPart) -> tuple[Mapping[str, Spot], Mapping[str, Spot]]:
    """Return where each pin is when a part stands as it does first, and when it is turned round.

    A package has pin 1 at the lower left, then at the upper right. A part with two leads has its
    first pin in the upper half, then in the lower. Three leads in line are in the lower half, then
    in the upper.

    Raises:
        CircuitRefused: it has no leads for a breadboard.
    """
    kind = kind_of(part)
    count = kind.columns
    first: dict[str, Spot]
    match kind.shape:
        case "dip":
            half = count - 2 * _DIP_SIDES
            first = {
                **{str(pin): ("lower", _DIP_SIDES + pin - 1) for pin in range(1, half + 1)},
                **{
                    str(half + pin): ("upper", count - _DIP_SIDES - pin)
                    for pin in range(1, half + 1)
                },
            }
        case "inline":
            first = {str(pin): ("lower", pin - 1) for pin in range(1, count + 1)}
        case "outside":
            first = {}
        case _:
            halves: tuple[Half, Half] = ("upper", "lower")
            first = {pin: (half, count // 2) for pin, half in zip(part.pins, halves, strict=True)}
    opposite: Mapping[Half, Half] = {"upper": "lower", "lower": "upper"}
    turned = {pin: (opposite[half], count - 1 - at) for pin, (half, at) in first.items()}
    return first, turned
