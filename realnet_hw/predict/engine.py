"""What a simulator must be able to do, whichever it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from realnet_hw.errors import InputError
from realnet_hw.export.deck import Deck

Volts: TypeAlias = npt.NDArray[np.float64]
Parameters: TypeAlias = Mapping[str, float]


@dataclass(frozen=True)
class Wave:
    """A transient of one board at the simulator's own time steps, short where a voltage bends.

    Args:
        times_s: from 0 on, rising, shape (points).
        volts: of every node, those inside subcircuits too (``"xu1.state"``), each of shape
            (points).
    """

    times_s: Volts
    volts: Mapping[str, Volts]


class Bound(Protocol):
    """A deck of which only some parameters change, see ``Engine.bound``."""

    def operating_points(self, values: Volts) -> Volts:
        """Return the direct voltages of patterns; no answer depends on another one.

        Args:
            values: of the changing parameters, shape (patterns, changing).

        Returns:
            Shape (patterns, nodes).

        Raises:
            InputError: values of another shape or that are not finite.
            SimulationFailed: a pattern without a solution.
        """
        ...


class Engine(Protocol):
    """A simulator.

    ``parameters`` are sets of changes to the deck, each parameter as in ``Spread.parameter`` or a
    source's element (``"v_x1"``); what a set leaves out has the deck's own value. Calls are
    independent of each other, and each operating point is solved anew, so that an answer never
    depends on what was asked before. ``nodes`` are nodes of the deck (``Deck.nodes`` values), or
    ``"i(v_p12v)"`` for the current in amperes that flows from a source's first node into it.

    Each method raises ``InputError`` for a parameter or node that the deck does not have and
    ``SimulationFailed`` where no solution was found.
    """

    @property
    def name(self) -> str:
        """The simulator, ``"ngspice"``."""
        ...

    @property
    def version(self) -> str:
        """Its version, ``"46"``."""
        ...

    def operating_point(
        self, deck: Deck, parameters: Sequence[Parameters], nodes: Sequence[str]
    ) -> Volts:
        """Return the direct voltages, shape (parameter sets, nodes)."""
        ...

    def bound(
        self,
        deck: Deck,
        parameters: Parameters,
        *,
        changing: Sequence[str],
        nodes: Sequence[str],
    ) -> Bound:
        """Return a deck for many operating points that only a few parameters tell apart.

        Args:
            deck: of the board.
            parameters: one set, which holds for all of them.
            changing: parameters that each pattern gives anew, none of them twice.
            nodes: that are wanted.
        """
        ...

    def sensitivities(
        self,
        deck: Deck,
        parameters: Sequence[Parameters],
        nodes: Sequence[str],
        *,
        names: Sequence[str],
    ) -> Volts:
        """Return how the direct voltages answer to small changes of parameters.

        Args:
            deck: of the board.
            parameters: sets.
            nodes: that answer.
            names: parameters to differentiate for, each once.

        Returns:
            Volts for each unit of a parameter, shape (parameter sets, nodes, names).
        """
        ...

    def sweep(
        self,
        deck: Deck,
        parameters: Sequence[Parameters],
        nodes: Sequence[str],
        *,
        source: str,
        values: Sequence[float],
    ) -> Volts:
        """Return the direct voltages with one parameter at each of ``values``.

        Returns:
            Shape (parameter sets, values, nodes).
        """
        ...

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
        """Return the voltages at 0, ``step_s``, ... ``end_s``.

        It starts at the operating point, or, with ``use_initial_conditions``, at the initial
        conditions written in the deck (0 V where none is).

        Returns:
            Shape (parameter sets, times, nodes).
        """
        ...

    def wave(
        self,
        deck: Deck,
        parameters: Parameters,
        *,
        end_s: float,
        step_s: float,
        start_V: Mapping[str, float],
    ) -> Wave:
        """Return a transient of one board, every node of it, from given voltages on.

        What ends one wave can start another: the voltages of all nodes are the board's state.

        Args:
            deck: of the board.
            parameters: one set.
            end_s: its length.
            step_s: its longest step.
            start_V: volts by node at time 0; 0 V where a node is not named.
        """
        ...


class PlainBound:
    """A bound deck of an engine that has no faster way than its operating points.

    Args:
        engine: that solves.
        deck, parameters, changing, nodes: see ``Engine.bound``.

    Raises:
        InputError: a parameter that changes twice.
    """

    def __init__(
        self,
        engine: Engine,
        deck: Deck,
        parameters: Parameters,
        changing: Sequence[str],
        nodes: Sequence[str],
    ) -> None:
        refuse_twice(changing)
        self._engine = engine
        self._deck = deck
        self._parameters = dict(parameters)
        self._changing = tuple(changing)
        self._nodes = tuple(nodes)

    def operating_points(self, values: Volts) -> Volts:
        """See ``Bound``."""
        patterns = patterns_of(values, self._changing)
        sets = [
            {**self._parameters, **dict(zip(self._changing, row, strict=True))}
            for row in patterns.tolist()
        ]
        return self._engine.operating_point(self._deck, sets, self._nodes)


# Of a parameter, and of a volt at least: far above what a simulator's tolerances leave.
_DIFFERENCE, _SOURCE_DIFFERENCE_V = 1e-3, 1e-4


def by_differences(
    engine: Engine,
    deck: Deck,
    parameters: Sequence[Parameters],
    nodes: Sequence[str],
    names: Sequence[str],
) -> Volts:
    """Return what ``Engine.sensitivities`` does, by central differences of operating points.

    Parameters that ``parameters`` and ``deck.spreads`` give no value are not known here.

    Raises:
        InputError: a parameter named twice, or of which no value is known.
        SimulationFailed: no solution.
    """
    refuse_twice(names)
    own = {spread.parameter: spread.nominal for spread in deck.spreads}
    found = np.empty((len(parameters), len(nodes), len(names)))
    for number, chosen in enumerate(parameters):
        values = {**own, **chosen}
        if unknown := [name for name in names if name not in values]:
            raise InputError(f"no value of {unknown[0]!r}", where=deck.title)
        sizes = {name: abs(values[name]) for name in names}
        steps = {
            name: _SOURCE_DIFFERENCE_V * max(size, 1.0)
            if name.startswith(("v", "i"))
            else _DIFFERENCE * size
            for name, size in sizes.items()
        }
        moved = [
            {**chosen, name: values[name] + sign * steps[name]}
            for name in names
            for sign in (1, -1)
        ]
        volts = engine.operating_point(deck, moved, nodes).reshape(len(names), 2, len(nodes))
        twice = 2 * np.array(list(steps.values()))
        found[number] = (volts[:, 0] - volts[:, 1]).T / twice
    return found


def refuse_twice(changing: Sequence[str]) -> None:
    """Raise InputError where a parameter is named twice."""
    if twice := [name for place, name in enumerate(changing) if name in changing[:place]]:
        raise InputError(f"{twice[0]!r} is to change twice", allowed="each parameter once")


def patterns_of(values: Volts, changing: Sequence[str]) -> Volts:
    """Return values as numbers of shape (patterns, changing).

    Raises:
        InputError: they are not of that shape, or not finite.
    """
    patterns = np.ascontiguousarray(values, float)
    if patterns.ndim != 2 or patterns.shape[1] != len(changing):
        raise InputError(
            f"values of shape {patterns.shape}", allowed=f"(patterns, {len(changing)})"
        )
    if not np.isfinite(patterns).all():
        raise InputError("a parameter that is no finite number")
    return patterns
