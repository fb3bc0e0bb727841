"""How a board's values answer to parts, currents and warmth, against the circuit's own laws."""

from __future__ import annotations

import numpy as np
import pytest

from realnet_hw import records
from realnet_hw.board import load_board
from realnet_hw.export import netlist
from realnet_hw.export.deck import Deck, deck_from
from realnet_hw.predict import slopes
from realnet_hw.predict.asking import asking_of
from realnet_hw.predict.compiled.engine import CompiledEngine
from realnet_hw.predict.levels import sources
from realnet_hw.predict.monte_carlo import monte_carlo

SEED, BOARDS = 4, 160


@pytest.fixture(scope="module")
def predicted(kicad: str) -> tuple[Deck, list[str], records.Slopes]:
    """The deck, the keys of the values and the slopes of the original Realnet."""
    board = load_board("xor_realnet")
    deck = deck_from(netlist.from_board(board), board)
    engine, asking = CompiledEngine(), asking_of(board, deck)
    cases = [sources(deck, case.inputs) for case in board.cases]
    nominal = asking.answers(deck, engine, cases)
    drawn = monte_carlo(deck, engine, asking, cases, samples=BOARDS, seed=SEED)
    keys = [f"{index}.{name}" for index in range(len(cases)) for name in asking.voltages]
    found = slopes.record(
        slopes.Predicted(deck, engine, asking, cases, nominal, drawn, SEED),
        alike=np.ones(BOARDS, bool),
    )
    return deck, keys, found


def test_behind_an_idle_rectifier_stands_the_pull_down_alone(
    predicted: tuple[Deck, list[str], records.Slopes],
) -> None:
    deck, keys, found = predicted
    ohm = dict(zip(keys, found.source_ohm, strict=True))
    (pull_down,) = [s.nominal for s in deck.spreads if s.parameter == "r10"]
    # Inputs 0 0: no diode conducts at the output.
    assert ohm["0.OUT"] == pytest.approx(pull_down, rel=1e-3)
    # An amplifier's output with feedback has next to none.
    assert ohm["0.A2"] < 1.0
    # A diode that conducts, in the loop or beside it, has less than the pull-down.
    assert 1.0 < ohm["1.OUT"] < 0.1 * pull_down


def test_warmth_moves_what_stands_behind_a_diode(
    predicted: tuple[Deck, list[str], records.Slopes],
) -> None:
    _, keys, found = predicted
    per_K = dict(zip(keys, found.per_K, strict=True))
    # A silicon junction falls by 2 mV per kelvin, here divided; amplifiers and resistors stand.
    assert 0.2e-3 < per_K["0.H2"] < 2.5e-3
    assert abs(per_K["0.A1"]) < 1e-6


def test_slopes_of_parts_are_those_of_small_changes_where_the_board_is_straight(
    predicted: tuple[Deck, list[str], records.Slopes],
) -> None:
    deck, keys, found = predicted
    board = load_board("xor_realnet")
    case = sources(deck, board.cases[1].inputs)
    near = CompiledEngine().sensitivities(deck, [case], ["a3"], names=["r7", "r8"])[0, 0]
    column = keys.index("1.A3")
    by_name = {part.parameter: part for part in found.parts}
    for name, expected in zip(("r7", "r8"), near.tolist(), strict=True):
        assert by_name[name].slopes[column] == pytest.approx(expected, rel=0.03)
    # What two products of 5 % leave of a straight line, and nothing like the 0.28 V of A3's spread.
    assert 1e-3 < found.linear_u[column] < 0.03


def test_rails_are_told_from_parts_and_every_tolerance_is_there(
    predicted: tuple[Deck, list[str], records.Slopes],
) -> None:
    deck, _, found = predicted
    assert {part.part for part in found.parts if part.is_rail} == set(deck.supplies)
    assert [part.parameter for part in found.parts] == [spread.parameter for spread in deck.spreads]
    for part, spread in zip(found.parts, deck.spreads, strict=True):
        assert part.low < part.mean < part.high
        if spread.distribution == "uniform":
            uniform = (spread.high - spread.low) / np.sqrt(12)
            assert part.deviation == pytest.approx(uniform, rel=0.15)


def test_a_diode_that_conducts_on_some_boards_gives_them_another_slope(
    predicted: tuple[Deck, list[str], records.Slopes],
) -> None:
    _, keys, found = predicted
    assert {len(rows) for rows in found.boards_below.values()} == {BOARDS // 16}
    column = keys.index("3.OUT")
    slopes_of_out = [row[column] for row in found.boards_above["X"]]
    assert np.ptp(slopes_of_out) > 0.2


def test_few_boards_say_nothing_of_so_many_parts() -> None:
    board = load_board("xor_realnet")
    deck = deck_from(netlist.from_board(board), board)
    engine, asking = CompiledEngine(), asking_of(board, deck)
    cases = [sources(deck, case.inputs) for case in board.cases]
    nominal = asking.answers(deck, engine, cases)
    drawn = monte_carlo(deck, engine, asking, cases, samples=20, seed=SEED)
    found = slopes.record(
        slopes.Predicted(deck, engine, asking, cases, nominal, drawn, SEED),
        alike=np.ones(20, bool),
    )
    assert (found.parts, found.linear_u, found.boards_below) == ([], [], {})
    assert len(found.source_ohm) == len(found.per_K) == nominal.size


def test_what_slopes_leave_is_not_less_because_they_were_fitted_to_the_same_boards() -> None:
    """Values that no part explains: fitted to three boards a part, they look a fifth smaller."""
    board = load_board("xor_realnet")
    deck = deck_from(netlist.from_board(board), board)
    asking = asking_of(board, deck)
    cases = [sources(deck, case.inputs) for case in board.cases]
    count = 3 * len(deck.spreads)
    noise = np.random.default_rng(SEED).normal(size=(count, len(cases), len(asking.voltages)))
    found = slopes.record(
        slopes.Predicted(deck, CompiledEngine(), asking, cases, noise[0], noise, SEED),
        alike=np.ones(count, bool),
    )
    largest = np.abs(noise - noise.mean(axis=0)).max(axis=0).ravel()
    assert np.mean(2 * np.array(found.linear_u) / largest) == pytest.approx(1.0, abs=0.08)
