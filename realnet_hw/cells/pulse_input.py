"""An input for pulses: divided and held between ground and the logic's supply."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realnet_hw import units
from realnet_hw.cells.cell import CellPart
from realnet_hw.cells.clamped_line import ClampedLine

if TYPE_CHECKING:
    from realnet_hw.drawing.pad import Pad


class PulseInput(ClampedLine):
    """A divider ``V R_lower / (R_upper + R_lower)`` with a diode to either rail.

    Args:
        terminal: net of the terminal.
        output: net of the divided pulse.
        rail: net of the logic's supply.
        upper_ohm, lower_ohm: the divider.
    """

    diode = "diode_1n4148"

    def __init__(
        self,
        name: str,
        title: str,
        *,
        terminal: str,
        output: str,
        rail: str,
        upper_ohm: float = 20e3,
        lower_ohm: float = 10e3,
        layer: int = 0,
        stage: int | None = None,
    ) -> None:
        super().__init__(
            name,
            title,
            source=terminal,
            net=output,
            upper=rail,
            lower="GND",
            series_ohm=upper_ohm,
            layer=layer,
        )
        self.stage = layer if stage is None else stage
        self.lower_ohm = lower_ohm
        self.parts["divider"] = CellPart(
            "resistor", {"1": output, "2": "GND"}, units.compact(lower_ohm)
        )

    def draw(self, pad: Pad) -> None:
        """Draw the line across, its diodes, and the divider's lower resistor."""
        self._draw_line(pad, 24.13)
        lower = pad.put("divider", 16.51, 6.35, texts="right")
        pad.wire((16.51, 0), lower["1"])
        pad.power("GND", *lower["2"], "down")
        pad.label(self.net, 24.13, 0)
