"""Pulse widths: the truth table with so many firings that the widths' own scatter is known well."""

from __future__ import annotations

from realnet_hw.errors import InputError
from realnet_hw.measure.fixture_specification import PULSE_CHANNELS
from realnet_hw.measure.journal import Point
from realnet_hw.measure.procedure import Procedure, Run

FIRINGS = 20


def measure(run: Run) -> list[Point]:
    """Take one point for each of the board's cases, in their order.

    Raises:
        InputError: no pulse of the board is wired.
    """
    if not set(run.wiring.values()) & set(PULSE_CHANNELS):
        raise InputError(
            "no pulse is wired",
            where=run.board.name,
            allowed="boards with test points of pulses, on pulse0 to pulse7",
        )
    repeats = max(FIRINGS, run.reading.repeats)
    points = []
    cases = run.board.cases
    for index, case in enumerate(cases):
        settings = ", ".join(f"{name} = {volts:g} V" for name, volts in case.inputs.items())
        run.progress(index, len(cases), settings)
        points.append(run.point(f"case {index}: {settings}", case.inputs, repeats=repeats))
    run.progress(len(cases), len(cases), "")
    return points


PROCEDURE = Procedure(
    name="pulse_width",
    doc="Times every wired pulse of every case twenty times or more, and reads the rest along.",
    measure=measure,
)
