"""Channels of transistors, level 1 with body effect.

Ref: H. Shichman, D. A. Hodges, IEEE J. Solid-State Circuits 3 (1968) 285.
"""

from __future__ import annotations

import math

from realnet_hw.predict.compiled.kernels.jit import inlined, kernel
from realnet_hw.predict.compiled.kernels.memory import LANES, Integers, Lanes, Reals, Tables
from realnet_hw.predict.compiled.kernels.rows import add, take


@kernel
def _channel(
    channels: Integers,
    channel_figures: Reals,
    parameters: Reals,
    x: Reals,
    channel: Reals,
    number: int,
    lane: int,
) -> None:
    """Compute a transistor's current from drain to source, and its derivatives."""
    figures = channel_figures
    drain = x[channels[number, 0], lane]
    gate = x[channels[number, 1], lane]
    source = x[channels[number, 2], lane]
    bulk = x[channels[number, 3], lane]
    polarity, surface = figures[number, 0], figures[number, 5]
    width = parameters[channels[number, 14], lane]
    length = parameters[channels[number, 15], lane]
    across = polarity * (drain - source)
    turned = across < 0
    low = drain if turned else source
    over_low, body = polarity * (gate - low), polarity * (bulk - low)
    across = abs(across)
    rest = math.sqrt(surface)
    if body <= 0:
        root = math.sqrt(surface - body)
        bend = -0.5 / root
    else:
        root = max(rest - body * 0.5 / rest, 0.0)
        bend = -0.5 / rest if root > 0 else 0.0
    threshold = polarity * figures[number, 1] + figures[number, 4] * (root - rest)
    drive = max(over_low - threshold, 0.0)
    gain = figures[number, 2] * width / length
    longer = gain * (1 + figures[number, 3] * across)
    active = min(across, drive)
    form = active * (drive - 0.5 * active)
    by_gate = longer * active
    by_far = longer * (drive - active) + gain * figures[number, 3] * form
    by_body = -by_gate * figures[number, 4] * bend
    every = by_gate + by_far + by_body
    sign = -1.0 if turned else 1.0
    channel[0, lane] = sign * polarity * longer * form
    channel[1, lane] = every if turned else by_far
    channel[2, lane] = sign * by_gate
    channel[3, lane] = -by_far if turned else -every
    channel[4, lane] = sign * by_body


@inlined
def channels(tables: Tables, lanes: Lanes) -> None:
    """Add the transistors' currents and slopes."""
    for number in range(len(tables.channels)):
        for lane in range(LANES):
            _channel(
                tables.channels,
                tables.channel_figures,
                lanes.parameters,
                lanes.x,
                lanes.channel,
                number,
                lane,
            )
        drain, source = tables.channels[number, 4], tables.channels[number, 5]
        add(lanes.f, drain, lanes.channel, 0)
        take(lanes.f, source, lanes.channel, 0)
        for pin in range(4):
            into, out = tables.channels[number, 6 + pin], tables.channels[number, 10 + pin]
            add(lanes.matrix, into, lanes.channel, 1 + pin)
            take(lanes.matrix, out, lanes.channel, 1 + pin)
