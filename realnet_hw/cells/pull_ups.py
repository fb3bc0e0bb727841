"""Pull-ups of lines that are pulled low from outside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from realnet_hw import units
from realnet_hw.cells.cell import Cell, CellPart

if TYPE_CHECKING:
    from realnet_hw.drawing.pad import Pad


class PullUps(Cell):
    """A resistor from each line to the rail: trigger and reset, which open collectors pull low.

    A logic output of 5 V would not do in their place: it does not release a trigger whose CONT is
    at 10 V, since that triggers below 5 V.

    Args:
        nets: the lines.
        rail: net of the supply.
        resistor_ohm: of each resistor.
    """

    in_signal_path = False

    def __init__(
        self,
        name: str,
        title: str,
        *,
        nets: Sequence[str],
        rail: str = "+15V",
        resistor_ohm: float = 10e3,
        formula: str = "",
        layer: int = 0,
        stage: int | None = None,
    ) -> None:
        super().__init__(name, title, formula=formula, layer=layer, stage=stage)
        self.nets = tuple(nets)
        self.rail = rail
        for net in nets:
            self.parts[net] = CellPart(
                "resistor", {"1": rail, "2": net}, units.compact(resistor_ohm)
            )

    def draw(self, pad: Pad) -> None:
        """Draw the resistors beside each other, each line's name below."""
        for index, net in enumerate(self.nets):
            x = index * 22.86
            resistor = pad.put(net, x, 0, texts="right")
            pad.power(self.rail, *resistor["1"], "up")
            pad.wire(resistor["2"], (x, 6.35), (x + 2.54, 6.35))
            pad.label(net, x + 2.54, 6.35)
