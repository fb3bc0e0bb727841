"""A shunt voltage reference with its series resistor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realnet_hw.cells.reference import Reference

if TYPE_CHECKING:
    from realnet_hw.drawing.pad import Pad


class ShuntReference(Reference):
    """A shunt reference fed from a rail through a resistor; from a negative rail it is negative.

    The resistor carries the load and what the reference keeps for itself,
    ``I = (V_rail - V_ref) / R``; the reference regulates while it keeps between its least and its
    greatest current.

    Ref: Texas Instruments SLOS456, LM4040 datasheet, "Typical Application".
    """

    def draw(self, pad: Pad) -> None:
        """Draw the reference and its capacitor between the voltage's line and ground."""
        if self.rail.startswith("-"):
            self._draw_negative(pad)
        else:
            self._draw_positive(pad)
        if pad.is_rail(self.output):
            pad.flag(16.51, 0, "down" if self.rail.startswith("-") else "up")
            pad.power(self.output, 31.75, 0, "right")
        else:
            pad.label(self.output, 31.75, 0)

    def _draw_positive(self, pad: Pad) -> None:
        """Draw the rail at the top and ground at the bottom."""
        series = pad.put("series", 0, -5.08, texts="left")
        pad.power(self.rail, *series["1"], "up")
        pad.wire(series["2"], (0, 0), (31.75, 0))
        self._draw_to_ground(pad)
        pad.test_point("test_point", 26.67, 0)

    def _draw_negative(self, pad: Pad) -> None:
        """Draw ground at the top and the rail at the bottom."""
        reference = pad.put("reference", 0, -5.08, rotation=90, texts="left")
        bypass = pad.put("bypass", 8.89, -5.08, rotation=180, texts="right")
        pad.wire(reference["2"], (0, -10.16), (20.32, -10.16), (20.32, -8.89))
        pad.wire(bypass["2"], (8.89, -10.16))
        pad.power("GND", 20.32, -8.89, "down")
        pad.wire(reference["3"], (0, 0), (31.75, 0))
        pad.wire(bypass["1"], (8.89, 0))
        pad.test_point("test_point", 26.67, 0)
        series = pad.put("series", 0, 5.08, rotation=180, texts="left")
        pad.wire((0, 0), series["2"])
        pad.power(self.rail, *series["1"], "down")
