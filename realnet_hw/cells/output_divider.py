"""What a timer puts out, brought down to what instruments for 5 V logic can take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realnet_hw import units
from realnet_hw.cells.cell import Cell, CellPart

if TYPE_CHECKING:
    from realnet_hw.drawing.pad import Pad


class OutputDivider(Cell):
    """Two resistors, ``v R_lower / (R_upper + R_lower)``, and a Zener diode in case one breaks.

    Args:
        source: net of the timer's output.
        output: net of its share.
        upper_ohm, lower_ohm: from the source to the output, and from there to ground.
        clamp: key of the Zener diode in the parts catalogue.
    """

    def __init__(
        self,
        name: str,
        title: str,
        *,
        source: str,
        output: str,
        upper_ohm: float = 20e3,
        lower_ohm: float = 10e3,
        clamp: str = "zener_6v8",
        formula: str = "",
        layer: int = 0,
        stage: int | None = None,
    ) -> None:
        super().__init__(name, title, formula=formula, layer=layer, stage=stage)
        self.source = source
        self.output = output
        self.upper_ohm = upper_ohm
        self.lower_ohm = lower_ohm
        self.parts["upper"] = CellPart(
            "resistor", {"1": source, "2": output}, units.compact(upper_ohm)
        )
        self.parts["lower"] = CellPart(
            "resistor", {"1": output, "2": "GND"}, units.compact(lower_ohm)
        )
        self.parts["clamp"] = CellPart(clamp, {"1": output, "2": "GND"})
        self.parts["test_point"] = CellPart("test_point", {"1": output}, output)

    def law(self, source_V: float) -> float:
        """Return the output in volts for the source's volts."""
        return source_V * self.lower_ohm / (self.upper_ohm + self.lower_ohm)

    def draw(self, pad: Pad) -> None:
        """Draw one resistor in the line, the other and the diode below it."""
        upper = pad.put("upper", 0, 0, rotation=90)
        pad.wire(upper["1"], (-6.35, 0))
        pad.label(self.source, -6.35, 0, "left")
        lower = pad.put("lower", 7.62, 5.08, texts="right")
        clamp = pad.put("clamp", 20.32, 5.08, rotation=270, texts="right")
        pad.wire(lower["1"], (7.62, 0))
        pad.wire(clamp["1"], (20.32, 0))
        pad.power("GND", *lower["2"], "down")
        pad.power("GND", *clamp["2"], "down")
        pad.wire(upper["2"], (35.56, 0))
        pad.test_point("test_point", 29.21, 0)
        pad.label(self.output, 35.56, 0)
