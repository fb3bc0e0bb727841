"""Sources in time: their value, and when they next have a corner."""

from __future__ import annotations

import math

from realnet_hw.predict.compiled.kernels.jit import kernel
from realnet_hw.predict.compiled.kernels.memory import Integers, Reals

PULSE, SIN, PWL = 1, 2, 3


@kernel
def value(sources: Integers, figures: Reals, source: int, time: float) -> float:
    """Return what a source with a waveform gives at a time.

    Ref: ngspice 46 user manual, 4.1 (independent sources).
    """
    shape, at, count = sources[source, 1], sources[source, 2], sources[source, 3]
    if shape == PULSE:
        low, high, delay = figures[at], figures[at + 1], figures[at + 2]
        rise, fall, width, period = (
            figures[at + 3], figures[at + 4], figures[at + 5], figures[at + 6],
        )  # fmt: skip
        since = time - delay
        if since > period:
            since -= period * math.floor(since / period * (1 + 1e-13))
        if since <= 0.0 or since >= rise + width + fall:
            return float(low)
        if since < rise:
            return float(low + (high - low) * since / rise)
        if since <= rise + width:
            return float(high)
        return float(high + (low - high) * (since - rise - width) / fall)
    if shape == SIN:
        since = time - figures[at + 3]
        if since < 0.0:
            return float(figures[at])
        swing = math.sin(2 * math.pi * figures[at + 2] * since)
        return float(figures[at] + figures[at + 1] * swing * math.exp(-since * figures[at + 4]))
    last = at + 2 * (count // 2 - 1)
    if time <= figures[at]:
        return float(figures[at + 1])
    if time >= figures[last]:
        return float(figures[last + 1])
    after = _first_after(figures, at, count // 2, time)
    before = after - 2
    share = (time - figures[before]) / (figures[after] - figures[before])
    return float(figures[before + 1] + (figures[after + 1] - figures[before + 1]) * share)


@kernel
def _first_after(figures: Reals, at: int, points: int, time: float) -> int:
    """Return where the first point after a time is; it may be past the last one."""
    low, high = -1, points
    while high - low > 1:
        middle = (low + high) >> 1
        if figures[at + 2 * middle] <= time:
            low = middle
        else:
            high = middle
    return at + 2 * high


@kernel
def next_corner(sources: Integers, figures: Reals, time: float, end: float) -> float:
    """Return the first corner of any source after a time, ``end`` if there is none before."""
    found = end
    soon = time + 1e-13 * end
    for source in range(len(sources)):
        shape, at, count = sources[source, 1], sources[source, 2], sources[source, 3]
        if shape == PULSE:
            period = figures[at + 6]
            start = figures[at + 2]
            if time > start:
                start += period * math.floor((time - start) / period)
            for _ in range(2):
                corner = start
                for part in range(4):
                    if soon < corner < found:
                        found = corner
                    if part < 3:
                        corner += figures[at + (3 if part == 0 else 5 if part == 1 else 4)]
                start += period
        elif shape == SIN:
            if soon < figures[at + 3] < found:
                found = figures[at + 3]
        elif shape == PWL:
            after = _first_after(figures, at, count // 2, soon)
            if after < at + count and figures[after] < found:
                found = figures[after]
    return found
