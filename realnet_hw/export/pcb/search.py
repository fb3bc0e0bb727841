"""The inner loops of the router, compiled: a shortest path on a grid of layers.

A cell is addressed by one number, ``layer * height * width + row * width + column``.

Ref: P. E. Hart, N. J. Nilsson, B. Raphael, IEEE Trans. SSC 4 (1968) 100 (A*).
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from realnet_hw import machine_code

_compiled = machine_code.compiler("router", [Path(__file__)])

Cells = npt.NDArray[np.int64]
Counts = npt.NDArray[np.int32]
Reals = npt.NDArray[np.float64]

BLOCKED = -1
"""In an owner map: copper of no net that is routed, or of two nets."""

_BEND = 0.2
_NO_HEADING = -1
_DIAGONAL = math.sqrt(2.0)


class Costs(NamedTuple):
    """What a path pays, in lengths of one cell.

    Args:
        via: for a change of layer.
        grain: more, as a share, for going across a layer's direction: rows on even layers.
        pressure: more, as a share, for every other net whose copper is in the way.
        prices: of a track's length on each layer, 1 or more.
    """

    via: float
    grain: float
    pressure: float
    prices: Reals


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


@_compiled
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


@_compiled
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


@_compiled
def _distance(rows: int, columns: int) -> float:
    """Length of the shortest octilinear path: never more than what any path costs."""
    rows, columns = abs(rows), abs(columns)
    return max(rows, columns) + (_DIAGONAL - 1.0) * min(rows, columns)


@_compiled
def _reach(
    memory: Scratch, seen: int, count: int, here: int, there: int, paid: float, left: float
) -> int:
    """Note a way to a cell if it is the first or the cheapest; return how many cells wait."""
    if memory.stamp[there] >= seen and paid >= memory.cost[there] - 1e-9:
        return count
    memory.cost[there] = paid
    memory.came_from[there] = here
    memory.stamp[there] = seen
    return _push(memory.heap_keys, memory.heap_cells, count, paid + left, there)


@_compiled
def _heading(before: int, here: int, area: int, width: int) -> int:
    """Return the direction, 0 to 8 by rows, in which a cell was reached from the one before."""
    if before < 0 or before // area != here // area:
        return _NO_HEADING
    one, other = before % area, here % area
    return (other // width - one // width + 1) * 3 + other % width - one % width + 1


@_compiled
def _step(direction: int, layer: int, grain: float) -> float:
    """Return the length of a step, dearer across the layer's direction."""
    if direction % 2 == 0:
        return _DIAGONAL
    upright = direction in (1, 7)
    return 1.0 + grain if upright == (layer % 2 == 0) else 1.0


@_compiled
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
    stamp = memory.stamp
    count_layers, height, width = owner.shape
    area = height * width
    seen, done = 2 * turn, 2 * turn + 1
    count = 0
    for source in sources:
        at = source % area
        left = _distance(at // width - row, at % width - column)
        count = _reach(memory, seen, count, -1, source, 0.0, left)
    while count > 0:
        here, count = _pop(memory.heap_keys, memory.heap_cells, count)
        if stamp[here] == done:
            continue
        stamp[here] = done
        layer = here // area
        y = here % area // width
        x = here % area % width
        if y == row and x == column and (layers >> layer) & 1:
            return here
        paid = memory.cost[here]
        heading = _heading(memory.came_from[here], here, area, width)
        for direction in range(9):
            ny, nx = y + direction // 3 - 1, x + direction % 3 - 1
            if not (0 <= ny < height and 0 <= nx < width):
                continue
            there = layer * area + ny * width + nx
            claimed = owner[layer, ny, nx]
            if stamp[there] == done or claimed not in (0, net):
                continue
            step = _step(direction, layer, costs.grain) * costs.prices[layer]
            step *= 1.0 + history[layer, ny, nx]
            step *= 1.0 + costs.pressure * crowd[layer, ny, nx]
            if heading not in (_NO_HEADING, direction):
                step += _BEND
            left = _distance(ny - row, nx - column)
            count = _reach(memory, seen, count, here, there, paid + step, left)
        if no_via[y, x]:
            continue
        left = _distance(y - row, x - column)
        for other in range(count_layers):
            there = other * area + y * width + x
            if stamp[there] == done or owner[other, y, x] not in (0, net):
                continue
            step = costs.via * (1.0 + history[other, y, x])
            step += 4.0 * costs.pressure * via_crowd[y, x]
            count = _reach(memory, seen, count, here, there, paid + step, left)
    return -1


@_compiled
def around(cells: Cells, height: int, width: int, reach: float, stamp: Counts, turn: int) -> Cells:
    """Return the cells nearer than ``reach`` to any of ``cells``, on its layer, once each.

    Args:
        cells: on any layers.
        height, width: of a layer.
        reach: distance, in cells.
        stamp: one number a cell, used again by every call.
        turn: number of the call, from 1, never the same twice.
    """
    side = math.ceil(reach)
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
