"""The inner loops of arranging, compiled: what an order along the boards costs, and better ones.

Parts and bridges are numbers, parts first. A side is twice a net's number, and one more for the
lower half. Whole numbers alone, so that every machine finds the same.

Ref: E. Burke, Y. Bykov, "The late acceptance hill-climbing heuristic", Eur. J. Oper. Res. 258
(2017) 70. G. Marsaglia, "Xorshift RNGs", J. Stat. Softw. 8 (2003) 14.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from realnet_hw import machine_code

_compiled = machine_code.compiler("breadboard", [Path(__file__)])

Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_CROWDED, _TOO_WIDE, _BRIDGE = 1000, 5000, 10
# A capacitor's way to its package, in columns: it counts as often as this, and from board to board.
_BESIDE, _APART = 3, 100
_NEAR = 8


class Task(NamedTuple):
    """What is to be arranged.

    Args:
        columns: of each part and bridge.
        bridges: the net that each one joins over the channel, -1 for a part.
        beside: the thing that each one is to stand close to, -1 for none.
        starts: shape (ways, things + 1): where the leads of each thing begin in the next two.
        sides: shape (ways, leads): the side of each lead.
        places: shape (ways, leads): its column from the thing's first.
        rails: shape (sides): whether a rail runs there.
        supplies: shape (nets): whether a net has rails, which lead from board to board.
        taps: shape (nets): how many signals come, go or are measured there.
        gaps: shape (columns): where rails have no hole.
        first: the first column of a board.
        room: how many it has.
        rows: for wires, in each half.
        again: a signal avoids a column with something else that leads outwards like so many wires.
    """

    columns: Numbers
    bridges: Numbers
    beside: Numbers
    starts: Numbers
    sides: Numbers
    places: Numbers
    rails: Flags
    supplies: Flags
    taps: Numbers
    gaps: Flags
    first: int
    room: int
    rows: int
    again: int


class Order(NamedTuple):
    """How things stand: shape (boards, things) in their order, how many, and the way of each."""

    things: Numbers
    counts: Numbers
    way: Numbers


@_compiled
def present(task: Task, order: Order) -> Flags:
    """Return which sides each board has, shape (boards, sides), bridges left out.

    A net leaves a board by the lower half and comes in to the next by the upper one.
    """
    boards = len(order.counts)
    nets = len(task.taps)
    found = np.zeros((boards, 2 * nets), np.bool_)
    for board in range(boards):
        for at in range(order.counts[board]):
            thing = order.things[board, at]
            if task.bridges[thing] < 0:
                way = order.way[thing]
                for lead in range(task.starts[way, thing], task.starts[way, thing + 1]):
                    found[board, task.sides[way, lead]] = True
    for net in range(nets if boards > 1 else 0):
        if task.supplies[net]:
            continue
        low, high = boards, -1
        for board in range(boards):
            if found[board, 2 * net] or found[board, 2 * net + 1]:
                low, high = min(low, board), board
        for board in range(low, high):
            found[board, 2 * net + 1] = True
            found[board + 1, 2 * net] = True
    return found


@_compiled
def takes(task: Task, thing: int, sides: Flags) -> bool:
    """Whether a thing takes columns on a board with these sides: a part, or a bridge in need."""
    net = task.bridges[thing]
    if net < 0:
        return True
    upper, lower = 2 * net, 2 * net + 1
    if task.supplies[net]:
        # Only what has no rail beside it needs a way to the other half.
        return bool(
            (sides[upper] and not task.rails[upper]) or (sides[lower] and not task.rails[lower])
        )
    return bool(sides[upper] and sides[lower])


class _Strips(NamedTuple):
    """The strips of each side from left to right, as a chain.

    Args:
        head: shape (boards, sides): the first, -1 where there is none.
        following: the next one of each strip, -1 behind the last.
        columns: of each strip.
    """

    head: Numbers
    following: Numbers
    columns: Numbers


@_compiled
def cost(task: Task, order: Order) -> int:
    """Return what an order costs: crowded columns, crossings between boards, bridges, lengths."""
    boards = len(order.counts)
    nets = len(task.taps)
    most = boards * (task.sides.shape[1] + 2 * nets)
    strips = _Strips(np.full((boards, 2 * nets), -1), np.full(most, -1), np.zeros(most, np.int64))
    total = _line_up(task, order, strips)
    if total >= _TOO_WIDE * (len(task.gaps) - task.first - task.room - 1):
        return total
    size = len(task.gaps)
    load = np.zeros((boards, 2, size), np.int64)
    legs = np.zeros((boards, 2, size), np.int64)
    total += _lie(task, strips, load, legs)
    total += _between(task, strips, legs)
    total += _squeezed(task, strips, legs)
    _tap(task, strips, load, legs)
    for board in range(boards):
        total += _crowd(task, strips, board, load[board], legs[board])
    return total


@_compiled
def _line_up(task: Task, order: Order, strips: _Strips) -> int:
    """Put things side by side; return the cost of bridges, width and distant capacitors."""
    found = present(task, order)
    tail = strips.head.copy()
    where = np.zeros(len(task.columns), np.int64)
    count = 0
    total = 0
    for board in range(len(order.counts)):
        column = task.first
        for at in range(order.counts[board]):
            thing = order.things[board, at]
            if not takes(task, thing, found[board]):
                continue
            if task.bridges[thing] >= 0:
                total += _BRIDGE
            else:
                where[thing] = board * _APART + column + task.columns[thing] // 2
            way = order.way[thing]
            for lead in range(task.starts[way, thing], task.starts[way, thing + 1]):
                side = task.sides[way, lead]
                strips.columns[count] = column + task.places[way, lead]
                if strips.head[board, side] < 0:
                    strips.head[board, side] = count
                else:
                    strips.following[tail[board, side]] = count
                tail[board, side] = count
                count += 1
            column += task.columns[thing]
        total += _TOO_WIDE * max(0, column - task.first - task.room)
    for thing in range(len(where)):
        if task.beside[thing] >= 0:
            total += _BESIDE * abs(where[thing] - where[task.beside[thing]])
    return total


@_compiled
def _lie(task: Task, strips: _Strips, load: Numbers, legs: Numbers) -> int:
    """Take rows for wires along the halves, and columns to the rails; return their lengths."""
    boards, sides = strips.head.shape
    total = 0
    for board in range(boards):
        for side in range(sides):
            strip = strips.head[board, side]
            while strip >= 0:
                after = strips.following[strip]
                low = strips.columns[strip]
                if task.rails[side]:
                    legs[board, side % 2, low] += 1
                elif after >= 0:
                    high = strips.columns[after]
                    total += high - low
                    for column in range(low, high + 1):
                        load[board, side % 2, column] += 1
                strip = after
    return total


@_compiled
def _between(task: Task, strips: _Strips, legs: Numbers) -> int:
    """Take the columns of wires from board to board; return their lengths and crossings."""
    head, following, columns = strips.head, strips.following, strips.columns
    boards, sides = head.shape
    leaving = np.zeros(sides, np.int64)
    coming = np.zeros(sides, np.int64)
    total = 0
    for board in range(boards - 1):
        count = 0
        for net in range(sides // 2):
            if task.supplies[net] or head[board, 2 * net + 1] < 0 or head[board + 1, 2 * net] < 0:
                continue
            shortest = 1_000_000
            one = head[board, 2 * net + 1]
            while one >= 0:
                other = head[board + 1, 2 * net]
                while other >= 0:
                    length = abs(columns[one] - columns[other])
                    if length < shortest:
                        shortest = length
                        leaving[count], coming[count] = columns[one], columns[other]
                    other = following[other]
                one = following[one]
            legs[board, 1, leaving[count]] += 1
            legs[board + 1, 0, coming[count]] += 1
            total += shortest
            for before in range(count):
                if (leaving[before] < leaving[count]) != (coming[before] < coming[count]):
                    total += _CROWDED
            count += 1
    return total


@_compiled
def _squeezed(task: Task, strips: _Strips, legs: Numbers) -> int:
    """Return the cost of wires to a rail with no hole there, and others beside them."""
    boards, sides = strips.head.shape
    total = 0
    for board in range(boards):
        for side in range(sides):
            strip = strips.head[board, side] if task.rails[side] else -1
            while strip >= 0:
                column = strips.columns[strip]
                beside = legs[board, side % 2]
                if task.gaps[column] and beside[column - 1] and beside[column + 1]:
                    total += _CROWDED
                strip = strips.following[strip]
    return total


@_compiled
def _tap(task: Task, strips: _Strips, load: Numbers, legs: Numbers) -> None:
    """Take for each signal the least crowded column of its net, of those the first."""
    head, following, columns = strips.head, strips.following, strips.columns
    boards = len(head)
    for net in range(len(task.taps)):
        for _ in range(task.taps[net]):
            least, best_board, best_half, best_column = 1_000_000, 0, 0, 0
            for place in range(2 * boards):
                board, half = place // 2, place % 2
                strip = head[board, 2 * net + half]
                while strip >= 0:
                    column = columns[strip]
                    taken = load[board, half, column] + task.again * legs[board, half, column]
                    if taken < least:
                        least, best_board, best_half, best_column = taken, board, half, column
                    strip = following[strip]
            legs[best_board, best_half, best_column] += 1


@_compiled
def _crowd(task: Task, strips: _Strips, board: int, load: Numbers, legs: Numbers) -> int:
    """Return what crowded columns of one board cost.

    A wire that passes a column with something that leads outwards cannot lie in the outermost row,
    and of two that lead outwards from one column one lies over the other's hole.
    """
    head, following, columns = strips.head[board], strips.following, strips.columns
    size = load.shape[1]
    inner = np.zeros((2, size), np.int64)
    before = np.zeros((2, size), np.int64)
    for half in range(2):
        for column in range(1, size):
            before[half, column] = before[half, column - 1] + legs[half, column]
    for side in range(len(head)):
        half = side % 2
        strip = -1 if task.rails[side] else head[side]
        while strip >= 0:
            after = following[strip]
            if after >= 0:
                low, high = columns[strip], columns[after]
                if before[half, high] > before[half, low - 1]:
                    for column in range(low, high + 1):
                        inner[half, column] += 1
            strip = after
    total = 0
    for half in range(2):
        for column in range(size):
            total += _CROWDED * max(
                0,
                load[half, column] + legs[half, column] - task.rows,
                inner[half, column] + 1 - task.rows,
                legs[half, column] - 1,
            )
    return total


@_compiled
def _below(state: Numbers, count: int) -> int:
    """Return a number from 0 to count - 1 by chance."""
    x = state[0]
    x ^= (x << 13) & 0x7FFFFFFF
    x ^= x >> 17
    x ^= (x << 5) & 0x7FFFFFFF
    state[0] = x
    return int((x >> 4) % count)


@_compiled
def _move(task: Task, order: Order, state: Numbers) -> None:
    """Change an order a little."""
    boards = len(order.counts)
    board = _below(state, boards)
    things = order.things[board]
    count = order.counts[board]
    kind = _below(state, 12)
    one = _below(state, count)
    if kind < 3:
        if task.bridges[things[one]] < 0:
            order.way[things[one]] = 1 - order.way[things[one]]
    elif kind == 3 and boards > 1:
        _move_across(task, order, state, board, one)
    elif kind < 6:
        other = _below(state, count)
        things[one], things[other] = things[other], things[one]
    else:
        length = min(count - one, 1 if kind < 9 else 2 + _below(state, 6))
        reach = count if kind % 2 else _NEAR
        to = max(0, min(count - length, one - reach + _below(state, 2 * reach + 1)))
        if kind == 11:
            _reverse(things, one, one + length)
        # A block changes places with what is beside it.
        if to > one:
            _rotate(things, one, one + length, to + length)
        else:
            _rotate(things, to, one, one + length)


@_compiled
def _reverse(things: Numbers, start: int, end: int) -> None:
    for step in range((end - start) // 2):
        one, other = start + step, end - 1 - step
        things[one], things[other] = things[other], things[one]


@_compiled
def _rotate(things: Numbers, start: int, middle: int, end: int) -> None:
    """Let what is before and behind the middle change places."""
    _reverse(things, start, middle)
    _reverse(things, middle, end)
    _reverse(things, start, end)


@_compiled
def _move_across(task: Task, order: Order, state: Numbers, board: int, one: int) -> None:
    """Move a part to another board, or let two of them change places."""
    boards = len(order.counts)
    target = (board + 1 + _below(state, boards - 1)) % boards
    other = _below(state, order.counts[target])
    here, there = order.things[board], order.things[target]
    if task.bridges[here[one]] >= 0:
        return
    if task.bridges[there[other]] < 0 and _below(state, 2):
        here[one], there[other] = there[other], here[one]
        return
    thing = here[one]
    order.counts[board] -= 1
    for at in range(one, order.counts[board]):
        here[at] = here[at + 1]
    for at in range(order.counts[target], other, -1):
        there[at] = there[at - 1]
    there[other] = thing
    order.counts[target] += 1


@_compiled
def _copy(order: Order, to: Order) -> None:
    for board in range(len(order.counts)):
        to.counts[board] = order.counts[board]
        for at in range(order.counts[board]):
            to.things[board, at] = order.things[board, at]
    for thing in range(len(order.way)):
        to.way[thing] = order.way[thing]


@_compiled
def search(task: Task, order: Order, turns: int, patience: int, seed: int) -> int:
    """Change an order for the better, in place; return its cost.

    A change is kept that is no worse than what was, or than what was ``patience`` turns before.
    """
    state = np.array([seed * 7919 + 104729])
    held = Order(order.things.copy(), order.counts.copy(), order.way.copy())
    trial = Order(order.things.copy(), order.counts.copy(), order.way.copy())
    now = cost(task, order)
    best = now
    memory = np.full(patience, now)
    for turn in range(turns):
        _move(task, trial, state)
        tried = cost(task, trial)
        slot = turn % patience
        if tried <= now or tried <= memory[slot]:
            now = tried
            _copy(trial, held)
            if now < best:
                best = now
                _copy(trial, order)
        else:
            _copy(held, trial)
        memory[slot] = min(memory[slot], now)
    return best
