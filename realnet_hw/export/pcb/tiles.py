"""Parts arranged into tiles: rows of loose parts, and stacks beside a package of amplifiers.

Sizes come from the footprints' courtyards, so that any footprint can stand in any tile. Positions
are a footprint's origin, on a grid that keeps the pads of through-hole parts on the router's.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from realnet_hw.drawing import text
from realnet_hw.drawing.geometry import Box, Point
from realnet_hw.export.netlist import Netlist, NetlistPart
from realnet_hw.export.pcb.footprints import footprint, turned, turned_box

STEP_mm = 0.635
ROUTER_mm = 0.3175
NAME_mm = 1.0
"""Size of the names that are printed beside pins."""
GAP_mm = 0.25
"""Between courtyards, for rounding and for the eye."""

_BESIDE_mm = 6.35
# On a surface-mounted part no wider than this there is no room for its reference.
_CHIP_mm = 6.0
# What is no wider than this stands above or below its package rather than in a stack beside it.
_SMALL_mm = 4.0


@dataclass(frozen=True)
class Placed:
    """A part on the board: where its footprint's origin is, and how many degrees it is turned.

    ``label`` is the longest name that is printed beside it: a pin's, a signal's, or its own.
    """

    reference: str
    footprint: str
    at: Point
    rotation: int
    label: str = ""

    @property
    def courtyard(self) -> Box:
        """The box around its courtyard."""
        box = turned_box(footprint(self.footprint).courtyard, self.rotation)
        return box.moved(self.at.x, self.at.y)

    @property
    def room(self) -> Box:
        """The box around its courtyard, all that its footprint prints, and names beside it."""
        box = turned_box(_room(self.reference, self.footprint, self.label), self.rotation)
        return box.moved(self.at.x, self.at.y)

    @property
    def body(self) -> Box:
        """The box around its courtyard and all that its footprint prints."""
        box = turned_box(footprint(self.footprint).room, self.rotation)
        return box.moved(self.at.x, self.at.y)

    def pad(self, number: str) -> Point:
        """Return where a pad's middle is."""
        place = turned(footprint(self.footprint).pad(number).at, self.rotation)
        return self.at.moved(place.x, place.y)

    def moved(self, dx: float, dy: float) -> Placed:
        """Return it shifted."""
        return replace(self, at=self.at.moved(dx, dy))


@dataclass(frozen=True)
class Tile:
    """Parts that keep their places to each other."""

    parts: tuple[Placed, ...]

    @functools.cached_property
    def box(self) -> Box:
        """The box around all courtyards and what is printed beside them."""
        return Box.union(part.room for part in self.parts)

    def moved(self, dx: float, dy: float) -> Tile:
        """Return it shifted."""
        return Tile(tuple(part.moved(dx, dy) for part in self.parts))


@dataclass(frozen=True)
class Spacing:
    """What is left free for tracks, mm.

    Args:
        channel_mm: between tiles, and between a package and its stacks.
        passing_mm: between the pads of parts above each other in a stack: enough for one track.
    """

    channel_mm: float = 2.54
    passing_mm: float = 0.8


@dataclass(frozen=True)
class Unit:
    """An amplifier of a package: the parts around it, and the package's pins that are its own."""

    parts: tuple[str, ...]
    pins: tuple[str, ...]


def up(length: float, step: float = STEP_mm) -> float:
    """Return the next multiple of a step that is not less."""
    return round(math.ceil(length / step - 1e-6) * step, 4)


def near(length: float, step: float = STEP_mm) -> float:
    """Return the nearest multiple of a step."""
    return round(round(length / step) * step, 4)


def block(netlist: Netlist, references: Sequence[str], *, most_mm: float = 25.4) -> Tile:
    """Put loose parts into rows, a new row where one would grow wider than ``most_mm``."""
    placed: list[Placed] = []
    x = y = row_bottom = 0.0
    for reference in references:
        name = netlist.parts[reference].footprint
        tag = label(netlist.parts[reference])
        box = _room(reference, name, tag)
        if x > 0 and x + box.width > most_mm:
            x, y = 0.0, row_bottom + GAP_mm
        at = Point(up(x - box.left), up(y - box.top))
        placed.append(Placed(reference, name, at, 0, tag))
        x = at.x + box.right + GAP_mm
        row_bottom = max(row_bottom, at.y + box.bottom)
    return Tile(tuple(placed))


def edge_block(netlist: Netlist, references: Sequence[str], side: Literal["left", "right"]) -> Tile:
    """Put a connector at the board's edge and the parts that belong to it beside it.

    A connector whose pins lie in a row is turned, so that wires enter it from outside. A module's
    own plugs are at its left, unturned.

    Args:
        netlist: gives footprints.
        references: the connector's or module's first.
        side: of the board.
    """
    first = netlist.parts[references[0]]
    if first.reference.startswith("A"):
        rotation = 0 if side == "left" else 180
    else:
        rotation = 0 if stands_upright(first.footprint) else 270 if side == "left" else 90
    at_edge = Placed(references[0], first.footprint, Point(0.0, 0.0), rotation, label(first))
    others = references[1:]
    if not others:
        return Tile((at_edge,))
    height = at_edge.room.height
    widths = [_BESIDE_mm * count for count in range(1, 5)]
    tries = [block(netlist, others, most_mm=width) for width in widths]
    beside = next((tile for tile in tries if tile.box.height <= height), tries[-1])
    if side == "left":
        dx = up(at_edge.room.right + GAP_mm - beside.box.left)
    else:
        dx = -up(beside.box.right + GAP_mm - at_edge.room.left)
    return Tile((at_edge, *beside.moved(dx, near(at_edge.room.top - beside.box.top)).parts))


def stands_upright(name: str) -> bool:
    """Return whether a connector's pins stand one above the other."""
    return len({round(pad.at.x, 3) for pad in footprint(name).pads}) == 1


def label(part: NetlistPart) -> str:
    """Return the longest name that is printed beside a part; empty if there is none."""
    if part.reference.startswith("TP"):
        return part.value
    if part.reference.startswith("J"):
        return max(part.pins.values(), key=lambda net: text.width(net, NAME_mm))
    kind = footprint(part.footprint)
    small = kind.courtyard.width <= _CHIP_mm and all(pad.layers == (0,) for pad in kind.pads)
    return part.reference if small else ""


def _room(reference: str, name: str, label: str) -> Box:
    """Return the room of a footprint with the names that are printed beside it."""
    box = footprint(name).room
    if not label:
        return box
    wide = text.width(label, NAME_mm)
    if not reference.startswith("J"):
        more = max(0.0, wide + 2 * GAP_mm - box.width) / 2
        return Box(box.left - more, box.top - 2 * NAME_mm, box.right + more, box.bottom)
    if stands_upright(name):
        return Box(box.left, box.top, box.right + wide + 4 * GAP_mm, box.bottom)
    return Box(box.left, box.top - wide - 4 * GAP_mm, box.right, box.bottom)


def package_tile(
    netlist: Netlist,
    package: str,
    units: Sequence[Unit],
    supply: Sequence[str],
    sources_mm: Mapping[str, float],
    folds: tuple[int, int],
    spacing: Spacing,
) -> Tile:
    """Put a package in the middle, each amplifier's parts in a stack on the side of its pins.

    Small parts (test points) stand above or below the package, as do those of its supply, and above
    or below a stack that is shorter than the package.

    Args:
        netlist: gives footprints, and which pin of a part is turned to the package.
        package: its reference.
        units: its amplifiers.
        supply: its decoupling capacitors.
        sources_mm: how far down the board that stands to which a part is joined; an amplifier's
            parts are stacked in this order, so that fewer tracks cross.
        folds: how many stacks beside each other a side's parts make, left and right.
        spacing: what is left free for tracks.
    """
    middle = Placed(package, netlist.parts[package].footprint, Point(0.0, 0.0), 0)
    centre = Point(
        (middle.courtyard.left + middle.courtyard.right) / 2,
        (middle.courtyard.top + middle.courtyard.bottom) / 2,
    )
    sides: dict[str, list[tuple[float, Unit]]] = {"left": [], "right": []}
    for unit in units:
        places = [middle.pad(pin) for pin in unit.pins]
        x = sum(place.x for place in places) / len(places)
        y = sum(place.y for place in places) / len(places)
        sides["left" if x < centre.x else "right"].append((y, unit))
    above: list[str] = list(supply[:1])
    below: list[str] = list(supply[1:])
    stacks: list[Placed] = []
    for (side, found), count in zip(sides.items(), folds, strict=True):
        ordered = sorted(found, key=lambda item: item[0])
        large = []
        for y, unit in ordered:
            stacked = [part for part in unit.parts if not _is_small(netlist, part)]
            large += sorted(stacked, key=lambda part: sources_mm.get(part, 0.0))
            small = [part for part in unit.parts if _is_small(netlist, part)]
            (above if y < centre.y else below).extend(small)
        stacks += _stacks(netlist, large, middle, side, count, spacing)
    rows = [
        *_row(netlist, above, middle, stacks, -1, spacing.channel_mm),
        *_row(netlist, below, middle, stacks, 1, spacing.channel_mm),
    ]
    return Tile((middle, *stacks, *rows))


def _is_small(netlist: Netlist, reference: str) -> bool:
    return footprint(netlist.parts[reference].footprint).courtyard.width <= _SMALL_mm and (
        reference.startswith("TP")
    )


def _stacks(
    netlist: Netlist,
    references: Sequence[str],
    middle: Placed,
    side: str,
    count: int,
    spacing: Spacing,
) -> list[Placed]:
    """Return parts in stacks beside each other, each farther away from the package."""
    placed: list[Placed] = []
    off = spacing.channel_mm
    for number in range(count):
        stack = _stack(netlist, references[number::count], middle, side, off, spacing)
        if stack:
            off += up(Tile(tuple(stack)).box.width + spacing.channel_mm)
        placed += stack
    return placed


def _stack(
    netlist: Netlist,
    references: Sequence[str],
    middle: Placed,
    side: str,
    off: float,
    spacing: Spacing,
) -> list[Placed]:
    """Return parts above each other beside a package, their pins that belong to it turned to it.

    Args:
        netlist: gives footprints and nets.
        references: of the parts, from the top.
        middle: the package.
        side: of the package.
        off: how far away, mm.
        spacing: what is left free for tracks.
    """
    centre_y = (middle.courtyard.top + middle.courtyard.bottom) / 2
    own = set(netlist.parts[middle.reference].pins.values())
    placed: list[Placed] = []
    y = 0.0
    for reference in references:
        part = netlist.parts[reference]
        rotation = _turn(part.footprint, part.pins, own, side)
        box = turned_box(footprint(part.footprint).room, rotation)
        if side == "left":
            x = -up(box.right - middle.courtyard.left + off)
        else:
            x = up(middle.courtyard.right - box.left + off)
        made = Placed(reference, part.footprint, Point(x, up(y - box.top, ROUTER_mm)), rotation)
        while placed and not _lets_through(placed[-1], made, spacing.passing_mm):
            made = made.moved(0.0, ROUTER_mm)
        placed.append(made)
        y = made.at.y + box.bottom + GAP_mm
    down = near(centre_y - y / 2, ROUTER_mm)
    return [part.moved(0.0, down) for part in placed]


def _lets_through(upper: Placed, lower: Placed, passing_mm: float) -> bool:
    """Return whether a line of the router's grid has so much room between the pads of two parts."""
    (_, above), (below, _) = (
        (
            min(part.pad(pad.number).y - pad.height / 2 for pad in footprint(part.footprint).pads),
            max(part.pad(pad.number).y + pad.height / 2 for pad in footprint(part.footprint).pads),
        )
        for part in (upper, lower)
    )
    return up(above + passing_mm / 2, ROUTER_mm) <= below - passing_mm / 2 + 1e-6


def _turn(name: str, pins: Mapping[str, str], own: set[str], side: str) -> int:
    """Return the rotation that brings the pin on the package's nets next to the package."""
    kind = footprint(name)
    inner = [kind.pad(number).at.x for number, net in pins.items() if net in own]
    outer = [kind.pad(number).at.x for number, net in pins.items() if net not in own]
    if not inner or not outer:
        # A feedback part has both ends there: its first pin, at the inverting input, comes nearer.
        inner, outer = [kind.pad("1").at.x], [kind.pad(max(pins)).at.x]
    inner_is_right = sum(inner) / len(inner) > sum(outer) / len(outer)
    return 0 if inner_is_right == (side == "left") else 180


def _row(
    netlist: Netlist,
    references: Sequence[str],
    middle: Placed,
    stacks: Sequence[Placed],
    down: int,
    channel_mm: float,
) -> list[Placed]:
    """Return parts in rows above (-1) or below (+1) a package, as many a row as have room.

    A row goes on over a side's stacks where these end before the package does.
    """
    box = middle.courtyard
    edge = box.bottom if down > 0 else -box.top
    left, right = box.left - channel_mm + GAP_mm, box.right + channel_mm - GAP_mm
    rooms = [part.room for part in stacks]
    for side in (
        [room for room in rooms if room.right < box.left],
        [room for room in rooms if room.left > box.right],
    ):
        if all((room.bottom if down > 0 else -room.top) <= edge for room in side):
            left = min([left, *(room.left for room in side)])
            right = max([right, *(room.right for room in side)])
    placed: list[Placed] = []
    waiting = list(references)
    while waiting:
        row: list[str] = []
        width = 0.0
        while waiting:
            part = netlist.parts[waiting[0]]
            wide = up(_room(waiting[0], part.footprint, label(part)).width + GAP_mm)
            if row and width + wide > right - left:
                break
            row.append(waiting.pop(0))
            width += wide
        x = near(min(max(left, (box.left + box.right - width) / 2), right - width))
        deepest = 0.0
        for reference in row:
            name = netlist.parts[reference].footprint
            tag = label(netlist.parts[reference])
            own = _room(reference, name, tag)
            depth = own.bottom - own.top
            y = edge + GAP_mm + (-own.top if down > 0 else own.bottom)
            # Rounded to the right, from a place on the grid on: what is reserved is never left.
            at = Point(up(x - own.left), down * up(y))
            placed.append(Placed(reference, name, at, 0, tag))
            x += up(own.width + GAP_mm)
            deepest = max(deepest, abs(at.y) + (own.bottom if down > 0 else -own.top) - edge, depth)
        edge += deepest
    return placed
