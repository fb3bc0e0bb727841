"""What a virtual fixture truly is: draws of its errors, by name.

The analogue circuit's errors come from its parts, drawn within their tolerances and solved
(``shield``). The converters' own are drawn here, within what the uncertainty budgets are made from:
gain 0.24 % and offset 18 mV at the terminal for a source, 5 and 3 LSB for the one converter behind
all sense channels, nonlinearity 12 LSB and 1 LSB, half an LSB rms of noise in each conversion;
0.3 V at a pulse input's threshold, 0.5 % of the clock. How errors lie within these bounds no
specification says, and the budgets assume the plainest: uniform, without order, unchanging.
``even`` is that fixture. The others are fixtures that one may as well have on the bench; a verdict
that is right on them, too, does not rest on the assumption.

Ref: MCP4922 DS22250 and MCP3208-B DS21298, from memory (the latter's gain, offset and both
     nonlinearities are their maxima; a source's gain and offset are what a checked fixture has, see
     the fixture's reference page).
"""

from __future__ import annotations

import dataclasses
import math
import random
from collections.abc import Callable, Iterable, Mapping

from realnet_hw.emulate import nonlinearity
from realnet_hw.emulate.converters import InlShape
from realnet_hw.emulate.front_end import (
    INPUTS,
    OUTPUTS,
    PULSE_THRESHOLD_V,
    PULSES,
    REFERENCE_V,
    SHIFTER_GAIN,
    ChannelErrors,
    Circuit,
    Errors,
    RELAY_MAX_s,
)
from realnet_hw.emulate.moment import NEW, Moment, converter_change
from realnet_hw.emulate.shield import shield_on
from realnet_hw.emulate.unrest import Hum, Pink, WarmUp, still
from realnet_hw.emulate.within import Within, outer_tenth, uniform
from realnet_hw.predict.engines import usual
from realnet_hw.predict.lots import mixed, sorted_out
from realnet_hw.technology.fixture_copper import SHARES

# What is drawn lies within these, a little inside the figures above.
_OUTPUT_GAIN_BOUND, _OUTPUT_OFFSET_BOUND_V, _OUTPUT_INL_BOUND_LSB = 0.00239, 17.9e-3, 11.98
_INPUT_GAIN_BOUND, _INPUT_OFFSET_BOUND_V, _INPUT_INL_BOUND_LSB = 4.99 / 4096, 14.9e-3, 0.998
_PULSE_THRESHOLD_BOUND_V = 0.3
_CLOCK_BOUND = 0.005
# Sources that fixtures have had from the first on; the others are drawn apart from them.
_FIRST_OUTPUTS = 4
_NOISE_rms_V = 0.5 * REFERENCE_V / 4096
# Of a bound, what drift may use up while one measures.
_DRIFT_SHARE = 0.1
# A track's thickness and width; copper's coefficient; a usual room is so much above 20 °C.
_COPPER_BOUND, _COPPER_per_K, _ROOM_over_20_K = 0.15, 3.9e-3, 5.0

DrawInl = Callable[[random.Random, float], InlShape]
"""Draws a nonlinearity within a bound, LSB."""


def draw_circuit(
    seed: int, *, truth: str = "even", engine: str | None = None, at: Moment = NEW
) -> Circuit:
    """Draw a fixture's parts within their tolerances, and its copper, and solve its circuit.

    Args:
        seed: of the parts.
        truth: a key of ``FIXTURES``; ``at_bounds`` has no part in the middle of its tolerance.
        engine: what solves it, a key of ``predict.engines.ENGINES``; the usual one when left out.
        at: when, for parts drift and age.

    Raises:
        SimulationFailed: the circuit has no operating point.
    """
    lot = sorted_out if truth == at_bounds.__name__ else mixed
    # The board behind the fixture is drawn from the seed itself: its parts are not the fixture's.
    own_seed = random.Random(f"shield {seed}").getrandbits(32)
    circuit = shield_on(engine or usual()).draw(own_seed, lot, at, _within(truth))
    thicker = _within(truth)(random.Random(f"copper {seed}"), _COPPER_BOUND)
    ohm = (1 + _COPPER_per_K * (_ROOM_over_20_K + at.warmer_K)) / (1 + thicker)
    copper = tuple(tuple(ohm * share for share in row) for row in SHARES)
    return dataclasses.replace(circuit, copper=copper)


def draw_errors(seed: int, *, truth: str = "even", noise: bool = True, at: Moment = NEW) -> Errors:
    """Draw what is wrong with a fixture beside its parts: the same for the same seed.

    Args:
        seed: of everything about it.
        truth: a key of ``FIXTURES``.
        noise: whether conversions have any, hum included.
        at: when, for converters drift and age.
    """
    errors = FIXTURES[truth](seed)
    if at != NEW:
        errors = _later(errors, seed, truth, at)
    return errors if noise else dataclasses.replace(errors, noise_V=0.0, hum=still)


def _later(errors: Errors, seed: int, truth: str, at: Moment) -> Errors:
    """Return what is wrong with a fixture at another moment."""
    source = random.Random(f"converters later {seed}")

    def moved(channel: ChannelErrors) -> ChannelErrors:
        gain, offset_V = converter_change(source, at, _within(truth))
        return dataclasses.replace(
            channel, gain=channel.gain + gain, offset_V=channel.offset_V + offset_V
        )

    return dataclasses.replace(
        errors,
        inputs=(moved(errors.inputs[0]),) * INPUTS,
        outputs=tuple(map(moved, errors.outputs)),
    )


def _within(truth: str) -> Within:
    return outer_tenth if truth == at_bounds.__name__ else uniform


def even(seed: int) -> Errors:
    """Gain and offset anywhere within their bounds, smooth nonlinearity, white noise."""
    return _draw(seed, uniform, nonlinearity.waves)


def at_bounds(seed: int) -> Errors:
    """Every converter's gain and offset in the outer tenth of its bound, on one side or the other.

    Parts are from the outer halves of their tolerances, too.
    """
    return _draw(seed, outer_tenth, nonlinearity.waves)


def curved(seed: int) -> Errors:
    """Nonlinearities of one sign over half the range or all of it, at their bound: bow or S."""
    return _draw(seed, uniform, nonlinearity.curve)


def stepped(seed: int) -> Errors:
    """Nonlinearities that jump: one missing transition, a random walk, or a ladder's weights."""
    shape = random.Random(f"steps {seed}").choice(
        (nonlinearity.jump, nonlinearity.walk, nonlinearity.weights)
    )
    return _draw(seed, uniform, shape)


def drifting(seed: int) -> Errors:
    """Switched on a moment ago: gain and offset move by up to a tenth of their bounds; 1/f noise.

    Noise has the power stated, four fifths of it below a kilohertz, where averaging does not help.
    """
    # Start and drift together stay within the bound.
    errors = _draw(seed, _leaving_room, nonlinearity.waves)
    source = random.Random(f"drift {seed}")
    tau_s = source.uniform(0.1, 2.0)

    def moves(bound: float, count: int) -> tuple[float, ...]:
        return tuple(source.uniform(-bound, bound) * _DRIFT_SHARE for _ in range(count))

    return dataclasses.replace(
        errors,
        noise_V=_NOISE_rms_V * math.sqrt(0.2),
        hum=Pink(_NOISE_rms_V * SHIFTER_GAIN * math.sqrt(0.8), seed),
        input_drift=WarmUp(
            moves(_INPUT_GAIN_BOUND, INPUTS), moves(_INPUT_OFFSET_BOUND_V, INPUTS), tau_s
        ),
        output_drift=_joined(
            WarmUp(moves(_OUTPUT_GAIN_BOUND, count), moves(_OUTPUT_OFFSET_BOUND_V, count), tau_s)
            for count in (_FIRST_OUTPUTS, OUTPUTS - _FIRST_OUTPUTS)
        ),
    )


def _joined(parts: Iterable[WarmUp]) -> WarmUp:
    """Join the channels of several that warm up alike, in their order."""
    first, *others = parts
    for other in others:
        first = dataclasses.replace(
            first,
            gains=first.gains + other.gains,
            offsets_V=first.offsets_V + other.offsets_V,
        )
    return first


def humming(seed: int) -> Errors:
    """Mains at the inputs, 50 Hz with harmonics: up to 3 mV, which is the noise that is stated."""
    errors = _draw(seed, uniform, nonlinearity.waves)
    source = random.Random(f"hum {seed}")
    raw = [source.uniform(0.5, 1.0) / order**2 for order in (1, 2, 3, 4, 5)]
    scale_V = math.sqrt(2 * 0.8 / sum(a * a for a in raw)) * _NOISE_rms_V * SHIFTER_GAIN
    return dataclasses.replace(
        errors,
        noise_V=_NOISE_rms_V * math.sqrt(0.2),
        hum=Hum(
            frequency_Hz=source.uniform(49.8, 50.2),
            harmonics_V=tuple((a * scale_V, source.uniform(0, 2 * math.pi)) for a in raw),
            shares=tuple(source.uniform(0.5, 1.0) for _ in range(INPUTS)),
        ),
    )


FIXTURES: Mapping[str, Callable[[int], Errors]] = {
    truth.__name__: truth for truth in (even, at_bounds, curved, stepped, drifting, humming)
}
"""Name to draw, as a station's ``fixture`` key gives it."""


def _leaving_room(source: random.Random, bound: float) -> float:
    return uniform(source, bound * (1 - _DRIFT_SHARE))


def _draw(seed: int, within: Within, inl: DrawInl) -> Errors:
    """Draw a fixture whose errors stay as they are."""
    source = random.Random(f"front end {seed}")

    def channel(
        draws: random.Random, gain: float, offset_V: float, inl_LSB: float
    ) -> ChannelErrors:
        shape = inl(draws, inl_LSB)
        return ChannelErrors(within(draws, gain), within(draws, offset_V), shape)

    def outputs_of(draws: random.Random, count: int) -> list[ChannelErrors]:
        bounds = (_OUTPUT_GAIN_BOUND, _OUTPUT_OFFSET_BOUND_V, _OUTPUT_INL_BOUND_LSB)
        return [channel(draws, *bounds) for _ in range(count)]

    outputs = outputs_of(source, _FIRST_OUTPUTS)
    # One converter behind eight channels.
    bounds = (_INPUT_GAIN_BOUND, _INPUT_OFFSET_BOUND_V, _INPUT_INL_BOUND_LSB)
    inputs = (channel(source, *bounds),) * INPUTS
    outputs += outputs_of(random.Random(f"third DAC {seed}"), OUTPUTS - _FIRST_OUTPUTS)
    # Of its own, so that older seeds still draw the fixtures that they drew.
    timing = random.Random(f"timing {seed}")
    return Errors(
        pulse_thresholds_V=tuple(
            PULSE_THRESHOLD_V + within(timing, _PULSE_THRESHOLD_BOUND_V) for _ in range(PULSES)
        ),
        clock=within(timing, _CLOCK_BOUND),
        outputs=tuple(outputs),
        inputs=inputs,
        noise_V=_NOISE_rms_V,
        noise_seed=seed,
        relay_operate_s=source.uniform(0.2, 1.0) * RELAY_MAX_s,
        relay_release_s=source.uniform(0.2, 1.0) * RELAY_MAX_s,
    )
