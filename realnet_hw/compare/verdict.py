"""The verdict on a measured board: does it conform, and is it this circuit?

Ref: JCGM 106:2012 8.3 (guard bands), ISO 13528:2015 9.7 (En), and ``agreement``.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Set
from dataclasses import dataclass, replace
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from realnet_hw import records
from realnet_hw.compare import firings, steps
from realnet_hw.compare.agreement import GoodBoards, good_boards, moved
from realnet_hw.compare.checks import check_measurement, check_prediction
from realnet_hw.compare.conformity import (
    Bench,
    Outputs,
    at_set,
    conformity,
    demands,
    greatest,
)
from realnet_hw.compare.contributions import Contributions
from realnet_hw.compare.drawn import Drawn
from realnet_hw.compare.fit import fitted
from realnet_hw.compare.power import ENOUGH_POWER, FALSE_FAIL_RISK, fault_power
from realnet_hw.compare.readings import (
    Readings,
    actual_readings,
    budgets_of,
    case_label,
    cut_off,
    least_boards,
    pair_cases,
    shown_levels,
    value_of,
)
from realnet_hw.compare.words import width
from realnet_hw.errors import InputError
from realnet_hw.records import (
    Agreement,
    ComparedCase,
    ComparedInput,
    ComparedPulse,
    ComparedValue,
    Comparison,
    Conformity,
    Fit,
    MeasuredCase,
    MeasuredPulse,
    MeasuredValue,
    Measurement,
    PredictedCase,
    Prediction,
)
from realnet_hw.uncertainty import guarded_level

_MIDDLE_95_PERCENT = (0.025, 0.975)
_WORST = 3
# Chi-square of one value at 0.1 %: less than that may be chance.
_NOTABLE = 10.83
_FAR = 2.0
"""From how many standard deviations on a value is off by itself."""

Answer = Literal["yes", "no", "undecided"]
Verdict = Literal["PASS", "PASS (outputs only)", "UNDECIDED", "FAIL"]


@dataclass(frozen=True)
class Judgement:
    """The verdict on a measurement, and what it was found from.

    Args:
        verdict: the answer.
        conformity, agreement: the answers to the two questions.
        unset: what was wired and not read.
        paired: the measured case of each predicted one, None where there is none.
        outputs: of each case, at the inputs as set.
        readings, bench: of the measurement.
        good: what good boards would show; None where nothing was measured.
        fit: whether a model fitted to this board agrees.
        alike: the boards drawn that show the same levels.
        cut_off: keys of readings at the end of the range that are not counted.
    """

    verdict: Verdict
    conformity: Conformity
    agreement: Agreement
    unset: list[str]
    paired: list[MeasuredCase | None]
    outputs: list[Outputs]
    readings: Readings
    bench: Bench
    good: GoodBoards | None
    fit: Fit
    alike: Drawn
    cut_off: Set[str]


class Judge:
    """Judges measurements of boards against one prediction.

    FAIL: an output is wrong beyond doubt, or the values together disagree with the boards drawn at
    a false-fail risk of 0.1 % and no parts within tolerance explain them; where no parts could be
    fitted, the boards drawn decide alone. UNDECIDED: only one of these two says "no" and the other
    "yes", an output lies in a guard band, something was wired and not read, or nothing is asked of
    any output. Else PASS, which is "outputs only" where no test point was wired. En of single
    values is reported and never decides: of a dozen values on a good board, one often has |En| > 1.

    Raises:
        InputError: the prediction's figures do not fit together.
    """

    def __init__(self, prediction: Prediction) -> None:
        check_prediction(prediction)
        self.prediction = prediction
        self.drawn = Drawn.of(prediction.statistics)

    def judge(self, measurement: Measurement) -> Judgement:
        """Return the verdict on a measured board.

        Raises:
            InputError: a measurement of another circuit, or one that does not fit the prediction.
        """
        prediction = self.prediction
        if prediction.circuit_sha256 != measurement.circuit_sha256:
            raise InputError(
                f"the prediction is of circuit {prediction.circuit_sha256[:12]} "
                f"({prediction.board}), the measurement of {measurement.circuit_sha256[:12]} "
                f"({measurement.board})",
                where="compare",
                allowed="records of one circuit",
                mend="predict the board as it was built",
            )
        check_measurement(measurement)
        paired = pair_cases(prediction, measurement)
        budgets = budgets_of(measurement)
        every = actual_readings(paired, budgets, measurement.wiring)
        apart = cut_off(prediction, every, budgets, measurement.range_V)
        readings = replace(every, values=[r for r in every.values if r.key not in apart])
        values = {reading.key: reading.value for reading in readings.values}
        alike = self.drawn.showing(
            shown_levels(prediction, values), prediction.thresholds, least_boards(readings)
        )
        good = (
            good_boards(alike, readings.values, readings.deliveries, budgets)
            if readings.values
            else None
        )
        inputs = moved(alike, readings.values, readings.deliveries, budgets)
        bench = Bench(budgets, inputs, measurement.range_V)
        shown = at_set(paired, list(prediction.cases[0].outputs), readings, inputs)
        outputs = conformity(demands(prediction.cases, shown, prediction.thresholds, bench))
        if any(case.pulses for case in prediction.cases):
            # Its levels flip: the distance of a voltage to a threshold is no measure of risk.
            outputs = msgspec.structs.replace(outputs, false_accept_risk=None)
        agreement = _agreement(prediction, readings, good)
        fit = fitted(prediction, alike, readings, good)
        unset = _unset(prediction, paired, measurement, every)
        points = {name for case in prediction.cases for name in (*case.nodes, *case.pulses)}
        return Judgement(
            verdict=decided(
                outputs.answer,
                agreement.answer,
                fit.answer,
                is_complete=not unset,
                has_points=bool(points & measurement.wiring.keys()),
            ),
            conformity=outputs,
            agreement=agreement,
            unset=unset,
            paired=paired,
            outputs=shown,
            readings=readings,
            bench=bench,
            good=good,
            fit=fit,
            alike=alike,
            cut_off=apart,
        )


def compare(prediction: Prediction, measurement: Measurement) -> Comparison:
    """Return the verdict on a measured board, and what it rests on; see ``Judge``.

    Raises:
        InputError: records of different circuits, or records that do not fit together.
    """
    found = Judge(prediction).judge(measurement)
    known_wiring = {
        t: channel for t, channel in measurement.wiring.items() if channel in found.bench.budgets
    }
    power = fault_power(prediction, found.bench.budgets, known_wiring)
    contributions = Contributions(prediction, found.alike, found.readings, found.bench.moved)
    return Comparison(
        board=prediction.board,
        title=prediction.title,
        circuit_sha256=prediction.circuit_sha256,
        made_from={
            "prediction": _sha256(prediction),
            "measurement": _sha256(measurement),
        },
        verdict=found.verdict,
        conformity=found.conformity,
        agreement=found.agreement,
        unset=found.unset,
        power=power,
        unseen_faults=[d.fault for d in power if d.power < ENOUGH_POWER],
        range_V=measurement.range_V,
        conditions=prediction.conditions,
        cases=_cases(prediction, found, contributions),
        edges=steps.compared(prediction, measurement),
        firings=firings.compared(prediction, measurement),
        fit=found.fit,
        sources=contributions.sources,
    )


def decided(
    outputs: Answer, agreement: Answer, fit: Answer, *, is_complete: bool, has_points: bool
) -> Verdict:
    """Return the verdict that follows from the answers to single questions.

    Args:
        outputs: whether every output does what is asked of it.
        agreement: whether the values look like boards drawn.
        fit: whether parts within tolerance explain them.
        is_complete: whether all that was wired was read.
        has_points: whether a test point was wired.
    """
    # Improbable, and yet explained by parts within tolerance: not beyond doubt.
    is_another = agreement == "no" and fit != "yes"
    if outputs == "no" or is_another:
        return "FAIL"
    if {outputs, agreement} != {"yes"} or fit == "no" or not is_complete:
        return "UNDECIDED"
    return "PASS" if has_points else "PASS (outputs only)"


def _agreement(prediction: Prediction, readings: Readings, good: GoodBoards | None) -> Agreement:
    if good is None:
        return Agreement(
            answer="undecided",
            statistic=0.0,
            limit=0.0,
            degrees_of_freedom=0,
            p_value=1.0,
            false_fail_risk=0.0,
            worst=[],
        )
    values = np.array([r.value for r in readings.values])
    statistic = float(good.statistic(values))
    limit = good.limit(FALSE_FAIL_RISK)
    return Agreement(
        answer="no" if statistic > limit else "yes",
        statistic=statistic,
        limit=limit,
        degrees_of_freedom=good.count,
        p_value=good.p_value(statistic),
        false_fail_risk=FALSE_FAIL_RISK,
        worst=_worst(prediction, readings, good, values),
    )


def _worst(
    prediction: Prediction, readings: Readings, good: GoodBoards, values: NDArray[np.float64]
) -> list[str]:
    """The values without which the statistic would fall most: one, or more where it is notable.

    A value that only contradicts the others, and is by itself as predicted, comes to nobody's mind
    to look at: it is named only where no other is.
    """
    influence = good.influence(values)
    order = np.argsort(-influence)
    notable = order[: max(1, min(_WORST, int((influence > _NOTABLE).sum())))]
    far = np.abs(good.deviation(values))[notable]
    if (far > _FAR).any():
        notable = notable[np.argsort(-far)][: int((far > _FAR).sum())]
    named = []
    for j in notable:
        number, name = readings.values[j].key.split(".", 1)
        case = prediction.cases[int(number)]
        away = float(values[j] - good.mean[j])
        size = f"{width(abs(away))} ms" if name in case.pulses else f"{abs(away):.3f} V"
        side = "above" if away > 0 else "below"
        if name in case.pulses:
            side = "longer than" if away > 0 else "shorter than"
        named.append(f"{name} at {case_label(case)}: {size} {side} the prediction")
    return named


def _unset(
    prediction: Prediction,
    paired: list[MeasuredCase | None],
    measurement: Measurement,
    readings: Readings,
) -> list[str]:
    """What was wired and not read, and inputs of which nothing is known."""
    unset = []
    known = {(d.case, d.name) for d in readings.deliveries}
    for i, (predicted, measured) in enumerate(zip(prediction.cases, paired, strict=True)):
        label = case_label(predicted)
        names = (*predicted.outputs, *predicted.nodes, *predicted.pulses)
        wired = [name for name in names if name in measurement.wiring]
        if measured is None:
            unset += [f"{name} at {label}" for name in wired]
            continue
        read: dict[str, MeasuredValue | MeasuredPulse] = {
            **measured.outputs,
            **measured.nodes,
            **measured.pulses,
        }
        unset += [
            f"{name} at {label}{_why(read.get(name))}"
            for name in wired
            if name not in read or value_of(read[name]) is None
        ]
        for name, arrived in measured.inputs.items():
            sensed = f"{name}.sense" in measurement.wiring
            if (sensed and arrived.value_V is None) or (not sensed and (i, name) not in known):
                unset.append(f"input {name} at {label}")
    return unset


def _why(value: MeasuredValue | MeasuredPulse | None) -> str:
    """Return why a value was not measured, as far as it is known."""
    return f" ({value.untimed})" if isinstance(value, MeasuredPulse) and value.untimed else ""


def _cases(
    prediction: Prediction, found: Judgement, contributions: Contributions
) -> list[ComparedCase]:
    drawn = found.alike
    expected = dict(zip(drawn.keys, drawn.values.mean(axis=0).tolist(), strict=True))
    low, high = np.quantile(drawn.values, _MIDDLE_95_PERCENT, axis=0)
    half = dict(zip(drawn.keys, ((high - low) / 2).tolist(), strict=True))
    if found.good is not None:
        moved = [r.key for r in found.readings.values]
        expected |= dict(zip(moved, found.good.mean.tolist(), strict=True))
    cases = []
    for i, (predicted, measured) in enumerate(zip(prediction.cases, found.paired, strict=True)):
        values: dict[str, ComparedValue] = {}
        for name in (*predicted.outputs, *predicted.nodes):
            output = predicted.outputs.get(name)
            read = (measured.outputs | measured.nodes).get(name) if measured else None
            value_V = read.value_V if read else None
            U_V = read.U_V if read else None
            shown = found.outputs[i].get(name)
            level = (
                guarded_level(shown.value_V, shown.U_V, prediction.thresholds) if shown else None
            )
            key = f"{i}.{name}"
            values[name] = ComparedValue(
                predicted_V=expected[key],
                measured_V=value_V,
                U_predicted_V=half[key],
                U_measured_V=U_V,
                En=None if key in found.cut_off else _en(value_V, U_V, expected[key], half[key]),
                logic=level,
                expected=output.expected if output else None,
                window_V=output.window_V if output else None,
                judged_V=shown.value_V if shown else None,
                U_judged_V=shown.U_V if shown else None,
                u_measured_V=contributions.measured(key, shown.U_V if shown else U_V),
                u_predicted_V=contributions.predicted(key),
            )
        pulses = {}
        for name in predicted.pulses:
            pulse = measured.pulses.get(name) if measured else None
            width_s, U_s = (pulse.width_s, pulse.U_s) if pulse else (None, None)
            key = f"{i}.{name}"
            pulses[name] = ComparedPulse(
                predicted_s=expected[key],
                measured_s=width_s,
                U_predicted_s=half[key],
                U_measured_s=U_s,
                En=_en(width_s, U_s, expected[key], half[key]),
                u_measured_s=contributions.measured(key, U_s),
                u_predicted_s=contributions.predicted(key),
            )
        cases.append(
            ComparedCase(
                inputs=_inputs(predicted, measured),
                outputs={name: values[name] for name in predicted.outputs},
                nodes={name: values[name] for name in predicted.nodes},
                largest=predicted.largest,
                largest_measured=greatest(found.outputs[i], found.bench)
                if predicted.largest is not None
                else None,
                pulses=pulses,
            )
        )
    return cases


def _inputs(predicted: PredictedCase, measured: MeasuredCase | None) -> dict[str, ComparedInput]:
    read = measured.inputs if measured else {}
    return {
        name: ComparedInput(
            set_V=i.set_V,
            measured_V=read[name].value_V if name in read else None,
            U_measured_V=read[name].U_V if name in read else None,
        )
        for name, i in predicted.inputs.items()
    }


def _en(value: float | None, U: float | None, expected: float, half: float) -> float | None:
    if value is None or U is None:
        return None
    both = math.hypot(U, half)
    return (value - expected) / both if both > 0 else None


def _sha256(record: records.Record) -> str:
    return hashlib.sha256(records.encode(record).encode()).hexdigest()
