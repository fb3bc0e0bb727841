"""The wires: in the rows beside the parts, to the rails, and from board to board."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from realnet_hw.errors import CircuitRefused
from realnet_hw.export.breadboard.arrange import AGAIN, LAST
from realnet_hw.export.breadboard.holes import (
    COLUMNS,
    LOWER,
    RAILS,
    UPPER,
    Half,
    Hole,
    Strip,
    rail_has_hole,
    strip_of,
)
from realnet_hw.export.breadboard.placement import Layout
from realnet_hw.export.breadboard.rows import rows_for

_ENDS = tuple(column for column in range(COLUMNS, LAST, -1) if rail_has_hole(column))
# From the rails inwards; the innermost row is the parts'.
_ROWS: Mapping[str, str] = {"upper": UPPER, "lower": LOWER[::-1]}

_Link = tuple[str, Strip, Strip]
"""A net, and two of its strips that a wire is to join."""


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
    """All wires and taps; ``rails`` is the net of each rail, board by board alike.

    ``feeds`` says into which hole of the first board each net's supply goes.
    """

    wires: tuple[Wire, ...]
    taps: tuple[Tap, ...]
    rails: Mapping[str, str]
    feeds: Mapping[str, Hole]


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
        side = _half_of_rail(rail)
        found[net] = side if found.get(net, side) == side else "both"
    return found


def _half_of_rail(rail: str) -> Half:
    return "upper" if rail.startswith("1") else "lower"


def wire(layout: Layout, rails: Mapping[str, str], taps: Iterable[tuple[str, str]]) -> Wiring:
    """Join the strips of every net, and name the holes where signals come and go.

    Args:
        layout: parts and bridges.
        rails: the net of each rail.
        taps: name and net of each signal.

    Raises:
        CircuitRefused: a strip with no free hole for another wire.
    """
    return _Wirer(layout, rails).run(taps)


class _Wirer:
    def __init__(self, layout: Layout, rails: Mapping[str, str]) -> None:
        self.layout = layout
        self.rails = rails
        self.sides = sides_of(rails)
        self.taken = {hole for part in layout.parts for hole in part.holes.values()}
        self.taken |= {hole for b in layout.bridges for hole in (b.upper, b.lower)}
        self.wires: list[Wire] = []
        self.strips: dict[str, list[Strip]] = {}
        for strip, net in sorted(layout.used.items()):
            self.strips.setdefault(net, []).append(strip)
        # How many rows wires take at a strip, and which strips have something that leads outwards.
        self.load: dict[Strip, int] = {}
        self.outward: list[Strip] = []
        self.holes: dict[Strip, list[Hole]] = {}

    def run(self, taps: Iterable[tuple[str, str]]) -> Wiring:
        chains = [
            (net, one, other)
            for net, strips in self.strips.items()
            for one, other in self._chains(net, strips)
        ]
        for _, one, other in chains:
            for column in range(one.column, other.column + 1):
                strip = Strip(one.board, one.name, column)
                self.load[strip] = self.load.get(strip, 0) + 1
        to_rails = [
            strip
            for net, strips in self.strips.items()
            for strip in strips
            if self._has_rail(net, strip)
        ]
        between = [
            (net, *ends)
            for net, strips in self.strips.items()
            for ends in self._between(net, strips)
        ]
        self.outward = [*to_rails, *(strip for _, *ends in between for strip in ends)]
        named = [(name, net, self._tapped(net)) for name, net in taps]

        for rail_net in dict.fromkeys(self.rails.values()):
            self._join_rails(rail_net)
        for board, half in itertools.product(range(self.layout.boards), _ROWS):
            here = [c for c in chains if (c[1].board, c[1].name) == (board, half)]
            self._lay(here, [s for s in self.outward if (s.board, s.name) == (board, half)])
        for net, one, other in between:
            self._add(net, self._outward_hole(one), self._outward_hole(other))
        self._to_rails(to_rails, {strip for _, _, strip in named})
        holes = [Tap(name, net, self._outward_hole(strip)) for name, net, strip in named]
        return Wiring(tuple(self.wires), tuple(holes), self.rails, self._feeds())

    def _has_rail(self, net: str, strip: Strip) -> bool:
        return self.sides.get(net) in ("both", strip.name)

    def _chains(self, net: str, strips: Sequence[Strip]) -> Iterator[tuple[Strip, Strip]]:
        """Yield the pairs of strips that a net's wires join along each half."""
        runs: dict[tuple[int, str], list[Strip]] = {}
        for strip in strips:
            # What has its rail beside it needs no neighbour.
            if not self._has_rail(net, strip):
                runs.setdefault((strip.board, strip.name), []).append(strip)
        for run in runs.values():
            yield from itertools.pairwise(sorted(run, key=lambda strip: strip.column))

    def _between(self, net: str, strips: Sequence[Strip]) -> Iterator[tuple[Strip, Strip]]:
        """Yield the two strips that a wire joins, for each board that a net goes on to."""
        if net in self.sides:
            return
        for above, below in itertools.pairwise(sorted({strip.board for strip in strips})):
            leaving = [s for s in strips if s.board == above and s.name == "lower"]
            coming = [s for s in strips if s.board == below and s.name == "upper"]
            yield min(
                itertools.product(leaving, coming),
                key=lambda ends: (abs(ends[0].column - ends[1].column), ends),
            )

    def _tapped(self, net: str) -> Strip:
        """Return the least crowded strip of a net, where a signal is best come by."""
        found = min(
            self.strips[net],
            key=lambda strip: (
                self.load.get(strip, 0) + AGAIN * self.outward.count(strip),
                strip.board,
                strip.name != "upper",
                strip.column,
            ),
        )
        self.outward.append(found)
        return found

    def _lay(self, chains: Sequence[_Link], outward: Sequence[Strip]) -> None:
        """Lay the wires of one half into rows, and take holes for what leads outwards."""
        spans = [(one.column, other.column) for _, one, other in chains]
        rows = rows_for(spans, [strip.column for strip in outward])
        for (net, one, other), span in zip(chains, rows.spans, strict=True):
            self._add(net, self._hole(one, span.row), self._hole(other, span.last), flat=span.flat)
        for strip, row in zip(outward, rows.outward, strict=True):
            self.holes.setdefault(strip, []).append(self._hole(strip, row))

    @staticmethod
    def _hole(strip: Strip, row: int) -> Hole:
        return Hole(strip.board, _ROWS[strip.name][row], strip.column)

    def _outward_hole(self, strip: Strip) -> Hole:
        """Return the next of the holes that were taken for what leads outwards from a strip."""
        hole = self.holes[strip].pop(0)
        self.taken.add(hole)
        return hole

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
            passed = {Hole(board, rail, column) for board, rail in self._rails_from(one, other)}
            if not self.taken & passed:
                self.taken |= passed
                self._add(net, *ends)
                return
        raise CircuitRefused(
            f"no hole is left to join the rails of {net}",
            mend="build it on a printed circuit board",
        )

    def _rails_from(
        self, one: tuple[int, str], other: tuple[int, str]
    ) -> Iterator[tuple[int, str]]:
        """Yield the rails from one to another, going down."""
        every = list(itertools.product(range(self.layout.boards), RAILS))
        yield from every[every.index(one) : every.index(other) + 1]

    def _to_rails(self, strips: Sequence[Strip], flagged: set[Strip]) -> None:
        """Lay wires to the rails, from left to right so that none crosses another.

        Where one has to go aside, it keeps from the flags of signals.
        """
        edges: dict[tuple[int, str], list[Strip]] = {}
        for strip in strips:
            edges.setdefault((strip.board, strip.name), []).append(strip)
        for (board, half), edge in edges.items():
            rails = [rail for rail in RAILS if _half_of_rail(rail) == half]
            passed = {
                hole.column
                for wire in self.wires
                if wire.one.board != wire.other.board
                for hole in (wire.one, wire.other)
                if (hole.board, strip_of(hole).name) == (board, half)
            }
            before = 0
            for strip in sorted(edge, key=lambda strip: strip.column):
                net = self.layout.used[strip]
                beside = {c for c in range(COLUMNS) if Strip(board, half, c) in flagged}
                columns = sorted(
                    range(before + 1, COLUMNS + 1),
                    key=lambda c: abs(c - strip.column) + (c in beside),
                )
                column = next(
                    c
                    for c in columns
                    if rail_has_hole(c)
                    and c not in passed
                    and not self.taken & {Hole(board, rail, c) for rail in rails}
                )
                rail = next(rail for rail in rails if self.rails[rail] == net)
                self._add(net, self._outward_hole(strip), Hole(board, rail, column))
                before = column

    def _feeds(self) -> dict[str, Hole]:
        """Return the leftmost free hole of a rail of each net, on the first board."""
        feeds: dict[str, Hole] = {}
        for rail, net in self.rails.items():
            holes = (Hole(0, rail, c) for c in range(1, COLUMNS + 1) if rail_has_hole(c))
            feeds.setdefault(net, next(hole for hole in holes if hole not in self.taken))
        return feeds

    def _add(self, net: str, one: Hole, other: Hole, *, flat: bool = False) -> None:
        self.taken |= {one, other}
        self.wires.append(Wire(net, one, other, flat))
