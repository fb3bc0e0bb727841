"""A shunt voltage reference with its series resistor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realnet_hw import units
from realnet_hw.cells.cell import Cell, CellPart

if TYPE_CHECKING:
    from realnet_hw.drawing.pad import Pad


class ShuntReference(Cell):
    """A shunt reference fed from a rail through a resistor; from a negative rail it is negative.

    The resistor carries the load and what the reference keeps for itself,
    ``I = (V_rail - V_ref) / R``; the reference regulates while it keeps between its least and its
    greatest current.

    Args:
        output: net of the reference voltage.
        rail: net that feeds it; a name that starts with "-" is a negative rail.
        series_ohm: the series resistor in ohms.
        reference: its key in the parts catalogue.

    Ref: Texas Instruments SLOS456, LM4040 datasheet, "Typical Application".
    """

    in_signal_path = False

    def __init__(
        self,
        name: str,
        title: str,
        *,
        output: str,
        rail: str,
        series_ohm: float,
        reference: str = "lm4040_5v0",
        formula: str = "",
        layer: int = 0,
    ) -> None:
        super().__init__(name, title, formula=formula, layer=layer)
        self.output = output
        self.rail = rail
        self.parts["series"] = CellPart(
            "resistor", {"1": rail, "2": output}, units.compact(series_ohm)
        )
        cathode, anode = ("GND", output) if rail.startswith("-") else (output, "GND")
        self.parts["reference"] = CellPart(reference, {"2": cathode, "3": anode})
        self.parts["bypass"] = CellPart("capacitor_ceramic", {"1": output, "2": "GND"})
        self.parts["test_point"] = CellPart("test_point", {"1": output}, output)

    def draw(self, pad: Pad) -> None:
        """Draw the resistor above the reference, capacitor and test point beside them."""
        series = pad.put("series", 0, -5.08, texts="left")
        pad.power(self.rail, *series["1"], "up")
        pad.wire(series["2"], (0, 0), (25.4, 0))
        reference = pad.put("reference", 0, 5.08, rotation=90, texts="left")
        pad.wire((0, 0), reference["2"])
        bypass = pad.put("bypass", 8.89, 5.08, texts="right")
        pad.wire((8.89, 0), bypass["1"])
        for x, y in (reference["3"], bypass["2"]):
            pad.power("GND", x, y, "down")
        pad.test_point("test_point", 20.32, 0)
        pad.label(self.output, 25.4, 0)
