"""In which order parts stand along the boards, and which way round, so that wires do not cross.

A wire lies flat in one of the four rows that a half has beside its parts. Since a strip joins its
rows beneath them, such wires never cross: where they lie side by side they only need a row each.
What leads outwards (to a rail, to the next board, to the fixture) takes the outermost row of its
column. So wires cross only where a column is crowded: more of both than it has rows. The search is
for an order in which none is, with few bridges, short wires, and capacitors close to their package.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from realnet_hw.export.breadboard.holes import COLUMNS, rail_has_hole

FIRST, LAST = 3, COLUMNS - 7
"""Where parts stand: the columns behind the last are kept for the wires that join rails."""
ROOM = LAST - FIRST + 1
ROWS = 4
"""Rows for wires on each side: a to d, g to j."""
AGAIN = 10
"""A signal avoids a column from which something leads outwards like so many wires in rows."""

# For each part and net: 20 000 turns for XOR's boards, a fifth of a second.
_TURNS, _PATIENCE = 500, 5
# Columns that an arrangement may be too wide by on the way to a better one.
_SPARE = 16


@dataclass(frozen=True)
class Thing:
    """What takes columns: a part, or a bridge of a net.

    Args:
        columns: how many.
        ways: for each way that it can stand its leads, each as side and column from 0, rising.
            A side is twice a net's number, and one more for the lower half.
        bridges: the net that it joins over the channel, -1 for a part. It takes columns only on a
            board that needs it.
        beside: the number of the part that it is to stand close to, -1 for none.
    """

    columns: int
    ways: tuple[tuple[tuple[int, int], ...], ...]
    bridges: int = -1
    beside: int = -1


@dataclass(frozen=True)
class Task:
    """What is to be arranged.

    Args:
        things: parts, then one bridge for every net in the order of their numbers.
        rails: the sides that have a rail.
        supplies: the nets that have a rail in some half; rails lead from board to board.
        taps: how many signals come, go or are measured, by net.
    """

    things: Sequence[Thing]
    rails: frozenset[int]
    supplies: frozenset[int]
    taps: Mapping[int, int]

    @property
    def parts(self) -> int:
        """How many parts there are."""
        return sum(thing.bridges < 0 for thing in self.things)

    @property
    def nets(self) -> int:
        """How many nets there are."""
        return len(self.things) - self.parts


@dataclass(frozen=True)
class Arrangement:
    """Things along each board, without the bridges that are not needed, and the way of each.

    ``is_too_wide`` says whether a board has too few columns.
    """

    boards: tuple[tuple[int, ...], ...]
    way: tuple[int, ...]
    is_too_wide: bool


def arrange(task: Task, boards: int, seed: int) -> Arrangement:
    """Search for an arrangement, from the order in which parts are given.

    Args:
        task: what is to be arranged.
        boards: how many there are.
        seed: of the search, 0 to 100.
    """
    # numba takes a second to import.
    from realnet_hw.export.breadboard import search

    packed = search.Task(
        columns=np.array([thing.columns for thing in task.things]),
        bridges=np.array([thing.bridges for thing in task.things]),
        beside=np.array([thing.beside for thing in task.things]),
        starts=np.array([_starts(task, way) for way in (0, -1)]),
        sides=np.array([_leads(task, way, 0) for way in (0, -1)]),
        places=np.array([_leads(task, way, 1) for way in (0, -1)]),
        rails=np.isin(np.arange(2 * task.nets), list(task.rails)),
        supplies=np.isin(np.arange(task.nets), list(task.supplies)),
        taps=np.array([task.taps.get(net, 0) for net in range(task.nets)]),
        gaps=np.array([not rail_has_hole(column) for column in range(LAST + _SPARE)]),
        first=FIRST,
        room=ROOM,
        rows=ROWS,
        again=AGAIN,
    )
    divided = _divided(task, boards)
    things = np.zeros((boards, len(task.things) + task.parts), np.int64)
    for board, some in enumerate(divided):
        things[board, : len(some)] = some
    count = np.array([len(some) for some in divided])
    order = search.Order(things, count, np.zeros(len(task.things), np.int64))
    effort = len(task.things)
    search.search(packed, order, _TURNS * effort, _PATIENCE * effort, seed)
    found = search.present(packed, order)
    kept = tuple(
        tuple(
            int(thing)
            for thing in order.things[board, : order.counts[board]]
            if search.takes(packed, thing, found[board])
        )
        for board in range(boards)
    )
    widest = max(sum(task.things[index].columns for index in board) for board in kept)
    return Arrangement(kept, tuple(map(int, order.way)), widest > ROOM)


def _starts(task: Task, way: int) -> list[int]:
    """Return where the leads of each thing begin, and where those of the last one end."""
    return [0, *accumulate(len(thing.ways[way]) for thing in task.things)]


def _leads(task: Task, way: int, what: int) -> list[int]:
    """Return the side (0) or the column (1) of every lead."""
    return [lead[what] for thing in task.things for lead in thing.ways[way]]


def _divided(task: Task, boards: int) -> list[list[int]]:
    """Divide parts evenly between boards; each board has a bridge of every net in reserve."""
    made: list[list[int]] = [[] for _ in range(boards)]
    share = sum(thing.columns for thing in task.things[: task.parts]) / boards
    taken = 0
    for index in range(task.parts):
        made[min(boards - 1, int(taken / share))].append(index)
        taken += task.things[index].columns
    for board in made:
        for index in range(task.parts, len(task.things)):
            net = task.things[index].bridges
            behind = (
                at + 1
                for at, each in enumerate(board)
                if any(side // 2 == net for side, _ in task.things[each].ways[0])
            )
            board.insert(next(behind, 0), index)
    return made
