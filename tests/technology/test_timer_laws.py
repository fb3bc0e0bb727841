"""The laws of 555 neurons against transients of the timers' models, and textbook numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from realnet_hw.export.deck import Deck, model_card
from realnet_hw.predict.ngspice import NgspiceEngine
from realnet_hw.technology import timer_laws as laws

R, C = 100e3, 100e-9
STEP_S = 1e-5
PULSE_OUT = ["o1", "o2"]


def neuron(timer: str, levels: tuple[float, float], *, isolated: bool = False) -> Deck:
    """Two monostables, one after the other, on one integrator; no threshold ever fires.

    With ``isolated`` the first one's discharge pin is behind a diode, as in the original circuit.
    """
    first = (
        ["xd1 t1 d1 diode", "r5 vcc d1 1e4", "c5 d1 g2 1e-8"]
        if isolated
        else ["r5 t1 d1 1e-3", "c5 o1 g2 1e-8"]
    )
    return Deck(
        title="* two monostables and an integrator",
        elements=(
            "v_vcc vcc 0 15",
            "v_rst rst 0 pwl(0 0 1e-4 0 1.01e-4 15)",
            "v_trg g1 0 pwl(0 15 1e-3 15 1.001e-3 0 1.1e-3 0 1.101e-3 15)",
            f"v_one l1 0 {levels[0]}",
            f"v_two l2 0 {levels[1]}",
            f"xu1 0 g1 o1 rst l1 t1 d1 vcc {timer}",
            f"r1 vcc t1 {R}",
            f"c1 t1 0 {C}",
            *first,
            "r6 vcc g2 1e4",
            "d5 g2 vcc d1n4148",
            f"xu2 0 g2 o2 rst l2 t2 t2 vcc {timer}",
            f"r2 vcc t2 {R}",
            f"c2 t2 0 {C}",
            "d2 o1 or d1n4148",
            "d3 o2 or d1n4148",
            "r9 or 0 1e5",
            "r10 or sum 1.5e5",
            f"c8 sum 0 {C}",
        ),
        models="\n".join(
            [
                model_card(f"{timer}.lib"),
                model_card("1n4148.lib"),
                ".subckt diode a k\nd1 a k d1n4148\n.ends",
            ]
        ),
    )


def waves(deck: Deck, nodes: list[str]) -> np.ndarray:
    found = NgspiceEngine().transient(
        deck, [{}], nodes, end_s=35e-3, step_s=STEP_S, use_initial_conditions=True
    )
    return np.asarray(found[0])


def widths(volts: np.ndarray) -> np.ndarray:
    return np.asarray((volts > 6).sum(axis=0) * STEP_S)


@pytest.mark.parametrize("levels", [(5.0, 10.0), (10.0, 8.0)])
def test_pulses_and_the_integrator_of_cmos_timers(levels: tuple[float, float]) -> None:
    seen = waves(neuron("tlc555", levels), ["o1", "o2", "sum"])
    due = [laws.pulse_s(R, C, level, 15.0) for level in levels]
    np.testing.assert_allclose(widths(seen[:, :2]), due, rtol=5e-3)
    reached_V = seen[:, 2].max()
    source = laws.drive(15.0, 80.0, pulldown_ohm=1e5, series_ohm=1.5e5, middle_V=reached_V / 2)
    tau_s = (1.5e5 + source.ohm) * C
    assert laws.charged_V(source.volts, sum(due), tau_s) == pytest.approx(reached_V, rel=5e-3)
    assert laws.charging_s(source.volts, reached_V, tau_s) == pytest.approx(sum(due), rel=1e-2)


def test_a_diode_at_the_discharge_pin_shortens_pulses() -> None:
    seen = waves(neuron("ne555", (5.0, 10.0), isolated=True), ["o1", "o2", "t1", "sum"])
    # Before it is let go, the first capacitor stands at the diode's voltage.
    start_V = seen[round(0.9e-3 / STEP_S), 2]
    assert 0.4 < start_V < 0.7
    due = [laws.pulse_s(R, C, 5.0, 15.0, start_V), laws.pulse_s(R, C, 10.0, 15.0)]
    np.testing.assert_allclose(widths(seen[:, :2]), due, rtol=1e-2)
    # A bipolar output is some 1.5 V below the rail, and its diode takes another half.
    source = laws.drive(13.5, 10.0, pulldown_ohm=1e5, series_ohm=1.5e5, middle_V=4.0)
    assert source.volts == pytest.approx(13.0, abs=0.05)
    reached_V = laws.charged_V(source.volts, sum(due), (1.5e5 + source.ohm) * C)
    assert seen[:, 3].max() == pytest.approx(reached_V, rel=1e-2)


def test_numbers_of_the_neuron_with_two_equal_inputs() -> None:
    t1h_s = laws.pulse_s(R, C, 10.0, 15.0)
    assert t1h_s == pytest.approx(R * C * math.log(3))
    assert laws.pulse_s(R, C, 5.0, 15.0) / t1h_s == pytest.approx(laws.LOW_UNITS)
    assert pytest.approx(0.369, abs=5e-4) == laws.LOW_UNITS
    # The threshold half way between two high inputs and one: 1.5 t1H.
    assert laws.charged_V(1.0, 1.5 * t1h_s, R * C) == pytest.approx(0.8075, abs=1e-4)
    # The noise case of 8 V and 9 V.
    noise_s = laws.pulse_s(R, C, 8.0, 15.0) + laws.pulse_s(R, C, 9.0, 15.0)
    assert noise_s / t1h_s == pytest.approx(1.53, abs=5e-3)


@pytest.mark.parametrize(("charge", "by_share", "by_volts"), [(1.0, math.e - 1, math.e)])
def test_how_errors_of_the_threshold_become_errors_of_time(
    charge: float, by_share: float, by_volts: float
) -> None:
    level_V = laws.charged_V(1.0, charge, 1.0)
    small = 1e-6

    def relative(change_V: float) -> float:
        moved_s = laws.charging_s(1.0, level_V + change_V, 1.0)
        return (moved_s - charge) / charge / small

    assert relative(small * level_V) == pytest.approx(by_share, rel=1e-4)
    assert relative(small) == pytest.approx(by_volts, rel=1e-4)


def test_a_constant_current_charges_in_proportion() -> None:
    assert laws.ramp_V(1e-4, C, 10e-3) == pytest.approx(10.0)


@pytest.mark.parametrize("temperature_C", [0.0, 27.0, 50.0])
@pytest.mark.parametrize("area", [0.5, 1.0, 2.0])
def test_the_diode_is_that_of_its_model(temperature_C: float, area: float) -> None:
    deck = Deck(
        title="* one diode",
        elements=("i_d 0 a 2e-4", f"d1 a 0 d1n4148 area={area}"),
        models=model_card("1n4148.lib"),
    ).with_temperature(temperature_C)
    volts = NgspiceEngine().operating_point(deck, [{}], ["a"])[0, 0]
    assert laws.diode_V(2e-4, area, temperature_C) == pytest.approx(volts, abs=1e-3)
