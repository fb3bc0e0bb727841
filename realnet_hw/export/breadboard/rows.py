"""Which row each wire along one half lies in.

Rows are counted from the outermost, 0. Wires that touch or lie side by side have different rows.
The outermost is for what leads outwards, and for wires that pass no column from which something
does. Where a column is too crowded, the longest wire over it is raised: it then runs outside the
rows, from a hole to a hole.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Sequence
from dataclasses import dataclass

from realnet_hw.errors import CircuitRefused
from realnet_hw.export.breadboard.arrange import ROWS

_TRIES = 100


@dataclass(frozen=True)
class Span:
    """A wire's row at its left end and at its right end; ``flat`` where it lies in that row."""

    row: int
    last: int
    flat: bool


@dataclass(frozen=True)
class Rows:
    """Where everything is: wires, and the row of each hole from which something leads outwards."""

    spans: tuple[Span, ...]
    outward: tuple[int, ...]

    @property
    def crowd(self) -> int:
        """How many wires are raised, and how many holes that lead outwards have a row outside."""
        return sum(not span.flat for span in self.spans) + sum(row > 0 for row in self.outward)


def rows_for(spans: Sequence[tuple[int, int]], outward: Sequence[int]) -> Rows:
    """Return a row for every wire and hole.

    Args:
        spans: first and last column of each wire, the first less.
        outward: the columns from which something leads outwards, one for each hole.

    Raises:
        CircuitRefused: more wires end at a column than it has holes.
    """
    chance = random.Random(0)
    inwards = tuple(range(ROWS))
    # A wire that may lie outside leaves the inner rows to those that must not.
    liking = [
        inwards[:0:-1] if any(low <= column <= high for column in outward) else inwards
        for low, high in spans
    ]
    best = _tried(spans, outward, liking)
    for _ in range(_TRIES):
        if not best.crowd:
            break
        liking = [tuple(sorted(likes, key=lambda _: chance.random())) for likes in liking]
        best = min(best, _tried(spans, outward, liking), key=lambda rows: rows.crowd)
    return best


def _tried(
    spans: Sequence[tuple[int, int]], outward: Sequence[int], liking: Sequence[tuple[int, ...]]
) -> Rows:
    """Give rows from left to right, each thing the first that it likes of those that are free."""
    count = len(spans)
    # Wires, then holes that lead outwards, then the right ends of wires that were raised.
    waiting = [(low, 1, index) for index, (low, _) in enumerate(spans)]
    waiting += [(column, 0, count + index) for index, column in enumerate(outward)]
    heapq.heapify(waiting)
    row_of: dict[int, int] = {}
    ends = [0] * ROWS
    lying = [-1] * ROWS
    last_row: dict[int, int] = {}
    while waiting:
        column, _, thing = heapq.heappop(waiting)
        likes = liking[thing] if 0 <= thing < count else tuple(range(ROWS))
        row = next((row for row in likes if ends[row] < column), None)
        raised = row is None and 0 <= thing < count and ends[0] < column
        if raised:
            # It would lie over what leads outwards.
            row = 0
            heapq.heappush(waiting, (spans[thing][1], 0, -1 - thing))
        if row is None:
            passing = [
                row
                for row in range(ROWS)
                if 0 <= lying[row] < count and spans[lying[row]][0] < column < ends[row]
            ]
            if not passing:
                raise CircuitRefused(
                    f"no hole is left in column {column} of a breadboard",
                    mend="build it on a printed circuit board",
                )
            row = max(passing, key=lambda row: ends[row])
            heapq.heappush(waiting, (ends[row], 0, -1 - lying[row]))
        if thing < 0:
            last_row[-1 - thing] = row
        else:
            row_of[thing] = row
        ends[row] = spans[thing][1] if 0 <= thing < count and not raised else column
        lying[row] = thing
    return Rows(
        tuple(
            Span(row_of[index], last_row.get(index, row_of[index]), index not in last_row)
            for index in range(count)
        ),
        tuple(row_of[count + index] for index in range(len(outward))),
    )
