"""From a journal's points to a measurement record: means, scatter and uncertainty."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence

from realnet_hw.board import Board
from realnet_hw.measure.fixture_specification import (
    ADC_NOISE_V,
    DAC_CHANNELS,
    LINE_CHANNELS,
    PULL_CHANNELS,
    PULSE_CHANNELS,
    SENSE_CHANNELS,
    TICK_S,
    Clock,
    adc_components,
    dac_components,
    jitter,
    pulse_components,
    repeatability,
)
from realnet_hw.measure.journal import Point
from realnet_hw.measure.station import SENSE_SUFFIX, Reading
from realnet_hw.records import (
    Component,
    MeasuredCase,
    MeasuredInput,
    MeasuredPulse,
    MeasuredValue,
)
from realnet_hw.uncertainty import expanded_uncertainty

Calibrated = Callable[[str], Sequence[Component] | None]
"""Channel to what a calibration says of its gain, offset and nonlinearity; None where it says
nothing, so that the specification holds."""


def uncalibrated(_channel: str) -> None:
    """Say nothing of any channel: see ``Calibrated``."""


def budgets(
    wiring: Mapping[str, str],
    points: Sequence[Point],
    clock: Clock = "resonator",
    calibrated: Calibrated = uncalibrated,
) -> dict[str, list[Component]]:
    """Return the uncertainty budget of every wired channel of volts or seconds.

    The scatter of a terminal's readings is pooled over all points, since it comes from the
    converter's noise rather than from the level: a few readings at each of a few points then give
    a deviation with enough degrees of freedom for k = 2.

    Ref: JCGM 100:2008 4.2.4 (pooled estimate), 4.2.3 (mean).
    """
    found: dict[str, list[Component]] = {}
    for terminal, channel in wiring.items():
        if channel in DAC_CHANNELS:
            found[channel] = dac_components(calibrated(channel))
        elif channel in PULSE_CHANNELS:
            timed = [point.widths_s[terminal] for point in points if terminal in point.widths_s]
            if timed:
                found[channel] = pulse_components(clock, jitter(*_scatter(timed)))
        elif channel in SENSE_CHANNELS:
            read = [point.readings_V[terminal] for point in points]
            found[channel] = adc_components(repeatability(*_scatter(read)), calibrated(channel))
    return found


def _scatter(groups: Sequence[Sequence[float]]) -> tuple[float, int, int]:
    """Return the pooled deviation of readings, its degrees of freedom, and readings a group."""
    freedom = sum(len(group) - 1 for group in groups)
    squares = sum(statistics.variance(group) * (len(group) - 1) for group in groups)
    return (squares / freedom) ** 0.5, freedom, min(map(len, groups))


def planned_budgets(
    wiring: Mapping[str, str],
    reading: Reading,
    clock: Clock = "resonator",
    calibrated: Calibrated = uncalibrated,
) -> dict[str, list[Component]]:
    """Return the budgets to expect before anything is measured: the noise is the specification's.

    With these it can be said beforehand which faults a wiring will not show.
    """
    noise = Component(
        name="repeatability",
        kind="B",
        u_V=ADC_NOISE_V / math.sqrt(reading.average * reading.repeats),
        distribution="normal",
        shared="reading",
        source=f"specification: {ADC_NOISE_V * 1e3:.1f} mV rms a conversion",
    )
    found: dict[str, list[Component]] = {}
    for channel in wiring.values():
        if channel in DAC_CHANNELS:
            found[channel] = dac_components(calibrated(channel))
        elif channel in PULSE_CHANNELS:
            found[channel] = pulse_components(clock, jitter(TICK_S, 1, reading.repeats))
        elif channel not in (*PULL_CHANNELS, *LINE_CHANNELS):
            # A sense channel, or one that is only supposed to be there.
            found[channel] = adc_components(noise, calibrated(channel))
    return found


def case(
    board: Board,
    wiring: Mapping[str, str],
    point: Point,
    channels: Mapping[str, Sequence[Component]],
) -> MeasuredCase:
    """Return one row of the truth table; what is not wired is UNSET."""

    def value(terminal: str) -> MeasuredValue:
        channel = wiring.get(terminal)
        if channel is None:
            return MeasuredValue(value_V=None, U_V=None, channel=None)
        mean_V = statistics.fmean(point.readings_V[terminal])
        return MeasuredValue(
            value_V=mean_V, U_V=expanded_uncertainty(channels[channel], mean_V), channel=channel
        )

    def pulse(terminal: str) -> MeasuredPulse:
        channel = wiring.get(terminal)
        widths_s = point.widths_s.get(terminal)
        if channel is None or not widths_s:
            why = point.untimed.get(terminal, "")
            return MeasuredPulse(width_s=None, U_s=None, channel=channel, untimed=why)
        mean_s = statistics.fmean(widths_s)
        return MeasuredPulse(
            width_s=mean_s, U_s=expanded_uncertainty(channels[channel], mean_s), channel=channel
        )

    inputs = {}
    for name, set_V in point.set_V.items():
        delivered = value(f"{name}{SENSE_SUFFIX}")
        inputs[name] = MeasuredInput(
            set_V=set_V,
            value_V=delivered.value_V,
            U_V=delivered.U_V,
            channel=delivered.channel,
        )
    return MeasuredCase(
        inputs=inputs,
        outputs={port.name: value(port.name) for port in board.outputs},
        nodes={each.name: value(each.name) for each in board.test_points if each.kind == "voltage"},
        time_utc=point.time_utc,
        pulses={each.name: pulse(each.name) for each in board.test_points if each.kind == "pulse"},
    )
