"""A reference voltage at a terminal, to calibrate against."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realnet_hw import units
from realnet_hw.cells.cell import AmplifierRequest, Cell, CellPart
from realnet_hw.cells.feedback import InnerLoop

if TYPE_CHECKING:
    from realnet_hw.drawing.pad import Pad


class ReferenceOutput(Cell):
    """A follower with a resistor inside its loop.

    Within what the resistor lets through, about a milliampere, the terminal is at the reference;
    beyond, and without supply, the resistor and the one in the feedback bound the current.

    Args:
        source: net of the reference.
        terminal: net of the terminal.
        series_ohm: the resistor in the loop.
    """

    in_signal_path = False

    def __init__(
        self,
        name: str,
        title: str,
        *,
        source: str,
        terminal: str,
        series_ohm: float = 6.81e3,
        amplifier: str = "opa4134",
        layer: int = 0,
    ) -> None:
        super().__init__(name, title, formula=f"{terminal} = {source}", layer=layer)
        self.source, self.terminal = source, terminal
        inverting, driven = f"{terminal}_SUM", f"{terminal}_OUT"
        self.parts["series"] = CellPart(
            "resistor", {"1": driven, "2": terminal}, units.compact(series_ohm)
        )
        self.parts["feedback"] = CellPart("resistor", {"1": inverting, "2": terminal}, "10k")
        self.parts["compensation"] = CellPart("capacitor_c0g_47p", {"1": inverting, "2": driven})
        self.amplifiers["amplifier"] = AmplifierRequest(amplifier, source, inverting, driven)

    def draw(self, pad: Pad) -> None:
        """Draw the amplifier with its two ways back above it."""
        request = self.amplifiers["amplifier"]
        pins = pad.amplifier("amplifier", 0, 0)
        x, y = pins.non_inverting
        pad.wire((x - 2.54, y), (x, y))
        pad.label(self.source, x - 2.54, y, "left")
        loop = InnerLoop(pins)
        loop.draw_bus(pad)
        loop.draw_capacitor(pad, request.inverting)
        series = pad.put("series", loop.out_x + 12.7, 0, rotation=90)
        pad.wire(pins.output, (loop.out_x, 0), series["1"])
        pad.small_label(request.output, loop.out_x, 0)
        right = series["2"].x + 5.08
        feedback = pad.put("feedback", 0, loop.upper_y, rotation=90)
        pad.wire((loop.bus_x, loop.upper_y), feedback["1"])
        pad.wire(feedback["2"], (right, loop.upper_y), (right, 0))
        pad.wire(series["2"], (right, 0), (right + 5.08, 0))
        pad.label(self.terminal, right + 5.08, 0)
