"""Many boards, each with parts drawn from their tolerance, at every case."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from realnet_hw.export.deck import Deck
from realnet_hw.predict.asking import Answers, Asking
from realnet_hw.predict.engine import Engine, Parameters
from realnet_hw.predict.tolerances import draw

# Called with what is done and what is to do.
Progress = Callable[[int, int], None]
_BOARDS_PER_CALL = 25


def monte_carlo(
    deck: Deck,
    engine: Engine,
    asking: Asking,
    cases: Sequence[Parameters],
    *,
    samples: int,
    seed: int,
    progress: Progress | None = None,
) -> Answers:
    """Ask every drawn board every case.

    Args:
        deck: with its spreads.
        engine: the simulator.
        asking: how a board is asked.
        cases: for each case, the sources' volts by element.
        samples: number of boards.
        seed: of the draw; the same seed draws the same boards for whoever asks.
        progress: told after each few boards.

    Returns:
        Shape (samples, cases, values).

    Raises:
        InputError: a parameter or node that the deck does not have.
        SimulationFailed: a board for which there is no solution.
    """
    boards = draw(deck.spreads, samples, seed)
    values = len(asking.voltages) + len(asking.pulses)
    answers = np.empty((samples, len(cases), values))
    for start in range(0, samples, _BOARDS_PER_CALL):
        some = boards[start : start + _BOARDS_PER_CALL]
        sets = [{**board, **case} for board in some for case in cases]
        solved = asking.answers(deck, engine, sets)
        answers[start : start + len(some)] = solved.reshape(len(some), len(cases), values)
        if progress:
            progress(start + len(some), samples)
    return answers
