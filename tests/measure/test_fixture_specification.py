"""The budgets state the fixture's specification, no less and no more than it promises."""

import math

import pytest

from realnet_hw.measure.calibration.stored import GAIN_MAX_PPM, OFFSET_MAX_V
from realnet_hw.measure.fixture_specification import (
    COPPER_SHARE,
    LSB_V,
    RANGE_V,
    SOURCE_REACH_V,
    adc_components,
    dac_components,
    repeatability,
)
from realnet_hw.uncertainty import covariance, expanded_uncertainty, standard_uncertainty

QUIET = repeatability(0.0, 1, 1)
# U-shaped 100 ppm/K times uniform 5 K, a sixth of the squares; 120 ppm in 1000 hours and its root.
DRIFT_u = math.sqrt((100e-6 * 5) ** 2 / 6 + (120e-6) ** 2 * 365 * 24 / 1000 / 2)
# 0.1 % when new, 0.9 mV for its current: one part for all channels, U-shaped.
REFERENCE_u = math.hypot(0.001 / math.sqrt(2), 0.9e-3 / 4.096 / math.sqrt(2), DRIFT_u)


def rectangular_sum(*bounds: float) -> float:
    """Return the combined standard uncertainty of rectangular bounds, by GUM 4.3.7 and 5.1.2."""
    return math.sqrt(sum(bound**2 / 3 for bound in bounds))


@pytest.mark.parametrize("level_V", [-10.0, -0.3, 0.0, 5.0, 10.24])
def test_a_source_is_as_uncertain_as_its_parts_together(level_V: float) -> None:
    # Gain: reference, converter, two resistors of 0.1 % (4 in 5 of each).
    gains = [bound * level_V for bound in (0.0024, 0.0008, 0.0008)]
    # Offset: converter; the amplifier's 2.1 mV times 5 and the two resistors' 2.05 mV; then the
    # 2.56 V that count four times: 2.1 mV of its amplifier, and two resistors.
    offsets_V = [0.018, 0.0105, 0.00205, 0.00205, 0.0084, 0.00385, 0.00385]
    # 12 LSB of 5 mV, quantisation of half a step each way.
    bounds = rectangular_sum(*gains, *offsets_V, 0.060, 0.0025)
    expected = math.hypot(bounds, REFERENCE_u * level_V)
    assert standard_uncertainty(dac_components(), level_V) == pytest.approx(expected)


@pytest.mark.parametrize("level_V", [-10.0, -0.3, 0.0, 5.0, 10.24])
def test_a_reading_is_as_uncertain_as_its_parts_together(level_V: float) -> None:
    # One converter for all senses: 5 LSB and 3 LSB, U-shaped.
    converter = math.hypot(5 / 4096 * level_V, 0.015) / math.sqrt(2)
    # Gain: three resistors of 0.1 %.
    gains = [bound * level_V for bound in (0.0004, 0.0004, 0.0008)]
    # Offset: follower, the three resistors, two clamps; the 2.56 V; all terminals 12.8 V from it.
    offsets_V = [0.0021, 0.00102, 0.00102, 0.00205, 0.0009, 0.0009]
    offsets_V += [0.0084, 0.00385, 0.00385, COPPER_SHARE * 12.8]
    # 1 LSB of 5 mV, quantisation of half a step each way.
    bounds = rectangular_sum(*gains, *offsets_V, 0.005, 0.0025)
    expected = math.hypot(bounds, converter, REFERENCE_u * level_V)
    assert standard_uncertainty(adc_components(QUIET), level_V) == pytest.approx(expected)


def test_scatter_adds_in_squares_and_falls_with_the_root_of_the_readings() -> None:
    quiet = expanded_uncertainty(adc_components(QUIET), 0.0)
    noisy = expanded_uncertainty(adc_components(repeatability(0.040, 12, 16)), 0.0)
    assert noisy == pytest.approx(math.hypot(quiet, 2 * 0.010))


def test_what_channels_share_correlates_them_and_the_reference_sources_with_readings() -> None:
    budgets = {
        "adc0": adc_components(QUIET),
        "adc1": adc_components(QUIET),
        "dac0": dac_components(),
    }
    matrix = covariance([("adc0", 10.0), ("adc1", 10.0), ("dac0", 10.0)], budgets)
    # The reference; the converter; the 2.56 V.
    converter_V = math.hypot(50 / 4096, 0.015) / math.sqrt(2)
    shift_V = rectangular_sum(0.0084, 0.00385, 0.00385)
    shared_V = math.hypot(10 * REFERENCE_u, converter_V, shift_V)
    assert matrix[0, 1] == pytest.approx(shared_V**2)
    # A high one lets a source give more than was set and a sense read less than is there: what is
    # set or read is too small by the same share.
    assert matrix[0, 2] == pytest.approx((10 * REFERENCE_u) ** 2)


@pytest.mark.parametrize("sign", [1, -1])
def test_no_correction_takes_a_source_to_an_end_of_its_converter(sign: int) -> None:
    """MCP4922: specified from 10 mV on, 50 mV at the terminal; above, its last code is the end."""
    worst_V = sign * (SOURCE_REACH_V * (1 + GAIN_MAX_PPM / 1e6) + OFFSET_MAX_V)
    assert -RANGE_V + 5 * 10e-3 <= worst_V <= RANGE_V - LSB_V
