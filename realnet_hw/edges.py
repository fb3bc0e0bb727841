"""What a step at an input does at an output: delay, passage, overshoot, settling.

The same figures are taken of waves as predicted and as measured. Levels are the output's own: 0 %
is where it was before, 100 % where it comes to rest. Times count from the input's own 50 %.

- delay: until the output passes 50 %;
- passage: from 10 % to 90 %, whichever way it goes;
- overshoot: how far it goes beyond 100 %, as a share of the way;
- settling: until it stays within 2 % of the way about 100 %.

A wave that is still on its way at the end has none of them, for its 100 % is not known.

Ref: IEEE Std 181 (transitions and pulses), its terms from memory; overshoot and settling as above.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]

SETTLED = 0.02
"""At rest within this share of the way."""
# Of the time before the input moves, so much at its beginning is the state before; of all, so much
# at its end the state after.
_BEFORE, _AFTER = 0.7, 0.1
# What goes beyond is looked at through a mean over such a share of the wave: noise is no overshoot.
_SMOOTHED = 0.005


@dataclass(frozen=True)
class Levels:
    """An output's states before and after an edge, volts."""

    before_V: float
    after_V: float

    @property
    def way_V(self) -> float:
        """How far it goes, with its sign."""
        return self.after_V - self.before_V


@dataclass(frozen=True)
class Figures:
    """The figures of an edge; None where there is nothing to be told."""

    delay_s: float | None
    passage_s: float | None
    overshoot: float | None
    settling_s: float | None


def levels(volts: Array, times_s: Array, moved_s: float) -> Levels:
    """Return the states before and after an edge.

    Args:
        volts: shape (points).
        times_s: the same, rising.
        moved_s: when the input passed its middle.
    """
    begin_s = float(times_s[0])
    before = volts[times_s <= begin_s + _BEFORE * (moved_s - begin_s)]
    after = volts[-max(1, math.ceil(_AFTER * len(volts))) :]
    return Levels(float(before.mean()), float(after.mean()))


def middle_s(times_s: Array, volts: Array) -> float | None:
    """Return when an input, which steps once, is half-way; None where it does not step."""
    (at_s,) = passes_s(times_s, volts, [0.5])
    return at_s


def passage_s(times_s: Array, volts: Array) -> float | None:
    """Return how long an input takes from 10 % to 90 % of its way, None where it does not step."""
    begin_s, end_s = passes_s(times_s, volts, [0.1, 0.9])
    return None if begin_s is None or end_s is None else end_s - begin_s


def passes_s(times_s: Array, volts: Array, shares: Sequence[float]) -> list[float | None]:
    """Return when an input, which steps once, has come some shares of its way.

    Args:
        times_s: rising, evenly spaced, shape (points).
        volts: the same shape.
        shares: 0 to 1.

    Returns:
        None for each where it does not step.
    """
    first, last = _ends(volts)
    if first == last:
        return [None] * len(shares)
    place = (volts - first) / (last - first)
    return [_passes(place, times_s, share) for share in shares]


def _ends(volts: Array) -> tuple[float, float]:
    """Return where a wave begins and where it ends, each a mean of a few points."""
    few = max(1, len(volts) // 20)
    return float(volts[:few].mean()), float(volts[-few:].mean())


def figures(times_s: Array, volts: Array, moved_s: float, *, least_V: float) -> Figures:
    """Return the figures of an output's edge.

    Args:
        times_s: rising, evenly spaced, shape (points).
        volts: of the output, the same shape.
        moved_s: when the input passed its middle.
        least_V: a way that is shorter than this is none.
    """
    ends = levels(volts, times_s, moved_s)
    if abs(ends.way_V) < least_V or not _rests(volts, ends.way_V):
        return Figures(None, None, None, None)
    place = (volts - ends.before_V) / ends.way_V
    half_s, low_s, high_s = (_passes(place, times_s, share) for share in (0.5, 0.1, 0.9))
    return Figures(
        delay_s=None if half_s is None else half_s - moved_s,
        passage_s=None if low_s is None or high_s is None else high_s - low_s,
        overshoot=max(0.0, round(float(_smoothed(place).max()) - 1.0, 6)),
        settling_s=_settling_s(place, times_s, moved_s),
    )


def _rests(volts: Array, way_V: float) -> bool:
    """Return whether a wave has come to rest, by its last tenth and the one before.

    An exponential that ends 2 % short moves by half of that from the one to the other.
    """
    few = max(1, math.ceil(_AFTER * len(volts)))
    moves_V = float(volts[-few:].mean() - volts[-2 * few : -few].mean())
    return abs(moves_V) <= SETTLED / 2 * abs(way_V)


def _passes(place: Array, times_s: Array, share: float) -> float | None:
    """Return when a wave from 0 to 1 first has a share of its way, the last time it had less."""
    halves = np.flatnonzero(place >= max(0.5, share))
    if len(halves) == 0:
        return None
    begun = np.flatnonzero(place[: halves[0] + 1] < share)
    if len(begun) == 0:
        return None
    at = int(begun[-1])
    rise = float(place[at + 1] - place[at])
    return float(times_s[at] + (share - place[at]) / rise * (times_s[at + 1] - times_s[at]))


def _settling_s(place: Array, times_s: Array, moved_s: float) -> float | None:
    off = np.abs(_smoothed(place) - 1)
    outside = np.flatnonzero(off > SETTLED)
    if len(outside) == 0 or outside[-1] >= len(place) * (1 - _AFTER):
        return None
    at = int(outside[-1])
    share = float((off[at] - SETTLED) / (off[at] - off[at + 1]))
    return float(times_s[at] + share * (times_s[at + 1] - times_s[at])) - moved_s


def _smoothed(place: Array) -> Array:
    """Return the mean over an odd number of points about each one; at the ends over fewer."""
    reach = int(_SMOOTHED * len(place) / 2)
    if reach == 0:
        return place
    sums = np.cumsum(np.concatenate([[0.0], place]))
    index = np.arange(len(place))
    begin, end = np.maximum(index - reach, 0), np.minimum(index + reach + 1, len(place))
    smoothed: Array = (sums[end] - sums[begin]) / (end - begin)
    return smoothed


def jackknifed(values: Sequence[float | None]) -> float | None:
    """Return the standard uncertainty of a figure from what it is with each record left out.

    Args:
        values: the figure of the mean of all records but one, for each of them.

    Returns:
        None where one of them is None, or there are fewer than two.

    Ref: Efron, The Jackknife, the Bootstrap and Other Resampling Plans (1982), from memory:
         (n - 1) / n times the sum of squared deviations.
    """
    known = [value for value in values if value is not None]
    count = len(known)
    if count != len(values) or count < 2:
        return None
    mean = math.fsum(known) / count
    return math.sqrt((count - 1) / count * math.fsum((value - mean) ** 2 for value in known))
