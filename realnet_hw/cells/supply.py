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

    in_signal_path = False

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

    def draw(self, pad: Pad) -> None:
        """Draw the terminal, its pins fanned out to rails with the capacitors between them."""
        pins = pad.put("terminal", 0, 0, mirror="y", texts="around")
        ground = self.rails.index("GND")
        level = {}
        for index, rail in enumerate(self.rails):
            start = pins[str(index + 1)]
            y = pins[str(ground + 1)].y + (index - ground) * 10.16
            # Outer rails turn first, so that no wire crosses another.
            turn = start.x + 2.54 * (1 + self._within(index, ground))
            pad.wire(start, (turn, start.y), (turn, y), (40.64, y))
            self._finish(pad, rail, y, below=index > ground)
            level[rail] = y
        for rail in self.rails:
            if rail != "GND":
                self._capacitor(pad, rail, level)

    def _within(self, index: int, ground: int) -> int:
        """Return how many rails on the same side of ground lie further out."""
        outermost = 0 if index <= ground else len(self.rails) - 1
        return abs(index - outermost) if index != ground else 0

    def _finish(self, pad: Pad, rail: str, y: float, *, below: bool) -> None:
        """Draw the flag and the power symbol at a rail's end."""
        pad.flag(30.48, y, "down" if below else "up")
        pad.power(rail, 40.64, y, "down" if below or rail == "GND" else "up")

    def _capacitor(self, pad: Pad, rail: str, level: dict[str, float]) -> None:
        upper, lower = sorted((level[rail], level["GND"]))
        pins = pad.put(f"bulk_{rail}", 16.51, (upper + lower) / 2, texts="right")
        pad.wire((16.51, upper), pins["1"])
        pad.wire(pins["2"], (16.51, lower))
