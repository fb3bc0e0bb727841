"""The order of elimination, fixed once for all boards, as programmes that the kernels run.

Pivots are chosen by Markowitz's count among entries that are large enough in a matrix with
representative values; a source's equation may have its pivot off the diagonal.

Ref: H. M. Markowitz, Management Science 3 (1957) 255; I. S. Duff, A. M. Erisman, J. K. Reid, Direct
Methods for Sparse Matrices, 2nd ed., Oxford 2017, chapters 7 and 10.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from realnet_hw.errors import InputError

# A pivot is at least this share of the largest entry of its row.
_PIVOT_SHARE = 1e-3
# So many of the shortest rows are looked at for each pivot.
_ROWS_TRIED = 24

Programme = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Order:
    """How a matrix is factored and the unknowns are found.

    Args:
        entries: (row, column) to its place in memory; what fills in is among them.
        factor: for each pivot: its place, row, count of targets and of others in its row, the
            others' places; for each target: its place, row, and the places that change.
        solve: for each pivot, last one first: its place, row, column, count of others in its row,
            and their places and columns.
    """

    entries: Mapping[tuple[int, int], int]
    factor: Programme
    solve: Programme


def order(size: int, values: Mapping[tuple[int, int], float]) -> Order:
    """Return the order of elimination of a square matrix.

    Args:
        size: number of rows.
        values: representative value of every entry that may not be zero.

    Raises:
        InputError: no pivot is left; ``where`` is the row's number.
    """
    entries = {place: number for number, place in enumerate(values)}
    rows: list[dict[int, float]] = [{} for _ in range(size)]
    columns: list[set[int]] = [set() for _ in range(size)]
    for (row, column), value in values.items():
        rows[row][column] = value
        columns[column].add(row)
    waiting = set(range(size))
    # Rows by length; an entry that is not true any more is passed over.
    lengths = [(len(row), number) for number, row in enumerate(rows)]
    heapq.heapify(lengths)
    factor: list[int] = []
    pivots: list[tuple[int, int, list[int]]] = []
    for _ in range(size):
        shortest = _shortest(lengths, rows, waiting)
        row, column = _pivot(rows, columns, shortest)
        for number in shortest:
            heapq.heappush(lengths, (len(rows[number]), number))
        waiting.discard(row)
        pivot_row = rows[row]
        others = [other for other in pivot_row if other != column]
        for other in pivot_row:
            columns[other].discard(row)
        targets = sorted(columns[column])
        for target in targets:
            _eliminate(target, pivot_row, column, others, rows, columns, entries)
            heapq.heappush(lengths, (len(rows[target]), target))
        columns[column] = set()
        places = [entries[row, other] for other in others]
        factor += [entries[row, column], row, len(targets), len(others), *places]
        for target in targets:
            factor += [entries[target, column], target]
            factor += [entries[target, other] for other in others]
        pivots.append((row, column, others))
    solve: list[int] = []
    for row, column, others in reversed(pivots):
        solve += [entries[row, column], row, column, len(others)]
        for other in others:
            solve += [entries[row, other], other]
    return Order(entries, np.array(factor, np.int32), np.array(solve, np.int32))


def _shortest(
    lengths: list[tuple[int, int]], rows: list[dict[int, float]], waiting: set[int]
) -> list[int]:
    """Take some of the shortest rows that wait off the heap."""
    found: dict[int, None] = {}
    while lengths and len(found) < _ROWS_TRIED:
        length, row = heapq.heappop(lengths)
        if row in waiting and length == len(rows[row]):
            found[row] = None
    return list(found)


def _pivot(
    rows: list[dict[int, float]], columns: list[set[int]], candidates: list[int]
) -> tuple[int, int]:
    """Return the row and column of the next pivot."""
    best: tuple[tuple[int, float], int, int] | None = None
    for row in candidates:
        entries = rows[row]
        largest = max(map(abs, entries.values()), default=0.0)
        if not largest:
            continue
        for column, value in entries.items():
            if abs(value) >= _PIVOT_SHARE * largest:
                count = (len(entries) - 1) * (len(columns[column]) - 1)
                mark = (count, -abs(value) / largest)
                if best is None or mark < best[0]:
                    best = (mark, row, column)
        if best is not None and best[0][0] == 0:
            break
    if best is None:
        raise InputError("no pivot", where=str(min(candidates)))
    return best[1:]


def _eliminate(
    target: int,
    pivot_row: Mapping[int, float],
    column: int,
    others: list[int],
    rows: list[dict[int, float]],
    columns: list[set[int]],
    entries: dict[tuple[int, int], int],
) -> None:
    """Take a pivot's column out of a row, noting what fills in."""
    row = rows[target]
    share = row.pop(column) / pivot_row[column]
    for other in others:
        if other not in row:
            row[other] = 0.0
            columns[other].add(target)
            entries.setdefault((target, other), len(entries))
        row[other] -= share * pivot_row[other]
