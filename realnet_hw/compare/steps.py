"""Steps of an input as a scope saw the board answer them, against the boards that were stepped.

What is asked is whether the answer lies among those of boards drawn. It never decides a verdict: a
few dozen boards bound a wave less surely than the joint statistic bounds the readings at rest, and
how fast an operational amplifier is, is a typical figure in its data sheet, which no board drawn
varies. Outside is a hint where to look.

A wave and its prediction are laid over each other where the input is half-way. The input as
measured is no straight edge, and not as long as the predicted one: at each share of its way it is
early or late. As long as nothing in the board rings at that pace, the answer is early or late by no
more than that, so that the band is widened in time by it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from realnet_hw import edges
from realnet_hw.compare.words import duration
from realnet_hw.records import (
    Band,
    ComparedEdge,
    ComparedFigure,
    EdgeFigures,
    Figure,
    MeasuredEdge,
    MeasuredWave,
    Measurement,
    PredictedEdge,
    Prediction,
    Transient,
)
from realnet_hw.uncertainty import COVERAGE_FACTOR, standard_uncertainty

Array = NDArray[np.float64]

WIDER = 0.5
"""The band of boards is widened by this share of itself on either side."""
OUTSIDE = 0.01
"""A wave of which more than this share lies beyond is outside."""
_SAME_V = 1e-6
_EDGES = 2
# From 10 % to 90 % a straight edge takes this share of its time.
_STRAIGHT = 0.8
# Where the input as measured is held against a straight edge: on its way, and to its end.
_ON_ITS_WAY = tuple(float(share) for share in np.linspace(0.1, 0.9, 17))
_TO_ITS_END = (0.02, 0.05, *_ON_ITS_WAY, 0.95, 0.98)
# An input that is early or late by more than this share of an output's own passage can't be
# compared.
_ALIKE = 0.25
# A passage is judged where so many points of the record fall into it at least.
_POINTS = 3
# Where the wave has no width and no noise, it still has this share of its way.
_LEAST = 0.005


@dataclass(frozen=True)
class Predicted:
    """One edge of a transient, cut out of its period.

    Args:
        times_s: counted from the middle of the input's edge, shape (points).
        transient: what it is of.
        part: its points.
        index: 0 is the rising one, 1 the falling one.
    """

    times_s: Array
    transient: Transient
    part: slice
    index: int


def compared(prediction: Prediction, measurement: Measurement) -> list[ComparedEdge]:
    """Return how each output answered each step, against its prediction where there is one."""
    found = []
    for edge in measurement.edges:
        predicted = predicted_of(prediction, edge)
        found += [_compared(edge, name, predicted) for name in edge.figures if name in edge.waves]
    return found


def views_for(measurement: Measurement) -> str:
    """Return what to predict of what a scope saw: ``transient:X1:1.8us:X2=0``, or nothing."""
    wanted = {edge.input: _view(edge) for edge in measurement.edges if _is_seen(edge)}
    return ",".join((*wanted.values(), *(["waveforms"] if measurement.firings else [])))


def predicted_of(prediction: Prediction, edge: MeasuredEdge) -> Predicted | None:
    """Return the predicted edge of the same step whose duration comes nearest.

    None where there is none, or where the step was not seen at the input.
    """
    ends = sorted((edge.from_V, edge.to_V))
    if ends[1] - ends[0] < _SAME_V or not _is_seen(edge):
        return None
    alike = [
        one
        for one in prediction.transients
        if all(len(rise_and_fall) == _EDGES for rise_and_fall in one.edges.values())
        and one.edges
        and one.input == edge.input
        and _same(one.held_V, edge.held_V)
        and abs(min(one.input_V) - ends[0]) < _SAME_V
        and abs(max(one.input_V) - ends[1]) < _SAME_V
    ]
    if not alike:
        return None
    lasts_s = (edge.passage_s or 0.0) / _STRAIGHT
    transient = min(alike, key=lambda one: abs((one.edge_s or 0.0) - lasts_s))
    return cut(transient, 0 if edge.to_V > edge.from_V else 1)


def cut(transient: Transient, index: int) -> Predicted:
    """Return the rising (0) or the falling (1) edge of a transient."""
    input_V, times_s = np.array(transient.input_V), np.array(transient.time_s)
    low_V, high_V = float(input_V.min()), float(input_V.max())
    rise = int(np.flatnonzero(input_V > low_V + _SAME_V)[0]) - 1
    fall = int(np.flatnonzero(input_V > high_V - _SAME_V)[-1])
    half = fall - rise
    part = (
        slice(0, fall) if index == 0 else slice(max(0, fall - rise), min(len(times_s), fall + half))
    )
    begun_s = times_s[rise if index == 0 else fall]
    moved_s = begun_s + (transient.edge_s or 0.0) / 2
    return Predicted(times_s[part] - moved_s, transient, part, index)


def _same(one: Mapping[str, float], other: Mapping[str, float]) -> bool:
    return one.keys() == other.keys() and all(
        abs(volts - other[name]) < _SAME_V for name, volts in one.items()
    )


def _compared(edge: MeasuredEdge, name: str, predicted: Predicted | None) -> ComparedEdge:
    figures = edge.figures[name]
    note, outside, bands = "", None, PredictedEdge()
    if not _is_seen(edge):
        note = "the input's own edge was not seen"
    elif predicted is None:
        note = f"nothing is predicted of this step: predict it with --with {_view(edge)}"
    else:
        bands = predicted.transient.edges.get(name, [PredictedEdge()] * 2)[predicted.index]
        note = _too_coarse(edge.waves[name], bands) or _too_different(edge, predicted, figures)
        outside = None if note else _outside(edge, name, predicted)
    late = (0.0, 0.0) if predicted is None else _late_s(edge, predicted)
    judged = not note
    return ComparedEdge(
        input=edge.input,
        from_V=edge.from_V,
        to_V=edge.to_V,
        held_V=edge.held_V,
        output=name,
        outside=outside,
        agrees=None if outside is None else outside <= OUTSIDE,
        note=note,
        figures={
            key: compared_figure(
                get_measured(figures), get_predicted(bands), allowed(*late), judged=judged
            )
            for key, (get_measured, get_predicted, allowed) in _FIGURES.items()
        },
    )


_Slack = Callable[[float, float], float]
_FIGURES: Mapping[
    str,
    tuple[Callable[[EdgeFigures], Figure], Callable[[PredictedEdge], Band | None], _Slack],
] = {
    "delay_s": (lambda m: m.delay_s, lambda p: p.delay_s, lambda way, _: way),
    "passage_s": (lambda m: m.passage_s, lambda p: p.passage_s, lambda way, _: 2 * way),
    "overshoot": (lambda m: m.overshoot, lambda p: p.overshoot, lambda _way, _end: 0.0),
    "settling_s": (lambda m: m.settling_s, lambda p: p.settling_s, lambda _, end: end),
}
"""By name: how it is got as measured and as predicted, and how far it may be off for an input that
is early or late by so many seconds on its way, and to its end."""


def _late_s(edge: MeasuredEdge, predicted: Predicted) -> tuple[float, float]:
    """Return how early or late the input as measured is at most: on its way, and to its end."""
    own, lasts_s = edge.waves[edge.input], predicted.transient.edge_s or 0.0
    times_s, volts = times_from(own), np.array(own.volts_V)
    moved_s = edges.middle_s(times_s, volts)
    found = []
    for shares in (_ON_ITS_WAY, _TO_ITS_END):
        away_s = [
            abs(at_s - moved_s - (share - 0.5) * lasts_s)
            for share, at_s in zip(shares, edges.passes_s(times_s, volts, shares), strict=True)
            if at_s is not None and moved_s is not None
        ]
        found.append(max(away_s, default=0.0))
    return found[0], found[1]


def _view(edge: MeasuredEdge) -> str:
    """Return the step of an input as the command line takes it: ``transient:X1:1.8us:X2=0``."""
    asked_s = float(f"{(edge.passage_s or 0.0) / _STRAIGHT:.2g}")
    lasts = duration(asked_s).replace(" ", "").replace("µ", "u")
    held = (f"{name}={level_V:g}" for name, level_V in edge.held_V.items())
    return ":".join((f"transient:{edge.input}", lasts, *held))


def _too_coarse(wave: MeasuredWave, bands: PredictedEdge) -> str:
    """Return why a wave shows too little of an edge as predicted, nothing if it shows enough."""
    quickest_s = bands.passage_s.low if bands.passage_s else math.inf
    if wave.step_s > quickest_s / _POINTS:
        return (
            f"a point every {duration(wave.step_s)} is too coarse for what is predicted to pass in "
            f"{duration(quickest_s)}"
        )
    return ""


def _too_different(edge: MeasuredEdge, predicted: Predicted, figures: EdgeFigures) -> str:
    """Return why the two edges can't be compared, nothing if they can."""
    away_s, passage_s = _late_s(edge, predicted)[0], figures.passage_s.value
    if passage_s is not None and away_s > _ALIKE * passage_s:
        took_s = (edge.passage_s or 0.0) / _STRAIGHT
        return (
            f"the input took {duration(took_s)}, predicted is an edge of "
            f"{duration(predicted.transient.edge_s or 0.0)}: predict it with "
            f"--with {_view(edge)}"
        )
    return ""


def compared_figure(
    measured: Figure, band: Band | None, allowed: float, *, judged: bool
) -> ComparedFigure:
    """Return a figure beside those of the boards drawn.

    Args:
        measured: with its uncertainty.
        band: of the boards.
        allowed: it may be off by so much more.
        judged: whether it is said that it agrees.
    """
    agrees = None
    if judged and band is not None and measured.value is not None and measured.U is not None:
        slack = WIDER * (band.high - band.low) + measured.U + allowed
        agrees = bool(band.low - slack <= measured.value <= band.high + slack)
    told = measured if measured.U is not None else Figure()
    return ComparedFigure(measured=told.value, U=told.U, predicted=band, agrees=agrees)


def _is_seen(edge: MeasuredEdge) -> bool:
    """Return whether the input's own edge is in the record."""
    return edge.input in edge.waves and times_of(edge, edge.waves[edge.input]) is not None


def times_of(edge: MeasuredEdge, wave: MeasuredWave) -> Array | None:
    """Return the times of a wave, counted from the middle of the input's edge, if that was seen."""
    if edge.input not in edge.waves or not edge.passage_s:
        return None
    own = edge.waves[edge.input]
    moved_s = edges.middle_s(times_from(own), np.array(own.volts_V))
    return None if moved_s is None else times_from(wave) - moved_s


def times_from(wave: MeasuredWave) -> Array:
    """Return the times of a wave's points, counted from the scope's trigger."""
    return wave.start_s + wave.step_s * np.arange(len(wave.volts_V), dtype=np.float64)


def _outside(edge: MeasuredEdge, name: str, predicted: Predicted) -> float | None:
    """Return the share of a wave's points that lie beyond the widened band of boards."""
    wave = edge.waves[name]
    times_s = times_of(edge, wave)
    trace = predicted.transient.outputs.get(name)
    if times_s is None or trace is None:
        return None
    return share_outside(
        wave,
        times_s,
        predicted.times_s,
        np.array(trace.low_V[predicted.part]),
        np.array(trace.high_V[predicted.part]),
        reach_s=_late_s(edge, predicted)[1] + wave.step_s / 2,
    )


def share_outside(
    wave: MeasuredWave,
    times_s: Array,
    grid_s: Array,
    low_V: Array,
    high_V: Array,
    *,
    reach_s: float,
) -> float | None:
    """Return the share of a wave's points that lie beyond a band of boards.

    The band is widened by half of itself on either side, by the uncertainty of a point, and in
    time.

    Args:
        wave: as measured.
        times_s: of its points, shape (points).
        grid_s: of the band, rising, shape (times).
        low_V, high_V: the band, shape (times).
        reach_s: how far it is widened in time.

    Returns:
        None where none of the points has a time of the band.
    """
    inside = (times_s >= grid_s[0]) & (times_s <= grid_s[-1])
    if not inside.any():
        return None
    spread_V = WIDER * (high_V - low_V)
    # No two of them further apart than the band's own points: else an edge falls in between.
    count = 9 + 2 * math.ceil(reach_s / float(grid_s[1] - grid_s[0]))
    shifts = np.linspace(-reach_s, reach_s, count)
    lowest, highest = (
        extreme.reduce([np.interp(times_s[inside] + shift, grid_s, bound) for shift in shifts])
        for extreme, bound in ((np.minimum, low_V - spread_V), (np.maximum, high_V + spread_V))
    )
    volts = np.array(wave.volts_V)[inside]
    least_V = _LEAST * float(high_V.max() - low_V.min())
    allowed_V = np.array([_expanded_V(wave, value) for value in (volts.min(), volts.max())]).max()
    allowed_V = max(float(allowed_V), least_V)
    return float(((volts < lowest - allowed_V) | (volts > highest + allowed_V)).mean())


def _expanded_V(wave: MeasuredWave, value_V: float) -> float:
    """Return the expanded uncertainty of a point of a wave."""
    u_V = math.hypot(standard_uncertainty(wave.components, value_V), wave.noise_V)
    return COVERAGE_FACTOR * u_V
