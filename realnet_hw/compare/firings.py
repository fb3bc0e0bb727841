"""Firings as a scope saw them, against the boards that were fired.

As with the answers to steps, see ``steps``: whether a wave lies among those of boards drawn is a
hint where to look and decides no verdict. What a firing decides, the widths of pulses and the
levels that are left, is judged by what the fixture timed and read.

A wave and its prediction are laid over each other where the trigger is pulled. A few boards bound
an edge less surely than a level, so that the band is wider in time, too: by half of what the edges
of the boards fired differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from realnet_hw import shapes
from realnet_hw.compare.steps import (
    OUTSIDE,
    WIDER,
    Array,
    compared_figure,
    share_outside,
    times_from,
)
from realnet_hw.records import (
    Band,
    ComparedFiring,
    Figure,
    MeasuredFiring,
    MeasuredShape,
    MeasuredWave,
    Measurement,
    PredictedShape,
    Prediction,
    Waveforms,
)

_SAME_V = 1e-6


def compared(prediction: Prediction, measurement: Measurement) -> list[ComparedFiring]:
    """Return how every node that a probe was on did in each firing, against its prediction.

    Inputs are left out: no board says what they do.
    """
    found = []
    for firing in measurement.firings:
        case = case_of(prediction, firing)
        if case is None:
            continue
        predicted = waveforms_of(prediction, case)
        found += [
            _compared(firing, name, case, predicted)
            for name in firing.waves
            if name != firing.trigger and name not in firing.set_V
        ]
    return found


def case_of(prediction: Prediction, firing: MeasuredFiring) -> int | None:
    """Return the predicted case that has the inputs of a firing."""
    for index, case in enumerate(prediction.cases):
        if case.inputs.keys() == firing.set_V.keys() and all(
            abs(put.set_V - firing.set_V[name]) < _SAME_V for name, put in case.inputs.items()
        ):
            return index
    return None


def waveforms_of(prediction: Prediction, case: int) -> Waveforms | None:
    """Return what is predicted of the firing at a case."""
    return next((one for one in prediction.waveforms if one.case == case and one.shapes), None)


def times_of(firing: MeasuredFiring, wave: MeasuredWave) -> Array | None:
    """Return the times of a wave, counted from the trigger, where that was seen."""
    trigger = firing.waves.get(firing.trigger)
    if trigger is None:
        return None
    begun_s = shapes.trigger_s(times_from(trigger), np.array(trigger.volts_V))
    return None if begun_s is None else times_from(wave) - begun_s


def _compared(
    firing: MeasuredFiring, name: str, case: int, predicted: Waveforms | None
) -> ComparedFiring:
    note, outside, bands, resolution_s = "", None, PredictedShape(), 0.0
    times_s = times_of(firing, firing.waves[name])
    if times_s is None:
        note = "the trigger was not seen"
    elif predicted is None:
        note = "nothing is predicted of this firing: predict it with --with waveforms"
    elif name not in predicted.traces:
        note = "nothing is predicted of this node"
    else:
        bands, resolution_s = predicted.shapes[name], predicted.resolution_s
        outside = _outside(firing.waves[name], name, times_s, predicted)
    shape = firing.shapes.get(name, MeasuredShape())
    return ComparedFiring(
        case=case,
        terminal=name,
        outside=outside,
        agrees=None if outside is None else outside <= OUTSIDE,
        note=note,
        figures={
            key: compared_figure(
                get_measured(shape),
                get_predicted(bands),
                resolution_s if key.endswith("_s") else 0.0,
                judged=not note,
            )
            for key, (get_measured, get_predicted) in _FIGURES.items()
        },
    )


_FIGURES: Mapping[
    str, tuple[Callable[[MeasuredShape], Figure], Callable[[PredictedShape], Band | None]]
] = {
    "delay_s": (lambda m: m.delay_s, lambda p: p.delay_s),
    "width_s": (lambda m: m.width_s, lambda p: p.width_s),
    "passage_s": (lambda m: m.passage_s, lambda p: p.passage_s),
    "low_V": (lambda m: m.low_V, lambda p: p.low_V),
    "high_V": (lambda m: m.high_V, lambda p: p.high_V),
}
"""By name: how it is got as measured and as predicted."""


def _outside(wave: MeasuredWave, name: str, times_s: Array, predicted: Waveforms) -> float | None:
    """Return the share of a wave's points that lie beyond the widened band of boards."""
    trace, shape = predicted.traces[name], predicted.shapes[name]
    edges = [band for band in (shape.delay_s, shape.width_s) if band is not None]
    grid_s = np.array(predicted.time_s)
    differ_s = sum(band.high - band.low for band in edges)
    reach_s = WIDER * differ_s + float(grid_s[1] - grid_s[0]) + wave.step_s
    bounds_V = np.array(trace.low_V), np.array(trace.high_V)
    return share_outside(wave, times_s, grid_s, *bounds_V, reach_s=reach_s)
