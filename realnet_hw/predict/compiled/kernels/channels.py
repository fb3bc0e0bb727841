"""Channels of transistors, level 1 with body effect.

Ref: H. Shichman, D. A. Hodges, IEEE J. Solid-State Circuits 3 (1968) 285.
"""

from __future__ import annotations

import math

from realnet_hw.predict.compiled.kernels.jit import inlined, kernel
from realnet_hw.predict.compiled.kernels.memory import Integers, Lanes, Reals, Tables
from realnet_hw.predict.compiled.kernels.rows import add_live, put_difference, take_live


@kernel
def _voltages(channels: Integers, x: Reals, pins: Reals) -> None:
    """Put what lies between drain, gate and bulk and the source, then the drain, side by side."""
    count = len(channels)
    for number in range(count):
        drain, gate, source, bulk = (
            channels[number, 0], channels[number, 1], channels[number, 2], channels[number, 3],
        )  # fmt: skip
        put_difference(pins, number, x, drain, x, source)
        put_difference(pins, count + number, x, gate, x, source)
        put_difference(pins, 2 * count + number, x, gate, x, drain)
        put_difference(pins, 3 * count + number, x, bulk, x, source)
        put_difference(pins, 4 * count + number, x, bulk, x, drain)


@kernel
def _currents(figures: Reals, pins: Reals, channel: Reals) -> None:
    """Compute every transistor's current from drain to source, and its derivatives.

    Of a transistor whose drain is below its source the two change places.
    """
    # All lanes of all transistors in one loop, which becomes vector instructions.
    count = channel.size // 5
    of, volts, out = figures.reshape(-1), pins.reshape(-1), channel.reshape(-1)
    for at in range(count):
        polarity, threshold, gain = of[at], of[count + at], of[2 * count + at]
        modulation, gamma, rest = of[3 * count + at], of[4 * count + at], of[5 * count + at]
        across = polarity * volts[at]
        turned = across < 0
        over_low = polarity * (volts[2 * count + at] if turned else volts[count + at])
        body = polarity * (volts[4 * count + at] if turned else volts[3 * count + at])
        across = abs(across)
        behind = math.sqrt(rest * rest - min(body, 0.0))
        ahead = max(rest - body * 0.5 / rest, 0.0)
        root = behind if body <= 0 else ahead
        bend = -0.5 / (behind if body <= 0 else rest) if root > 0 else 0.0
        drive = max(over_low - (polarity * threshold + gamma * (root - rest)), 0.0)
        longer = gain * (1 + modulation * across)
        active = min(across, drive)
        form = active * (drive - 0.5 * active)
        by_gate = longer * active
        by_far = longer * (drive - active) + gain * modulation * form
        by_body = -by_gate * gamma * bend
        every = by_gate + by_far + by_body
        sign = -1.0 if turned else 1.0
        out[at] = sign * polarity * longer * form
        out[count + at] = every if turned else by_far
        out[2 * count + at] = sign * by_gate
        out[3 * count + at] = -by_far if turned else -every
        out[4 * count + at] = sign * by_body


@kernel
def _stamp(channels: Integers, channel: Reals, f: Reals, matrix: Reals) -> None:
    count = len(channels)
    for number in range(count):
        add_live(f, channels[number, 4], channel, number)
        take_live(f, channels[number, 5], channel, number)
        for pin in range(4):
            slope = (1 + pin) * count + number
            add_live(matrix, channels[number, 6 + pin], channel, slope)
            take_live(matrix, channels[number, 10 + pin], channel, slope)


@inlined
def channels(tables: Tables, lanes: Lanes) -> None:
    """Add the transistors' currents and slopes."""
    if len(tables.channels) > 0:
        _voltages(tables.channels, lanes.x, lanes.pins)
        _currents(lanes.transistor, lanes.pins, lanes.channel)
        _stamp(tables.channels, lanes.channel, lanes.f, lanes.matrix)
