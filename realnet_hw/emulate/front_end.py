"""The analogue front end between the converters and the terminals, with errors of its own.

Output: the DAC's 0 to 4.096 V become -10.24 to +10.24 V, five times the distance from the buffered
mid reference; a changeover relay connects the terminal, or grounds it through 100 ohm, which is 0 V
to within the millivolt that a board's input current may make there. Input: an operational-amplifier
follower, which loads nothing, then the same map backwards into the ADC's range.

No real fixture is exact. Every channel has a gain error, an offset and a nonlinearity that the host
does not know; they are drawn once for a seed, within the figures of an uncalibrated fixture:
reference 0.1 % and gain 0.5 % (out) and 0.3 % (in) with it, offset 20 mV and 15 mV at the terminal,
nonlinearity 12 LSB and 1 LSB, half an LSB rms of noise in each conversion.

Ref: MCP4922 DS22250 and MCP3208-B DS21298 (nonlinearity, maximum); the fixture's specification
     (gain and offset, which presume trimmed or selected parts); signal relays of this size state 3
     to 5 ms at most.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from realnet_hw.emulate.converters import InlShape

OUTPUTS = 4
INPUTS = 8
MID_CHANNEL = 7
"""The ADC input that is wired to the mid reference instead of to a terminal."""

REFERENCE_V = 4.096
SHIFTER_GAIN = 5.0
SHIFTER_RAIL_V = 11.0
ADC_SUPPLY_V = 5.0
RELAY_MAX_s = 5e-3

# What is drawn lies within these; with the reference's share they stay inside the figures above.
_REFERENCE_BOUND = 0.001
_OUTPUT_GAIN_BOUND, _OUTPUT_OFFSET_BOUND_V, _OUTPUT_INL_BOUND_LSB = 0.0039, 19.9e-3, 11.98
_INPUT_GAIN_BOUND, _INPUT_OFFSET_BOUND_V, _INPUT_INL_BOUND_LSB = 0.0019, 14.9e-3, 0.998
_NOISE_rms_LSB = 0.5


@dataclass(frozen=True)
class Inl:
    """A smooth nonlinearity that is zero at both ends of the range: four sine waves.

    Args:
        amplitudes_LSB: of the half-wave, the full wave and so on.
    """

    amplitudes_LSB: tuple[float, ...] = ()

    def __call__(self, place: float) -> float:
        """The error in LSB at a place in the range, 0 to 1."""
        return sum(
            amplitude * math.sin((order + 1) * math.pi * place)
            for order, amplitude in enumerate(self.amplitudes_LSB)
        )


@dataclass(frozen=True)
class ChannelErrors:
    """What is wrong with a channel: gain (relative), offset at the terminal, nonlinearity."""

    gain: float = 0.0
    offset_V: float = 0.0
    inl: InlShape = Inl()


@dataclass(frozen=True)
class Errors:
    """What is wrong with a fixture; the default is an ideal one with the slowest relay.

    Args:
        reference: relative error of the 4.096 V reference, which both converters share.
        outputs, inputs: each channel's own errors; channel 7 of the inputs has no front end.
        noise_V: rms, at the ADC's input, in each conversion.
        noise_seed: of the sequence of noise.
        relay_operate_s, relay_release_s: the relay's times.
    """

    reference: float = 0.0
    outputs: tuple[ChannelErrors, ...] = (ChannelErrors(),) * OUTPUTS
    inputs: tuple[ChannelErrors, ...] = (ChannelErrors(),) * INPUTS
    noise_V: float = 0.0
    noise_seed: int = 0
    relay_operate_s: float = RELAY_MAX_s
    relay_release_s: float = RELAY_MAX_s


def draw_errors(seed: int, *, noise: bool = True) -> Errors:
    """Draw one fixture out of all that meet the specification: the same for the same seed."""
    source = random.Random(f"front end {seed}")

    def within(bound: float) -> float:
        return source.uniform(-bound, bound)

    def channel(gain: float, offset_V: float, inl_LSB: float) -> ChannelErrors:
        waves = [within(1.0) / (order + 1) for order in range(4)]
        # Between these places four such waves rise by less than 0.1 % of their peak.
        peak = max(abs(Inl(tuple(waves))(place / 256)) for place in range(257))
        scale = source.uniform(0.3, 1.0) * inl_LSB / peak
        return ChannelErrors(within(gain), within(offset_V), Inl(tuple(w * scale for w in waves)))

    reference = within(_REFERENCE_BOUND)
    outputs = tuple(
        channel(_OUTPUT_GAIN_BOUND, _OUTPUT_OFFSET_BOUND_V, _OUTPUT_INL_BOUND_LSB)
        for _ in range(OUTPUTS)
    )
    inputs = [
        channel(_INPUT_GAIN_BOUND, _INPUT_OFFSET_BOUND_V, _INPUT_INL_BOUND_LSB)
        for _ in range(INPUTS)
    ]
    # One converter behind eight front ends: they share its nonlinearity.
    inputs = [ChannelErrors(each.gain, each.offset_V, inputs[0].inl) for each in inputs]
    return Errors(
        reference=reference,
        outputs=outputs,
        inputs=tuple(inputs),
        noise_V=_NOISE_rms_LSB * REFERENCE_V / 4096 if noise else 0.0,
        noise_seed=seed,
        relay_operate_s=source.uniform(0.2, 1.0) * RELAY_MAX_s,
        relay_release_s=source.uniform(0.2, 1.0) * RELAY_MAX_s,
    )


class Relay:
    """A changeover relay: each change of its coil reaches the contact after a time."""

    def __init__(self, operate_s: float, release_s: float) -> None:
        self._operate_s, self._release_s = operate_s, release_s
        self._contact = False
        self._coil = False
        self._due_s = math.inf

    def drive(self, level: int, at_s: float) -> None:
        """Switch the coil. A change taken back before its time has no effect."""
        self._contact = self.operated(at_s)
        self._coil = bool(level)
        if self._coil == self._contact:
            self._due_s = math.inf
        else:
            self._due_s = at_s + (self._operate_s if level else self._release_s)

    def operated(self, at_s: float) -> bool:
        """Whether the terminals are connected to the shifters (else they are grounded)."""
        return self._coil if at_s >= self._due_s else self._contact


class FrontEnd:
    """The shifters, the relay and the input stages of one fixture."""

    def __init__(self, errors: Errors) -> None:
        self.errors = errors
        self.reference_V = REFERENCE_V * (1 + errors.reference)
        self.mid_V = self.reference_V / 2
        self.relay = Relay(errors.relay_operate_s, errors.relay_release_s)
        self._noise = random.Random(f"noise {errors.noise_seed}")

    def shifter_V(self, channel: int, dac_V: float) -> float:
        """The output shifter's voltage, before the relay."""
        own = self.errors.outputs[channel]
        volts = SHIFTER_GAIN * (dac_V - self.mid_V) * (1 + own.gain) + own.offset_V
        return min(max(volts, -SHIFTER_RAIL_V), SHIFTER_RAIL_V)

    def adc_V(self, channel: int, terminal_V: float) -> float:
        """The voltage at an ADC input for one at its terminal, with one draw of noise."""
        own = self.errors.inputs[channel]
        volts = self.mid_V
        if channel != MID_CHANNEL:
            volts += (terminal_V * (1 + own.gain) + own.offset_V) / SHIFTER_GAIN
        if self.errors.noise_V:
            volts += self._noise.gauss(0.0, self.errors.noise_V)
        return min(max(volts, 0.0), ADC_SUPPLY_V)
