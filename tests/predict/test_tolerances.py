"""Tolerance draws: bounds, distribution, reproducibility."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from realnet_hw.errors import InputError
from realnet_hw.export.deck import Spread
from realnet_hw.predict.tolerances import draw


def resistor(number: int, nominal: float = 1e4, share: float = 0.01) -> Spread:
    return Spread(
        f"r{number}", f"R{number}", nominal, "uniform", nominal * (1 - share), nominal * (1 + share)
    )


OFFSET = Spread("v.xu1.vos1", "U1", 1e-4, "normal", -10e-3, 10e-3, 3e-3)


@settings(max_examples=50)
@given(
    nominal=st.floats(-1e6, 1e6),
    down=st.floats(0, 1e3),
    up=st.floats(0, 1e3),
    sigma=st.floats(1e-6, 1e6),
    kind=st.sampled_from(["uniform", "normal"]),
    seed=st.integers(0, 2**63),
)
def test_values_stay_within_bounds(
    nominal: float, down: float, up: float, sigma: float, kind: str, seed: int
) -> None:
    spread = Spread("p", "R1", nominal, kind, nominal - down, nominal + up, sigma)  # type: ignore[arg-type]
    values = [board["p"] for board in draw([spread], 50, seed)]
    assert all(spread.low <= value <= spread.high for value in values)


def test_uniform_distribution() -> None:
    values = [board["r1"] for board in draw([resistor(1)], 20_000, 1)]
    assert stats.kstest(values, stats.uniform(9900, 200).cdf).pvalue > 0.001


def test_truncated_normal_distribution() -> None:
    values = [board["v.xu1.vos1"] for board in draw([OFFSET], 20_000, 2)]
    low, high = ((bound - OFFSET.nominal) / OFFSET.sigma for bound in (OFFSET.low, OFFSET.high))
    expected = stats.truncnorm(low, high, loc=OFFSET.nominal, scale=OFFSET.sigma)
    assert stats.kstest(values, expected.cdf).pvalue > 0.001


def test_parts_are_drawn_independently() -> None:
    boards = draw([resistor(1), resistor(2), OFFSET], 5000, 3)
    columns = np.array([list(board.values()) for board in boards]).T
    correlation = np.corrcoef(columns) - np.eye(3)
    assert np.abs(correlation).max() < 4 / np.sqrt(5000)


def test_a_seed_gives_the_same_boards_again_and_another_seed_others() -> None:
    spreads = [resistor(1), OFFSET]
    assert draw(spreads, 5, 7) == draw(spreads, 5, 7)
    assert draw(spreads, 5, 7) != draw(spreads, 5, 8)


def test_a_board_does_not_depend_on_how_many_follow() -> None:
    spreads = [resistor(1), resistor(2), OFFSET]
    assert draw(spreads, 100, 7)[:3] == draw(spreads, 3, 7)


def test_order_of_spreads_does_not_matter() -> None:
    spreads = [*(resistor(number) for number in range(1, 13)), OFFSET]
    shuffled = spreads.copy()
    random.Random(1).shuffle(shuffled)
    assert draw(spreads, 4, 9) == draw(shuffled, 4, 9)
    # R2 comes before R10, as people count.
    assert list(draw(shuffled, 1, 9)[0])[:3] == ["r1", "r2", "r3"]


def test_a_spread_narrowed_to_a_point_leaves_the_others() -> None:
    one, two, three = resistor(1), resistor(2), resistor(3)
    point = Spread("r2", "R2", 5.0, "uniform", 5.0, 5.0)
    normal = Spread("r2", "R2", 5.0, "normal", 5.0, 5.0, 1.0)
    usual = draw([one, two, three], 3, 4)
    for narrow in (point, normal):
        changed = draw([one, narrow, three], 3, 4)
        assert changed == [board | {"r2": 5.0} for board in usual]


def test_nothing_to_draw() -> None:
    assert draw([], 3, 0) == [{}, {}, {}]
    assert draw([OFFSET], 0, 0) == []


@pytest.mark.parametrize(
    "spread",
    [
        Spread("r1", "R1", 1.0, "uniform", 2.0, 3.0),
        Spread("r1", "R1", 1.0, "uniform", 3.0, 0.0),
        Spread("r1", "R1", 1.0, "normal", 0.0, 3.0, 0.0),
    ],
)
def test_impossible_spreads_are_refused(spread: Spread) -> None:
    with pytest.raises(InputError, match="r1"):
        draw([spread], 1, 0)


@pytest.mark.parametrize(("count", "seed"), [(-1, 0), (1, -1)])
def test_negative_counts_and_seeds_are_refused(count: int, seed: int) -> None:
    with pytest.raises(InputError, match="0 or more"):
        draw([OFFSET], count, seed)


def test_a_negative_seed_is_told_its_range_once() -> None:
    with pytest.raises(InputError, match=r"^seed -1 \(allowed: 0 or more\)$"):
        draw([OFFSET], 1, -1)
