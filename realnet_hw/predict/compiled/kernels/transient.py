"""Transients: each lane has a board, a time and a step of its own.

Backward differentiation with variable steps: of first order after every corner of a source, up to
the third from there on. A step's error is a known share of how far it is from where the last ones
pointed.

Ref: L. F. Shampine, M. W. Reichelt, SIAM J. Sci. Comput. 18 (1997) 1 (backward differentiation,
variable steps); L. W. Nagel, UCB/ERL M520 (1975), section 4 (corners, steps).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from realnet_hw.predict.compiled.kernels import waves
from realnet_hw.predict.compiled.kernels.direct import newton, set_sources, set_waves, worst_unknown
from realnet_hw.predict.compiled.kernels.jit import inlined, integer, kernel, truth
from realnet_hw.predict.compiled.kernels.junctions import forget_junctions, start_junctions
from realnet_hw.predict.compiled.kernels.memory import LANES, Binding, Lanes, Reals, Tables
from realnet_hw.predict.compiled.kernels.residual import evaluate, load

DONE, FAILED = 1, -1
# Newton's steps for one of time; for the first, before which nothing fits together, they are held
# shorter and shorter.
_TRIES, _TRIES_AT_FIRST, _HOLD_AFTER, _HOLD = 16, 200, 40, 0.3
# So many of the last points are remembered: one more than the highest order.
_KEPT = 4
# A board whose steps are taken again more often than that never comes to an end.
_MOST_AGAIN = 200_000
# Newton's last step against a step's error, so that it is not taken for one.
_NEWTON_SHARE, _ABSOLUTE_V = 3e-2, 1e-7
# Of a step's error, beside ``Plan.error``.
_ERROR_V = 1e-5
_SAFETY, _GROWTH, _SHRINK = 0.9, 2.0, 0.1
# Of the whole: the very first step, and the one after a corner, which is also a share of the way to
# the next; below the last the search is given up.
_FIRST, _AFTER_CORNER, _OF_THE_WAY, _LEAST = 1e-7, 2e-6, 1e-2, 1e-15
_SAME = 1e-12


class Plan(NamedTuple):
    """What a transient is to be.

    Args:
        binding: the parameters of a board.
        end_s: its length.
        longest_s: its longest step.
        error: of a step, as a share of a voltage.
        most_V: no unknown moves further in one of Newton's steps.
        settled: whether it starts at rest; else charges and sources may not fit together at first.
        times_s: when values are wanted, rising.
        turn: by what share of itself an unknown misses where it was led to, that turned on its way.
        fine_s: a longer step in which a wanted unknown turned is taken again.
        places: of the unknowns that are wanted.
        watched: unknowns whose crossings are wanted.
        levels_V: which they cross.
    """

    binding: Binding
    end_s: float
    longest_s: float
    error: float
    most_V: float
    settled: bool
    times_s: Reals
    turn: float
    fine_s: float
    places: npt.NDArray[np.int64]
    watched: npt.NDArray[np.int64]
    levels_V: Reals


class Found(NamedTuple):
    """What transients gave.

    Args:
        volts: shape (boards, times, places).
        crossings_s: shape (boards, watched, most): negative where the crossing is downward.
        counts: of crossings, shape (boards, watched); those beyond the most are counted too.
        path_s: times of the first board's own steps; what comes after the last place is lost.
        path: unknowns then.
        outcome: for each board whether it is done, its steps, those taken again, Newton's steps,
            the column that moved most in the end.
    """

    volts: Reals
    crossings_s: Reals
    counts: npt.NDArray[np.int64]
    path_s: Reals
    path: Reals
    outcome: npt.NDArray[np.int64]


class Course(NamedTuple):
    """Where each lane is in time.

    Args:
        board: that it follows, -1 for none.
        time: that it has reached.
        corner: the next time at which a source bends.
        h: the step that it tries.
        known: how many of the last points count.
        tries: Newton's steps for this step.
        fresh: whether a step begins.
        waiting: the next time at which values are wanted.
        short: by how much Newton's last step was too long.
        head: where in ``past`` and ``charges`` the latest point is; older ones lie before it.
        past: unknowns at the last points, shape (points, lanes, unknowns).
        charges: then, shape (points, lanes, equations).
        ages: of the points, the latest first, seen from the end of the step.
        guess: where the last points lead, shape (lanes, unknowns).
        points: of the first board's path, one figure.
    """

    board: npt.NDArray[np.int64]
    time: Reals
    corner: Reals
    h: Reals
    known: npt.NDArray[np.int64]
    tries: npt.NDArray[np.int64]
    fresh: npt.NDArray[np.int64]
    waiting: npt.NDArray[np.int64]
    short: Reals
    head: npt.NDArray[np.int64]
    past: Reals
    charges: Reals
    ages: Reals
    guess: Reals
    points: npt.NDArray[np.int64]


def course(size: int, equations: int) -> Course:
    """Return the state of lanes that have not begun.

    Args:
        size: places of unknowns.
        equations: rows of charges.
    """
    none, zero = np.zeros(LANES, np.int64), np.zeros(LANES)
    return Course(
        board=none - 1,
        time=zero.copy(),
        corner=zero.copy(),
        h=zero.copy(),
        known=none.copy(),
        tries=none.copy(),
        fresh=none.copy(),
        waiting=none.copy(),
        short=zero.copy(),
        head=none.copy(),
        past=np.zeros((_KEPT, LANES, size)),
        charges=np.zeros((_KEPT, LANES, equations)),
        ages=np.zeros((LANES, _KEPT)),
        guess=np.zeros((LANES, size)),
        points=np.zeros(1, np.int64),
    )


@kernel
def _weigh(at: float, ages: Reals, count: int, weights: Reals) -> None:
    """Put in the weights of values of several ages in their polynomial's value at an age."""
    for point in range(count):
        weight = 1.0
        for other in range(count):
            if other != point:
                weight *= (at - ages[other]) / (ages[point] - ages[other])
        weights[point] = weight


@inlined
def _formula(ages: Reals, order: int, charges: Reals, head: int, lanes: Lanes, lane: int) -> None:
    """Put a step's formula for the rate of charges into a lane.

    The rate is the slope, at age 0, of the polynomial through the charge there and ``order``
    earlier ones.
    """
    weights = np.empty(4)
    _weigh(0.0, ages, order, weights)
    rate = 0.0
    for point in range(order):
        rate += 1 / ages[point]
    lanes.rate[0, lane] = rate
    for point in range(order):
        weight = weights[point] / ages[point]
        for row in range(charges.shape[2]):
            lanes.bias[row, lane] -= weight * charges[(head - point) % _KEPT, lane, row]


@kernel
def _missed(x: Reals, course: Course, rate: float, error: float, place: int, lane: int) -> float:
    """Return how far an unknown is from where the last points led, over what is allowed."""
    known, last = course.known[lane], course.past[course.head[lane], lane, place]
    if known < 2:
        return 0.0
    size = max(abs(x[place, lane]), abs(last))
    missed = abs(x[place, lane] - course.guess[lane, place])
    return float(missed / (rate * course.ages[lane, known - 1] * (error * size + _ERROR_V)))


@inlined
def _error(tables: Tables, x: Reals, course: Course, rate: float, error: float, lane: int) -> float:
    """Return a step's error over what is allowed, of whatever holds a charge."""
    most = 0.0
    for column in range(len(tables.unknowns)):
        if tables.moving[column] != 0:
            most = max(most, _missed(x, course, rate, error, tables.unknowns[column], lane))
    return most


@kernel
def _between(
    age: float, ages: Reals, count: int, now: Reals, past: Reals, head: int, place: int, lane: int
) -> float:
    """Return an unknown at an age within the step just made, on the polynomial through the last."""
    points, weights = np.zeros(5), np.empty(5)
    for point in range(count):
        points[point + 1] = ages[point]
    _weigh(age, points, count + 1, weights)
    value = weights[0] * now[place, lane]
    for point in range(count):
        value += weights[point + 1] * past[(head - point) % _KEPT, lane, place]
    return float(value)


@kernel
def _crossing(
    level: float,
    ages: Reals,
    count: int,
    now: Reals,
    past: Reals,
    head: int,
    place: int,
    lane: int,
) -> float:
    """Return the age at which an unknown crosses a level in the step just made, by bisection."""
    low, high = 0.0, ages[0]
    rising = now[place, lane] > past[head, lane, place]
    for _ in range(60):
        middle = 0.5 * (low + high)
        above = _between(middle, ages, count, now, past, head, place, lane) > level
        if above == rising:
            low = middle
        else:
            high = middle
    return float(0.5 * (low + high))


@inlined
def _go_back(tables: Tables, memory: Lanes, course: Course, lane: int) -> None:
    """Put a lane back to where its step began."""
    head = course.head[lane]
    for place in range(len(memory.x)):
        memory.x[place, lane] = course.past[head, lane, place]
    for point in range(_KEPT):
        course.ages[lane, point] -= course.h[lane]
    course.fresh[lane] = 1
    forget_junctions(tables.diodes, memory.x, memory.last, lane, lane + 1)


@inlined
def _take(
    tables: Tables,
    memory: Lanes,
    course: Course,
    plan: Plan,
    boards: Reals,
    start: Reals,
    lane: int,
) -> None:
    """Give a lane the board that it was told; its charges are computed with the others' next."""
    load(tables, memory, plan.binding, boards, course.board[lane], lane, lane + 1)
    head = course.head[lane]
    for place in range(len(start)):
        memory.x[place, lane] = start[place]
        course.past[head, lane, place] = start[place]
    set_sources(tables, memory, truth(False), lane, lane + 1)
    forget_junctions(tables.diodes, memory.x, memory.last, lane, lane + 1)


@inlined
def _depart(tables: Tables, memory: Lanes, course: Course, plan: Plan, lane: int) -> None:
    """Let a lane begin at time 0, with the charges there."""
    head = course.head[lane]
    for row in range(len(memory.charge)):
        course.charges[head, lane, row] = memory.charge[row, lane]
    course.time[lane] = 0.0
    course.waiting[lane] = 0
    course.known[lane] = 1 if plan.settled else 0
    for point in range(_KEPT):
        course.ages[lane, point] = 0.0
    course.corner[lane] = waves.next_corner(tables.sources, tables.wave_figures, 0.0, plan.end_s)
    course.h[lane] = min(_FIRST * plan.end_s, _OF_THE_WAY * course.corner[lane])
    course.fresh[lane] = 1
    if not plan.settled:
        start_junctions(
            tables.diodes,
            tables.junctions,
            memory.last,
            memory.junction,
            memory.held,
            memory.begun,
            lane,
        )


@kernel
def _extrapolate(
    past: Reals, weights: Reals, count: int, head: int, guess: Reals, x: Reals, lane: int
) -> None:
    """Put the unknowns to where the last points lead."""
    for place in range(len(x)):
        guess[lane, place] = weights[0] * past[head, lane, place]
    for point in range(1, count):
        weight, before = weights[point], (head - point) % _KEPT
        for place in range(len(x)):
            guess[lane, place] += weight * past[before, lane, place]
    for place in range(len(x)):
        x[place, lane] = guess[lane, place]


@inlined
def _begin_step(
    tables: Tables, memory: Lanes, course: Course, end: float, weights: Reals, lane: int
) -> None:
    """Set a lane's sources, formula and guess for the end of its next step."""
    course.fresh[lane] = 0
    course.tries[lane] = 0
    left = course.corner[lane] - course.time[lane]
    # No sliver is left before a corner.
    if course.h[lane] > left - _SAME * end:
        course.h[lane] = left
    elif 2 * course.h[lane] > left:
        course.h[lane] = 0.5 * left
    h = course.h[lane]
    set_waves(tables, memory, lane, course.time[lane] + h)
    ages, count, head = course.ages[lane], max(1, course.known[lane]), course.head[lane]
    for point in range(_KEPT):
        ages[point] += h
    _formula(ages, max(1, count - 1), course.charges, course.head[lane], memory, lane)
    _weigh(0.0, ages, count, weights)
    _extrapolate(course.past, weights, count, head, course.guess, memory.x, lane)


@inlined
def _give_up(tables: Tables, memory: Lanes, course: Course, found: Found, lane: int) -> None:
    board = course.board[lane]
    found.outcome[board, 0] = FAILED
    found.outcome[board, 4] = worst_unknown(tables.unknowns, tables.voltages, memory.step, lane)
    course.board[lane] = -1
    course.fresh[lane] = 0


@kernel
def _report(memory: Lanes, course: Course, plan: Plan, found: Found, now: float, lane: int) -> None:
    """Note what is wanted of the step just made: values, crossings, the path."""
    board, ages = course.board[lane], course.ages[lane]
    reach = min(max(1, course.known[lane]), 3)
    x, past, head = memory.x, course.past, course.head[lane]
    while course.waiting[lane] < len(plan.times_s):
        wanted = plan.times_s[course.waiting[lane]]
        if wanted > now + _SAME * plan.end_s:
            break
        for column in range(len(plan.places)):
            place = plan.places[column]
            # What holds no charge may have turned: then a straight line is all that is known.
            turned = _missed(x, course, memory.rate[0, lane], plan.turn, place, lane) > 1
            count = 1 if turned else reach
            found.volts[board, course.waiting[lane], column] = _between(
                now - wanted, ages, count, x, past, head, place, lane
            )
        course.waiting[lane] += 1
    for watch in range(len(plan.watched)):
        place, level = plan.watched[watch], plan.levels_V[watch]
        rises = x[place, lane] > level
        if course.known[lane] > 0 and rises != (past[head, lane, place] > level):
            at = now - _crossing(level, ages, reach, x, past, head, place, lane)
            number = found.counts[board, watch]
            if number < found.crossings_s.shape[2]:
                found.crossings_s[board, watch, number] = at if rises else -at
            found.counts[board, watch] += 1
    if board == 0:
        point = course.points[0]
        if point < len(found.path_s):
            found.path_s[point] = now
            for place in range(len(x)):
                found.path[point, place] = x[place, lane]
        course.points[0] += 1


@inlined
def _remember(memory: Lanes, course: Course, lane: int) -> None:
    """Put the step just made among the last points."""
    for point in range(_KEPT - 1, 0, -1):
        course.ages[lane, point] = course.ages[lane, point - 1]
    course.ages[lane, 0] = 0.0
    head = (course.head[lane] + 1) % _KEPT
    course.head[lane] = head
    for row in range(len(memory.charge)):
        course.charges[head, lane, row] = memory.charge[row, lane]
    for place in range(len(memory.x)):
        course.past[head, lane, place] = memory.x[place, lane]
    course.known[lane] = min(course.known[lane] + 1, _KEPT)


@inlined
def _turn(tables: Tables, course: Course, plan: Plan, found: Found, lane: int) -> None:
    """Go on at a corner as if nothing was known, or come to an end."""
    corner, end = course.corner[lane], plan.end_s
    if corner >= end * (1 - _SAME):
        found.outcome[course.board[lane], 0] = DONE
        course.board[lane] = -1
        course.fresh[lane] = 0
        return
    course.time[lane] = corner
    course.corner[lane] = waves.next_corner(tables.sources, tables.wave_figures, corner, end)
    course.known[lane] = 1
    way = _OF_THE_WAY * (course.corner[lane] - corner)
    course.h[lane] = min(course.h[lane], _AFTER_CORNER * end, way)


@inlined
def _judge(
    tables: Tables, memory: Lanes, course: Course, plan: Plan, found: Found, lane: int
) -> None:
    """See what came of a lane's step: take it, or take it again."""
    board, known, h = course.board[lane], course.known[lane], course.h[lane]
    found.outcome[board, 3] += course.tries[lane]
    settled = course.short[lane] <= 0 and memory.limited[0, lane] == 0
    worst, power = 0.0, 1 / max(2, known)
    if settled and known >= 2:
        x, rate = memory.x, memory.rate[0, lane]
        worst = _error(tables, x, course, rate, plan.error, lane)
        if h > plan.fine_s:
            for place in plan.places:
                worst = max(worst, _missed(x, course, rate, plan.turn, place, lane))
    if not settled or worst > 1:
        found.outcome[board, 2] += 1
        _go_back(tables, memory, course, lane)
        course.h[lane] = h * (max(_SHRINK, _SAFETY * worst**-power) if settled else _SHRINK)
        if settled:
            # What the last points say of the next does not hold: fewer of them.
            course.known[lane] = min(known, 3 if worst < 10 else 2)
        if course.h[lane] < _LEAST * plan.end_s or found.outcome[board, 2] > _MOST_AGAIN:
            _give_up(tables, memory, course, found, lane)
        return
    found.outcome[board, 1] += 1
    now = course.time[lane] + h
    waiting = course.waiting[lane]
    due = waiting < len(plan.times_s) and plan.times_s[waiting] <= now + _SAME * plan.end_s
    if due or len(plan.watched) > 0 or board == 0:
        _report(memory, course, plan, found, now, lane)
    _remember(memory, course, lane)
    course.time[lane] = now
    course.fresh[lane] = 1
    growth = _GROWTH if worst < 1e-9 else min(_GROWTH, _SAFETY * worst**-power)
    course.h[lane] = min(plan.longest_s, h * max(0.3, growth))
    if now >= course.corner[lane] - _SAME * plan.end_s:
        _turn(tables, course, plan, found, lane)


@inlined
def _is_over(short: float, limited: float, tries: int, known: int) -> bool:
    """Whether Newton's steps have arrived or got lost; never in a lane without a board."""
    arrived = short <= 0 and limited == 0
    most = _TRIES if known > 0 else _TRIES_AT_FIRST
    return bool(tries > 0 and (arrived or tries >= most or np.isnan(short)))


@kernel
def transients(
    tables: Tables,
    memory: Lanes,
    course: Course,
    boards: Reals,
    starts: Reals,
    plan: Plan,
    found: Found,
) -> None:
    """Follow every board through time.

    Args:
        tables: of the circuit.
        memory: of the lanes, a board of the circuit in each.
        course: of the lanes, which have not begun.
        boards: parameters, shape (boards, parameters).
        starts: the unknowns at time 0, shape (boards, unknowns).
        plan: what is wanted.
        found: what came out; set.
    """
    following = 0
    weights = np.zeros(_KEPT)
    begins = np.zeros(LANES, np.int64)
    most_V = np.full(LANES, plan.most_V)
    for lane in range(LANES):
        memory.share[0, lane] = 1.0
        memory.rate[0, lane] = 1 / plan.end_s
        memory.leak[0, lane] = 0.0
    set_sources(tables, memory, truth(False), integer(0), integer(LANES))
    while True:
        live, starting = 0, 0
        for lane in range(LANES):
            if course.board[lane] < 0 and following < len(boards):
                course.board[lane] = following
                _take(tables, memory, course, plan, boards, starts[following], lane)
                following += 1
                begins[lane] = 1
                starting += 1
            live += course.board[lane] >= 0
        if live == 0:
            return
        if starting > 0:
            evaluate(tables, memory, truth(True))
        for lane in range(LANES):
            if begins[lane] != 0:
                begins[lane] = 0
                _depart(tables, memory, course, plan, lane)
            if course.fresh[lane] != 0:
                _begin_step(tables, memory, course, plan.end_s, weights, lane)
        tolerance = _NEWTON_SHARE * plan.error
        newton(tables, memory, True, most_V, tolerance, _ABSOLUTE_V, course.short)
        for lane in range(LANES):
            course.tries[lane] += 1
            tries = course.tries[lane] if course.board[lane] >= 0 else 0
            most_V[lane] = plan.most_V * _HOLD ** (tries // _HOLD_AFTER)
            if _is_over(course.short[lane], memory.limited[0, lane], tries, course.known[lane]):
                _judge(tables, memory, course, plan, found, lane)
