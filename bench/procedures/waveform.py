"""Waveforms: the truth table, then the edges of a square wave on each input that a probe is on."""

from __future__ import annotations

from realnet_hw.measure import steps
from realnet_hw.measure.journal import Point
from realnet_hw.measure.procedure import Procedure, Run


def measure(run: Run) -> list[Point]:
    """Take one point for each of the board's cases, in their order, then two for each step.

    Raises:
        InputError: no probe on an input and an output.
    """
    cases = run.board.cases
    points = []
    for index, case in enumerate(cases):
        settings = ", ".join(f"{name} = {volts:g} V" for name, volts in case.inputs.items())
        run.progress(index, len(cases) + 1, settings)
        points.append(run.point(f"case {index}: {settings}", case.inputs))
    found = steps.steps(run)
    total = len(cases) + len(found)
    for index, step in enumerate(found):
        run.progress(len(cases) + index, total, f"{step.input} steps")
        points += steps.edges_of(run, step)
    run.progress(total, total, "")
    return points


PROCEDURE = Procedure(
    name="waveform",
    doc="Takes the truth table, then the outputs' answers to steps of each input with a scope.",
    measure=measure,
    needs_scope=True,
    needs_rest=True,
)
