"""How the ways back from an amplifier's output to its inverting input are drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from realnet_hw.cells.cell import AmplifierRequest
    from realnet_hw.drawing.geometry import Point
    from realnet_hw.drawing.pad import AmplifierPins, Pad


def close_follower(pad: Pad, pins: AmplifierPins) -> Point:
    """Wire the output of an amplifier to its inverting input, around above it.

    Returns:
        Where the wire leaves the output, right of it.
    """
    near, far = pins.inverting.x - 1.27, pins.output.x + 2.54
    above, level = pins.inverting.y - 5.08, pins.output.y
    pad.wire(pins.inverting, (near, pins.inverting.y), (near, above), (far, above), (far, level))
    return pins.output.moved(2.54, 0)


def draw_follower(pad: Pad, request: AmplifierRequest, x: float) -> None:
    """Draw a cell's amplifier as a follower of what is at (x, 0), with its output's test point."""
    start = x + 1.27 + pad.label_width(request.non_inverting)
    pins = pad.amplifier("amplifier", 25.4 + x if start < x + 14 else 33.02 + x, -2.54)
    pad.wire((x, 0), pins.non_inverting)
    pad.small_label(request.non_inverting, x + 1.27, 0)
    right, level = close_follower(pad, pins)
    pad.wire(pins.output, (right + 10.16, level))
    pad.test_point("test_point", right + 5.08, level)
    pad.label(request.output, right + 10.16, level)


class InnerLoop:
    """The way back from before a resistor at the output; another goes around it from behind that.

    Args:
        pins: of the cell's amplifier.

    Attributes:
        bus_x, upper_y: where the outer way back ends, above the inverting input.
        lower_y: of the inner one.
        out_x: where that leaves the output.
    """

    def __init__(self, pins: AmplifierPins) -> None:
        self._inverting = pins.inverting
        self.bus_x, self.out_x = pins.inverting.x - 2.54, pins.output.x + 5.08
        self.lower_y, self.upper_y = pins.inverting.y - 7.62, pins.inverting.y - 15.24

    def draw_bus(self, pad: Pad) -> None:
        """Draw where both end."""
        x, y = self._inverting
        ends = ((self.bus_x, end) for end in (y, self.lower_y, self.upper_y))
        pad.wire((x, y), *ends)

    def draw_capacitor(self, pad: Pad, inverting: str) -> None:
        """Draw the cell's ``compensation`` in the inner one, and the inverting input's net."""
        small = pad.put("compensation", 0, self.lower_y, rotation=90, texts="above")
        pad.wire((self.bus_x, self.lower_y), small["1"])
        pad.wire(small["2"], (self.out_x, self.lower_y), (self.out_x, 0))
        pad.small_label(inverting, self.bus_x, self.lower_y, "left")
