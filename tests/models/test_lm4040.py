"""The LM4040-5.0 model in the datasheet's test conditions.

Ref: Texas Instruments SLOS456O, LM4040, tables 6.16 and 6.17 (25 C).
"""

from __future__ import annotations

import pytest

from realnet_hw.export.deck import Deck, model_card
from realnet_hw.predict.ngspice import NgspiceEngine

DECK = Deck(
    "* LM4040 under test",
    ("i_z 0 k 1e-4", "xu1 k 0 lm4040_5v0"),
    models=model_card("lm4040_5v0.lib"),
)


def volts(engine: NgspiceEngine, *currents_A: float) -> list[float]:
    found = engine.sweep(DECK, [{}], ["k"], source="i_z", values=currents_A)
    return [float(value) for value in found[0, :, 0]]


def test_breakdown_voltage(engine: NgspiceEngine) -> None:
    assert volts(engine, 100e-6) == pytest.approx([5.0], abs=0.1e-3)


def test_reference_voltage_can_be_set(engine: NgspiceEngine) -> None:
    found = engine.operating_point(DECK, [{"v.xu1.vref": 4.975}], ["k"])
    assert found[0, 0] == pytest.approx(4.975, abs=0.1e-3)


def test_change_with_current(engine: NgspiceEngine) -> None:
    least, one, fifteen = volts(engine, 65e-6, 1e-3, 15e-3)
    assert one - least == pytest.approx(0.5e-3, rel=0.2)
    assert fifteen - one == pytest.approx(3.5e-3, rel=0.2)
    assert one - least < 1e-3
    assert fifteen - one < 8e-3


def test_dynamic_impedance(engine: NgspiceEngine) -> None:
    low, high = volts(engine, 0.95e-3, 1.05e-3)
    assert (high - low) / 0.1e-3 == pytest.approx(0.5, rel=0.25)


def test_below_its_minimum_current_it_does_not_regulate(engine: NgspiceEngine) -> None:
    starved, least = volts(engine, 40e-6, 89e-6)
    assert starved < 4.5
    assert least == pytest.approx(5.0, abs=0.5e-3)


def test_turned_round_it_is_a_diode(engine: NgspiceEngine) -> None:
    (forward,) = volts(engine, -1e-3)
    assert -1.0 < forward < -0.4
