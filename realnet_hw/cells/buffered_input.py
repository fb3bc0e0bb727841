"""An input that is held between two rails and carried by an amplifier."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realnet_hw.cells.cell import AmplifierRequest, CellPart
from realnet_hw.cells.clamped_line import ClampedLine
from realnet_hw.cells.feedback import draw_follower

if TYPE_CHECKING:
    from realnet_hw.drawing.pad import Pad


class BufferedInput(ClampedLine):
    """A clamped line with a follower: what it drives may draw milliamperes.

    In the series resistor flow only the follower's bias current and what the diodes leak.

    Args:
        source: net that drives it.
        output: net of the follower.
        upper, lower: nets of the bounds.
        amplifier: the package's key in the parts catalogue.
    """

    def __init__(
        self,
        name: str,
        title: str,
        *,
        source: str,
        output: str,
        upper: str,
        lower: str,
        series_ohm: float = 4.75e3,
        amplifier: str = "tl074",
        layer: int = 0,
    ) -> None:
        held = f"{name}_HELD"
        super().__init__(
            name,
            title,
            source=source,
            net=held,
            upper=upper,
            lower=lower,
            series_ohm=series_ohm,
            layer=layer,
        )
        self.output = output
        self.parts["test_point"] = CellPart("test_point", {"1": output}, output)
        self.amplifiers["amplifier"] = AmplifierRequest(amplifier, held, output, output)

    def draw(self, pad: Pad) -> None:
        """Draw the clamped line into the follower."""
        self._draw_line(pad, 5.08)
        draw_follower(pad, self.amplifiers["amplifier"], 5.08)
