"""From records to readings: what was measured, or what a wiring will let one measure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from realnet_hw.compare.agreement import Delivery, Reading
from realnet_hw.compare.drawn import Drawn
from realnet_hw.compare.words import beyond, inputs
from realnet_hw.errors import InputError
from realnet_hw.records import (
    ComparedCase,
    Component,
    MeasuredCase,
    MeasuredInput,
    MeasuredPulse,
    MeasuredValue,
    Measurement,
    PredictedCase,
    Prediction,
)
from realnet_hw.uncertainty import expanded_uncertainty, standard_uncertainty

Budgets = Mapping[str, Sequence[Component]]


@dataclass(frozen=True)
class Readings:
    """Values and the inputs they go with; values whose inputs are unknown are left out."""

    values: list[Reading]
    deliveries: list[Delivery]


def case_label(case: PredictedCase | MeasuredCase | ComparedCase) -> str:
    """Return the inputs of a case as they were set: "X1 = 0 V, X2 = 5 V"."""
    return inputs({name: i.set_V for name, i in case.inputs.items()})


def all_readings(case: MeasuredCase) -> dict[str, MeasuredInput | MeasuredValue]:
    """Return every voltage read of a case by the name of its terminal, inputs too."""
    return {**case.inputs, **case.outputs, **case.nodes}


def value_of(reading: MeasuredValue | MeasuredPulse) -> float | None:
    """Return what was read, volts or seconds; None where nothing was."""
    return reading.width_s if isinstance(reading, MeasuredPulse) else reading.value_V


def budgets_of(measurement: Measurement) -> dict[str, Sequence[Component]]:
    """Return the budgets of the measurement's channels.

    For a channel without one, the largest uncertainty stated with its readings stands in.
    """
    volts: dict[str, float] = {}
    seconds: dict[str, float] = {}
    for case in measurement.cases:
        for reading in all_readings(case).values():
            if reading.channel is not None and reading.U_V is not None:
                volts[reading.channel] = max(volts.get(reading.channel, 0.0), reading.U_V / 2)
        for pulse in case.pulses.values():
            if pulse.channel is not None and pulse.U_s is not None:
                seconds[pulse.channel] = max(seconds.get(pulse.channel, 0.0), pulse.U_s / 2)
    budgets: dict[str, Sequence[Component]] = {}
    for channel in volts | seconds:
        stated = Component(
            name="as stated",
            kind="B",
            u_V=volts.get(channel, 0.0),
            u_s=seconds.get(channel, 0.0),
            shared="reading",
            source="the measurement",
        )
        budgets[channel] = [stated]
    return budgets | measurement.channels


def pair_cases(prediction: Prediction, measurement: Measurement) -> list[MeasuredCase | None]:
    """Return the measured case that has the inputs of each predicted case, or None.

    Raises:
        InputError: a measured case or value that the prediction does not have, or one case twice.
    """
    wanted = {_identity(case): i for i, case in enumerate(prediction.cases)}
    paired: list[MeasuredCase | None] = [None] * len(prediction.cases)
    for case in measurement.cases:
        label = case_label(case)
        index = wanted.get(_identity(case))
        if index is None:
            raise InputError(f"the prediction has no case {label}", where="measurement")
        if paired[index] is not None:
            raise InputError(f"the case {label} is there twice", where="measurement")
        predicted = prediction.cases[index]
        known = {*predicted.outputs, *predicted.nodes}
        values = [name for name in (*case.outputs, *case.nodes) if name not in known]
        pulses = [name for name in case.pulses if name not in predicted.pulses]
        for name in (*values, *pulses):
            raise InputError(f"the prediction has no value {name!r}", where="measurement")
        paired[index] = case
    return paired


def planned_readings(
    prediction: Prediction, channels: Budgets, wiring: Mapping[str, str]
) -> Readings:
    """Return what a good board would let one read through this wiring.

    Args:
        prediction: of the board.
        channels: the budgets of the channels wired, sources included.
        wiring: terminal to channel; ``"X1.sense"`` reads what arrives at input X1.
    """
    typical = _mean_values(prediction)
    values: list[Reading] = []
    deliveries: list[Delivery] = []
    for i, case in enumerate(prediction.cases):
        arriving = [
            _planned_delivery(i, name, set_V.set_V, channels, wiring)
            for name, set_V in case.inputs.items()
        ]
        if None in arriving:
            continue
        deliveries += [d for d in arriving if d is not None]
        for name in (*case.outputs, *case.nodes, *case.pulses):
            if name in wiring:
                key = f"{i}.{name}"
                values.append(Reading(key=key, channel=wiring[name], value=typical[key]))
    return Readings(values=values, deliveries=deliveries)


def actual_readings(
    paired: Sequence[MeasuredCase | None], channels: Budgets, wiring: Mapping[str, str]
) -> Readings:
    """Return what was read, case by case as ``pair_cases`` gives them."""
    values: list[Reading] = []
    deliveries: list[Delivery] = []
    for i, case in enumerate(paired):
        if case is None:
            continue
        arriving = [
            _delivery(i, name, delivered, channels, wiring)
            for name, delivered in case.inputs.items()
        ]
        if None in arriving:
            continue
        deliveries += [d for d in arriving if d is not None]
        read: dict[str, MeasuredValue | MeasuredPulse] = {
            **case.outputs,
            **case.nodes,
            **case.pulses,
        }
        for name, reading in read.items():
            value = value_of(reading)
            if value is not None and reading.channel is not None:
                values.append(Reading(key=f"{i}.{name}", channel=reading.channel, value=value))
    return Readings(values=values, deliveries=deliveries)


def least_boards(readings: Readings) -> int:
    """Return how many boards it takes to judge so many values together: two more."""
    return len(readings.values) + 2


def shown_levels(prediction: Prediction, values: Mapping[str, float]) -> dict[str, int]:
    """Return the levels that outputs show, of those that are judged by one.

    Args:
        prediction: of the board.
        values: by key; outputs that are not there, or between the thresholds, are left out.
    """
    levels = {}
    for i, case in enumerate(prediction.cases):
        for name, output in case.outputs.items():
            volts = values.get(f"{i}.{name}")
            if output.expected is None or volts is None:
                continue
            if volts < prediction.thresholds.low_V:
                levels[f"{i}.{name}"] = 0
            elif volts > prediction.thresholds.high_V:
                levels[f"{i}.{name}"] = 1
    return levels


def expected_levels(prediction: Prediction) -> dict[str, int]:
    """Return the levels that outputs should show, by key."""
    return {
        f"{i}.{name}": output.expected
        for i, case in enumerate(prediction.cases)
        for name, output in case.outputs.items()
        if output.expected is not None
    }


def cut_off(
    prediction: Prediction, readings: Readings, budgets: Budgets, range_V: float | None
) -> set[str]:
    """Return the keys of test points read at the end of the range that boards drawn lie beyond.

    Of these a reading tells that they are out there, as they should be, and not where.
    """
    typical = _mean_values(prediction)
    found = set()
    for reading in readings.values:
        number, name = reading.key.split(".", 1)
        if name not in prediction.cases[int(number)].nodes:
            continue
        U_V = expanded_uncertainty(budgets[reading.channel], reading.value)
        side = beyond(reading.value, U_V, range_V)
        further_V = typical[reading.key] - reading.value
        if (side == "≥" and further_V > 0) or (side == "≤" and further_V < 0):
            found.add(reading.key)
    return found


def _identity(case: PredictedCase | MeasuredCase) -> frozenset[tuple[str, float]]:
    return frozenset((name, round(i.set_V, 6)) for name, i in case.inputs.items())


def _mean_values(prediction: Prediction) -> dict[str, float]:
    drawn = Drawn.of(prediction.statistics)
    return dict(zip(drawn.keys, drawn.values.mean(axis=0).tolist(), strict=True))


def _delivery(
    case: int,
    name: str,
    delivered: MeasuredInput,
    channels: Budgets,
    wiring: Mapping[str, str],
) -> Delivery | None:
    if delivered.value_V is None or delivered.channel is None:
        return _planned_delivery(
            case, name, delivered.set_V, channels, {name: wiring.get(name, "")}
        )
    offset_V = delivered.value_V - delivered.set_V
    u_V = standard_uncertainty(channels[delivered.channel], delivered.value_V)
    return Delivery(
        case=case,
        name=name,
        channel=delivered.channel,
        value_V=delivered.value_V,
        offset_V=offset_V,
        reach_V=math.hypot(offset_V, u_V),
    )


def _planned_delivery(
    case: int, name: str, set_V: float, channels: Budgets, wiring: Mapping[str, str]
) -> Delivery | None:
    """The input as it will be known: through its sense wire, else by its source; else None."""
    known = [c for c in (wiring.get(f"{name}.sense", ""), wiring.get(name, "")) if c in channels]
    if not known:
        return None
    return Delivery(
        case=case,
        name=name,
        channel=known[0],
        value_V=set_V,
        offset_V=0.0,
        reach_V=math.hypot(*(standard_uncertainty(channels[c], set_V) for c in known)),
    )
