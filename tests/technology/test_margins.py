"""Margins: what nearly every board shows, and which cases are worth asking."""

from __future__ import annotations

import numpy as np
import pytest

from realnet_hw.board import Case, Logic
from realnet_hw.cells.balanced_neuron import BalancedNeuron
from realnet_hw.cells.neuron import Neuron
from realnet_hw.cells.summing_neuron import Rectifier, SummingNeuron
from realnet_hw.errors import CircuitRefused
from realnet_hw.technology import margins
from realnet_hw.technology.cases import Answer, Inputs, Points
from realnet_hw.technology.margins import Errors, Outcome
from realnet_hw.technology.summer import Summer

LOGIC = Logic(low_V=0.0, high_V=5.0, threshold_low_V=1.5, threshold_high_V=3.5)
ERRORS = Errors(resistor=0.01, offset_V=10e-3, idle_V={"Y": 10e-3, "H": 10e-3, "Z": 10e-3})


def inverter(source: str, output: str, rectifier: Rectifier = "none") -> Summer:
    cell = SummingNeuron(
        output, output, output=output, inputs={source: 20e3}, feedback_ohm=20e3, rectifier=rectifier
    )
    return Summer(cell, 5.0)


def outcome(*summers: Summer, errors: Errors = ERRORS, **known: tuple[float, float]) -> Outcome:
    return margins.outcome(summers, [{}], known, errors)


def test_independent_errors_add_as_squares() -> None:
    # Two resistors of 1 % at 2 V, and 10 mV times a noise gain of 2; 1.5 of it.
    shown = outcome(inverter("X", "Y"), X=(2.0, 0.0))
    assert shown.volts["Y"] == -2.0
    assert shown.error_V("Y") == pytest.approx(1.5 * np.sqrt(2 * 0.02**2 + 0.02**2))


def test_a_sources_error_that_comes_on_two_ways_adds_with_its_signs() -> None:
    exact = Errors(0.0, 0.0, {})
    both = SummingNeuron("Z", "Z", output="Z", inputs={"X": 20e3, "Y": 20e3}, feedback_ohm=20e3)
    chain = [inverter("X", "Y"), Summer(both, 5.0)]
    shown = outcome(*chain, errors=exact, X=(2.0, 0.1))
    assert shown.error_V("Y") == pytest.approx(0.15)
    assert shown.error_V("Z") == pytest.approx(0.0)
    assert shown.error_V("X", "Y") == pytest.approx(0.3)


@pytest.mark.parametrize(("x_V", "idle"), [(1.0, True), (0.01, False), (-2.0, False)])
def test_a_neuron_that_is_surely_off_passes_no_errors(x_V: float, idle: bool) -> None:
    shown = outcome(inverter("X", "Y", "positive"), X=(x_V, 0.0))
    assert shown.volts["Y"] == pytest.approx(max(0.0, -x_V))
    if idle:
        assert shown.error_V("Y") == pytest.approx(1.5 * 10e-3)
    else:
        assert shown.error_V("Y") > 1.5 * 10e-3


@pytest.mark.parametrize(
    "cell",
    [
        SummingNeuron("Y", "Y", output="Y", inputs={"A": 10e3, "B": 33e3}, feedback_ohm=22e3),
        BalancedNeuron(
            "Y", "Y", output="Y", positive={"A": 10e3}, negative={"B": 47e3}, feedback_ohm=22e3,
            positive_balance_ohm=15e3, negative_balance_ohm=68e3,
        ),
    ],
    ids=["inverting", "balanced"],
)  # fmt: skip
def test_a_resistors_effect_is_the_laws_derivative(cell: Neuron) -> None:
    volts = {"A": 2.0, "B": 1.3}

    def changed(index: int) -> float:
        factors = [1.0] * 8
        factors[index] = 1 + 1e-6
        if isinstance(cell, BalancedNeuron):
            a, pos, b, neg, f = factors[:5]
            again: Neuron = BalancedNeuron(
                "Y", "Y", output="Y", positive={"A": 10e3 * a}, negative={"B": 47e3 * b},
                feedback_ohm=22e3 * f, positive_balance_ohm=15e3 * pos,
                negative_balance_ohm=68e3 * neg,
            )  # fmt: skip
        else:
            a, b, f = factors[:3]
            again = SummingNeuron(
                "Y", "Y", output="Y", inputs={"A": 10e3 * a, "B": 33e3 * b}, feedback_ohm=22e3 * f
            )
        return (again.sum_V(volts) - cell.sum_V(volts)) / 1e-6

    effects = cell.resistor_effects(volts)
    assert effects == pytest.approx([changed(index) for index in range(len(effects))], rel=1e-4)


def judged(
    volts: dict[str, float],
    error_V: float,
    case: Case,
    answer: Answer = "level",
    inputs: Inputs = "bits",
    others: int = 0,
) -> tuple[Case, ...]:
    """Judge a case whose outputs are each off by up to ``error_V``, among others that are clear."""
    nets = list(volts)
    effects = {
        net: np.tile(np.eye(len(nets))[i] * error_V / 1.5, (others + 1, 1))
        for i, net in enumerate(nets)
    }
    levels = dict.fromkeys(nets) if answer == "largest" else {nets[0]: 1, nets[-1]: 0}
    clear = Case({}, levels, {nets[0]: 5.0, nets[-1]: 0.0}, {}, nets[0])
    shown = {net: np.array([clear.ideal_V[net]] * others + [volts[net]]) for net in nets}
    points = Points(inputs, ((0.0,),) * (others + 1), (), True)
    outcome = Outcome(shown, effects)
    asked = [*[clear] * others, case]
    return margins.judged(asked, points, lambda _: outcome, LOGIC, answer, 5.0).cases


def test_a_level_must_clear_its_threshold() -> None:
    case = Case({}, {"Y": 1}, {"Y": 3.6})
    assert judged({"Y": 3.6}, 0.09, case) == (case,)
    with pytest.raises(CircuitRefused, match=r"Y: would show 3\.60 V ± 0\.11 V where a 1 is due"):
        judged({"Y": 3.6}, 0.11, case)
    with pytest.raises(CircuitRefused, match="where a 0 is due"):
        judged({"Y": 1.45}, 0.1, Case({}, {"Y": 0}, {"Y": 1.45}))


def test_with_analogue_inputs_a_level_that_is_none_is_not_asked() -> None:
    between = Case({}, {"Y": 1, "Z": 0}, {"Y": 3.4, "Z": 0.0})
    _, kept = judged({"Y": 3.4, "Z": 0.0}, 0.1, between, inputs="analogue", others=1)
    assert kept.expected == {"Y": None, "Z": 0}
    with pytest.raises(CircuitRefused, match="where a 1 is due"):
        judged({"Y": 3.4, "Z": 0.0}, 0.1, between)


def test_a_value_with_its_error_must_lie_in_its_window() -> None:
    case = Case({}, {"Y": None}, {"Y": 2.0}, {"Y": (1.75, 2.25)})
    assert judged({"Y": 2.1}, 0.14, case, "value") == (case,)
    with pytest.raises(CircuitRefused, match=r"Y: would show 2\.10 V ± 0\.16 V"):
        judged({"Y": 2.1}, 0.16, case, "value")


def largest(y_V: float, z_V: float) -> Case:
    return Case({}, {"Y": None, "Z": None}, {"Y": y_V, "Z": z_V}, {}, "Y")


def test_the_largest_must_lead_by_the_error_of_the_difference() -> None:
    case = largest(2.0, 1.0)
    # Two independent errors of 0.5 V make 0.71 V.
    assert judged({"Y": 2.0, "Z": 1.0}, 0.5, case, "largest") == (case,)
    with pytest.raises(CircuitRefused, match=r"Y: would lead Z by 0\.600 V ± 0\.707 V"):
        judged({"Y": 1.6, "Z": 1.0}, 0.5, case, "largest")


def test_what_the_ideal_network_hardly_decides_is_no_case() -> None:
    case = largest(1.6, 1.0)
    assert judged({"Y": 1.0, "Z": 1.6}, 0.5, case, "largest", others=1) == judged(
        {"Y": 5.0, "Z": 0.0}, 0.5, largest(5.0, 0.0), "largest"
    )
    with pytest.raises(CircuitRefused, match="1 of 1 cases are too close to call"):
        judged({"Y": 1.6, "Z": 1.0}, 0.5, case, "largest")
