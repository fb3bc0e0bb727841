"""What a calibration says of the readings that are taken afterwards, as an uncertainty budget.

Ref: JCGM 100:2008 (GUM) 4.3.7 (bounds), 5.2 (what several channels have in common).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from typing import Literal

from realnet_hw.measure.calibration.levels import REACH_V
from realnet_hw.measure.calibration.standards import standard_u_gain, standard_u_V
from realnet_hw.measure.fixture_specification import (
    ADC_OWN_GAIN_BOUND,
    ADC_OWN_OFFSET_BOUND_V,
    DAC_CHANNELS,
    DAC_OWN_GAIN_BOUND,
    DAC_OWN_OFFSET_BOUND_V,
    ROOM_BOUND_K,
    SENSE_GAIN_PARTS,
    SENSE_OFFSET_PARTS_V,
    SHIFT_PARTS_V,
    SOURCE_GAIN_PARTS,
    SOURCE_OFFSET_PARTS_V,
    REFERENCE_DRIFT_per_K,
    ageing_bound,
    arcsine,
    dithered,
    from_specified_K,
    neighbours,
    rectangular,
    reference_drift,
)
from realnet_hw.records import ChannelCalibration, Component, FixtureCalibration, Standard

DRIFT_SHARE = 0.1
"""Of its tolerance, what a part may change by in a year; of a converter's bound, from room to room,
too. An assumption: no data sheet of these parts says."""
_RESISTOR_SHARE_per_K = 25e-6 / 0.1e-2
"""Of its 0.1 %, what a precise resistor may change by for each kelvin."""
_SPECIFIED_C, _THERMOMETER_K = 25.0, 1.0
_YEAR_days = 365


def components(record: FixtureCalibration, channel: str) -> list[Component] | None:
    """Return the budget of a channel that is calibrated, None of one that is not.

    It has all but what the readings themselves add, their scatter and the current that a terminal
    takes, and a source's rounding. Errors are what is indicated, or set, minus the true value.

    Args:
        record: the fixture's calibration, which has not expired.
        channel: a source or a sense.
    """
    if channel not in record.channels:
        return None
    return [*_left_open(record, channel), *changes(record, channel)]


def _left_open(record: FixtureCalibration, channel: str) -> list[Component]:
    """Return what the calibration itself left open of a channel: the same from then on."""
    each = record.channels[channel]
    kind = "DAC" if channel in DAC_CHANNELS else "ADC"
    said = f"calibrated {record.date} against {record.standard.name}"
    fit = f"{said}, {each.points} points"
    way: Literal["A", "B"] = "A" if each.degrees_of_freedom else "B"
    return [
        Component(
            name="calibration standard",
            kind="B",
            u_relative=standard_u_gain(record.standard),
            u_V=standard_u_V(record.standard),
            distribution="rectangular",
            shared="fixture",
            source=f"{said}: {record.standard.source}",
        ),
        # Small samples are allowed for in the figure itself: see ``line``.
        *(
            Component(
                name=f"{kind} {what}",
                kind=way,
                u_relative=u_gain,
                u_V=u_V,
                distribution="normal",
                shared="channel",
                source=fit,
            )
            for what, u_gain, u_V in (("gain", each.u_gain, 0.0), ("offset", 0.0, each.u_offset_V))
        ),
        Component(
            name=f"{kind} INL",
            kind="B" if each.deviation_V is None else "A",
            u_V=u_left_V(each),
            distribution="rectangular" if each.deviation_V is None else None,
            shared="reading",
            source=f"{fit}: at most {1e3 * each.residual_V:.1f} mV from their line",
        ),
    ]


def changes(record: FixtureCalibration, channel: str) -> list[Component]:
    """Return by what a channel may read or give otherwise now than when it was calibrated.

    These components alone count where a reading of now is compared with one of then.

    Raises:
        KeyError: the channel is not calibrated.
    """
    each = record.channels[channel]
    is_source = channel in DAC_CHANNELS
    days, apart_K = _days(record), _apart_K(record)
    then = "25" if record.room_C is None else f"{record.room_C:g}"
    around = ROOM_BOUND_K if record.room_C is None else _THERMOMETER_K
    return [
        Component(
            name="reference drift",
            kind="B",
            u_relative=reference_drift(apart_K, days),
            shared="fixture",
            source=f"{REFERENCE_DRIFT_per_K * 1e6:.0f} ppm/K, room at {then} ± {around:g} °C then "
            f"and at {_SPECIFIED_C:g} ± {ROOM_BOUND_K:g} °C now, "
            f"{ageing_bound(days) * 1e6:.0f} ppm of ageing until {record.expires}",
        ),
        *_drifts(is_source, apart_K, days, record.expires),
        *([] if is_source else [neighbours(channel), dithered(each.noise_V)]),
    ]


def _drifts(is_source: bool, apart_K: float, days: int, expires: str) -> list[Component]:
    """Return what parts other than the reference change by.

    One converter and one 2.56 V stand behind all senses: what they drift by is U-shaped.
    """
    aged = DRIFT_SHARE * math.sqrt(days / _YEAR_days)
    resistor = math.hypot(_RESISTOR_SHARE_per_K * apart_K, aged)
    converter = math.hypot(DRIFT_SHARE, aged)

    def together(parts: Sequence[float], resistors: int = 0, own: float = 0.0) -> float:
        """Return the bound of what parts change by, their resistors first."""
        shares = [resistor] * resistors + [aged] * (len(parts) - resistors)
        moved = [part * share for part, share in zip(parts, shares, strict=True)]
        return math.hypot(*moved, own * converter)

    def component(
        name: str, shared: Literal["fixture", "channel"], relative: float, volts: float
    ) -> Component:
        u = arcsine if shared == "fixture" else rectangular
        return Component(
            name=name,
            kind="B",
            u_relative=u(relative),
            u_V=u(volts),
            shared=shared,
            source=f"resistors 25 ppm/K; a tenth of each part's tolerance until {expires}, "
            "of a converter's from room to room, too",
        )

    if is_source:
        shift_V = together(SHIFT_PARTS_V, 2)
        own_V = together(SOURCE_OFFSET_PARTS_V, 2, DAC_OWN_OFFSET_BOUND_V)
        gain = together(SOURCE_GAIN_PARTS, 2, DAC_OWN_GAIN_BOUND)
        return [component("DAC drift", "channel", gain, math.hypot(own_V, shift_V))]
    return [
        component(
            "ADC drift",
            "fixture",
            together((), own=ADC_OWN_GAIN_BOUND),
            together(SHIFT_PARTS_V, 2, ADC_OWN_OFFSET_BOUND_V),
        ),
        component(
            "sense drift",
            "channel",
            together(SENSE_GAIN_PARTS, 3),
            together(SENSE_OFFSET_PARTS_V, 3),
        ),
    ]


def _apart_K(record: FixtureCalibration) -> float:
    """Return how far apart the rooms are, then and now, root mean square."""
    if record.room_C is None:
        return math.hypot(from_specified_K(), from_specified_K())
    return math.hypot(record.room_C - _SPECIFIED_C, rectangular(_THERMOMETER_K), from_specified_K())


def _days(record: FixtureCalibration) -> int:
    return (date.fromisoformat(record.expires) - date.fromisoformat(record.date)).days


def u_left_V(each: ChannelCalibration) -> float:
    """Return the standard uncertainty of what correcting leaves of a level, volts.

    That is nonlinearity, and what the correction can't hold.
    """
    bend_V = rectangular(each.residual_V) if each.deviation_V is None else each.deviation_V
    return math.hypot(bend_V, rectangular(abs(each.left_V) + abs(each.left_gain) * REACH_V))


def expanded_V(record: FixtureCalibration, channel: str, level_V: float) -> float:
    """Return the expanded uncertainty (k = 2) of a channel just after its calibration, volts.

    That is what the calibration states of one level, without rounding, scatter and drift.

    Raises:
        KeyError: the channel is not calibrated.
    """
    return stated_V(record.standard, record.channels[channel], level_V)


def stated_V(standard: Standard, each: ChannelCalibration, level_V: float) -> float:
    """Return ``expanded_V`` of a channel before there is a record, volts."""
    return 2 * math.hypot(
        each.u_offset_V,
        standard_u_V(standard),
        each.u_gain * level_V,
        standard_u_gain(standard) * level_V,
        u_left_V(each),
    )
