"""Drawn boards spread as the first-order law of error propagation says.

Ref: JCGM 100:2008 (GUM), 5.1.2.
"""

from __future__ import annotations

import numpy as np
import pytest

from realnet_hw.board import load_board
from realnet_hw.export.deck import Deck, deck_from
from realnet_hw.export.netlist import from_board
from realnet_hw.predict.asking import Settled, asking_of
from realnet_hw.predict.compiled.engine import CompiledEngine
from realnet_hw.predict.levels import sources
from realnet_hw.predict.monte_carlo import monte_carlo
from realnet_hw.predict.ngspice import NgspiceEngine
from realnet_hw.predict.tally import Tally
from realnet_hw.predict.tolerances import draw, drawn_boards
from realnet_hw.predict.yields import with_tolerance

CASES = [{"v_x1": 2.0, "v_x2": 0.0}, {"v_x1": -2.0, "v_x2": 4.0}]


def test_spread_of_a_summer(engine: NgspiceEngine, summer: Deck) -> None:
    count = 1500
    volts = monte_carlo(summer, engine, Settled({"OUT": "out"}), CASES, samples=count, seed=11)[
        :, :, 0
    ]
    resistor_u = 0.01 / np.sqrt(3)
    noise_gain = 1 + 20e3 * (1 / 10e3 + 1 / 40e3)
    for index, case in enumerate(CASES):
        first, second = 2.0 * case["v_x1"], 0.5 * case["v_x2"]
        parts = [first * resistor_u, second * resistor_u, (first + second) * resistor_u]
        expected_V = float(np.linalg.norm([*parts, 3e-3 * noise_gain]))
        # A standard deviation from n values has the relative uncertainty 1 / sqrt(2 n).
        within = 4 / np.sqrt(2 * count)
        assert volts[:, index].std(ddof=1) == pytest.approx(expected_V, rel=within)
        standard_error_V = expected_V / np.sqrt(count)
        mean_V = float(volts[:, index].mean())
        assert mean_V == pytest.approx(-(first + second), abs=4 * standard_error_V + 1e-3)


def test_boards_are_those_of_the_draw(engine: NgspiceEngine, summer: Deck) -> None:
    """Not a multiple of the batch, so that the last, shorter one is seen too."""
    asking = Settled({"OUT": "out", "HOLD": "hold"})
    volts = monte_carlo(summer, engine, asking, CASES, samples=31, seed=3)
    assert volts.shape == (31, 2, 2)
    for index in (0, 24, 25, 30):
        board = draw(summer.spreads, 31, 3)[index]
        alone = engine.operating_point(summer, [board | case for case in CASES], ["out", "hold"])
        assert np.array_equal(alone, volts[index])


def test_progress_counts_to_the_end(engine: NgspiceEngine, summer: Deck) -> None:
    seen: list[tuple[int, int]] = []
    monte_carlo(
        summer, engine, Settled({"OUT": "out"}), CASES, samples=60, seed=0,
        progress=lambda done, total: seen.append((done, total)),
    )  # fmt: skip
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})
    assert seen[-1] == (60, 60)


def test_boards_drawn_from_the_middle_are_those_of_the_draw(summer: Deck) -> None:
    every = draw(summer.spreads, 40, 9)
    assert drawn_boards(summer.spreads, range(17, 31), 9).boards() == every[17:31]


def test_many_boards_at_a_time_answer_as_each_by_itself(summer: Deck) -> None:
    """A deck bound to a case, as large chunks are solved."""
    asking, engine = Settled({"OUT": "out", "HOLD": "hold"}), CompiledEngine()
    together = asking.of_boards(summer, engine, drawn_boards(summer.spreads, range(700), 2), CASES)
    for index in (0, 1, 350, 699):
        one = drawn_boards(summer.spreads, range(index, index + 1), 2)
        alone = asking.of_boards(summer, engine, one, CASES)
        assert np.array_equal(alone[0], together[index])


def test_both_engines_count_the_same_good_boards(engine: NgspiceEngine) -> None:
    """The published XOR with parts of 10 %, half of whose boards fail."""
    board = load_board("xor_realnet")
    deck = with_tolerance(deck_from(from_board(board), board), 0.1)
    cases = [sources(deck, case.inputs) for case in board.cases]
    found = []
    for each in (engine, CompiledEngine()):
        tally = Tally(board, board.cases)
        tally.add(monte_carlo(deck, each, asking_of(board, deck), cases, samples=60, seed=4))
        found.append(tally.yield_)
    assert found[0] == found[1]
    assert found[0] is not None
    assert 15 < found[0].good < 45
