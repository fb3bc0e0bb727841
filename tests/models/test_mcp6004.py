"""The MCP6004 model in the datasheet's test circuits.

Ref: Microchip DS20001733, MCP6001/1R/1U/2/4, DC and AC electrical specifications (5.5 V, 25 C).
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from realnet_hw.export.deck import Deck
from realnet_hw.predict.ngspice import NgspiceEngine
from tests.models import quad
from tests.models.quad import PINOUT

SUPPLY_V = 5.5
HALF_V = SUPPLY_V / 2


def package(pins: dict[int, str], *elements: str, supply_V: float = SUPPLY_V) -> Deck:
    """Put the package on its supply; amplifiers that are not wired follow half of it."""
    sources = (f"v_p p 0 {supply_V}", f"v_half half 0 {supply_V / 2}")
    return quad.wired("mcp6004", pins, *sources, *elements, low="0", rest="half")


def follower(*elements: str) -> Deck:
    return package({1: "out", 2: "out", 3: "in"}, f"v_in in 0 {HALF_V}", *elements)


def comparator(*elements: str, supply_V: float = SUPPLY_V) -> Deck:
    pins = {1: "out", 2: "half", 3: "in"}
    return package(pins, "v_in in 0 0", *elements, supply_V=supply_V)


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
    pins = {}
    for out, minus, _ in PINOUT:
        pins |= {out: f"o{out}", minus: f"o{out}"}
    nodes = [f"o{out}" for out, _, _ in PINOUT]
    offset = {f"v.xu1.vos{amplifier}": 4.5e-3}
    own, other = HALF_V - engine.operating_point(package(pins), [{}, offset], nodes)
    np.testing.assert_allclose(own, 1e-4, rtol=0.1)
    changed = np.array([index == amplifier - 1 for index in range(4)])
    np.testing.assert_allclose(other[changed], 4.5e-3, rtol=0.01)
    np.testing.assert_allclose(other[~changed], 1e-4, rtol=0.1)


def test_input_bias_current(engine: NgspiceEngine) -> None:
    deck = package({1: "out", 2: "m", 3: "in"}, "v_in in 0 1", "v_m m 0 1")
    into_A = -engine.operating_point(deck, [{}], ["i(v_in)", "i(v_m)"])[0]
    # The simulator itself leaks 1 pS to ground at each node that a subcircuit's diode meets.
    np.testing.assert_allclose(into_A, 1e-12, atol=1e-13)


def test_open_loop_gain(engine: NgspiceEngine) -> None:
    deck = comparator("r_load out half 1e4")
    input_V = HALF_V + 1e-4 + np.array([5e-6, 9e-6])
    out_V = engine.sweep(deck, [{}], ["out"], source="v_in", values=input_V.tolist())[0, :, 0]
    assert np.all((out_V > 0.3) & (out_V < SUPPLY_V - 0.3))
    gain_dB = 20 * math.log10(np.diff(out_V)[0] / np.diff(input_V)[0])
    assert gain_dB == pytest.approx(112, abs=1)
    assert gain_dB > 88


def from_rails_V(engine: NgspiceEngine, load_ohm: float, **changes: float) -> tuple[float, float]:
    """Return how near the output comes to each rail, 0.5 V overdriven."""
    deck = comparator(f"r_load out half {load_ohm}")
    sets = [{"v_in": HALF_V - 0.5, **changes}, {"v_in": HALF_V + 0.5, **changes}]
    low, high = engine.operating_point(deck, sets, ["out"])[:, 0]
    return float(low), float(SUPPLY_V - high)


def test_output_swing(engine: NgspiceEngine) -> None:
    low, high = from_rails_V(engine, 10e3)
    assert 5e-3 < low < 25e-3
    assert 5e-3 < high < 25e-3


def test_output_swing_of_the_worst_piece_is_the_guaranteed_one(engine: NgspiceEngine) -> None:
    worst = {"v.xu1.vlow": 18e-3, "v.xu1.vhigh": 18e-3}
    assert from_rails_V(engine, 10e3, **worst) == pytest.approx((25e-3, 25e-3), abs=1e-3)
    best = {"v.xu1.vlow": 0.0, "v.xu1.vhigh": 0.0}
    assert from_rails_V(engine, 1e9, **best) == pytest.approx((0.0, 0.0), abs=1e-3)


@pytest.mark.parametrize("supply_V", [1.8, 4.75, 5.25])
def test_swing_follows_the_supply(engine: NgspiceEngine, supply_V: float) -> None:
    deck = comparator("r_load out half 1e4", supply_V=supply_V)
    low, high = engine.operating_point(deck, [{"v_in": 0.0}, {"v_in": supply_V}], ["out"])[:, 0]
    assert 0 < low < 25e-3
    assert supply_V - 25e-3 < high < supply_V


def test_a_rail_rectifies_within_millivolts(engine: NgspiceEngine) -> None:
    """A follower's output leaves its lower rail where its input passes what the output can do."""
    deck = follower("r_load out 0 1e4")
    values = [0.0, 0.02, 0.05, 0.1]
    out_V = engine.sweep(deck, [{}], ["out"], source="v_in", values=values)[0, :, 0]
    assert 0 < out_V[0] < 25e-3
    np.testing.assert_allclose(out_V[2:], values[2:], atol=0.3e-3)


def test_short_circuit_current(engine: NgspiceEngine) -> None:
    deck = comparator("v_short out half 0")
    sets = [{"v_in": SUPPLY_V}, {"v_in": 0.0}]
    currents_A = engine.operating_point(deck, sets, ["i(v_short)"])[:, 0]
    np.testing.assert_allclose(currents_A, [23e-3, -23e-3], rtol=0.02)


def test_supply_current(engine: NgspiceEngine) -> None:
    current_A = -engine.operating_point(follower(), [{}], ["i(v_p)"])[0, 0]
    assert current_A == pytest.approx(4 * 100e-6, rel=0.01)


def test_load_current_comes_from_the_supply(engine: NgspiceEngine) -> None:
    idle, loaded = (
        engine.operating_point(follower(f"r_load out 0 {ohm}"), [{}], ["i(v_p)", "out"])[0]
        for ohm in (1e9, 2e3)
    )
    assert idle[0] - loaded[0] == pytest.approx(loaded[1] / 2e3, rel=1e-3)


def test_slew_rate(engine: NgspiceEngine) -> None:
    """A step into a follower with 10 kohm and 60 pF, between 10 % and 90 %."""
    step_s = 2e-8
    deck = follower("r_load out half 1e4", "c_load out 0 60e-12").with_waveform(
        "v_in", [(0, 0.5), (1e-6, 0.5), (1.01e-6, 5.0)]
    )
    out_V = engine.transient(deck, [{}], ["out"], end_s=15e-6, step_s=step_s)[0, :, 0]
    start, end = np.searchsorted(out_V, [0.95, 4.55])
    assert 3.6 / ((end - start) * step_s) == pytest.approx(0.6e6, rel=0.05)


def test_gain_bandwidth_product(engine: NgspiceEngine) -> None:
    """A follower's small step rises with the time constant 1 / (2 pi B)."""
    step_s = 2e-9
    deck = follower().with_waveform(
        "v_in", [(0, HALF_V), (1e-6, HALF_V), (1.001e-6, HALF_V + 10e-3)]
    )
    out_V = engine.transient(deck, [{}], ["out"], end_s=3e-6, step_s=step_s)[0, :, 0]
    rise = (out_V - out_V[0]) / 10e-3
    times = np.arange(len(rise)) * step_s - 1e-6
    past = (rise > 0.1) & (rise < 0.9)
    slope = np.polyfit(times[past], np.log(1 - rise[past]), 1)[0]
    assert -slope / (2 * math.pi) == pytest.approx(1e6, rel=0.03)


def test_without_supply_nothing_leaves_the_outputs(engine: NgspiceEngine) -> None:
    deck = follower("r_load out 0 1e4").with_element("v_p", "r_off p 0 1e9")
    for volts in (0.0, 2.5, 5.0):
        out, floating = engine.operating_point(deck, [{"v_in": volts}], ["out", "p"])[0]
        assert abs(out) < 0.1
        assert abs(floating) < 0.1
