"""Which faults would this wiring find? Known before anything is measured.

A fault is found when the board that has it does not PASS. For each board drawn, the fault's effect
is added to the board's own values; the probability that it passes is at most the smaller of the
probability that the joint statistic stays below its limit and the probability that each output
clears its guard band. One minus the mean over the boards is the power. Where a rectifier stands at
its knee, a fault's effect differs between the nominal and the mean board, and the lesser of both
powers counts: a fault is rather listed as unseen than missed.

Ref: JCGM 106:2012 9 (consumer's and producer's risk); see ``agreement`` for the statistic.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from realnet_hw.compare.agreement import GoodBoards, good_boards
from realnet_hw.compare.checks import check_prediction
from realnet_hw.compare.conformity import margin_to_threshold
from realnet_hw.compare.readings import Readings, planned_readings
from realnet_hw.records import Component, DetectedFault, Prediction
from realnet_hw.uncertainty import expanded_uncertainty

FALSE_FAIL_RISK = 0.001
ENOUGH_POWER = 0.95


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
    for j, reading in enumerate(readings.values):
        case, name = reading.key.split(".", 1)
        output = prediction.cases[int(case)].outputs.get(name)
        if output is None or output.expected is None:
            continue
        value_V = good.mean_V[j] + shift_V[j] + good.deviations_V[:, j]
        margin_V = margin_to_threshold(value_V, output.expected, prediction.thresholds)
        U_V = expanded_uncertainty(channels[reading.channel], reading.value_V + float(shift_V[j]))
        u_V = np.sqrt(good.noise_V2[j, j])
        result = np.minimum(result, ndtr((margin_V - U_V) / u_V))
    return result
