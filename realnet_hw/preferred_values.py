"""The E series of preferred values, of resistors and capacitors.

Ref: IEC 60063:2015, "Preferred number series for resistors and capacitors".
"""

from __future__ import annotations

import functools
import math

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
