"""The compiled engine, see :class:`realnet_hw.predict.engine.Engine`."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from realnet_hw import __version__
from realnet_hw.errors import InputError, SimulationFailed
from realnet_hw.export.deck import Deck
from realnet_hw.predict.engine import Bound, Parameters, Volts, Wave

if TYPE_CHECKING:
    from realnet_hw.predict.compiled.solver import Passed, Solver

_CIRCUITS_KEPT = 16


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

    def bound(
        self,
        deck: Deck,
        parameters: Parameters,
        *,
        changing: Sequence[str],
        nodes: Sequence[str],
    ) -> Bound:
        """See ``Engine``; boards start from the solution where nothing is changed."""
        with self._solver(deck, nodes, charged=False) as solver:
            return solver.bound(parameters, changing)

    def sensitivities(
        self,
        deck: Deck,
        parameters: Sequence[Parameters],
        nodes: Sequence[str],
        *,
        names: Sequence[str],
    ) -> Volts:
        """See ``Engine``; by the adjoint equations."""
        with self._solver(deck, nodes, charged=False) as solver:
            return solver.sensitivities(parameters, names)

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
        found = self.passed(
            deck,
            parameters,
            (),
            watched,
            end_s=end_s,
            use_initial_conditions=use_initial_conditions,
            most=most,
        )
        often = found.counts.max(axis=0, initial=0)
        if often.max(initial=0) > most:
            raise SimulationFailed(
                f"{watched[int(often.argmax())][0]} crosses its level {often.max()} times",
                where=deck.title,
                allowed=f"at most {most}",
            )
        return found.crossings_s

    def passed(
        self,
        deck: Deck,
        parameters: Sequence[Parameters],
        nodes: Sequence[str],
        watched: Sequence[tuple[str, float]],
        *,
        end_s: float,
        use_initial_conditions: bool = False,
        most: int = 64,
    ) -> Passed:
        """Return where nodes are at the end of a transient, and when others crossed levels.

        Args:
            deck, parameters, watched, end_s, use_initial_conditions: as in ``crossings``.
            nodes: whose voltages at the end are wanted; those watched come after them.
            most: crossings of each node that are told.

        Raises:
            InputError: a parameter or node that the deck does not have.
            SimulationFailed: no solution.
        """
        every = (*nodes, *(node for node, _ in watched))
        levels = [level for _, level in watched]
        at_rest = not use_initial_conditions
        with self._solver(deck, every, charged=True) as solver:
            return solver.passed(parameters, levels, end_s, most, at_rest=at_rest)

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
    from realnet_hw.predict.compiled.solver import Solver

    flat = cards.read(text)
    if nodes is None:
        nodes = tuple(dict.fromkeys(node for one in flat.elements for node in one.nodes))
    asked = [node for node in dict.fromkeys(nodes) if node != "0"]
    tables = circuit.assemble(flat, asked, charged=charged)
    return Solver(tables, driven, nodes, reltol=flat.reltol)
