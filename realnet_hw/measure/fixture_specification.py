"""What an uncalibrated fixture promises, as uncertainty budgets of its channels.

Every figure is a bound at the terminal, taken as the half width of a rectangular distribution
(u = bound / sqrt(3)) unless the line says otherwise. Terminals see the converters through a gain
of 5 around the 2.048 V mid reference, so one step of the 12-bit converters is 5 mV there.

One part stands behind all senses: the converter, and the reference. What it errs by is in every
reading, so that a fixture whose converter is near its bound is near it always. Nothing says that
the middle is as likely as the ends: their bounds are taken as U-shaped (u = bound / sqrt(2)).

What a channel promises is what its parts promise: each part's tolerance times what the shield's
circuit makes of it (a test solves the circuit for these). Budgets add the parts in squares; the
bounds of gain and offset are their sums, which no fixture exceeds. An offset of the 2.56 V that all
shifters and dividers work against is common to all channels of a kind, and so are gain and offset
of the one converter behind all sense channels.

The data sheet of the sources' converter allows offsets of 200 mV at the terminal. A fixture is
checked when it is built, and a converter that is worse than stated here is corrected or exchanged.

A calibration in the controller's EEPROM corrects gain and offset, but says when it was made and not
how well: it does not narrow these budgets. Its record does, where there is one: what it states of a
channel stands in the place of the specification.

A converter's nonlinearity is the same each time it is asked for the same level, and different at
another level. It is stated as an error of the single reading: were it stated as one of the channel,
two levels could not differ by it.

A pulse's width is the clock's, so that the clock's error goes into it in proportion. Its two edges
are caught to the tick: the difference of two such errors is triangular within one tick.

Ref: Microchip DS21298 (MCP3208-B: gain 5, offset 3, INL 1 LSB at most) and DS22250 (MCP4922: INL 2
LSB typical, 12 LSB at most), both from memory and to be read again; Texas Instruments SLOS456Q
(LM4040A: 0.1 %, 100 ppm/K); JCGM 100:2008 (GUM) 4.3.7 (rectangular distribution), 5.1.2 note
(products of quantities whose mean is zero); JCGM 101:2008 6.4.6 (arcsine distribution); the last
two places from memory.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

from realnet_hw.records import Component
from realnet_hw.technology.fixture_copper import SHARES, WORSE
from realnet_hw.technology.fixture_front_end import SHIFT_V

DAC_CHANNELS = tuple(f"dac{index}" for index in range(6))
ADC_CHANNELS = tuple(f"adc{index}" for index in range(8))
MID_CHANNEL = "adc7"
"""Reads the fixture's own 2.048 V mid reference: 0 V in terminal volts. No board is wired to it."""
SENSE_CHANNELS = tuple(channel for channel in ADC_CHANNELS if channel != MID_CHANNEL)
PULSE_CHANNELS = tuple(f"pulse{index}" for index in range(8))
LINE_CHANNELS = tuple(f"line{index}" for index in range(16))
"""Digital: 0 or 5 V."""
PULL_CHANNELS = ("trigger", "reset")
"""Open collectors: each pulls the port of its name low, or lets it go."""

RANGE_V = 10.24
"""The terminals reach from -RANGE_V to +RANGE_V."""
CODES = 4096
LSB_V = 2 * RANGE_V / CODES
"""One converter step at a terminal."""
SOURCE_REACH_V = 10.03
"""What a source may be asked for, above and below 0 V. The MCP4922 is specified from 10 mV on,
50 mV above the lowest voltage of a terminal; the largest correction that the controller takes, 1 %
and 50 mV, leads from here no further, nor beyond the last code. From memory of DS22250."""

REFERENCE_BOUND = 0.001
REFERENCE_CURRENT_BOUND = 0.9e-3 / 4.096
"""For its 1.2 mA on the shield, where it is stated at 0.1 mA; from memory, see its model card."""
REFERENCE_DRIFT_per_K, ROOM_BOUND_K = 100e-6, 5.0
"""Of the voltage, and how far the room may be from the 25 C that the specification is for."""
REFERENCE_AGEING = 120e-6
"""In the first thousand hours: typical, from memory."""
_AGEING_DAYS = 1000 / 24
DAC_GAIN_BOUND, DAC_OFFSET_BOUND_V = 0.0053, 0.049
"""With everything that follows."""
DAC_OWN_GAIN_BOUND, DAC_OWN_OFFSET_BOUND_V = 0.0024, 0.018
DAC_INL_BOUND_V = 12 * LSB_V
SOURCE_GAIN_PARTS = (0.8e-3, 0.8e-3)
"""Relative: each of the two resistors that set a source's gain."""
SOURCE_OFFSET_PARTS_V = (2.05e-3, 2.05e-3, 10.5e-3)
"""The two resistors, and the amplifier's 2 mV; 5 % more than 2 mV times five for the model's own
offset."""
ADC_GAIN_BOUND, ADC_OFFSET_BOUND_V = 0.0045, 0.040
"""With everything that follows."""
ADC_OWN_GAIN_BOUND, ADC_OWN_OFFSET_BOUND_V = 5 / 4096, 3 * LSB_V
SENSE_GAIN_PARTS = (0.4e-3, 0.4e-3, 0.8e-3)
"""Relative: each of the three resistors of a sense channel's divider."""
SENSE_OFFSET_PARTS_V = (1.02e-3, 1.02e-3, 2.05e-3, 2.1e-3, 0.9e-3, 0.9e-3)
"""The same, the follower, and the two clamps at the converter."""
SHIFT_PARTS_V = (3.85e-3, 3.85e-3, 8.4e-3)
"""At every terminal: the two resistors that make 2.56 V and the amplifier behind them."""
COPPER_SHARE = WORSE * max(map(sum, SHARES))
"""Of how far all terminals are from 2.56 V: they load the copper that it comes by."""
# Of one conversion, rms.
ADC_NOISE_V = LSB_V / 2
ADC_INL_BOUND_V = 1 * LSB_V
INPUT_CURRENT_BOUND_A = 2e-9
"""What a sense terminal draws within its range: the difference of its clamps' leakage, at most that
of one (0.7 nA in the model, twice that in a room at 30 C), and the follower's 0.1 nA."""

STORED_LINES, STORED_COLUMNS = 16, 4
"""Weights that can be kept written: so many lines, and so many sources of data."""
PATTERNS = 8
"""What can be presented in one go."""

TICK_S = 0.5e-6
"""Of the controller's clock, in which pulses are timed."""
FIRING_MIN_S, FIRING_MAX_S = 50e-6, 1.0
"""What each time of a firing may be."""
PULSE_THRESHOLD_V, PULSE_THRESHOLD_BOUND_V = 6.144, 0.3
PULSE_LEVEL_REACH_V = 3.0
"""A pulse to be timed at another level than the threshold, further away by this at most."""
_PULSE_SLEW_V_PER_S = 10e6
_COMPARATOR_BOUND_S = 0.3e-6

Clock = Literal["resonator", "crystal"]
CLOCK_BOUND: Mapping[Clock, float] = {"resonator": 0.005, "crystal": 50e-6}
"""Relative error of the controller's clock: an UNO has a ceramic resonator."""

_SOURCE = "fixture specification, uncalibrated"
_NEIGHBOURS = "neighbours through VSHIFT"


def rectangular(bound: float) -> float:
    """Return the standard uncertainty of a rectangular distribution of this half width."""
    return bound / math.sqrt(3)


def arcsine(bound: float) -> float:
    """Return the standard uncertainty of a U-shaped distribution within this bound."""
    return bound / math.sqrt(2)


def from_specified_K() -> float:
    """Return how far a room is from the one of the specification, root mean square."""
    return rectangular(ROOM_BOUND_K)


def reference_drift(apart_K: float, days: float) -> float:
    """Return the standard uncertainty of what the reference drifts by, relative.

    Of its coefficient and of how much warmer the room is only bounds are known, and either may be
    nothing: the variance of their product is the product of their variances. It is one part.

    Args:
        apart_K: how far apart the rooms are, root mean square.
        days: between the two moments.
    """
    return math.hypot(arcsine(REFERENCE_DRIFT_per_K) * apart_K, arcsine(ageing_bound(days)))


def ageing_bound(days: float) -> float:
    """Return how far the reference may age in so many days, relative.

    It slows down with the square root of time, as references are said to (from memory).
    """
    return REFERENCE_AGEING * math.sqrt(days / _AGEING_DAYS)


def _reference() -> tuple[Component, ...]:
    """Return what the reference, which all channels share, does to their gain.

    A high one lets a source deliver more than was set, and a sense read less than is there. What is
    indicated, or set, is too small in both: one error, of one sign.
    """
    year = ageing_bound(365)
    return (
        Component(
            name="reference",
            kind="B",
            u_relative=arcsine(math.hypot(REFERENCE_BOUND, REFERENCE_CURRENT_BOUND)),
            distribution="arcsine",
            shared="fixture",
            source=f"{_SOURCE}: 4.096 V within {REFERENCE_BOUND:.1%} at 25 °C, and "
            f"{REFERENCE_CURRENT_BOUND:.2%} for its current",
        ),
        Component(
            name="reference drift",
            kind="B",
            u_relative=reference_drift(from_specified_K(), 365),
            shared="fixture",
            source=f"{REFERENCE_DRIFT_per_K * 1e6:.0f} ppm/K, room at 25 ± {ROOM_BOUND_K:g} °C, "
            f"and {year * 1e6:.0f} ppm of ageing in a year",
        ),
    )


def _bound(
    name: str,
    shared: Literal["fixture", "channel", "reading"],
    source: str,
    *,
    volts: float = 0.0,
    relative: float = 0.0,
    distribution: Literal["rectangular", "arcsine"] = "rectangular",
) -> Component:
    """Return a component of which a bound is known."""
    of = arcsine if distribution == "arcsine" else rectangular
    return Component(
        name=name,
        kind="B",
        u_V=of(volts),
        u_relative=of(relative),
        distribution=distribution,
        shared=shared,
        source=source,
    )


def _parts(
    name: str,
    shared: Literal["fixture", "channel"],
    what: str,
    *,
    volts: Sequence[float] = (),
    relative: Sequence[float] = (),
) -> Component:
    """Return several parts' rectangular contributions as one component."""
    worst = f"{sum(relative):.2%}" if relative else f"{sum(volts) * 1e3:.0f} mV"
    return Component(
        name=name,
        kind="B",
        u_V=rectangular(math.hypot(*volts)),
        u_relative=rectangular(math.hypot(*relative)),
        shared=shared,
        source=f"{what}, {worst} at worst together",
    )


def dac_components(calibrated: Sequence[Component] | None = None) -> list[Component]:
    """Return the budget of a source terminal: what it delivers against what was set.

    Args:
        calibrated: what a calibration says of gain, offset and nonlinearity, in place of the
            specification.
    """
    return [*(_dac_specified() if calibrated is None else calibrated), _quantisation("DAC")]


def adc_components(
    repeatability: Component, calibrated: Sequence[Component] | None = None
) -> list[Component]:
    """Return the budget of a reading of a sense terminal.

    Args:
        repeatability: the kind A component that the readings themselves gave.
        calibrated: see ``dac_components``; with the quantisation.

    The quantisation of the mean is kept at its full size, although half a step of noise dithers
    it away: a real board's front end may be quieter than its bound. A calibration knows its noise,
    and states what is left.
    """
    return [
        *([*_adc_specified(), _quantisation("ADC")] if calibrated is None else calibrated),
        _input_current(),
        repeatability,
    ]


def _dac_specified() -> list[Component]:
    return [
        *_reference(),
        _bound(
            "DAC gain",
            "channel",
            f"MCP4922, checked: {DAC_OWN_GAIN_BOUND:.2%}",
            relative=DAC_OWN_GAIN_BOUND,
        ),
        _bound(
            "DAC offset",
            "channel",
            f"MCP4922, checked: {DAC_OWN_OFFSET_BOUND_V * 1e3:.0f} mV at the terminal",
            volts=DAC_OWN_OFFSET_BOUND_V,
        ),
        _parts("source gain", "channel", "resistors of 0.1 %", relative=SOURCE_GAIN_PARTS),
        _parts("source offset", "channel", "amplifier and resistors", volts=SOURCE_OFFSET_PARTS_V),
        _parts("sources' 2.56 V", "fixture", "amplifier and resistors", volts=SHIFT_PARTS_V),
        _bound("DAC INL", "reading", "MCP4922: 12 LSB at most", volts=DAC_INL_BOUND_V),
    ]


def _adc_specified() -> list[Component]:
    return [
        *_reference(),
        _bound(
            "ADC gain",
            "fixture",
            "MCP3208: 5 LSB at most",
            relative=ADC_OWN_GAIN_BOUND,
            distribution="arcsine",
        ),
        _bound(
            "ADC offset",
            "fixture",
            "MCP3208: 3 LSB at most",
            volts=ADC_OWN_OFFSET_BOUND_V,
            distribution="arcsine",
        ),
        _parts("sense gain", "channel", "resistors of 0.1 %", relative=SENSE_GAIN_PARTS),
        _parts(
            "sense offset",
            "channel",
            "amplifier, resistors and clamps",
            volts=SENSE_OFFSET_PARTS_V,
        ),
        _parts("senses' 2.56 V", "fixture", "amplifier and resistors", volts=SHIFT_PARTS_V),
        _bound("ADC INL", "reading", "MCP3208-B: 1 LSB at most", volts=ADC_INL_BOUND_V),
        _bound(
            _NEIGHBOURS,
            "reading",
            f"{COPPER_SHARE * 1e3:.2f} mV for each volt between the terminals and 2.56 V",
            volts=COPPER_SHARE * (RANGE_V + SHIFT_V),
        ),
    ]


def neighbours(channel: str) -> Component:
    """Return what other terminals do to a calibrated sense through the copper of the 2.56 V.

    A calibration does not take it away: it is made with all senses at one voltage, and a board
    has them at others. All others together are anywhere within the range.

    Args:
        channel: the sense.
    """
    own = SENSE_CHANNELS.index(channel)
    share = WORSE * sum(each for other, each in enumerate(SHARES[own]) if other != own)
    return _bound(
        _NEIGHBOURS,
        "reading",
        f"{share * 1e3:.2f} mV for each volt between the other terminals and this one",
        volts=share * RANGE_V,
        relative=share,
    )


def _quantisation(converter: str, bound_V: float = LSB_V / 2, more: str = "") -> Component:
    return Component(
        name=f"{converter} quantisation",
        kind="B",
        u_V=rectangular(bound_V),
        distribution="rectangular",
        shared="reading",
        source=f"12 bit over {2 * RANGE_V:.2f} V{more}",
    )


def dithered(noise_V: float) -> Component:
    """Return the quantisation of a sense whose noise is known.

    Args:
        noise_V: rms of one conversion, rounding with it.
    """
    without_V = math.sqrt(max(0.0, noise_V**2 - LSB_V**2 / 12))
    bound_V = LSB_V / 2 * undithered(without_V)
    return _quantisation("ADC", bound_V, f", dithered by {1e3 * noise_V:.1f} mV rms")


def undithered(noise_V: float) -> float:
    """Return which share of the quantisation of a mean is left by a noise.

    Args:
        noise_V: rms in one conversion, before rounding.

    Ref: the first harmonic of the quantisation error, LSB / pi, falls with exp(-2 (pi s)^2) for a
         normal noise of s steps (Widrow, statistical theory of quantisation; from memory).
    """
    return math.exp(-2 * (math.pi * noise_V / LSB_V) ** 2)


def _input_current() -> Component:
    return Component(
        name="input current",
        kind="B",
        u_A=rectangular(INPUT_CURRENT_BOUND_A),
        distribution="rectangular",
        shared="channel",
        source=f"{INPUT_CURRENT_BOUND_A * 1e9:.0f} nA at most, through the node's resistance",
    )


def repeatability(deviation_V: float, degrees_of_freedom: int, readings: int) -> Component:
    """Return the kind A component of a mean of some readings, volts.

    Args:
        deviation_V: pooled standard deviation of one reading about its case's mean, >= 0.
        degrees_of_freedom: of that deviation, > 0.
        readings: how many were averaged into each mean, > 0.
    """
    u_V = deviation_V / math.sqrt(readings)
    return _pooled("repeatability", f"{readings} readings", degrees_of_freedom, u_V=u_V)


def pulse_components(clock: Clock, jitter: Component) -> list[Component]:
    """Return the budget of the width of a pulse.

    Args:
        clock: of the controller.
        jitter: the kind A component that the widths themselves gave.

    Ref: JCGM 100:2008 4.3.9 (triangular distribution: half width / sqrt(6)).
    """
    far_V = PULSE_LEVEL_REACH_V + PULSE_THRESHOLD_BOUND_V
    return [
        Component(
            name="clock",
            kind="B",
            u_relative=rectangular(CLOCK_BOUND[clock]),
            distribution="rectangular",
            shared="fixture",
            source=f"{clock} of the controller: {CLOCK_BOUND[clock]:.3%}",
        ),
        Component(
            name="pulse edges",
            kind="B",
            u_s=rectangular(2 * far_V / _PULSE_SLEW_V_PER_S),
            distribution="rectangular",
            shared="channel",
            source=f"timed within {far_V:.1f} V of the level, edges of 10 V/us or steeper",
        ),
        Component(
            name="comparator",
            kind="B",
            u_s=rectangular(_COMPARATOR_BOUND_S),
            distribution="rectangular",
            shared="channel",
            source=f"delay of rising against falling edges: {_COMPARATOR_BOUND_S * 1e6:.1f} us",
        ),
        Component(
            name="ticks",
            kind="B",
            u_s=TICK_S / math.sqrt(6),
            distribution="triangular",
            shared="reading",
            source=f"both edges to a tick of {TICK_S * 1e6:.1f} us",
        ),
        jitter,
    ]


def jitter(deviation_s: float, degrees_of_freedom: int, readings: int) -> Component:
    """Return the kind A component of a mean of some widths, seconds; see ``repeatability``."""
    u_s = deviation_s / math.sqrt(readings)
    return _pooled("jitter", f"{readings} firings", degrees_of_freedom, u_s=u_s)


def _pooled(
    name: str, taken: str, degrees_of_freedom: int, *, u_V: float = 0.0, u_s: float = 0.0
) -> Component:
    """Return the kind A component of a mean whose scatter was pooled."""
    return Component(
        name=name,
        kind="A",
        u_V=u_V,
        u_s=u_s,
        distribution="normal",
        degrees_of_freedom=degrees_of_freedom,
        shared="reading",
        source=f"{taken}, {degrees_of_freedom} degrees of freedom (pooled)",
    )
