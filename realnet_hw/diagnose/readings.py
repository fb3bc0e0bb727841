"""What was read: by a fixture, with all its budgets, or by a person with a multimeter."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from realnet_hw import units
from realnet_hw.board import Board, Port
from realnet_hw.errors import InputError
from realnet_hw.records import Component, MeasuredCase, MeasuredPulse, MeasuredValue, Measurement
from realnet_hw.uncertainty import expanded_uncertainty

Array = NDArray[np.float64]

Quantity = Literal["volt", "ohm", "ampere", "second"]

# A handheld multimeter and a source set with it, as standard uncertainties: of 1 % and 10 mV, 2 %
# and 1 ohm, 3 % and 0.2 mA as bounds, which the cheap ones keep; cursors on a scope's screen, of
# 2 % and 20 us.
_METER: Mapping[Quantity, tuple[float, float]] = {
    "volt": (0.005, 0.005),
    "ohm": (0.01, 0.5),
    "ampere": (0.015, 1e-4),
    "second": (0.01, 1e-5),
}
_SOURCE = (0.005, 0.005)
_BY_HAND = "by hand"


@dataclass(frozen=True)
class Probe:
    """Where and how to read.

    Args:
        kind: the voltage of a net against ground, the resistance between two nets with the power
            off and the inputs unplugged, the current out of a supply, or the width of a pulse.
        inputs: volts on each input, in the order of the board's; empty with the power off.
        net: that is touched; of a current the supply's.
        other: the second net of a resistance.
        held: of a board of pulses, the reset or trigger port that a wire to ground holds low while
            a voltage or current is read; empty where it is read after a firing.
    """

    kind: Quantity
    inputs: tuple[tuple[str, float], ...]
    net: str
    other: str = ""
    held: str = ""


@dataclass(frozen=True)
class Reading:
    """A value that was read.

    Args:
        probe: where and how.
        value: volts, ohms, amperes or seconds.
        channel: whose budget holds its uncertainty, in the sitting it was read in.
    """

    probe: Probe
    value: float
    channel: str


@dataclass(frozen=True)
class Delivered:
    """What was at an input while a case was read.

    Args:
        inputs: the case, as in ``Probe``.
        name: of the input.
        value_V: as far as it is known.
        channel: whose budget holds its uncertainty.
    """

    inputs: tuple[tuple[str, float], ...]
    name: str
    value_V: float
    channel: str


@dataclass(frozen=True)
class Readings:
    """Everything that was read of a board.

    Args:
        values: the readings.
        delivered: of each case that a voltage was read at, each input.
        budgets: by channel; what a fixture read has one of its own in each sitting, for between
            two it may have been calibrated, or be another one.
        range_V: readings of voltages by channel reach from minus to plus that; none for others.
        untimed: pulses that could not be timed as one, and why.
    """

    values: tuple[Reading, ...] = ()
    delivered: tuple[Delivered, ...] = ()
    budgets: Mapping[str, Sequence[Component]] = field(default_factory=dict)
    range_V: Mapping[str, float] = field(default_factory=dict)
    untimed: Mapping[Probe, str] = field(default_factory=dict)

    def joined(self, more: Readings) -> Readings:
        """Return these readings and more.

        What is known of a case's inputs stays as it was; what a fixture knows of them counts
        before what somebody said to have set.
        """
        surer = {(one.inputs, one.name) for one in more.delivered if one.channel != _BY_HAND}
        kept = [
            one
            for one in self.delivered
            if one.channel != _BY_HAND or (one.inputs, one.name) not in surer
        ]
        known = {(one.inputs, one.name) for one in kept}
        new = [one for one in more.delivered if (one.inputs, one.name) not in known]
        return Readings(
            (*self.values, *more.values),
            (*kept, *new),
            {**self.budgets, **more.budgets},
            {**self.range_V, **more.range_V},
            {**self.untimed, **more.untimed},
        )


_SYMBOLS: Mapping[Quantity, str] = {"volt": "V", "ohm": "ohm", "ampere": "A", "second": "s"}


def by_hand(
    probe: Probe,
    value: float,
    *,
    number: int,
    u: float | None = None,
    arrived_V: Mapping[str, float] = {},
    where: str = "",
) -> Readings:
    """Return one reading of a multimeter, with the inputs as somebody set them.

    Args:
        probe: where and how.
        value: volts, ohms or amperes.
        number: that no other reading has.
        u: its standard uncertainty where it is known.
        arrived_V: what the meter shows at inputs, where that was read; else it is as set.
        where: the file and the reading's number, where it is of a file.

    Raises:
        InputError: the value is not finite, or a negative resistance.
    """
    if not math.isfinite(value) or (probe.kind in ("ohm", "second") and value < 0):
        unit = _SYMBOLS[probe.kind]
        raise InputError(
            f"a reading of {value:g} {unit}",
            where=where,
            allowed="a finite value, ohms and seconds from 0 on",
        )
    share, floor = _METER[probe.kind] if u is None else (0.0, u)
    channel = f"meter {number}"
    budgets = {channel: [_component("meter", share, floor, in_s=probe.kind == "second")]}
    if probe.kind == "ohm":
        return Readings((Reading(probe, value, channel),), (), budgets)
    budgets[_BY_HAND] = [_component("source", *_SOURCE)]
    delivered = [
        Delivered(probe.inputs, name, arrived_V.get(name, volts), _BY_HAND)
        for name, volts in probe.inputs
    ]
    return Readings((Reading(probe, value, channel),), tuple(delivered), budgets)


def meter_u(probe: Probe, value: Array) -> Array:
    """Return a meter's standard uncertainty at values: of resistances relative to them.

    Widths of pulses and their uncertainty are in seconds.
    """
    share, floor = _METER[probe.kind]
    u = np.hypot(floor, share * value)
    return np.asarray(u / np.maximum(value, 0.5) if probe.kind == "ohm" else u, float)


def _component(name: str, share: float, floor: float, *, in_s: bool = False) -> Component:
    return Component(
        name=name,
        kind="B",
        u_V=0.0 if in_s else floor,
        u_s=floor if in_s else 0.0,
        u_relative=share,
        shared="reading",
        source="a scope's cursors" if in_s else "a multimeter",
    )


def pulled(board: Board) -> list[Port]:
    """Return the ports of a board of pulses that are pulled low: its trigger and reset."""
    return [port for port in board.ports if port.role in ("trigger", "reset")]


def from_measurement(measurement: Measurement, board: Board) -> Readings:
    """Return what a measurement read of a board: voltages, and how long its pulses are.

    Raises:
        InputError: a value that the board does not have.
    """
    begun = f"{measurement.station} {measurement.started_utc}"
    return from_cases(
        measurement.cases,
        board,
        measurement.channels,
        measurement.wiring,
        measurement.range_V,
        sitting=measurement.made_from.get("journal", begun),
    )


def from_cases(
    cases: Sequence[MeasuredCase],
    board: Board,
    channels: Mapping[str, Sequence[Component]],
    wiring: Mapping[str, str],
    range_V: float | None,
    *,
    sitting: str,
) -> Readings:
    """Return what was read of a board case by case.

    A case one of whose inputs is not known counts as delivered as set, with what the source's
    budget says.

    Errors of a fixture are one error for a sitting's readings, and not for another sitting's. That
    is right for two fixtures, and before and after a calibration; of one fixture that stayed as it
    was, readings of several sittings agree better than these budgets expect.

    Args:
        cases: as measured.
        board: that they are of.
        channels: their budgets.
        wiring: terminal to channel.
        range_V: readings of voltages reach from minus that to that; None where it is not known.
        sitting: in which they were measured, unlike every other.

    Raises:
        InputError: a value that the board does not have.
    """

    def own(name: str) -> str:
        return f"{name} in {sitting}"

    nets = {port.name: port.net for port in board.outputs}
    nets |= {point.name: point.net for point in board.test_points if point.name not in nets}
    values: list[Reading] = []
    delivered: list[Delivered] = []
    untimed: dict[Probe, str] = {}
    budgets = {own(channel): _of_sitting(budget, own) for channel, budget in channels.items()}
    for case in cases:
        inputs = tuple((port.name, case.inputs[port.name].set_V) for port in board.inputs)
        for name, arrived in case.inputs.items():
            read = MeasuredValue(value_V=arrived.value_V, U_V=arrived.U_V, channel=arrived.channel)
            channel = _channel(read, budgets, own)
            if arrived.value_V is None:
                channel = own(wiring[name]) if name in wiring else _BY_HAND
                budgets.setdefault(channel, [_component("source", *_SOURCE)])
            at_V = arrived.set_V if arrived.value_V is None else arrived.value_V
            delivered.append(Delivered(inputs, name, at_V, channel))
        for name, value in {**case.outputs, **case.nodes}.items():
            if name not in nets:
                raise InputError(f"the board has no value {name!r}", where="measurement")
            if value.value_V is not None:
                probe = Probe("volt", inputs, nets[name])
                values.append(Reading(probe, value.value_V, _channel(value, budgets, own)))
        for name, pulse in case.pulses.items():
            if name not in nets:
                raise InputError(f"the board has no pulse {name!r}", where="measurement")
            probe = Probe("second", inputs, nets[name])
            if pulse.width_s is None:
                untimed[probe] = pulse.untimed
            else:
                values.append(Reading(probe, pulse.width_s, _timed(pulse, budgets, own)))
    timed = {reading.channel for reading in values if reading.probe.kind == "second"}
    volts = [channel for channel in budgets if channel not in timed]
    reach = {} if range_V is None else dict.fromkeys(volts, range_V)
    return Readings(tuple(values), tuple(delivered), budgets, reach, untimed)


def _of_sitting(budget: Sequence[Component], own: Callable[[str], str]) -> Sequence[Component]:
    """Return a channel's budget with names of their own for the errors of the whole fixture."""
    return [
        msgspec.structs.replace(one, name=own(one.name)) if one.shared == "fixture" else one
        for one in budget
    ]


def _timed(
    pulse: MeasuredPulse, budgets: dict[str, Sequence[Component]], own: Callable[[str], str]
) -> str:
    """Return a pulse's channel; one without a budget gets what was stated with the width."""
    channel = own(pulse.channel or _BY_HAND)
    if channel not in budgets:
        channel = f"{channel}, within {pulse.U_s} s"
        budgets[channel] = [_component("as stated", 0.0, (pulse.U_s or 0.0) / 2, in_s=True)]
    return channel


def _channel(
    value: MeasuredValue, budgets: dict[str, Sequence[Component]], own: Callable[[str], str]
) -> str:
    """Return a reading's channel; one without a budget gets what was stated with the reading."""
    channel = own(value.channel or _BY_HAND)
    if channel not in budgets and value.value_V is not None:
        channel = f"{channel}, within {value.U_V} V"
        budgets[channel] = [_component("as stated", 0.0, (value.U_V or 0.0) / 2)]
    return channel


def value_typed(text: str, kind: Quantity) -> float:
    """Read a value as one types it: ``1.23``, ``-12 mV``, ``4k7``, ``2.5 mA``.

    Raises:
        InputError: it is no such value.
    """
    if kind == "second":
        return _seconds_typed(text)
    plain = text.strip().replace(",", ".").replace("\N{MINUS SIGN}", "-")
    sign = -1.0 if plain.startswith("-") else 1.0
    plain = plain.lstrip("+-").strip()
    if kind == "ohm":
        if plain.casefold() in ("ol", "o.l", "inf", "open"):
            return OPEN_ohm
        return 0.0 if plain.strip("0.") == "" and plain else units.parse(plain, "ohm")
    for ending in ("V", "v", "A", "a"):
        plain = plain.removesuffix(ending).strip()
    scale = 1e-3 if plain.endswith("m") else 1.0
    try:
        return sign * scale * float(plain.removesuffix("m"))
    except ValueError:
        raise InputError(f"{text!r} is no reading", allowed="such as 1.23, -0.5, 12 mV") from None


def _seconds_typed(text: str) -> float:
    plain = text.strip().replace(",", ".").removesuffix("s").strip()
    scale = {"m": 1e-3, "u": 1e-6, "\N{MICRO SIGN}": 1e-6}.get(plain[-1:], 1.0)
    try:
        return scale * float(plain if scale == 1.0 else plain[:-1])
    except ValueError:
        allowed = "such as 4.05 ms, 0.00405, 0 for no pulse"
        raise InputError(f"{text!r} is no reading", allowed=allowed) from None


OPEN_ohm = 20e6
"""What a meter that shows OL counts as: the end of its range."""


def expanded(reading: Reading, budgets: Mapping[str, Sequence[Component]]) -> float:
    """Return the expanded uncertainty of a reading, in its unit."""
    return expanded_uncertainty(budgets[reading.channel], reading.value)
