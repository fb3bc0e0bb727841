"""What holds a net between two others, whatever drives it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realnet_hw.cells.cell import Cell, CellPart

if TYPE_CHECKING:
    from realnet_hw.drawing.pad import Direction, Pad


class RailClamp(Cell):
    """Two Schottky diodes: one conducts above the upper bound, the other below the lower one.

    Args:
        net: what is clamped.
        upper, lower: nets of the bounds; the diodes let it go beyond by their forward voltage.
    """

    diode = "diode_1n5711"

    def __init__(
        self, name: str, title: str, *, net: str, upper: str, lower: str, layer: int = 0
    ) -> None:
        super().__init__(name, title, layer=layer)
        self.net, self.upper, self.lower = net, upper, lower
        self.parts["upper"] = CellPart(self.diode, {"1": upper, "2": net})
        self.parts["lower"] = CellPart(self.diode, {"1": net, "2": lower})

    def draw(self, pad: Pad) -> None:
        """Draw the net across and its diodes upwards and downwards."""
        pad.wire((-7.62, 0), (0, 0))
        pad.end(self.net, -7.62, 0, "left")
        self._draw_diodes(pad, 0)

    def _draw_diodes(self, pad: Pad, x: float) -> None:
        """Draw a diode up from (x, 0) and one down."""
        upper = pad.put("upper", x, -6.35, rotation=270, texts="right")
        pad.wire(upper["2"], (x, 0))
        self._draw_bound(pad, self.upper, x, upper["1"].y, "up")
        lower = pad.put("lower", x, 6.35, rotation=270, texts="right")
        pad.wire(lower["1"], (x, 0))
        self._draw_bound(pad, self.lower, x, lower["2"].y, "down")

    def _draw_bound(self, pad: Pad, net: str, x: float, y: float, way: Direction) -> None:
        if pad.is_rail(net):
            pad.power(net, x, y, way)
        else:
            pad.wire((x, y), (x - 2.54, y))
            pad.label(net, x - 2.54, y, "left")
