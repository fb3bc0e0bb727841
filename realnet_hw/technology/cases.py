"""The cases that a board compiled from a network should show, and how its outputs are judged."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from realnet_hw.board import Case, Port
from realnet_hw.errors import InputError
from realnet_hw.network.network import Network
from realnet_hw.technology.bounds import corners, values_at

Answer: TypeAlias = Literal["level", "value", "largest"]
"""How outputs are read: each as a logic level, each as a voltage, or by which is the greatest."""

Inputs: TypeAlias = Literal["bits", "analogue"]
"""What the inputs are: 0 or 1 each, or anything from 0 to 1."""

ACCURACY = 0.05
"""An output that is judged as a value is right within this share of its full scale."""

_ENUMERATED = 8
_CORNERS = 4
_SPREAD = 64
# A board is checked at all corners of up to so many inputs, or at as many of more inputs, with so
# many that are telling for each output; and at so many points between the corners.
_ALL_CORNERS = 12
_TELLING = 64
_INSIDE = 256
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
        point = _spread(index, count)
        found[tuple(float(v >= 0.5) for v in point) if inputs == "bits" else point] = None
    return list(found)


@dataclass(frozen=True)
class Points:
    """Input vectors, in logic units, at which a board is looked at while it is made.

    Args:
        inputs: what they are.
        cases: those that it is tried with.
        others: more, at which its resistors must fit and its answers are checked too.
        chosen: whether someone chose the cases; the others may then be what never comes.
    """

    inputs: Inputs
    cases: tuple[tuple[float, ...], ...]
    others: tuple[tuple[float, ...], ...]
    chosen: bool

    @property
    def all(self) -> tuple[tuple[float, ...], ...]:
        """The cases and the others."""
        return self.cases + self.others

    def coverage(self, doubtful: int) -> list[str]:
        """Say what is no case, what is not even checked, and what is not sure.

        Args:
            doubtful: how many of the others may be answered wrong.
        """
        corners = 2 ** len(self.cases[0])
        found = []
        checked = sum(all(value in (0, 1) for value in point) for point in {*self.all})
        if self.inputs == "bits" and len({*self.cases}) < corners:
            found.append(f"{len({*self.cases})} of {corners} patterns are its cases")
        if checked < corners:
            what = "patterns" if self.inputs == "bits" else "corners"
            found.append(f"{checked} of {corners} {what} were checked")
        if doubtful:
            found.append(f"answers may be wrong at {doubtful} of {len(self.others)} other points")
        return found


def look_at(at: Sequence[Sequence[float]] | None, network: Network, inputs: Inputs) -> Points:
    """Return where to look at a network's board: at the cases given, or :func:`points`, and beyond.

    Beyond are all corners of up to 12 inputs; of more, 4096 spread ones and those at which an
    output is lowest, highest, or nearest the middle between 0 and 1. Analogue inputs are looked at
    in 256 points spread between the corners too.

    Raises:
        InputError: an empty list, or a vector that has not a number for each input, from 0 to 1
            (0 or 1 where inputs are bits).
    """
    count = len(network.inputs)
    cases = points(count, inputs) if at is None else _checked(at, count, inputs)
    others = dict.fromkeys(_corners(network))
    if inputs == "analogue":
        others |= dict.fromkeys(_spread(index, count) for index in range(1, _INSIDE + 1))
    here = {*cases}
    return Points(
        inputs, tuple(cases), tuple(one for one in others if one not in here), at is not None
    )


def _checked(at: Sequence[Sequence[float]], count: int, inputs: Inputs) -> list[tuple[float, ...]]:
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
    return [tuple(vector) for vector in at]


def _corners(network: Network) -> list[tuple[float, ...]]:
    """Return all inputs of 0 and 1 of a network with few inputs, the most telling of many."""
    every = corners(len(network.inputs))
    if len(every) > 2**_ALL_CORNERS:
        # An odd step visits every combination of the last 12 inputs once.
        spread = np.arange(2**_ALL_CORNERS) * 40503 % len(every)
        answers = values_at(network, every)
        order = np.argsort(answers, axis=0, kind="stable")
        nearest = np.argsort(abs(answers - 0.5), axis=0, kind="stable")
        telling = (spread, order[:_TELLING], order[-_TELLING:], nearest[:_TELLING])
        every = every[np.unique(np.concatenate([rows.ravel() for rows in telling]))]
    return [tuple(point) for point in every.tolist()]


def _spread(index: int, count: int) -> tuple[float, ...]:
    return tuple(round(_radical_inverse(index, base), 3) for base in _PRIMES[:count])


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
        accuracy: of a value, as a share of full scale.
    """
    port = {port.name: port for port in ports}
    answers = [network.forward(vector) for vector in at]
    full = full_scale_of(network, at)
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


def full_scale_of(network: Network, at: Sequence[Sequence[float]]) -> float:
    """Return the greatest magnitude of any output for some input vectors, 1 at least."""
    return max(1.0, float(np.abs(values_at(network, np.array(at, dtype=float))).max()))


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
