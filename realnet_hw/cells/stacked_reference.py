"""Two shunt references on top of each other: two voltages from one rail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realnet_hw import units
from realnet_hw.cells.cell import Cell, CellPart

if TYPE_CHECKING:
    from realnet_hw.drawing.pad import Pad


class StackedReference(Cell):
    """A lower and an upper shunt reference in series, fed from a rail through a resistor.

    Args:
        output: net of the sum of both.
        middle: net of the lower one's voltage.
        rail: net that feeds them.
        series_ohm: the series resistor in ohms.
        upper, lower: their keys in the parts catalogue.

    Each regulates while it keeps between its least and its greatest current, ``(V_rail - V) / R``
    less the load; a shunt reference needs no ground of its own.

    Ref: Texas Instruments SLOS456, LM4040 datasheet, for these currents.
    """

    in_signal_path = False

    def __init__(
        self,
        name: str,
        title: str,
        *,
        output: str,
        middle: str,
        rail: str,
        series_ohm: float,
        upper: str,
        lower: str,
        formula: str = "",
        layer: int = 0,
    ) -> None:
        super().__init__(name, title, formula=formula, layer=layer)
        self.output, self.middle, self.rail = output, middle, rail
        self.parts["series"] = CellPart(
            "resistor", {"1": rail, "2": output}, units.compact(series_ohm)
        )
        self.parts["upper"] = CellPart(upper, {"2": output, "3": middle})
        self.parts["lower"] = CellPart(lower, {"2": middle, "3": "GND"})
        self.parts["upper_bypass"] = CellPart("capacitor_ceramic", {"1": output, "2": "GND"})
        self.parts["lower_bypass"] = CellPart("capacitor_ceramic", {"1": middle, "2": "GND"})
        self.parts["test_point"] = CellPart("test_point", {"1": output}, output)

    def draw(self, pad: Pad) -> None:
        """Draw the rail at the top, the references below each other."""
        series = pad.put("series", 0, -5.08, texts="left")
        pad.power(self.rail, *series["1"], "up")
        pad.wire(series["2"], (0, 0), (36.83, 0))
        upper = pad.put("upper", 0, 5.08, rotation=90, texts="left")
        pad.wire((0, 0), upper["2"])
        lower = pad.put("lower", 0, 20.32, rotation=90, texts="left")
        pad.wire(upper["3"], (0, 15.24), lower["2"])
        pad.wire((0, 15.24), (36.83, 15.24))
        pad.power("GND", *lower["3"], "down")
        for key, x, y in (("upper_bypass", 15.24, 5.08), ("lower_bypass", 15.24, 20.32)):
            bypass = pad.put(key, x, y, texts="right")
            pad.wire((x, y - 5.08), bypass["1"])
            pad.power("GND", *bypass["2"], "down")
        pad.test_point("test_point", 31.75, 0)
        if pad.is_rail(self.output):
            pad.flag(22.86, 0, "up")
            pad.power(self.output, 36.83, 0, "right")
        else:
            pad.label(self.output, 36.83, 0)
        pad.label(self.middle, 36.83, 15.24)
