"""What a node of a board that is fired does: delay, width, passage, and its two levels.

The same figures are taken of waves as predicted and as measured, each looked at through the same
mean over a short window, so that noise is no level and no crossing. Levels are the wave's own: low
is the least it comes to, high the most. Times count from the start of the trigger.

- delay: until it first passes half-way up, 0 where that is less than a step of time;
- width: from there until it passes half-way down;
- passage: from 10 % to 90 % of its first rise, where that is slow enough to be seen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from realnet_hw.edges import Array

# So much of the swing beyond a level is clearly beyond it.
_CLEARLY = 0.05
_LONGER = 3.0
"""A passage shorter than so many windows is the window's own."""


@dataclass(frozen=True)
class Shape:
    """The figures of a wave; None where there is nothing to be told.

    Args:
        delay_s, width_s, passage_s: see the module.
        low_V, high_V: its levels.
    """

    delay_s: float | None
    width_s: float | None
    passage_s: float | None
    low_V: float
    high_V: float


def window_s(read_after_s: float) -> float:
    """Return the window through which waves of a firing that takes so long are looked at."""
    return read_after_s / 200


def shape(times_s: Array, volts: Array, *, window_s: float, least_V: float) -> Shape:
    """Return the figures of a wave.

    Args:
        times_s: from the trigger, evenly spaced, beginning more than a window before it, shape
            (points).
        volts: the same shape.
        window_s: see ``window_s``.
        least_V: a wave that moves by less is steady: it has levels alone.
    """
    step_s = float(times_s[1] - times_s[0])
    seen = _mean(volts, 2 * int(window_s / step_s / 2) + 1)
    low_V, high_V = float(seen.min()), float(seen.max())
    if high_V - low_V < least_V:
        return Shape(None, None, None, low_V, high_V)
    place = (seen - low_V) / (high_V - low_V)
    up = _crossing(place, 0.5, 0, rising=True)
    if up is None:
        return Shape(None, None, None, low_V, high_V)
    down = _crossing(place, 0.5, int(up) + 1, rising=False)
    end = _crossing(place, 0.9, int(up), rising=True)
    # The last time below 10 % before it is half-way.
    below = np.flatnonzero(place[: int(up) + 1] < 0.1)
    begin = _between(place, 0.1, int(below[-1])) if len(below) else None
    passage_s = None if begin is None or end is None else (end - begin) * step_s
    delay_s = float(times_s[0]) + up * step_s
    return Shape(
        delay_s=0.0 if abs(delay_s) < step_s else delay_s,
        width_s=None if down is None else (down - up) * step_s,
        passage_s=None if passage_s is None or passage_s < _LONGER * window_s else passage_s,
        low_V=low_V,
        high_V=high_V,
    )


def trigger_s(times_s: Array, volts: Array) -> float | None:
    """Return when a trigger is pulled low: half-way down from where it rests.

    Args:
        times_s: evenly spaced, shape (points).
        volts: of the trigger, the same shape.

    Returns:
        None where it never is.
    """
    if len(volts) < 2:
        return None
    low_V, high_V = float(volts.min()), float(np.median(volts))
    if high_V <= low_V:
        return None
    down = _crossing((volts - low_V) / (high_V - low_V), 0.5, 0, rising=False)
    return None if down is None else float(times_s[0] + down * (times_s[1] - times_s[0]))


def _crossing(place: Array, share: float, begin: int, *, rising: bool) -> float | None:
    """Return at what index, not whole, a wave first passes a level from an index on.

    It has passed when it is clearly beyond: on a slow wave noise comes to the level before.
    """
    sign = 1.0 if rising else -1.0
    ahead = sign * (place[begin:] - share)
    beyond = np.flatnonzero(ahead > _CLEARLY)
    if len(beyond) == 0:
        return None
    before = np.flatnonzero(ahead[: beyond[0]] < 0)
    return _between(place, share, begin + int(before[-1])) if len(before) else None


def _between(place: Array, share: float, at: int) -> float:
    """Return where, between an index and the next one, a wave has come to a level."""
    return at + float((share - place[at]) / (place[at + 1] - place[at]))


def _mean(volts: Array, count: int) -> Array:
    """Return the mean over an odd number of points about each one; the ends go on for ever."""
    reach = count // 2
    padded = np.pad(volts, reach, mode="edge")
    sums = np.cumsum(np.concatenate([[0.0], padded]))
    found: Array = (sums[count:] - sums[:-count]) / count
    return found
