"""The report's figures, drawn by matplotlib as SVG whose colours the page sets.

A figure is 340 units wide, shown one pixel a unit on a phone. Colours are those of ``report.css``,
so that a figure follows it into dark mode and print.
"""

from __future__ import annotations

import io
import itertools
import math
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from realnet_hw.compare import firings as firings_compared
from realnet_hw.compare import steps, svg
from realnet_hw.compare.conformity import window
from realnet_hw.compare.words import case_name, holding, inputs, step_of, volts, width
from realnet_hw.records import (
    ComparedCase,
    ComparedEdge,
    ComparedValue,
    Comparison,
    Curve,
    MeasuredEdge,
    MeasuredFiring,
    Measurement,
    PredictedCase,
    Prediction,
    Surface,
    Thresholds,
    Trace,
    Transient,
    Waveforms,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 12
"""So many figures of a kind; what follows is in the prediction record."""

MOST_ROWS = 12
"""So many cases in a histogram."""

_WIDTH = 340.0
_FONT = 11.0
_BINS = 120
# So many points of a wave are drawn.
_SEEN = 500
_LANE, _BELOW, _PANEL = 18.0, 6.0, 84.0
_MAP = "cividis"
_MINUS = "\N{MINUS SIGN}"
# What stands in for the page's colours while matplotlib draws.
_COLOURS = {
    name: f"#0d0{i:03x}"
    for i, name in enumerate(
        ("ink", "soft", "line", "band", "zone", "good", "bad", "accent", "card")
    )
}
_LONG = re.compile(r"\d+\.\d{2,}")
_MEASURED = {"facecolor": _COLOURS["card"], "edgecolor": _COLOURS["ink"]}
_TICKS = {"labelsize": 10.0, "labelcolor": _COLOURS["soft"], "major.size": 0, "minor.size": 0}

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Picture:
    """A figure, what it shows and of which kind it is."""

    kind: str
    title: str
    image: str


def yields(prediction: Prediction, comparison: Comparison) -> list[Picture]:
    """Return how the boards drawn scatter about what each output should be, and this board.

    The boards stand where they are at the inputs as set; so does this one, moved by what the
    prediction moves for the inputs as delivered. Of many cases those with the least margin are
    shown.
    """
    if any(case.largest for case in prediction.cases):
        return _leads(prediction, comparison)
    boards_V = _boards_V(prediction)
    pictures = []
    for name in prediction.cases[0].outputs:
        rows = []
        for i, (case, compared) in enumerate(zip(prediction.cases, comparison.cases, strict=True)):
            drawn_V = boards_V[f"{i}.{name}"]
            zone = window(case.outputs[name], prediction.thresholds)
            moved_V = _moved_V(compared.outputs[name], drawn_V)
            rows.append(_Row(_name(i, case), drawn_V, zone, moved_V, _U_V(compared.outputs[name])))
        pictures += _histogram(name, f"{name} (V)", rows)
    return pictures


def margins(prediction: Prediction) -> list[Picture]:
    """Return how far all boards are from a wrong answer, each by its least margin."""
    found = prediction.margins
    if found is None:
        return []
    edges_V, counts = np.array(found.edges_V), np.array(found.counts)
    share = counts / counts.sum()

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        _bars(axes, edges_V, share, 0.0, (0.0, np.inf))
        axes.set_xlabel("least margin of a board (V)")
        axes.set_ylabel("share of boards")
        axes.set_xlim(edges_V[0], edges_V[-1])
        axes.set_ylim(0.0, 1.08 * share.max())

    return [_picture("Margins", "How far boards are from a wrong answer", paint, height=170)]


def curves(prediction: Prediction, comparison: Comparison) -> list[Picture]:
    """Return the transfer curves, an output each, with the cases that lie on them as measured."""
    made = (
        _curve(curve, name, trace, prediction, comparison)
        for curve in prediction.curves
        for name, trace in curve.outputs.items()
    )
    return list(itertools.islice(made, MOST))


def has_points(prediction: Prediction, comparison: Comparison) -> bool:
    """Return whether any measured case lies on a transfer curve that is shown."""
    pairs = ((curve, name) for curve in prediction.curves for name in curve.outputs)
    return any(
        case.outputs[name].measured_V is not None
        for curve, name in itertools.islice(pairs, MOST)
        for case in comparison.cases
        if name in case.outputs and _lies_on(case, curve.held_V)
    )


def surfaces(prediction: Prediction, comparison: Comparison) -> list[Picture]:
    """Return the response surfaces, an output each, with the cases that lie on them as measured."""
    made = (
        _surface(surface, name, prediction, comparison)
        for surface in prediction.surfaces
        for name in surface.outputs
    )
    return list(itertools.islice(made, MOST))


def transients(prediction: Prediction) -> list[Picture]:
    """Return the answers to a square wave, an output each."""
    made = (
        _transient(transient, name, trace, prediction)
        for transient in prediction.transients
        for name, trace in transient.outputs.items()
    )
    return list(itertools.islice(made, MOST))


def answers(
    prediction: Prediction, measurement: Measurement, comparison: Comparison
) -> list[Picture]:
    """Return the answers to steps as a scope saw them, each over the boards that were stepped."""
    seen = {(edge.input, edge.from_V, edge.to_V): edge for edge in measurement.edges}
    pictures = (
        _answer(seen[compared.input, compared.from_V, compared.to_V], compared, prediction)
        for compared in comparison.edges
    )
    return list(itertools.islice(filter(None, pictures), MOST))


def waveforms(prediction: Prediction, comparison: Comparison) -> list[Picture]:
    """Return the firings, a case each: pulses and outputs in lanes, integrators below them."""
    return [
        _waveforms(one, prediction, comparison.cases[one.case])
        for one in prediction.waveforms[:MOST]
    ]


def firings(
    prediction: Prediction, measurement: Measurement, comparison: Comparison
) -> list[Picture]:
    """Return the firings as a scope saw them, each over the boards that were fired, a case each."""
    made = (_firing(one, prediction, comparison) for one in measurement.firings)
    return list(itertools.islice(filter(None, made), MOST))


def left_out(prediction: Prediction) -> int:
    """Return how many curves, surfaces and answers are in the record and not shown."""
    counts = (
        sum(len(curve.outputs) for curve in prediction.curves),
        sum(len(surface.outputs) for surface in prediction.surfaces),
        sum(len(transient.outputs) for transient in prediction.transients),
    )
    return sum(max(0, count - MOST) for count in counts)


def has_ideal(prediction: Prediction) -> bool:
    """Return whether any curve or answer has the ideal network's beside it."""
    views: list[Curve | Transient] = [*prediction.curves, *prediction.transients]
    traces = (trace for view in views for trace in view.outputs.values())
    return any(trace.ideal_V is not None for trace in traces)


# -------------------------------------------------------------------------------------- histogram


@dataclass(frozen=True)
class _Row:
    label: str
    drawn_V: Array
    zone: tuple[float, float] | None
    measured_V: float | None
    U_V: float = 0.0

    @property
    def margin_V(self) -> float:
        """How far the worst board is inside its zone."""
        if self.zone is None:
            return np.inf
        low_V, high_V = self.zone
        return float(np.min([self.drawn_V - low_V, high_V - self.drawn_V]))


def _boards_V(prediction: Prediction) -> dict[str, Array]:
    """The values of the boards drawn, by their key."""
    columns = np.array(prediction.statistics.boards_V).T
    return dict(zip(prediction.statistics.keys, columns, strict=True))


def _moved_V(value: ComparedValue, drawn_V: Array) -> float | None:
    """What would have been read with the inputs as set."""
    if value.judged_V is not None:
        return value.judged_V
    if value.measured_V is None:
        return None
    return value.measured_V - value.predicted_V + float(drawn_V.mean())


def _U_V(value: ComparedValue) -> float:
    """The uncertainty of what ``_moved_V`` gives."""
    return value.U_judged_V or value.U_measured_V or 0.0


def _leads(prediction: Prediction, comparison: Comparison) -> list[Picture]:
    """By how much the output that should be the greatest leads the next."""
    boards_V = _boards_V(prediction)
    rows = []
    for i, (case, compared) in enumerate(zip(prediction.cases, comparison.cases, strict=True)):
        if case.largest is None:
            continue
        drawn_V = {name: boards_V[f"{i}.{name}"] for name in case.outputs}
        right_V = drawn_V.pop(case.largest)
        ahead_V = right_V - np.max(list(drawn_V.values()), axis=0)
        moved_V = _moved_V(compared.outputs[case.largest], right_V)
        rivals_V = {name: _moved_V(compared.outputs[name], v) for name, v in drawn_V.items()}
        known_V = {name: v for name, v in rivals_V.items() if v is not None}
        lead_V, U_V = None, 0.0
        if moved_V is not None and len(known_V) == len(rivals_V):
            next_ = max(known_V, key=lambda name: known_V[name])
            lead_V = moved_V - known_V[next_]
            U_V = math.hypot(*(_U_V(compared.outputs[n]) for n in (case.largest, next_)))
        label = f"{_name(i, case)}: {case.largest}"
        rows.append(_Row(label, ahead_V, (0.0, np.inf), lead_V, U_V))
    return _histogram("The right output’s lead", "ahead of the next (V)", rows)


def _histogram(title: str, axis: str, rows: Sequence[_Row]) -> list[Picture]:
    least = sorted(range(len(rows)), key=lambda i: rows[i].margin_V)[:MOST_ROWS]
    shown = [rows[i] for i in sorted(least)]
    if not shown:
        return []
    values = [v for row in shown for v in (*row.drawn_V, row.measured_V) if v is not None]
    edges = [v for row in shown for v in row.zone or () if np.isfinite(v)]
    low_V, high_V = _reach([*values, *edges])
    bins = np.linspace(low_V, high_V, _BINS + 1)

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for place, row in enumerate(reversed(shown)):
            if row.zone is not None:
                start, end = max(row.zone[0], low_V), min(row.zone[1], high_V)
                _area(axes, [start, end], [place, place], [place + 0.9] * 2, "zone")
            counts, _ = np.histogram(row.drawn_V, bins)
            heights = place + 0.86 * counts / max(1, counts.max())
            _bars(axes, bins, heights, place, row.zone)
            axes.plot([low_V, high_V], [place, place], color=_COLOURS["line"], lw=0.8)
            if row.measured_V is not None:
                ends = [row.measured_V - row.U_V, row.measured_V + row.U_V]
                axes.plot(ends, [place, place], color=_COLOURS["ink"], lw=1.4)
                _dot(axes, row.measured_V, place, 4.0, **_MEASURED)
        axes.set_xlim(low_V, high_V)
        axes.set_ylim(-0.05, len(shown))
        axes.set_yticks([i + 0.35 for i in range(len(shown))], [r.label for r in reversed(shown)])
        axes.set_xlabel(axis)
        axes.grid(visible=False)
        axes.spines[["left", "bottom"]].set_visible(False)

    return [_picture("Distribution", title, paint, height=64 + 34 * len(shown))]


def _bars(
    axes: Axes, bins: Array, tops: Array, base: float, zone: tuple[float, float] | None
) -> None:
    """A histogram's outline, in red where a board's value is outside its zone."""
    middle = (bins[:-1] + bins[1:]) / 2
    inside = np.full(len(tops), fill_value=True)
    if zone is not None:
        inside = (middle >= zone[0]) & (middle <= zone[1])
    for chosen, colour in ((inside, "band"), (~inside, "bad")):
        heights = np.where(chosen, tops, base)
        if heights.max() > base:
            axes.fill(
                np.repeat(bins, 2),
                [base, *np.repeat(heights, 2), base],
                color=_COLOURS[colour],
                lw=0,
            )


# ----------------------------------------------------------------------------------------- curves


def _curve(
    curve: Curve, name: str, trace: Trace, prediction: Prediction, comparison: Comparison
) -> Picture:
    title = f"{name} over {curve.input}{holding(curve.held_V)}"
    points = [
        (_arrived(case, curve.input), case.outputs[name])
        for case in comparison.cases
        if name in case.outputs and _lies_on(case, curve.held_V)
    ]

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        reach_V = _reach([*curve.input_V, *(at_V for at_V, _ in points)], 0.03)
        _levels(axes, name, prediction, reach_V, trace)
        _trace(axes, curve.input_V, trace)
        for at_V, value in points:
            _point(axes, at_V, value)
        axes.set_xlabel(f"{curve.input} (V)")
        axes.set_ylabel(f"{name} (V)")
        axes.set_xlim(*reach_V)

    return _picture("Transfer curve", title, paint)


def _transient(transient: Transient, name: str, trace: Trace, prediction: Prediction) -> Picture:
    title = f"{name} after {transient.input}{holding(transient.held_V)}"
    time_s = np.array(transient.time_s)
    scale, unit = _unit(float(time_s[-1]))
    time = time_s * scale

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        _levels(axes, name, prediction, (time[0], time[-1]), trace)
        axes.plot(time, transient.input_V, color=_COLOURS["soft"], lw=1.2, ls=(0, (1.5, 1.5)))
        _trace(axes, time, trace)
        axes.set_xlabel(f"time ({unit})")
        axes.set_ylabel("V")
        axes.set_xlim(time[0], time[-1])

    return _picture("Square wave", title, paint)


def _answer(edge: MeasuredEdge, compared: ComparedEdge, prediction: Prediction) -> Picture | None:
    predicted = steps.predicted_of(prediction, edge)
    wave, own = edge.waves[compared.output], edge.waves.get(edge.input)
    times_s = steps.times_of(edge, wave)
    own_s = steps.times_of(edge, own) if own else None
    if times_s is None or own is None or own_s is None:
        return None
    scale, unit = _unit(float(times_s[-1] - times_s[0]))

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        if predicted is not None and compared.output in predicted.transient.outputs:
            trace = predicted.transient.outputs[compared.output]
            shown = (predicted.times_s >= times_s[0]) & (predicted.times_s <= times_s[-1])
            time = scale * predicted.times_s[shown]
            low_V, nominal_V, high_V = (
                np.array(values[predicted.part])[shown]
                for values in (trace.low_V, trace.nominal_V, trace.high_V)
            )
            _area(axes, time, low_V.tolist(), high_V.tolist(), "band")
            axes.plot(time, nominal_V, color=_COLOURS["accent"], lw=1.4)
        every = max(1, len(own_s) // _SEEN)
        axes.plot(
            scale * own_s[::every],
            own.volts_V[::every],
            color=_COLOURS["soft"],
            lw=1.2,
            ls=(0, (1.5, 1.5)),
        )
        axes.plot(scale * times_s[::every], wave.volts_V[::every], color=_COLOURS["ink"], lw=1.2)
        axes.set_xlabel(f"time from the middle of the input's edge ({unit})")
        axes.set_ylabel("V")
        axes.set_xlim(scale * times_s[0], scale * times_s[-1])

    return _picture("As measured", step_of(compared, compared.output), paint)


def _firing(
    firing: MeasuredFiring, prediction: Prediction, comparison: Comparison
) -> Picture | None:
    case = firings_compared.case_of(prediction, firing)
    names = [one.terminal for one in comparison.firings if one.case == case]
    times = {name: firings_compared.times_of(firing, firing.waves[name]) for name in names}
    shown_s = {name: times_s for name, times_s in times.items() if times_s is not None}
    if case is None or not shown_s:
        return None
    predicted = firings_compared.waveforms_of(prediction, case)
    begin_ms = 1e3 * min(float(times_s[0]) for times_s in shown_s.values())
    end_ms = 1e3 * max(float(times_s[-1]) for times_s in shown_s.values())
    if predicted is not None:
        begin_ms, end_ms = max(begin_ms, -0.05e3 * predicted.time_s[-1]), 1e3 * predicted.time_s[-1]

    def paint(figure: Figure) -> None:
        panels = figure.subplots(len(shown_s), 1, sharex=True, squeeze=False)[:, 0]
        for axes, (name, times_s) in zip(panels, shown_s.items(), strict=True):
            if predicted is not None and name in predicted.traces:
                _trace(axes, 1e3 * np.array(predicted.time_s), predicted.traces[name])
            inside = np.flatnonzero((1e3 * times_s >= begin_ms) & (1e3 * times_s <= end_ms))
            seen = inside[:: max(1, len(inside) // (2 * _SEEN))]
            wave_V = np.array(firing.waves[name].volts_V)[seen]
            axes.plot(1e3 * times_s[seen], wave_V, color=_COLOURS["ink"], lw=1.0)
            axes.axvline(0.0, color=_COLOURS["soft"], lw=1.2, ls=(0, (1.5, 1.5)))
            axes.set_ylabel(f"{name} (V)")
        panels[-1].set_xlabel("time from the trigger (ms)")
        panels[-1].set_xlim(begin_ms, end_ms)

    height = 48 + (_PANEL + 10) * len(shown_s)
    return _picture("As measured", inputs(firing.set_V), paint, height=height)


def _unit(longest_s: float) -> tuple[float, str]:
    """Return the unit in which a time is at least 1, and how many of it are in a second."""
    return next(
        (pair for pair in ((1.0, "s"), (1e3, "ms"), (1e6, "µs")) if longest_s * pair[0] >= 1),
        (1e9, "ns"),
    )


def _waveforms(found: Waveforms, prediction: Prediction, compared: ComparedCase) -> Picture:
    case = prediction.cases[found.case]
    title = inputs({name: put.set_V for name, put in case.inputs.items()})
    time_ms = 1e3 * np.array(found.time_s)
    lanes = [name for name in found.traces if name in case.pulses or name in case.outputs]

    def paint(figure: Figure) -> None:
        heights = [_LANE * len(lanes) + _BELOW, *[_PANEL] * len(found.thresholds)]
        panels = figure.subplots(
            len(heights), 1, sharex=True, squeeze=False, gridspec_kw={"height_ratios": heights}
        )[:, 0]
        _lanes(panels[0], time_ms, {name: found.traces[name] for name in lanes}, case, compared)
        for axes, (name, threshold) in zip(panels[1:], found.thresholds.items(), strict=True):
            _trace(axes, time_ms, found.traces[name])
            limit = found.traces[threshold]
            _area(axes, time_ms, limit.low_V, limit.high_V, "zone")
            axes.plot(time_ms, limit.nominal_V, color=_COLOURS["good"], lw=1.6, ls=(0, (4, 2.5)))
            axes.set_ylabel(f"{name} (V)")
        panels[-1].set_xlabel("time (ms)")
        panels[-1].set_xlim(time_ms[0], time_ms[-1])

    height = 48 + _LANE * len(lanes) + _BELOW + (_PANEL + 10) * len(found.thresholds)
    return _picture("Waveforms", title, paint, height=height)


def _lanes(
    axes: Axes,
    time_ms: Array,
    traces: Mapping[str, Trace],
    case: PredictedCase,
    compared: ComparedCase,
) -> None:
    """One trace below the other, each in the scale of its own, a pulse with its width beside it."""
    for place, (name, trace) in enumerate(reversed(list(traces.items()))):
        low, nominal, high = (
            place + 0.8 * np.clip(np.array(row) / max(1e-3, *trace.high_V), 0, None)
            for row in (trace.low_V, trace.nominal_V, trace.high_V)
        )
        _area(axes, time_ms, low.tolist(), high.tolist(), "band")
        axes.plot(time_ms, nominal, color=_COLOURS["accent"], lw=1.4)
        if name in case.pulses:
            measured_s = compared.pulses[name].measured_s
            shown_s = case.pulses[name].nominal_s if measured_s is None else measured_s
            axes.annotate(
                width(shown_s),
                (1.0, place + 0.4),
                xycoords=("axes fraction", "data"),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                color=_COLOURS["soft" if measured_s is None else "ink"],
                annotation_clip=False,
            )
    axes.set_ylim(-0.15, len(traces))
    axes.set_yticks([i + 0.4 for i in range(len(traces))], list(reversed(list(traces))))
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)


def _trace(axes: Axes, across: Sequence[float] | Array, trace: Trace) -> None:
    _area(axes, across, trace.low_V, trace.high_V, "band")
    if trace.ideal_V is not None:
        axes.plot(across, trace.ideal_V, color=_COLOURS["good"], lw=1.6, ls=(0, (4, 2.5)))
    axes.plot(across, trace.nominal_V, color=_COLOURS["accent"], lw=1.8)


def _levels(
    axes: Axes, name: str, prediction: Prediction, across: tuple[float, float], trace: Trace
) -> None:
    """The two levels of an output as zones, where it is judged by its level."""
    if any(case.outputs[name].expected is None for case in prediction.cases):
        return
    thresholds = prediction.thresholds
    low_V, high_V = _reach([*trace.low_V, *trace.high_V, thresholds.low_V, thresholds.high_V, 0.0])
    _area(axes, across, [low_V] * 2, [thresholds.low_V] * 2, "zone")
    _area(axes, across, [thresholds.high_V] * 2, [high_V] * 2, "zone")


def _point(axes: Axes, at_V: float, value: ComparedValue) -> None:
    if value.measured_V is None or value.U_measured_V is None:
        return
    ends = [value.measured_V - value.U_measured_V, value.measured_V + value.U_measured_V]
    axes.plot([at_V, at_V], ends, color=_COLOURS["ink"], lw=1.4)
    _dot(axes, at_V, value.measured_V, 4.0, **_MEASURED)


# ---------------------------------------------------------------------------------------- surface


def _surface(
    surface: Surface, name: str, prediction: Prediction, comparison: Comparison
) -> Picture:
    from matplotlib import colormaps

    title = f"{name} over {surface.across} and {surface.up}{holding(surface.held_V)}"
    values_V = np.array(surface.outputs[name].nominal_V)
    low_V, high_V = _reach(values_V.ravel().tolist(), 0.0)
    steps = np.linspace(low_V, high_V, 21)
    colours = colormaps[_MAP]

    def paint(figure: Figure) -> None:
        axes, bar = figure.subplots(1, 2, width_ratios=[20, 1], gridspec_kw={"wspace": 0.08})
        across, up = np.array(surface.across_V), np.array(surface.up_V)
        filled = axes.contourf(across, up, values_V, levels=steps, cmap=_MAP)
        filled.set(edgecolor="face", linewidth=0.5)  # else the paper shines through between them
        if all(case.outputs[name].expected is not None for case in prediction.cases):
            _borders(axes, surface, values_V, prediction.thresholds)
        for case in comparison.cases:
            value_V = case.outputs[name].measured_V if name in case.outputs else None
            if value_V is None or not _lies_on(case, surface.held_V):
                continue
            x, y = _arrived(case, surface.across), _arrived(case, surface.up)
            share = (value_V - low_V) / (high_V - low_V)
            _dot(axes, x, y, 6.0, facecolor=colours(share), edgecolor="#ffffff")
            inward = ((x < across.mean()) * 2 - 1, (y < up.mean()) * 2 - 1)
            axes.annotate(
                f"{_signed(value_V)} V",
                (x, y),
                xytext=(9 * inward[0], 9 * inward[1]),
                textcoords="offset points",
                ha="left" if inward[0] > 0 else "right",
                va="center",
                color="#000000" if share > 0.5 else "#ffffff",
                weight="bold",
                annotation_clip=False,
            )
        axes.set_xlabel(f"{surface.across} (V)")
        axes.set_ylabel(f"{surface.up} (V)")
        axes.set_xlim(*_reach(surface.across_V, 0.04))
        axes.set_ylim(*_reach(surface.up_V, 0.04))
        axes.grid(visible=False)
        axes.spines[["left", "bottom"]].set_visible(False)
        scale = bar.contourf([0, 1], steps, np.stack([steps, steps], axis=1), steps, cmap=_MAP)
        scale.set(edgecolor="face", linewidth=0.5)
        bar.set_xticks([])
        bar.yaxis.tick_right()
        bar.grid(visible=False)
        bar.spines[["left", "bottom"]].set_visible(False)
        bar.set_title("V", fontsize=_FONT, color=_COLOURS["soft"])

    return _picture("Response surface", title, paint, height=250)


def _borders(axes: Axes, surface: Surface, values_V: Array, thresholds: Thresholds) -> None:
    """Where the output crosses its two thresholds."""
    for level_V, colour in ((thresholds.low_V, "#ffffff"), (thresholds.high_V, "#000000")):
        if values_V.min() < level_V < values_V.max():
            axes.contour(
                surface.across_V,
                surface.up_V,
                values_V,
                levels=[level_V],
                colors=colour,
                linewidths=1.5,
            )


# ------------------------------------------------------------------------- what they have in common


def _picture(
    kind: str, title: str, paint: Callable[[Figure], None], height: float = 230.0
) -> Picture:
    """What is painted on a new figure, as an ``<svg>`` of the page's colours and font."""
    import matplotlib as mpl
    from matplotlib.figure import Figure as NewFigure

    style: Any = {  # matplotlib's types name every key that there is
        "svg.fonttype": "none",
        "svg.hashsalt": "realnet_hw",
        "text.parse_math": False,  # names are names
        "font.size": _FONT,
        "axes.labelsize": _FONT,
        "axes.labelcolor": _COLOURS["soft"],
        "axes.edgecolor": _COLOURS["soft"],
        "axes.linewidth": 0.8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": _COLOURS["line"],
        "grid.linewidth": 0.7,
        "text.color": _COLOURS["ink"],
        **{f"{side}tick.{kind}": value for side in "xy" for kind, value in _TICKS.items()},
    }
    buffer = io.StringIO()
    with mpl.rc_context(style), warnings.catch_warnings():
        # The page's font shows what matplotlib's own does not have.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure = NewFigure(figsize=(_WIDTH / 72, height / 72), dpi=72, layout="constrained")
        paint(figure)
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    drawn = svg.parse(buffer.getvalue(), where="matplotlib")
    content = re.sub(r"<[^>]*>", lambda tag: _LONG.sub(_to_a_tenth, tag[0]), drawn.content)
    content = re.sub(r" ?font-family: .*?sans-serif;?|stroke-dashoffset: 0;? ?", "", content)
    for name, stand_in in _COLOURS.items():
        content = content.replace(stand_in, f"var(--{name})")
    return Picture(kind, title, svg.element(content, drawn.view, f"{kind}: {title}"))


def _to_a_tenth(number: re.Match[str]) -> str:
    return f"{float(number[0]):.1f}"


def _area(
    axes: Axes,
    across: Sequence[float] | Array,
    low: Sequence[float],
    high: Sequence[float],
    colour: str,
) -> None:
    axes.fill(
        [*across, *reversed(list(across))],
        [*low, *reversed(list(high))],
        color=_COLOURS[colour],
        lw=0,
    )


def _dot(axes: Axes, x: float, y: float, radius: float, **colours: Any) -> None:
    """A circle of so many units at a place in the axes' own."""
    from matplotlib.patches import Circle
    from matplotlib.transforms import IdentityTransform, ScaledTranslation

    place = IdentityTransform() + ScaledTranslation(
        x,
        y,
        axes.transData,  # type: ignore[arg-type]  # any transform will do, its code says
    )
    axes.add_patch(Circle((0, 0), radius, transform=place, lw=1.6, zorder=5, **colours))


def _reach(values_V: Sequence[float], margin: float = 0.06) -> tuple[float, float]:
    """From the least to the greatest, with a margin, a tenth of a volt at least."""
    low_V, high_V = min(values_V), max(values_V)
    extra_V = max(margin * (high_V - low_V), (0.1 - (high_V - low_V)) / 2, 0.0)
    return low_V - extra_V, high_V + extra_V


def _lies_on(case: ComparedCase, held_V: Mapping[str, float]) -> bool:
    """Whether the inputs that a curve holds are set so in this case."""
    return all(
        name in case.inputs and abs(case.inputs[name].set_V - value_V) < 1e-6
        for name, value_V in held_V.items()
    )


def _arrived(case: ComparedCase, name: str) -> float:
    put = case.inputs[name]
    return put.set_V if put.measured_V is None else put.measured_V


def _name(number: int, case: PredictedCase) -> str:
    return case_name(number, [put.set_V for put in case.inputs.values()])


def _signed(value_V: float, form: str = ".2f") -> str:
    return volts(value_V, form).replace("-", _MINUS)
