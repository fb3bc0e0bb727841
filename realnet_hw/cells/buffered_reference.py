"""A shunt voltage reference with an amplifier that carries its load."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realnet_hw.cells.cell import AmplifierRequest
from realnet_hw.cells.reference import Reference

if TYPE_CHECKING:
    from realnet_hw.drawing.pad import Pad


class BufferedReference(Reference):
    """A shunt reference fed from the supply through a resistor, followed by an amplifier.

    Without the follower, what the neurons draw from it would depend on their state.

    Args:
        output: net of the buffered voltage.
        rail: net that feeds the reference.
        series_ohm: the series resistor in ohms.
        reference: its key in the parts catalogue.
        amplifier: the package's key in the parts catalogue.

    Ref: Texas Instruments SLOS456, LM4040 datasheet, "Typical Application".
    """

    def __init__(
        self,
        name: str,
        title: str,
        *,
        output: str,
        rail: str,
        series_ohm: float,
        reference: str = "lm4040_2v5",
        amplifier: str = "mcp6004",
        formula: str = "",
        layer: int = 0,
    ) -> None:
        shunt = f"{output}_SHUNT"
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
        self.inner_nets = (shunt,)
        self.amplifiers["amplifier"] = AmplifierRequest(amplifier, shunt, output, output)

    def draw(self, pad: Pad) -> None:
        """Draw the reference and its capacitor below the voltage's line, then the follower."""
        pins = self._draw_shunt(pad, 35.56)
        x, y = pins.inverting
        right = pins.output.x + 2.54
        pad.wire((x, y), (x - 1.27, y), (x - 1.27, y - 7.62), (right, y - 7.62), (right, y + 2.54))
        pad.wire(pins.output, (right + 10.16, pins.output.y))
        pad.test_point("test_point", right + 5.08, pins.output.y)
        pad.label(self.output, right + 10.16, pins.output.y)
