"""The resistors that hold a controller's lines while it is in reset."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from realnet_hw.cells.cell import Cell, CellPart

if TYPE_CHECKING:
    from realnet_hw.drawing.pad import Pad


class ResetState(Cell):
    """10 kohm from each line to the logic's supply or to ground.

    Args:
        high: nets that are held high.
        low: nets that are held low.
        rail: net of the supply.
    """

    def __init__(
        self,
        name: str,
        title: str,
        *,
        high: Sequence[str],
        low: Sequence[str],
        rail: str,
        layer: int = 0,
        stage: int | None = None,
    ) -> None:
        super().__init__(name, title, layer=layer, stage=stage)
        self.high, self.low, self.rail = tuple(high), tuple(low), rail
        for net in (*high, *low):
            pulled = rail if net in high else "GND"
            self.parts[net] = CellPart("resistor", {"1": pulled, "2": net}, "10k")

    def draw(self, pad: Pad) -> None:
        """Draw a row of those that pull up above a row of those that pull down."""
        for index, net in enumerate(self.high):
            x = index * 25.4
            resistor = pad.put(net, x, 0, texts="right")
            pad.power(self.rail, *resistor["1"], "up")
            pad.wire(resistor["2"], (x, 6.35), (x + 2.54, 6.35))
            pad.label(net, x + 2.54, 6.35)
        for index, net in enumerate(self.low):
            x = index * 25.4
            resistor = pad.put(net, x, 24.13, rotation=180, texts="right")
            pad.power("GND", *resistor["1"], "down")
            pad.wire(resistor["2"], (x, 17.78), (x + 2.54, 17.78))
            pad.label(net, x + 2.54, 17.78)
