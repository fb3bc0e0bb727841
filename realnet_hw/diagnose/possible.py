"""Readings by hand that no board can give, each refused with what is wrong about it."""

from __future__ import annotations

import math
from collections.abc import Mapping

from realnet_hw.board import Board
from realnet_hw.diagnose.readings import Probe, Readings, expanded
from realnet_hw.errors import InputError

# A junction's volts, and a meter's error: so far beyond the supplies something may be.
_BEYOND_V = 1.5
# What somebody set may be off by that share of an input's range.
_SET_SHARE = 0.05
# One reading may be that much off another of the same beyond what both meters' budgets allow.
_REPEAT_SHARE = 0.1
_REPEAT_FLOOR: Mapping[str, float] = {
    "volt": 0.1,
    "ohm": 1.0,
    "ampere": 1e-3,
    "second": 5e-5,
}


def refuse_impossible(readings: Readings, board: Board, *, file: str = "") -> None:
    """Refuse readings by hand that no fault of a board explains.

    Args:
        readings: that were taken, in their order.
        board: that they are of.
        file: that they are from; empty where somebody types them.

    Raises:
        InputError: an input outside its port's range, a voltage beyond all sources, or two readings
            of one place at the same inputs that lie far apart.
    """
    for number, reading in enumerate(readings.values, 1):
        _refuse(reading.probe, reading.value, board, f"{file}, reading {number}" if file else "")
    _refuse_contradictions(readings, file)


def _refuse(probe: Probe, value: float, board: Board, where: str) -> None:
    ports = {port.name: port for port in board.inputs}
    for name, volts in probe.inputs:
        port = ports[name]
        slack_V = _SET_SHARE * (port.max_V - port.min_V)
        if not port.min_V - slack_V <= volts <= port.max_V + slack_V:
            raise InputError(
                f"{name} at {volts:g} V",
                where=where,
                allowed=f"{port.min_V:g} to {port.max_V:g} V",
                mend="give the volts that the input was set to",
            )
    if probe.kind == "second" and board.firing and value > board.firing.read_after_s:
        raise InputError(
            f"a pulse of {value * 1e3:g} ms at {probe.net}",
            where=where,
            allowed=f"up to {board.firing.read_after_s * 1e3:g} ms, when the board is read",
            mend="check the unit; a pulse that goes on has lasted that long",
        )
    if probe.kind != "volt":
        return
    low_V, high_V = _span_V(board)
    if not low_V - _BEYOND_V <= value <= high_V + _BEYOND_V:
        raise InputError(
            f"{value:g} V at {probe.net} is beyond the supplies",
            where=where,
            allowed=f"{low_V - _BEYOND_V:.1f} to {high_V + _BEYOND_V:.1f} V",
            mend="check the unit, the meter's range and the supplies",
        )


def _span_V(board: Board) -> tuple[float, float]:
    """Return the least and the greatest volts of a board's sources, with their tolerances."""
    sources = [
        supply.volts * (1 + sign * supply.tolerance)
        for supply in board.supplies
        for sign in (-1, 1)
    ]
    sources += [volts for port in board.inputs for volts in (port.min_V, port.max_V)]
    return min(0.0, *sources), max(0.0, *sources)


def _refuse_contradictions(readings: Readings, where: str) -> None:
    first: dict[Probe, int] = {}
    for place, reading in enumerate(readings.values):
        other = first.setdefault(reading.probe, place)
        before = readings.values[other]
        apart = abs(reading.value - before.value)
        budget = sum(expanded(one, readings.budgets) for one in (reading, before))
        largest = max(abs(reading.value), abs(before.value))
        floor = math.hypot(_REPEAT_SHARE * largest, _REPEAT_FLOOR[reading.probe.kind])
        if apart > budget + floor:
            raise InputError(
                f"readings {other + 1} and {place + 1} contradict each other: "
                f"{before.value:g} and {reading.value:g} of the same",
                where=where,
                mend="read it again: the probe may have slipped, or a joint comes and goes",
            )
