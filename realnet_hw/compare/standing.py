"""How a value that was read stands: against its prediction, and against what it should be."""

from __future__ import annotations

from typing import Literal

from realnet_hw.records import ComparedPulse, ComparedValue

Tone = Literal["good", "doubt", "bad"]

_FAR = 2.0


def answer_of(value: ComparedValue) -> Tone | None:
    """Return how an output answers what is expected of it; None where nothing is, or unread.

    Doubt is where a reading's own uncertainty leaves it open.
    """
    if value.measured_V is None or value.U_measured_V is None:
        return None
    if value.window_V is not None:
        judged_V, U_V = value.measured_V, value.U_measured_V
        if value.judged_V is not None and value.U_judged_V is not None:
            judged_V, U_V = value.judged_V, value.U_judged_V
        clear_V = min(judged_V - value.window_V[0], value.window_V[1] - judged_V)
        if abs(clear_V) <= U_V:
            return "doubt"
        return "good" if clear_V > 0 else "bad"
    if value.expected is None:
        return None
    if value.logic is None:
        return "doubt"
    return "good" if value.logic == value.expected else "bad"


def tone(value: ComparedValue | ComparedPulse) -> Tone | None:
    """Return green, amber or red for a value or a pulse: None where it was not read.

    Amber lies beyond the 95 % of boards and readings, where one value of a dozen on a good board
    may well be; red twice as far, or where an output answers wrong.
    """
    if value.En is None:
        return None
    answer = answer_of(value) if isinstance(value, ComparedValue) else None
    if abs(value.En) > _FAR or answer == "bad":
        return "bad"
    return "doubt" if abs(value.En) > 1 or answer == "doubt" else "good"


def direction(value: ComparedValue | ComparedPulse) -> str:
    """Return "▲" above the predicted band, "▼" below it, twice where far, else nothing."""
    if value.En is None or abs(value.En) <= 1:
        return ""
    return ("▲" if value.En > 0 else "▼") * (2 if abs(value.En) > _FAR else 1)
