"""A timer as an inverter: what another timer puts out, the other way round."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realnet_hw.cells.timer import TimerCell

if TYPE_CHECKING:
    from realnet_hw.drawing.pad import Pad


class TimerInverter(TimerCell):
    """A timer with TRIG and THRES in one: low above 2/3 of the rail, high below 1/3.

    DISCH, which is on while the output is low, helps the output.

    Args:
        source: net that is at ground or at the rail.
        output: net of its complement.
        reset: net that holds the output low.
        timer: the timer's key in the parts catalogue.
        rail: net of the supply.

    Ref: Texas Instruments SLFS043 (TLC555), "Function table".
    """

    def __init__(
        self,
        name: str,
        title: str,
        *,
        source: str,
        output: str,
        reset: str,
        timer: str = "tlc555",
        rail: str = "+15V",
        formula: str = "",
        layer: int = 0,
        stage: int | None = None,
    ) -> None:
        super().__init__(
            name,
            title,
            output=output,
            level="",
            trigger=source,
            threshold=source,
            discharge=output,
            reset=reset,
            timer=timer,
            rail=rail,
            formula=formula,
            layer=layer,
            stage=stage,
        )
        self.source = source

    def draw(self, pad: Pad) -> None:
        """Draw the source's name at THRES and at TRIG, the output's at DISCH."""
        pins = self.draw_timer(pad)
        for number, net in (("7", self.output), ("6", self.source)):
            x = pins[number].x - 2.54
            pad.wire(pins[number], (x, pins[number].y))
            pad.label(net, x, pins[number].y, "left")
