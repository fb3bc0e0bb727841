"""Bands hold the share of boards that they promise; intervals of yields are Wilson's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from realnet_hw.errors import InputError
from realnet_hw.predict.bands import band, band_of_modes, proportion_interval, spare_boards


@pytest.mark.parametrize("count", [473, 500, 1000, 5000, 20_000])
def test_spare_boards_by_the_beta_distribution(count: int) -> None:
    """Ref: ISO 16269-6; the share between two order statistics is beta distributed."""

    def confidence(left_out: int) -> float:
        return float(stats.beta.sf(0.99, count - left_out + 1, left_out))

    outside = spare_boards(count) + 2
    assert confidence(outside) >= 0.95
    assert confidence(outside + 1) < 0.95


def test_too_few_boards_for_order_statistics() -> None:
    assert spare_boards(472) == -1
    assert spare_boards(473) == 0


def _normal_share(low: float, high: float) -> float:
    return float(stats.norm.cdf(high) - stats.norm.cdf(low))


@pytest.mark.parametrize(
    ("draws", "share"),
    [
        (lambda rng, n: rng.uniform(-1, 1, n), lambda low, high: (high - low) / 2),
        (lambda rng, n: rng.normal(0, 1, n), _normal_share),
        (lambda rng, n: rng.exponential(1, n), lambda low, high: np.exp(-low) - np.exp(-high)),
    ],
    ids=["uniform", "normal", "one-sided"],
)  # fmt: skip
def test_bands_hold_99_percent_with_95_percent_confidence(draws, share) -> None:  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(5)
    held = [share(*band(draws(rng, 1000).tolist())) >= 0.99 for _ in range(600)]
    # 95 % of 600 less three standard deviations
    assert np.mean(held) > 0.95 - 3 * np.sqrt(0.95 * 0.05 / 600)


@pytest.mark.parametrize("count", [5, 20, 100])
def test_small_samples_of_normal_boards(count: int) -> None:
    rng = np.random.default_rng(6)
    held = []
    for _ in range(600):
        low, high = band(rng.normal(0, 1, count).tolist())
        held.append(_normal_share(low, high) >= 0.99)
    assert np.mean(held) > 0.95 - 3 * np.sqrt(0.95 * 0.05 / 600) - 0.005


def test_howe_factor() -> None:
    """Ref: ISO 16269-6:2014, table of k for both-sided intervals, n = 10, 95 %, 99 %: 4.433."""
    values = np.arange(10.0)
    low, high = band(values.tolist())
    assert (high - low) / 2 / values.std(ddof=1) == pytest.approx(4.433, rel=0.01)


def test_bands_need_two_boards() -> None:
    with pytest.raises(InputError, match="2 or more"):
        band([1.0])


@pytest.mark.parametrize(("good", "count"), [(0, 10), (1, 10), (995, 1000), (1000, 1000), (1, 1)])
def test_interval_is_wilsons(good: int, count: int) -> None:
    expected = stats.binomtest(good, count).proportion_ci(0.95, "wilson")
    assert proportion_interval(good, count) == pytest.approx(tuple(expected), abs=1e-12)


@pytest.mark.parametrize(("good", "count"), [(-1, 10), (11, 10), (0, 0)])
def test_impossible_counts_are_refused(good: int, count: int) -> None:
    with pytest.raises(InputError):
        proportion_interval(good, count)


def test_a_band_of_two_levels_reaches_no_further_than_those_of_each() -> None:
    """Of 60 boards 20 answer near 0 V, 39 near 5 V, one at 2 V: nothing is below 0 V or at 10 V."""
    random = np.random.default_rng(3)
    low_V, high_V = random.normal(0.05, 0.01, 20), random.normal(5.0, 0.05, 39)
    values = [*low_V.tolist(), 2.0, *high_V.tolist()]
    modes = [0] * 20 + [None] + [1] * 39
    assert band(values)[0] < -1
    low, high = band_of_modes(values, modes)
    assert (low, high) == (band(low_V.tolist())[0], band(high_V.tolist())[1])
    assert band_of_modes(values, [None] * 60) == band(values)
    assert band_of_modes(values * 10, modes * 10) == band(values * 10)
