"""The TL074 model in the datasheet's test circuits.

Ref: Texas Instruments SLOS080V, TL07xx, tables 6.7 to 6.9 (TL074C, +-15 V, 25 C).
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from realnet_hw.export.deck import Deck
from realnet_hw.predict.ngspice import NgspiceEngine
from tests.models import quad
from tests.models.quad import PINOUT


def package(pins: dict[int, str], *elements: str, rail_V: float = 15.0) -> Deck:
    """Put the package on two rails."""
    return quad.wired("tl074", pins, f"v_p p 0 {rail_V}", f"v_n n 0 -{rail_V}", *elements)


def follower(*elements: str) -> Deck:
    return package({1: "out", 2: "out", 3: "in"}, "v_in in 0 0", *elements)


def comparator(*elements: str, rail_V: float = 15.0) -> Deck:
    return package({1: "out", 2: "0", 3: "in"}, "v_in in 0 1", *elements, rail_V=rail_V)


def test_pins_are_those_of_the_dip_package(engine: NgspiceEngine) -> None:
    pins = {}
    sources = []
    for volts, (out, minus, plus) in enumerate(PINOUT, 1):
        pins |= {out: f"o{out}", minus: f"o{out}", plus: f"i{plus}"}
        sources.append(f"v_{plus} i{plus} 0 {volts}")
    out = engine.operating_point(package(pins, *sources), [{}], ["o1", "o7", "o8", "o14"])
    np.testing.assert_allclose(out[0], [1, 2, 3, 4], atol=2e-4)


@pytest.mark.parametrize("amplifier", [1, 2, 3, 4])
def test_offset_is_that_of_its_own_amplifier(engine: NgspiceEngine, amplifier: int) -> None:
    """V_IO is what must be applied between the inputs to bring the output to zero."""
    pins = {}
    for out, minus, _ in PINOUT:
        pins |= {out: f"o{out}", minus: f"o{out}"}
    nodes = [f"o{out}" for out, _, _ in PINOUT]
    own, other = engine.operating_point(
        package(pins), [{}, {f"v.xu1.vos{amplifier}": 10e-3}], nodes
    )
    np.testing.assert_allclose(own, -1e-4, rtol=1e-3)
    changed = np.array([index == amplifier - 1 for index in range(4)])
    np.testing.assert_allclose(other[changed], -10e-3, rtol=1e-3)
    np.testing.assert_allclose(other[~changed], -1e-4, rtol=1e-3)


def test_input_bias_current(engine: NgspiceEngine) -> None:
    deck = package({1: "out", 2: "m", 3: "in"}, "v_in in 0 0", "v_m m 0 0")
    into_V = -engine.operating_point(deck, [{}], ["i(v_in)", "i(v_m)"])[0]
    np.testing.assert_allclose(into_V, 65e-12, rtol=0.01)
    assert np.all(into_V < 200e-12)


def test_open_loop_gain(engine: NgspiceEngine) -> None:
    deck = comparator("r_load out 0 2e3")
    input_V = np.array([80e-6, 120e-6])
    out_V = engine.sweep(deck, [{}], ["out"], source="v_in", values=input_V.tolist())[0, :, 0]
    gain = np.diff(out_V)[0] / np.diff(input_V)[0]
    assert gain == pytest.approx(200e3, rel=0.02)
    assert gain > 25e3


def swing_V(engine: NgspiceEngine, load_ohm: float) -> tuple[float, float]:
    deck = comparator(f"r_load out 0 {load_ohm}")
    high, low = engine.operating_point(deck, [{"v_in": 1.0}, {"v_in": -1.0}], ["out"])[:, 0]
    return float(high), float(low)


def test_output_swing(engine: NgspiceEngine) -> None:
    high, low = swing_V(engine, 10e3)
    assert (high, low) == pytest.approx((13.5, -13.5), abs=0.1)
    high, low = swing_V(engine, 2e3)
    assert 10 < high < 13.5
    assert -13.5 < low < -10


def test_output_resistance(engine: NgspiceEngine) -> None:
    idle, loaded = swing_V(engine, 1e9)[0], swing_V(engine, 10e3)[0]
    assert (idle - loaded) / (loaded / 10e3) == pytest.approx(125, rel=0.05)


def test_swing_follows_the_rails(engine: NgspiceEngine) -> None:
    """At the rails of our boards the output keeps the same distance to them as at +-15 V."""
    deck = comparator("r_load out 0 1e4", rail_V=12.0)
    assert engine.operating_point(deck, [{}], ["out"])[0, 0] == pytest.approx(12 - 1.5, abs=0.1)


def test_short_circuit_current(engine: NgspiceEngine) -> None:
    deck = comparator("v_short out 0 0")
    sets = [{"v_in": 1.0}, {"v_in": -1.0}]
    currents_A = engine.operating_point(deck, sets, ["i(v_short)"])[:, 0]
    np.testing.assert_allclose(currents_A, [26e-3, -26e-3], rtol=0.02)


def test_supply_current(engine: NgspiceEngine) -> None:
    currents_A = engine.operating_point(follower(), [{}], ["i(v_p)", "i(v_n)"])[0]
    np.testing.assert_allclose(currents_A, [-4 * 1.4e-3, 4 * 1.4e-3], rtol=0.01)


@pytest.mark.parametrize(("volts", "rail"), [(10.0, "i(v_p)"), (-10.0, "i(v_n)")])
def test_load_current_comes_from_the_rail(engine: NgspiceEngine, volts: float, rail: str) -> None:
    deck = follower("r_load out 0 2e3")
    idle, loaded = engine.operating_point(deck, [{}, {"v_in": volts}], [rail, "out"])
    drawn_A = -(loaded[0] - idle[0])
    assert drawn_A == pytest.approx(loaded[1] / 2e3, rel=1e-3)


def test_slew_rate(engine: NgspiceEngine) -> None:
    """A 10 V step into a follower with 2 kohm and 100 pF, between 10 % and 90 %."""
    step_s = 5e-9
    deck = follower("r_load out 0 2e3", "c_load out 0 100e-12").with_waveform(
        "v_in", [(0, -5), (1e-6, -5), (1.01e-6, 5)]
    )
    out_V = engine.transient(deck, [{}], ["out"], end_s=3e-6, step_s=step_s)[0, :, 0]
    start, end = np.searchsorted(out_V, [-4.0, 4.0])
    slew = 8.0 / ((end - start) * step_s)
    assert slew == pytest.approx(13e6, rel=0.05)
    assert slew > 8e6


def test_unity_gain_bandwidth(engine: NgspiceEngine) -> None:
    """A follower's small step rises with the time constant 1 / (2 pi B)."""
    step_s = 1e-9
    deck = follower().with_waveform("v_in", [(0, 0), (1e-6, 0), (1.0001e-6, 10e-3)])
    out_V = engine.transient(deck, [{}], ["out"], end_s=2e-6, step_s=step_s)[0, :, 0]
    rise = (out_V - out_V[0]) / 10e-3
    times = np.arange(len(rise)) * step_s - 1e-6
    past = (rise > 0.1) & (rise < 0.9)
    slope = np.polyfit(times[past], np.log(1 - rise[past]), 1)[0]
    assert -slope / (2 * math.pi) == pytest.approx(3e6, rel=0.03)


@pytest.mark.parametrize("lost", ["v_p", "v_n"])
def test_without_a_rail_nothing_leaves_the_other(engine: NgspiceEngine, lost: str) -> None:
    """With one wire off, no node may find itself outside what the other rail and ground give."""
    deck = follower("r_load out 0 1e4")
    rail = lost[-1]
    deck = deck.with_element(lost, f"r_off {rail} 0 1e9")
    for volts in (-5.0, 0.0, 5.0):
        out, floating = engine.operating_point(deck, [{"v_in": volts}], ["out", rail])[0]
        assert abs(out) < 15.1
        assert abs(floating) < 16.0
