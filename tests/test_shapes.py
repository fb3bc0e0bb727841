"""What is told of a wave in a firing, against waves whose figures are known by their law."""

from __future__ import annotations

import math

import numpy as np
import pytest

from realnet_hw.shapes import Shape, shape, trigger_s

WINDOW_S = 100e-6
TIMES_S = np.arange(-1e-3, 30e-3, 5e-6)
TAU_S = 5e-3


def seen(volts: np.ndarray) -> Shape:
    return shape(TIMES_S, volts, window_s=WINDOW_S, least_V=0.1)


@pytest.mark.parametrize("noise_V", [0.0, 0.2])
def test_a_pulse(noise_V: float) -> None:
    noise = np.random.default_rng(1).normal(0.0, noise_V, len(TIMES_S))
    found = seen(np.where((TIMES_S >= 2e-3) & (TIMES_S < 9e-3), 13.0, 0.5) + noise)
    few = 4 * noise_V / math.sqrt(WINDOW_S / 5e-6)
    assert found.delay_s == pytest.approx(2e-3, abs=5e-6)
    assert found.width_s == pytest.approx(7e-3, abs=8e-6)
    assert found.passage_s is None  # no slower than the window can tell
    assert found.low_V == pytest.approx(0.5, abs=few + 1e-9)
    assert found.high_V == pytest.approx(13.0, abs=few + 1e-9)


@pytest.mark.parametrize("noise_V", [0.0, 0.1])
def test_a_capacitor_that_charges_and_then_leaks(noise_V: float) -> None:
    """10 V (1 - exp(-t / 5 ms)) for 15 ms, then down with 100 ms: never half-way down."""
    noise = np.random.default_rng(2).normal(0.0, noise_V, len(TIMES_S))
    charging = 10 * -np.expm1(-np.clip(TIMES_S, 0, 15e-3) / TAU_S)
    found = seen(charging * np.exp(-np.clip(TIMES_S - 15e-3, 0, None) / 0.1) + noise)
    top_V = 10 * -math.expm1(-3)
    assert found.high_V == pytest.approx(top_V, abs=0.02 + noise_V)
    half_s, early_s, late_s = (
        -TAU_S * math.log1p(-share * top_V / 10) for share in (0.5, 0.1, 0.9)
    )
    assert found.delay_s == pytest.approx(half_s, abs=20e-6 + 2e-3 * noise_V)
    assert found.passage_s == pytest.approx(late_s - early_s, abs=40e-6 + 6e-3 * noise_V)
    assert found.width_s is None


def test_what_does_not_move_has_levels_alone() -> None:
    assert seen(np.full(len(TIMES_S), 5.0)) == Shape(None, None, None, 5.0, 5.0)
    at_once = seen(np.where(TIMES_S >= 0, 5.0, 0.0))
    assert at_once.delay_s == 0.0
    assert at_once.width_s is None


def test_the_trigger() -> None:
    pulled = np.where((TIMES_S >= 1e-3) & (TIMES_S < 1.1e-3), 0.3, 15.0)
    assert trigger_s(TIMES_S, pulled) == pytest.approx(1e-3, abs=5e-6)
    assert trigger_s(TIMES_S, np.full(len(TIMES_S), 15.0)) is None
