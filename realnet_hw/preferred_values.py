"""The E series of preferred values, and resistors chosen from them.

Ref: IEC 60063:2015, "Preferred number series for resistors and capacitors".
"""

from __future__ import annotations

import bisect
import functools
import math
from collections.abc import Sequence

from realnet_hw.errors import InputError

_E24: tuple[int, ...] = (10, 11, 12, 13, 15, 16, 18, 20, 22, 24, 27, 30)
_E24 += (33, 36, 39, 43, 47, 51, 56, 62, 68, 75, 82, 91)
SERIES = ("E12", "E24", "E48", "E96", "E192")


@functools.cache
def mantissas(series: str) -> tuple[int, ...]:
    """Return a series' values of one decade, as integers: 10..91 or 100..998.

    Raises:
        InputError: no such series.
    """
    if series == "E24":
        return _E24
    if series == "E12":
        return _E24[::2]
    if series in ("E48", "E96", "E192"):
        count = int(series[1:])
        # The formula's 9.19 stands as 9.20 in the standard's table.
        values = (round(100 * 10 ** (i / count)) for i in range(count))
        return tuple(920 if value == 919 else value for value in values)
    raise InputError(f"no series {series!r}", allowed=", ".join(SERIES))


@functools.cache
def values(series: str, low: float, high: float) -> tuple[float, ...]:
    """Return every value of a series from ``low`` to ``high`` inclusive, ascending.

    Args:
        series: "E12" to "E192".
        low: least value, above 0.
        high: greatest value.
    """
    if not 0 < low <= high < math.inf:
        raise InputError(f"no values between {low} and {high}", allowed="0 < low <= high")
    scale = mantissas(series)
    first, last = math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1
    digits = len(str(scale[0])) - 1
    found = (
        float(f"{mantissa}e{decade - digits}")
        for decade in range(first, last + 1)
        for mantissa in scale
    )
    return tuple(value for value in found if low <= value <= high)


def nearest(value: float, series: str, low: float = 1e-12, high: float = 1e12) -> float:
    """Return the value of a series that is nearest by ratio.

    Args:
        value: what is wanted, above 0.
        series: "E12" to "E192".
        low, high: the range to choose from.

    Raises:
        InputError: ``value`` is not positive and finite.
    """
    if not 0 < value < math.inf:
        raise InputError(f"{value!r} has no preferred value", allowed="a positive value")
    table = values(series, low, high)
    right = bisect.bisect_left(table, value)
    around = table[max(0, right - 1) : right + 1]
    return min(around, key=lambda candidate: abs(math.log(candidate / value)))


def feedback_and_inputs(
    gains: Sequence[float],
    series: str = "E96",
    low_ohm: float = 1e3,
    high_ohm: float = 1e6,
    feedback_low_ohm: float = 1e3,
    feedback_high_ohm: float = 1e6,
) -> tuple[float, tuple[float, ...]]:
    """Choose a feedback resistor and summing resistors so that every ``R_f / R_i`` fits its gain.

    Every feedback value of the series is tried; the pair set with the least worst ratio error is
    taken, of equals the one nearest the geometric middle of the feedback's range.

    Args:
        gains: the gains wanted, above 0.
        series: "E12" to "E192".
        low_ohm, high_ohm: range of the summing resistors.
        feedback_low_ohm, feedback_high_ohm: range of the feedback resistor.

    Returns:
        The feedback resistance and the summing resistances in the order of ``gains``, ohms.

    Raises:
        InputError: a gain is not positive, or no value within the range comes within 20 %.
    """
    if not gains or min(gains) <= 0 or not math.isfinite(max(gains)):
        raise InputError(f"gains {list(gains)} can't be made", allowed="positive gains")
    middle = math.sqrt(feedback_low_ohm * feedback_high_ohm)
    best: tuple[float, float, float, tuple[float, ...]] | None = None
    for feedback in values(series, feedback_low_ohm, feedback_high_ohm):
        inputs = tuple(nearest(feedback / gain, series, low_ohm, high_ohm) for gain in gains)
        error = max(
            abs(math.log(feedback / ohm / gain)) for ohm, gain in zip(inputs, gains, strict=True)
        )
        rank = (round(error, 9), abs(math.log(feedback / middle)), feedback, inputs)
        if best is None or rank < best:
            best = rank
    assert best is not None
    if best[0] > math.log(1.2):
        raise InputError(
            f"gains from {min(gains):.3g} to {max(gains):.3g} don't fit one feedback resistor",
            allowed=f"summing resistors from {low_ohm:g} to {high_ohm:g} ohm",
        )
    return best[2], best[3]
