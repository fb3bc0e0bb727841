"""The report: one HTML file that stands alone, without script and without anything from outside."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from realnet_hw.compare import figures
from realnet_hw.compare.budget_tables import tables
from realnet_hw.compare.nodes import schematic as schematic_of
from realnet_hw.compare.page import pages
from realnet_hw.compare.pictures import EN_RANGE, en_mark, gauge, level_axis, level_mark, zones
from realnet_hw.compare.readings import budgets_of, case_label
from realnet_hw.compare.standing import answer_of
from realnet_hw.compare.words import (
    EDGE_FIGURES,
    SHAPE_FIGURES,
    advice,
    answered,
    beyond,
    case_names,
    conditions,
    deciding,
    edge_figure,
    figure,
    firing_of,
    headline,
    margin_line,
    some,
    step_of,
    views,
    volts,
    width,
    yield_line,
)
from realnet_hw.records import Comparison, Component, Measurement, Prediction
from realnet_hw.uncertainty import expanded_uncertainty

_MINUS = "\N{MINUS SIGN}"
_SMALLEST_RISK = 1e-9
_EDGE = 0.01
_FEW = 4  # so many inputs have a column each
_MOST_DECIDING = 8


@dataclass(frozen=True)
class Channel:
    """A channel's expanded uncertainty for two readings.

    They are of 0 V and of 5 V or minus 5 V, or of 1 ms and of 10 ms.
    """

    name: str
    terminals: str
    low_U: float
    high_U: float


@dataclass(frozen=True)
class Line:
    """A component as one or several channels have it: its smallest and its largest size."""

    least: Component
    most: Component


@dataclass(frozen=True)
class Budget:
    """A budget, of all channels that have it but for their repeatability."""

    channels: str
    lines: Sequence[Line]


def html(
    comparison: Comparison,
    prediction: Prediction,
    measurement: Measurement,
    schematic: Path | None = None,
) -> str:
    """Return the report as the text of an HTML file.

    Args:
        comparison: of the two other records.
        prediction: of the board.
        measurement: of the board.
        schematic: an SVG file of the board's schematic, shown inside the report.

    Raises:
        InputError: the schematic can't be read or is no SVG.
    """
    environment = pages(__package__)
    environment.filters |= {
        "volts": _volts,
        "percent": _percent,
        "risk": _risk,
        "power": _power,
        "standard": _standard,
        "millivolts": lambda u_V: f"{1e3 * u_V:.2f}",
        "microseconds": lambda u_s: f"{1e6 * u_s:.2f}",
        "figure": figure,
        "beside": _beside,
        "short": lambda text: text[:12],
        "signed": lambda x: f"{x:+.2f}".replace("-", _MINUS),
    }
    outputs = {
        name: level_axis((case.outputs[name] for case in comparison.cases), prediction.thresholds)
        for name in comparison.cases[0].outputs
    }
    budgets = {
        name: components
        for name, components in sorted(budgets_of(measurement).items())
        if name in measurement.wiring.values()
    }
    timed = {
        pulse.channel for case in measurement.cases for pulse in case.pulses.values()
    } & budgets.keys()
    text: str = environment.get_template("report.html").render(
        comparison=comparison,
        prediction=prediction,
        measurement=measurement,
        headline=headline(comparison),
        advice=advice(comparison),
        tone=_TONES[comparison.verdict],
        outputs=outputs,
        level_mark=level_mark,
        zones=zones,
        some=some,
        answer_of=answer_of,
        case_label=case_label,
        beyond=beyond,
        en_mark=en_mark,
        en_range=EN_RANGE,
        gauge=gauge(comparison.agreement) if comparison.agreement.limit else None,
        channels=_channels(
            {n: b for n, b in budgets.items() if n not in timed}, measurement.wiring, (0.0, 5.0)
        ),
        timed=_channels(
            {n: b for n, b in budgets.items() if n in timed}, measurement.wiring, (1e-3, 1e-2)
        ),
        waveforms=figures.waveforms(prediction, comparison),
        waveforms_left_out=max(0, len(prediction.waveforms) - figures.MOST),
        yield_lines=[yield_line(found) for found in prediction.yields],
        width=width,
        budgets=_budgets(budgets),
        uncertainties=tables(comparison),
        schematic=schematic_of(schematic, comparison, prediction.nets) if schematic else None,
        kind=_kind(prediction),
        many=len(comparison.cases[0].inputs) > _FEW,
        numbered=_numbered(comparison),
        beside_another=_beside_another(comparison),
        conditions=conditions(prediction.conditions),
        answers=views(
            msgspec.structs.replace(
                prediction,
                curves=[],
                surfaces=[],
                waveforms=[],
                yields=[],
                margins=None,
                sensitivity=None,
            )
        ),
        yields=figures.yields(prediction, comparison),
        margins=figures.margins(prediction),
        margin_line=margin_line(prediction),
        deciding=deciding(prediction, _MOST_DECIDING),
        curves=figures.curves(prediction, comparison),
        surfaces=figures.surfaces(prediction, comparison),
        transients=figures.transients(prediction),
        answers_seen=figures.answers(prediction, measurement, comparison),
        firings_seen=figures.firings(prediction, measurement, comparison),
        firing_of=firing_of,
        shape_figures=SHAPE_FIGURES,
        edge_figures=EDGE_FIGURES,
        edge_figure=edge_figure,
        step_of=step_of,
        answered=answered,
        left_out=figures.left_out(prediction),
        has_ideal=figures.has_ideal(prediction),
        has_rings=figures.has_points(prediction, comparison),
        most_rows=figures.MOST_ROWS,
    )
    return text


def _kind(prediction: Prediction) -> str:
    """Return how the outputs are judged: by "level", "value", "largest", or by "nothing"."""
    if any(case.largest for case in prediction.cases):
        return "largest"
    outputs = [output for case in prediction.cases for output in case.outputs.values()]
    if any(output.window_V for output in outputs):
        return "value"
    return "level" if any(output.expected is not None for output in outputs) else "nothing"


def _numbered(comparison: Comparison) -> bool:
    """Return whether cases are called by their numbers."""
    names = case_names([[i.set_V for i in c.inputs.values()] for c in comparison.cases])
    return names[0] == "case 1"


def _beside_another(comparison: Comparison) -> bool:
    """Return whether outputs are judged against each other alone, so that one table holds them."""
    outputs = [output for case in comparison.cases for output in case.outputs.values()]
    return all(case.largest for case in comparison.cases) and not any(
        output.window_V or output.expected is not None for output in outputs
    )


_TONES = {
    "PASS": "good",
    "PASS (outputs only)": "good",
    "UNDECIDED": "doubt",
    "FAIL": "bad",
}


def _channels(
    budgets: Mapping[str, Sequence[Component]],
    wiring: Mapping[str, str],
    readings: tuple[float, float],
) -> list[Channel]:
    return [
        Channel(
            name=name,
            terminals=", ".join(t for t, channel in wiring.items() if channel == name),
            low_U=expanded_uncertainty(components, readings[0]),
            high_U=expanded_uncertainty(components, readings[1]),
        )
        for name, components in budgets.items()
    ]


def _budgets(budgets: Mapping[str, Sequence[Component]]) -> list[Budget]:
    """Channels of one kind under one heading: they differ in what was found by repeating."""
    alike: dict[object, list[str]] = {}
    for name, components in budgets.items():
        kind = tuple((c.name, c.kind, c if c.kind == "B" else None) for c in components)
        alike.setdefault(kind, []).append(name)
    return [
        Budget(
            channels=", ".join(names),
            lines=[
                Line(least=min(same, key=_size), most=max(same, key=_size))
                for same in zip(*(budgets[name] for name in names), strict=True)
            ],
        )
        for names in alike.values()
    ]


def _size(component: Component) -> tuple[float, float]:
    return component.u_V + component.u_s + component.u_A, component.u_relative


def _standard(line: Line) -> str:
    """Return the size of a component, in millivolts, microseconds or percent of the reading."""
    sizes = [_one_size(c) for c in (line.least, line.most)]
    return sizes[0] if sizes[0] == sizes[1] else " to ".join(sizes)


def _one_size(component: Component) -> str:
    parts = []
    if component.u_A:
        parts.append(f"{1e9 * component.u_A:.2f} nA")
    elif component.u_s:
        parts.append(f"{1e6 * component.u_s:.2f} µs")
    elif component.u_V or not component.u_relative:
        parts.append(f"{1e3 * component.u_V:.2f} mV")
    if component.u_relative:
        parts.append(f"{100 * component.u_relative:.3f} %")
    return " and ".join(parts)


def _volts(value_V: float, form: str = ".3f") -> str:
    return volts(value_V, form).replace("-", _MINUS)


def _beside(place: float) -> str:
    """Return the style that puts a label at a place, 0 to 100, and never out of its box.

    It is moved left by the same share of its own width, so that it stands left of its place at
    the right end and right of it at the left end, however long it is.
    """
    return f"left:{place:.2f}%;transform:translateX({-place:.2f}%)"


def _percent(share: float) -> str:
    """Return a share in percent, with more digits where it comes close to 0 or 1."""
    if share in (0.0, 1.0):
        return f"{100 * share:.0f} %"
    nearest = min(share, 1 - share)
    return f"{100 * share:.{max(1, -1 - math.floor(math.log10(nearest)))}f} %"


def _risk(probability: float) -> str:
    return _percent(probability) if probability >= _SMALLEST_RISK else "below one in a billion"


def _power(probability: float) -> str:
    if probability < _EDGE:
        return "< 1 %"
    return "> 99 %" if probability > 1 - _EDGE else f"{100 * probability:.0f} %"
