"""Which faults would this wiring find? Known before anything is measured.

A fault is found when the board that has it does not PASS. For each board drawn, the fault's effect
is added to the board's own values; the probability that it passes is at most the smaller of the
probability that the joint statistic stays below its limit and the probability that each output
clears its guard bands, the greatest one those to its rivals. One minus the mean over the boards is
the power. Where a rectifier stands at its knee, a fault's effect differs between the nominal and
the mean board, and the lesser of both powers counts: a fault is rather listed as unseen than
missed.

Ref: JCGM 106:2012 9 (consumer's and producer's risk); see ``agreement`` for the statistic.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from realnet_hw.compare.agreement import GoodBoards, good_boards, moved
from realnet_hw.compare.checks import check_prediction
from realnet_hw.compare.conformity import window
from realnet_hw.compare.readings import Readings, planned_readings
from realnet_hw.records import Component, DetectedFault, Prediction
from realnet_hw.uncertainty import (
    COVERAGE_FACTOR,
    difference_uncertainty,
    standard_uncertainty,
)

FALSE_FAIL_RISK = 0.001
ENOUGH_POWER = 0.95

_ANYWHERE = (-math.inf, math.inf)


def fault_power(
    prediction: Prediction,
    channels: Mapping[str, Sequence[Component]],
    wiring: Mapping[str, str],
) -> list[DetectedFault]:
    """Return, for every single fault predicted, how probably a board with it does not PASS.

    Args:
        prediction: of the board.
        channels: the uncertainty budgets of the channels wired.
        wiring: terminal to channel ("Y" to "adc2"; "X1.sense" reads input X1).

    Raises:
        InputError: a channel wired has no budget, or too few boards were drawn.
    """
    check_prediction(prediction)
    readings = planned_readings(prediction, channels, wiring)
    if not readings.values:
        return [DetectedFault(fault=f.fault, power=0.0) for f in prediction.faults]
    good = good_boards(prediction.statistics, readings.values, readings.deliveries, channels)
    place = {key: i for i, key in enumerate(prediction.statistics.keys)}
    columns = [place[r.key] for r in readings.values]
    nominal_V = _nominal_values(prediction)[columns]
    found = []
    for fault in prediction.faults:
        faulty_V = np.array(fault.values_V)[columns]
        power = min(
            1 - float(_passing(prediction, readings, good, channels, shift_V).mean())
            for shift_V in (faulty_V - nominal_V, faulty_V - good.mean_V)
        )
        found.append(DetectedFault(fault=fault.fault, power=power))
    return found


def unseen_faults(
    prediction: Prediction,
    channels: Mapping[str, Sequence[Component]],
    wiring: Mapping[str, str],
) -> list[str]:
    """Return the faults that this wiring finds with a probability below 95 %.

    Args and errors are those of ``fault_power``.
    """
    return [d.fault for d in fault_power(prediction, channels, wiring) if d.power < ENOUGH_POWER]


def _nominal_values(prediction: Prediction) -> NDArray[np.float64]:
    nominal = {
        f"{i}.{name}": value.nominal_V
        for i, case in enumerate(prediction.cases)
        for values in (case.outputs, case.nodes)
        for name, value in values.items()
    }
    return np.array([nominal[key] for key in prediction.statistics.keys])


@dataclass(frozen=True)
class _Guard:
    """What a board must clear to be accepted: weights @ values + constant_V > U_V."""

    weights: NDArray[np.float64]
    constant_V: float
    U_V: float


def _guards(
    prediction: Prediction,
    readings: Readings,
    channels: Mapping[str, Sequence[Component]],
    values_V: NDArray[np.float64],
) -> Iterator[_Guard]:
    """Give the guard bands of every output that is read, as wide as these values make them, n."""
    place = {reading.key: j for j, reading in enumerate(readings.values)}
    unit = np.eye(len(readings.values))
    at_set = moved(prediction.statistics, readings.values, readings.deliveries, channels)
    stated = [
        (r.channel, float(value_V), standard_uncertainty(channels[r.channel], float(value_V)))
        for r, value_V in zip(readings.values, values_V, strict=True)
    ]
    for index, case in enumerate(prediction.cases):
        read = {name: j for name in case.outputs if (j := place.get(f"{index}.{name}")) is not None}
        for name, j in read.items():
            low_V, high_V = window(case.outputs[name], prediction.thresholds) or _ANYWHERE
            U_V = COVERAGE_FACTOR * math.hypot(stated[j][2], math.sqrt(at_set.added_V2(unit[j])))
            if low_V > -math.inf:
                yield _Guard(unit[j], -low_V, U_V)
            if high_V < math.inf:
                yield _Guard(-unit[j], high_V, U_V)
        if case.largest in read:
            i = read.pop(case.largest)
            for j in read.values():
                apart = unit[i] - unit[j]
                u_V = difference_uncertainty(stated[i], stated[j], channels)
                U_V = COVERAGE_FACTOR * math.hypot(u_V, math.sqrt(at_set.added_V2(apart)))
                yield _Guard(apart, 0.0, U_V)


def _passing(
    prediction: Prediction,
    readings: Readings,
    good: GoodBoards,
    channels: Mapping[str, Sequence[Component]],
    shift_V: NDArray[np.float64],
) -> NDArray[np.float64]:
    """For each board drawn, at most how probably it passes with its values so shifted, N."""
    from scipy.special import ndtr

    result = 1 - good.detection(good.limit(FALSE_FAIL_RISK), shift_V)
    shown_V = good.mean_V + shift_V + good.deviations_V
    typical_V = np.array([reading.value_V for reading in readings.values]) + shift_V
    for guard in _guards(prediction, readings, channels, typical_V):
        margin_V = shown_V @ guard.weights + guard.constant_V
        u_V = np.sqrt(guard.weights @ good.noise_V2 @ guard.weights)
        result = np.minimum(result, ndtr((margin_V - guard.U_V) / u_V))
    return result
