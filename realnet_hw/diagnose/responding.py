"""What a dictionary is made by, whatever a board answers with."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from realnet_hw.board import Board
from realnet_hw.diagnose.fired import FiredResponder
from realnet_hw.diagnose.responses import Array, Responder, Response
from realnet_hw.diagnose.stored import StoredResponder
from realnet_hw.diagnose.twins import Twin
from realnet_hw.diagnose.universe import Hypothesis
from realnet_hw.export.deck import Deck, Spread
from realnet_hw.predict.compiled.engine import CompiledEngine
from realnet_hw.predict.engine import Parameters


class Responding(Protocol):
    """Asks a board's faulty twins: ``responses.Responder`` is one."""

    @property
    def is_slow(self) -> bool:
        """Whether a board takes so long that little may be solved when it is asked for."""
        ...

    @property
    def deck(self) -> Deck:
        """Of the sound board."""
        ...

    @property
    def asked(self) -> str:
        """How answers come about beside the deck: the simulator, and the times of a firing."""
        ...

    @property
    def cases(self) -> Sequence[Mapping[str, float]]:
        """For each case the volts of each input, by the port's name."""
        ...

    @property
    def answers(self) -> Sequence[str]:
        """Names of what is answered, see ``answers``."""
        ...

    @property
    def spreads(self) -> Sequence[Spread]:
        """What varies from board to board: the first columns of a response's ``linear``."""
        ...

    def responses(self, hypotheses: Sequence[Hypothesis]) -> Iterator[list[Response]]:
        """Yield what boards of each hypothesis answer; nothing where there is no solution.

        The first hypothesis is the sound board.
        """
        ...

    def boards(self, found: Sequence[Twin], like: Sequence[Response]) -> Iterator[list[Response]]:
        """Yield what boards of each twin answer; nothing where there is no solution.

        Args:
            found: the boards.
            like: of each a response that its own is near to: what takes long to find out is taken
                from there.
        """
        ...

    def means(self, twin: Twin, changes: Sequence[Parameters]) -> Array:
        """Return the answers of boards of a twin, shape (changes, cases, answers).

        Raises:
            SimulationFailed: no solution.
        """
        ...


# Boards that a dictionary takes, where it is slow: for each parameter, and for each hypothesis with
# what it takes to read its deck.
_PER_PARAMETER, _PER_HYPOTHESIS = 3.0, 2.4
_TIMED = 4


def expected_s(responder: Responding, hypotheses: int) -> float:
    """Return about how long a dictionary takes on this machine as it is now, seconds.

    Args:
        responder: that makes it.
        hypotheses: how many there are.

    Raises:
        SimulationFailed: no solution for the sound board.
    """
    sound = Twin(responder.deck, {}, tuple(responder.spreads))
    responder.means(sound, [{}])  # reads the deck
    started_s = time.monotonic()
    responder.means(sound, [{}] * _TIMED)
    board_s = (time.monotonic() - started_s) / _TIMED
    boards = _PER_PARAMETER * len(responder.spreads) + _PER_HYPOTHESIS * hypotheses
    return board_s * boards


def responder_of(
    board: Board, deck: Deck, engine: CompiledEngine, cases: Sequence[Mapping[str, float]]
) -> Responding:
    """Return what asks a board, as its kind is asked.

    Args:
        board: to be asked.
        deck: of it.
        engine: the simulator.
        cases: for each case the volts of each input, by the port's name.
    """
    if board.firing is not None:
        return FiredResponder(board, deck, engine, cases)
    if board.synapses is not None:
        return StoredResponder(deck, engine, cases)
    nodes = [node for node in dict.fromkeys(deck.nodes.values()) if node != "0"]
    currents = [f"i({source.element})" for source in deck.supplies.values()]
    return Responder(deck, engine, cases, [*nodes, *currents])
