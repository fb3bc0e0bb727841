"""The analogue front end between the converters and the terminals, with errors of its own.

What the shield's circuit makes of voltages comes as a ``Circuit``, solved by ``shield``. Output:
the DAC's 0 to 4.096 V become -10.24 to +10.24 V, five times the distance from the middle; a
changeover relay connects the terminal, or grounds it through 100 ohm. Input: a follower, then the
same map backwards into the ADC's range.

Pulse input: a divider by three, a multiplexer, and a comparator with the mid reference.

No real fixture is exact: the circuit's parts differ, every converter has a gain error, an offset
and a nonlinearity that the host does not know, and some of it changes while one measures. What they
are is drawn in ``truths``.

Ref: signal relays of this size state 3 to 5 ms at most.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from realnet_hw.emulate.converters import InlShape, straight
from realnet_hw.emulate.curve import Curve, Surface
from realnet_hw.emulate.unrest import Unrest, still
from realnet_hw.technology.fixture_front_end import SHIFT_V

OUTPUTS = 6
INPUTS = 8
PULSES = 8
MID_CHANNEL = 7
"""The ADC input that is wired to the mid reference instead of to a terminal."""

REFERENCE_V = 4.096
SHIFTER_GAIN = 5.0
ADC_SUPPLY_V = 5.0
SENSE_SOURCE_ohm = 960.0
"""Behind each of the ADC's inputs: 4.8 kohm beside 1.2 kohm."""
CODES = 4096
RELAY_MAX_s = 5e-3
PULSE_THRESHOLD_V = 3 * 2.048
PULSE_HYSTERESIS_V = 0.15


@dataclass(frozen=True)
class Circuit:
    """What the analogue circuit of one fixture does, converters left out.

    Args:
        reference_V: of both converters.
        mid_V: the buffered mid reference.
        sources: by channel, the terminal's volts without a load over the DAC's.
        sag: how much less they are, over the DAC's volts, for a current out of the terminal,
            amperes.
        grounded_ohm: from a terminal to ground while the relay is released.
        senses: by channel but for the last, the ADC input's volts over the terminal's.
        copper: by channel but for the last, what it reads too much for each volt above 2.56 V at
            the terminal of every sense and of every source; empty where copper does not drop.
    """

    reference_V: float
    mid_V: float
    sources: tuple[Curve, ...]
    sag: Surface
    grounded_ohm: float
    senses: tuple[Curve, ...]
    copper: tuple[tuple[float, ...], ...] = ()


# What an ideal source can give, and of what current; a sense reaches further than its converter.
_IDEAL_REACH_V, _IDEAL_LIMIT_A, _COLLAPSED_V, _FAR_V = 11.0, 25e-3, 1e3, 100.0


def ideal(reference: float = 0.0) -> Circuit:
    """Return a circuit of exact parts behind a reference with a relative error.

    Its sources reach 11 V and deliver 25 mA; a load that takes more collapses them.
    """
    reference_V = REFERENCE_V * (1 + reference)
    mid_V = reference_V / 2
    reach_V = _IDEAL_REACH_V / SHIFTER_GAIN
    source = Curve((mid_V - reach_V, mid_V + reach_V), (-_IDEAL_REACH_V, _IDEAL_REACH_V))
    sense = Curve((-_FAR_V, _FAR_V), (mid_V - _FAR_V / SHIFTER_GAIN, mid_V + _FAR_V / SHIFTER_GAIN))
    span_V = (0.0, ADC_SUPPLY_V)
    stiff = Curve(span_V, (0.0, 0.0))
    down, up = (Curve(span_V, (volts, volts)) for volts in (-_COLLAPSED_V, _COLLAPSED_V))
    return Circuit(
        reference_V=reference_V,
        mid_V=mid_V,
        sources=(source,) * OUTPUTS,
        sag=Surface(
            (-2 * _IDEAL_LIMIT_A, -_IDEAL_LIMIT_A, _IDEAL_LIMIT_A, 2 * _IDEAL_LIMIT_A),
            (down, stiff, stiff, up),
        ),
        grounded_ohm=100.0,
        senses=(sense,) * MID_CHANNEL,
    )


@dataclass(frozen=True)
class ChannelErrors:
    """What is wrong with a converter's channel, as it shows at the terminal.

    Args:
        gain: relative, about the middle of the range.
        offset_V: there.
        inl: nonlinearity.
    """

    gain: float = 0.0
    offset_V: float = 0.0
    inl: InlShape = straight


@dataclass(frozen=True)
class Errors:
    """What is wrong with a fixture beside its circuit's parts; by default nothing but slow relays.

    Args:
        outputs, inputs: each converter channel's own errors.
        noise_V: rms, at the ADC's input, in each conversion, independent of all others.
        noise_seed: of the sequence of noise.
        hum: noise at the inputs that has a memory.
        input_drift, output_drift: how gains and offsets change after switching on.
        relay_operate_s, relay_release_s: the relay's times.
        pulse_thresholds_V: at the terminal of each pulse input, the middle of the hysteresis.
        clock: relative error of the controller's frequency.
    """

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
    """The shifters, the relay and the input stages of one fixture.

    Args:
        errors: of converters and everything that changes.
        circuit: of the shield; one of exact parts when left out.
    """

    def __init__(self, errors: Errors, circuit: Circuit | None = None) -> None:
        self.errors = errors
        self.circuit = circuit or ideal()
        self.reference_V = self.circuit.reference_V
        self.mid_V = self.circuit.mid_V
        self.relay = Relay(errors.relay_operate_s, errors.relay_release_s)
        self._noise = random.Random(f"noise {errors.noise_seed}")

    def shifter_V(self, channel: int, dac_V: float, at_s: float, load_A: float = 0.0) -> float:
        """The volts that a source puts out, before the relay, while a current leaves it."""
        own = self.errors.outputs[channel]
        gain, offset_V = self.errors.output_drift(channel, at_s)
        dac_V += (dac_V - self.reference_V / 2) * (own.gain + gain)
        dac_V += (own.offset_V + offset_V) / SHIFTER_GAIN
        volts = self.circuit.sources[channel](dac_V)
        return volts - self.circuit.sag(dac_V, load_A) if load_A else volts

    def lifted_V(
        self, channel: int, sensed_V: Sequence[float], sourced_V: Sequence[float]
    ) -> float:
        """How much more a sense sees at its terminal than is there, for what all terminals have.

        Args:
            channel: of the sense; none lifts the mid reference.
            sensed_V: at the terminal of every sense.
            sourced_V: at that of every source.
        """
        if channel == MID_CHANNEL or not self.circuit.copper:
            return 0.0
        volts = (*sensed_V, *sourced_V)
        shares = self.circuit.copper[channel]
        return sum(s * (v - SHIFT_V) for s, v in zip(shares, volts, strict=True))

    def adc_V(self, channel: int, terminal_V: float, at_s: float) -> float:
        """The voltage at an ADC input for one at its terminal, with one draw of noise.

        Args:
            channel: of the converter.
            terminal_V: with what it is ``lifted_V`` by.
            at_s: when.
        """
        volts = self._quiet_V(channel, terminal_V, at_s)
        if self.errors.noise_V:
            volts += self._noise.gauss(0.0, self.errors.noise_V)
        return min(max(volts, 0.0), ADC_SUPPLY_V)

    def _quiet_V(self, channel: int, terminal_V: float, at_s: float) -> float:
        """What the converter sees, its own errors as if they were the input's."""
        own = self.errors.inputs[channel]
        gain, offset_V = self.errors.input_drift(channel, at_s)
        volts = self.mid_V
        if channel != MID_CHANNEL:
            terminal_V += self.errors.hum(channel, at_s)[1]
            volts = self.circuit.senses[channel](terminal_V)
        volts += (volts - self.reference_V / 2) * (own.gain + gain)
        return volts + (own.offset_V + offset_V) / SHIFTER_GAIN

    # ------------------------------------------------- what nobody on the bench can look up

    def delivered_V(self, channel: int, code: int, at_s: float = 0.0) -> float:
        """The volts at a source's terminal for a code, settled, without a load."""
        place = code / CODES
        dac_V = (place + self.errors.outputs[channel].inl(place) / CODES) * self.reference_V
        return self.shifter_V(channel, min(max(dac_V, 0.0), ADC_SUPPLY_V), at_s)

    def indicated_V(self, channel: int, terminal_V: float, at_s: float = 0.0) -> float:
        """What a sense channel shows for a voltage, without noise, steps, and corrections.

        All senses are at that voltage, as in a calibration, and no source is on. Hum is what it is
        at that time. Beyond the ends of the range it is the last code's voltage.
        """
        terminal_V += self.lifted_V(channel, (terminal_V,) * MID_CHANNEL, (0.0,) * OUTPUTS)
        place = self._quiet_V(channel, terminal_V, at_s) / self.reference_V
        code = place * CODES + self.errors.inputs[channel].inl(place)
        return (min(max(code, 0.0), CODES - 1.0) / CODES - 0.5) * SHIFTER_GAIN * REFERENCE_V
