"""The 1N5819 model against the table of its series.

Ref: Taiwan Semiconductor 1N5817 to 1N5819, version A06, electrical characteristics (25 C).
"""

from __future__ import annotations

import pytest

from realnet_hw.export.deck import Deck, model_card
from realnet_hw.predict.ngspice import NgspiceEngine


def diode(*elements: str) -> Deck:
    return Deck("* 1N5819 under test", elements, models=model_card("1n5819.lib"))


def test_forward_voltage(engine: NgspiceEngine) -> None:
    deck = diode("i_f 0 a 1", "d1 a 0 d1n5819")
    at_1A, at_3A = engine.sweep(deck, [{}], ["a"], source="i_f", values=[1.0, 3.0])[0, :, 0]
    assert 0.35 < at_1A < 0.6
    assert at_1A < at_3A < 0.9


def test_it_conducts_before_a_junction_of_silicon(engine: NgspiceEngine) -> None:
    """What a board's whole current lifts a dead rail by must not open another junction."""
    deck = diode("i_f 0 a 0.05", "d1 a 0 d1n5819")
    assert engine.operating_point(deck, [{}], ["a"])[0, 0] < 0.35


def test_reverse_current(engine: NgspiceEngine) -> None:
    deck = diode("v_r k 0 40", "d1 0 k d1n5819")
    assert 0 < -engine.operating_point(deck, [{}], ["i(v_r)"])[0, 0] <= 1e-3


def test_capacitance_at_four_volts_reverse(engine: NgspiceEngine) -> None:
    """The current of a ramp through 4 V over its slope, less what the diode leaks."""
    slope_V_per_s = 1e6
    deck = diode("v_r k 0 3.5", "d1 0 k d1n5819").with_waveform("v_r", [(0, 3.5), (1e-6, 4.5)])
    ramp_A = -engine.transient(deck, [{}], ["i(v_r)"], end_s=1e-6, step_s=1e-8)[0, 50, 0]
    leak_A = -engine.operating_point(deck.with_element("v_r", "v_r k 0 4"), [{}], ["i(v_r)"])[0, 0]
    assert (ramp_A - leak_A) / slope_V_per_s == pytest.approx(55e-12, rel=0.1)
