"""The tolerance of a part as people write it: 5 %, 0.1%."""

from __future__ import annotations

import re

from realnet_hw.errors import InputError

_PERCENT = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?%")


def fraction(text: str, where: str) -> float:
    """Return a tolerance as a fraction: 0.05 for "5 %".

    Args:
        text: as written.
        where: the part, for the message.

    Raises:
        InputError: anything but a percentage from 0 to below 100.
    """
    match = _PERCENT.fullmatch(text.strip().removeprefix("\N{PLUS-MINUS SIGN}").strip())
    value = float(match.group(1)) / 100 if match else 1.0
    if value >= 1.0:
        raise InputError(
            f"{text!r} is no tolerance", where=where, allowed="such as 5 %, up to 99 %"
        )
    return value
