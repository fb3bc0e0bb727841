"""The colour bands of resistors.

Ref: IEC 60062, "Marking codes for resistors and capacitors", colour code.
"""

from __future__ import annotations

import math

_DIGITS = (
    "black", "brown", "red", "orange", "yellow", "green", "blue", "violet", "grey", "white",
)  # fmt: skip
_MULTIPLIERS = {**dict(enumerate(_DIGITS)), -1: "gold", -2: "silver"}
_TOLERANCES = {0.001: "violet", 0.005: "green", 0.01: "brown", 0.02: "red", 0.05: "gold"}

INK = {
    "black": "#1a1a1a", "brown": "#7a4a21", "red": "#d02626", "orange": "#f08a1d",
    "yellow": "#f2d21f", "green": "#2d9a46", "blue": "#2b5fd0", "violet": "#8a43c9",
    "grey": "#8c8c8c", "white": "#ffffff", "gold": "#c9a227", "silver": "#b8bcc2",
}  # fmt: skip


def bands(ohm: float, tolerance: float) -> tuple[str, ...]:
    """Return the colours of a resistor, from the end where they begin.

    Three digits and a multiplier up to 2 %, two digits above, then the tolerance. Empty where the
    value has more digits than bands, or no such tolerance exists.

    Args:
        ohm: the resistance, above 0.
        tolerance: as a fraction.
    """
    last = next((c for limit, c in _TOLERANCES.items() if math.isclose(limit, tolerance)), None)
    if last is None or ohm <= 0:
        return ()
    count = 3 if tolerance <= 0.02 else 2
    exponent = math.floor(math.log10(ohm) + 1e-9) - count + 1
    digits = round(ohm / 10.0**exponent)
    if not math.isclose(digits * 10.0**exponent, ohm, rel_tol=1e-6) or exponent not in _MULTIPLIERS:
        return ()
    return (*(_DIGITS[int(d)] for d in str(digits)), _MULTIPLIERS[exponent], last)
