"""How wires run, as they are drawn: and where they cross.

Most lie flat in a row or go straight to a rail. One that found no row runs in a lane beside the
rows; one to the next board runs in a lane between the boards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise, product

from realnet_hw.export.breadboard.holes import LOWER, RAILS, UPPER, Hole, strip_of
from realnet_hw.export.breadboard.placement import Layout
from realnet_hw.export.breadboard.wiring import Tap, Wire, Wiring

PITCH = 16.0
FLAG_LETTER = 6.2
"""How long a flag is for each letter of its name."""
_LANE = 5.0
_FLAG_FROM_ROW = 1.0 * PITCH

Point = tuple[float, float]
Path = tuple[Point, ...]


@dataclass(frozen=True)
class Flag:
    """The names of the signals at one column; its line starts at the outermost hole."""

    names: str
    holes: tuple[Hole, ...]
    line: Path
    length: float


@dataclass(frozen=True)
class Paths:
    """Where everything is on the picture.

    Args:
        levels: height of each row on the first board.
        tall: from one board to the next.
        wires: the path of each wire, in the order of the wiring's.
        bridges: the path of each bridge.
        flags: of the signals.
    """

    levels: Mapping[str, float]
    tall: float
    wires: tuple[Path, ...]
    bridges: tuple[Path, ...]
    flags: tuple[Flag, ...]

    def place(self, hole: Hole) -> Point:
        """Return where a hole's middle is."""
        return (hole.column + 1.5) * PITCH, hole.board * self.tall + self.levels[hole.row]

    def crossings(self) -> int:
        """Return how often wires, bridges and the lines of signals cross or touch."""
        every = (*self.wires, *self.bridges, *(flag.line for flag in self.flags))
        return sum(
            _meet(one, other)
            for path, another in combinations(every, 2)
            for one, other in product(pairwise(path), pairwise(another))
        )


def paths(layout: Layout, wiring: Wiring) -> Paths:
    """Return how the wires of a layout run."""
    lanes = _lanes(wiring.wires)
    gaps = _gap_lanes(wiring.wires)
    names = _names(wiring.taps)
    deepest = 1 + max(lanes.values(), default=-1)
    flag = max((_flag_length(text) for text in names.values()), default=0.0)
    beside = max(deepest * _LANE + PITCH, flag + _FLAG_FROM_ROW + 0.8 * PITCH, 3 * PITCH)
    levels = _levels(beside)
    bottom = levels[RAILS[-1]] + 1.5 * PITCH
    between = 1 + max(gaps.values(), default=-1)
    found = Paths(levels, bottom + max(0.0, (between + 1) * _LANE - PITCH), (), (), ())

    def path(wire: Wire) -> Path:
        (x, y), (ex, ey) = found.place(wire.one), found.place(wire.other)
        if wire in lanes:
            outwards = -1 if wire.one.row in UPPER else 1
            edge = found.place(Hole(wire.one.board, "a" if outwards < 0 else "j", 1))[1]
            level = edge + outwards * (PITCH / 2 + lanes[wire] * _LANE)
        elif wire in gaps:
            level = wire.one.board * found.tall + bottom - PITCH / 2 + gaps[wire] * _LANE
        else:
            return (x, y), (ex, ey)
        return (x, y), (x, level), (ex, level), (ex, ey)

    return Paths(
        levels,
        found.tall,
        tuple(path(wire) for wire in wiring.wires),
        tuple((found.place(bridge.upper), found.place(bridge.lower)) for bridge in layout.bridges),
        tuple(_flag(found, text, holes) for holes, text in names.items()),
    )


def _levels(beside: float) -> dict[str, float]:
    """Return the height of every row, with so much room between rails and the rows beside them."""
    rails = (1.5 * PITCH, 2.5 * PITCH)
    top = rails[1] + beside
    upper = {row: top + index * PITCH for index, row in enumerate(UPPER)}
    lower = {row: upper[UPPER[-1]] + (3 + index) * PITCH for index, row in enumerate(LOWER)}
    below = lower[LOWER[-1]] + beside
    return {
        **dict(zip(RAILS[:2], rails, strict=True)),
        **upper,
        **lower,
        **dict(zip(RAILS[2:], (below, below + PITCH), strict=True)),
    }


def _lanes(wires: Sequence[Wire]) -> dict[Wire, int]:
    """Return the lane of each wire along a half that is not flat: no two on one another."""
    taken: dict[tuple[int, str, int], list[tuple[int, int]]] = {}
    found = {}
    raised = [
        wire
        for wire in wires
        if not wire.flat
        and _half(wire.one) == _half(wire.other)
        and not {wire.one.row, wire.other.row} & set(RAILS)
    ]
    for wire in sorted(raised, key=lambda wire: abs(wire.one.column - wire.other.column)):
        low, high = sorted((wire.one.column, wire.other.column))
        lane = 0
        while any(
            start <= high and end >= low
            for start, end in taken.setdefault((*_half(wire.one), lane), [])
        ):
            lane += 1
        taken[*_half(wire.one), lane].append((low, high))
        found[wire] = lane
    return found


def _half(hole: Hole) -> tuple[int, str]:
    return hole.board, strip_of(hole).name


def _gap_lanes(wires: Sequence[Wire]) -> dict[Wire, int]:
    """Return the lane of each wire to the next board that does not go straight down.

    Those to the right lie the lower the further left they start, those to the left the higher: so
    that they do not cross where their ends are in the same order on both boards.
    """
    found: dict[Wire, int] = {}
    leaving = [
        wire
        for wire in sorted(wires, key=lambda wire: wire.one.column)
        if wire.one.board != wire.other.board and not {wire.one.row, wire.other.row} & set(RAILS)
    ]
    rightwards = [wire for wire in reversed(leaving) if wire.one.column < wire.other.column]
    leftwards = [wire for wire in leaving if wire.one.column > wire.other.column]
    for some in (rightwards, leftwards):
        for wire in some:
            low, high = sorted((wire.one.column, wire.other.column))
            found[wire] = 1 + max(
                (
                    lane
                    for other, lane in found.items()
                    if other.one.board == wire.one.board
                    and min(other.one.column, other.other.column) <= high
                    and max(other.one.column, other.other.column) >= low
                ),
                default=-1,
            )
    return found


def _names(taps: Sequence[Tap]) -> dict[tuple[Hole, ...], str]:
    """Return the names of the signals at each column, by their holes."""
    found: dict[tuple[int, str, int], list[Tap]] = {}
    for tap in taps:
        found.setdefault((*_half(tap.hole), tap.hole.column), []).append(tap)
    return {
        tuple(tap.hole for tap in some): " ".join(dict.fromkeys(tap.name for tap in some))
        for some in found.values()
    }


def _flag_length(text: str) -> float:
    return FLAG_LETTER * len(text) + 6.0


def _flag(found: Paths, text: str, holes: tuple[Hole, ...]) -> Flag:
    x, y = found.place(holes[0])
    outwards = -1.0 if holes[0].row in UPPER else 1.0
    edge = found.place(Hole(holes[0].board, "a" if outwards < 0 else "j", 1))[1]
    return Flag(text, holes, ((x, y), (x, edge + outwards * _FLAG_FROM_ROW)), _flag_length(text))


def _meet(one: tuple[Point, Point], other: tuple[Point, Point]) -> bool:
    """Whether two straight lines have a point in common."""
    return _reaches(one, other) and _reaches(other, one)


def _reaches(line: tuple[Point, Point], other: tuple[Point, Point]) -> bool:
    """Whether a line comes to, or over, the endless line through another, beside the other."""
    (x, y), (ex, ey) = line
    turns = [(ex - x) * (py - y) - (ey - y) * (px - x) for px, py in other]
    beside = all(
        max(min(a, b), min(c, d)) <= min(max(a, b), max(c, d))
        for (a, b), (c, d) in zip(zip(*line, strict=True), zip(*other, strict=True), strict=True)
    )
    return beside and min(turns) <= 0.0 <= max(turns)
