"""The NE555 model in the datasheets' test circuits, and beside a 555 of transistors.

Ref: Texas Instruments SLFS022A, NE555, electrical characteristics (15 V, 25 C), function table;
STMicroelectronics Doc ID 2182, table 3 (discharge saturation).
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from realnet_hw.predict.ngspice import NgspiceEngine
from tests.models.timers import FUNCTION_TABLE, held, monostable, timer, truth, width_s

KIND = "ne555"
RC_s = 1e5 * 1e-7


def test_function_table(engine: NgspiceEngine) -> None:
    assert truth(engine, KIND) == FUNCTION_TABLE


def test_a_555_of_transistors_has_the_same_function_table(engine: NgspiceEngine) -> None:
    assert truth(engine, "transistors") == FUNCTION_TABLE


@pytest.mark.parametrize("level_V", [5.0, 8.0, 10.0])
def test_pulse_width_is_that_of_the_law_and_of_transistors(
    engine: NgspiceEngine, level_V: float
) -> None:
    width = width_s(engine, monostable(KIND, level_V))
    assert width == pytest.approx(RC_s * math.log(15 / (15 - level_V)), rel=2e-3)
    assert width == pytest.approx(width_s(engine, monostable("transistors", level_V)), rel=0.01)


def test_pulse_width_at_its_own_level(engine: NgspiceEngine) -> None:
    """CONT open: 1.1 RC, the datasheet's formula."""
    width = width_s(engine, monostable(KIND, None))
    assert width == pytest.approx(1.1 * RC_s, rel=0.01)


def test_a_comparators_offset_moves_the_end_of_a_pulse(engine: NgspiceEngine) -> None:
    """The pulse ends where V (1 - exp(-t / RC)) meets the level less the offset."""
    deck = monostable(KIND, 10.0)
    width = width_s(engine, deck, {"v.xu1.vthreshold": 0.1})
    assert width == pytest.approx(RC_s * math.log(15 / (15 - 10.1)), rel=2e-3)


def test_threshold_current_takes_from_the_timing(engine: NgspiceEngine) -> None:
    """250 nA of what 1 Mohm gives: the capacitor charges towards 14.75 V."""
    deck = monostable(KIND, 5.0, resistor_ohm=1e6).with_element("c_t", "c_t c 0 1e-8")
    plain, worst = (
        width_s(engine, deck, {"i.xu1.ithreshold": current_A}) for current_A in (0.0, 250e-9)
    )
    expected = math.log(14.75 / 9.75) / math.log(15 / 10)
    assert worst / plain == pytest.approx(expected, rel=2e-3)


def test_control_voltage(engine: NgspiceEngine) -> None:
    deck = held(KIND, "low")
    sets = [{}, {"r.xu1.rtop": 6667.0}, {"r.xu1.rtop": 3636.0}]
    volts = engine.operating_point(deck, sets, ["cont"])[:, 0]
    np.testing.assert_allclose(volts, [10.0, 9.0, 11.0], atol=5e-3)


@pytest.mark.parametrize(("level_V", "high"), [(4.9, True), (5.1, False)])
def test_trigger_level_is_half_of_control(
    engine: NgspiceEngine, level_V: float, high: bool
) -> None:
    """5 V [4.5 to 5.6] at CONT = 10 V; above its own level the threshold keeps the output low."""
    sources = (f"v_t t 0 {level_V}", "v_h h 0 12", "r_l out 0 1e6")
    deck = timer(KIND, {"trig": "t", "thr": "h", "out": "out"}, *sources)
    out_V = engine.transient(
        deck, [{}], ["out"], end_s=1e-4, step_s=1e-6, use_initial_conditions=True
    )[0, -1, 0]
    assert (out_V > 6.0) == high


@pytest.mark.parametrize("node", ["t", "r"])
def test_currents_out_of_trigger_and_reset_at_zero(engine: NgspiceEngine, node: str) -> None:
    """TRIG 0.5 uA [2 max]; RESET 0.4 mA [1.5 max], and 0.1 mA [0.4 max] into it at 15 V."""
    sources = ("v_t t 0 0", "v_r r 0 0", "v_h h 0 0")
    deck = timer(KIND, {"trig": "t", "rst": "r", "thr": "h"}, *sources)
    volts = engine.operating_point(deck, [{}, {"v_r": 15.0}], ["i(v_t)", "i(v_r)", "i(v_h)"])
    out_of_A = volts[0]
    assert out_of_A[0] == pytest.approx(0.5e-6, rel=0.02)
    assert out_of_A[1] == pytest.approx(0.4e-3, rel=0.02)
    assert volts[1, 1] == pytest.approx(-0.1e-3, rel=0.02)
    assert out_of_A[2] == pytest.approx(-30e-9, rel=0.01)


def test_output_high(engine: NgspiceEngine) -> None:
    """13.3 V [12.75 min] at 100 mA, which the worst piece of its spread has."""
    deck = held(KIND, "high", "i_l out 0 0.1")
    typical, worst = engine.operating_point(deck, [{}, {"v.xu1.vhigh": 2.05}], ["out"])[:, 0]
    assert typical == pytest.approx(13.3, abs=0.02)
    assert worst == pytest.approx(12.75, abs=0.02)
    light = held(KIND, "high", "i_l out 0 2.5e-4")
    assert engine.operating_point(light, [{}], ["out"])[0, 0] == pytest.approx(13.5, abs=0.01)


def test_output_high_does_not_sink(engine: NgspiceEngine) -> None:
    """An emitter follower: what pulls the output above it meets no resistance."""
    deck = held(KIND, "high", "r_l p out 1e4")
    assert engine.operating_point(deck, [{}], ["out"])[0, 0] > 14.9


@pytest.mark.parametrize(("load_A", "least_V", "most_V"), [(0.01, 0.05, 0.25), (0.05, 0.3, 0.75)])
def test_output_low(engine: NgspiceEngine, load_A: float, least_V: float, most_V: float) -> None:
    out_V = engine.operating_point(held(KIND, "low", f"i_l 0 out {load_A}"), [{}], ["out"])[0, 0]
    assert least_V < out_V < most_V


def test_discharge(engine: NgspiceEngine) -> None:
    """On: 180 mV [480 max] at 15 mA. Off: 20 nA [100 max] at 10 V."""
    on = held(KIND, "low", "i_d 0 dis 0.015")
    assert engine.operating_point(on, [{}], ["dis"])[0, 0] == pytest.approx(0.18, abs=0.02)
    leaking = held(KIND, "high", "v_d dis 0 10")
    currents = engine.operating_point(leaking, [{}, {"i.xu1.ileakage": 1e-7}], ["i(v_d)"])[:, 0]
    np.testing.assert_allclose(-currents, [20e-9, 100e-9], rtol=0.02)


@pytest.mark.parametrize(
    ("supply_V", "typical_A", "most_A"), [(15.0, 10e-3, 15e-3), (5, 3e-3, 6e-3)]
)
def test_supply_current(
    engine: NgspiceEngine, supply_V: float, typical_A: float, most_A: float
) -> None:
    current = -engine.operating_point(held(KIND, "low", supply_V=supply_V), [{}], ["i(v_p)"])[0, 0]
    assert current == pytest.approx(typical_A, rel=0.15)
    assert current < most_A


def test_load_current_comes_from_the_supply(engine: NgspiceEngine) -> None:
    idle, loaded = (
        engine.operating_point(held(KIND, "high", f"i_l out 0 {load_A}"), [{}], ["i(v_p)"])[0, 0]
        for load_A in (1e-4, 1.01e-2)
    )
    assert idle - loaded == pytest.approx(10e-3, rel=1e-3)


def test_output_edges_are_no_slower_than_the_datasheets(engine: NgspiceEngine) -> None:
    """100 ns [300 max] into 15 pF, between 10 % and 90 %."""
    step_s = 1e-8
    sources = ("v_t t 0 0", "v_h h 0 15", "r_l out 0 1e6", "c_l out 0 1.5e-11")
    deck = timer(KIND, {"trig": "t", "thr": "h", "out": "out"}, *sources)
    points = [(0.0, 15.0), (2e-6, 15.0), (2.01e-6, 0.0), (1e-5, 0.0), (1.001e-5, 15.0)]
    out_V = engine.transient(
        deck.with_waveform("v_t", points),
        [{}],
        ["out"],
        end_s=2e-5,
        step_s=step_s,
        use_initial_conditions=True,
    )[0, :, 0]
    top_V = out_V.max()
    assert top_V > 13.0
    for edge in (out_V[:800], out_V[800:][::-1]):
        start, end = np.searchsorted(np.maximum.accumulate(edge), [0.1 * top_V, 0.9 * top_V])
        assert (end - start) * step_s < 300e-9


def test_a_long_step_ends_no_pulse_early(engine: NgspiceEngine) -> None:
    """Steps of 0.5 ms: no solution but the true one, though a latch has two."""
    deck = monostable(KIND, 10.0)
    fine, coarse = (
        engine.transient(
            deck, [{}], ["out"], end_s=14e-3, step_s=step_s, use_initial_conditions=True
        )[0, :, 0]
        for step_s in (2e-6, 5e-4)
    )
    last = int(np.flatnonzero(fine > 6.0)[-1]) * 2e-6
    assert last - 5e-4 < 5e-4 * int(np.flatnonzero(coarse > 6.0)[-1]) <= last + 1e-5
