"""Which faults would this wiring find? Known before anything is measured.

A fault is found when the board that has it does not PASS. The probability that a board passes is
at most the smaller of the probability that the joint statistic stays below its limit and the
probability that each output clears its guard bands, the greatest one those to its rivals. One minus
its mean over boards is the power, taken in three ways of which the least counts, so that a fault is
rather listed as unseen than missed:

- the fault's effect on the nominal board, added to the values of every board drawn;
- the same from the mean board, which differs where a rectifier stands at its knee;
- the few boards into which the fault was put: it may do less on a board than on the nominal one.

Ref: JCGM 106:2012 9 (consumer's and producer's risk); see ``agreement`` for the statistic.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from realnet_hw.compare.agreement import GoodBoards, good_boards, moved
from realnet_hw.compare.checks import check_prediction
from realnet_hw.compare.conformity import window
from realnet_hw.compare.drawn import Drawn, with_fault
from realnet_hw.compare.readings import (
    Readings,
    expected_levels,
    least_boards,
    planned_readings,
)
from realnet_hw.records import Component, DetectedFault, Prediction
from realnet_hw.uncertainty import (
    COVERAGE_FACTOR,
    difference_uncertainty,
    standard_uncertainty,
)

FALSE_FAIL_RISK = 0.001
ENOUGH_POWER = 0.95

# So seldom missed that it does not matter what else would find it.
_NEVER = 1e-4
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
    drawn = Drawn.of(prediction.statistics).showing(
        expected_levels(prediction), prediction.thresholds, least_boards(readings)
    )
    good = good_boards(drawn, readings.values, readings.deliveries, channels)
    columns = drawn.columns([r.key for r in readings.values])
    nominal = _nominal_values(prediction, drawn)[columns]
    judge = _Passing(prediction, readings, good, channels, drawn)
    found = []
    for fault in prediction.faults:
        faulty, boards = with_fault(fault)
        passing = [
            judge.with_shift(shift).mean()
            for shift in (faulty[columns] - nominal, faulty[columns] - good.mean)
        ]
        if len(boards):
            passing.append(judge.of(boards[:, columns]).mean())
        found.append(DetectedFault(fault=fault.fault, power=1 - float(max(passing))))
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


def _nominal_values(prediction: Prediction, drawn: Drawn) -> NDArray[np.float64]:
    nominal: dict[str, float] = {}
    for i, case in enumerate(prediction.cases):
        nominal |= {f"{i}.{n}": v.nominal_V for n, v in (case.outputs | case.nodes).items()}
        nominal |= {f"{i}.{n}": pulse.nominal_s for n, pulse in case.pulses.items()}
    return np.array([nominal[key] for key in drawn.keys])


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
    drawn: Drawn,
    values: NDArray[np.float64],
) -> Iterator[_Guard]:
    """Give the guard bands of every output that is read, as wide as these values make them, n."""
    place = {reading.key: j for j, reading in enumerate(readings.values)}
    unit = np.eye(len(readings.values))
    at_set = moved(drawn, readings.values, readings.deliveries, channels)
    stated = [
        (r.channel, float(value), standard_uncertainty(channels[r.channel], float(value)))
        for r, value in zip(readings.values, values, strict=True)
    ]
    for index, case in enumerate(prediction.cases):
        read = {name: j for name in case.outputs if (j := place.get(f"{index}.{name}")) is not None}
        for name, j in read.items():
            low_V, high_V = window(case.outputs[name], prediction.thresholds) or _ANYWHERE
            U_V = COVERAGE_FACTOR * math.hypot(
                stated[j][2], math.sqrt(at_set.added_variance(unit[j]))
            )
            if low_V > -math.inf:
                yield _Guard(unit[j], -low_V, U_V)
            if high_V < math.inf:
                yield _Guard(-unit[j], high_V, U_V)
        if case.largest in read:
            i = read.pop(case.largest)
            for j in read.values():
                apart = unit[i] - unit[j]
                u_V = difference_uncertainty(stated[i], stated[j], channels)
                U_V = COVERAGE_FACTOR * math.hypot(u_V, math.sqrt(at_set.added_variance(apart)))
                yield _Guard(apart, 0.0, U_V)


@dataclass(frozen=True)
class _Passing:
    """How probably boards pass, at most."""

    prediction: Prediction
    readings: Readings
    good: GoodBoards
    channels: Mapping[str, Sequence[Component]]
    drawn: Drawn

    @cached_property
    def limit(self) -> float:
        return self.good.limit(FALSE_FAIL_RISK)

    def with_shift(self, shift: NDArray[np.float64]) -> NDArray[np.float64]:
        """Of every board drawn, its values so shifted (n); N."""
        missed = 1 - self.good.detection(self.limit, shift)
        return self._at_most(missed, self.good.mean + shift + self.good.deviations)

    def of(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Of boards with these values at the inputs as set (m x n); m."""
        missed = 1 - self.good.detection_of(self.limit, values - self.good.mean)
        return self._at_most(missed, values)

    def _at_most(
        self, missed: NDArray[np.float64], values: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Lower what the statistic misses by what the guard bands do not accept, if it matters."""
        if missed.max() < _NEVER:
            return missed
        return np.minimum(missed, self._accepted(values))

    def _accepted(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """How probably the outputs clear each single guard band, at most."""
        from scipy.special import ndtr

        result = np.ones(len(values))
        typical = values.mean(axis=0)
        for guard in _guards(self.prediction, self.readings, self.channels, self.drawn, typical):
            margin_V = values @ guard.weights + guard.constant_V
            u_V = np.sqrt(guard.weights @ self.good.noise @ guard.weights)
            result = np.minimum(result, ndtr((margin_V - guard.U_V) / u_V))
        return result
