"""The OPA4134 model against the figures that its card names.

Ref: Texas Instruments SBOS058, OPAx134 (+-15 V, 25 C), from memory but for the pinout.
"""

from __future__ import annotations

import numpy as np
import pytest

from realnet_hw.export.deck import Deck
from realnet_hw.predict.ngspice import NgspiceEngine
from tests.models import quad
from tests.models.quad import PINOUT


def package(pins: dict[int, str], *elements: str) -> Deck:
    """Put the package on +-15 V."""
    return quad.wired("opa4134", pins, "v_p p 0 15", "v_n n 0 -15", *elements)


def follower(*elements: str) -> Deck:
    return package({1: "out", 2: "out", 3: "in"}, "v_in in 0 0", *elements)


def test_pins_are_those_of_the_dip_package(engine: NgspiceEngine) -> None:
    pins: dict[int, str] = {}
    sources = []
    for volts, (out, minus, plus) in enumerate(PINOUT, 1):
        pins |= {out: f"o{out}", minus: f"o{out}", plus: f"i{plus}"}
        sources.append(f"v_{plus} i{plus} 0 {volts}")
    out = engine.operating_point(package(pins, *sources), [{}], ["o1", "o7", "o8", "o14"])
    np.testing.assert_allclose(out[0], [1, 2, 3, 4], atol=2e-4)


@pytest.mark.parametrize(("load_ohm", "least_V"), [(10e3, 13.8), (600.0, 12.5)])
def test_output_swing_is_what_is_guaranteed(
    engine: NgspiceEngine, load_ohm: float, least_V: float
) -> None:
    deck = package({1: "out", 2: "0", 3: "in"}, "v_in in 0 1", f"r_l out 0 {load_ohm}")
    high, low = engine.operating_point(deck, [{"v_in": 1.0}, {"v_in": -1.0}], ["out"])[:, 0]
    assert high == pytest.approx(least_V, abs=0.1)
    assert low == pytest.approx(-least_V, abs=0.1)


def test_short_circuit_and_bias_currents(engine: NgspiceEngine) -> None:
    deck = package({1: "out", 2: "0", 3: "in"}, "v_in in 0 1", "v_short out 0 0")
    shorted_A, bias_A = engine.operating_point(deck, [{}], ["i(v_short)", "i(v_in)"])[0]
    assert shorted_A == pytest.approx(40e-3, rel=0.05)
    assert 0 < -bias_A < 100e-12


def test_open_loop_gain(engine: NgspiceEngine) -> None:
    """What a swing of the output takes at the inputs, 120 dB at 2 kohm."""
    deck = follower("r_l out 0 2000")
    rows = engine.operating_point(deck, [{"v_in": -10.0}, {"v_in": 10.0}], ["in", "out"])
    error_V = np.diff(rows[:, 0] - rows[:, 1])[0]
    assert 20 * np.log10(20.0 / error_V) == pytest.approx(120.0, abs=1.5)


def test_slew_rate(engine: NgspiceEngine) -> None:
    deck = follower("r_l out 0 2000").with_waveform("v_in", [(0, -5), (1e-8, 5)])
    out = engine.transient(deck, [{}], ["out"], end_s=1.5e-6, step_s=1e-8)[0, :, 0]
    times = np.interp([-4.0, 4.0], out, np.arange(len(out)) * 1e-8)
    assert 8.0 / np.diff(times)[0] == pytest.approx(20e6, rel=0.1)


def test_supply_current(engine: NgspiceEngine) -> None:
    found = engine.operating_point(follower(), [{}], ["i(v_p)", "i(v_n)"])[0]
    assert -found[0] == pytest.approx(16e-3, rel=0.02)
    assert found[1] == pytest.approx(16e-3, rel=0.02)
