"""A shunt reference with an amplifier that doubles its voltage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realnet_hw import units
from realnet_hw.cells.cell import AmplifierRequest, CellPart
from realnet_hw.cells.reference import Reference

if TYPE_CHECKING:
    from realnet_hw.drawing.pad import Pad


class DoubledReference(Reference):
    """Twice the voltage of a shunt reference, ``v = V_ref (1 + R/R)``, from two equal resistors.

    Args:
        output: net of the doubled voltage.
        rail: net that feeds the reference.
        series_ohm: the series resistor in ohms.
        gain_ohm: each of the two resistors around the amplifier.
        reference: its key in the parts catalogue.
        amplifier: the package's key in the parts catalogue.

    Ref: P. Horowitz, W. Hill, "The Art of Electronics", 3rd ed., chapter 4 (non-inverting
    amplifier).
    """

    def __init__(
        self,
        name: str,
        title: str,
        *,
        output: str,
        rail: str,
        series_ohm: float,
        gain_ohm: float = 10e3,
        reference: str = "lm4040_5v0",
        amplifier: str = "tl074",
        formula: str = "",
        layer: int = 0,
    ) -> None:
        shunt, halved = f"{output}_SHUNT", f"{output}_HALF"
        super().__init__(
            name,
            title,
            output=output,
            rail=rail,
            series_ohm=series_ohm,
            reference=reference,
            shunt=shunt,
            formula=formula,
            layer=layer,
        )
        self.inner_nets = (shunt, halved)
        for key, pins in (
            ("feedback", {"1": halved, "2": output}),
            ("to_ground", {"1": "GND", "2": halved}),
        ):
            self.parts[key] = CellPart("resistor", pins, units.compact(gain_ohm))
        self.amplifiers["amplifier"] = AmplifierRequest(amplifier, shunt, halved, output)

    def draw(self, pad: Pad) -> None:
        """Draw the reference and its capacitor below the voltage's line, then the amplifier."""
        request = self.amplifiers["amplifier"]
        pins = self._draw_shunt(pad, 48.26)
        x, y = pins.inverting
        node_x, top = x - 2.54, y - 10.16
        right = pins.output.x + 2.54
        to_ground = pad.put("to_ground", node_x - 10.16, y, rotation=90)
        pad.wire(to_ground["1"], (to_ground["1"].x - 2.54, y), (to_ground["1"].x - 2.54, y - 1.27))
        pad.power("GND", to_ground["1"].x - 2.54, y - 1.27, "up")
        pad.wire(to_ground["2"], pins.inverting)
        feedback = pad.put("feedback", pins.output.x - 5.08, top, rotation=90)
        pad.wire((node_x, y), (node_x, top), feedback["1"])
        pad.small_label(request.inverting, node_x, top)
        pad.wire(feedback["2"], (right, top), (right, pins.output.y))
        pad.wire(pins.output, (right + 10.16, pins.output.y))
        pad.test_point("test_point", right + 5.08, pins.output.y)
        pad.label(self.output, right + 10.16, pins.output.y)
