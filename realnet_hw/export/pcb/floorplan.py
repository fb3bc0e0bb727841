"""Where every part stands: inputs left, outputs right, layers between, holes in the corners.

Parts come in groups, those of a cell; a group around an amplifier joins its package's tile. Tiles
fill columns, and the height of these is chosen so that the board comes near to the shape wanted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from realnet_hw.drawing.geometry import Box, Point
from realnet_hw.export.groups import Group
from realnet_hw.export.netlist import Netlist
from realnet_hw.export.pcb.tiles import (
    Placed,
    Tile,
    Unit,
    block,
    edge_block,
    near,
    package_tile,
    up,
)

HOLE_mm = 3.2
"""Diameter of the mounting holes, for M3 screws."""

CHANNEL_mm = 2.54
"""Usually left free between tiles."""

_ORIGIN_mm = 50.8
_OUTLINE_STEP_mm = 1.0
_ASPECT = 1.4
# A ratio of sides this much larger or smaller (its logarithm) costs nothing.
_ASPECT_FREE = 0.25
_MARGIN_mm = 2.54
_HOLE_ROOM_mm = 8.255
_HOLE_INSET_mm = 4.5
_TITLE_ROOM_mm = 3.81
_BLOCK_mm = 15.24
_ROUNDS = 3
_TRIES = 24
# Stacks that may be made of two beside each other: none, or those higher than this.
_STACKS_mm = (math.inf, 80.0, 50.0)
# A net with more pins of packages and connectors than this is everywhere.
_WIDE_NET = 12


@dataclass(frozen=True)
class Floorplan:
    """Parts in their places, the board's edge, and the middles of its mounting holes, mm."""

    parts: Mapping[str, Placed]
    outline: Box
    holes: tuple[Point, ...]


def floorplan(
    netlist: Netlist, found: Sequence[Group], *, channel_mm: float = CHANNEL_mm
) -> Floorplan:
    """Place every part.

    Args:
        netlist: gives the footprints.
        found: every part in exactly one group.
        channel_mm: left free between tiles; a board that can't be routed may need more.
    """
    plan = _placed(netlist, found, {}, channel_mm)
    for _ in range(_ROUNDS):
        plan = _placed(netlist, found, _sources(netlist, found, plan), channel_mm)
    return plan


def _placed(
    netlist: Netlist, found: Sequence[Group], sources_mm: Mapping[str, float], channel_mm: float
) -> Floorplan:
    """Place every part, those of a stack in the order of their sources."""
    columns = _best_columns(netlist, found, sources_mm, channel_mm)
    shape = _shape(columns, channel_mm)
    outline = Box(
        _ORIGIN_mm,
        _ORIGIN_mm,
        _ORIGIN_mm + up(shape.width, _OUTLINE_STEP_mm),
        _ORIGIN_mm + up(shape.height, _OUTLINE_STEP_mm),
    )
    widths = [_width(column) for column in columns]
    spare = (outline.width - shape.width) / max(1, len(columns) - 1)
    x = outline.left + _MARGIN_mm
    parts: dict[str, Placed] = {}
    for column, width in zip(columns, widths, strict=True):
        ends = _ends(column)
        top, bottom = outline.top + ends[0], outline.bottom - ends[1]
        gap = (bottom - top - sum(tile.box.height for tile in column.tiles)) / (
            len(column.tiles) + 1
        )
        y = top + gap
        for tile in column.tiles:
            box = tile.box
            share = {"left": 0.0, "": 0.5, "right": 1.0}[column.side]
            to = near(x + share * (width - box.width) - box.left)
            moved = tile.moved(to, near(y - box.top))
            parts |= {part.reference: part for part in moved.parts}
            y += box.height + gap
        x += width + channel_mm + spare
    inner = outline.grown(-_HOLE_INSET_mm)
    holes = tuple(Point(x, y) for x in (inner.left, inner.right) for y in (inner.top, inner.bottom))
    return Floorplan(dict(sorted(parts.items())), outline, holes)


@dataclass(frozen=True)
class _Column:
    """Tiles above each other; ``side`` is that of the board's edges where it stands, if any."""

    tiles: Sequence[Tile]
    side: Literal["left", "right", ""] = ""


class _Shape(NamedTuple):
    width: float
    height: float

    @property
    def price(self) -> float:
        """Its area, dearer the farther it is from the aspect wanted."""
        off = abs(math.log(self.width / self.height / _ASPECT))
        return self.width * self.height * (1 + max(0.0, off - _ASPECT_FREE))


def _best_columns(
    netlist: Netlist, found: Sequence[Group], sources_mm: Mapping[str, float], channel_mm: float
) -> list[_Column]:
    """Return the columns that make the best board of all heights tried, left to right."""
    edges: dict[str, list[Tile]] = {"left": [], "right": []}
    loose = []
    for group in found:
        if group.side and group.parts[0].startswith("J"):
            edges[group.side].append(edge_block(netlist, group.parts, group.side))
        elif group.side:
            loose.append(block(netlist, group.parts, most_mm=_BLOCK_mm))
    tries: list[tuple[float, int, list[_Column]]] = []
    for tallest_mm in _STACKS_mm:
        middle = _packages(netlist, found, sources_mm, tallest_mm)
        for beside in (False, True) if loose else (False,):
            left = edges["left"] if beside else [*edges["left"], *loose]
            first = [_Column(left, "left"), _Column(loose if beside else ())]
            for height_mm in _heights(middle):
                columns = [
                    *first,
                    *(_Column(tiles) for tiles in _filled(middle, height_mm, channel_mm)),
                    _Column(edges["right"], "right"),
                ]
                columns = [column for column in columns if column.tiles]
                tries.append((_shape(columns, channel_mm).price, len(tries), columns))
    return min(tries)[2]


def _shape(columns: Sequence[_Column], channel_mm: float) -> _Shape:
    """Return the least size of a board with these columns."""
    width = sum(_width(column) for column in columns) + channel_mm * (len(columns) - 1)
    heights = [
        sum(tile.box.height for tile in column.tiles)
        + channel_mm * (len(column.tiles) - 1)
        + sum(_ends(column))
        for column in columns
    ]
    return _Shape(width + 2 * _MARGIN_mm, max(heights))


def _width(column: _Column) -> float:
    return max(tile.box.width for tile in column.tiles)


def _ends(column: _Column) -> tuple[float, float]:
    """Return what is kept free above and below a column: the title, or holes in the corners."""
    if column.side:
        return (_HOLE_ROOM_mm, _HOLE_ROOM_mm)
    return (_MARGIN_mm, _MARGIN_mm + _TITLE_ROOM_mm)


def _sources(netlist: Netlist, found: Sequence[Group], plan: Floorplan) -> dict[str, float]:
    """Return how far down the board that stands to which each stacked part is joined.

    That is the pins of packages and connectors on its nets, but for those on which it feeds its
    own amplifier; where there are none, it is the amplifier's pins themselves.
    """
    pins: dict[str, list[tuple[str, float]]] = {}
    for reference, part in netlist.parts.items():
        if reference[0] in "UJ":
            for number, net in part.pins.items():
                pins.setdefault(net, []).append((reference, plan.parts[reference].pad(number).y))
    wide = {net for net, places in pins.items() if len(places) > _WIDE_NET}
    sources = {}
    for group in found:
        if not group.package:
            continue
        package = netlist.parts[group.package]
        own = {package.pins[pin] for pin in group.pins if pin in package.pins}
        for reference in group.parts:
            nets = set(netlist.parts[reference].pins.values()) - wide - {"GND"}
            outer = [y for net in sorted(nets - own) for _, y in pins.get(net, ())]
            near_by = [
                y for net in sorted(nets) for name, y in pins.get(net, ()) if name == group.package
            ]
            if places := outer or near_by:
                sources[reference] = round(sum(places) / len(places), 4)
    return sources


def _packages(
    netlist: Netlist,
    found: Sequence[Group],
    sources_mm: Mapping[str, float],
    tallest_mm: float,
) -> list[Tile]:
    """Return the tiles of all packages, in the order of their first group's layer, and the rest."""
    names: dict[str, list[Group]] = {}
    rest = []
    for group in found:
        if group.package:
            names.setdefault(group.package, []).append(group)
        elif not group.side and group.parts:
            rest.append((group.layer, block(netlist, group.parts)))
    tiles = [
        (
            min(group.layer for group in members),
            package_tile(
                netlist,
                package,
                [Unit(group.parts, group.pins) for group in members if group.pins],
                [part for group in members if not group.pins for part in group.parts],
                sources_mm,
                tallest_mm,
            ),
        )
        for package, members in names.items()
    ]
    return [tile for _, tile in sorted([*tiles, *rest], key=lambda item: item[0])]


def _heights(tiles: Sequence[Tile]) -> list[float]:
    """Return heights of columns to try, from the tallest tile's to that of all tiles together."""
    if not tiles:
        return [0.0]
    least = max(tile.box.height for tile in tiles)
    most = sum(tile.box.height for tile in tiles) * 1.2
    return [least * (most / least) ** (index / _TRIES) for index in range(_TRIES + 1)]


def _filled(tiles: Sequence[Tile], height_mm: float, channel_mm: float) -> list[list[Tile]]:
    """Return columns no higher than this, tiles in their order; as high as each other if alike."""
    columns: list[list[Tile]] = []
    room = 0.0
    for tile in tiles:
        if not columns or tile.box.height > room + 1e-6:
            columns.append([])
            room = height_mm
        columns[-1].append(tile)
        room -= tile.box.height + channel_mm
    return columns


def overlapping(plan: Floorplan) -> list[tuple[str, str]]:
    """Return the pairs of parts whose courtyards overlap."""
    boxes = sorted(
        ((part.courtyard, part.reference) for part in plan.parts.values()),
        key=lambda item: item[0].left,
    )
    found = []
    for index, (one, name) in enumerate(boxes):
        for other, other_name in boxes[index + 1 :]:
            if other.left >= one.right:
                break
            if one.overlap(other) > 0.01:
                found.append((name, other_name))
    return found
