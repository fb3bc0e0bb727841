"""Predictions, measurements and comparisons as tables for the terminal."""

from __future__ import annotations

from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from realnet_hw.compare.words import advice, headline, inputs, volts
from realnet_hw.records import (
    ComparedValue,
    Comparison,
    MeasuredValue,
    Measurement,
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


def prediction_table(prediction: Prediction) -> Group:
    """Return the truth table predicted: nominal values and the band that holds 99 % of boards."""
    table = _table(prediction.board, prediction.title)
    table.add_column("inputs")
    table.add_column("terminal")
    table.add_column("nominal", justify="right")
    table.add_column("99 % of boards", justify="right")
    table.add_column("level", justify="center")
    for case in prediction.cases:
        label = inputs({name: i.set_V for name, i in case.inputs.items()})
        values: dict[str, PredictedOutput | PredictedNode] = {**case.outputs, **case.nodes}
        for i, (name, value) in enumerate(values.items()):
            is_output = isinstance(value, PredictedOutput)
            table.add_row(
                label if i == 0 else "",
                _terminal(name, is_output=is_output),
                f"{volts(value.nominal_V)} V",
                f"{volts(value.low_V)} to {volts(value.high_V)} V",
                _level(value.logic, value.expected) if isinstance(value, PredictedOutput) else "",
                end_section=i == len(values) - 1,
            )
    found = prediction.yield_
    summary = Text.assemble(
        ("Yield ", "bold"),
        f"{found.value:.1%}: {found.good} of {found.samples} boards show the truth table "
        f"(95 % interval {found.low:.1%} to {found.high:.1%}); {prediction.engine}, "
        f"seed {prediction.seed}",
    )
    return Group(table, summary)


def measurement_table(measurement: Measurement) -> Group:
    """Return what was read, with its expanded uncertainty."""
    table = _table(measurement.board, measurement.title)
    table.add_column("inputs as delivered")
    table.add_column("terminal")
    table.add_column("channel")
    table.add_column("measured", justify="right")
    for case in measurement.cases:
        label = inputs(
            {n: i.set_V if i.value_V is None else i.value_V for n, i in case.inputs.items()}, ".3f"
        )
        values: dict[str, MeasuredValue] = {**case.outputs, **case.nodes}
        for i, (name, value) in enumerate(values.items()):
            table.add_row(
                label if i == 0 else "",
                _terminal(name, is_output=name in case.outputs),
                Text(value.channel or ""),
                _reading(value.value_V, value.U_V, is_wired=name in measurement.wiring),
                end_section=i == len(values) - 1,
            )
    summary = (
        f"{measurement.station}, firmware {measurement.firmware}, "
        f"calibration {measurement.calibration.date or 'none'}; ± U with k = 2"
    )
    return Group(table, Text(summary))


def comparison_table(comparison: Comparison) -> Group:
    """Return the truth table predicted and measured, the verdict, and what to do next."""
    table = _table(comparison.board, comparison.title)
    table.add_column("inputs")
    table.add_column("terminal")
    table.add_column("predicted", justify="right")
    table.add_column("measured", justify="right")
    table.add_column("En", justify="right")
    table.add_column("level", justify="center")
    unset = set(comparison.unset)
    for case in comparison.cases:
        label = inputs({name: i.set_V for name, i in case.inputs.items()})
        values: dict[str, ComparedValue] = {**case.outputs, **case.nodes}
        for i, (name, value) in enumerate(values.items()):
            is_output = name in case.outputs
            table.add_row(
                label if i == 0 else "",
                _terminal(name, is_output=is_output),
                f"{volts(value.predicted_V)} ± {volts(value.U_predicted_V)} V",
                _reading(
                    value.measured_V, value.U_measured_V, is_wired=f"{name} at {label}" in unset
                ),
                _en(value.En),
                _level(value.logic, value.expected) if is_output else "",
                end_section=i == len(values) - 1,
            )
    colour = _COLOURS[comparison.verdict]
    verdict = Text.assemble(
        (f" {comparison.verdict} ", f"bold reverse {colour}"), " ", headline(comparison)
    )
    lines = [Text.assemble(("- ", "dim"), line) for line in advice(comparison)]
    return Group(table, verdict, *lines)


def _table(board: str, title: str) -> Table:
    return Table(title=escape(f"{board}: {title}"), title_justify="left", title_style="bold")


def _terminal(name: str, *, is_output: bool) -> Text:
    return Text(name, style="bold" if is_output else "")


def _reading(value_V: float | None, U_V: float | None, *, is_wired: bool) -> Text:
    if value_V is None or U_V is None:
        return Text("UNSET", style="yellow") if is_wired else Text("not wired", style="dim")
    return Text(f"{volts(value_V)} ± {volts(U_V)} V")


def _en(en: float | None) -> Text:
    """Highlighted beyond 1, which one value of a good board may well be."""
    if en is None:
        return Text("")
    return Text(f"{en:+.2f}", style="yellow" if abs(en) > 1 else "")


def _level(logic: int | None, expected: int | None) -> Text:
    shown = "?" if logic is None else str(logic)
    if expected is None:
        return Text(shown)
    if logic is None:
        return Text(f"{shown} (should be {expected})", style="yellow")
    if logic == expected:
        return Text(f"{shown} ✓", style="green")
    return Text(f"{shown} (should be {expected})", style="red")
