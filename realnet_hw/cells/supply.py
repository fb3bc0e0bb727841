"""The supply entry: a terminal for the rails and their bulk capacitors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from realnet_hw.cells.cell import Cell, CellPart

if TYPE_CHECKING:
    from realnet_hw.drawing.pad import Pad


class SupplyEntry(Cell):
    """A screw terminal for positive rail, ground and negative rail, each with a bulk capacitor.

    Args:
        rails: net names from the most positive to the most negative, "GND" among them. A name
            that starts with "-" is a negative rail.
    """

    def __init__(self, name: str, title: str, *, rails: Sequence[str], layer: int = 0) -> None:
        super().__init__(name, title, layer=layer)
        self.rails = tuple(rails)
        pins = {str(index): net for index, net in enumerate(rails, 1)}
        self.parts["terminal"] = CellPart(f"terminal_{len(pins)}", pins, "SUPPLY")
        for rail in rails:
            if rail == "GND":
                continue
            positive, negative = ("GND", rail) if rail.startswith("-") else (rail, "GND")
            self.parts[f"bulk_{rail}"] = CellPart(
                "capacitor_electrolytic", {"1": positive, "2": negative}
            )
