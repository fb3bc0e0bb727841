"""From the points of a calibration to what each channel does, and how sure that is.

A sense is compared with the standard. A source is, too, where the standard was asked; else with the
senses, once these are known, whose own uncertainty it then has besides.

Ref: JCGM 100:2008 (GUM) 4.2.4 (pooled estimate), 5.1.2 (combination).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from realnet_hw.errors import BenchError
from realnet_hw.measure.calibration.levels import REACH_V
from realnet_hw.measure.calibration.line import Line, line_through, undithered_V, with_scatter
from realnet_hw.measure.calibration.procedure import NOISE, TakenPoint
from realnet_hw.measure.calibration.standards import standard_u_gain, standard_u_V
from realnet_hw.measure.calibration.stored import GAIN_MAX_PPM, OFFSET_MAX_V
from realnet_hw.measure.codes import Correction
from realnet_hw.measure.fixture_specification import (
    ADC_INL_BOUND_V,
    DAC_CHANNELS,
    DAC_INL_BOUND_V,
    LSB_V,
    SENSE_CHANNELS,
    rectangular,
)
from realnet_hw.records import ChannelCalibration, Standard
from realnet_hw.uncertainty import COVERAGE_FACTOR

_LEFT_MAX_V = DAC_INL_BOUND_V
"""What may be left where more is needed than the controller takes: a bow within the specification
adds that much to the line."""
_FEW = 3
"""So many different levels or fewer tell nothing of nonlinearity: the specification has to."""


@dataclass(frozen=True)
class Found:
    """What a channel does without correction.

    Args:
        line: its errors.
        noise_V: see ``records.ChannelCalibration``.
        residual_V: the largest deviation from the line.
        through: the channels that measured it.
    """

    line: Line
    noise_V: float
    residual_V: float
    through: tuple[str, ...] = ()


def assess(points: Sequence[TakenPoint]) -> dict[str, Found]:
    """Return what every channel does.

    Args:
        points: those that count, noise among them.

    Raises:
        InputError: too few points.
    """
    (noise,) = (point for point in points if point.point == NOISE)
    levels = [point for point in points if point.point != NOISE]
    known = [point for point in levels if point.standard_V is not None]
    found = {
        channel: _sense(channel, known, statistics.stdev(noise.readings_V[channel]))
        for channel in SENSE_CHANNELS
    }
    senses = dict(found)
    for channel in DAC_CHANNELS:
        own = [point for point in levels if point.lead == channel]
        # A person reads the meter at few levels, the senses at many.
        unasked = [point for point in own if point.standard_V is None]
        found[channel] = _source(unasked or own, senses)
    return found


def _sense(channel: str, points: Sequence[TakenPoint], scatter_V: float) -> Found:
    # Where noise is too small to change a code, a reading is still off by its rounding.
    noise_V = max(scatter_V, LSB_V / math.sqrt(12))
    read = [(_standard_V(p), statistics.fmean(p.readings_V[channel])) for p in points]
    levels = sorted({level for level, _ in read})
    if len(levels) <= _FEW:
        means = [statistics.fmean(y for x, y in read if x == level) for level in levels]
        rounding_V = max(undithered_V([mean], scatter_V) for mean in means)
        u_V = math.hypot(ADC_INL_BOUND_V, rounding_V) / math.sqrt(3)
        return Found(line_through(levels, means, u_V), noise_V, ADC_INL_BOUND_V)
    rounding_V = undithered_V([reading for _, reading in read], scatter_V) / math.sqrt(3)
    line = line_through([x for x, _ in read], [y for _, y in read])
    passes = [
        line_through(
            [x for x, p in zip((x for x, _ in read), points, strict=True) if p.lead == lead],
            [y for y, p in zip((y for _, y in read), points, strict=True) if p.lead == lead],
        )
        for lead in dict.fromkeys(point.lead for point in points)
    ]
    sure = with_scatter(line, passes).widened(offset_V=rounding_V)
    return Found(sure, noise_V, line.residual_V)


def _source(points: Sequence[TakenPoint], senses: Mapping[str, Found]) -> Found:
    set_V = [0.0 if point.set_V is None else point.set_V for point in points]
    if all(point.standard_V is not None for point in points):
        line = line_through(set_V, [_standard_V(point) for point in points])
        return Found(line, _scatter_V(points), line.residual_V)
    delivered = [
        statistics.fmean(
            each.line.inverse(statistics.fmean(point.readings_V[channel]))
            for channel, each in senses.items()
        )
        for point in points
    ]
    line = line_through(set_V, delivered)
    # One converter reads all senses: their mean is no surer than the least sure of them.
    wider = line.widened(
        gain=max(each.line.u_gain for each in senses.values()),
        offset_V=max(each.line.u_offset_V for each in senses.values()),
    )
    return Found(wider, _scatter_V(points), line.residual_V, tuple(senses))


def _standard_V(point: TakenPoint) -> float:
    assert point.standard_V is not None
    return point.standard_V


def _scatter_V(points: Sequence[TakenPoint]) -> float:
    """Return the pooled deviation of what the senses, on average, read at one setting."""
    rounds = [
        [statistics.fmean(row) for row in zip(*point.readings_V.values(), strict=True)]
        for point in points
    ]
    return math.sqrt(statistics.fmean(statistics.variance(row) for row in rounds))


def correction_for(channel: str, line: Line) -> Correction:
    """Return the correction of a channel, as near to the right one as the controller can hold.

    Raises:
        BenchError: the channel is further off than that.
    """
    gain_ppm, offset_V = 1e6 * (1 / (1 + line.gain) - 1), -line.offset_V / (1 + line.gain)
    held_ppm = max(-GAIN_MAX_PPM, min(GAIN_MAX_PPM, round(gain_ppm)))
    held_V = max(-OFFSET_MAX_V, min(OFFSET_MAX_V, round(offset_V, 6)))
    left_V = abs(offset_V - held_V) + abs(gain_ppm - held_ppm) / 1e6 * REACH_V
    if left_V > _LEFT_MAX_V:
        raise BenchError(
            f"gain {1e2 * line.gain:+.2f} %, offset {1e3 * line.offset_V:+.1f} mV: more than can "
            "be corrected",
            where=channel,
            allowed=f"{GAIN_MAX_PPM / 1e4:g} %, {1e3 * OFFSET_MAX_V:.0f} mV",
            mend="check its wiring and its resistors, exchange its part, then calibrate again",
        )
    return Correction(gain_ppm=held_ppm, offset_V=held_V)


def figures(
    found: Mapping[str, Found], standard: Standard, held: Mapping[str, Correction]
) -> dict[str, ChannelCalibration]:
    """Return what the record says of every channel.

    Args:
        found: by ``assess``.
        standard: what was compared with.
        held: the corrections that the controller held before.

    Raises:
        BenchError: as ``correction_for``.
    """
    return {
        channel: _figures(channel, each, standard, held[channel]) for channel, each in found.items()
    }


def _figures(
    channel: str, found: Found, standard: Standard, held: Correction
) -> ChannelCalibration:
    line = found.line
    new = correction_for(channel, line)
    scale = 1 + new.gain_ppm / 1e6
    is_source = channel in DAC_CHANNELS
    return ChannelCalibration(
        gain=line.gain,
        offset_V=line.offset_V,
        U_gain=COVERAGE_FACTOR * math.hypot(line.u_gain, standard_u_gain(standard)),
        U_offset_V=COVERAGE_FACTOR * math.hypot(line.u_offset_V, standard_u_V(standard)),
        u_gain=line.u_gain,
        u_offset_V=line.u_offset_V,
        found_ppm=held.gain_ppm,
        found_V=held.offset_V,
        correction_ppm=new.gain_ppm,
        correction_V=new.offset_V,
        left_gain=(1 + line.gain) * scale - 1,
        left_V=(1 + line.gain) * new.offset_V + line.offset_V
        if is_source
        else line.offset_V * scale + new.offset_V,
        residual_V=found.residual_V,
        noise_V=found.noise_V,
        points=len(line.residuals_V),
        degrees_of_freedom=line.freedom,
        through=list(found.through),
        deviation_V=None
        if line.deviation_V is None
        else min(line.deviation_V, rectangular(DAC_INL_BOUND_V if is_source else ADC_INL_BOUND_V)),
    )
