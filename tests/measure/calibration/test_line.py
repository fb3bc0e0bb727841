"""The line through calibration points, against statistics known from elsewhere."""

import math

import numpy as np
import pytest

from realnet_hw.errors import InputError
from realnet_hw.measure.calibration.levels import REACH_V, levels_V, on_code
from realnet_hw.measure.calibration.line import line_through, undithered_V, with_scatter
from realnet_hw.measure.fixture_specification import LSB_V


def test_a_line_is_the_one_that_numpy_finds_with_its_uncertainty() -> None:
    source = np.random.default_rng(1)
    x = source.uniform(-10, 10, 40)
    y = 1.002 * x + 0.013 + source.normal(0, 0.004, 40)
    (slope, offset), covariance = np.polyfit(x, y, 1, cov=True)
    line = line_through(x.tolist(), y.tolist())
    assert line.gain == pytest.approx(slope - 1, abs=1e-12)
    assert line.offset_V == pytest.approx(offset)
    # numpy's scatter is for infinitely many degrees of freedom; ours is Student's.
    wider = math.sqrt(38 / 36)
    for place in (-10.0, -3.0, 0.0, 10.0):
        theirs = wider * math.sqrt(np.array([place, 1]) @ covariance @ np.array([place, 1]))
        ours = math.hypot(line.u_gain * place, line.u_offset_V)
        assert theirs <= ours <= 1.1 * theirs


def test_points_on_one_side_make_a_line_unsure_on_the_other() -> None:
    line = line_through([0.0, 4.096], [0.0, 4.096], u_V=0.003)
    # The straight line's own error at -10 V, from both ends' independent errors.
    slope = math.sqrt(2) * 0.003 / 4.096
    exact = math.hypot(0.003 / math.sqrt(2), slope * (10 + 2.048))
    assert math.hypot(line.u_gain * 10, line.u_offset_V) >= exact


def test_a_line_through_normal_scatter_holds_the_truth_19_times_of_20() -> None:
    source = np.random.default_rng(2)
    held = 0
    for _ in range(1000):
        x = np.array(levels_V(8))
        line = line_through(x.tolist(), (x + source.normal(0, 1e-3, 8)).tolist())
        held += abs(line.gain) <= 2 * line.u_gain
    # Five standard deviations of a count of 950 are 35.
    assert held >= 915


def test_what_moves_slowly_shows_between_passes() -> None:
    x = levels_V(9)
    passes = [
        line_through(x, [each + shift for each in x], u_V=1e-8) for shift in (-3e-3, 3e-3) * 3
    ]
    line = with_scatter(passes[0], passes)
    spread_V = 3e-3 * math.sqrt(6 / 5)
    assert line.u_offset_V == pytest.approx(spread_V / math.sqrt(6) * math.sqrt(5 / 3))
    assert with_scatter(passes[0], passes[:3]) == passes[0]


def test_too_few_points_are_no_line() -> None:
    with pytest.raises(InputError, match="4 points for a line"):
        line_through([0, 1, 2, 3], [0, 1, 2, 3])


@pytest.mark.parametrize("count", [8, 11, 41])
def test_levels_are_codes_all_over_the_range_at_no_regular_distance(count: int) -> None:
    levels = levels_V(count)
    codes = sorted(round(each / LSB_V) for each in levels)
    assert levels == [pytest.approx(on_code(each), abs=1e-9) for each in levels]
    cell = 2 * REACH_V / count / LSB_V
    distances = np.diff(codes)
    assert distances.min() > 0.5 * cell
    assert distances.max() < 1.5 * cell
    # Every bit of the converter is met both ways, the lowest and the highest alike.
    for bit in range(12):
        up = sum((code + 2048) >> bit & 1 for code in codes)
        assert 0.1 * count < up < 0.9 * count
    # Neighbours in time are far apart.
    assert np.abs(np.diff(levels)).min() > 1.0


@pytest.mark.parametrize("count", [8, 41])
def test_few_levels_find_the_line_of_the_whole_range(count: int) -> None:
    def bow(x: np.ndarray) -> np.ndarray:
        return 0.06 * (1 - (x / REACH_V) ** 2)

    dense = np.linspace(-REACH_V, REACH_V, 4001)
    slope, offset = np.polyfit(dense, bow(dense), 1)
    levels = np.array(levels_V(count))
    line = line_through(levels.tolist(), (levels + bow(levels)).tolist())
    assert abs(line.offset_V - offset) <= 2 * line.u_offset_V
    assert abs(line.gain - slope) <= 2 * line.u_gain
    # The bow's mean is known ten times better than its height.
    assert abs(line.offset_V - offset) < 0.006


def test_rounding_that_noise_does_not_dither_is_told() -> None:
    one_place = [n * LSB_V + 0.4 * LSB_V for n in range(100)]
    all_places = [n * LSB_V * 1.01 for n in range(100)]
    source = np.random.default_rng(3)
    for levels, noise_V in ((one_place, 0.0), (all_places, 0.0), (one_place, LSB_V / 2)):
        exact = np.array(levels)
        codes = np.round(
            (exact + source.normal(0, noise_V, (2000, 100)) if noise_V else exact) / LSB_V
        )
        off_V = abs(float((codes * LSB_V - exact).mean()))
        assert off_V <= undithered_V(levels, noise_V) + 4 * noise_V / math.sqrt(200_000) + 1e-4
    assert undithered_V(one_place, 0.0) == pytest.approx(LSB_V / 2)
    assert undithered_V(one_place, LSB_V / 2) < 0.01 * LSB_V
