"""The budgets state the fixture's specification, no less and no more than it promises."""

import math

import pytest

from realnet_hw.measure.fixture_specification import (
    adc_components,
    dac_components,
    repeatability,
)
from realnet_hw.uncertainty import covariance, expanded_uncertainty, standard_uncertainty

QUIET = repeatability(0.0, 1, 1)


def rectangular_sum(*bounds: float) -> float:
    """Return the combined standard uncertainty of rectangular bounds, by GUM 4.3.7 and 5.1.2."""
    return math.sqrt(sum(bound**2 / 3 for bound in bounds))


@pytest.mark.parametrize("level_V", [-10.0, -0.3, 0.0, 5.0, 10.24])
def test_a_source_is_as_uncertain_as_its_parts_together(level_V: float) -> None:
    # 0.5 % gain, 20 mV offset, 12 LSB of 5 mV, quantisation of half a step each way
    expected = rectangular_sum(0.005 * level_V, 0.020, 0.060, 0.0025)
    assert standard_uncertainty(dac_components(), level_V) == pytest.approx(expected)


@pytest.mark.parametrize("level_V", [-10.0, -0.3, 0.0, 5.0, 10.24])
def test_a_reading_is_as_uncertain_as_its_parts_together(level_V: float) -> None:
    # 0.3 % gain, 15 mV offset, 1 LSB of 5 mV, quantisation of half a step each way
    expected = rectangular_sum(0.003 * level_V, 0.015, 0.005, 0.0025)
    assert standard_uncertainty(adc_components(QUIET), level_V) == pytest.approx(expected)


def test_scatter_adds_in_squares_and_falls_with_the_root_of_the_readings() -> None:
    quiet = expanded_uncertainty(adc_components(QUIET), 0.0)
    noisy = expanded_uncertainty(adc_components(repeatability(0.040, 12, 16)), 0.0)
    assert noisy == pytest.approx(math.hypot(quiet, 2 * 0.010))


def test_a_shared_reference_correlates_channels_but_not_sources_with_readings() -> None:
    budgets = {
        "adc0": adc_components(QUIET),
        "adc1": adc_components(QUIET),
        "dac0": dac_components(),
    }
    matrix = covariance([("adc0", 10.0), ("adc1", 10.0), ("dac0", 10.0)], budgets)
    # 0.1 % when new, 100 ppm/K over 5 K
    assert matrix[0, 1] == pytest.approx(((0.001 * 10.0) ** 2 + (0.0005 * 10.0) ** 2) / 3)
    assert matrix[0, 2] == 0.0
