"""One block of a plain circuit: a unit or a net in the middle, what hangs on it, and loose parts.

Whatever has no place there stands below, with the names of its nets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from realnet_hw.cells.cell import Cell
from realnet_hw.drawing.geometry import Box, snapped
from realnet_hw.drawing.pad import GROUND, Drawing, Pad
from realnet_hw.drawing.symbols import Pin
from realnet_hw.export.plain.group import Group
from realnet_hw.export.plain.ladder import draw_ladder
from realnet_hw.export.plain.pieces import SLOT_mm, between_rails, row
from realnet_hw.export.plain.roles import Roles
from realnet_hw.export.plain.rows import draw_tail, levels_of, rows_to
from realnet_hw.export.plain.surroundings import Surroundings
from realnet_hw.export.plain.units import Unit

_LOOSE_WIDTH_mm = 101.6
_FLAG_mm = 10.16


class PlainBlock(Cell):
    """A block of a plain circuit.

    Args:
        group: its parts.
        volts: of the rails, ground among them.
        stage: the sheet that it goes to where one page is too small.
    """

    def __init__(self, name: str, group: Group, volts: Mapping[str, float], stage: int) -> None:
        super().__init__(name, group.title, layer=group.layer, stage=stage)
        self.group = group
        self.volts = volts
        self.in_signal_path = group.in_signal_path
        self.is_terminal = group.main is not None and group.main.is_connector

    def used_nets(self) -> set[str]:
        """Return the nets of its parts."""
        return self.group.nets() | set(self.group.flags)

    def draw(self, pad: Pad) -> None:
        """Draw the unit with what hangs on it, then what is left."""
        main = self.group.main
        roles = Roles(list(self.group.members))
        first: list[Drawing] = []
        if self.group.centre:
            self._draw_star(pad, self.group.centre, roles)
        elif main is not None and not (main.is_supply and draw_ladder(pad, main, roles)):
            beside = pad if self.in_signal_path else pad.scratch()
            Surroundings(beside, main, roles, self.group, self.layer > 0).draw()
            first = [] if beside is pad else [beside.drawing]
        self._draw_loose(pad, roles.left, first)

    # ------------------------------------------------------------------------ parts around one net

    def _draw_star(self, pad: Pad, net: str, roles: Roles) -> None:
        """Draw the parts that lead to a net as rows, those from it to ground behind them."""
        rows = [
            unit
            for unit in roles.left
            if unit.is_pair
            and len(unit.nets()) == 2
            and all(self.volts.get(other, 1.0) > 0.0 for other in unit.nets() if other != net)
        ]
        pieces = rows_to(pad, net, roles.take(rows))
        levels = levels_of(pieces)
        middle = snapped((levels[0] + levels[-1]) / 2)
        for piece, level in zip(pieces, levels, strict=True):
            pad.add(piece, 0, level)
        pad.wire((0, levels[0]), (0, levels[-1]))
        tail = pad.scratch()
        draw_tail(tail, roles, net, 0.0, is_last=True)
        pad.add(tail.drawing, 0, middle)

    # -------------------------------------------------------------------------------- loose parts

    def _draw_loose(self, pad: Pad, units: Sequence[Unit], first: Sequence[Drawing] = ()) -> None:
        """Draw parts and flags in lines below what is drawn, after pieces that come first."""
        pieces = [*first, *(self._loose(pad, unit) for unit in units)]
        pieces += [_flag(pad, net) for net in self.group.flags]
        drawn = pad.drawing
        start = drawn.extent() if drawn.symbols else Box(0, 0, 0, -SLOT_mm)
        room = max(_LOOSE_WIDTH_mm, start.width)
        x, y, height = start.left, start.bottom + SLOT_mm, 0.0
        line: list[tuple[Drawing, float]] = []

        def put_line() -> None:
            top = min((piece.extent().top for piece, _ in line), default=0.0)
            for piece, at in line:
                pad.add(piece, at, snapped(y - top))

        for piece in pieces:
            box = piece.extent()
            if line and x + box.width > start.left + room:
                put_line()
                y, x, height, line = y + height + SLOT_mm, start.left, 0.0, []
            line.append((piece, snapped(x - box.left)))
            x = snapped(x + box.width + SLOT_mm)
            tops = [each.extent().top for each, _ in line]
            bottoms = [each.extent().bottom for each, _ in line]
            height = max(bottoms) - min(tops)
        put_line()

    def _loose(self, pad: Pad, unit: Unit) -> Drawing:
        """Return one part with the names of its nets."""
        scratch = pad.scratch()
        reference = unit.part.reference
        nets = unit.nets()
        if unit.is_test_point and nets:
            net = nets[0]
            scratch.wire((0, 0), (SLOT_mm, 0))
            scratch.end(net, 0, 0, "left")
            scratch.test_point(reference, SLOT_mm, 0)
        elif unit.is_pair and all(net in self.volts for net in nets):
            one, two = unit.ends()
            higher = self.volts[unit.net(one.number)] >= self.volts[unit.net(two.number)]
            between_rails(scratch, unit, one if higher else two)
        elif unit.is_pair:
            near = _left_end(unit)
            end = row(scratch, unit, near, "right")
            scratch.end(unit.net(near.number), 0, 0, "left")
            scratch.end(unit.net(unit.opposite(near).number), end, 0, "right")
        else:
            scratch.put(reference, 0, 0, unit=unit.number)
            for pin, at in unit.places(0).items():
                if not unit.net(pin):
                    scratch.no_connect(*at)
        return scratch.drawing


def _flag(pad: Pad, net: str) -> Drawing:
    """Return a power flag on a net."""
    scratch = pad.scratch()
    scratch.wire((0, 0), (_FLAG_mm, 0))
    if scratch.is_rail(net):
        scratch.power(net, 0, 0, "down" if net == GROUND or net.startswith("-") else "up")
    else:
        scratch.label(net, 0, 0, "left")
    scratch.flag(_FLAG_mm, 0, "up")
    return scratch.drawing


def _left_end(unit: Unit) -> Pin:
    """Return the pin that a reader expects at the left: an anode, else pin 1."""
    one, two = unit.ends()
    return two if two.name == "A" else one
