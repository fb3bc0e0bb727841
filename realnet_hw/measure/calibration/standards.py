"""What a fixture is compared with: a meter, or the fixture's own reference.

The specification of a meter, so much per cent of the reading and so much of the range, bounds its
error. The part of the range may be an offset, or a nonlinearity, which tilts a line through few or
many points: it counts for both.

Ref: JCGM 100:2008 4.3.7 (a bound as the half width of a rectangular distribution).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec

from realnet_hw.errors import InputError
from realnet_hw.measure.calibration.levels import REACH_V
from realnet_hw.measure.fixture_specification import REFERENCE_BOUND, REFERENCE_CURRENT_BOUND
from realnet_hw.measure.scopes.connection import check_address
from realnet_hw.records import Standard

REFERENCE_V = 4.096
"""The fixture's reference, nominal."""
_FOLLOWER_BOUND_V = 2e-3
"""Offset of the OPA4134 between the reference and its terminal, at most."""
_GROUND_BOUND_V = 0.2e-3
"""What a grounded terminal may be off: leakage of the senses through 100 ohms, and a lead."""

Interval = Literal["24 hours", "90 days", "1 year"]
Percents = tuple[float, float]
"""Of the reading, and of the range."""

Driver = Literal["typed", "scpi", "keysight_344xx", "siglent_sdm3000", "rigol_dm3000"]


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a family of meters without being told.

    Args:
        range_V: the range that ±10.24 V are measured in.
        specification: of that range, by model as ``*IDN?`` says it and by interval.
        source: where it is from.
    """

    range_V: float
    specification: Mapping[str, Mapping[Interval, Percents]]
    source: str


_SIX_AND_A_HALF: Mapping[Interval, Percents] = {
    "24 hours": (0.0015, 0.0004),
    "90 days": (0.0020, 0.0005),
    "1 year": (0.0035, 0.0005),
}

FAMILIES: Mapping[str, Family] = {
    "keysight_344xx": Family(
        range_V=10.0,
        specification={
            "34401A": _SIX_AND_A_HALF,
            "34410A": {**_SIX_AND_A_HALF, "1 year": (0.0030, 0.0005)},
            "34460A": {"1 year": (0.0075, 0.0005)},
            "34461A": _SIX_AND_A_HALF,
            "34465A": {**_SIX_AND_A_HALF, "1 year": (0.0030, 0.0004)},
        },
        source="data sheet, from memory",
    ),
    "siglent_sdm3000": Family(
        range_V=20.0,
        specification={
            "SDM3055": {"1 year": (0.015, 0.004)},
            "SDM3065X": {"1 year": (0.0035, 0.0010)},
        },
        source="data sheet, from memory",
    ),
    "rigol_dm3000": Family(
        range_V=20.0,
        specification={
            "DM3058": {"1 year": (0.015, 0.004)},
            "DM3058E": {"1 year": (0.015, 0.004)},
            "DM3068": {
                "24 hours": (0.0020, 0.0004),
                "90 days": (0.0030, 0.0005),
                "1 year": (0.0035, 0.0010),
            },
        },
        source="data sheet, from memory (DM3068: its Performance Verification Guide, table 2-2)",
    ),
}


class DmmTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The multimeter of a station.

    Args:
        driver: how it is asked; ``"typed"`` is read and typed in by a person.
        address: VISA resource name; a virtual bench makes its own, what is typed has none.
        model: what it is called where it does not say so itself.
        interval: how long its own calibration may have been made ago: which column of its
            specification counts.
        percent_of_reading, percent_of_range, range_V: its specification in the range that is used,
            where the driver does not know it.
        certificate: of its own calibration: number and date. Only with one is a calibration
            traceable.
        timeout_s: how long an answer may take.
    """

    driver: Driver
    address: str | None = None
    model: Annotated[str, msgspec.Meta(max_length=80, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")] = ""
    interval: Interval = "1 year"
    percent_of_reading: Annotated[float, msgspec.Meta(gt=0, le=5)] | None = None
    percent_of_range: Annotated[float, msgspec.Meta(ge=0, le=5)] | None = None
    range_V: Annotated[float, msgspec.Meta(ge=REACH_V, le=1000)] | None = None
    certificate: Annotated[
        str, msgspec.Meta(max_length=80, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")
    ] = ""
    timeout_s: Annotated[float, msgspec.Meta(gt=0, le=600)] = 10.0


def check_dmm(table: DmmTable, *, is_virtual: bool, where: str) -> None:
    """Refuse a meter that can't be.

    Raises:
        InputError: half a specification, or none where the driver knows none; an address that is
            none, that is missing, or where there can't be one; a certificate of a virtual meter.
    """
    where = f"{where}: [dmm]"
    stated = (table.percent_of_reading, table.percent_of_range, table.range_V)
    if any(each is None for each in stated) and (
        table.driver not in FAMILIES or any(each is not None for each in stated)
    ):
        raise InputError(
            "no whole specification of the meter",
            where=where,
            mend="give percent_of_reading, percent_of_range and range_V as its data sheet does",
        )
    if is_virtual and table.certificate:
        raise InputError(
            "a certificate",
            where=where,
            allowed="none on the virtual bench: nothing is measured there",
        )
    if is_virtual or table.driver == "typed":
        if table.address is not None:
            raise InputError(
                "an address",
                where=where,
                allowed="none for a meter that is typed in, or on the virtual bench",
            )
        return
    if table.address is None:
        raise InputError(
            "no address", where=where, mend='such as "TCPIP::192.168.1.30::5025::SOCKET"'
        )
    check_address(table.address, where=where)


def specification(table: DmmTable, model: str, *, where: str) -> tuple[Percents, float, str]:
    """Return a meter's per cents of reading and range, its range, and where they are from.

    Args:
        table: of the station.
        model: as the meter says it.
        where: for errors.

    Raises:
        InputError: neither the station nor the driver knows it.
    """
    if (
        table.percent_of_reading is not None
        and table.percent_of_range is not None
        and table.range_V is not None
    ):
        percents = (table.percent_of_reading, table.percent_of_range)
        return percents, table.range_V, "as the station states it"
    family = FAMILIES[table.driver]
    by_interval = family.specification.get(model, {})
    if table.interval not in by_interval:
        raise InputError(
            f"the {table.interval} specification of the {model or 'meter'} is not known",
            where=where,
            allowed=", ".join(
                f"{name} ({', '.join(known)})" for name, known in family.specification.items()
            ),
            mend="give percent_of_reading, percent_of_range and range_V in [dmm]",
        )
    return by_interval[table.interval], family.range_V, family.source


def range_of(table: DmmTable) -> float:
    """Return the range that a meter measures in, volts."""
    return table.range_V or FAMILIES[table.driver].range_V


def standard_of(table: DmmTable, name: str, model: str, *, where: str) -> Standard:
    """Return what a calibration against this meter says of it.

    Raises:
        InputError: as ``specification``.
    """
    (reading, of_range), range_V, source = specification(table, model, where=where)
    return Standard(
        kind="typed" if table.driver == "typed" else "meter",
        name=name,
        of_reading=reading / 100,
        of_range_V=of_range / 100 * range_V,
        source=f"{table.interval}: {reading:g} % of the reading + {of_range:g} % of {range_V:g} V, "
        f"{source}",
        certificate=table.certificate,
        traceable=bool(table.certificate),
    )


OWN_REFERENCE = Standard(
    kind="reference",
    name=f"the fixture's own reference, {REFERENCE_V} V",
    of_reading=REFERENCE_BOUND + REFERENCE_CURRENT_BOUND + _FOLLOWER_BOUND_V / REFERENCE_V,
    of_range_V=_GROUND_BOUND_V,
    source=f"{REFERENCE_BOUND:.1%} of {REFERENCE_V} V, {REFERENCE_CURRENT_BOUND * 1e6:.0f} ppm for "
    f"its current, {1e3 * _FOLLOWER_BOUND_V:g} mV of its follower, and ground",
    traceable=False,
)
"""Not traceable: nobody has compared this very reference with anything."""


def standard_u_gain(standard: Standard) -> float:
    """Return the standard uncertainty that a standard leaves on every gain found with it."""
    return (standard.of_reading + standard.of_range_V / REACH_V) / math.sqrt(3)


def standard_u_V(standard: Standard) -> float:
    """Return the standard uncertainty that a standard leaves on every offset, volts."""
    return standard.of_range_V / math.sqrt(3)


class Meter(ABC):
    """A voltmeter on the terminals that are calibrated.

    Args:
        standard: what is stated of it.
    """

    def __init__(self, standard: Standard) -> None:
        self.standard = standard

    @abstractmethod
    def read(self, what: str, expected_V: float, within_V: float) -> float:
        """Return what it shows, volts.

        Args:
            what: is at its terminals, in words.
            expected_V: what about.
            within_V: how far off that can be in a fixture that can be calibrated at all.

        Raises:
            BenchError: it shows something else.
            LinkLost: it does not answer.
        """

    @abstractmethod
    def close(self) -> None:
        """Give it back."""
