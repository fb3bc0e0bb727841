"""A deck ready to be solved for some nodes.

A drawn board is solved from the solution of the deck's own values at the same inputs, which is a
few of Newton's steps away, and that from the solution of the deck as it is written. So an answer is
the same whatever else is asked for.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from realnet_hw.errors import InputError, SimulationFailed
from realnet_hw.predict.compiled.circuit import Circuit
from realnet_hw.predict.compiled.kernels import transient
from realnet_hw.predict.compiled.kernels.transient import Found
from realnet_hw.predict.compiled.lanes import CircuitLanes, binding
from realnet_hw.predict.engine import Parameters, Volts, Wave, patterns_of, refuse_twice

# No unknown moves further in one of Newton's steps than this share of the largest source.
_MOST_SHARE, _LEAST_MOST_V = 1.5, 5.0
# So many boards are computed in one call, so that memory does not grow with their number.
_BOARDS_PER_CALL = 2048
_BOARDS_AT_ONCE = 128
# A transient has so many steps at least; each may be wrong by this share of a voltage, and that of
# the deck's tolerance where it is coarse.
_FEWEST_STEPS, _STEP_ERROR, _OF_RELTOL = 50, 3e-6, 0.3
# A wanted voltage that turns by more than this share of itself is followed in steps of this share
# of the time between two of its values.
_TURN, _FINE = 1e-3, 0.25
# Where the deck's tolerance is coarse a quick answer is wanted, or none: of the steps that the
# kernel would take again before it gives up, so many are counted as taken at the start.
_TAKEN_IF_COARSE = 194_000
_FIRST_ROOM = 4096
# By so much of itself a parameter is moved for its derivative; a source, which may be 0, by so much
# of at least a volt: far less than the width of the sharpest bend.
_STEP, _SOURCE_STEP = 1e-5, 1e-7
# Kept for a circuit: memories for different sets of parameters, solutions of cases.
_MEMORIES_KEPT, _STARTS_KEPT = 4, 1024

_Unknowns = npt.NDArray[np.float64]
# Numbers of parameters, and their values, shape (boards, numbers).
_Table = tuple[tuple[int, ...], Volts]


@dataclass(frozen=True, eq=False)
class Passed:
    """What nodes do in a transient.

    Args:
        ends_V: at its end, shape (boards, nodes).
        crossings_s: for each board and each node that is watched the first times at which it
            crosses its level, rising; those of downward crossings are negative.
        counts: how many crossings there are, shape (boards, nodes that are watched).
    """

    ends_V: Volts
    crossings_s: list[list[list[float]]]
    counts: npt.NDArray[np.int64]


class Solver:
    """A circuit, the memory to solve it in, and the solutions that boards start from.

    Args:
        circuit: as tables.
        driven: parameters that make cases: boards start from the deck's own at the same case.
        nodes: what is asked for.
        reltol: the deck's relative tolerance.
    """

    def __init__(
        self, circuit: Circuit, driven: Sequence[str], nodes: Sequence[str], *, reltol: float
    ) -> None:
        self._circuit = circuit
        self._step_error = max(_STEP_ERROR, _OF_RELTOL * reltol)
        self._taken_again = _TAKEN_IF_COARSE if self._step_error > _STEP_ERROR else 0
        self._nodes = nodes
        self._driven = [circuit.parameters[name] for name in driven if name in circuit.parameters]
        self._columns = np.array(
            [circuit.places.get(node, circuit.size - 1) for node in nodes], np.int64
        )
        self._every = np.arange(circuit.size)
        self._most_V = max(_LEAST_MOST_V, _MOST_SHARE * circuit.span_V)
        self._binding = functools.lru_cache(maxsize=2 * _MEMORIES_KEPT)(
            functools.partial(binding, circuit.tables)
        )
        self._lanes = functools.lru_cache(maxsize=_MEMORIES_KEPT)(self._made_lanes)
        self._own_start = functools.cache(self._solve_own)
        self._starts: dict[bytes, _Unknowns | None] = {}

    def _made_lanes(self, changing: tuple[int, ...]) -> CircuitLanes:
        return self._lanes_at(self._circuit.own, changing)

    def _lanes_at(self, board: Volts, changing: tuple[int, ...]) -> CircuitLanes:
        everything = self._binding(tuple(range(len(board))))
        return CircuitLanes(self._circuit, board, self._binding(changing), everything)

    def _table(self, parameters: Sequence[Parameters]) -> _Table:
        """Return which parameters any set names, and the value that each board has of them.

        Returns:
            Numbers of the parameters, and values of shape (boards, numbers).

        Raises:
            InputError: a parameter that the deck does not have, or a value that it can't have.
        """
        names = tuple(parameters[0]) if parameters else ()
        if all(tuple(chosen) == names for chosen in parameters):
            rows = [list(chosen.values()) for chosen in parameters]
            numbers = self.numbers(names)
            values = np.array(rows, float).reshape(len(rows), len(numbers))
        else:
            names = tuple(dict.fromkeys(name for chosen in parameters for name in chosen))
            numbers = self.numbers(names)
            values = np.repeat(
                self._circuit.own[np.newaxis, list(numbers)], len(parameters), axis=0
            )
            column = {name: place for place, name in enumerate(names)}
            for row, chosen in zip(values, parameters, strict=True):
                row[[column[name] for name in chosen]] = list(chosen.values())
        if not np.isfinite(values).all():
            raise InputError("a parameter that is no finite number", where=self._circuit.title)
        return numbers, values

    def numbers(self, names: Sequence[str]) -> tuple[int, ...]:
        """Return the numbers of parameters.

        Raises:
            InputError: a parameter that the deck does not have.
        """
        known = self._circuit.parameters
        for name in names:
            if name not in known:
                raise InputError(f"the deck has no parameter {name!r}")
        return tuple(known[name] for name in names)

    def bound(self, parameters: Parameters, changing: Sequence[str]) -> Bound:
        """Return the circuit for boards that only some parameters tell apart.

        Raises:
            InputError: as ``numbers``, a value that is not finite, or a parameter named twice.
        """
        numbers, (own,) = self._table([parameters])
        changed = self.numbers(changing)
        refuse_twice(changing)
        board = self._circuit.own.copy()
        board[list(numbers)] = own
        lanes = self._lanes_at(board, changed)
        start, _ = lanes.solve(
            board[np.newaxis, list(changed)],
            self._own_start(at_start=False),
            np.zeros(1, np.int64),
            self._every,
            most_V=self._most_V,
            at_start=False,
        )
        return Bound(self, lanes, start, tuple(changing))

    def direct(self, parameters: Sequence[Parameters]) -> Volts:
        """Return operating points, shape (boards, nodes).

        Raises:
            InputError: as ``_table``.
            SimulationFailed: a board without a solution.
        """
        volts = np.empty((len(parameters), len(self._columns)))
        numbers, values = self._table(parameters)
        for first in range(0, len(parameters), _BOARDS_PER_CALL):
            some = slice(first, first + _BOARDS_PER_CALL)
            volts[some] = self._points(
                numbers, values[some], parameters[some], self._columns, at_start=False
            )
        return volts

    def sensitivities(self, parameters: Sequence[Parameters], names: Sequence[str]) -> Volts:
        """Return the derivatives of operating points, see ``Engine.sensitivities``.

        Raises:
            InputError: as ``_table``, or a parameter named twice.
            SimulationFailed: a board without a solution.
        """
        refuse_twice(names)
        asked = self.numbers(names)
        numbers, values = self._table(parameters)
        more = tuple(number for number in asked if number not in numbers)
        numbers += more
        own = np.repeat(self._circuit.own[np.newaxis, list(more)], len(parameters), axis=0)
        found = np.zeros((len(parameters), len(self._columns), len(asked)))
        values = np.ascontiguousarray(np.hstack([values, own]))
        sizes = np.maximum(np.abs(self._circuit.own[list(asked)]), 1e-30)
        is_source = np.array([name.startswith(("v", "i")) for name in names], bool)
        steps = np.where(is_source, _SOURCE_STEP * np.maximum(sizes, 1.0), _STEP * sizes)
        place = np.array([numbers.index(number) for number in asked], np.int64)
        for first in range(0, len(parameters), _BOARDS_PER_CALL):
            some = slice(first, first + _BOARDS_PER_CALL)
            solutions = self._points(
                numbers, values[some], parameters[some], self._every, at_start=False
            )
            found[some] = self._lanes(numbers).differentiate(
                values[some], solutions, place, steps, self._columns
            )
        return found

    def direct_from(
        self, lanes: CircuitLanes, boards: Volts, start: _Unknowns, names: Sequence[str]
    ) -> Volts:
        """Return operating points of boards that all start from one solution.

        Args:
            lanes: of the circuit.
            boards: of the changing parameters, shape (boards, changing).
            start: the unknowns to start from, shape (1, unknowns), NaN for none.
            names: of the changing parameters.

        Raises:
            SimulationFailed: a board without a solution.
        """
        found, outcome = lanes.solve(
            boards,
            start,
            np.zeros(len(boards), np.int64),
            self._columns,
            most_V=self._most_V,
            at_start=False,
        )
        failed = np.flatnonzero(outcome[:, 1] < 0)
        if len(failed):
            chosen = dict(zip(names, boards[failed[0]].tolist(), strict=True))
            raise self._failure(chosen, outcome[failed[0], 2], "no operating point")
        return found

    def transient(
        self, parameters: Sequence[Parameters], times_s: Volts, end_s: float, *, at_rest: bool
    ) -> Volts:
        """Return the nodes at times, shape (boards, times, nodes).

        Raises:
            InputError: as ``boards``.
            SimulationFailed: a board without a solution.
        """
        volts = np.empty((len(parameters), len(times_s), len(self._columns)))
        for first in range(0, len(parameters), _BOARDS_AT_ONCE):
            some = parameters[first : first + _BOARDS_AT_ONCE]
            table = self._table(some)
            starts = self._starts_of(table, some, at_rest=at_rest)
            found = self._follow(table, some, starts, end_s, times_s=times_s, at_rest=at_rest)
            volts[first : first + len(some)] = found.volts
            volts[first : first + len(some), 0] = starts[:, self._columns]
        return volts

    def passed(
        self,
        parameters: Sequence[Parameters],
        levels_V: Sequence[float],
        end_s: float,
        most: int,
        *,
        at_rest: bool,
    ) -> Passed:
        """Return where the nodes end, and when the last of them cross levels on their way.

        Args:
            parameters: see ``Engine``.
            levels_V: of the last nodes.
            end_s: length of the transient, seconds.
            most: crossings of each that are told.
            at_rest: see ``transient``.

        Raises:
            InputError: as ``boards``.
            SimulationFailed: a board without a solution.
        """
        ends = [np.zeros((0, len(self._columns)))]
        counts = [np.zeros((0, len(levels_V)), np.int64)]
        crossings: list[list[list[float]]] = []
        times_s = np.array([0.0, end_s])
        for first in range(0, len(parameters), _BOARDS_AT_ONCE):
            some = parameters[first : first + _BOARDS_AT_ONCE]
            table = self._table(some)
            starts = self._starts_of(table, some, at_rest=at_rest)
            found = self._follow(
                table,
                some,
                starts,
                end_s,
                times_s=times_s,
                levels_V=levels_V,
                most=most,
                at_rest=at_rest,
            )
            ends.append(found.volts[:, -1])
            counts.append(found.counts)
            crossings += [
                [own[:count].tolist() for own, count in zip(times, numbers, strict=True)]
                for times, numbers in zip(found.crossings_s, found.counts, strict=True)
            ]
        return Passed(np.concatenate(ends), crossings, np.concatenate(counts))

    def wave(
        self, parameters: Parameters, end_s: float, longest_s: float, start_V: Mapping[str, float]
    ) -> Wave:
        """Return a transient at its own steps, see ``Engine.wave``.

        Raises:
            InputError: as ``boards``, or a node that the deck does not have.
            SimulationFailed: no solution.
        """
        table = self._table([parameters])
        starts = np.zeros((1, self._circuit.size))
        for node, volts in start_V.items():
            if node != "0":
                starts[0, self._place(node)] = volts
        self._begin_inside(starts)
        room = _FIRST_ROOM
        while True:
            found = self._follow(
                table, [parameters], starts, end_s, longest_s=longest_s, room=room, at_rest=False
            )
            steps = int(found.outcome[0, 1])
            if steps <= room:
                break
            room = steps
        path = np.vstack([starts, found.path[:steps]])
        times_s = np.concatenate([[0.0], found.path_s[:steps]])
        return Wave(
            times_s,
            {
                node: path[:, place].copy()
                for node, place in zip(self._nodes, self._columns.tolist(), strict=True)
                if node != "0"
            },
        )

    def _place(self, node: str) -> int:
        place = self._circuit.places.get(node)
        if place is None:
            raise InputError(f"the deck has no node {node!r}", where=self._circuit.title)
        return place

    def _starts_of(
        self, table: _Table, parameters: Sequence[Parameters], *, at_rest: bool
    ) -> _Unknowns:
        """Return where transients begin, shape (boards, unknowns)."""
        if at_rest:
            return self._points(*table, parameters, self._every, at_start=True)
        starts = np.zeros((len(parameters), self._circuit.size))
        for place, volts in self._circuit.initial_V:
            starts[:, place] = volts
        self._begin_inside(starts)
        return starts

    def _begin_inside(self, starts: _Unknowns) -> None:
        """Begin every node inside an element where the node outside does."""
        for inner, outer in self._circuit.inner:
            starts[:, inner] = starts[:, outer]

    def _follow(
        self,
        table: _Table,
        parameters: Sequence[Parameters],
        starts: _Unknowns,
        end_s: float,
        *,
        at_rest: bool,
        longest_s: float | None = None,
        times_s: Volts | None = None,
        levels_V: Sequence[float] = (),
        most: int = 1,
        room: int = 0,
    ) -> Found:
        """Run transients.

        Raises:
            SimulationFailed: a board without a solution.
        """
        numbers, boards = table
        lanes = self._lanes(numbers)
        plan = transient.Plan(
            binding=lanes.binding,
            end_s=float(end_s),
            longest_s=float(longest_s or end_s / _FEWEST_STEPS),
            error=self._step_error,
            most_V=self._most_V,
            settled=at_rest,
            times_s=np.zeros(0) if times_s is None else times_s,
            turn=max(_TURN, self._step_error),
            fine_s=np.inf if times_s is None else _FINE * float(times_s[1] - times_s[0]),
            places=self._columns,
            watched=self._columns[len(self._columns) - len(levels_V) :],
            levels_V=np.array(levels_V, float),
        )
        count, watched = len(boards), len(plan.watched)
        found = Found(
            volts=np.zeros((count, len(plan.times_s), len(plan.places))),
            crossings_s=np.zeros((count, watched, most)),
            counts=np.zeros((count, watched), np.int64),
            path_s=np.zeros(room),
            path=np.zeros((room, self._circuit.size)),
            outcome=np.zeros((count, 5), np.int64),
        )
        found.outcome[:, 2] = self._taken_again
        if count:
            course = transient.course(self._circuit.size, len(lanes.memory.charge))
            transient.transients(lanes.tables, lanes.memory, course, boards, starts, plan, found)
        failed = np.flatnonzero(found.outcome[:, 0] != transient.DONE)
        if len(failed):
            column = found.outcome[failed[0], 4]
            raise self._failure(parameters[failed[0]], column, "no transient")
        return found

    def _points(
        self,
        numbers: tuple[int, ...],
        boards: Volts,
        parameters: Sequence[Parameters],
        places: npt.NDArray[np.int64],
        *,
        at_start: bool,
    ) -> _Unknowns:
        """Solve boards from those of the deck's own values at the same case.

        Returns:
            The unknowns at places, shape (boards, places).
        """
        lanes = self._lanes(numbers)
        driven = [column for column, number in enumerate(numbers) if number in self._driven]
        cases, case = np.unique(boards[:, driven], axis=0, return_inverse=True)
        nominal = np.repeat(self._circuit.own[np.newaxis, list(numbers)], len(cases), axis=0)
        nominal[:, driven] = cases
        found, outcome = lanes.solve(
            boards,
            self._cases(lanes, nominal, driven, at_start=at_start),
            case.ravel(),
            places,
            most_V=self._most_V,
            at_start=at_start,
        )
        failed = np.flatnonzero(outcome[:, 1] < 0)
        if len(failed):
            raise self._failure(parameters[failed[0]], outcome[failed[0], 2], "no operating point")
        return found

    def _cases(
        self, lanes: CircuitLanes, boards: Volts, driven: Sequence[int], *, at_start: bool
    ) -> _Unknowns:
        """Return the unknowns of the deck's own values at cases, NaN where there is no solution.

        Args:
            lanes: of the circuit.
            boards: of the changing parameters, shape (cases, changing).
            driven: columns of those that make the cases.
            at_start: see ``CircuitLanes.solve``.
        """
        named = lanes.binding.parameters[driven].tobytes()
        keys = [named + row.tobytes() for row in boards[:, driven]]
        unknown = [number for number, key in enumerate(keys) if key not in self._starts]
        if len(self._starts) + len(unknown) > _STARTS_KEPT:
            self._starts.clear()
            unknown = list(range(len(keys)))
        if unknown:
            found, _ = lanes.solve(
                boards[unknown],
                self._own_start(at_start=at_start),
                np.zeros(len(unknown), np.int64),
                self._every,
                most_V=self._most_V,
                at_start=at_start,
            )
            self._starts |= {keys[number]: row for number, row in zip(unknown, found, strict=True)}
        return np.array([self._starts[key] for key in keys]).reshape(-1, self._circuit.size)

    def _solve_own(self, *, at_start: bool) -> _Unknowns:
        """Return the unknowns of the deck as it is written, shape (1, unknowns)."""
        nothing = np.full((1, self._circuit.size), np.nan)
        found, _ = self._lanes(()).solve(
            np.zeros((1, 0)),
            nothing,
            np.zeros(1, np.int64),
            self._every,
            most_V=self._most_V,
            at_start=at_start,
        )
        return found

    def _failure(self, chosen: Parameters, column: int, analysis: str) -> SimulationFailed:
        """Say where a board could not be solved."""
        word, devices = self._circuit.words[column], self._circuit.devices.get(column, ())
        at = f", at {', '.join(devices[:3])}" if devices else ""
        return SimulationFailed(
            f"{analysis} with {_described(chosen)}: {word!r} does not come to rest{at}",
            where=self._circuit.title,
            mend="look for a loop of gain around that node, or a path to ground that is missing",
        )


class Bound:
    """See ``realnet_hw.predict.engine.Bound``.

    Args:
        solver: of the deck.
        lanes: of its circuit, in which the other parameters are set.
        start: the unknowns where nothing is changed, shape (1, unknowns), NaN for no solution.
        changing: names of the parameters.
    """

    def __init__(
        self, solver: Solver, lanes: CircuitLanes, start: _Unknowns, changing: tuple[str, ...]
    ) -> None:
        self._solver = solver
        self._lanes = lanes
        self._start = start
        self._changing = changing
        self._lock = threading.Lock()

    def operating_points(self, values: Volts) -> Volts:
        """See ``realnet_hw.predict.engine.Bound``."""
        boards = patterns_of(values, self._changing)
        with self._lock:
            return self._solver.direct_from(self._lanes, boards, self._start, self._changing)


def _described(parameters: Mapping[str, float]) -> str:
    """Return a few of the parameters for a message."""
    shown = [f"{name} = {value:.6g}" for name, value in list(parameters.items())[:4]]
    more = len(parameters) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "") or "as it is"
