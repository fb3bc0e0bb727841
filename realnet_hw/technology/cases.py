"""The cases that a board compiled from a network should show, and how its outputs are judged."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from realnet_hw.board import Case, Port
from realnet_hw.errors import InputError
from realnet_hw.network.network import Network

Answer: TypeAlias = Literal["level", "value", "largest"]
"""How outputs are read: each as a logic level, each as a voltage, or by which is the greatest."""

Inputs: TypeAlias = Literal["bits", "analogue"]
"""What the inputs are: 0 or 1 each, or anything from 0 to 1."""

ACCURACY = 0.05
"""An output that is judged as a value is right within this share of its full scale."""

_ENUMERATED = 8
_CORNERS = 4
_SPREAD = 64
_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83)


def points(count: int, inputs: Inputs = "bits") -> list[tuple[float, ...]]:
    """Return the input vectors that a board is tried with, in logic units.

    Bits: all combinations of up to 8 inputs, 64 spread ones of more. Analogue: 64 points spread
    over the unit cube, its corners among them for up to 4 inputs.

    Raises:
        InputError: no inputs, or more than can be spread.

    Ref: J. H. Halton, Numerische Mathematik 2 (1960) 84 (points of low discrepancy).
    """
    if not 1 <= count <= len(_PRIMES):
        raise InputError(f"{count} inputs", allowed=f"1 to {len(_PRIMES)}")
    if inputs == "bits" and count <= _ENUMERATED:
        return list(itertools.product((0.0, 1.0), repeat=count))
    found: dict[tuple[float, ...], None] = {}
    if inputs == "analogue" and count <= _CORNERS:
        found = dict.fromkeys(itertools.product((0.0, 1.0), repeat=count))
    for index in itertools.count(1):
        if len(found) == _SPREAD:
            break
        point = tuple(_radical_inverse(index, base) for base in _PRIMES[:count])
        if inputs == "bits":
            point = tuple(float(value >= 0.5) for value in point)
        found[tuple(round(value, 3) for value in point)] = None
    return list(found)


def points_or(
    at: Sequence[Sequence[float]] | None, count: int, inputs: Inputs
) -> Sequence[Sequence[float]]:
    """Return the input vectors given, or :func:`points` if none are.

    Raises:
        InputError: an empty list, or a vector that has not a number for each input, from 0 to 1
            (0 or 1 where inputs are bits).
    """
    if at is None:
        return points(count, inputs)
    if not at:
        raise InputError("no points to try the board with", allowed="one or more")
    for number, vector in enumerate(at, 1):
        fits = all(value in (0, 1) if inputs == "bits" else 0 <= value <= 1 for value in vector)
        if len(vector) != count or not fits:
            raise InputError(
                f"point {number} is {', '.join(f'{value:g}' for value in vector)}",
                allowed=f"{count} numbers, each "
                + ("0 or 1" if inputs == "bits" else "from 0 to 1"),
            )
    return at


def _radical_inverse(index: int, base: int) -> float:
    """Mirror the digits of a number at the point."""
    value, share = 0.0, 1.0
    while index:
        share /= base
        index, digit = divmod(index, base)
        value += digit * share
    return value


def cases(
    network: Network,
    ports: Sequence[Port],
    at: Sequence[Sequence[float]],
    answer: Answer,
    *,
    accuracy: float = ACCURACY,
) -> tuple[Case, ...]:
    """Return a case for each input vector, with what the ideal network answers.

    An answer above half a logic unit is level 1.

    Args:
        network: the ideal one.
        ports: with the voltages of 0 and 1; an ideal answer beyond what an output may carry is
            what it shows at its end.
        at: input vectors in logic units.
        answer: how the outputs are judged.
        accuracy: of a value, as a share of the greatest answer's distance from the network's 0 (of
            one logic unit, if that is more).
    """
    port = {port.name: port for port in ports}
    answers = [network.forward(vector) for vector in at]
    full = max(1.0, *(abs(value) for row in answers for value in row))
    made = []
    for vector, row in zip(at, answers, strict=True):
        ideal = dict(zip(network.outputs, row, strict=True))
        made.append(
            Case(
                inputs={
                    name: port[name].volts(value)
                    for name, value in zip(network.inputs, vector, strict=True)
                },
                expected={
                    name: int(value > 0.5) if answer == "level" else None
                    for name, value in ideal.items()
                },
                ideal_V={name: _carried(port[name], value) for name, value in ideal.items()},
                windows_V=_windows(ideal, port, accuracy * full) if answer == "value" else {},
                largest=max(ideal, key=ideal.__getitem__) if answer == "largest" else None,
            )
        )
    return tuple(made)


def _carried(port: Port, value: float) -> float:
    """Return the voltage of a value, at the end of what the port carries where it is beyond."""
    return min(max(port.volts(value), port.min_V), port.max_V)


def _windows(
    ideal: Mapping[str, float], port: Mapping[str, Port], reach: float
) -> dict[str, tuple[float, float]]:
    """Return the voltages from ``reach`` below to ``reach`` above each value."""
    return {
        name: (port[name].volts(value - reach), port[name].volts(value + reach))
        for name, value in ideal.items()
    }
