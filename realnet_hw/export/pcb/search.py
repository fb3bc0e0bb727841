"""The inner loops of the router, compiled: a shortest path on a grid of layers.

A cell is addressed by one number, ``layer * height * width + row * width + column``.

Ref: P. E. Hart, N. J. Nilsson, B. Raphael, IEEE Trans. SSC 4 (1968) 100 (A*).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

Cells = npt.NDArray[np.int64]
Counts = npt.NDArray[np.int32]
Reals = npt.NDArray[np.float64]

BLOCKED = -1
"""In an owner map: copper of no net that is routed, or of two nets."""

_BEND = 0.2
_DIAGONAL = math.sqrt(2.0)


class Costs(NamedTuple):
    """What a path pays, in lengths of one cell.

    Args:
        via: for a change of layer.
        grain: more, as a share, for going across a layer's direction: rows on even layers.
        pressure: more, as a share, for every other net whose copper is in the way.
    """

    via: float
    grain: float
    pressure: float


class Ground(NamedTuple):
    """What a net of one class finds on the board.

    Args:
        owner: shape (layers, rows, columns): 0 where any net may have the middle of a track, the
            net's number where only it may, BLOCKED where none may.
        no_via: shape (rows, columns): where no via may stand.
        crowd: shape as owner: how many nets' tracks would come too close.
        via_crowd: shape (rows, columns): the same for a via.
        history: shape as owner: what was fought over in earlier passes.
    """

    owner: Counts
    no_via: npt.NDArray[np.bool_]
    crowd: Counts
    via_crowd: Counts
    history: Reals


class Scratch(NamedTuple):
    """Memory that is used again by every search; ``stamp`` tells what is of this search."""

    cost: Reals
    came_from: Cells
    stamp: Counts
    heap_keys: Reals
    heap_cells: Cells


def scratch(cells: int) -> Scratch:
    """Return the memory for searches on a board of this many cells."""
    return Scratch(
        np.zeros(cells),
        np.zeros(cells, np.int64),
        np.zeros(cells, np.int32),
        np.zeros(cells * 9 + 10),
        np.zeros(cells * 9 + 10, np.int64),
    )


@njit(cache=True)
def _push(keys: Reals, cells: Cells, count: int, key: float, cell: int) -> int:
    place = count
    while place > 0:
        parent = (place - 1) >> 1
        if keys[parent] <= key:
            break
        keys[place] = keys[parent]
        cells[place] = cells[parent]
        place = parent
    keys[place] = key
    cells[place] = cell
    return count + 1


@njit(cache=True)
def _pop(keys: Reals, cells: Cells, count: int) -> tuple[int, int]:
    first = cells[0]
    count -= 1
    if count > 0:
        key = keys[count]
        cell = cells[count]
        place = 0
        while True:
            child = 2 * place + 1
            if child >= count:
                break
            if child + 1 < count and keys[child + 1] < keys[child]:
                child += 1
            if keys[child] >= key:
                break
            keys[place] = keys[child]
            cells[place] = cells[child]
            place = child
        keys[place] = key
        cells[place] = cell
    return first, count


@njit(cache=True)
def _distance(rows: int, columns: int) -> float:
    """Length of the shortest octilinear path: never more than what any path costs."""
    rows, columns = abs(rows), abs(columns)
    return max(rows, columns) + (_DIAGONAL - 1.0) * min(rows, columns)


@njit(cache=True)
def search(
    ground: Ground,
    costs: Costs,
    memory: Scratch,
    turn: int,
    net: int,
    sources: Cells,
    row: int,
    column: int,
    layers: int,
) -> int:
    """Find the cheapest path from any of ``sources`` to one pad.

    ``memory.came_from`` then leads from the end back to a source, where it is -1.

    Args:
        ground: for the class of the net.
        costs: of a path.
        memory: of an earlier search or new.
        turn: number of the search, from 1, never the same twice.
        net: its number.
        sources: cells.
        row, column: of the pad's middle.
        layers: a bit for each layer that the pad is on.

    Returns:
        The cell where it ends, -1 where there is no way.
    """
    owner, no_via, crowd, via_crowd, history = ground
    cost, came_from, stamp, keys, waiting = memory
    count_layers, height, width = owner.shape
    area = height * width
    seen, done = 2 * turn, 2 * turn + 1
    count = 0
    for source in sources:
        cost[source] = 0.0
        came_from[source] = -1
        stamp[source] = seen
        at = source % area
        count = _push(
            keys, waiting, count, _distance(at // width - row, at % width - column), source
        )
    while count > 0:
        here, count = _pop(keys, waiting, count)
        if stamp[here] == done:
            continue
        stamp[here] = done
        layer = here // area
        y = here % area // width
        x = here % area % width
        if y == row and x == column and (layers >> layer) & 1:
            return here
        before = came_from[here]
        heading = -1
        if before >= 0 and before // area == layer:
            heading = (y - before % area // width + 1) * 3 + x - before % area % width + 1
        for dy in range(-1, 2):
            for dx in range(-1, 2):
                ny = y + dy
                nx = x + dx
                if (dy == 0 and dx == 0) or not (0 <= ny < height and 0 <= nx < width):
                    continue
                there = layer * area + ny * width + nx
                claimed = owner[layer, ny, nx]
                if stamp[there] == done or (claimed != 0 and claimed != net):
                    continue
                step = _DIAGONAL if dy != 0 and dx != 0 else 1.0
                if (dx == 0 and layer & 1 == 0) or (dy == 0 and layer & 1 == 1):
                    step *= 1.0 + costs.grain
                step *= 1.0 + history[layer, ny, nx]
                paid = cost[here] + step * (1.0 + costs.pressure * crowd[layer, ny, nx])
                if heading >= 0 and heading != (dy + 1) * 3 + dx + 1:
                    paid += _BEND
                if stamp[there] < seen or paid < cost[there] - 1e-9:
                    cost[there] = paid
                    came_from[there] = here
                    stamp[there] = seen
                    left = _distance(ny - row, nx - column)
                    count = _push(keys, waiting, count, paid + left, there)
        if no_via[y, x]:
            continue
        for other in range(count_layers):
            there = other * area + y * width + x
            claimed = owner[other, y, x]
            if other == layer or stamp[there] == done or (claimed != 0 and claimed != net):
                continue
            paid = cost[here] + costs.via * (1.0 + history[other, y, x])
            paid += 4.0 * costs.pressure * via_crowd[y, x]
            if stamp[there] < seen or paid < cost[there] - 1e-9:
                cost[there] = paid
                came_from[there] = here
                stamp[there] = seen
                left = _distance(y - row, x - column)
                count = _push(keys, waiting, count, paid + left, there)
    return -1


@njit(cache=True)
def around(cells: Cells, height: int, width: int, reach: float, stamp: Counts, turn: int) -> Cells:
    """Return the cells nearer than ``reach`` (in cells) to any of ``cells``, on its layer, once each.

    Args:
        cells: on any layers.
        height, width: of a layer.
        reach: distance.
        stamp: one number a cell, used again by every call.
        turn: number of the call, from 1, never the same twice.
    """
    side = int(math.ceil(reach))
    area = height * width
    found = np.empty(cells.size * (2 * side + 1) ** 2, np.int64)
    count = 0
    for cell in cells:
        layer = cell // area
        row = cell % area // width
        column = cell % area % width
        for dy in range(-side, side + 1):
            for dx in range(-side, side + 1):
                y = row + dy
                x = column + dx
                if dy * dy + dx * dx >= reach * reach - 1e-6:
                    continue
                if not (0 <= y < height and 0 <= x < width):
                    continue
                there = layer * area + y * width + x
                if stamp[there] != turn:
                    stamp[there] = turn
                    found[count] = there
                    count += 1
    return found[:count].copy()
