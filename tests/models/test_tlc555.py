"""The TLC555 model in the datasheet's test circuits.

Ref: Texas Instruments SLFS043C, TLC555C, electrical characteristics (15 V and 5 V, 25 C), function
table.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from realnet_hw.predict.ngspice import NgspiceEngine
from tests.models.timers import FUNCTION_TABLE, held, monostable, timer, truth, width_s

KIND = "tlc555"
RC_s = 1e5 * 1e-7


def test_function_table(engine: NgspiceEngine) -> None:
    assert truth(engine, KIND) == FUNCTION_TABLE


@pytest.mark.parametrize("level_V", [5.0, 8.0, 10.0])
def test_pulse_width_is_that_of_the_law(engine: NgspiceEngine, level_V: float) -> None:
    width = width_s(engine, monostable(KIND, level_V))
    assert width == pytest.approx(RC_s * math.log(15 / (15 - level_V)), rel=2e-3)


def test_pulse_width_is_that_of_transistors(engine: NgspiceEngine) -> None:
    ours, twins = (width_s(engine, monostable(kind, 9.0)) for kind in (KIND, "transistors"))
    assert ours == pytest.approx(twins, rel=0.01)


def test_pulse_width_at_its_own_level(engine: NgspiceEngine) -> None:
    """CONT open: 1.1 RC, the datasheet's formula."""
    assert width_s(engine, monostable(KIND, None)) == pytest.approx(1.1 * RC_s, rel=0.01)


def test_control_voltage(engine: NgspiceEngine) -> None:
    """The threshold is 10 V [9.45 to 10.55]."""
    sets = [{}, {"r.xu1.rtop": 117.4e3}, {"r.xu1.rtop": 84.4e3}]
    volts = engine.operating_point(held(KIND, "low"), sets, ["cont"])[:, 0]
    np.testing.assert_allclose(volts, [10.0, 9.45, 10.55], atol=5e-3)


def test_input_currents(engine: NgspiceEngine) -> None:
    """10 pA each."""
    sources = ("v_t t 0 0", "v_r r 0 15", "v_h h 0 0")
    deck = timer(KIND, {"trig": "t", "rst": "r", "thr": "h"}, *sources)
    currents = engine.operating_point(deck, [{}], ["i(v_t)", "i(v_r)", "i(v_h)"])[0]
    np.testing.assert_allclose(np.abs(currents), 10e-12, rtol=0.25)


@pytest.mark.parametrize(("reset_V", "high"), [(1.0, False), (1.2, True)])
def test_reset_level(engine: NgspiceEngine, reset_V: float, high: bool) -> None:
    """1.1 V [0.4 to 1.5]."""
    sources = ("v_t t 0 0", f"v_r r 0 {reset_V}", "v_h h 0 0", "r_l out 0 1e6")
    deck = timer(KIND, {"trig": "t", "rst": "r", "thr": "h", "out": "out"}, *sources)
    assert (engine.operating_point(deck, [{}], ["out"])[0, 0] > 6.0) == high


@pytest.mark.parametrize(
    ("load_A", "typical_V", "least_V"), [(1e-3, 14.9, 14.2), (5e-3, 14.6, 13.5), (1e-2, 14.2, 12.5)]
)
def test_output_high(
    engine: NgspiceEngine, load_A: float, typical_V: float, least_V: float
) -> None:
    deck = held(KIND, "high", f"i_l out 0 {load_A}")
    sets = [{}, {"r.xu1.rhigh": 249.0}]
    typical, worst = engine.operating_point(deck, sets, ["out"])[:, 0]
    assert typical == pytest.approx(typical_V, abs=0.05)
    assert least_V - 0.01 <= worst < typical


@pytest.mark.parametrize(("load_A", "typical_V"), [(0.01, 0.12), (0.05, 0.63), (0.1, 1.28)])
def test_output_low(engine: NgspiceEngine, load_A: float, typical_V: float) -> None:
    out_V = engine.operating_point(held(KIND, "low", f"i_l 0 out {load_A}"), [{}], ["out"])[0, 0]
    assert out_V == pytest.approx(typical_V, rel=0.06)


def test_discharge(engine: NgspiceEngine) -> None:
    """On: 0.77 V [1.7 max] at 100 mA. Off: 0.1 nA, 0.5 nA warm."""
    on = held(KIND, "low", "i_d 0 dis 0.1")
    assert engine.operating_point(on, [{}], ["dis"])[0, 0] == pytest.approx(0.77, rel=0.03)
    leaking = held(KIND, "high", "v_d dis 0 10")
    currents = engine.operating_point(leaking, [{}, {"i.xu1.ileakage": 5e-10}], ["i(v_d)"])[:, 0]
    np.testing.assert_allclose(-currents, [0.1e-9, 0.5e-9], rtol=0.1)


@pytest.mark.parametrize(
    ("supply_V", "typical_A", "most_A"), [(15, 360e-6, 600e-6), (5, 170e-6, 350e-6)]
)
def test_supply_current(
    engine: NgspiceEngine, supply_V: float, typical_A: float, most_A: float
) -> None:
    current = -engine.operating_point(held(KIND, "low", supply_V=supply_V), [{}], ["i(v_p)"])[0, 0]
    assert current == pytest.approx(typical_A, rel=0.02)
    assert current < most_A
