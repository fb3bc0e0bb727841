"""A pin header or terminal block that carries signals and ground."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from realnet_hw.cells.cell import Cell, CellPart
from realnet_hw.drawing.geometry import snapped
from realnet_hw.errors import InputError

if TYPE_CHECKING:
    from realnet_hw.drawing.pad import Pad, Side

SIGNALS_MAX = 16
"""How many signals a header carries."""


class Connector(Cell):
    """A pin header or screw terminal: one pin a signal in the order given, the last one ground.

    Args:
        nets: the signals' nets, 1 to 16 of them.
        side: the side of the page that it stands on; its wires leave towards the other.
        test_points: whether every signal has a test point here.
        kind: a pin header, or a block of screw terminals, which is made for 2, 3 or 8 wires.

    Raises:
        InputError: no signals, or more than the longest header has pins for.
    """

    is_terminal = True

    def __init__(
        self,
        name: str,
        title: str,
        *,
        nets: Sequence[str],
        side: Literal["left", "right"],
        test_points: bool = False,
        kind: Literal["connector", "terminal"] = "connector",
        layer: int = 0,
        stage: int | None = None,
    ) -> None:
        super().__init__(name, title, layer=layer, stage=stage)
        if not 1 <= len(nets) <= SIGNALS_MAX:
            raise InputError(f"{len(nets)} signals", where=title, allowed=f"1 to {SIGNALS_MAX}")
        self.nets = tuple(nets)
        self.side = side
        pins = {str(index): net for index, net in enumerate([*nets, "GND"], 1)}
        self.parts["header"] = CellPart(f"{kind}_{len(pins)}", pins, title.upper())
        if test_points:
            for net in nets:
                self.parts[f"test_point_{net}"] = CellPart("test_point", {"1": net}, net)

    def draw(self, pad: Pad) -> None:
        """Draw the header; each signal's name stands on its wire, with a test point at the end."""
        left = self.side == "left"
        away: Side = "right" if left else "left"
        step = 1.0 if left else -1.0
        pins = pad.put("header", 0, 0, mirror="y" if left else "", texts="around")
        names = max(pad.label_width(net) for net in self.nets)
        reach = snapped(5.08 + 1.27 * names)
        for number, net in enumerate(self.nets, 1):
            x, y = pins[str(number)]
            key = f"test_point_{net}"
            if key in self.parts:
                pad.wire((x, y), (x + step * reach, y))
                pad.label(net, x + step * 1.27, y, away)
                pad.test_point(key, x + step * reach, y, away)
            else:
                pad.wire((x, y), (x + step * 5.08, y))
                pad.label(net, x + step * 5.08, y, away)
        x, y = pins[str(len(self.nets) + 1)]
        pad.wire((x, y), (x + step * 2.54, y), (x + step * 2.54, y + 1.27))
        pad.power("GND", x + step * 2.54, y + 1.27, "down")
