"""What every voltage reference has in common: a shunt reference behind a series resistor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realnet_hw import units
from realnet_hw.cells.cell import Cell, CellPart

if TYPE_CHECKING:
    from realnet_hw.drawing.pad import AmplifierPins, Pad


class Reference(Cell):
    """A shunt reference fed from a rail through a resistor, with a capacitor and a test point.

    From a rail whose name starts with "-" it is negative.

    Args:
        output: net of the reference voltage.
        rail: net that feeds it.
        series_ohm: the series resistor in ohms.
        reference: its key in the parts catalogue.
        shunt: net of the shunt reference where the output is another one.
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
        shunt: str = "",
        formula: str = "",
        layer: int = 0,
    ) -> None:
        super().__init__(name, title, formula=formula, layer=layer)
        self.output = output
        self.rail = rail
        shunt = shunt or output
        cathode, anode = ("GND", shunt) if rail.startswith("-") else (shunt, "GND")
        self.parts["series"] = CellPart(
            "resistor", {"1": rail, "2": shunt}, units.compact(series_ohm)
        )
        self.parts["reference"] = CellPart(reference, {"2": cathode, "3": anode})
        self.parts["bypass"] = CellPart("capacitor_ceramic", {"1": shunt, "2": "GND"})
        self.parts["test_point"] = CellPart("test_point", {"1": output}, output)

    def _draw_shunt(self, pad: Pad, amplifier_x: float) -> AmplifierPins:
        """Draw the reference below the line from the rail to an amplifier; return its pins."""
        request = self.amplifiers["amplifier"]
        series = pad.put("series", 0, -5.08, texts="left")
        pad.power(self.rail, *series["1"], "up")
        pins = pad.amplifier("amplifier", amplifier_x, -2.54)
        pad.wire(series["2"], (0, 0), pins.non_inverting)
        self._draw_to_ground(pad)
        pad.small_label(request.non_inverting, 10.16, 0)
        return pins

    def _draw_to_ground(self, pad: Pad) -> None:
        """Draw reference and capacitor from the line at the origin's height down to ground."""
        reference = pad.put("reference", 0, 5.08, rotation=90, texts="left")
        bypass = pad.put("bypass", 8.89, 5.08, texts="right")
        for upper, lower in ((reference["2"], reference["3"]), (bypass["1"], bypass["2"])):
            pad.wire((upper.x, 0), upper)
            pad.power("GND", *lower, "down")
