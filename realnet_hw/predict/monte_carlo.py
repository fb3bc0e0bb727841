"""Many boards, each with parts drawn from their tolerance, at every case."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from realnet_hw.export.deck import Deck
from realnet_hw.predict.engine import Engine, Parameters, Volts
from realnet_hw.predict.tolerances import draw

# Called with what is done and what is to do.
Progress = Callable[[int, int], None]
_BOARDS_PER_CALL = 25


def monte_carlo(
    deck: Deck,
    engine: Engine,
    cases: Sequence[Parameters],
    nodes: Sequence[str],
    *,
    samples: int,
    seed: int,
    progress: Progress | None = None,
) -> Volts:
    """Solve every case of every drawn board.

    Args:
        deck: with its spreads.
        engine: the simulator.
        cases: for each case, the sources' volts by element.
        nodes: of the deck.
        samples: number of boards.
        seed: of the draw; the same seed draws the same boards for whoever asks.
        progress: told after each few boards.

    Returns:
        Volts, shape (samples, cases, nodes).

    Raises:
        InputError: a parameter or node that the deck does not have.
        SimulationFailed: a board for which there is no solution.
    """
    boards = draw(deck.spreads, samples, seed)
    volts = np.empty((samples, len(cases), len(nodes)))
    for start in range(0, samples, _BOARDS_PER_CALL):
        some = boards[start : start + _BOARDS_PER_CALL]
        sets = [{**board, **case} for board in some for case in cases]
        solved = engine.operating_point(deck, sets, nodes)
        volts[start : start + len(some)] = solved.reshape(len(some), len(cases), len(nodes))
        if progress:
            progress(start + len(some), samples)
    return volts
