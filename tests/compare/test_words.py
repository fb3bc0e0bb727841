"""How conditions, times and what is beyond the cases are said."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from realnet_hw import records
from realnet_hw.compare import compare, words
from realnet_hw.compare.words import case_names, conditions, duration, inputs, views
from realnet_hw.records import Conditions, Curve, PredictedInput, Settling, Surface, Transient
from tests.compare.worlds import usual

WORLD = usual()
PREDICTION = WORLD.prediction()
STEP = Transient(
    input="X1", held_V={"X2": 5.0}, time_s=[0.0], input_V=[0.0], outputs={}, boards=60,
    settling={"Y": Settling(nominal_s=2.25e-6, slowest_s=2.5e-6)},
)  # fmt: skip


def curve(name: str) -> Curve:
    return Curve(input=name, held_V={}, input_V=[0.0], outputs={}, boards=60)


def with_settling(nominal_s: float | None, slowest_s: float | None) -> Transient:
    settling = {"Y": Settling(nominal_s=nominal_s, slowest_s=slowest_s)}
    return msgspec.structs.replace(STEP, settling=settling)


def test_inputs_are_said_to_the_millivolt() -> None:
    said = inputs({"X1": 1.4393612742425, "X2": 5.0, "X3": -0.0001})
    assert said == "X1 = 1.439 V, X2 = 5 V, X3 = 0 V"


def test_cases_are_all_called_by_their_inputs_or_all_by_number() -> None:
    assert case_names([[0.0, -5.0], [0.5, 5.0]]) == ["0, \N{MINUS SIGN}5 V", "0.5, 5 V"]
    assert case_names([[0.0, 0.0, 0.0], [1.2345, 2.3456, 0.1234]]) == ["case 1", "case 2"]
    assert case_names([[float(i)] for i in range(9)])[8] == "case 9"
    assert case_names([[0.0] * 5]) == ["case 1"]


def test_conditions() -> None:
    assert conditions(Conditions()) == "27 °C"
    hot = Conditions(temperature_C=62.5, supplies_V={"+12V": 11.4, "-12V": -12.0})
    assert conditions(hot) == "62.5 °C, +12V at 11.4 V, -12V at -12 V"
    cold = Conditions(temperature_C=0.0, no_drift=["R1", "R2", "R3", "C1", "C2"])
    assert conditions(cold) == "0 °C (no drift known of R1, R2, R3, C1 and 1 more)"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0 ns"), (3.21e-7, "321 ns"), (2.25e-6, "2.25 µs"), (4.6e-3, "4.6 ms"), (9.5, "9.5 s")],
)
def test_times(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_prediction_of_cases_alone_has_nothing_more_to_say() -> None:
    assert views(PREDICTION) == []


def test_curves_and_surface() -> None:
    surface = Surface(
        across="X1", up="X3", held_V={"X2": 0.0}, across_V=[], up_V=[], outputs={}, boards=60
    )
    one = msgspec.structs.replace(PREDICTION, curves=[curve("X1"), curve("X2")], surfaces=[surface])
    assert views(one) == [
        "2 transfer curves.",
        "Response surface of X1 and X3 with X2 = 0 V.",
    ]


def test_many_inputs_are_not_all_shown_and_that_is_said() -> None:
    inputs = {f"X{number}": PredictedInput(set_V=0.0) for number in range(1, 17)}
    case = msgspec.structs.replace(PREDICTION.cases[0], inputs=inputs)
    held_V = {f"X{number}": 0.0 for number in range(2, 17)}
    many = msgspec.structs.replace(
        PREDICTION,
        cases=[case],
        curves=[curve(f"X{number}") for number in range(9, 17)],
        transients=[msgspec.structs.replace(STEP, held_V=held_V)],
    )
    first, second = views(many)
    assert first == "8 transfer curves, of the 8 of 16 inputs that move the outputs most."
    assert second.endswith("when X1 steps with 15 others held.")


@pytest.mark.parametrize(
    ("transient", "line"),
    [
        (STEP, "Y settles to 1 % in 2.25 µs, the slowest of 60 boards in 2.5 µs,"),
        (
            with_settling(1e-6, None),
            "Y settles to 1 % in 1 µs, but not on all of 60 boards in time,",
        ),
        (
            msgspec.structs.replace(
                STEP,
                settling={"Y": Settling(nominal_s=1e-8, slowest_s=1.5e-8, resolution_s=1e-8)},
            ),
            "Y settles to 1 % in less than 10 ns, the slowest of 60 boards in 15 ns,",
        ),
        (with_settling(None, None), "Y does not settle to 1 % before the next step"),
        (msgspec.structs.replace(STEP, settling={}), "No output moves"),
    ],
)
def test_transients(transient: Transient, line: str) -> None:
    said = views(msgspec.structs.replace(PREDICTION, transients=[transient]))
    assert said == [f"{line} when X1 steps with X2 = 5 V."]


def test_a_comparison_says_what_was_predicted_for() -> None:
    hot = Conditions(temperature_C=60.0, supplies_V={"+12V": 11.0})
    prediction = msgspec.structs.replace(PREDICTION, conditions=hot)
    assert compare(prediction, WORLD.measurement(1)).conditions == hot


def test_a_board_that_is_not_this_circuit_has_its_supply_read_first() -> None:
    rails = Conditions(temperature_C=27.0, supplies_V={"+12V": 12.0, "-12V": -12.0})
    prediction = msgspec.structs.replace(PREDICTION, conditions=rails)
    ratios = np.ones(13)
    ratios[7] = 1.2
    said = words.advice(compare(prediction, WORLD.measurement(1, ratios)))
    supply = next(at for at, line in enumerate(said) if line.startswith("Read the supply"))
    assert "+12V at 12 V, -12V at -12 V. One that is missing or the wrong way" in said[supply]
    assert said[supply + 1].startswith("Check the parts and wires")
    good = words.advice(compare(prediction, WORLD.measurement(1)))
    assert not any(line.startswith("Read the supply") for line in good)


def test_a_yield_is_said_with_its_tolerance_and_what_was_counted() -> None:
    def counted(good: int) -> records.Yield:
        return records.Yield(good=good, samples=100, value=good / 100, low=0.0, high=1.0)

    same = records.TolerancedYield(tolerance=None, levels=counted(97), every=counted(97))
    less = records.TolerancedYield(tolerance=0.05, levels=counted(90), every=counted(52))
    assert words.yield_line(same) == "Parts as bought: 97 of 100 boards show every case."
    assert words.yield_line(less) == (
        "Every resistor and capacitor ± 5 %: 90 of 100 boards show the cases at logic levels, "
        "52 of 100 boards show every case."
    )


def test_widths_are_in_milliseconds_to_a_microsecond() -> None:
    assert words.width(11.1704e-3) == "11.170"
    assert words.width(0.0) == "0.000"


def test_margins_are_said_with_where_they_are_least() -> None:
    worst = records.WorstBoard(board=17, case=1, output="Y", margin_V=-0.25)
    margins = records.Margins(
        edges_V=[-0.5, 0.0, 0.5], counts=[1, 9], deciding={"0.Y": 7, "1.Y": 3}, worst=[worst]
    )
    found = msgspec.structs.replace(PREDICTION, margins=margins)
    first, second = case_names([[i.set_V for i in case.inputs.values()] for case in found.cases])[
        :2
    ]
    assert views(found) == [words.margin_line(found)]
    assert words.margin_line(found) == (
        f"Nearest to a wrong answer: Y at {first} on 7 boards, Y at {second} on 3 boards. The "
        f"worst board, number 17 of seed {found.seed}, is wrong by 0.250 V: Y at {second}."
    )
    right = msgspec.structs.replace(margins, worst=[msgspec.structs.replace(worst, margin_V=0.1)])
    said = words.margin_line(msgspec.structs.replace(found, margins=right))
    assert "is still right by 0.100 V" in said
    assert words.margin_line(PREDICTION) == ""
