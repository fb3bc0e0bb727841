"""Lots of parts: every value keeps its tolerance, and lies where the lot's name says."""

from __future__ import annotations

import numpy as np
import pytest

from realnet_hw.export.deck import Spread
from realnet_hw.predict.lots import LOTS
from realnet_hw.predict.tolerances import draw

SPREADS = [
    *(Spread(f"r{i}", f"R{i}", 1000.0, "uniform", 990.0, 1010.0) for i in range(1, 9)),
    *(Spread(f"c{i}", f"C{i}", 1e-7, "uniform", 0.9e-7, 1.1e-7) for i in range(1, 5)),
    Spread("v.xu1.vos1", "U1", 0.0, "normal", -3e-3, 3e-3, 1e-3),
]
BOARDS = 400


@pytest.fixture(params=sorted(LOTS))
def lot(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def shares(lot: str, prefix: str) -> np.ndarray:
    """Of each part, where it lies from the lower to the upper bound, 0 to 1; boards x parts."""
    boards = draw(SPREADS, BOARDS, 5, LOTS[lot])
    chosen = [s for s in SPREADS if s.parameter.startswith(prefix)]
    return np.array([[(b[s.parameter] - s.low) / (s.high - s.low) for s in chosen] for b in boards])


def test_every_part_keeps_its_bounds_and_both_sides_occur(lot: str) -> None:
    for prefix in "rcv":
        found = shares(lot, prefix)
        assert found.min() >= 0
        assert found.max() <= 1
        # The mean of 400 boards of parts that may all lie on one side: 0.45 / 20, five times.
        assert found.mean() == pytest.approx(0.5, abs=0.12)
        assert found.min() < 0.3
        assert found.max() > 0.7


def test_what_a_prediction_draws_is_mixed() -> None:
    assert draw(SPREADS, 3, 1) == draw(SPREADS, 3, 1, LOTS["mixed"])
    # Uniform between two bounds: a variance of a twelfth of their distance squared.
    assert shares("mixed", "r").var() == pytest.approx(1 / 12, rel=0.05)


def test_a_centred_lot_has_a_third_of_the_bound_as_its_deviation() -> None:
    assert shares("centred", "r").std() == pytest.approx(1 / 6, rel=0.05)


def test_a_sorted_lot_has_nothing_in_the_middle() -> None:
    found = shares("sorted_out", "r")
    assert not np.any((found > 0.25) & (found < 0.75))
    assert np.any(found < 0.05)
    assert np.any((found > 0.7) & (found < 0.8))


def test_a_lot_on_one_side_has_all_parts_of_a_kind_beside_one_bound() -> None:
    for prefix in "rc":
        found = shares("one_side", prefix)
        upper = (found > 0.8).all(axis=1)
        lower = (found < 0.2).all(axis=1)
        assert np.all(upper | lower)
        assert 0.4 < upper.mean() < 0.6
    resistors, capacitors = (shares("one_side", prefix)[:, 0] > 0.5 for prefix in "rc")
    assert 0.35 < (resistors == capacitors).mean() < 0.65
