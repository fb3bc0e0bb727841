"""Values of parts as people write them: 4k7, 4.7k, 100n, 2M2, 0R47, 1e3.

Strict: what could be read in two ways is refused ("3,3k", "1meg", "4k7k").

Ref: IEC 60062:2016, marking codes for resistors and capacitors (RKM code); BIPM SI Brochure,
9th ed., table 7 (prefixes).
"""

from __future__ import annotations

import re
from decimal import Decimal

from realnet_hw.errors import InputError

_PREFIXES = {
    "p": -12,
    "n": -9,
    "u": -6,
    "\N{MICRO SIGN}": -6,
    "\N{GREEK SMALL LETTER MU}": -6,
    "m": -3,
    "": 0,
    "R": 0,
    "k": 3,
    "K": 3,
    "M": 6,
    "G": 9,
}
_UNITS = {
    "ohm": ("ohm", "Ohm", "\N{GREEK CAPITAL LETTER OMEGA}", "\N{OHM SIGN}"),
    "F": ("F",),
    "s": ("s",),
}
_NUMBER = re.compile(
    r"([0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,2})?)\s?([A-Za-z\u00b5\u03bc\u03a9\u2126]*)"
)
_RKM = re.compile(r"([0-9]+)([RkKMGpnum\u00b5\u03bc])([0-9]+)")
_PRINTED = {-12: "p", -9: "n", -6: "u", -3: "m", 0: "", 3: "k", 6: "M", 9: "G"}


def parse(text: str, unit: str = "") -> float:
    """Read a positive value such as ``"4k7"``, ``"4.7k"``, ``"100nF"`` or ``"1e3"``.

    Args:
        text: the value, with or without its unit.
        unit: ``"ohm"``, ``"F"``, ``"s"`` or empty; a value with another unit is refused.

    Returns:
        The value in the unit without prefix.

    Raises:
        InputError: anything that is not exactly one value.
    """
    stripped = text.strip()
    if match := _RKM.fullmatch(stripped):
        whole, prefix, fraction = match.groups()
        if prefix == "R" and unit in ("F", "s"):
            raise _refused(text)
        return float(Decimal(f"{whole}.{fraction}").scaleb(_PREFIXES[prefix]))
    match = _NUMBER.fullmatch(stripped)
    if match is None:
        raise _refused(text)
    number, suffix = match.groups()
    for name in _UNITS.get(unit, ()):
        suffix = suffix.removesuffix(name)
    if suffix not in _PREFIXES or (suffix == "R" and unit in ("F", "s")):
        raise _refused(text)
    if suffix and re.search("[eE]", number):
        raise _refused(text)
    return float(Decimal(number).scaleb(_PREFIXES[suffix]))


def _refused(text: str) -> InputError:
    return InputError(f"{text!r} is not a value", allowed="4k7, 4.7k, 4700, 4.7e3, 100n, 2M2, 0R47")


def _scaled(value: float, digits: int) -> tuple[str, int]:
    """Return a value's mantissa with at most ``digits`` significant digits and its exponent."""
    if not 1e-13 < value < 1e12:
        raise InputError(f"{value!r} can't be printed as a value", allowed="1e-13 to 1e12")
    rounded = Decimal(f"{value:.{digits - 1}e}")
    exponent = max(-12, min(9, rounded.adjusted() // 3 * 3))
    mantissa = rounded.scaleb(-exponent)
    text = f"{mantissa:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text), exponent


def compact(value: float, digits: int = 4) -> str:
    """Print a value as schematics show it: ``4990.0`` gives ``"4.99k"``, ``1e-7`` ``"100n"``."""
    mantissa, exponent = _scaled(value, digits)
    return mantissa + _PRINTED[exponent]


def rkm(value: float, digits: int = 4) -> str:
    """Print a value in the RKM code: ``4990.0`` gives ``"4k99"``, ``470.0`` ``"470R"``."""
    mantissa, exponent = _scaled(value, digits)
    letter = _PRINTED[exponent] or "R"
    whole, _, fraction = mantissa.partition(".")
    return whole + letter + fraction
