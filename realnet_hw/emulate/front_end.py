"""The analogue front end between the converters and the terminals, with errors of its own.

Output: the DAC's 0 to 4.096 V become -10.24 to +10.24 V, five times the distance from the buffered
mid reference; a changeover relay connects the terminal, or grounds it through 100 ohm, which is 0 V
to within the millivolt that a board's input current may make there. Input: an operational-amplifier
follower, which loads nothing, then the same map backwards into the ADC's range.

Pulse input: a divider by three, a multiplexer, and a comparator with the mid reference.

No real fixture is exact: every channel has a gain error, an offset and a nonlinearity that the host
does not know, and some of it changes while one measures. What they are is drawn in ``truths``.

Ref: signal relays of this size state 3 to 5 ms at most.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from realnet_hw.emulate.converters import InlShape, straight
from realnet_hw.emulate.unrest import Unrest, still

OUTPUTS = 6
INPUTS = 8
PULSES = 8
MID_CHANNEL = 7
"""The ADC input that is wired to the mid reference instead of to a terminal."""

REFERENCE_V = 4.096
SHIFTER_GAIN = 5.0
SHIFTER_RAIL_V = 11.0
ADC_SUPPLY_V = 5.0
RELAY_MAX_s = 5e-3
PULSE_THRESHOLD_V = 3 * 2.048
PULSE_HYSTERESIS_V = 0.15


@dataclass(frozen=True)
class ChannelErrors:
    """What is wrong with a channel: gain (relative), offset at the terminal, nonlinearity."""

    gain: float = 0.0
    offset_V: float = 0.0
    inl: InlShape = straight


@dataclass(frozen=True)
class Errors:
    """What is wrong with a fixture; the default is an ideal one with the slowest relay.

    Args:
        reference: relative error of the 4.096 V reference, which both converters share.
        outputs, inputs: each channel's own errors; channel 7 of the inputs has no front end.
        noise_V: rms, at the ADC's input, in each conversion, independent of all others.
        noise_seed: of the sequence of noise.
        hum: noise at the inputs that has a memory.
        input_drift, output_drift: how gains and offsets change after switching on.
        relay_operate_s, relay_release_s: the relay's times.
        pulse_thresholds_V: at the terminal of each pulse input, the middle of the hysteresis.
        clock: relative error of the controller's frequency.
    """

    reference: float = 0.0
    outputs: tuple[ChannelErrors, ...] = (ChannelErrors(),) * OUTPUTS
    inputs: tuple[ChannelErrors, ...] = (ChannelErrors(),) * INPUTS
    noise_V: float = 0.0
    noise_seed: int = 0
    hum: Unrest = still
    input_drift: Unrest = still
    output_drift: Unrest = still
    relay_operate_s: float = RELAY_MAX_s
    relay_release_s: float = RELAY_MAX_s
    pulse_thresholds_V: tuple[float, ...] = (PULSE_THRESHOLD_V,) * PULSES
    clock: float = 0.0


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

    def shifter_V(self, channel: int, dac_V: float, at_s: float) -> float:
        """The output shifter's voltage, before the relay."""
        own = self.errors.outputs[channel]
        gain, offset_V = self.errors.output_drift(channel, at_s)
        volts = SHIFTER_GAIN * (dac_V - self.mid_V) * (1 + own.gain + gain)
        volts += own.offset_V + offset_V
        return min(max(volts, -SHIFTER_RAIL_V), SHIFTER_RAIL_V)

    def adc_V(self, channel: int, terminal_V: float, at_s: float) -> float:
        """The voltage at an ADC input for one at its terminal, with one draw of noise."""
        own = self.errors.inputs[channel]
        volts = self.mid_V
        if channel != MID_CHANNEL:
            gain, offset_V = self.errors.input_drift(channel, at_s)
            hum_V = self.errors.hum(channel, at_s)[1]
            terminal_V = terminal_V * (1 + own.gain + gain) + own.offset_V + offset_V + hum_V
            volts += terminal_V / SHIFTER_GAIN
        if self.errors.noise_V:
            volts += self._noise.gauss(0.0, self.errors.noise_V)
        return min(max(volts, 0.0), ADC_SUPPLY_V)
