"""Predictions, measurements and comparisons as tables for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.table import Table
from rich.text import Text

from realnet_hw.compare.words import (
    advice,
    beyond,
    conditions,
    edges,
    firings,
    firings_measured,
    headline,
    inputs,
    steps,
    steps_measured,
    views,
    volts,
    width,
)
from realnet_hw.records import (
    ComparedCase,
    ComparedValue,
    Comparison,
    MeasuredValue,
    Measurement,
    PredictedCase,
    PredictedNode,
    PredictedOutput,
    Prediction,
)

_COLOURS = {
    "PASS": "green",
    "PASS (outputs only)": "green",
    "UNDECIDED": "yellow",
    "FAIL": "red",
}


@dataclass(frozen=True)
class Column:
    """A column beside the terminals; one that is ``spare`` is left out where it does not fit."""

    heading: str
    justify: Literal["left", "center", "right"] = "right"
    spare: bool = False


@dataclass(frozen=True)
class TruthTable:
    """A table of cases that takes the shape that fits: framed, plain, or plain without the spare.

    Args:
        title: above it.
        inputs: heading of the inputs.
        columns: after those of the inputs and terminals.
        cases: the inputs of each, and its rows: terminal first, then one text per column.
    """

    title: str
    inputs: str
    columns: Sequence[Column]
    cases: Sequence[tuple[str, Sequence[Sequence[Text]]]]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the first shape that needs no more than the terminal's width."""
        yield Text(_plain(self.title), style="bold")
        for shape in (self._framed(), self._listed()):
            if _width(shape, console, options) <= options.max_width:
                yield shape
                return
        kept = [i for i, column in enumerate(self.columns) if not column.spare]
        yield replace(
            self,
            columns=[self.columns[i] for i in kept],
            cases=[
                (label, [[row[0], *(row[i + 1] for i in kept)] for row in rows])
                for label, rows in self.cases
            ],
        )._listed()

    def _framed(self) -> Table:
        table = Table()
        for heading in (self.inputs, "terminal"):
            table.add_column(heading, no_wrap=True)
        for column in self.columns:
            table.add_column(column.heading, justify=column.justify, no_wrap=True)
        for label, rows in self.cases:
            for i, row in enumerate(rows):
                inputs_shown = Text(label if i == 0 else "")
                table.add_row(inputs_shown, *row, end_section=i == len(rows) - 1)
        return table

    def _listed(self) -> Table:
        """Without frame, the inputs of a case on a line of their own above it."""
        outer = Table(box=None, show_header=False, padding=0, pad_edge=False)
        outer.add_column()
        widths = [
            max(len(row[i]) for _, rows in self.cases for row in rows)
            for i in range(len(self.columns) + 1)
        ]
        for i, column in enumerate(self.columns):
            widths[i + 1] = max(widths[i + 1], len(column.heading))
        headings = [Text("", style="dim"), *(Text(c.heading, style="dim") for c in self.columns)]
        outer.add_row(self._grid(widths, [headings]))
        for label, rows in self.cases:
            outer.add_row(Text(label, style="bold"))
            outer.add_row(self._grid(widths, rows))
        return outer

    def _grid(self, widths: Sequence[int], rows: Sequence[Sequence[Text]]) -> Table:
        grid = Table.grid(padding=(0, 2, 0, 0))
        for least, column in zip(widths, (Column("", "left"), *self.columns), strict=True):
            grid.add_column(justify=column.justify, min_width=least, no_wrap=True)
        for row in rows:
            grid.add_row(*row)
        return grid


def _width(table: Table, console: Console, options: ConsoleOptions) -> int:
    return console.measure(table, options=options.update(max_width=1000)).maximum


def _plain(text: str) -> str:
    """Return a text that does nothing to the terminal but stand there."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def prediction_table(prediction: Prediction) -> Group:
    """Return the truth table predicted: nominal values and the band that holds 99 % of boards."""
    cases = []
    for case in prediction.cases:
        values: dict[str, PredictedOutput | PredictedNode] = {**case.outputs, **case.nodes}
        rows = [
            (
                _terminal(name, is_output=name in case.outputs),
                Text(f"{volts(value.nominal_V)} V"),
                Text(f"{volts(value.low_V)} to {volts(value.high_V)} V"),
                _answered(value, value.nominal_V, 0.0, _is_greatest(name, case))
                if isinstance(value, PredictedOutput)
                else Text(""),
            )
            for name, value in values.items()
        ]
        rows += [
            (
                _terminal(name, is_output=False),
                Text(f"{width(pulse.nominal_s)} ms"),
                Text(f"{width(pulse.low_s)} to {width(pulse.high_s)} ms"),
                Text(""),
            )
            for name, pulse in case.pulses.items()
        ]
        cases.append((inputs({name: i.set_V for name, i in case.inputs.items()}), rows))
    table = TruthTable(
        title=f"{prediction.board}: {prediction.title}",
        inputs="inputs",
        columns=[
            Column("nominal"),
            Column("99 % of boards"),
            Column(_asked(prediction.cases), "center"),
        ],
        cases=cases,
    )
    summary = Text.assemble(
        *_yield(prediction),
        f"; {_plain(prediction.engine)}, "
        f"seed {prediction.seed}, at {_plain(conditions(prediction.conditions))}",
    )
    return Group(table, summary, *(Text(_plain(line)) for line in views(prediction)))


def measurement_table(measurement: Measurement) -> Group:
    """Return what was read, with its expanded uncertainty."""
    cases = []
    for case in measurement.cases:
        values: dict[str, MeasuredValue] = {**case.outputs, **case.nodes}
        rows = [
            (
                _terminal(name, is_output=name in case.outputs),
                Text(value.channel or ""),
                _reading(
                    value.value_V,
                    value.U_V,
                    measurement.range_V,
                    is_wired=name in measurement.wiring,
                ),
            )
            for name, value in values.items()
        ]
        rows += [
            (
                _terminal(name, is_output=False),
                Text(pulse.channel or ""),
                _width_read(pulse.width_s, pulse.U_s, is_wired=name in measurement.wiring),
            )
            for name, pulse in case.pulses.items()
        ]
        arrived_V = {n: i.set_V if i.value_V is None else i.value_V for n, i in case.inputs.items()}
        cases.append((inputs(arrived_V, ".3f"), rows))
    table = TruthTable(
        title=f"{measurement.board}: {measurement.title}",
        inputs="inputs as delivered",
        columns=[Column("channel", "left"), Column("measured")],
        cases=cases,
    )
    summary = (
        f"{measurement.station}{' (simulated)' if measurement.simulated else ''}, "
        f"firmware {measurement.firmware}, "
        f"calibration {_calibrated(measurement)}; ± U with k = 2"
    )
    seen = [*steps_measured(measurement), *firings_measured(measurement)]
    said = [Text.assemble(("- ", "dim"), line) for line in seen]
    return Group(table, *said, Text(_plain(summary)))


def _calibrated(measurement: Measurement) -> str:
    """Return which calibration counted, or that the specification did."""
    held = measurement.calibration
    return f"{held.date}, {held.note}" if held.date else held.note


def comparison_table(comparison: Comparison) -> Group:
    """Return the truth table predicted and measured, the verdict, and what to do next."""
    unset = set(comparison.unset)
    cases = []
    for case in comparison.cases:
        label = inputs({name: i.set_V for name, i in case.inputs.items()})
        values: dict[str, ComparedValue] = {**case.outputs, **case.nodes}
        rows = [
            (
                _terminal(name, is_output=name in case.outputs),
                Text(f"{volts(value.predicted_V)} ± {volts(value.U_predicted_V)} V"),
                _reading(
                    value.measured_V,
                    value.U_measured_V,
                    comparison.range_V,
                    is_wired=f"{name} at {label}" in unset,
                ),
                _en(value.En),
                _answered(
                    value, value.judged_V, value.U_judged_V, _is_measured_greatest(name, case)
                )
                if name in case.outputs
                else Text(""),
            )
            for name, value in values.items()
        ]
        rows += [
            (
                _terminal(name, is_output=False),
                Text(f"{width(pulse.predicted_s)} ± {width(pulse.U_predicted_s)} ms"),
                _width_read(
                    pulse.measured_s,
                    pulse.U_measured_s,
                    is_wired=f"{name} at {label}" in unset,
                ),
                _en(pulse.En),
                Text(""),
            )
            for name, pulse in case.pulses.items()
        ]
        cases.append((label, rows))
    table = TruthTable(
        title=f"{comparison.board}: {comparison.title}",
        inputs="inputs",
        columns=[
            Column("predicted"),
            Column("measured"),
            Column("En", spare=True),
            Column(_asked(comparison.cases), "center"),
        ],
        cases=cases,
    )
    colour = _COLOURS[comparison.verdict]
    verdict = Text.assemble(
        (f" {comparison.verdict} ", f"bold reverse {colour}"), " ", headline(comparison)
    )
    said = [*advice(comparison), *steps(comparison), *firings(comparison)]
    lines = [Text.assemble(("- ", "dim"), line) for line in said]
    under = Text(f"Predicted at {_plain(conditions(comparison.conditions))}.", style="dim")
    return Group(table, verdict, *lines, under)


def _terminal(name: str, *, is_output: bool) -> Text:
    return Text(_plain(name), style="bold" if is_output else "")


def _reading(
    value_V: float | None, U_V: float | None, range_V: float | None, *, is_wired: bool
) -> Text:
    if value_V is None or U_V is None:
        return _unread(is_wired=is_wired)
    if side := beyond(value_V, U_V, range_V):
        return Text(f"{side} {volts(value_V, '.1f')} V", style="yellow")
    return Text(f"{volts(value_V)} ± {volts(U_V)} V")


def _width_read(width_s: float | None, U_s: float | None, *, is_wired: bool) -> Text:
    if width_s is None or U_s is None:
        return _unread(is_wired=is_wired)
    return Text(f"{width(width_s)} ± {width(U_s)} ms")


def _unread(*, is_wired: bool) -> Text:
    return Text("UNSET", style="yellow") if is_wired else Text("not wired", style="dim")


def _en(en: float | None) -> Text:
    """Highlighted beyond 1, which one value of a good board may well be."""
    if en is None:
        return Text("")
    return Text(f"{en:+.2f}", style="yellow" if abs(en) > 1 else "")


def _asked(cases: Sequence[PredictedCase] | Sequence[ComparedCase]) -> str:
    """Return the heading of what is asked of the outputs."""
    more = any(
        case.largest is not None or any(o.window_V is not None for o in case.outputs.values())
        for case in cases
    )
    return "asked for" if more else "level"


def _yield(prediction: Prediction) -> list[str | tuple[str, str]]:
    """Return how many boards do what is asked of them, as pieces of a text."""
    found = prediction.yield_
    if found is None:
        return [
            ("No yield: ", "bold"),
            f"nothing is asked of the outputs of the {prediction.samples} boards drawn",
        ]
    counted = (
        f"{found.value:.1%}: {found.good} of {found.samples} boards {_shown(prediction.cases)} "
        f"(95 % interval {found.low:.1%} to {found.high:.1%})"
    )
    return [("Yield ", "bold"), counted]


def _shown(cases: Sequence[PredictedCase]) -> str:
    """Return what a good board does."""
    return "show the truth table" if _asked(cases) == "level" else "do what is asked of them"


def _is_greatest(name: str, case: PredictedCase) -> bool | None:
    """Return whether the output that should be the greatest is so; None of any other output."""
    if name != case.largest:
        return None
    return all(
        case.outputs[name].nominal_V > output.nominal_V
        for other, output in case.outputs.items()
        if other != name
    )


def _is_measured_greatest(name: str, case: ComparedCase) -> bool | None:
    """Return as ``_is_greatest``, beyond the uncertainty of the readings."""
    return None if name != case.largest else case.largest_measured == name


def _answered(
    output: PredictedOutput | ComparedValue,
    value_V: float | None,
    U_V: float | None,
    is_greatest: bool | None,
) -> Text:
    """Return how an output answers all that is asked of it."""
    parts = []
    if output.window_V is not None:
        parts.append(_window(output.window_V, value_V, U_V))
    if is_greatest is not None:
        parts.append(
            Text("greatest ✓", style="green")
            if is_greatest
            else Text("(should be greatest)", style="yellow")
        )
    if output.expected is not None:
        parts.append(_level(output.logic, output.expected))
    return Text(", ").join(parts)


def _window(window_V: tuple[float, float], value_V: float | None, U_V: float | None) -> Text:
    if value_V is None or U_V is None:
        return Text(edges(window_V))
    margin_V = min(value_V - window_V[0], window_V[1] - value_V)
    if abs(margin_V) <= U_V:
        return Text(f"{edges(window_V)} ?", style="yellow")
    return Text(
        f"{edges(window_V)} {'✓' if margin_V > 0 else '✗'}",
        style="green" if margin_V > 0 else "red",
    )


def _level(logic: int | None, expected: int) -> Text:
    shown = "?" if logic is None else str(logic)
    if logic is None:
        return Text(f"{shown} (should be {expected})", style="yellow")
    if logic == expected:
        return Text(f"{shown} ✓", style="green")
    return Text(f"{shown} (should be {expected})", style="red")
