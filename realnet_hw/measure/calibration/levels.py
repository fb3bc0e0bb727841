"""Where calibration points lie: all over the range, at no regular distance, in no order.

The middle of each of n equal cells makes the line of least squares through n points that of the
whole range, to second order. Each point is then moved within its cell, by up to a fifth of it:
converters are made of binary weights, and steps of a round number of codes would meet the same bits
again and again. Neighbours are not taken one after the other, so that what drifts is not taken for
gain.

A level is the middle of a code of the converter: then what a source is set to is known exactly.
"""

from __future__ import annotations

import math

from realnet_hw.measure.fixture_specification import LSB_V, RANGE_V

REACH_V = 10.0
"""Lines are those of least squares from ``-REACH_V`` to ``REACH_V``."""

_GOLDEN = (math.sqrt(5) - 1) / 2
_MOVED = 0.4


def on_code(level_V: float) -> float:
    """Return the nearest voltage that is the middle of a code."""
    return round((level_V + RANGE_V) / LSB_V) * LSB_V - RANGE_V


def levels_V(count: int, *, start: int = 0) -> list[float]:
    """Return so many levels, each the middle of a code, in the order to take them.

    Args:
        count: 2 or more.
        start: another number gives other levels.
    """
    cell_V = 2 * REACH_V / count
    turns = [(start + index) * _GOLDEN % 1 for index in range(count)]
    middles = [-REACH_V + (index + 0.5) * cell_V for index in range(count)]
    found = [
        on_code(middle + _MOVED * (turn - 0.5) * cell_V)
        for middle, turn in zip(middles, turns, strict=True)
    ]
    order = sorted(range(count), key=lambda index: (start + 3 * index + 1) * _GOLDEN % 1)
    return [found[index] for index in order]
