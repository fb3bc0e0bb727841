"""Bands and yields from a finite number of boards."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from realnet_hw.errors import InputError

# A predicted band holds this share of all boards, with this confidence.
SHARE = 0.99
CONFIDENCE = 0.95


def spare_boards(count: int) -> int:
    """Return how many of the outermost boards may lie outside the band.

    The share of all boards between the r-th smallest and the s-th largest of ``count`` drawn ones
    has a beta distribution whatever the parts' distribution is. Of the 1000 boards of a usual
    prediction 3 may lie outside. Below 473 boards not even the extremes suffice: the answer is -1.

    Ref: S. S. Wilks, Ann. Math. Statist. 12 (1941) 91; ISO 16269-6:2014, 5.2.
    """
    below, outside = 0.0, 0
    while outside <= count:
        below += math.exp(_log_binomial(outside, count))
        if below > 1 - CONFIDENCE:
            break
        outside += 1
    return outside - 2 if outside >= 2 else -1


def _log_binomial(hits: int, count: int) -> float:
    """Return the logarithm of the chance that ``hits`` of ``count`` boards are outside the band."""
    ways = math.lgamma(count + 1) - math.lgamma(hits + 1) - math.lgamma(count - hits + 1)
    return ways + hits * math.log(1 - SHARE) + (count - hits) * math.log(SHARE)


def band(values: Sequence[float]) -> tuple[float, float]:
    """Return low and high between which 99 % of all boards lie, with 95 % confidence.

    From 473 boards on these are two of the values, see :func:`spare_boards`. With fewer, it is the
    wider of the values' own range and the band of a normal distribution of their mean and standard
    deviation.

    Raises:
        InputError: fewer than two values.

    Ref: W. G. Howe, J. Am. Stat. Assoc. 64 (1969) 610 (factor for normal distributions);
    E. B. Wilson, M. M. Hilferty, PNAS 17 (1931) 684 (chi-squared quantile in it).
    """
    count = len(values)
    if count < 2:
        raise InputError(f"a band from {count} boards", allowed="2 or more")
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    spare = spare_boards(count)
    if spare >= 0:
        inside = spare // 2
        return float(ordered[inside]), float(ordered[count - 1 - inside])
    normal = NormalDist()
    degrees = count - 1
    fraction = 2 / (9 * degrees)
    root = 1 - fraction + normal.inv_cdf(1 - CONFIDENCE) * math.sqrt(fraction)
    chi_squared = degrees * max(root, 1e-3) ** 3
    factor = normal.inv_cdf((1 + SHARE) / 2) * math.sqrt(degrees * (1 + 1 / count) / chi_squared)
    reach = factor * float(ordered.std(ddof=1))
    mean = float(ordered.mean())
    return min(float(ordered[0]), mean - reach), max(float(ordered[-1]), mean + reach)


def band_of_modes(values: Sequence[float], modes: Sequence[object]) -> tuple[float, float]:
    """Return the band of values that lie in several places, as an output's on different boards.

    From 473 boards on it is :func:`band`. With fewer, a normal distribution fitted across 0 V and
    5 V would reach far beyond both: it is fitted in each place, and the band reaches from the
    lowest to the highest. A place with a single board counts as that value.

    Args:
        values: of the boards.
        modes: the place of each, such as its logic level.

    Raises:
        InputError: fewer than two values.
    """
    if len(values) < 2 or spare_boards(len(values)) >= 0:
        return band(values)
    places: dict[object, list[float]] = {}
    for value, mode in zip(values, modes, strict=True):
        places.setdefault(mode, []).append(value)
    ends = [band(place) if len(place) > 1 else (place[0], place[0]) for place in places.values()]
    return min(low for low, _ in ends), max(high for _, high in ends)


def proportion_interval(good: int, count: int) -> tuple[float, float]:
    """Return the 95 % interval of a proportion of which ``good`` of ``count`` were seen.

    Raises:
        InputError: not 0 <= good <= count, or count 0.

    Ref: E. B. Wilson, J. Am. Stat. Assoc. 22 (1927) 209.
    """
    if not 0 <= good <= count or count == 0:
        raise InputError(f"{good} good of {count}", allowed="0 <= good <= count, count above 0")
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    share = good / count
    centre = (share + z * z / (2 * count)) / (1 + z * z / count)
    reach = (
        z
        * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
        / (1 + z * z / count)
    )
    low = 0.0 if good == 0 else centre - reach
    high = 1.0 if good == count else centre + reach
    return low, high
