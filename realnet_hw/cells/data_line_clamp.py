"""What holds a data line between ground and a rail, whatever drives it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realnet_hw import units
from realnet_hw.cells.cell import Cell, CellPart

if TYPE_CHECKING:
    from realnet_hw.drawing.pad import Pad


class DataLineClamp(Cell):
    """A series resistor and two Schottky diodes.

    A line pulled to ``V`` beyond the rail carries ``(V - V_rail - V_F) / R`` into it, which must be
    less than what the rail's shunt reference takes.

    Args:
        source: net that drives it.
        data: net that is clamped.
        rail: net of the upper bound; the lower one is ground.
    """

    def __init__(
        self,
        name: str,
        title: str,
        *,
        source: str,
        data: str,
        rail: str,
        series_ohm: float = 1e3,
        layer: int = 0,
    ) -> None:
        super().__init__(name, title, layer=layer)
        self.source, self.data, self.rail = source, data, rail
        self.parts["series"] = CellPart(
            "resistor", {"1": source, "2": data}, units.compact(series_ohm)
        )
        self.parts["upper"] = CellPart("diode_1n5711", {"1": rail, "2": data})
        self.parts["lower"] = CellPart("diode_1n5711", {"1": data, "2": "GND"})

    def draw(self, pad: Pad) -> None:
        """Draw the line across, a diode upwards and one from below."""
        series = pad.put("series", -10.16, 0, rotation=90)
        pad.wire((-17.78, 0), series["1"])
        pad.label(self.source, -17.78, 0, "left")
        pad.wire(series["2"], (10.16, 0))
        pad.label(self.data, 10.16, 0)
        upper = pad.put("upper", 2.54, -6.35, rotation=270, texts="right")
        pad.wire(upper["2"], (2.54, 0))
        pad.power(self.rail, *upper["1"], "up")
        lower = pad.put("lower", 2.54, 6.35, rotation=270, texts="right")
        pad.wire(lower["1"], (2.54, 0))
        pad.power("GND", *lower["2"], "down")
