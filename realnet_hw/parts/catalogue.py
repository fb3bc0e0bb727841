"""The catalogue of parts that boards are built from.

Everything that is known of a part for reasons outside a circuit stands in ``catalogue.toml``: its
KiCad symbol and footprint, who sells it, how its value spreads, its SPICE model, its limits.
"""

from __future__ import annotations

import functools
import math
import tomllib
from importlib import resources
from typing import Literal

import msgspec

from realnet_hw import units
from realnet_hw.errors import InputError
from realnet_hw.preferred_values import values


class SpreadRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one parameter of a part differs from piece to piece.

    Either ``relative`` bounds it around the part's own value, or ``nominal``, ``low`` and ``high``
    are given. ``sigma`` is the standard deviation where the distribution is normal; it is then
    truncated at the bounds. ``drift_per_K`` is by how much pieces drift apart per kelvin away from
    27 C, as a fraction where ``relative`` is given: the greatest drift where the distribution is
    uniform, its standard deviation where it is normal.
    """

    parameter: str
    distribution: Literal["uniform", "normal"]
    relative: float | None = None
    nominal: float | None = None
    low: float | None = None
    high: float | None = None
    sigma: float | None = None
    drift_per_K: float = 0.0


class PartType(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One table of the catalogue; its keys are explained at the head of ``catalogue.toml``."""

    prefix: str
    symbol: str
    footprint: str
    description: str
    manufacturer: str = ""
    mpn: str = ""
    mpn_style: Literal["plain", "yageo"] = "plain"
    datasheet: str = ""
    value: str = ""
    tolerance: float | None = None
    series: str | None = None
    sim: dict[str, str] = {}
    spreads: tuple[SpreadRule, ...] = ()
    limits: dict[str, float] = {}
    temperature_C: tuple[float, float] = (-40.0, 85.0)
    amplifiers: tuple[tuple[str, str, str], ...] = ()
    supply_pins: dict[str, str] = {}

    @property
    def is_bought(self) -> bool:
        """Whether it stands in the bill of materials."""
        return bool(self.mpn)

    def is_made(self, value: str) -> bool:
        """Return whether a value is one of the series that it is sold in."""
        if self.series is None or not value:
            return True
        number = units.parse(value)
        return any(
            math.isclose(number, each, rel_tol=1e-9)
            for each in values(self.series, number / 1.01, number * 1.01)
        )

    def part_number(self, value: str) -> str:
        """Return the manufacturer's part number for a value such as ``"4k99"``."""
        written = _yageo(value) if self.mpn_style == "yageo" else value
        return self.mpn.format(value=written)


def _yageo(value: str) -> str:
    """Write a resistance as in Yageo's part numbers: 470R, 4K99, 10K, 1M.

    Ref: Yageo MFR series datasheet, "Ordering code".
    """
    return units.rkm(units.parse(value, "ohm")).upper()


@functools.cache
def catalogue() -> dict[str, PartType]:
    """Return every part type by its key."""
    text = resources.files("realnet_hw.parts").joinpath("catalogue.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, PartType])


def part_type(key: str) -> PartType:
    """Return one part type.

    Raises:
        InputError: the catalogue has no such key.
    """
    try:
        return catalogue()[key]
    except KeyError:
        raise InputError(
            f"no part {key!r}", where="parts/catalogue.toml", allowed=", ".join(sorted(catalogue()))
        ) from None
