"""The wires: along the rows from strip to strip of a net, to the rails, and from board to board."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from realnet_hw.errors import CircuitRefused
from realnet_hw.export.breadboard.holes import (
    COLUMNS,
    LOWER,
    RAILS,
    UPPER,
    Hole,
    Strip,
    rail_has_hole,
)
from realnet_hw.export.breadboard.placement import Layout

# From the rails inwards.
_SHORT = 2
_ENDS = tuple(column for column in range(COLUMNS, COLUMNS - 6, -1) if rail_has_hole(column))
_OUTWARD = {"upper": UPPER, "lower": LOWER[::-1]}


@dataclass(frozen=True)
class Wire:
    """A wire between two holes; a flat one lies in its row, over no hole that is in use."""

    net: str
    one: Hole
    other: Hole
    flat: bool = False


@dataclass(frozen=True)
class Tap:
    """A free hole where a signal comes in, goes out or is measured."""

    name: str
    net: str
    hole: Hole


@dataclass(frozen=True)
class Wiring:
    """All wires and taps; ``rails`` is the net of each rail, board by board alike."""

    wires: tuple[Wire, ...]
    taps: tuple[Tap, ...]
    rails: Mapping[str, str]


def rails_for(supplies: Sequence[tuple[str, float]]) -> dict[str, str]:
    """Return which net each rail carries.

    One supply: it and ground on both edges. A positive and a negative one: each with ground on an
    edge of its own. Three: the third takes the place of the upper ground.

    Args:
        supplies: net and volts of each supply.

    Raises:
        CircuitRefused: more supplies than rails.
    """
    positive = [net for net, volts in sorted(supplies, key=lambda s: -s[1]) if volts > 0]
    negative = [net for net, volts in supplies if volts < 0]
    if len(positive) > 2 or len(negative) > 1 or not positive:
        raise CircuitRefused(
            f"{len(supplies)} supplies for four rails",
            allowed="one or two positive supplies and one negative",
            mend="build it on a printed circuit board",
        )
    if not negative and len(positive) == 1:
        return dict(zip(RAILS, (positive[0], "GND", positive[0], "GND"), strict=True))
    second = positive[1] if len(positive) == 2 else "GND"
    lowest = negative[0] if negative else "GND"
    return dict(zip(RAILS, (positive[0], second, "GND", lowest), strict=True))


def sides_of(rails: Mapping[str, str]) -> dict[str, str]:
    """Return for each supply net the side where it has a rail."""
    found: dict[str, str] = {}
    for rail, net in rails.items():
        side = "upper" if rail.startswith("1") else "lower"
        found[net] = side if found.get(net, side) == side else "both"
    return found


def wire(layout: Layout, rails: Mapping[str, str], taps: Iterable[tuple[str, str]]) -> Wiring:
    """Join the strips of every net, and name the holes where signals come and go.

    Args:
        layout: parts and bridges.
        rails: the net of each rail.
        taps: name and net of each signal.

    Raises:
        CircuitRefused: a strip with no free hole for another wire.
    """
    return _Board(layout, rails).run(taps)


def _is_short(one: Strip, other: Strip) -> bool:
    """Return whether two strips are neighbours, or have one strip between them."""
    same = (one.board, one.name) == (other.board, other.name)
    return same and abs(one.column - other.column) <= _SHORT


class _Board:
    def __init__(self, layout: Layout, rails: Mapping[str, str]) -> None:
        self.layout = layout
        self.rails = rails
        self.taken = {hole for part in layout.parts for hole in part.holes.values()}
        self.taken |= {hole for b in layout.bridges for hole in (b.upper, b.lower)}
        self.wires: list[Wire] = []
        self.ends: set[tuple[int, int, int]] = set()

    def run(self, taps: Iterable[tuple[str, str]]) -> Wiring:
        for rail_net in dict.fromkeys(self.rails.values()):
            self._join_rails(rail_net)
        by_net: dict[str, list[Strip]] = {}
        for strip, net in sorted(self.layout.used.items()):
            by_net.setdefault(net, []).append(strip)
        for net, strips in by_net.items():
            if net in self.rails.values():
                self._to_rails(net, strips)
        named = tuple(Tap(name, net, self._tap(by_net[net])) for name, net in taps)
        pairs = [
            (net, one, other)
            for net, strips in by_net.items()
            for one, other in self._links(net, strips)
        ]
        # Short wires lie next to the parts, long ones further out.
        for net, one, other in sorted(pairs, key=lambda p: abs(p[1].column - p[2].column)):
            self._along(net, one, other)
        return Wiring(tuple(self.wires), named, self.rails)

    def _join_rails(self, net: str) -> None:
        """Join the rails of one net: across a board, and from board to board."""
        own = [rail for rail, other in self.rails.items() if other == net]
        for board in range(self.layout.boards):
            if board:
                self._over_the_end(net, (board - 1, own[-1]), (board, own[0]))
            for one, other in itertools.pairwise(own):
                self._over_the_end(net, (board, one), (board, other))

    def _over_the_end(self, net: str, one: tuple[int, str], other: tuple[int, str]) -> None:
        """Lay a wire straight down at the right end, where no parts are, in a column of its own."""
        for column in _ENDS:
            ends = Hole(*one, column), Hole(*other, column)
            span = (column, one[0], other[0])
            if not self.taken & set(ends) and span not in self.ends:
                self.ends.add(span)
                self._add(net, *ends)
                return
        raise CircuitRefused(
            f"no hole is left to join the rails of {net}",
            mend="build it on a printed circuit board",
        )

    def _to_rails(self, net: str, strips: Sequence[Strip]) -> None:
        for strip in strips:
            number = "1" if strip.name == "upper" else "2"
            rail = next(
                (r for r, other in self.rails.items() if other == net and r.startswith(number)),
                None,
            )
            if rail is not None:
                columns = sorted(range(3, COLUMNS - 1), key=lambda c: abs(c - strip.column))
                hole = next(
                    h
                    for h in (Hole(strip.board, rail, c) for c in columns if rail_has_hole(c))
                    if h not in self.taken
                )
                self._add(net, self._free(strip), hole)

    def _links(self, net: str, strips: Sequence[Strip]) -> Iterator[tuple[Strip, Strip]]:
        """Yield the pairs of strips that a net's wires join, along each half and to next boards."""
        on_rail = net in self.rails.values()
        sides = sides_of(self.rails)
        runs: dict[tuple[int, str], list[Strip]] = {}
        for strip in strips:
            # What has its rail beside it needs no neighbour.
            if not (on_rail and sides[net] in ("both", strip.name)):
                runs.setdefault((strip.board, strip.name), []).append(strip)
        for run in runs.values():
            yield from itertools.pairwise(sorted(run, key=lambda strip: strip.column))
        boards = sorted({strip.board for strip in strips})
        if not on_rail:
            for one, other in itertools.pairwise(boards):
                yield self._neighbours(strips, one, other)

    @staticmethod
    def _neighbours(strips: Sequence[Strip], above: int, below: int) -> tuple[Strip, Strip]:
        """Return two strips of a net from which a wire goes straight from board to board."""
        leaving = [strip for strip in strips if strip.board == above and strip.name == "lower"]
        coming = [strip for strip in strips if strip.board == below and strip.name == "upper"]
        return min(
            itertools.product(leaving, coming),
            key=lambda pair: (abs(pair[0].column - pair[1].column), pair),
        )

    def _tap(self, strips: Sequence[Strip]) -> Hole:
        """Return a free hole of the strip that has most of them."""
        strip = max(strips, key=lambda strip: (len(self._holes(strip)), -strip.column))
        hole = self._free(strip)
        self.taken.add(hole)
        return hole

    def _along(self, net: str, one: Strip, other: Strip) -> None:
        """Lay a wire; between neighbours it lies flat in one row."""
        if _is_short(one, other):
            between = range(min(one.column, other.column), max(one.column, other.column) + 1)
            for row in _OUTWARD[one.name][1:]:
                if all(Hole(one.board, row, column) not in self.taken for column in between):
                    ends = (Hole(one.board, row, strip.column) for strip in (one, other))
                    self._add(net, *ends, flat=True)
                    # What comes later must not go into the hole under it.
                    self.taken |= {Hole(one.board, row, column) for column in between}
                    return
        self._add(net, self._free(one), self._free(other))

    def _holes(self, strip: Strip) -> list[Hole]:
        holes = (Hole(strip.board, row, strip.column) for row in _OUTWARD[strip.name])
        return [hole for hole in holes if hole not in self.taken]

    def _free(self, strip: Strip) -> Hole:
        """Return the outermost free hole of a strip."""
        holes = self._holes(strip)
        if not holes:
            raise CircuitRefused(
                f"no hole is left in column {strip.column}",
                mend="build it on a printed circuit board",
            )
        return holes[0]

    def _add(self, net: str, one: Hole, other: Hole, *, flat: bool = False) -> None:
        self.taken |= {one, other}
        self.wires.append(Wire(net, one, other, flat))
