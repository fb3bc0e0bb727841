"""The catalogue of parts that boards are built from.

Everything that is known of a part for reasons outside a circuit stands in ``catalogue.toml``: its
KiCad symbol and footprint, who sells it, how its value spreads, its SPICE model, its limits.
"""

from __future__ import annotations

import functools
import math
import tomllib
from collections.abc import Callable
from importlib import resources
from typing import Annotated, Literal

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
    uniform, its standard deviation where it is normal. Where it depends on the part's value it is
    pairs, rising: from which value on, which drift.
    """

    parameter: str
    distribution: Literal["uniform", "normal"]
    relative: float | None = None
    nominal: float | None = None
    low: float | None = None
    high: float | None = None
    sigma: float | None = None
    drift_per_K: float | tuple[tuple[float, float], ...] = 0.0

    def drift_at(self, value: float | None) -> float:
        """Return the drift of a part with this value in ohms or farads, None if it has none."""
        if isinstance(self.drift_per_K, float):
            return self.drift_per_K
        return max(pair for pair in self.drift_per_K if pair[0] <= (value or 0.0))[1]


Assembly = Literal["tht", "smd"]
"""How a board is put together: with through-hole parts, or with surface-mounted ones."""

_SMD = "_smd"


Seen = Literal["", "maker", "shop"]
"""Where a part number was found to exist: in its maker's document, a shop's list, nowhere yet."""


class Price(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a part cost when somebody looked: ``usd`` a piece where ``quantity`` are bought.

    ``date`` is "2026-03", ``source`` who asked for it.
    """

    usd: Annotated[float, msgspec.Meta(gt=0)]
    quantity: Annotated[int, msgspec.Meta(ge=1)]
    date: Annotated[str, msgspec.Meta(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
    source: Annotated[str, msgspec.Meta(min_length=1)]


class SmdForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same part for surface mounting: what differs.

    ``pins`` are the numbers that pins have there; the symbol has them in the same places.
    """

    footprint: str
    manufacturer: str
    mpn: str
    datasheet: str
    description: str
    mpn_style: str | None = None
    symbol: str | None = None
    tolerance: float | None = None
    sim: dict[str, str] | None = None
    spreads: tuple[SpreadRule, ...] | None = None
    pins: dict[str, str] = {}
    seen: Seen = ""
    price: Price | None = None


class PartType(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One table of the catalogue; its keys are explained at the head of ``catalogue.toml``."""

    prefix: str
    symbol: str
    footprint: str
    description: str
    manufacturer: str = ""
    mpn: str = ""
    mpn_style: Literal["plain", "rkm", "four_digits", "three_digits"] = "plain"
    datasheet: str = ""
    value: str = ""
    tolerance: float | None = None
    series: str | None = None
    sim: dict[str, str] = {}
    spreads: tuple[SpreadRule, ...] = ()
    limits: dict[str, float] = {}
    temperature_C: tuple[float, float] = (-40.0, 85.0)
    amplifiers: tuple[tuple[str, str, str], ...] = ()
    transistors: tuple[tuple[str, str, str], ...] = ()
    open_collector: bool = False
    is_logic: bool = False
    supply_pins: dict[str, str] = {}
    smd: SmdForm | None = None
    seen: Seen = ""
    price: Price | None = None

    @property
    def units(self) -> tuple[tuple[str, str, str], ...]:
        """The pins of each of its amplifiers or transistors; empty where it is one part."""
        return self.amplifiers or self.transistors

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
        return self.mpn.format(value=_WRITTEN[self.mpn_style](value))


def _rkm(value: str) -> str:
    """Write a resistance as in Yageo's part numbers: 470R, 4K99, 10K, 1M.

    Ref: Yageo MFR series datasheet, "Ordering code".
    """
    return units.rkm(units.parse(value, "ohm")).upper()


def _digits(value: str, count: int) -> str:
    """Write a resistance as significant digits and the number of zeros behind them: 4991, 1002.

    Ref: KOA Speer RK73H and RK73B datasheets, "Ordering information" (an R is the decimal point
    where there would be less than none).
    """
    ohm = units.parse(value, "ohm")
    zeros = math.floor(math.log10(ohm) + 1e-9) - count + 1
    if zeros < 0:
        return f"{ohm:.{-zeros}f}".replace(".", "R")
    return f"{round(ohm / 10**zeros)}{zeros}"


_WRITTEN: dict[str, Callable[[str], str]] = {
    "plain": str,
    "rkm": _rkm,
    "four_digits": functools.partial(_digits, count=3),
    "three_digits": functools.partial(_digits, count=2),
}


@functools.cache
def catalogue() -> dict[str, PartType]:
    """Return every part type by its key; a form for surface mounting has one that ends in _smd."""
    text = resources.files("realnet_hw.parts").joinpath("catalogue.toml").read_text("utf-8")
    found = msgspec.convert(tomllib.loads(text), dict[str, PartType])
    forms = {f"{key}{_SMD}": _form(kind, kind.smd) for key, kind in found.items() if kind.smd}
    return found | forms


def _form(kind: PartType, smd: SmdForm) -> PartType:
    """Return a part type as it is for surface mounting."""
    told = msgspec.structs.asdict(smd)
    own = {name: value for name, value in told.items() if name != "pins" and value is not None}
    # The price is that of the other part, or unknown.
    return msgspec.structs.replace(kind, **{"price": None, **own}, smd=None)


def smd_key(key: str) -> str:
    """Return the key of a part type's form for surface mounting, empty if it has none."""
    return f"{key}{_SMD}" if part_type(key).smd else ""


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
