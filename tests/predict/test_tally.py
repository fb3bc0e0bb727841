"""Boards counted as they come are those counted one by one."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from realnet_hw.board import Board, Case
from realnet_hw.predict import tally as tallies
from realnet_hw.predict.asking import Answers
from realnet_hw.predict.tally import KEPT, WORST, Tally
from tests.predict.boards import board_of

NAMES = ("P", "Q", "R")
ASKED = {
    "levels": Case({"A": 0.0}, {"P": 1, "Q": 0, "R": None}),
    "windows": Case({"A": 0.0}, dict.fromkeys(NAMES), windows_V={"P": (0.5, 4.0), "R": (0.0, 3.0)}),
    "largest": Case({"A": 0.0}, dict.fromkeys(NAMES), largest="Q"),
}


def board_asking(*kinds: str) -> Board:
    cases = tuple(ASKED[kind] for kind in kinds)
    return dataclasses.replace(board_of(["A"], NAMES), cases=cases)


def answers(boards: int, cases: int, seed: int = 0) -> Answers:
    """Volts of the outputs and of one test point, some of them right at a threshold."""
    volts = np.random.default_rng(seed).normal(2.5, 2.0, (boards, cases, 4))
    volts[::7] = volts[::7].round(1)
    volts[::11, :, 0], volts[::13, :, 2] = 0.5, 3.0
    return volts


def counted(board: Board, boards: Answers, *cuts: int) -> Tally:
    tally = Tally(board, board.cases)
    for part in np.split(boards, cuts):
        tally.add(part)
    return tally


@pytest.mark.parametrize("kinds", [("levels",), ("windows",), ("largest",), tuple(ASKED)])
def test_a_good_board_is_one_that_shows_every_case(kinds: tuple[str, ...]) -> None:
    board = board_asking(*kinds)
    drawn = answers(900, len(kinds))
    shown = [
        all(
            case.shown_by(dict(zip(NAMES, volts, strict=False)), board.logic)
            for case, volts in zip(board.cases, one.tolist(), strict=True)
        )
        for one in drawn
    ]
    found = counted(board, drawn, 300).yield_
    assert found is not None
    assert (found.good, found.samples) == (sum(shown), 900)
    assert found.low <= found.value <= found.high


def test_margins_are_distances_to_a_wrong_answer() -> None:
    board = board_asking("levels", "largest")
    # Thresholds are 1.5 V and 3.5 V: P is 0.5 V above, Q 0.3 V below, then Q leads R by 0.1 V.
    drawn = np.array([[[4.0, 1.2, 9.0], [0.0, 2.0, 1.9]], [[3.0, 0.0, 9.0], [0.0, 2.0, 0.0]]])
    found = counted(board, drawn).margins
    assert found is not None
    assert [(one.board, one.case, one.output) for one in found.worst] == [(1, 0, "P"), (0, 1, "Q")]
    assert [one.margin_V for one in found.worst] == pytest.approx([-0.5, 0.1])
    assert found.deciding == {"0.P": 1, "1.Q": 1}


def test_the_histogram_holds_every_board_and_tells_right_from_wrong() -> None:
    board = board_asking(*ASKED)
    drawn = answers(3000, 3)
    tally = counted(board, drawn, 10, 400, 1500)
    found = tally.margins
    assert found is not None
    assert tally.yield_ is not None
    assert sum(found.counts) == sum(found.deciding.values()) == 3000
    assert np.diff(found.edges_V) == pytest.approx(found.edges_V[1] - found.edges_V[0])
    right = sum(n for n, low in zip(found.counts, found.edges_V, strict=False) if low > -1e-12)
    # A board whose margin is nothing is in the bin below 0 V.
    assert right == tally.yield_.good


def test_chunks_of_any_size_count_the_same() -> None:
    board = board_asking(*ASKED)
    drawn = answers(2500, 3, seed=5)
    one, other = counted(board, drawn, 1000, 2000), counted(board, drawn, *range(25, 2500, 25))
    assert one.margins == other.margins
    assert one.yield_ == other.yield_
    assert one.margins is not None
    assert len(one.margins.worst) == WORST


def test_no_more_than_the_first_boards_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    assert KEPT >= 1000
    monkeypatch.setattr(tallies, "KEPT", 70)
    drawn = answers(200, 1)
    tally = counted(board_asking("levels"), drawn, 50, 100)
    assert np.array_equal(tally.kept, drawn[:70])
    assert tally.yield_ is not None
    assert tally.yield_.samples == 200


def test_where_nothing_is_asked_there_is_no_yield() -> None:
    board = board_of(["A"], NAMES)
    tally = counted(board, answers(5, 1))
    assert tally.yield_ is None
    assert tally.margins is None
    assert len(tally.kept) == 5
