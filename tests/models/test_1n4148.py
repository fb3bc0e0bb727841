"""The 1N4148 model in the datasheet's test circuits.

Ref: onsemi 1N91x, 1N4x48, electrical characteristics (25 C).
"""

from __future__ import annotations

import numpy as np
import pytest

from realnet_hw.export.deck import Deck, model_card
from realnet_hw.predict.ngspice import NgspiceEngine


def diode(*elements: str) -> Deck:
    return Deck("* 1N4148 under test", elements, models=model_card("1n4148.lib"))


def test_forward_voltage(engine: NgspiceEngine) -> None:
    deck = diode("i_f 0 a 1e-3", "d1 a 0 d1n4148")
    at_5mA, at_10mA = engine.sweep(deck, [{}], ["a"], source="i_f", values=[5e-3, 10e-3])[0, :, 0]
    assert 0.62 < at_5mA < 0.72
    assert at_5mA < at_10mA < 1.0


def test_area_spreads_the_forward_voltage(engine: NgspiceEngine) -> None:
    """Doubling the junction lowers the voltage by n kT/q ln 2."""
    deck = diode("i_f 0 a 1e-3", "d1 a 0 d1n4148")
    one, two = engine.operating_point(deck, [{}, {"d1 area": 2.0}], ["a"])[:, 0]
    series_V = 0.6 * 1e-3 / 2
    assert one - two - series_V == pytest.approx(1.8 * 0.025865 * np.log(2), rel=1e-3)


def test_reverse_current(engine: NgspiceEngine) -> None:
    deck = diode("v_r k 0 20", "d1 0 k d1n4148")
    currents_A = engine.sweep(deck, [{}], ["i(v_r)"], source="v_r", values=[20, 75, 100])[0, :, 0]
    assert np.all(currents_A < 0)
    assert np.all(-currents_A < [25e-9, 5e-6, 100e-6])


def test_capacitance_at_zero_volts(engine: NgspiceEngine) -> None:
    """The current of a ramp through 0 V over its slope, as a 1 MHz bridge would see it."""
    deck = diode("v_r a 0 0", "d1 a 0 d1n4148").with_waveform("v_r", [(0, -5e-3), (1e-8, 5e-3)])
    current_A = engine.transient(deck, [{}], ["i(v_r)"], end_s=1e-8, step_s=1e-10)[0, 50, 0]
    farad = -current_A / 1e6
    assert 1e-12 < farad <= 4e-12


def test_recovery_time(engine: NgspiceEngine) -> None:
    """From 10 mA, through 100 ohm to -6 V, until the reverse current has fallen to 1 mA."""
    deck = diode("v_g g 0 0", "r_l g a 100", "d1 a k d1n4148", "v_k k 0 0")
    deck = deck.with_waveform("v_g", [(0, 1.705), (1e-7, 1.705), (1.001e-7, -6)])
    step_s = 1e-11
    current_A = engine.transient(deck, [{}], ["i(v_k)"], end_s=1.3e-7, step_s=step_s)[0, :, 0]
    assert current_A[0] == pytest.approx(10e-3, rel=0.01)
    crossing = np.flatnonzero(current_A < 0)[0]
    assert current_A.min() < -20e-3
    peak = crossing + np.argmin(current_A[crossing:])
    recovered = peak + np.flatnonzero(current_A[peak:] > -1e-3)[0]
    assert (recovered - crossing) * step_s < 4e-9
