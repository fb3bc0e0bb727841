"""What a simulator must be able to do, whichever it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

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
