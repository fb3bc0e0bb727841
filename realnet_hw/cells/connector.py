"""A pin header that carries signals and ground."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from realnet_hw.cells.cell import Cell, CellPart

if TYPE_CHECKING:
    from realnet_hw.drawing.pad import Pad


class Connector(Cell):
    """A pin header: one pin a signal in the order given, the last one ground.

    Args:
        nets: the signals' nets, 1 to 15 of them.
        side: the side of the page that it stands on; its wires leave towards the other.
        test_points: whether every signal has a test point here.
    """

    def __init__(
        self,
        name: str,
        title: str,
        *,
        nets: Sequence[str],
        side: Literal["left", "right"],
        test_points: bool = False,
        layer: int = 0,
    ) -> None:
        super().__init__(name, title, layer=layer)
        self.nets = tuple(nets)
        self.side = side
        pins = {str(index): net for index, net in enumerate([*nets, "GND"], 1)}
        self.parts["header"] = CellPart(f"connector_{len(pins)}", pins, title.upper())
        if test_points:
            for net in nets:
                self.parts[f"test_point_{net}"] = CellPart("test_point", {"1": net}, net)
