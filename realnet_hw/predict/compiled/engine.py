"""The compiled engine, see :class:`realnet_hw.predict.engine.Engine`.

A drawn board is solved from the solution of the deck's own values at the same inputs, which is a
few of Newton's steps away. So an answer is the same whatever else is asked for.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from realnet_hw import __version__
from realnet_hw.errors import InputError, SimulationFailed
from realnet_hw.export.deck import Deck
from realnet_hw.predict.engine import Parameters, Volts, Wave

if TYPE_CHECKING:
    from realnet_hw.predict.compiled.circuit import Circuit
    from realnet_hw.predict.compiled.kernels.transient import Found

# No unknown moves further in one of Newton's steps than this share of the largest source.
_MOST_SHARE, _LEAST_MOST_V = 1.5, 5.0
_CIRCUITS_KEPT = 16
# So many boards are computed in one call, so that memory does not grow with their number.
_BOARDS_PER_CALL = 2048
_BOARDS_AT_ONCE = 128
# A transient has so many steps at least; each may be wrong by this share of a voltage.
_FEWEST_STEPS, _STEP_ERROR = 50, 3e-6
_FIRST_ROOM = 4096


class CompiledEngine:
    """Our own simulator; see :class:`realnet_hw.predict.engine.Engine` for the methods."""

    def __init__(self) -> None:
        self._kept = functools.lru_cache(maxsize=_CIRCUITS_KEPT)(_solver)
        # The memory of a circuit's lanes is for one caller at a time.
        self._lock = threading.RLock()

    @property
    def name(self) -> str:
        """See ``Engine``."""
        return "compiled"

    @property
    def version(self) -> str:
        """That of this package."""
        return __version__

    def operating_point(
        self, deck: Deck, parameters: Sequence[Parameters], nodes: Sequence[str]
    ) -> Volts:
        """See ``Engine``."""
        with self._solver(deck, nodes, charged=False) as solver:
            return solver.direct(parameters)

    def sweep(
        self,
        deck: Deck,
        parameters: Sequence[Parameters],
        nodes: Sequence[str],
        *,
        source: str,
        values: Sequence[float],
    ) -> Volts:
        """See ``Engine``; every point is solved anew."""
        every = [{**chosen, source: value} for chosen in parameters for value in values]
        volts = self.operating_point(deck, every, nodes)
        return volts.reshape(len(parameters), len(values), len(nodes))

    def transient(
        self,
        deck: Deck,
        parameters: Sequence[Parameters],
        nodes: Sequence[str],
        *,
        end_s: float,
        step_s: float,
        use_initial_conditions: bool = False,
    ) -> Volts:
        """See ``Engine``; interpolated between the engine's own steps.

        Raises:
            InputError: step or end not above zero, or the step longer than the whole.
        """
        if not 0 < step_s <= end_s:
            raise InputError(f"a step of {step_s} s to {end_s} s", allowed="0 < step <= end")
        times = np.linspace(0.0, round(end_s / step_s) * step_s, round(end_s / step_s) + 1)
        with self._solver(deck, nodes, charged=True) as solver:
            return solver.transient(parameters, times, end_s, at_rest=not use_initial_conditions)

    def crossings(
        self,
        deck: Deck,
        parameters: Sequence[Parameters],
        watched: Sequence[tuple[str, float]],
        *,
        end_s: float,
        use_initial_conditions: bool = False,
        most: int = 64,
    ) -> list[list[list[float]]]:
        """Return when nodes cross levels, found inside the steps of a transient.

        Args:
            deck: of the board.
            parameters: see ``Engine``.
            watched: nodes and levels in volts.
            end_s: length of the transient, seconds.
            use_initial_conditions: see ``Engine.transient``.
            most: crossings of each node that there is room for.

        Returns:
            For each parameter set and each watched node the times, rising; those of downward
            crossings are negative.

        Raises:
            InputError: a parameter or node that the deck does not have.
            SimulationFailed: no solution, or more crossings than there is room for.
        """
        levels = [level for _, level in watched]
        at_rest = not use_initial_conditions
        with self._solver(deck, [node for node, _ in watched], charged=True) as solver:
            return solver.crossings(parameters, levels, end_s, most, at_rest=at_rest)

    def wave(
        self,
        deck: Deck,
        parameters: Parameters,
        *,
        end_s: float,
        step_s: float,
        start_V: Mapping[str, float],
    ) -> Wave:
        """See ``Engine``.

        Raises:
            InputError: step or end not above zero.
        """
        if not (step_s > 0 and end_s > 0):
            raise InputError(f"a step of {step_s} s to {end_s} s", allowed="above zero")
        with self._solver(deck, None, charged=True) as solver:
            return solver.wave(parameters, end_s, min(step_s, end_s), start_V)

    @contextlib.contextmanager
    def _solver(
        self, deck: Deck, nodes: Sequence[str] | None, *, charged: bool
    ) -> Iterator[Solver]:
        """Give a deck's solver for some nodes, or for all, to one caller at a time."""
        asked = None if nodes is None else tuple(nodes)
        with self._lock:
            yield self._kept(deck.text(), _driven(deck), asked, charged=charged)


def _driven(deck: Deck) -> tuple[str, ...]:
    """Return the sources that cases set."""
    return tuple(source.element for source in (*deck.inputs.values(), *deck.drivers.values()))


def _solver(
    text: str, driven: tuple[str, ...], nodes: tuple[str, ...] | None, *, charged: bool
) -> Solver:
    """Return a deck ready to be solved for some nodes, or for all."""
    from realnet_hw.predict.compiled import cards, circuit

    flat = cards.read(text)
    if nodes is None:
        nodes = tuple(dict.fromkeys(node for one in flat.elements for node in one.nodes))
    asked = [node for node in dict.fromkeys(nodes) if node != "0"]
    return Solver(circuit.assemble(flat, asked, charged=charged), driven, nodes)


class Solver:
    """A circuit, the memory to solve it in, and the solutions that boards start from.

    Args:
        circuit: as tables.
        driven: parameters that make cases: boards start from the deck's own at the same case.
        nodes: what is asked for.
    """

    def __init__(self, circuit: Circuit, driven: Sequence[str], nodes: Sequence[str]) -> None:
        from realnet_hw.predict.compiled.kernels import memory

        self._circuit = circuit
        self._nodes = nodes
        self._driven = [circuit.parameters[name] for name in driven if name in circuit.parameters]
        self._columns = np.array(
            [circuit.places.get(node, circuit.size - 1) for node in nodes], np.int64
        )
        self._lanes = memory.lanes(circuit.tables, circuit.size, len(circuit.own))
        self._most_V = max(_LEAST_MOST_V, _MOST_SHARE * circuit.span_V)
        self._starts: dict[bytes, npt.NDArray[np.float64] | None] = {}

    def boards(self, parameters: Sequence[Parameters]) -> npt.NDArray[np.float64]:
        """Return all parameters of boards, shape (boards, parameters).

        Raises:
            InputError: a parameter that the deck does not have, or a value that it can't have.
        """
        boards = np.repeat(self._circuit.own[np.newaxis], len(parameters), axis=0)
        place = 0
        while place < len(parameters):
            names = tuple(parameters[place])
            end = place + 1
            while end < len(parameters) and tuple(parameters[end]) == names:
                end += 1
            rows = [list(chosen.values()) for chosen in parameters[place:end]]
            if names:
                boards[place:end, [self._number(name) for name in names]] = rows
            place = end
        if not np.isfinite(boards).all():
            raise InputError("a parameter that is no finite number", where=self._circuit.title)
        return boards

    def _number(self, name: str) -> int:
        number = self._circuit.parameters.get(name)
        if number is None:
            raise InputError(f"the deck has no parameter {name!r}")
        return number

    def direct(self, parameters: Sequence[Parameters]) -> Volts:
        """Return operating points, shape (boards, nodes).

        Raises:
            InputError: as ``boards``.
            SimulationFailed: a board without a solution.
        """
        volts = np.empty((len(parameters), len(self._columns)))
        for first in range(0, len(parameters), _BOARDS_PER_CALL):
            some = parameters[first : first + _BOARDS_PER_CALL]
            found = self._points(self.boards(some), some, at_start=False)
            volts[first : first + len(some)] = found[:, self._columns]
        return volts

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
            starts = self._starts_of(some, at_rest=at_rest)
            found = self._follow(some, starts, end_s, times_s=times_s, at_rest=at_rest)
            volts[first : first + len(some)] = found.volts
            volts[first : first + len(some), 0] = starts[:, self._columns]
        return volts

    def crossings(
        self,
        parameters: Sequence[Parameters],
        levels_V: Sequence[float],
        end_s: float,
        most: int,
        *,
        at_rest: bool,
    ) -> list[list[list[float]]]:
        """Return when the nodes cross levels, see ``CompiledEngine.crossings``.

        Raises:
            InputError: as ``boards``.
            SimulationFailed: a board without a solution, or with more crossings than ``most``.
        """
        every = []
        for first in range(0, len(parameters), _BOARDS_AT_ONCE):
            some = parameters[first : first + _BOARDS_AT_ONCE]
            starts = self._starts_of(some, at_rest=at_rest)
            found = self._follow(some, starts, end_s, levels_V=levels_V, most=most, at_rest=at_rest)
            for times, counts in zip(found.crossings_s, found.counts, strict=True):
                if counts.max(initial=0) > most:
                    node = self._nodes[int(counts.argmax())]
                    raise SimulationFailed(
                        f"{node} crosses its level {counts.max()} times",
                        where=self._circuit.title,
                        allowed=f"at most {most}",
                    )
                every.append(
                    [own[:count].tolist() for own, count in zip(times, counts, strict=True)]
                )
        return every

    def wave(
        self, parameters: Parameters, end_s: float, longest_s: float, start_V: Mapping[str, float]
    ) -> Wave:
        """Return a transient at its own steps, see ``Engine.wave``.

        Raises:
            InputError: as ``boards``, or a node that the deck does not have.
            SimulationFailed: no solution.
        """
        starts = self._starts_of([parameters], at_rest=False)
        starts[0] = 0.0
        for node, volts in start_V.items():
            if node != "0":
                starts[0, self._place(node)] = volts
        self._begin_inside(starts)
        room = _FIRST_ROOM
        while True:
            found = self._follow(
                [parameters], starts, end_s, longest_s=longest_s, room=room, at_rest=False
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
        self, parameters: Sequence[Parameters], *, at_rest: bool
    ) -> npt.NDArray[np.float64]:
        """Return where transients begin, shape (boards, unknowns)."""
        boards = self.boards(parameters)
        if at_rest:
            return self._points(boards, parameters, at_start=True)
        starts = np.zeros((len(boards), self._circuit.size))
        for place, volts in self._circuit.initial_V:
            starts[:, place] = volts
        self._begin_inside(starts)
        return starts

    def _begin_inside(self, starts: npt.NDArray[np.float64]) -> None:
        """Begin every node inside an element where the node outside does."""
        for inner, outer in self._circuit.inner:
            starts[:, inner] = starts[:, outer]

    def _follow(
        self,
        parameters: Sequence[Parameters],
        starts: npt.NDArray[np.float64],
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
            InputError: as ``boards``.
            SimulationFailed: a board without a solution.
        """
        from realnet_hw.predict.compiled.kernels import transient

        boards = self.boards(parameters)
        plan = transient.Plan(
            end_s=float(end_s),
            longest_s=float(longest_s or end_s / _FEWEST_STEPS),
            error=_STEP_ERROR,
            most_V=self._most_V,
            settled=at_rest,
            times_s=np.zeros(0) if times_s is None else times_s,
            places=self._columns,
            watched=self._columns if levels_V else self._columns[:0],
            levels_V=np.array(levels_V, float),
        )
        count, watched = len(boards), len(plan.watched)
        found = transient.Found(
            volts=np.zeros((count, len(plan.times_s), len(plan.places))),
            crossings_s=np.zeros((count, watched, most)),
            counts=np.zeros((count, watched), np.int64),
            path_s=np.zeros(room),
            path=np.zeros((room, self._circuit.size)),
            outcome=np.zeros((count, 5), np.int64),
        )
        if count:
            tables = self._circuit.tables
            course = transient.course(self._circuit.size, len(self._lanes.charge))
            transient.transients(tables, self._lanes, course, boards, starts, plan, found)
        self.effort = found.outcome
        failed = np.flatnonzero(found.outcome[:, 0] != transient.DONE)
        if len(failed):
            column = found.outcome[failed[0], 4]
            raise self._failure(parameters[failed[0]], column, "no transient")
        return found

    def _points(
        self,
        boards: npt.NDArray[np.float64],
        parameters: Sequence[Parameters],
        *,
        at_start: bool,
    ) -> npt.NDArray[np.float64]:
        """Solve boards from those of the deck's own values at the same case."""
        cases, case = np.unique(boards[:, self._driven], axis=0, return_inverse=True)
        keys = [one.tobytes() for one in cases]
        unknown = [number for number, key in enumerate(keys) if key not in self._starts]
        if unknown:
            own = np.repeat(self._circuit.own[np.newaxis], len(unknown), axis=0)
            own[:, self._driven] = cases[unknown]
            found, outcome = self._run(own, None, np.full(len(own), -1), at_start=at_start)
            for number, solution, way in zip(unknown, found, outcome[:, 1], strict=True):
                self._starts[keys[number]] = solution if way >= 0 else None
        starts = [self._starts[key] for key in keys]
        solved = [start for start in starts if start is not None]
        numbers = iter(range(len(solved)))
        origins = np.array([-1 if start is None else next(numbers) for start in starts])
        found, outcome = self._run(
            boards, np.array(solved) if solved else None, origins[case.ravel()], at_start=at_start
        )
        failed = np.flatnonzero(outcome[:, 1] < 0)
        if len(failed):
            raise self._failure(parameters[failed[0]], outcome[failed[0], 2], "no operating point")
        return found

    def _run(
        self,
        boards: npt.NDArray[np.float64],
        starts: npt.NDArray[np.float64] | None,
        origins: npt.NDArray[np.int64],
        *,
        at_start: bool,
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        from realnet_hw.predict.compiled.kernels import direct

        found = np.zeros((len(boards), self._circuit.size))
        outcome = np.zeros((len(boards), 3), np.int64)
        if starts is None:
            starts = np.zeros((1, self._circuit.size))
        if len(boards):
            job = direct.Job(
                boards=boards,
                starts=starts,
                origins=origins.astype(np.int64),
                direct=not at_start,
                most_V=self._most_V,
                found=found,
                outcome=outcome,
            )
            state = direct.search(self._circuit.size)
            direct.operating_points(self._circuit.tables, self._lanes, state, job)
        self.effort = outcome
        return found, outcome

    def _failure(self, chosen: Parameters, column: int, analysis: str) -> SimulationFailed:
        """Say where a board could not be solved."""
        word, devices = self._circuit.words[column], self._circuit.devices.get(column, ())
        at = f", at {', '.join(devices[:3])}" if devices else ""
        return SimulationFailed(
            f"{analysis} with {_described(chosen)}: {word!r} does not come to rest{at}",
            where=self._circuit.title,
            mend="look for a loop of gain around that node, or a path to ground that is missing",
        )


def _described(parameters: Mapping[str, float]) -> str:
    """Return a few of the parameters for a message."""
    shown = [f"{name} = {value:.6g}" for name, value in list(parameters.items())[:4]]
    more = len(parameters) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "") or "as it is"
