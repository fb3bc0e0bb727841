"""What is counted of drawn boards as they come, however many: nothing grows with their number.

A board's margin is how many volts its answers are away from a wrong one: the least over all that is
asked, below zero where an answer is wrong. The first boards drawn are kept whole.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from realnet_hw import records
from realnet_hw.board import Board, Case
from realnet_hw.predict.asking import Answers
from realnet_hw.predict.bands import proportion_interval

KEPT = 10_000
"""So many boards are kept whole, of more only what is counted."""

WORST = 5

# The histogram's bins are laid out by the first boards, a quarter wider to either side.
_LAID_OUT_BY, _BINS, _WIDER = 1000, 40, 0.25

_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Question:
    """An output that must lie between two values, ends excluded: itself, or its lead over others.

    Args:
        case: index of the case.
        output: index of the output.
        low_V, high_V: the ends.
        others: indices of outputs, the greatest of which is subtracted; may be none.
    """

    case: int
    output: int
    low_V: float
    high_V: float
    others: tuple[int, ...] = ()

    def margins_V(self, answers: Answers) -> _Floats:
        """Return how far inside each board is."""
        volts = answers[:, self.case, self.output]
        if self.others:
            volts = volts - answers[:, self.case, list(self.others)].max(axis=1)
        return np.minimum(volts - self.low_V, self.high_V - volts)


class Tally:
    """Boards counted as they come.

    Args:
        board: with its outputs and levels.
        cases: some or all of the board's, in the order of the answers'.
    """

    def __init__(self, board: Board, cases: Sequence[Case]) -> None:
        self._names = [port.name for port in board.outputs]
        self._questions = [
            question
            for index, case in enumerate(cases)
            for question in _questions(index, case, self._names, board)
        ]
        self._good = self._count = 0
        self._kept: list[Answers] = []
        self._waiting: list[_Floats] = []
        self._edges_V: _Floats | None = None
        self._counts = np.zeros(0, np.int64)
        self._worst: list[records.WorstBoard] = []
        self._deciding: Counter[str] = Counter()

    def add(self, answers: Answers) -> None:
        """Count boards: of each case the values, outputs first; shape (boards, cases, values)."""
        first, self._count = self._count, self._count + len(answers)
        if first < KEPT:
            self._kept.append(answers[: KEPT - first])
        if not self._questions or not len(answers):
            return
        every_V = np.stack([one.margins_V(answers) for one in self._questions], axis=1)
        deciding = every_V.argmin(axis=1)
        margins_V = every_V.min(axis=1)
        self._good += int((margins_V > 0).sum())
        self._deciding.update(
            {
                self._key(self._questions[index]): int(count)
                for index, count in zip(*np.unique(deciding, return_counts=True), strict=True)
            }
        )
        candidates = [
            records.WorstBoard(
                board=first + int(index),
                case=self._questions[deciding[index]].case,
                output=self._names[self._questions[deciding[index]].output],
                margin_V=round(float(margins_V[index]), 6),
            )
            for index in np.argsort(margins_V, kind="stable")[:WORST]
        ]
        self._worst = sorted([*self._worst, *candidates], key=lambda one: one.margin_V)[:WORST]
        self._bin(margins_V)

    @property
    def kept(self) -> Answers:
        """The first boards, whole."""
        return np.concatenate(self._kept)

    @property
    def yield_(self) -> records.Yield | None:
        """The boards whose outputs are what is asked for in every case; None if nothing is."""
        if not self._questions:
            return None
        low, high = proportion_interval(self._good, self._count)
        value = self._good / self._count
        return records.Yield(good=self._good, samples=self._count, value=value, low=low, high=high)

    @property
    def margins(self) -> records.Margins | None:
        """How far all boards are from a wrong answer; None if nothing is asked."""
        if not self._questions:
            return None
        if self._edges_V is None:
            self._lay_out()
        assert self._edges_V is not None
        return records.Margins(
            edges_V=[round(edge, 9) for edge in self._edges_V.tolist()],
            counts=self._counts.tolist(),
            deciding=dict(self._deciding.most_common()),
            worst=self._worst,
        )

    def _key(self, question: _Question) -> str:
        return f"{question.case}.{self._names[question.output]}"

    def _bin(self, margins_V: _Floats) -> None:
        if self._edges_V is None:
            self._waiting.append(margins_V)
            if self._count >= _LAID_OUT_BY:
                self._lay_out()
            return
        inner = self._edges_V[1:-1]
        self._counts += np.bincount(np.searchsorted(inner, margins_V), minlength=len(inner) + 1)

    def _lay_out(self) -> None:
        """Choose the bins, one edge of which is 0 V, and count who waits."""
        margins_V = np.concatenate(self._waiting)
        low_V, high_V = float(margins_V.min()), float(margins_V.max())
        wider_V = _WIDER * (high_V - low_V)
        width_V = max((high_V - low_V + 2 * wider_V) / _BINS, 1e-9)
        first = math.floor((low_V - wider_V) / width_V)
        last = math.ceil((high_V + wider_V) / width_V)
        edges = np.arange(first, max(last, first + 1) + 1, dtype=np.float64)
        self._edges_V = width_V * edges
        self._counts = np.zeros(len(edges) - 1, np.int64)
        self._waiting.clear()
        self._bin(margins_V)


def _questions(index: int, case: Case, names: Sequence[str], board: Board) -> Iterable[_Question]:
    """Return what a case asks, as :meth:`realnet_hw.board.Case.shown_by` does."""
    logic = board.logic
    for name, level in case.expected.items():
        if level is not None:
            low_V, high_V = (
                (logic.threshold_high_V, math.inf) if level else (-math.inf, logic.threshold_low_V)
            )
            yield _Question(index, names.index(name), low_V, high_V)
    for name, (low_V, high_V) in case.windows_V.items():
        # The ends of a window belong to it.
        ends_V = math.nextafter(low_V, -math.inf), math.nextafter(high_V, math.inf)
        yield _Question(index, names.index(name), *ends_V)
    if case.largest is not None:
        others = [n for n in names if n != case.largest and n in case.expected]
        yield _Question(
            index,
            names.index(case.largest),
            0.0 if others else -math.inf,
            math.inf,
            tuple(map(names.index, others)),
        )
