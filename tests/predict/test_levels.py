"""Where the other inputs are held: on circuits whose answer is a formula."""

from __future__ import annotations

import dataclasses

import pytest

from realnet_hw.board import Board, Case, Port
from realnet_hw.errors import InputError
from realnet_hw.export.deck import Deck
from realnet_hw.predict.curves import curves_shown
from realnet_hw.predict.levels import most_telling, responses
from realnet_hw.predict.ngspice import NgspiceEngine
from tests.predict.boards import board_of, deck_of

THREE = ["X1", "X2", "X3"]
MAJORITY = deck_of(THREE, ["Y"], "b1 y 0 v=2.5+2.5*tanh(2*(v(x1)+v(x2)+v(x3)-7.5))")


def weighted(count: int) -> tuple[Board, Deck]:
    """A sum in which input n weighs n hundredths."""
    names = [f"X{number}" for number in range(1, count + 1)]
    terms = "+".join(f"{number / 100}*v(x{number})" for number in range(1, count + 1))
    return board_of(names, ["Y"]), deck_of(names, ["Y"], f"b1 y 0 v={terms}")


def test_a_majority_shows_where_the_others_disagree(engine: NgspiceEngine) -> None:
    """With both others low or both high, the output of a majority does not move."""
    found = responses(board_of(THREE, ["Y"]), MAJORITY, engine, ["X2"])
    assert len(found) == 4
    best, other = most_telling(found, 2)
    assert sorted(best.held_V.values()) == [0.0, 5.0]
    assert best.swing_V == pytest.approx(5.0, abs=0.01)
    assert set(other.held_V.values()) in ({0.0}, {5.0})
    assert other.swing_V == pytest.approx(0.0, abs=0.01)


def test_a_second_curve_that_tells_nothing_new_is_left_out(engine: NgspiceEngine) -> None:
    board = board_of(["X1", "X2"], ["Y"])
    deck = deck_of(["X1", "X2"], ["Y"], "b1 y 0 v=0.5*v(x1)", "r1 x2 0 1e3")
    found = responses(board, deck, engine, ["X1"])
    assert len(most_telling(found, 2)) == 1
    assert len(most_telling(responses(board, deck, engine, ["X2"]), 1)) == 1


def test_two_inputs_moved_have_four_corners(engine: NgspiceEngine) -> None:
    (one, two) = responses(board_of(THREE, ["Y"]), MAJORITY, engine, ["X3", "X1"])
    assert one.held_V == {"X2": 0.0}
    assert one.volts[:, 0] == pytest.approx([0, 0, 0, 5], abs=0.01)
    assert two.volts[:, 0] == pytest.approx([0, 5, 5, 5], abs=0.01)


def test_of_sixteen_inputs_the_eight_that_move_most_are_shown(engine: NgspiceEngine) -> None:
    shown = curves_shown(*weighted(16), engine)
    assert [one.moved for one in shown] == [(f"X{number}",) for number in range(9, 17)]
    assert all(len(one.held_V) == 15 for one in shown)


def test_up_to_four_inputs_have_two_curves_each(engine: NgspiceEngine) -> None:
    assert len(curves_shown(*weighted(4), engine)) == 8
    assert len(curves_shown(*weighted(1), engine)) == 1


def test_levels_are_the_network_s_or_those_of_the_cases() -> None:
    board = board_of(["X1"], ["Y"])
    assert board.levels_V(board.inputs[0]) == (0.0, 5.0)
    cases = tuple(Case({"X1": volts}, {"Y": None}) for volts in (1.0, 4.0, 2.0))
    tried = dataclasses.replace(board, cases=cases)
    assert tried.levels_V(board.inputs[0]) == (1.0, 4.0)
    port = Port("X1", "X1", "input", min_V=0.5, max_V=4.5, zero_V=2.5, unit_V=1.5)
    assert tried.levels_V(port) == (2.5, 4.0)
    beyond = dataclasses.replace(port, unit_V=-3.0)
    assert tried.levels_V(beyond) == (0.5, 2.5)


@pytest.mark.parametrize("moved", [[], ["X4"], ["X1", "X1"], ["Y"]])
def test_impossible_inputs_are_refused(engine: NgspiceEngine, moved: list[str]) -> None:
    with pytest.raises(InputError, match="X1, X2, X3"):
        responses(board_of(THREE, ["Y"]), MAJORITY, engine, moved)
