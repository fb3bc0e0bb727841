"""Figures of edges against known laws: a resistor and a capacitor, a ringing second order."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realnet_hw import edges
from realnet_hw.edges import Array

TIMES = np.linspace(-2.0, 20.0, 22_001)


def low_pass(times_s: Array, tau_s: float = 1.0) -> Array:
    return np.where(times_s > 0, 1 - np.exp(-np.maximum(times_s, 0) / tau_s), 0.0)


@given(
    begin_V=st.floats(-10, 10),
    way_V=st.floats(0.1, 10) | st.floats(-10, -0.1),
    tau_s=st.floats(0.3, 1.5),
)
def test_a_resistor_and_a_capacitor(begin_V: float, way_V: float, tau_s: float) -> None:
    found = edges.figures(TIMES, begin_V + way_V * low_pass(TIMES, tau_s), 0.0, least_V=0.05)
    assert found.delay_s == pytest.approx(tau_s * math.log(2), rel=0.01)
    assert found.passage_s == pytest.approx(tau_s * math.log(9), rel=0.01)
    assert found.settling_s == pytest.approx(tau_s * math.log(50), rel=0.03)
    assert found.overshoot == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize("damping", [0.2, 0.4, 0.6])
def test_a_second_order_overshoots_as_its_damping_says(damping: float) -> None:
    pole = math.sqrt(1 - damping**2)
    late = np.maximum(TIMES * 6, 0)
    swing = np.exp(-damping * late) * (np.cos(pole * late) + damping / pole * np.sin(pole * late))
    found = edges.figures(TIMES, np.where(TIMES > 0, 1 - swing, 0.0), 0.0, least_V=0.1)
    assert found.overshoot == pytest.approx(math.exp(-math.pi * damping / pole), rel=0.02)
    assert found.delay_s is not None
    assert found.settling_s is not None
    assert found.settling_s > found.delay_s


def test_what_does_not_move_has_no_figures() -> None:
    still = edges.figures(TIMES, np.full(len(TIMES), 3.0), 0.0, least_V=0.05)
    assert still == edges.Figures(None, None, None, None)
    assert edges.middle_s(TIMES, np.full(len(TIMES), 3.0)) is None
    assert edges.passage_s(TIMES, np.zeros(len(TIMES))) is None


@pytest.mark.parametrize("tau_s", [20 / 3.5, 10.0, 20.0, 100.0])
@pytest.mark.parametrize("way_V", [5.0, -5.0])
def test_what_has_not_come_to_rest_has_no_figures(tau_s: float, way_V: float) -> None:
    volts = 1.0 + way_V * low_pass(TIMES, tau_s)
    found = edges.figures(TIMES, volts, 0.0, least_V=0.05)
    assert found == edges.Figures(None, None, None, None)


@given(tau_s=st.floats(0.3, 20.0))
def test_no_delay_is_told_that_is_far_off(tau_s: float) -> None:
    delay_s = edges.figures(TIMES, low_pass(TIMES, tau_s), 0.0, least_V=0.05).delay_s
    assert delay_s is None or delay_s == pytest.approx(tau_s * math.log(2), rel=0.03)


@given(share=st.floats(0.05, 0.95), lasts_s=st.floats(0.5, 5.0))
def test_a_ramp_passes_each_share_in_its_time(share: float, lasts_s: float) -> None:
    ramp = np.clip(TIMES / lasts_s, 0, 1)
    (at_s,) = edges.passes_s(TIMES, 5 - 5 * ramp, [share])
    assert at_s == pytest.approx(share * lasts_s, abs=0.06)
    assert edges.passage_s(TIMES, ramp) == pytest.approx(0.8 * lasts_s, abs=0.06)


def test_the_jackknife_of_a_mean_is_its_standard_error() -> None:
    values = np.array([4.0, 5.5, 3.2, 4.4, 6.1, 5.0])
    without = [float(np.delete(values, index).mean()) for index in range(len(values))]
    expected = values.std(ddof=1) / math.sqrt(len(values))
    assert edges.jackknifed(without) == pytest.approx(expected)
    assert edges.jackknifed([1.0]) is None
    assert edges.jackknifed([1.0, None, 2.0]) is None
