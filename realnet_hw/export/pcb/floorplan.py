"""Where every part stands: inputs left, outputs right, layers between, holes in the corners.

Parts come in groups, those of a cell; a group around an amplifier joins its package's tile. Tiles
fill columns, and the height of these is chosen so that the board comes near to the shape wanted.
"""

from __future__ import annotations

import bisect
import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, NoReturn

from realnet_hw.drawing.geometry import Box, Point
from realnet_hw.errors import CircuitRefused, InputError
from realnet_hw.export.groups import Group
from realnet_hw.export.netlist import Netlist
from realnet_hw.export.pcb.tiles import (
    Placed,
    Spacing,
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

_USUAL = Spacing()
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
_BLOCKS_mm = (12.7, 25.4, 38.1)
_ROUNDS = 3
_TRIES = 48
# How many stacks beside each other a package may have, left and right.
_FOLDS = ((1, 1), (1, 2), (2, 1), (2, 2), (2, 3), (3, 2), (3, 3))
_SIZE = re.compile(r"(\d{1,4}(?:\.\d{1,2})?)\s*[xX]\s*(\d{1,4}(?:\.\d{1,2})?)")
# Higher than any board, where a column is too narrow for a tile.
_NEVER_mm = 1e6
# A net with more pins of packages and connectors than this is everywhere.
_WIDE_NET = 12


@dataclass(frozen=True)
class Floorplan:
    """Parts in their places, the board's edge, and the middles of its mounting holes, mm."""

    parts: Mapping[str, Placed]
    outline: Box
    holes: tuple[Point, ...]


class Size(NamedTuple):
    """A board's width and height, mm."""

    width: float
    height: float

    def __str__(self) -> str:
        return f"{self.width:g} x {self.height:g} mm"

    @classmethod
    def parsed(cls, text: str) -> Size:
        """Return the size that a text such as ``100x80`` gives in mm.

        Raises:
            InputError: it gives none.
        """
        found = _SIZE.fullmatch(text)
        if not found:
            raise InputError(
                f"no size of a board: {text!r}", allowed="width and height in mm, such as 100x80"
            )
        return cls(*map(float, found.groups()))

    @property
    def price(self) -> float:
        """Its area, dearer the farther it is from the aspect wanted."""
        off = abs(math.log(self.width / self.height / _ASPECT))
        return self.width * self.height * (1 + max(0.0, off - _ASPECT_FREE))


def floorplan(
    netlist: Netlist,
    found: Sequence[Group],
    *,
    spacing: Spacing = _USUAL,
    size: Size | None = None,
) -> Floorplan:
    """Place every part.

    Args:
        netlist: gives the footprints.
        found: every part in exactly one group.
        spacing: what is left free for tracks; a board that can't be routed may need more.
        size: of the board; None for as small as it can be.

    Raises:
        CircuitRefused: the parts need a larger board than that.
    """
    plan = _placed(netlist, found, {}, spacing, size)
    for _ in range(_ROUNDS):
        plan = _placed(netlist, found, _sources(netlist, found, plan), spacing, size)
    return plan


def _placed(
    netlist: Netlist,
    found: Sequence[Group],
    sources_mm: Mapping[str, float],
    spacing: Spacing,
    size: Size | None,
) -> Floorplan:
    """Place every part, those of a stack in the order of their sources."""
    choices = list(_choices(netlist, found, sources_mm, spacing))
    fitting = [each for each in choices if size is None or each.fits(size)]
    if not fitting:
        assert size
        _refuse(size, [each.least for each in choices])
    chosen = min(fitting, key=lambda each: each.least.price)
    least = chosen.least
    outline = Box(
        _ORIGIN_mm,
        _ORIGIN_mm,
        _ORIGIN_mm + (size.width if size else up(least.width, _OUTLINE_STEP_mm)),
        _ORIGIN_mm + (size.height if size else up(least.height, _OUTLINE_STEP_mm)),
    )
    columns = chosen.columns
    spare = (outline.width - least.width) / max(1, len(columns) - 1)
    x = outline.left + _MARGIN_mm
    parts: dict[str, Placed] = {}
    for column in columns:
        ends = column.ends
        top, bottom = outline.top + ends[0], outline.bottom - ends[1]
        gap = (bottom - top - sum(tile.box.height for tile in column.tiles)) / (
            len(column.tiles) + 1
        )
        y = top + gap
        for tile in column.tiles:
            box = tile.box
            share = {"left": 0.0, "": 0.5, "right": 1.0}[column.side]
            to = near(x + share * (column.width - box.width) - box.left)
            moved = tile.moved(to, near(y - box.top))
            parts |= {part.reference: part for part in moved.parts}
            y += box.height + gap
        x += column.width + spacing.channel_mm + spare
    inner = outline.grown(-_HOLE_INSET_mm)
    holes = tuple(Point(x, y) for x in (inner.left, inner.right) for y in (inner.top, inner.bottom))
    return Floorplan(dict(sorted(parts.items())), outline, holes)


def _refuse(size: Size, least: Sequence[Size]) -> NoReturn:
    """Say what would fit: the smallest of all, and what is no wider, or no higher, than asked."""
    whole = [Size(*(up(side, _OUTLINE_STEP_mm) for side in each)) for each in least]
    fitting = [min(whole, key=lambda each: each.width * each.height)]
    for same, other in (("width", "height"), ("height", "width")):
        narrow = [each for each in whole if getattr(each, same) <= getattr(size, same)]
        if narrow:
            fitting.append(min(narrow, key=lambda each: getattr(each, other)))
    raise CircuitRefused(
        f"the parts do not fit a board of {size}",
        allowed=f"at least {' or '.join(dict.fromkeys(map(str, fitting)))}",
        mend="ask for such a --size or for none, use --assembly smd, or fewer neurons",
    )


@dataclass(frozen=True)
class _Column:
    """Tiles above each other; ``side`` is that of the board's edges where it stands, if any."""

    tiles: Sequence[Tile]
    side: Literal["left", "right", ""] = ""

    @property
    def width(self) -> float:
        return max(tile.box.width for tile in self.tiles)

    @property
    def ends(self) -> tuple[float, float]:
        """What is kept free above and below: the title, or holes in the corners."""
        if self.side:
            return (_HOLE_ROOM_mm, _HOLE_ROOM_mm)
        return (_MARGIN_mm, _MARGIN_mm + _TITLE_ROOM_mm)

    def height(self, channel_mm: float) -> float:
        """Return how high a board must be for it."""
        tiles = sum(tile.box.height for tile in self.tiles)
        return tiles + channel_mm * (len(self.tiles) - 1) + sum(self.ends)


@dataclass(frozen=True)
class _Choice:
    """Columns from left to right, and the least size of a board with them."""

    columns: Sequence[_Column]
    least: Size

    def fits(self, size: Size) -> bool:
        return self.least.width <= size.width and self.least.height <= size.height


def _choices(
    netlist: Netlist, found: Sequence[Group], sources_mm: Mapping[str, float], spacing: Spacing
) -> Iterator[_Choice]:
    """Yield the narrowest board for each height that is worth a try.

    What stands at the left without being a connector or module goes below these, into a column of
    its own, or among the packages, before the first.
    """
    edges: dict[str, list[Tile]] = {"left": [], "right": []}
    loose = []
    for group in found:
        if group.side and group.parts[0][0] in "JA":
            edges[group.side].append(edge_block(netlist, group.parts, group.side))
        elif group.side:
            loose.append(block(netlist, group.parts, most_mm=_BLOCK_mm))
    packages = _packages(netlist, found, sources_mm, spacing)
    channel_mm = spacing.channel_mm
    for left, beside, first in ((loose, (), ()), ((), loose, ()), ((), (), loose)):
        outer = [_Column([*edges["left"], *left], "left"), _Column(beside)]
        middle = _Shelf([*((tile,) for tile in first), *packages], channel_mm)
        for height_mm in middle.heights():
            columns = [
                *outer,
                *(_Column(tiles) for tiles in middle.columns(height_mm)),
                _Column(edges["right"], "right"),
            ]
            columns = [column for column in columns if column.tiles]
            width = sum(column.width for column in columns) + channel_mm * (len(columns) - 1)
            height = max(column.height(channel_mm) for column in columns)
            yield _Choice(columns, Size(width + 2 * _MARGIN_mm, height))
        if not loose:
            return


class _Shelf:
    """Tiles in their order, each in one of several forms, to be put into columns."""

    def __init__(self, forms: Sequence[Sequence[Tile]], channel_mm: float) -> None:
        self.channel_mm = channel_mm
        self.forms = forms
        wide = {up(tile.box.width) for each in forms for tile in each}
        # For each width of a column, the lowest form of every tile, and how high all before it are.
        self.lowest: dict[float, list[Tile | None]] = {}
        self.above: dict[float, list[float]] = {}
        for width in sorted(wide):
            fitting = [[tile for tile in each if tile.box.width <= width] for each in forms]
            lowest = [min(each, key=lambda tile: tile.box.height, default=None) for each in fitting]
            heights = [tile.box.height + channel_mm if tile else _NEVER_mm for tile in lowest]
            self.lowest[width] = lowest
            self.above[width] = [0.0, *itertools.accumulate(heights)]

    def heights(self) -> list[float]:
        """Return heights of columns to try, from the tallest tile's to that of all tiles."""
        if not self.forms:
            return [0.0]
        heights = [[tile.box.height + self.channel_mm for tile in each] for each in self.forms]
        least, most = max(map(min, heights)), sum(map(max, heights))
        return [least * (most / least) ** (index / _TRIES) for index in range(_TRIES + 1)]

    def columns(self, height_mm: float) -> list[list[Tile]]:
        """Return the columns, no higher than this, that are least wide together."""
        # From the last tile back: the least width from each one on, its first column's, its end.
        best: list[tuple[float, float, int]] = [(0.0, 0.0, 0)] * (len(self.forms) + 1)
        for first in reversed(range(len(self.forms))):
            tries = []
            for width, above in self.above.items():
                end = bisect.bisect_right(above, above[first] + height_mm + 1e-6) - 1
                if end > first:
                    tries.append((width + self.channel_mm + best[end][0], width, end))
            best[first] = min(tries)
        found = []
        first = 0
        while first < len(self.forms):
            _, width, end = best[first]
            found.append([tile for tile in self.lowest[width][first:end] if tile])
            first = end
        return found


def _sources(netlist: Netlist, found: Sequence[Group], plan: Floorplan) -> dict[str, float]:
    """Return how far down the board that stands to which each stacked part is joined.

    That is the pins of packages and connectors on its nets, but for those on which it feeds its
    own amplifier; where there are none, it is the amplifier's pins themselves.
    """
    pins: dict[str, list[tuple[str, float]]] = {}
    for reference, part in netlist.parts.items():
        if reference[0] in "UJA":
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
    spacing: Spacing,
) -> list[list[Tile]]:
    """Return the forms of all packages, in the order of their first group's layer, and the rest."""
    names: dict[str, list[Group]] = {}
    tiles: list[tuple[int, list[Tile]]] = []
    for group in found:
        if group.package:
            names.setdefault(group.package, []).append(group)
    for package, members in names.items():
        layer = min(group.layer for group in members)
        units = [Unit(group.parts, group.pins) for group in members if group.pins]
        supply = [part for group in members if not group.pins for part in group.parts]
        forms = [
            package_tile(netlist, package, units, supply, sources_mm, folds, spacing)
            for folds in _FOLDS
        ]
        tiles.append((layer, forms))
    for group in found:
        if not group.package and not group.side and group.parts:
            forms = [block(netlist, group.parts, most_mm=width) for width in _BLOCKS_mm]
            tiles.append((group.layer, forms))
    return [forms for _, forms in sorted(tiles, key=lambda item: item[0])]


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
