"""Many boards, each with parts drawn from their tolerance, at every case.

They are asked in chunks of successive boards. A chunk's answers depend on nothing but the run and
the boards' numbers, so whoever computes it, in whatever order, they are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from realnet_hw.export.deck import Deck
from realnet_hw.predict.asking import Answers, Asking
from realnet_hw.predict.engine import Engine, Parameters
from realnet_hw.predict.tolerances import drawn_boards

# Called with what is done and what is to do.
Progress = Callable[[int, int], None]
# A chunk is a small share of all boards, so that progress is seen; a large one costs less.
_FEWEST, _MOST, _CHUNKS = 25, 2000, 40


@dataclass(frozen=True)
class Run:
    """Boards to draw and to ask: all that another process must know.

    Args:
        deck: with its spreads.
        asking: how a board is asked.
        cases: for each case, the sources' volts by element.
        samples: number of boards.
        seed: of the draw; the same seed draws the same boards for whoever asks.
    """

    deck: Deck
    asking: Asking
    cases: Sequence[Parameters]
    samples: int
    seed: int

    @property
    def values(self) -> int:
        """How many values a board answers at each case."""
        return len(self.asking.voltages) + len(self.asking.pulses)

    def chunks(self) -> list[range]:
        """Return the numbers of the boards, chunk by chunk."""
        size = min(max(_FEWEST, self.samples // _CHUNKS), _MOST)
        starts = range(0, self.samples, size)
        return [range(start, min(start + size, self.samples)) for start in starts]

    def answers(self, engine: Engine, boards: range) -> Answers:
        """Return what a chunk answers, shape (boards, cases, values).

        Raises:
            InputError: a parameter or node that the deck does not have.
            SimulationFailed: a board for which there is no solution.
        """
        drawn = drawn_boards(self.deck.spreads, boards, self.seed)
        found = self.asking.of_boards(self.deck, engine, drawn, self.cases)
        assert found.shape == (len(boards), len(self.cases), self.values)
        return found


@runtime_checkable
class Crew(Protocol):
    """An engine that has several chunks computed at a time."""

    def chunks(self, run: Run) -> Iterator[Answers]:
        """Yield the answers of every chunk of a run, in order."""
        ...


def streamed(run: Run, engine: Engine, progress: Progress | None = None) -> Iterator[Answers]:
    """Yield what drawn boards answer, some boards at a time: shape (boards, cases, values).

    No more of them is kept in memory than a few chunks, however many boards there are.

    Args:
        run: the boards.
        engine: the simulator.
        progress: told after each chunk.

    Raises:
        InputError: a parameter or node that the deck does not have.
        SimulationFailed: a board for which there is no solution.
    """
    if isinstance(engine, Crew):
        found = engine.chunks(run)
    else:
        found = (run.answers(engine, boards) for boards in run.chunks())
    done = 0
    for answers in found:
        yield answers
        done += len(answers)
        if progress:
            progress(done, run.samples)


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
    """Ask every drawn board every case, and keep all answers.

    Args:
        deck, asking, cases, samples, seed: see ``Run``.
        engine: the simulator.
        progress: told after each few boards.

    Returns:
        Shape (samples, cases, values).

    Raises:
        InputError: a parameter or node that the deck does not have.
        SimulationFailed: a board for which there is no solution.
    """
    run = Run(deck, asking, cases, samples, seed)
    none = np.empty((0, len(cases), run.values))
    return np.concatenate([none, *streamed(run, engine, progress)])
