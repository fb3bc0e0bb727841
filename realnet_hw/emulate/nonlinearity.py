"""Shapes that a converter's integral nonlinearity may have, each zero at both ends of the range.

A shape gives the error in LSB at a place in the range, 0 to 1 (``converters.InlShape``). A
datasheet bounds the error and says nothing of its shape; which one a chip has is up to how it is
made: a bow or an S from a resistor's or a buffer's curvature, steps from a ladder's unequal
weights, a jump where one transition is missing.

Ref: IEEE 1241-2010, 9.2 (integral nonlinearity between terminal points).
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from realnet_hw.emulate.converters import InlShape

_CODES = 4096
_BITS = 12


@dataclass(frozen=True)
class Waves:
    """Four sine waves; without amplitudes an ideal converter.

    Args:
        amplitudes_LSB: of the half-wave, the full wave and so on.
    """

    amplitudes_LSB: tuple[float, ...] = ()

    def __call__(self, place: float) -> float:
        """The error in LSB."""
        return sum(
            amplitude * math.sin((order + 1) * math.pi * place)
            for order, amplitude in enumerate(self.amplitudes_LSB)
        )


@dataclass(frozen=True)
class Bow:
    """A parabola with its peak in the middle."""

    peak_LSB: float

    def __call__(self, place: float) -> float:
        """The error in LSB."""
        return 4 * place * (1 - place) * self.peak_LSB


@dataclass(frozen=True)
class SCurve:
    """A cubic: up in the lower half, down in the upper one."""

    peak_LSB: float

    def __call__(self, place: float) -> float:
        """The error in LSB."""
        return 6 * math.sqrt(3) * place * (1 - place) * (1 - 2 * place) * self.peak_LSB


@dataclass(frozen=True)
class Jump:
    """Straight but for one transition, where codes are missing.

    Args:
        at: the place of the jump, between 0 and 1.
        peak_LSB: the larger of the errors beside it.
    """

    at: float
    peak_LSB: float

    def __call__(self, place: float) -> float:
        """The error in LSB."""
        size_LSB = self.peak_LSB / max(self.at, 1 - self.at)
        return size_LSB * (-place if place < self.at else 1 - place)


@dataclass(frozen=True)
class Table:
    """An error for each code."""

    codes_LSB: tuple[float, ...]

    def __call__(self, place: float) -> float:
        """The error in LSB."""
        last = len(self.codes_LSB) - 1
        return self.codes_LSB[min(max(round(place * last), 0), last)]


def waves(source: random.Random, peak_LSB: float) -> Waves:
    """Draw four waves whose sum reaches 30 to 100 % of a peak."""
    raw = [source.uniform(-1.0, 1.0) / (order + 1) for order in range(4)]
    # Between these places four such waves rise by less than 0.1 % of their peak.
    peak = max(abs(Waves(tuple(raw))(place / 256)) for place in range(257))
    scale = source.uniform(0.3, 1.0) * peak_LSB / peak
    return Waves(tuple(amplitude * scale for amplitude in raw))


def curve(source: random.Random, peak_LSB: float) -> InlShape:
    """Draw a bow or an S, up or down, of the full peak."""
    return source.choice((Bow, SCurve))(source.choice((-1, 1)) * peak_LSB)


def jump(source: random.Random, peak_LSB: float) -> Jump:
    """Draw one jump of the full peak, somewhere in the inner half of the range."""
    return Jump(source.uniform(0.25, 0.75), source.choice((-1, 1)) * peak_LSB)


def walk(source: random.Random, peak_LSB: float) -> Table:
    """Draw steps that are each as probable up as down, tied to zero at both ends."""
    errors = [0.0]
    for _ in range(_CODES - 1):
        errors.append(errors[-1] + source.choice((-1.0, 1.0)))
    return _table(errors, peak_LSB)


def weights(source: random.Random, peak_LSB: float) -> Table:
    """Draw the unequal weights of a binary ladder: the largest steps where many bits turn."""
    wrong = [source.gauss(0.0, math.sqrt(1 << bit)) for bit in range(_BITS)]
    errors = [
        sum(error for bit, error in enumerate(wrong) if code >> bit & 1) for code in range(_CODES)
    ]
    return _table(errors, peak_LSB)


def _table(errors: list[float], peak_LSB: float) -> Table:
    """Take the straight line between the ends out of the errors, and give them a peak."""
    last = len(errors) - 1
    first, slope = errors[0], (errors[-1] - errors[0]) / last
    level = [error - first - slope * code for code, error in enumerate(errors)]
    scale = peak_LSB / max(map(abs, level))
    return Table(tuple(error * scale for error in level))
