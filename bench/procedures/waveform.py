"""Waveforms: the truth table, then what a scope sees of the board as it moves.

That is the edges of a square wave on each input that a probe is on; of a board that is fired, its
firing at each case.
"""

from __future__ import annotations

from realnet_hw.measure import firings, steps
from realnet_hw.measure.journal import Point
from realnet_hw.measure.procedure import Procedure, Run


def measure(run: Run) -> list[Point]:
    """Take one point for each of the board's cases, then two for each step, or one for each firing.

    Raises:
        InputError: no probe on an input and an output, or on the trigger and what it fires.
    """
    cases = run.board.cases
    points = []
    for index, case in enumerate(cases):
        settings = ", ".join(f"{name} = {volts:g} V" for name, volts in case.inputs.items())
        run.progress(index, len(cases) + 1, settings)
        points.append(run.point(f"case {index}: {settings}", case.inputs))
    if run.board.firing is not None:
        return points + firings.firings(run)
    found = steps.steps(run)
    total = len(cases) + len(found)
    for index, step in enumerate(found):
        run.progress(len(cases) + index, total, f"{step.input} steps")
        points += steps.edges_of(run, step)
    run.progress(total, total, "")
    return points


PROCEDURE = Procedure(
    name="waveform",
    doc="Takes the truth table, then the answers to steps of each input, or firings, with a scope.",
    measure=measure,
    needs_scope=True,
)
