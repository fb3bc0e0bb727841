"""Whether a calibration with a standard can be worth its time, before the first reading is taken.

It compares what a reading of the fixture states without a calibration with what it states at best
after one: with lines that leave nothing open, so that the standard, drift and what else no
calibration takes away remain.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta

import msgspec

from realnet_hw.errors import InputError
from realnet_hw.measure.calibration.budget import components
from realnet_hw.measure.calibration.standards import OWN_REFERENCE
from realnet_hw.measure.fixture_specification import (
    ADC_NOISE_V,
    LSB_V,
    SENSE_CHANNELS,
    adc_components,
    repeatability,
)
from realnet_hw.records import ChannelCalibration, Component, FixtureCalibration, Standard
from realnet_hw.uncertainty import expanded_uncertainty

LEVEL_V = 5.0
"""What decides: the highest level of most boards."""
_ENDS_V = 0.0, 10.0
_LEAST_GAIN = 1 / 3
"""Whoever gains less than that had better know before."""
_STEADY = repeatability(0.0, 1, 1)
"""Readings without scatter: what they add is the same with and without a calibration."""
_FOUND_ON = date(2001, 1, 1)
"""Any day: how many there are until it expires is all that counts."""


@dataclass(frozen=True)
class Gain:
    """What a calibration would change.

    Args:
        before_V: what a reading states without it, by level, expanded (k = 2), volts.
        after_V: what it states at best with it.
    """

    before_V: dict[float, float]
    after_V: dict[float, float]

    @property
    def share(self) -> float:
        """Which share of the uncertainty at ``LEVEL_V`` it takes away; below 0 it adds some."""
        return 1 - self.after_V[LEVEL_V] / self.before_V[LEVEL_V]


def gain_of(standard: Standard, valid_days: int = 365, room_C: float | None = None) -> Gain:
    """Return what a calibration against a standard would change at best.

    Args:
        standard: what is stated of it.
        valid_days: after how many days it expires.
        room_C: the room's temperature, where somebody has read it.
    """
    channel = SENSE_CHANNELS[0]
    record = FixtureCalibration(
        made_from={},
        station="",
        path="",
        firmware="",
        standard=standard,
        method="",
        started_utc="",
        finished_utc="",
        date=f"{_FOUND_ON:%Y-%m-%d}",
        expires=f"{_FOUND_ON + timedelta(days=valid_days):%Y-%m-%d}",
        channels={channel: _best()},
        readings=[],
        checks=[],
        room_C=room_C,
    )
    return Gain(
        _stated(adc_components(_STEADY)),
        _stated(adc_components(_STEADY, components(record, channel))),
    )


def judge(standard: Standard, valid_days: int, room_C: float | None, *, where: str) -> str:
    """Return what to say of a meter that gains little; nothing of one that gains enough.

    Args:
        standard: what is stated of the meter.
        valid_days, room_C: as ``gain_of``.
        where: the station's file.

    Raises:
        InputError: readings would state no less with the calibration than without.
    """
    found = gain_of(standard, valid_days, room_C)
    if found.share >= _LEAST_GAIN:
        return ""
    both = (
        f"{_mV(found.after_V[LEVEL_V])} mV at {LEVEL_V:g} V at best, without it "
        f"{_mV(found.before_V[LEVEL_V])} mV"
    )
    ends = " and ".join(
        f"{_mV(found.after_V[level])} instead of {_mV(found.before_V[level])} mV at {level:g} V"
        for level in _ENDS_V
    )
    said, mend = f"U of a reading {both} ({ends})", _mend(valid_days, room_C)
    name = f"this meter ({standard.name})"
    if found.share > 0:
        return f"{name} gains little: {said}; better: {mend}"
    raise InputError(
        f"a calibration with {name} gains nothing: {said}",
        where=where,
        mend=mend,
    )


def needed_percent(valid_days: int, room_C: float | None) -> float:
    """Return within how many per cent of ``LEVEL_V`` a meter has to be to gain enough.

    Its digits are in that. Rounded down to 1, 2 or 5 times a power of ten, so that it is no less.
    """
    perfect = msgspec.structs.replace(OWN_REFERENCE, of_reading=0.0, of_range_V=0.0)
    found = gain_of(perfect, valid_days, room_C)
    most_V = (1 - _LEAST_GAIN) * found.before_V[LEVEL_V]
    left_V2 = most_V**2 - found.after_V[LEVEL_V] ** 2
    # Expanded, of a rectangular distribution.
    percent = 100 * math.sqrt(left_V2) / 2 * math.sqrt(3) / LEVEL_V
    power = 10.0 ** math.floor(math.log10(percent))
    return max(digit * power for digit in (1, 2, 5) if digit * power <= percent)


def _mend(valid_days: int, room_C: float | None) -> str:
    percent = needed_percent(valid_days, room_C)
    meter = f"a meter within {percent:g} % at {LEVEL_V:g} V, its digits with it"
    own_V = gain_of(OWN_REFERENCE, valid_days, room_C).after_V[LEVEL_V]
    return f"--against reference, which states {_mV(own_V)} mV at best, or {meter}"


def _best() -> ChannelCalibration:
    """Return a sense whose line leaves nothing open, with noise that dithers its steps away."""
    return ChannelCalibration(
        gain=0.0,
        offset_V=0.0,
        U_gain=0.0,
        U_offset_V=0.0,
        u_gain=0.0,
        u_offset_V=0.0,
        found_ppm=0.0,
        found_V=0.0,
        correction_ppm=0.0,
        correction_V=0.0,
        left_gain=0.0,
        left_V=0.0,
        residual_V=0.0,
        noise_V=math.hypot(ADC_NOISE_V, LSB_V / math.sqrt(12)),
        points=1,
        deviation_V=0.0,
    )


def _stated(budget: list[Component]) -> dict[float, float]:
    return {volts: expanded_uncertainty(budget, volts) for volts in (*_ENDS_V, LEVEL_V)}


def _mV(volts: float) -> str:
    return f"{1e3 * volts:.3g}"
