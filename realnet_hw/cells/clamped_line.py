"""A line from outside that is held between two rails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realnet_hw import units
from realnet_hw.cells.cell import CellPart
from realnet_hw.cells.rail_clamp import RailClamp

if TYPE_CHECKING:
    from realnet_hw.drawing.pad import Pad


class ClampedLine(RailClamp):
    """A series resistor and two Schottky diodes.

    A line pulled to ``V`` beyond a bound carries ``(V - V_bound - V_F) / R`` into it, which must be
    less than what the bound's shunt reference takes.

    Args:
        source: net that drives it.
        net: net that is clamped.
        upper, lower: nets of the bounds.
    """

    def __init__(
        self,
        name: str,
        title: str,
        *,
        source: str,
        net: str,
        upper: str,
        lower: str,
        series_ohm: float,
        layer: int = 0,
    ) -> None:
        super().__init__(name, title, net=net, upper=upper, lower=lower, layer=layer)
        self.source, self.series_ohm = source, series_ohm
        self.parts["series"] = CellPart(
            "resistor", {"1": source, "2": net}, units.compact(series_ohm)
        )

    def draw(self, pad: Pad) -> None:
        """Draw the line across, a diode upwards and one from below."""
        self._draw_line(pad, 10.16)
        pad.label(self.net, 10.16, 0)

    def _draw_line(self, pad: Pad, right: float) -> None:
        series = pad.put("series", -10.16, 0, rotation=90)
        pad.wire((-17.78, 0), series["1"])
        pad.label(self.source, -17.78, 0, "left")
        pad.wire(series["2"], (right, 0))
        self._draw_diodes(pad, 2.54)
