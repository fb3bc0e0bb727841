"""What a scope makes of the volts at its probes, by the laws of its parts."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from realnet_hw.emulate.scopes import rigol
from realnet_hw.emulate.scopes.digitiser import Digitiser, Model, resampled
from tests.emulate.scopes.benches import Law, Waves, charging, sine, step

EXACT = dataclasses.replace(rigol.DS1000Z, gain_error=0.0, offset_error_div=0.0)
AT_S = 1.0


def looking(model: Model, law: Law, *, s_a_division: float, **settings: float) -> Digitiser:
    """A scope on a wave whose event is at 1 s, armed before it and asked after it."""
    waves = Waves({"tip": law}, [AT_S], AT_S - 0.5)
    scope = Digitiser(model, waves, {1: "tip"})
    scope.s_a_division = s_a_division
    scope.trigger.level_V, scope.trigger.sweep = 2.5, "normal"
    scope.channels[1].volts_a_division, scope.channels[1].centre_V = 1.0, 2.5
    for name, value in settings.items():
        setattr(scope, name, value)
    scope.single()
    waves.time_s = AT_S + 0.5
    scope.look()
    return scope


def test_the_trigger_is_at_zero_and_n_samples_span_n_minus_1_steps() -> None:
    scope = looking(EXACT, charging(AT_S, 20e-6), s_a_division=10e-6)
    assert scope.state == "stopped"
    record, volts = scope.record, scope.volts(1)
    assert record is not None
    assert volts is not None
    times_s = record.start_s + record.step_s * np.arange(record.count)
    assert times_s[0] == pytest.approx(-60e-6)
    assert times_s[-1] == pytest.approx(60e-6 - record.step_s)
    # Where the law has its volts: at the trigger it has half of its way behind it.
    law = 5 * (1 - 0.5 * np.exp(-(times_s - 0) / 20e-6))
    after = times_s > -10e-6
    assert np.abs(volts[after] - law[after]).max() < 0.04 / 2 + 5 * 0.021


@pytest.mark.parametrize("centre_s", [-20e-6, 30e-6])
def test_the_middle_of_the_screen_is_the_time_that_is_asked_for(centre_s: float) -> None:
    scope = looking(EXACT, step(AT_S), s_a_division=10e-6, centre_s=centre_s)
    assert scope.record is not None
    volts = scope.volts(1)
    assert volts is not None
    (rise,) = np.flatnonzero((volts[:-1] < 2.5) & (volts[1:] >= 2.5))
    at_s = scope.record.start_s + rise * scope.record.step_s
    assert abs(at_s) < 1.5 * scope.record.step_s


@pytest.mark.parametrize(("is_limited", "bandwidth_Hz"), [(False, 100e6), (True, 20e6)])
def test_bandwidth_makes_the_edge_as_long_as_a_pole_does(
    is_limited: bool, bandwidth_Hz: float
) -> None:
    """2.2 time constants from 10 % to 90 %: 0.35 over the bandwidth."""
    fast = dataclasses.replace(EXACT, sample_rate_Hz=4e9, depths=(48_000,))
    waves = Waves({"tip": step(AT_S, rise_s=1e-12)}, [AT_S], AT_S - 0.5)
    scope = Digitiser(fast, waves, {1: "tip"})
    scope.s_a_division, scope.trigger.level_V = 100e-9, 2.5
    scope.channels[1].centre_V, scope.channels[1].is_limited = 2.5, is_limited
    scope.single()
    waves.time_s = AT_S + 0.5
    scope.look()
    rise_s = math.log(9) / (2 * math.pi * bandwidth_Hz)
    assert scope.measured(1, "rise_time") == pytest.approx(rise_s, rel=0.1)


def test_what_is_beyond_the_converter_stands_at_its_end() -> None:
    scope = looking(EXACT, step(AT_S, -20.0, 20.0), s_a_division=1e-6)
    assert scope.record is not None
    codes = scope.record.taken[1].codes
    assert {int(codes.min()), int(codes.max())} == {0, 255}


def test_gain_and_offset_are_within_what_the_maker_states_and_stay() -> None:
    errors = []
    for seed in range(30):
        waves = Waves({"tip": step(AT_S, 4.0, 4.0)}, [], 2.0)
        scope = Digitiser(rigol.DS1000Z, waves, {1: "tip"}, seed)
        scope.channels[1].volts_a_division, scope.channels[1].centre_V = 1.0, 2.0
        scope.stop()
        volts = scope.volts(1)
        assert volts is not None
        errors.append(float(volts.mean()) - 4.0)
    assert max(map(abs, errors)) < 0.03 * 4 + 0.1 + 0.01
    assert np.std(errors) > 0.02
    assert len({round(error, 4) for error in errors}) > 20


def test_an_auto_scope_does_not_wait_for_ever_and_a_normal_one_does() -> None:
    for sweep, state in (("auto", "stopped"), ("normal", "armed")):
        waves = Waves({"tip": step(AT_S, 0.0, 0.0)}, [AT_S], 0.5)
        scope = Digitiser(EXACT, waves, {1: "tip"})
        scope.trigger.level_V, scope.trigger.sweep = 2.5, sweep
        scope.single()
        waves.time_s = 2.0
        scope.look()
        assert scope.state == state
        assert (scope.record is None) == (sweep == "normal")


def test_the_slope_chooses_the_edge() -> None:
    rising, falling = step(AT_S), step(AT_S, 5.0, 0.0)
    for law, slope, found in ((rising, "fall", False), (falling, "fall", True)):
        waves = Waves({"tip": law}, [AT_S], 0.5)
        scope = Digitiser(EXACT, waves, {1: "tip"})
        scope.trigger.level_V, scope.trigger.slope = 2.5, slope
        scope.trigger.sweep = "normal"
        scope.single()
        waves.time_s = 2.0
        scope.look()
        assert (scope.state == "stopped") is found


def test_measured_quantities_of_a_sine() -> None:
    waves = Waves({"tip": sine(2.0, 10e3)}, [], 1.0)
    scope = Digitiser(EXACT, waves, {1: "tip"})
    scope.s_a_division = 50e-6
    scope.stop()
    expected = {"peak_to_peak": 4.0, "maximum": 2.0, "minimum": -2.0, "mean": 0.0,
                "rms": math.sqrt(2), "frequency": 10e3, "period": 1e-4}  # fmt: skip
    for quantity, value in expected.items():
        assert scope.measured(1, quantity) == pytest.approx(value, rel=0.03, abs=0.15), quantity
    assert scope.measured(2, "mean") is None


def test_a_screen_shows_the_memory_from_its_first_sample() -> None:
    codes = np.arange(12_000, dtype=np.int32)
    shown = resampled(codes, 1200)
    assert shown.tolist() == list(range(0, 12_000, 10))
