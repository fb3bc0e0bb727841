"""What a fixture says of a pulse: how long it is, or that it can't be timed as one."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

GAP_s = 0.75e-6
"""A pulse with so long a gap is told from one without; of a shorter gap nobody knows. (PROTOCOL.md
of the firmware, ``SENSe:FIRE?``.)"""
PULSE_s = 30e-6
"""A pulse of that length is timed for certain; of a shorter one that may fail. (Same place.)"""
# So probable is what may happen or not.
_EITHER = 0.5


def timed(
    crossings_s: Sequence[float], start_s: float, end_s: float, *, ends_high: bool
) -> tuple[float, float]:
    """Return how long a net is high in a firing, and whether that can be timed as one pulse.

    Args:
        crossings_s: of its level, rising; those of downward crossings are negative.
        start_s: when the trigger is pulled.
        end_s: when the board is read.
        ends_high: whether it is above its level then: where it never crosses it, it always was.

    Returns:
        Seconds in all, and the probability that a fixture can't time it.
    """
    before = [at for at in crossings_s if abs(at) <= start_s]
    edges_s = [abs(at) for at in crossings_s if abs(at) > start_s]
    begins_high = crossings_s[0] < 0 if crossings_s else ends_high
    was_high = before[-1] > 0 if before else begins_high
    if was_high:
        edges_s.insert(0, start_s)
    if len(edges_s) % 2:
        edges_s.append(end_s)
    pieces = list(zip(edges_s[::2], edges_s[1::2], strict=True))
    high_s = sum(fall - rise for rise, fall in pieces)
    gaps_s = [again[0] - one[1] for one, again in itertools.pairwise(pieces)]
    if was_high or any(gap >= GAP_s for gap in gaps_s):
        return high_s, 1.0
    is_short = any(fall - rise < PULSE_s for rise, fall in pieces)
    return high_s, _EITHER if gaps_s or is_short else 0.0
