"""What a record must hold to be judged: figures that can be volts, and that fit together."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence

from realnet_hw.compare.readings import all_readings
from realnet_hw.errors import InputError
from realnet_hw.records import (
    Component,
    MeasuredPulse,
    Measurement,
    PredictedCase,
    PredictedNode,
    PredictedOutput,
    Prediction,
    Trace,
)
from realnet_hw.uncertainty import check_budget, expanded_uncertainty

LARGEST_V = 1000.0
"""No bench of this project reaches it; larger figures are mistakes, and their squares overflow."""

_LARGEST_SLOPE = 1e6
_LONGEST_s = 1e6
# A record's figures may have been rounded by a program that wrote them with fewer digits.
_ROUNDING = 1e-3
_ROUNDING_V = 1e-6
_ROUNDING_s = 1e-9
_PREDICTION = "prediction"
_MEASUREMENT = "measurement"


def check_prediction(prediction: Prediction) -> None:
    """Refuse a prediction without cases or boards, or whose figures do not fit together.

    Raises:
        InputError: nothing in it, lists of different lengths, a band, window or thresholds upside
            down, a voltage that is not finite or beyond 1 kV, or a greatest output that is none.
    """
    statistics = prediction.statistics
    if not prediction.cases or not statistics.boards_V:
        raise InputError("there are no cases or no boards in it", where=_PREDICTION)
    keys = _keys(prediction.cases, lambda case: (*case.outputs, *case.nodes))
    if sorted(keys) != sorted(statistics.keys):
        raise InputError(
            "statistics.keys are not the outputs and nodes of its cases", where=_PREDICTION
        )
    _check_pulses(prediction)
    values = {f"fault {f.fault!r}": f.values_V for f in prediction.faults}
    values |= {
        f"fault {f.fault!r}, board {i}": row
        for f in prediction.faults
        for i, row in enumerate(f.boards_V)
    }
    values |= {f"board {i}": row for i, row in enumerate(statistics.boards_V)}
    slopes: dict[str, Sequence[float]] = {}
    for name in {name for case in prediction.cases for name in case.inputs}:
        slopes[f"slope_below of {name}"] = statistics.slope_below.get(name, [])
        slopes[f"slope_above of {name}"] = statistics.slope_above.get(name, [])
    for what, row in (values | slopes).items():
        _check_rows(what, row, len(keys))
    _check_sizes(values, LARGEST_V, "V", where=_PREDICTION)
    _check_sizes(slopes, _LARGEST_SLOPE, "V/V", where=_PREDICTION)
    _check_slopes(prediction)
    _check_bands(prediction)
    _check_views(prediction)


def _check_slopes(prediction: Prediction) -> None:
    """Refuse slopes that do not fit the values, where there are any."""
    slopes, statistics = prediction.statistics.slopes, prediction.statistics
    voltages, count = len(statistics.keys), len(statistics.keys) + len(statistics.pulses.keys)
    inputs = {name for case in prediction.cases for name in case.inputs}
    sides = {"boards_below": slopes.boards_below, "boards_above": slopes.boards_above}
    rows: dict[str, tuple[Sequence[float], int]] = {
        f"slopes.{side} of {name}, board {i}": (row, voltages)
        for side, by_input in sides.items()
        for name, boards in by_input.items()
        for i, row in enumerate(boards)
    }
    if slopes.boards_below or slopes.boards_above:
        numbers = {len(by_input.get(name, [])) for by_input in sides.values() for name in inputs}
        if len(numbers) != 1 or numbers & {0, 1} or set(slopes.boards_below) - inputs:
            raise InputError(
                "slopes.boards_below and boards_above are not of the same boards",
                where=_PREDICTION,
                allowed=f"two boards or more, for each of {', '.join(sorted(inputs))}",
            )
    rows |= {
        f"slopes.{what}": (row, length)
        for what, row, length in (
            ("source_ohm", slopes.source_ohm, voltages),
            ("per_K", slopes.per_K, count),
            ("linear_u", slopes.linear_u, count),
        )
        if row
    }
    rows |= {f"slopes of {part.parameter}": (part.slopes, count) for part in slopes.parts}
    if slopes.parts and not slopes.linear_u:
        raise InputError("slopes.parts without linear_u", where=_PREDICTION)
    for what, (row, length) in rows.items():
        _check_rows(what, row, length)
        if not all(map(math.isfinite, row)):
            raise InputError(f"{what} holds what is no finite number", where=_PREDICTION)
    for part in slopes.parts:
        figures = (part.low, part.mean, part.high, part.deviation, part.nominal)
        if not (all(map(math.isfinite, figures)) and part.low <= part.mean <= part.high) or (
            part.deviation <= 0
        ):
            raise InputError(
                f"{part.parameter} from {part.low:g} to {part.high:g}, mean {part.mean:g}, "
                f"deviation {part.deviation:g}",
                where=_PREDICTION,
                allowed="low <= mean <= high, and a deviation above 0",
            )


def _keys(
    cases: Sequence[PredictedCase], names: Callable[[PredictedCase], Iterable[str]]
) -> list[str]:
    return [f"{i}.{name}" for i, case in enumerate(cases) for name in names(case)]


def _check_pulses(prediction: Prediction) -> None:
    """Refuse widths that do not fit together, as ``check_prediction`` does voltages."""
    pulses, voltages = prediction.statistics.pulses, prediction.statistics
    keys = _keys(prediction.cases, lambda case: case.pulses)
    if sorted(keys) != sorted(pulses.keys) or {*keys} & {*voltages.keys}:
        raise InputError(
            "statistics.pulses.keys are not the pulses of its cases", where=_PREDICTION
        )
    if len(pulses.boards_s) != (len(voltages.boards_V) if keys else 0):
        raise InputError(
            f"{len(voltages.boards_V)} boards with voltages, {len(pulses.boards_s)} with widths",
            where=_PREDICTION,
        )
    rows: dict[str, Sequence[float]] = {
        f"board {i}, widths": row for i, row in enumerate(pulses.boards_s)
    }
    for fault in prediction.faults:
        what = f"fault {fault.fault!r}, widths"
        rows[what] = fault.widths_s
        rows |= {f"{what}, board {i}": row for i, row in enumerate(fault.board_widths_s)}
        if len(fault.board_widths_s) != (len(fault.boards_V) if keys else 0):
            raise InputError(f"{what} of {len(fault.board_widths_s)} boards", where=_PREDICTION)
    slopes: dict[str, Sequence[float]] = {}
    if keys:
        for name in {name for case in prediction.cases for name in case.inputs}:
            slopes[f"slope_below_s_per_V of {name}"] = pulses.slope_below_s_per_V.get(name, [])
            slopes[f"slope_above_s_per_V of {name}"] = pulses.slope_above_s_per_V.get(name, [])
    for what, row in (rows | slopes).items():
        _check_rows(what, row, len(keys))
    _check_sizes(slopes, _LONGEST_s, "s/V", where=_PREDICTION)
    rows |= {
        f"case {i}, {name}": (pulse.low_s, pulse.nominal_s, pulse.high_s)
        for i, case in enumerate(prediction.cases)
        for name, pulse in case.pulses.items()
    }
    _check_widths({**rows, "u_s": (pulses.u_s,)}, where=_PREDICTION)
    for i, case in enumerate(prediction.cases):
        for name, pulse in case.pulses.items():
            if pulse.low_s > pulse.high_s:
                raise InputError(
                    f"case {i}, {name}: low_s = {pulse.low_s:g} is above high_s = {pulse.high_s:g}",
                    where=_PREDICTION,
                )


def check_measurement(measurement: Measurement) -> None:
    """Refuse a measurement with a reading that can't be one, or of which too little is known.

    Raises:
        InputError: a voltage that is not finite or beyond 1 kV, a reading without channel or
            uncertainty, a budget with such a component, or an uncertainty stated with a reading
            that is smaller than what the channel's budget gives.
    """
    for channel, budget in measurement.channels.items():
        check_budget(budget, where=channel)
        sizes = {f"component {c.name!r}": (c.u_V,) for c in budget}
        _check_sizes(sizes, LARGEST_V, "V", where=channel)
        _check_widths({f"component {c.name!r}": (c.u_s,) for c in budget}, where=channel)
        currents = {f"component {c.name!r}": (c.u_A,) for c in budget}
        _check_sizes(currents, 1.0, "A", where=channel)
        shares = {f"component {c.name!r}": (c.u_relative,) for c in budget}
        _check_sizes(shares, 1.0, "of the reading", where=channel)
    for case in measurement.cases:
        sets = {f"input {name}": (i.set_V,) for name, i in case.inputs.items()}
        _check_sizes(sets, LARGEST_V, "V", where=_MEASUREMENT)
        for name, reading in all_readings(case).items():
            if reading.value_V is not None:
                _check_reading(
                    name, reading.value_V, reading.U_V, reading.channel, measurement.channels
                )
        for name, pulse in case.pulses.items():
            _check_pulse(name, pulse, measurement.channels)


def _check_reading(
    name: str,
    value_V: float,
    U_V: float | None,
    channel: str | None,
    budgets: Mapping[str, Sequence[Component]],
) -> None:
    if channel is None or U_V is None or U_V < 0:
        raise InputError(
            f"{name} was read on channel {channel} with U = {U_V}",
            where=_MEASUREMENT,
            allowed="a channel, and a U_V of 0 V or more",
        )
    _check_sizes({name: (value_V,), f"U of {name}": (U_V,)}, LARGEST_V, "V", where=_MEASUREMENT)
    budget = _budget(name, channel, budgets, timed=False)
    _check_stated(name, channel, U_V, expanded_uncertainty(budget, value_V), _ROUNDING_V, "V")


def _check_pulse(
    name: str, pulse: MeasuredPulse, budgets: Mapping[str, Sequence[Component]]
) -> None:
    if pulse.width_s is None:
        return
    if pulse.channel is None or pulse.U_s is None or pulse.U_s < 0:
        raise InputError(
            f"{name} was timed on channel {pulse.channel} with U = {pulse.U_s}",
            where=_MEASUREMENT,
            allowed="a channel, and a U_s of 0 s or more",
        )
    _check_widths({name: (pulse.width_s,), f"U of {name}": (pulse.U_s,)}, where=_MEASUREMENT)
    budget = _budget(name, pulse.channel, budgets, timed=True)
    least_s = expanded_uncertainty(budget, pulse.width_s)
    _check_stated(name, pulse.channel, pulse.U_s, least_s, _ROUNDING_s, "s")


def _budget(
    name: str, channel: str, budgets: Mapping[str, Sequence[Component]], *, timed: bool
) -> Sequence[Component]:
    """Return a channel's budget, empty if it has none; refuse one of the other unit."""
    budget = budgets.get(channel, ())
    if any(c.u_V if timed else c.u_s for c in budget):
        raise InputError(
            f"{name} is {'a pulse' if timed else 'a voltage'}, and the budget of {channel} is in "
            f"{'volts' if timed else 'seconds'}",
            where=_MEASUREMENT,
        )
    return budget


def _check_stated(
    name: str, channel: str, U: float, least: float, rounding: float, unit: str
) -> None:
    if U - least < -(_ROUNDING * least + rounding):
        raise InputError(
            f"{name} was read with U = {U:.3g} {unit}, and the budget of {channel} gives more",
            where=_MEASUREMENT,
            allowed=f"{least:.4g} {unit} or more",
            mend="state the budget that holds",
        )


def _check_output(
    where: str,
    output: PredictedOutput,
    pairs: dict[str, tuple[float, float]],
    figures: dict[str, Iterable[float]],
) -> None:
    """Add what is asked of an output to the figures to check; refuse what is no level."""
    if output.expected not in (0, 1, None):
        raise InputError(
            f"{where}: expected = {output.expected}", where=_PREDICTION, allowed="0, 1 or null"
        )
    if output.window_V is not None:
        pairs[f"{where}, window_V"] = output.window_V
    if output.ideal_V is not None:
        figures[f"{where}, ideal_V"] = (output.ideal_V,)


def _check_greatest(i: int, case: PredictedCase) -> None:
    if case.largest is None:
        return
    if case.largest not in case.outputs or len(case.outputs) < 2:
        raise InputError(
            f"case {i}: largest = {case.largest!r}",
            where=_PREDICTION,
            allowed=f"one of several outputs ({', '.join(case.outputs)})",
        )


def _check_bands(prediction: Prediction) -> None:
    pairs = {"thresholds": (prediction.thresholds.low_V, prediction.thresholds.high_V)}
    figures: dict[str, Iterable[float]] = {}
    for i, case in enumerate(prediction.cases):
        _check_greatest(i, case)
        values: dict[str, PredictedOutput | PredictedNode] = {**case.outputs, **case.nodes}
        for name, value in values.items():
            pairs[f"case {i}, {name}"] = (value.low_V, value.high_V)
            if isinstance(value, PredictedOutput):
                _check_output(f"case {i}, {name}", value, pairs, figures)
            figures[f"case {i}, {name}, nominal"] = (value.nominal_V,)
        for name, put in case.inputs.items():
            figures[f"case {i}, input {name}"] = (put.set_V,)
    _check_sizes({**figures, **pairs}, LARGEST_V, "V", where=_PREDICTION)
    for what, (low_V, high_V) in pairs.items():
        if low_V > high_V:
            raise InputError(
                f"{what}: low_V = {low_V:g} is above high_V = {high_V:g}", where=_PREDICTION
            )


def _check_views(prediction: Prediction) -> None:
    """Refuse a curve, surface, answer to a step or firing that can't be drawn."""
    case = prediction.cases[0]
    for waveforms in prediction.waveforms:
        what = f"waveforms of case {waveforms.case}"
        if not 0 <= waveforms.case < len(prediction.cases):
            raise InputError(f"{what}: there is none", where=_PREDICTION)
        _check_axis(f"{what}, time_s", waveforms.time_s, _LONGEST_s)
        _check_traces(what, waveforms.traces, len(waveforms.time_s))
        if not {*waveforms.thresholds, *waveforms.thresholds.values()} <= {*waveforms.traces}:
            raise InputError(f"{what}: a threshold without a trace", where=_PREDICTION)
        if waveforms.shapes and waveforms.shapes.keys() != waveforms.traces.keys():
            raise InputError(f"{what}: shapes are not those of its traces", where=_PREDICTION)
    for curve in prediction.curves:
        what = f"curve over {curve.input}"
        _check_terminals(what, [curve.input, *curve.held_V], curve.outputs, case)
        _check_axis(f"{what}, input_V", curve.input_V, LARGEST_V)
        _check_traces(what, curve.outputs, len(curve.input_V))
    for surface in prediction.surfaces:
        what = f"surface over {surface.across} and {surface.up}"
        inputs = [surface.across, surface.up, *surface.held_V]
        _check_terminals(what, inputs, surface.outputs, case)
        _check_axis(f"{what}, across_V", surface.across_V, LARGEST_V)
        _check_axis(f"{what}, up_V", surface.up_V, LARGEST_V)
        for name, sheet in surface.outputs.items():
            _check_rows(f"{what}, {name}", sheet.nominal_V, len(surface.up_V))
            for row in sheet.nominal_V:
                _check_rows(f"{what}, {name}", row, len(surface.across_V))
                _check_sizes({f"{what}, {name}": row}, LARGEST_V, "V", where=_PREDICTION)
    for transient in prediction.transients:
        what = f"answer to a step at {transient.input}"
        inputs = [transient.input, *transient.held_V]
        _check_terminals(what, inputs, transient.outputs, case)
        _check_axis(f"{what}, time_s", transient.time_s, _LONGEST_s)
        _check_rows(f"{what}, input_V", transient.input_V, len(transient.time_s))
        _check_sizes({f"{what}, input_V": transient.input_V}, LARGEST_V, "V", where=_PREDICTION)
        _check_traces(what, transient.outputs, len(transient.time_s))


def _check_terminals(
    what: str, inputs: Iterable[str], outputs: Iterable[str], case: PredictedCase
) -> None:
    for names, known in ((inputs, list(case.inputs)), (outputs, list(case.outputs))):
        for name in names:
            if name not in known:
                raise InputError(
                    f"{what}: there is no {name!r}", where=_PREDICTION, allowed=", ".join(known)
                )


def _check_traces(what: str, traces: Mapping[str, Trace], count: int) -> None:
    for name, trace in traces.items():
        rows = {"nominal_V": trace.nominal_V, "low_V": trace.low_V, "high_V": trace.high_V}
        if trace.ideal_V is not None:
            rows["ideal_V"] = trace.ideal_V
        for kind, row in rows.items():
            _check_rows(f"{what}, {name}, {kind}", row, count)
            _check_sizes({f"{what}, {name}, {kind}": row}, LARGEST_V, "V", where=_PREDICTION)


def _check_rows(what: str, row: Sequence[object], count: int) -> None:
    if len(row) != count:
        raise InputError(f"{what} has {len(row)} values", where=_PREDICTION, allowed=f"{count}")


def _check_axis(what: str, axis: Sequence[float], largest: float) -> None:
    _check_sizes({what: axis}, largest, "", where=_PREDICTION)
    if len(axis) < 2 or any(a >= b for a, b in itertools.pairwise(axis)):
        raise InputError(f"{what} does not rise", where=_PREDICTION, allowed="two values or more")


def _check_widths(figures: Mapping[str, Iterable[float]], *, where: str) -> None:
    _check_sizes(figures, _LONGEST_s, "s", where=where)
    for what, values in figures.items():
        if min(values, default=0.0) < 0:
            raise InputError(f"{what} is below 0 s", where=where)


def _check_sizes(
    figures: Mapping[str, Iterable[float]], largest: float, unit: str, *, where: str
) -> None:
    for what, values in figures.items():
        for value in values:
            if not (math.isfinite(value) and abs(value) <= largest):
                raise InputError(
                    f"{what} is {value:g} {unit}",
                    where=where,
                    allowed=f"{-largest:g} to {largest:g} {unit}",
                )
