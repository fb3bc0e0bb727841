"""Fixtures that are made otherwise than the budgets assume: within the specification, all of them.

The bounds come from the specification that the measuring side states.
"""

from __future__ import annotations

import itertools
import math
import random
import statistics
import typing

import numpy as np
import pytest

from realnet_hw.emulate import nonlinearity
from realnet_hw.emulate.front_end import INPUTS, MID_CHANNEL, OUTPUTS, Errors, FrontEnd
from realnet_hw.emulate.truths import FIXTURES, draw_errors
from realnet_hw.emulate.unrest import Hum, Pink, WarmUp
from realnet_hw.measure import fixture_specification as stated
from realnet_hw.measure import station
from realnet_hw.predict.lots import LOTS

PLACES = [n / 400 for n in range(401)]
SEEDS = range(30)
# Switched on, while a truth table is taken, and long after.
TIMES_s = (0.0, 0.3, 1.0, 10.0, 1000.0)
DAC_INL_LSB = stated.DAC_INL_BOUND_V / stated.LSB_V
ADC_INL_LSB = stated.ADC_INL_BOUND_V / stated.LSB_V


@pytest.fixture(scope="module", params=sorted(FIXTURES))
def drawn(request: pytest.FixtureRequest) -> list[Errors]:
    return [draw_errors(seed, truth=request.param) for seed in SEEDS]


def test_a_station_may_name_every_truth_and_lot_and_no_other() -> None:
    kinds = typing.get_type_hints(station.VirtualBench)
    assert set(typing.get_args(kinds["truth"])) == set(FIXTURES)
    assert set(typing.get_args(kinds["parts"])) == set(LOTS)


def test_converters_keep_their_bounds_at_all_times(drawn: list[Errors]) -> None:
    for errors, at_s in itertools.product(drawn, TIMES_s):
        for channel in range(OUTPUTS):
            own, (gain, offset_V) = errors.outputs[channel], errors.output_drift(channel, at_s)
            assert abs(own.gain + gain) <= stated.DAC_OWN_GAIN_BOUND
            assert abs(own.offset_V + offset_V) <= stated.DAC_OWN_OFFSET_BOUND_V
        for channel in range(INPUTS):
            own, (gain, offset_V) = errors.inputs[channel], errors.input_drift(channel, at_s)
            assert abs(own.gain + gain) <= stated.ADC_OWN_GAIN_BOUND
            assert abs(own.offset_V + offset_V) <= stated.ADC_OWN_OFFSET_BOUND_V


def test_nonlinearity_keeps_its_bound(drawn: list[Errors]) -> None:
    for errors in drawn[:20]:
        for own in errors.outputs:
            assert max(abs(own.inl(place)) for place in PLACES) <= DAC_INL_LSB
        assert max(abs(errors.inputs[0].inl(place)) for place in PLACES) <= ADC_INL_LSB
        assert len({own.inl for own in errors.inputs}) == 1


def test_noise_of_all_kinds_together_is_what_is_stated(drawn: list[Errors]) -> None:
    """Read over many seconds, once in each 37 ms: the scatter of single conversions."""
    squares = []
    for errors in drawn[:20]:
        front_end = FrontEnd(errors)
        settled_s = 100.0
        volts = [5 * front_end.adc_V(2, 1.0, settled_s + 0.037 * n) for n in range(400)]
        squares.append(statistics.pvariance(volts))
        assert math.sqrt(squares[-1]) < 1.25 * stated.ADC_NOISE_V
    assert 0.75 < math.sqrt(statistics.fmean(squares)) / stated.ADC_NOISE_V < 1.05


def test_a_quiet_fixture_reads_the_same_each_time(drawn: list[Errors]) -> None:
    for truth in FIXTURES:
        front_end = FrontEnd(draw_errors(3, truth=truth, noise=False))
        assert len({front_end.adc_V(0, 1.0, 50.0) for _ in range(5)}) == 1


def test_same_seed_same_fixture_whatever_the_truth() -> None:
    for truth in FIXTURES:
        assert draw_errors(7, truth=truth) == draw_errors(7, truth=truth)
        assert draw_errors(7, truth=truth) != draw_errors(8, truth=truth)


# ------------------------------------------------------------- each is what its name says


def test_at_bounds_nothing_lies_in_the_middle() -> None:
    for seed in SEEDS:
        errors = draw_errors(seed, truth="at_bounds")
        assert abs(errors.inputs[0].offset_V) > 0.88 * stated.ADC_OWN_OFFSET_BOUND_V
        assert min(abs(own.gain) for own in errors.outputs) > 0.88 * stated.DAC_OWN_GAIN_BOUND


def test_curved_is_a_bow_or_an_s() -> None:
    kinds = set()
    for seed in SEEDS:
        inl = draw_errors(seed, truth="curved").inputs[0].inl
        signs = {math.copysign(1, inl(place)) for place in PLACES[20:180]}
        others = {math.copysign(1, inl(place)) for place in PLACES[220:380]}
        assert len(signs) == len(others) == 1
        kinds.add(signs == others)
        assert max(abs(inl(place)) for place in PLACES) == pytest.approx(0.998, rel=2e-3)
    assert kinds == {True, False}


@pytest.mark.parametrize(
    "draw", [nonlinearity.curve, nonlinearity.jump, nonlinearity.walk, nonlinearity.weights]
)
def test_every_shape_is_tied_at_both_ends_and_reaches_its_peak(draw: typing.Any) -> None:
    for seed in range(20):
        inl = draw(random.Random(seed), 3.0)
        codes = [inl(code / 4095) for code in range(4096)]
        assert codes[0] == pytest.approx(0.0, abs=1e-9)
        assert codes[-1] == pytest.approx(0.0, abs=1e-9)
        assert max(map(abs, codes)) == pytest.approx(3.0, rel=2e-3)


def test_steps_are_larger_than_any_wave_makes() -> None:
    """From code to code four waves move by less than a hundredth of their peak."""

    def largest_step(inl: typing.Callable[[float], float]) -> float:
        codes = [inl(code / 4095) for code in range(4096)]
        return max(abs(b - a) for a, b in itertools.pairwise(codes))

    for seed in range(12):
        assert largest_step(draw_errors(seed).inputs[0].inl) < 0.01
        assert largest_step(draw_errors(seed, truth="stepped").inputs[0].inl) > 0.01


def test_drift_happens_while_one_measures() -> None:
    moved_V = []
    for seed in SEEDS:
        drift = draw_errors(seed, truth="drifting").input_drift
        moved_V.append(max(abs(drift(c, 1.6)[1] - drift(c, 0.6)[1]) for c in range(INPUTS)))
    assert 0.2e-3 < statistics.median(moved_V) < 1.5e-3
    warm = WarmUp(gains=(1e-3,), offsets_V=(2e-3,), tau_s=0.5)
    assert warm(0, 0.0) == (0.0, 0.0)
    assert warm(0, 0.5) == pytest.approx((1e-3 * (1 - 1 / math.e), 2e-3 * (1 - 1 / math.e)))
    assert warm(0, 1e3) == pytest.approx((1e-3, 2e-3))


def test_hum_is_mains_of_some_millivolts() -> None:
    """A second of it, sampled at 10 kHz: nearly all power lies at multiples of 50 Hz."""
    for seed in range(10):
        hum = draw_errors(seed, truth="humming").hum
        assert isinstance(hum, Hum)
        volts = np.array([hum(0, n * 1e-4)[1] for n in range(10_000)])
        assert 1e-3 < np.abs(volts).max() < 6e-3
        power = np.abs(np.fft.rfft(volts * np.hanning(len(volts)))) ** 2
        near = sum(power[50 * k - 3 : 50 * k + 4].sum() for k in range(1, 6))
        assert near > 0.95 * power.sum()
        assert hum(0, 0.003)[0] == 0.0


def test_pink_noise_has_as_much_power_in_each_octave() -> None:
    """At twice the frequency half the density; the sum is what was asked for."""
    length, step_s = 2**14, 1e-3
    density = np.zeros(length // 2 + 1)
    squares = []
    for seed in range(6):
        pink = Pink(1e-3, seed)
        volts = np.array([pink(0, n * step_s)[1] for n in range(length)])
        squares.append(np.mean(volts**2))
        density += np.abs(np.fft.rfft(volts * np.hanning(length))) ** 2
    hertz = np.fft.rfftfreq(length, step_s)
    inside = (hertz > 1) & (hertz < 60)
    slope = np.polyfit(np.log(hertz[inside]), np.log(density[inside]), 1)[0]
    assert slope == pytest.approx(-1.0, abs=0.15)
    assert math.sqrt(np.mean(squares)) == pytest.approx(1e-3, rel=0.35)


def test_pink_noise_hardly_averages_within_a_reading() -> None:
    means_V = []
    for seed in range(200):
        pink = Pink(1e-3, seed)
        means_V.append(statistics.fmean(pink(MID_CHANNEL, n * 30e-6)[1] for n in range(16)))
    assert statistics.pstdev(means_V) > 0.85e-3
