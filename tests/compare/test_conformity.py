"""What is asked of outputs: levels, windows, the greatest; against known tails and draws."""

from __future__ import annotations

import io
import math
from collections import Counter

import msgspec
import numpy as np
import pytest
from rich.console import Console
from scipy import stats

from realnet_hw.compare import compare, fault_power
from realnet_hw.compare.agreement import Moved
from realnet_hw.compare.conformity import (
    FALSE_REJECT_RISK,
    Bench,
    Outputs,
    at_set,
    conformity,
    demands,
    greatest,
    rejecting_k,
)
from realnet_hw.compare.readings import Readings
from realnet_hw.compare.table import comparison_table, prediction_table
from realnet_hw.errors import InputError
from realnet_hw.records import (
    Component,
    Conformity,
    FaultSignature,
    MeasuredCase,
    MeasuredValue,
    Measurement,
    PredictedCase,
    PredictedInput,
    PredictedOutput,
    Prediction,
    Thresholds,
)
from realnet_hw.uncertainty import difference_uncertainty
from tests.compare.worlds import CALIBRATED, CASES, UNCALIBRATED, World, uniform, usual

THRESHOLDS = Thresholds(low_V=1.5, high_V=3.5)


def output(**asked: object) -> PredictedOutput:
    return PredictedOutput(
        **({"nominal_V": 2.0, "low_V": 1.9, "high_V": 2.1, "expected": None, "logic": None} | asked)
    )


def reading(value_V: float | None, U_V: float = 0.02, channel: str = "adc0") -> MeasuredValue:
    return MeasuredValue(value_V=value_V, U_V=None if value_V is None else U_V, channel=channel)


def judged(
    outputs: dict[str, PredictedOutput],
    readings: dict[str, MeasuredValue],
    largest: str | None = None,
    range_V: float | None = 10.24,
) -> Conformity:
    case = PredictedCase(
        inputs={"X": PredictedInput(set_V=1.0)}, outputs=outputs, nodes={}, largest=largest
    )
    return conformity(demands([case], [as_read(readings)], THRESHOLDS, bench(range_V)))


def bench(range_V: float | None = 10.24) -> Bench:
    """Nothing is known of the channels, and the inputs are as set."""
    none = np.zeros((0, 0))
    return Bench({}, Moved(np.zeros(0), none, none, none, [], none), range_V)


def as_read(readings: dict[str, MeasuredValue]) -> Outputs:
    taken = MeasuredCase(inputs={}, outputs=readings, nodes={}, time_utc="2026-01-01T00:00:00Z")
    (outputs,) = at_set([taken], list(readings), Readings([], []), bench().moved)
    return outputs


WINDOW = {"Y": output(window_V=(1.9, 2.1))}


@pytest.mark.parametrize(
    ("value_V", "answer"),
    [
        (2.0, "yes"),
        (2.079, "yes"),
        (2.081, "undecided"),
        (2.1, "undecided"),
        # Two margins: rejected from 3.29 standard uncertainties of 10 mV on.
        (2.132, "undecided"),
        (2.134, "no"),
        (1.921, "yes"),
        (1.919, "undecided"),
        (1.866, "no"),
    ],
)
def test_a_window_has_a_guard_band_on_both_sides_of_both_edges(value_V: float, answer: str) -> None:
    assert judged(WINDOW, {"Y": reading(value_V)}).answer == answer


def test_reasons_name_window_and_reading() -> None:
    assert judged(WINDOW, {"Y": reading(2.5)}).reasons == [
        "Y at X = 1 V should lie within 1.900 to 2.100 V and shows 2.500 V ± 0.020 V"
    ]
    assert judged(WINDOW, {"Y": reading(None)}).reasons == [
        "Y at X = 1 V should lie within 1.900 to 2.100 V and was not read"
    ]


def test_a_window_narrower_than_the_uncertainty_is_never_accepted_and_says_why() -> None:
    found = judged({"Y": output(window_V=(1.99, 2.01))}, {"Y": reading(2.0)})
    assert found.answer == "undecided"
    assert "narrower than the uncertainty" in found.reasons[0]
    # Each edge is one standard uncertainty away: 16 % beyond each.
    assert found.false_accept_risk == pytest.approx(2 * stats.norm.sf(1), rel=1e-6)


def test_a_level_and_a_window_hold_together() -> None:
    both = {"Y": output(expected=1, window_V=(3.0, 5.0))}
    assert judged(both, {"Y": reading(3.2)}).answer == "no"
    assert judged(both, {"Y": reading(4.0)}).answer == "yes"
    assert judged(both, {"Y": reading(5.2)}).answer == "no"


@pytest.mark.parametrize(
    ("asked", "value_V", "answer"),
    [
        ({"window_V": (9.0, 12.0)}, 10.235, "undecided"),  # it may be at 15 V
        ({"window_V": (8.0, 9.0)}, 10.235, "no"),
        ({"window_V": (11.0, 12.0)}, 10.235, "undecided"),
        ({"expected": 1}, 10.235, "yes"),
        ({"expected": 0}, 10.235, "no"),
        ({"expected": 0}, -10.235, "yes"),
        ({"window_V": (-12.0, -9.0)}, -10.235, "undecided"),
    ],
)
def test_at_the_end_of_the_range_the_truth_may_lie_further_out(
    asked: dict[str, object], value_V: float, answer: str
) -> None:
    assert judged({"Y": output(**asked)}, {"Y": reading(value_V)}).answer == answer


def rivals(a_V: float | None, b_V: float | None) -> dict[str, MeasuredValue]:
    return {"A": reading(a_V), "B": reading(b_V, channel="adc1"), "C": reading(0.5, channel="adc2")}


BY_GREATEST = {name: output() for name in "ABC"}


@pytest.mark.parametrize(
    ("a_V", "b_V", "answer", "measured"),
    [
        (2.5, 2.4, "yes", "A"),
        # Nothing is known of what the readings have in common: 2 x 20 mV.
        (2.441, 2.4, "yes", "A"),
        (2.439, 2.4, "undecided", None),
        (2.37, 2.4, "undecided", None),
        (2.33, 2.4, "no", "B"),
        (None, 2.4, "undecided", None),
        (2.5, None, "undecided", None),
        (10.235, 10.0, "yes", "A"),
        (10.0, 10.235, "no", "B"),
        (10.235, 10.235, "undecided", None),
    ],
)
def test_the_greatest_is_so_beyond_the_uncertainty_of_the_difference(
    a_V: float | None, b_V: float | None, answer: str, measured: str | None
) -> None:
    readings = rivals(a_V, b_V)
    assert judged(BY_GREATEST, readings, "A").answer == answer
    assert greatest(as_read(readings), bench()) == measured


def test_a_wrong_greatest_names_its_rival() -> None:
    assert judged(BY_GREATEST, rivals(2.0, 2.4), "A").reasons == [
        "A at X = 1 V should be the greatest and shows 2.000 V ± 0.020 V, B 2.400 V ± 0.020 V"
    ]


def test_nothing_asked_is_undecided() -> None:
    found = judged({"Y": output()}, {"Y": reading(2.0)})
    assert (found.answer, found.reasons) == ("undecided", ["Nothing is asked of any output"])


@pytest.mark.parametrize("margins", [1, 4, 300])
def test_a_board_at_every_edge_is_rejected_once_in_a_thousand(margins: int) -> None:
    """Independent readings, each at its edge in truth: the worst that a good board can do."""
    if margins > 1:
        one = stats.norm.sf(rejecting_k(margins))
        assert 1 - (1 - one) ** margins == pytest.approx(FALSE_REJECT_RISK, rel=1e-3)
        # Rejected at k = 2, such a board would fail far more often.
        assert 1 - (1 - stats.norm.sf(2.0)) ** margins > 0.05
    assert rejecting_k(margins) >= 2.0


# ----------------------------------------------------------------- the uncertainty of a difference


def component(name: str, shared: str, u_V: float = 0.0, u_relative: float = 0.0) -> Component:
    return Component(
        name=name, kind="B", u_V=u_V, u_relative=u_relative, shared=shared, source="test"
    )


def test_a_reference_common_to_both_readings_cancels_in_their_difference() -> None:
    reference = [component("reference", "fixture", u_relative=0.01)]
    budgets = {"a": reference, "b": reference}
    both = (("a", 5.0, 0.05), ("b", 5.0, 0.05))
    assert difference_uncertainty(*both, budgets) == pytest.approx(0.0, abs=1e-12)
    opposite = (("a", 5.0, 0.05), ("b", -5.0, 0.05))
    assert difference_uncertainty(*opposite, budgets) == pytest.approx(0.1)
    apart = {
        "a": [component("offset", "channel", 0.03)],
        "b": [component("offset", "channel", 0.04)],
    }
    assert difference_uncertainty(("a", 1.0, 0.03), ("b", 1.0, 0.04), apart) == pytest.approx(0.05)


@pytest.mark.parametrize("correlation", [-1.0, 0.0, 0.7, 1.0])
def test_what_no_budget_explains_is_bounded_for_any_correlation(correlation: float) -> None:
    """Of 50 mV stated, 30 mV are explained: the other 40 mV may go either way on both."""
    budgets = {
        "a": [component("noise", "reading", 0.03)],
        "b": [component("noise", "reading", 0.03)],
    }
    stated = difference_uncertainty(("a", 1.0, 0.05), ("b", 1.1, 0.05), budgets)
    true_V = math.sqrt(2 * 0.03**2 + 2 * 0.04**2 * (1 - correlation))
    assert stated >= true_V - 1e-12
    assert stated == pytest.approx(math.sqrt(2 * 0.03**2 + 0.08**2))


def test_the_difference_is_that_of_drawn_fixtures() -> None:
    """Two channels of one fixture at 4 and 5 V: each component drawn once for all that share it."""
    random = np.random.default_rng(4)
    world = World(uniform(0.01, 3e-3), UNCALIBRATED)
    apart_V = []
    for _ in range(4000):
        error = world.fixture_error(random)
        apart_V.append(error("adc0", 5.0) - error("adc1", 4.0))
    budgets = {"adc0": UNCALIBRATED, "adc1": UNCALIBRATED}
    stated = [
        (c, v, math.sqrt(sum(x.u_V**2 + (x.u_relative * v) ** 2 for x in UNCALIBRATED)))
        for c, v in (("adc0", 5.0), ("adc1", 4.0))
    ]
    u_V = difference_uncertainty(*stated, budgets)
    # The standard deviation of 4000 draws is known to 1.1 %.
    assert np.std(apart_V) == pytest.approx(u_V, rel=0.04)


# ------------------------------------------------------------------------------- whole comparisons

WORLD = usual()


def as_values(prediction: Prediction, reach_V: float) -> Prediction:
    """Judge Y as a value within so much of its nominal one."""
    cases = []
    for case in prediction.cases:
        y = case.outputs["Y"]
        edges = (y.nominal_V - reach_V, y.nominal_V + reach_V)
        asked = msgspec.structs.replace(y, expected=None, window_V=edges)
        cases.append(msgspec.structs.replace(case, outputs={"Y": asked}))
    return msgspec.structs.replace(prediction, cases=cases)


def by_greatest(prediction: Prediction) -> Prediction:
    """Judge whether Y or H1 is the greater: Y while the inputs differ, H1 when both are high."""
    cases = []
    for case, largest in zip(prediction.cases, (None, "Y", "Y", "H1"), strict=True):
        y, h1 = case.outputs["Y"], case.nodes["H1"]
        outputs = {
            "Y": msgspec.structs.replace(y, expected=None),
            "H1": output(nominal_V=h1.nominal_V, low_V=h1.low_V, high_V=h1.high_V),
        }
        nodes = {"H2": case.nodes["H2"]}
        cases.append(msgspec.structs.replace(case, outputs=outputs, nodes=nodes, largest=largest))
    return msgspec.structs.replace(prediction, cases=cases)


def with_h1_as_output(measurement: Measurement) -> Measurement:
    cases = [
        msgspec.structs.replace(
            case,
            outputs=case.outputs | {"H1": case.nodes["H1"]},
            nodes={"H2": case.nodes["H2"]},
        )
        for case in measurement.cases
    ]
    return msgspec.structs.replace(measurement, cases=cases)


VALUES = as_values(WORLD.prediction(), 0.6)
GREATEST = by_greatest(WORLD.prediction())


def shown(renderable: object, width: int = 120) -> str:
    file = io.StringIO()
    Console(file=file, width=width).print(renderable)
    return file.getvalue()


def test_good_boards_judged_as_values_pass() -> None:
    found = [compare(VALUES, WORLD.measurement(seed)) for seed in range(5)]
    assert Counter(each.verdict for each in found) == {"PASS": 5}
    value = found[0].cases[1].outputs["Y"]
    assert value.window_V == (pytest.approx(4.4), pytest.approx(5.6))
    text = shown(comparison_table(found[0]))
    assert "Every output lies within its window, and 12 values agree" in text
    assert text.count("4.400 to 5.600 V ✓") == 2
    assert "asked for" in text
    narrow = shown(comparison_table(found[0]), width=60)
    assert max(map(len, narrow.partition(" PASS ")[0].splitlines())) <= 60
    assert "4.400 to 5.600 V ✓" in narrow
    assert shown(prediction_table(VALUES)).count("4.400 to 5.600 V ✓") == 2


def test_good_boards_judged_by_the_greatest_pass() -> None:
    found = [compare(GREATEST, with_h1_as_output(WORLD.measurement(seed))) for seed in range(5)]
    assert Counter(each.verdict for each in found) == {"PASS": 5}
    assert [case.largest for case in found[0].cases] == [None, "Y", "Y", "H1"]
    assert [case.largest_measured for case in found[0].cases] == [None, "Y", "Y", "H1"]
    text = shown(comparison_table(found[0]))
    assert "The right output is the greatest in every case, and 12 values agree" in text
    assert text.count("greatest ✓") == 3


def test_the_wrong_greatest_fails_and_is_shown() -> None:
    turned = [
        msgspec.structs.replace(case, largest=largest)
        for case, largest in zip(GREATEST.cases, (None, "Y", "H1", "H1"), strict=True)
    ]
    wrong = msgspec.structs.replace(GREATEST, cases=turned)
    found = compare(wrong, with_h1_as_output(WORLD.measurement(1)))
    assert found.verdict == "FAIL"
    assert found.agreement.answer == "yes"
    assert found.cases[2].largest_measured == "Y"
    text = shown(comparison_table(found))
    assert "(should be greatest)" in text
    assert "An output does not show what it should" in text


def test_a_board_of_which_nothing_is_asked_cannot_pass() -> None:
    """All values agree; whether the board does its work was never judged."""
    cases = [
        msgspec.structs.replace(
            case, outputs={"Y": msgspec.structs.replace(case.outputs["Y"], expected=None)}
        )
        for case in VALUES.cases
    ]
    silent = msgspec.structs.replace(WORLD.prediction(), cases=cases)
    silent = msgspec.structs.replace(
        silent,
        cases=[
            msgspec.structs.replace(
                case, outputs={"Y": msgspec.structs.replace(case.outputs["Y"], window_V=None)}
            )
            for case in cases
        ],
    )
    found = compare(silent, WORLD.measurement(1))
    assert (found.verdict, found.agreement.answer) == ("UNDECIDED", "yes")
    text = shown(comparison_table(found))
    assert "12 values agree with this circuit" in text
    assert "nothing is asked of its outputs" in text
    assert "Give the board's cases a level, a window or a greatest output" in text


def test_a_source_that_is_off_is_no_reason_to_fail() -> None:
    """Sources 30 mV off: the windows are no wider than what that makes of Y."""
    world = World(uniform(1e-5, 1e-6), CALIBRATED, source_V=30e-3)
    prediction = as_values(world.prediction(), 0.04)
    found = [compare(prediction, world.measurement(seed)) for seed in range(16)]
    outputs = [case.outputs["Y"] for each in found for case in each.cases]
    outside = [y for y in outputs if not y.window_V[0] + 2e-3 < y.measured_V < y.window_V[1] - 2e-3]
    assert len(outside) > 8
    assert {each.verdict for each in found} <= {"PASS", "UNDECIDED"}
    # With both inputs high no rectifier is at its knee: Y at the inputs as set is known.
    known = [each.cases[3].outputs["Y"] for each in found]
    assert np.std([y.judged_V for y in known]) < 0.3 * np.std([y.measured_V for y in known])
    assert all(y.U_judged_V > y.U_measured_V for y in known)


WIDE = World(
    uniform(0.2, 3e-3), UNCALIBRATED, wiring={"X1": "dac0", "X2": "dac1", "Y": "adc2", "H1": "adc3"}
)


@pytest.mark.parametrize(
    ("prediction", "high_V", "seen"),
    [
        # A spread so wide that the statistic finds nothing: the windows and rivals must.
        (as_values(WIDE.prediction(), 1.0), 1.4, True),
        (as_values(WIDE.prediction(), 9.0), 1.4, False),
        (by_greatest(WIDE.prediction()), 1.4, True),
        (by_greatest(WIDE.prediction()), 4.0, False),
    ],
)
def test_a_fault_that_leaves_a_window_or_its_place_is_found_without_the_statistic(
    prediction: Prediction, high_V: float, seen: bool
) -> None:
    values_V = np.array(WIDE.at(CASES))
    values_V[1:3, 0] = high_V  # where Y is 5 V
    stuck = msgspec.structs.replace(
        prediction,
        faults=[FaultSignature(fault="Y is off", values_V=values_V.ravel().tolist())],
    )
    (detected,) = fault_power(stuck, WIDE.channels, WIDE.wiring)
    assert (detected.power > 0.9) == seen


def spoil(prediction: Prediction, **changes: object) -> Prediction:
    y = msgspec.structs.replace(prediction.cases[0].outputs["Y"], **changes)
    case = msgspec.structs.replace(prediction.cases[0], outputs={"Y": y})
    return msgspec.structs.replace(prediction, cases=[case, *prediction.cases[1:]])


def largest_is(name: str, prediction: Prediction = VALUES) -> Prediction:
    case = msgspec.structs.replace(prediction.cases[0], largest=name)
    return msgspec.structs.replace(prediction, cases=[case, *prediction.cases[1:]])


@pytest.mark.parametrize(
    ("prediction", "told"),
    [
        (spoil(VALUES, window_V=(2.0, 1.0)), "case 0, Y, window_V: low_V = 2 is above high_V = 1"),
        (spoil(VALUES, window_V=(0.0, 1e300)), r"case 0, Y, window_V is 1e\+300 V"),
        (spoil(VALUES, ideal_V=math.nan), "case 0, Y, ideal_V is nan"),
        (spoil(VALUES, expected=2), r"expected = 2 \(allowed: 0, 1 or null\)"),
        (largest_is("H9", GREATEST), r"largest = 'H9' \(allowed: one of several outputs \(Y, H1\)"),
        (largest_is("H2", GREATEST), "largest = 'H2'"),
        (largest_is("Y"), r"largest = 'Y' \(allowed: one of several outputs \(Y\)"),
    ],
)
def test_demands_that_cannot_be_are_refused(prediction: Prediction, told: str) -> None:
    with pytest.raises(InputError, match=told):
        compare(prediction, WORLD.measurement(1))
