"""The ALD1106 model against the level-1 equations and as the synapse that it is used as.

Ref: D. Hummels, G. Flewelling, University of Maine, umaine.lib; see the model card.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from realnet_hw.export.deck import Deck, model_card
from realnet_hw.parts.catalogue import part_type
from realnet_hw.predict.ngspice import NgspiceEngine
from realnet_hw.technology.array_2t1c import STORE_MAX_V, STORE_MIN_V

SUBSTRATE_V = -2.5
WORD_V = 7.5
STORE_F = 1e-9
WRITE_s = 39e-6


def die(*elements: str) -> Deck:
    """Transistor 1 on d, g and s; the others, at the substrate, are left alone."""
    idle = "sub sub sub sub sub sub"
    return Deck(
        "* ALD1106 under test",
        (
            *elements,
            f"v_sub sub 0 {SUBSTRATE_V}",
            f"xq1 d g s sub {idle} vdd sub sub sub ald1106",
            f"v_vdd vdd 0 {WORD_V}",
        ),
        models=model_card("ald1106.lib"),
    )


def threshold_V(source_V: float) -> float:
    limits = part_type("ald1106").limits
    body = math.sqrt(limits["phi_V"] + source_V - SUBSTRATE_V) - math.sqrt(limits["phi_V"])
    return limits["threshold_V"] + limits["gamma_sqrtV"] * body


@pytest.mark.parametrize("gate_V", [2.0, 3.0, 4.0])
def test_conductance_follows_the_gate(engine: NgspiceEngine, gate_V: float) -> None:
    """At 10 mV between drain and source the channel is a resistor, G = beta (V_GS - V_T)."""
    deck = die("v_d d 0 0.01", "v_s s 0 0", f"v_g g 0 {gate_V}")
    current_A = -engine.operating_point(deck, [{}], ["i(v_d)"])[0, 0]
    beta = part_type("ald1106").limits["beta_A_per_V2"]
    expected = beta * (gate_V - threshold_V(0.0) - 0.005) * 0.01
    assert current_A == pytest.approx(expected, rel=2e-3)


def test_a_row_below_ground_conducts_more(engine: NgspiceEngine) -> None:
    """The body effect: what makes a synapse asymmetric between rows of either sign."""
    deck = die("v_d d 0 0", "v_s s 0 0", "v_g g 0 3")
    rows = [{"v_d": row + 0.01, "v_s": row} for row in (-1.0, 1.0)]
    below, above = -engine.operating_point(deck, rows, ["i(v_d)"])[:, 0]
    ratio = (3 + 1 - threshold_V(-1.0) - 0.005) / (3 - 1 - threshold_V(1.0) - 0.005)
    assert below / above == pytest.approx(ratio, rel=2e-3)


def test_dead_below_threshold(engine: NgspiceEngine) -> None:
    deck = die("v_d d 0 1", "v_s s 0 0", f"v_g g 0 {STORE_MIN_V}")
    assert threshold_V(0.0) > STORE_MIN_V
    assert abs(engine.operating_point(deck, [{}], ["i(v_d)"])[0, 0]) < 1e-9


def test_lots_shift_the_threshold(engine: NgspiceEngine) -> None:
    deck = die("v_d d 0 0.01", "v_s s 0 0", "v_g g 0 3")
    sets = [{}, {"v.xq1.vlot": 0.1}, {"v.xq1.vt1": 0.1}]
    plain, lot, own = -engine.operating_point(deck, sets, ["i(v_d)"])[:, 0]
    beta = part_type("ald1106").limits["beta_A_per_V2"]
    assert plain - lot == pytest.approx(beta * 0.1 * 0.01, rel=0.01)
    assert lot == pytest.approx(own, rel=1e-9)


def write(engine: NgspiceEngine, volts: float, pulse_s: float) -> np.ndarray:
    """Return the capacitor's voltage at the end of the word's pulse and 10 us after it."""
    start, edge = 1e-5, 1e-6
    word = [
        (0.0, 0.0),
        (start, 0.0),
        (start + edge, WORD_V),
        (start + edge + pulse_s, WORD_V),
        (start + 2 * edge + pulse_s, 0.0),
    ]
    deck = die(f"v_d d 0 {volts}", f"c_s s 0 {STORE_F}", "v_g g 0 0").with_waveform("v_g", word)
    end_s = start + pulse_s + 1.2e-5
    times = engine.transient(
        deck, [{}], ["s"], end_s=end_s, step_s=1e-7, use_initial_conditions=True
    )[0, :, 0]
    return times[[round((start + edge + pulse_s) / 1e-7), -1]]


def test_a_pulse_writes_the_greatest_voltage(engine: NgspiceEngine) -> None:
    written, _ = write(engine, STORE_MAX_V, WRITE_s)
    assert written == pytest.approx(STORE_MAX_V, abs=1e-3)


def test_a_short_pulse_does_not(engine: NgspiceEngine) -> None:
    written, _ = write(engine, STORE_MAX_V, 2e-6)
    assert written < STORE_MAX_V - 0.05


@pytest.mark.parametrize("volts", [1.5, 3.0, STORE_MAX_V])
def test_the_falling_word_injects_charge(engine: NgspiceEngine, volts: float) -> None:
    """The overlap of gate and channel divides the word's fall with the storage capacitor.

    Of its part above the threshold the data line carries some away, the less the faster it falls.
    """
    written, left = write(engine, volts, WRITE_s)
    off_V = volts + threshold_V(volts)
    assert -WORD_V * 0.5e-12 / STORE_F <= left - written <= -off_V * 0.5e-12 / STORE_F


def test_a_capacitor_holds_between_refreshes(engine: NgspiceEngine) -> None:
    """At 100 refreshes a second the leakage costs less than a tenth of the converter's step."""
    deck = die("v_d d 0 0", f"c_s s 0 {STORE_F}", "v_g g 0 0", "v_w w 0 0", "r_w w s 1")
    held = deck.with_waveform("v_w", [(0.0, 4.0), (1e-6, 4.0)]).with_element(
        "r_w", "b_w w s i=v(w,s)*v(t)", "v_t t 0 0"
    )
    held = held.with_waveform("v_t", [(0.0, 1.0), (1e-6, 1.0), (2e-6, 0.0)])
    volts = engine.transient(
        held, [{}], ["s"], end_s=1e-2, step_s=1e-5, use_initial_conditions=True
    )[0, :, 0]
    lost_V = volts[1] - volts[-1]
    # Beside the card's leakage every junction has the simulator's smallest conductance.
    leak_S = 1 / 2.5e11 + 1e-12
    assert lost_V == pytest.approx((4.0 - SUBSTRATE_V) * leak_S * 1e-2 / STORE_F, rel=0.05)
    assert lost_V < 0.5e-3
