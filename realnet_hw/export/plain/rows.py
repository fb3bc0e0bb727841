"""Rows of parts that begin or end on one net's wire, and what follows on that wire."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from realnet_hw.drawing.geometry import snapped
from realnet_hw.drawing.pad import Drawing, Pad
from realnet_hw.export.plain.pieces import GAP_mm, SLOT_mm, STUB_mm, hang, row, upright
from realnet_hw.export.plain.roles import Roles
from realnet_hw.export.plain.units import Unit


def draw_tail(pad: Pad, roles: Roles, net: str, x: float, *, is_last: bool) -> None:
    """Draw what follows behind a part at the output: test points, parts to a rail, the name."""
    start = x
    for point in roles.test_points(net):
        pad.test_point(point.part.reference, x + STUB_mm, 0)
        x += SLOT_mm
    loads = [
        unit
        for unit in roles.left
        if unit.is_pair
        and net in unit.nets()
        and any(pad.is_rail(other) for other in unit.nets() if other != net)
    ]
    for unit in roles.take(loads) if is_last else ():
        scratch = pad.scratch()
        foot = upright(scratch, unit, unit.end_at(net), STUB_mm)
        scratch.wire(foot, (foot.x, foot.y + STUB_mm))
        rail = unit.net(unit.opposite(unit.end_at(net)).number)
        hang(scratch, rail, foot.x, foot.y + STUB_mm, "down")
        box = scratch.drawing.extent()
        at = snapped(max(x + STUB_mm, x - box.left + GAP_mm))
        pad.add(scratch.drawing, at, 0)
        x = snapped(at + box.right)
    x += STUB_mm
    pad.wire((start, 0), (x, 0))
    pad.end(net, x, 0, "right")


def rows_to(pad: Pad, net: str, units: Sequence[Unit]) -> list[Drawing]:
    """Return a net's parts as rows that end at the origin, with the names of the other nets."""
    drawings = []
    for unit in units:
        scratch = pad.scratch()
        near = unit.end_at(net)
        end = row(scratch, unit, near, "left")
        scratch.end(unit.net(unit.opposite(near).number), -end, 0, "left")
        drawings.append(scratch.drawing)
    return drawings


def levels_of(pieces: Sequence[Drawing]) -> list[float]:
    """Return the heights of rows below each other, the first one at 0."""
    levels = [0.0] * len(pieces)
    for index, (before, after) in enumerate(itertools.pairwise(pieces), 1):
        above = levels[index - 1] + before.extent().bottom
        levels[index] = snapped(above + GAP_mm - after.extent().top)
    return levels
