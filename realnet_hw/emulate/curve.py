"""Quantities as functions of others, known at a few places and straight between them."""

from __future__ import annotations

import bisect
from collections.abc import Callable
from dataclasses import dataclass

_MOST_STEPS = 100


@dataclass(frozen=True)
class Curve:
    """Straight between points, and beyond the outermost as at these.

    Args:
        places: rising, two or more.
        values: one for each.
    """

    places: tuple[float, ...]
    values: tuple[float, ...]

    def __call__(self, place: float) -> float:
        """Return the value at a place."""
        places, values = self.places, self.values
        if place <= places[0]:
            return values[0]
        if place >= places[-1]:
            return values[-1]
        index = bisect.bisect_right(places, place)
        before, after = places[index - 1], places[index]
        share = (place - before) / (after - before)
        return values[index - 1] + share * (values[index] - values[index - 1])

    def raised(self, by: Curve) -> Curve:
        """Return the sum with another curve whose points are at places of this one."""
        pairs = zip(self.places, self.values, strict=True)
        return Curve(self.places, tuple(value + by(place) for place, value in pairs))


@dataclass(frozen=True)
class Surface:
    """Curves of one kind for several values of another quantity, straight between them.

    Args:
        levels: of that quantity, rising, two or more; beyond the outermost as between the last two.
        curves: one for each.
    """

    levels: tuple[float, ...]
    curves: tuple[Curve, ...]

    def __call__(self, place: float, level: float) -> float:
        """Return the value at a place and a level."""
        last = len(self.levels) - 1
        index = min(max(bisect.bisect_right(self.levels, level), 1), last)
        before, after = self.levels[index - 1], self.levels[index]
        low, high = self.curves[index - 1](place), self.curves[index](place)
        return low + (level - before) / (after - before) * (high - low)


def root(rising: Callable[[float], float], low: float, high: float, resolution: float) -> float:
    """Return where a function that rises from below zero to above it is zero.

    Args:
        rising: of one place.
        low: a place where it is not above zero.
        high: a place where it is not below zero.
        resolution: how near to zero, or to the place, is near enough.

    Ref: the Illinois variant of regula falsi: M. Dowell and P. Jarratt, BIT 11 (1971), from memory.
    """
    at_low, at_high = rising(low), rising(high)
    place, kept = low, 0
    for _ in range(_MOST_STEPS):
        if high - low <= resolution:
            break
        place = (low * at_high - high * at_low) / (at_high - at_low)
        found = rising(place)
        if abs(found) <= resolution:
            return place
        if found < 0:
            low, at_low = place, found
            at_high = at_high / 2 if kept < 0 else at_high
            kept = -1
        else:
            high, at_high = place, found
            at_low = at_low / 2 if kept > 0 else at_low
            kept = 1
    return place
