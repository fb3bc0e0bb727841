"""The truth table: every case is set, a board of pulses is fired, and all that is wired is read."""

from __future__ import annotations

from realnet_hw.measure.journal import Point
from realnet_hw.measure.procedure import Procedure, Run


def measure(run: Run) -> list[Point]:
    """Take one point for each of the board's cases, in their order."""
    points = []
    cases = run.board.cases
    for index, case in enumerate(cases):
        settings = ", ".join(f"{name} = {volts:g} V" for name, volts in case.inputs.items())
        run.progress(index, len(cases), settings)
        points.append(run.point(f"case {index}: {settings}", case.inputs))
    run.progress(len(cases), len(cases), "")
    return points


PROCEDURE = Procedure(
    name="truth_table",
    doc="Sets every case's inputs, fires a board of pulses, and reads all that is wired.",
    measure=measure,
)
