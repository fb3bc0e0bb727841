"""The 1N5711 model in the datasheet's test circuits.

Ref: STMicroelectronics 1N5711, static and dynamic characteristics (25 C).
"""

from __future__ import annotations

import numpy as np
import pytest

from realnet_hw.export.deck import Deck, model_card
from realnet_hw.predict.ngspice import NgspiceEngine


def diode(*elements: str) -> Deck:
    return Deck("* 1N5711 under test", elements, models=model_card("1n5711.lib"))


def forward_V(engine: NgspiceEngine, *currents_A: float) -> list[float]:
    deck = diode("i_f 0 a 1e-3", "d1 a 0 d1n5711")
    found = engine.sweep(deck, [{}], ["a"], source="i_f", values=currents_A)
    return [float(volts) for volts in found[0, :, 0]]


def test_forward_voltage(engine: NgspiceEngine) -> None:
    at_1mA, at_10mA, at_15mA = forward_V(engine, 1e-3, 10e-3, 15e-3)
    assert 0.35 < at_1mA < 0.41
    assert at_1mA < at_10mA < 0.75
    assert at_10mA < at_15mA < 1.0


def test_it_conducts_at_lower_voltage_than_silicon(engine: NgspiceEngine) -> None:
    silicon = Deck("* 1N4148", ("i_f 0 a 1e-3", "d1 a 0 d1n4148"), models=model_card("1n4148.lib"))
    assert engine.operating_point(silicon, [{}], ["a"])[0, 0] - forward_V(engine, 1e-3)[0] > 0.15


def test_reverse_current_and_breakdown(engine: NgspiceEngine) -> None:
    deck = diode("v_r k 0 20", "d1 0 k d1n5711")
    at_50V, at_70V = -engine.sweep(deck, [{}], ["i(v_r)"], source="v_r", values=[50, 70])[0, :, 0]
    assert 0 < at_50V <= 0.2e-6
    assert at_70V < 10e-6


def test_capacitance_at_zero_volts(engine: NgspiceEngine) -> None:
    """The current of a ramp through 0 V over its slope, less what the junction conducts."""
    ramps = {}
    for slope in (1e6, 2e6):
        deck = diode("v_r a 0 0", "d1 a 0 d1n5711").with_waveform(
            "v_r", [(0, -5e-3), (1e-2 / slope, 5e-3)]
        )
        end_s = 1e-2 / slope
        found = engine.transient(deck, [{}], ["i(v_r)"], end_s=end_s, step_s=end_s / 100)
        ramps[slope] = -found[0, 50, 0]
    farad = (ramps[2e6] - ramps[1e6]) / 1e6
    assert 1e-12 < farad <= 2e-12


def test_area_spreads_the_forward_voltage(engine: NgspiceEngine) -> None:
    """Doubling the junction lowers the voltage by n kT/q ln 2."""
    deck = diode("i_f 0 a 1e-3", "d1 a 0 d1n5711")
    one, two = engine.operating_point(deck, [{}, {"d1 area": 2.0}], ["a"])[:, 0]
    series_V = 9 * 1e-3 / 2
    assert one - two - series_V == pytest.approx(1.78 * 0.025865 * np.log(2), rel=1e-3)
