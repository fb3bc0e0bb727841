"""What a calibration says of the readings that are taken afterwards, as an uncertainty budget.

Ref: JCGM 100:2008 (GUM) 4.3.7 (bounds), 5.2 (what several channels have in common).
"""

from __future__ import annotations

import math
from datetime import date
from typing import Literal

from realnet_hw.measure.calibration.levels import REACH_V
from realnet_hw.measure.calibration.standards import standard_u_gain, standard_u_V
from realnet_hw.measure.fixture_specification import (
    ADC_GAIN_BOUND,
    ADC_OFFSET_BOUND_V,
    DAC_CHANNELS,
    DAC_GAIN_BOUND,
    DAC_OFFSET_BOUND_V,
    ROOM_BOUND_K,
    REFERENCE_DRIFT_per_K,
    ageing_bound,
    neighbours,
    rectangular,
)
from realnet_hw.records import ChannelCalibration, Component, FixtureCalibration, Standard

DRIFT_SHARE = 0.1
"""Of what an uncalibrated channel may be off, what it may drift from room to room and in a year,
which is the longest that a calibration lasts. An assumption: no data sheet of these parts says."""


def components(record: FixtureCalibration, channel: str) -> list[Component] | None:
    """Return the budget of a channel that is calibrated, None of one that is not.

    It has all but what the readings themselves add: their rounding, their scatter and the current
    that a terminal takes. Errors are what is indicated, or set, minus the true value.

    Args:
        record: the fixture's calibration, which has not expired.
        channel: a source or a sense.
    """
    if channel not in record.channels:
        return None
    each = record.channels[channel]
    is_source = channel in DAC_CHANNELS
    kind = "DAC" if is_source else "ADC"
    said = f"calibrated {record.date} against {record.standard.name}"
    fit = f"{said}, {each.points} points"
    left_V = largest_left_V(each)
    gain_bound = DAC_GAIN_BOUND if is_source else ADC_GAIN_BOUND
    offset_bound_V = DAC_OFFSET_BOUND_V if is_source else ADC_OFFSET_BOUND_V
    warmth = REFERENCE_DRIFT_per_K * ROOM_BOUND_K
    ageing = ageing_bound(_days(record))
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
        Component(
            name="reference drift",
            kind="B",
            # The room may have been warm then and be cold now.
            u_relative=rectangular(math.hypot(warmth, warmth, ageing)),
            shared="fixture",
            source=f"{REFERENCE_DRIFT_per_K * 1e6:.0f} ppm/K, room at 25 ± {ROOM_BOUND_K:g} °C "
            f"then and now, {ageing * 1e6:.0f} ppm of ageing until {record.expires}",
        ),
        # Small samples are allowed for in the figure itself: see ``line``.
        Component(
            name=f"{kind} gain",
            kind=way,
            u_relative=each.u_gain,
            distribution="normal",
            shared="channel",
            source=fit,
        ),
        Component(
            name=f"{kind} offset",
            kind=way,
            u_V=each.u_offset_V,
            distribution="normal",
            shared="channel",
            source=fit,
        ),
        Component(
            name=f"{kind} INL",
            kind="B",
            u_V=rectangular(left_V),
            distribution="rectangular",
            shared="reading",
            source=f"{fit}: {1e3 * left_V:.1f} mV left at most",
        ),
        Component(
            name=f"{kind} drift",
            kind="B",
            u_relative=rectangular(DRIFT_SHARE * gain_bound),
            u_V=rectangular(DRIFT_SHARE * offset_bound_V),
            distribution="rectangular",
            shared="channel",
            source=f"a tenth of the uncalibrated specification until {record.expires}",
        ),
        *([] if is_source else [neighbours()]),
    ]


def _days(record: FixtureCalibration) -> int:
    return (date.fromisoformat(record.expires) - date.fromisoformat(record.date)).days


def largest_left_V(each: ChannelCalibration) -> float:
    """Return what correcting leaves at most: nonlinearity, and what the correction can't hold."""
    return each.residual_V + abs(each.left_V) + abs(each.left_gain) * REACH_V


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
        rectangular(largest_left_V(each)),
    )
