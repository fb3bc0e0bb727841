"""Operating points: Newton's method, and three ways to help it where it does not get there.

Leaks to ground are stepped away, then the sources are stepped up; at last every node is held by a
leak to where it just was, weaker and weaker, which is a capacitor's way to rest.

Ref: T. L. Quarles, UCB/ERL M89/42 (1989), chapter 2 (gmin and source stepping); C. T. Kelley, D. E.
Keyes, SIAM J. Numer. Anal. 35 (1998) 508 (pseudo-transient continuation).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from realnet_hw.predict.compiled.kernels import waves
from realnet_hw.predict.compiled.kernels.elimination import solve_for_step
from realnet_hw.predict.compiled.kernels.jit import inlined, integer, kernel
from realnet_hw.predict.compiled.kernels.junctions import (
    forget_junctions,
    hold_junctions,
    start_junctions,
)
from realnet_hw.predict.compiled.kernels.memory import (
    LANES,
    Binding,
    Integers,
    Lanes,
    Reals,
    Tables,
)
from realnet_hw.predict.compiled.kernels.residual import evaluate_here, follow, load

# Ways to a solution, each tried where the last one failed.
WARM, COLD, LEAKS, SOURCES, REST, IDLE = 0, 1, 2, 3, 4, 5
FAILED = -1
# Newton's steps are held shorter and shorter where they go round in circles.
_TRIES, _HOLD_AFTER, _HOLD = 100, 25, 0.25
# Newton's steps are quadratic: after one of this size the next is far below a microvolt.
_RELATIVE, _ABSOLUTE_V = 1e-6, 1e-7
_FIRST_LEAK_S, _LAST_LEAK_S = 1e-2, 1e-13
_LEAST_RATIO, _WIDEST_RATIO = 1.001, 10.0
_FIRST_SHARE, _LEAST_SHARE = 0.02, 1e-6
_MOST_STEPS = 20_000


class Job(NamedTuple):
    """Operating points to be found.

    Args:
        binding: in what the boards differ from each other and from what the lanes hold.
        boards: values of the bound parameters, shape (boards, bound parameters).
        starts: unknowns to start from, shape (starts, unknowns).
        origins: for each board its start, -1 to begin as if nothing was known.
        direct: sources have their direct value, else that at time 0.
        most_V: no unknown moves further at once, at first.
        places: of the unknowns that are wanted.
        found: those unknowns, shape (boards, places); NaN where there was no solution.
        outcome: for each board the iterations, the way that led there (or FAILED) and the column
            that moved most when a way was given up.
    """

    binding: Binding
    boards: Reals
    starts: Reals
    origins: npt.NDArray[np.int64]
    direct: bool
    most_V: float
    places: npt.NDArray[np.int64]
    found: Reals
    outcome: npt.NDArray[np.int64]


class Search(NamedTuple):
    """Where each lane is on its way to a solution.

    Args:
        board: that it works on, -1 for none.
        way: that it tries.
        tries: Newton's steps since it last began.
        fresh: whether it begins anew, with other sources or leaks.
        share: of the sources.
        reached: the leak or share that was solved last.
        stride: from there to what is tried, a ratio of leaks or a difference of shares.
        short: by how much Newton's last step was too long.
        most_V: no unknown moves further at once.
        safe: the unknowns that solved what was reached.
    """

    board: npt.NDArray[np.int64]
    way: npt.NDArray[np.int64]
    tries: npt.NDArray[np.int64]
    fresh: npt.NDArray[np.int64]
    share: Reals
    reached: Reals
    stride: Reals
    short: Reals
    most_V: Reals
    safe: Reals


def search(size: int) -> Search:
    """Return the state of lanes that have not begun."""
    none = np.zeros(LANES, np.int64)
    return Search(
        board=none - 1,
        way=none + IDLE,
        tries=none.copy(),
        fresh=none.copy(),
        share=np.ones(LANES),
        reached=np.zeros(LANES),
        stride=np.zeros(LANES),
        short=np.zeros(LANES),
        most_V=np.zeros(LANES),
        safe=np.zeros((size, LANES)),
    )


@kernel
def set_sources(tables: Tables, lanes: Lanes, direct: bool, first: int, end: int) -> None:
    """Set the sources of some lanes at their share and at time 0, and what they drive.

    Args:
        tables: of the circuit.
        lanes: of the circuit.
        direct: whether sources have their direct value, not that at time 0.
        first: of the lanes.
        end: the lane after the last one.
    """
    sources, figures, volts = tables.sources, tables.wave_figures, lanes.sources
    share, parameters = lanes.share, lanes.parameters
    for lane in range(first, end):
        lanes.time[0, lane] = 0.0
    for source in range(len(sources)):
        if direct or sources[source, 1] == 0:
            parameter = sources[source, 0]
            for lane in range(first, end):
                volts[source, lane] = share[0, lane] * parameters[parameter, lane]
        else:
            value = waves.value(sources, figures, source, 0.0)
            for lane in range(first, end):
                volts[source, lane] = share[0, lane] * value
    _drive(tables.drives, volts, lanes.bias, first, end)


@kernel
def set_waves(tables: Tables, lanes: Lanes, lane: int, time: float) -> None:
    """Set the sources of a lane that change with time, and what all of them drive."""
    sources, figures, volts = tables.sources, tables.wave_figures, lanes.sources
    lanes.time[0, lane] = time
    for source in range(len(sources)):
        if sources[source, 1] != 0:
            volts[source, lane] = waves.value(sources, figures, source, time)
    _drive(tables.drives, volts, lanes.bias, lane, lane + 1)


@kernel
def _drive(drives: Integers, volts: Reals, bias: Reals, first: int, end: int) -> None:
    for row in range(len(bias)):
        for lane in range(first, end):
            bias[row, lane] = 0.0
    for number in range(len(drives)):
        row, source, sign = drives[number, 0], drives[number, 1], drives[number, 2]
        for lane in range(first, end):
            bias[row, lane] += sign * volts[source, lane]


@kernel
def advance(
    unknowns: Integers,
    voltages: Integers,
    x: Reals,
    step: Reals,
    most_V: Reals,
    relative: float,
    absolute_V: float,
    short: Reals,
) -> None:
    """Take Newton's step, of each lane no more than ``most_V``.

    ``short[lane]`` comes out above 0 where it was not small, NaN where there was none.
    """
    for lane in range(LANES):
        short[lane] = -1.0
    for column in range(len(unknowns)):
        place = unknowns[column]
        if voltages[column] != 0:
            for lane in range(LANES):
                wanted = step[column, lane]
                taken = max(-most_V[lane], min(most_V[lane], wanted))
                new = x[place, lane] + taken
                over = abs(wanted) - relative * abs(new) - absolute_V
                # Once NaN, always NaN.
                keep = over <= short[lane] or short[lane] != short[lane]
                short[lane] = short[lane] if keep else over
                x[place, lane] = new
        else:
            for lane in range(LANES):
                x[place, lane] += step[column, lane]


@inlined
def newton(
    tables: Tables,
    memory: Lanes,
    charged: bool,
    most_V: Reals,
    relative: float,
    absolute_V: float,
    short: Reals,
) -> None:
    """Make one of Newton's steps in every lane, see ``evaluate_here`` and ``advance``."""
    matrix, f, step = memory.matrix, memory.f, memory.step
    follow(tables.followers, tables.steps, memory.sources, memory.x)
    evaluate_here(tables, memory, charged)
    solve_for_step(tables.factor, tables.solve, matrix, f, step, memory.scratch)
    unknowns, voltages = tables.unknowns, tables.voltages
    advance(unknowns, voltages, memory.x, step, most_V, relative, absolute_V, short)
    follow(tables.followers, tables.steps, memory.sources, memory.x)


@kernel
def worst_unknown(
    unknowns: Integers,
    voltages: Integers,
    step: Reals,
    lane: int,
) -> int:
    """Return the column that Newton's last step moved most."""
    worst, most = 0, -1.0
    for column in range(len(unknowns)):
        moved = abs(step[column, lane])
        if voltages[column] != 0 and not moved <= most:
            worst, most = column, moved
    return worst


@kernel
def _deal(tables: Tables, memory: Lanes, state: Search, job: Job, following: int) -> int:
    """Give idle lanes the boards that follow; return the next one."""
    first, boards = integer(0), len(job.boards)
    while first < LANES and following < boards:
        end = first
        while end < LANES and state.way[end] == IDLE and following + end - first < boards:
            end += 1
        if end > first:
            _take(tables, memory, state, job, following, first, end)
            following += end - first
        first = end + 1
    return following


@kernel
def _take(
    tables: Tables, memory: Lanes, state: Search, job: Job, board: int, first: int, end: int
) -> None:
    """Give lanes a board each, from one on."""
    load(tables, memory, job.binding, job.boards, board, first, end)
    x, starts, origins = memory.x, job.starts, job.origins
    for lane in range(first, end):
        own = board + lane - first
        state.board[lane] = own
        state.way[lane] = WARM if origins[own] >= 0 else COLD
        state.fresh[lane] = 1
    for place in range(len(x)):
        for lane in range(first, end):
            origin = origins[board + lane - first]
            x[place, lane] = starts[origin, place] if origin >= 0 else 0.0
    forget_junctions(tables.diodes, x, memory.last, first, end)


@kernel
def _keep(from_rows: Reals, into_rows: Reals, lane: int) -> None:
    for place in range(len(from_rows)):
        into_rows[place, lane] = from_rows[place, lane]


@kernel
def _clear(rows: Reals, lane: int) -> None:
    for place in range(len(rows)):
        rows[place, lane] = 0.0


@kernel
def _leave(memory: Lanes, state: Search, job: Job, lane: int, way: int) -> None:
    """Let a lane's board go, solved on some way or FAILED."""
    board = state.board[lane]
    job.outcome[board, 1] = way
    for column in range(len(job.places)):
        value = memory.x[job.places[column], lane]
        job.found[board, column] = value if way >= 0 else np.nan
    if state.way[lane] == REST:
        memory.leak[0, lane] = 0.0
        _clear(memory.anchor, lane)
    state.way[lane] = IDLE
    state.fresh[lane] = 0


@inlined
def _arrived(memory: Lanes, state: Search, job: Job, lane: int) -> None:
    """Go on from a solution: to the next leak or share, or to the next board."""
    leak, way = memory.leak[0, lane], state.way[lane]
    if way in (WARM, COLD):
        _leave(memory, state, job, lane, way)
        return
    state.fresh[lane] = 1
    _keep(memory.x, state.safe, lane)
    if way in (LEAKS, REST) and leak > 0:
        if way == REST:
            _keep(memory.x, memory.anchor, lane)
        state.reached[lane] = leak
        state.stride[lane] = min(state.stride[lane] * 1.5, _WIDEST_RATIO)
        leak /= state.stride[lane]
        memory.leak[0, lane] = leak if leak >= _LAST_LEAK_S else 0.0
    elif way == SOURCES and state.share[lane] < 1.0:
        state.reached[lane] = state.share[lane]
        state.stride[lane] *= 1.5
        state.share[lane] = min(1.0, state.share[lane] + state.stride[lane])
    else:
        _leave(memory, state, job, lane, way)


@inlined
def _lost(memory: Lanes, state: Search, job: Job, lane: int) -> None:
    """Try the next way, or a shorter stride on this one."""
    state.fresh[lane] = 1
    way = state.way[lane]
    if way == WARM:
        state.way[lane] = COLD
    elif way == COLD:
        state.way[lane] = LEAKS
        memory.leak[0, lane] = _FIRST_LEAK_S
        state.reached[lane], state.stride[lane] = 0.0, _WIDEST_RATIO
        _clear(state.safe, lane)
    elif way == LEAKS:
        state.stride[lane] = np.sqrt(state.stride[lane])
        memory.leak[0, lane] = state.reached[lane] / state.stride[lane]
        if state.reached[lane] == 0.0 or state.stride[lane] < _LEAST_RATIO:
            state.way[lane] = SOURCES
            memory.leak[0, lane] = 0.0
            state.share[lane] = _FIRST_SHARE
            state.reached[lane], state.stride[lane] = 0.0, _FIRST_SHARE
            _clear(state.safe, lane)
    elif way == SOURCES:
        state.stride[lane] *= 0.25
        state.share[lane] = state.reached[lane] + state.stride[lane]
        if state.stride[lane] < _LEAST_SHARE:
            state.way[lane] = REST
            memory.leak[0, lane] = _FIRST_LEAK_S
            state.stride[lane] = 1.0
            _clear(state.safe, lane)
    else:
        memory.leak[0, lane] = max(4 * memory.leak[0, lane], _LAST_LEAK_S)
        state.stride[lane] = 1.0
        if job.outcome[state.board[lane], 0] > _MOST_STEPS:
            _leave(memory, state, job, lane, integer(FAILED))
            return
    if state.way[lane] == COLD:
        _clear(memory.x, lane)
    else:
        _keep(state.safe, memory.x, lane)


@inlined
def _verdict(way: int, short: float, limited: float, tries: int) -> int:
    """Return 1 where Newton's steps arrived, -1 where they got lost, 0 to go on."""
    if way == IDLE:
        return 0
    if short <= 0 and limited == 0:
        return 1
    return -1 if np.isnan(short) or tries >= _TRIES else 0


@inlined
def _go_on(tables: Tables, memory: Lanes, state: Search, job: Job, lane: int, verdict: int) -> None:
    """See to a lane that arrived or got lost."""
    job.outcome[state.board[lane], 0] += state.tries[lane]
    if verdict > 0:
        _arrived(memory, state, job, lane)
        return
    worst = worst_unknown(tables.unknowns, tables.voltages, memory.step, lane)
    job.outcome[state.board[lane], 2] = worst
    _lost(memory, state, job, lane)


@kernel
def _begin_all(tables: Tables, memory: Lanes, state: Search, job: Job, fresh: int) -> None:
    """Begin Newton's steps in every lane that is fresh."""
    for lane in range(LANES):
        if state.fresh[lane] != 0:
            state.tries[lane] = 0
            state.most_V[lane] = job.most_V
            memory.share[0, lane] = state.share[lane] if state.way[lane] == SOURCES else 1.0
            if fresh < LANES:
                set_sources(tables, memory, job.direct, lane, lane + 1)
    if fresh == LANES:
        set_sources(tables, memory, job.direct, integer(0), integer(LANES))
    follow(tables.followers, tables.steps, memory.sources, memory.x)
    for lane in range(LANES):
        if state.fresh[lane] != 0:
            state.fresh[lane] = 0
            _begin(tables, memory, state.way[lane], lane)


@kernel
def _begin(tables: Tables, memory: Lanes, way: int, lane: int) -> None:
    """Put a lane's junctions to where its way begins."""
    diodes, last = tables.diodes, memory.last
    if way == COLD:
        start_junctions(
            diodes, tables.junctions, last, memory.junction, memory.held, memory.begun, lane
        )
    elif way == WARM:
        # What differs from the start moves junctions as their tangents there say.
        hold_junctions(diodes, memory.held, memory.begun, lane)
    else:
        forget_junctions(diodes, memory.x, last, lane, lane + 1)


@kernel
def operating_points(tables: Tables, memory: Lanes, state: Search, job: Job) -> None:
    """Solve every board of a job.

    Args:
        tables: of the circuit.
        memory: of the lanes, a board of the circuit in each.
        state: of the lanes, which are idle, and are again when this is done.
        job: what is to be solved, and where the solutions go.
    """
    following = integer(0)
    while True:
        following = _deal(tables, memory, state, job, following)
        live, fresh = integer(0), integer(0)
        for lane in range(LANES):
            live += state.way[lane] != IDLE
            fresh += state.fresh[lane]
        if live == 0:
            return
        if fresh > 0:
            _begin_all(tables, memory, state, job, fresh)
        newton(tables, memory, False, state.most_V, _RELATIVE, _ABSOLUTE_V, state.short)
        for lane in range(LANES):
            verdict = _verdict(
                state.way[lane], state.short[lane], memory.limited[0, lane], state.tries[lane] + 1
            )
            state.tries[lane] += 1
            state.most_V[lane] *= 1.0 if state.tries[lane] % _HOLD_AFTER else _HOLD
            if verdict != 0:
                _go_on(tables, memory, state, job, lane, verdict)
