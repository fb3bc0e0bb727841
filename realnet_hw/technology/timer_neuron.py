"""A neuron of 555 timers by its laws: what its integrator reaches, and its threshold.

Levels are one third and two thirds of the rail, nominally 5 V and 10 V. Those of the inputs come
from outside and stay when the rail moves: the threshold of the first layer therefore comes from a
reference. With the rail at 14.25 V instead of 15 V the pulses of 5 V and 10 V grow by 7 % and 10 %,
and so does the time until the integrator, charged to that rail, passes an unmoved threshold near
0.6 of it. The levels between layers are made from the rail and move with it, as then must the
threshold; pulses stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from realnet_hw.technology import timer_laws as laws
from realnet_hw.technology.timer_parts import Parts, capacitor_F

RAIL_V = 15.0
REFERENCE_V = 10.0
"""What the thresholds of the first layer are divided from: twice a shunt reference."""
LOW_V, HIGH_V = 5.0, 10.0

PULLDOWN_OHM = 100e3
SHIFT_OHM = 100e3
MIDDLE_OHM = (4.99e3, 15e3)
"""The divider that makes the middle of both levels, 7.5 V, from the reference."""

_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Source:
    """What a weight's monostable listens to.

    Args:
        net: that carries the signal.
        is_inner: whether a neuron's output is brought to levels of the rail here; else the signal
            comes from outside with levels of its own.
        is_inverted: whether the monostable gets the complement.
    """

    net: str
    is_inner: bool = False
    is_inverted: bool = False


@dataclass(frozen=True)
class TimerNeuron:
    """The values of a neuron.

    Args:
        sources: of its weights.
        ohm: the monostables' resistors, in the same order.
        integrator_ohm: R of the integrator.
        upper_ohm, lower_ohm: the threshold's divider.
    """

    sources: tuple[Source, ...]
    ohm: tuple[float, ...]
    integrator_ohm: float
    upper_ohm: float
    lower_ohm: float

    @property
    def is_inner(self) -> bool:
        """Whether its levels and its threshold follow the rail."""
        return self.sources[0].is_inner

    @property
    def threshold_V(self) -> float:
        """Its threshold, as it should be."""
        source_V = RAIL_V if self.is_inner else REFERENCE_V
        return source_V * self.lower_ohm / (self.upper_ohm + self.lower_ohm)

    @property
    def unit_s(self) -> float:
        """The longest pulse of its monostables: t1H of the greatest weight."""
        return float(np.log(3.0)) * max(self.ohm) * capacitor_F()


@dataclass(frozen=True)
class Charging:
    """What charges an integrator: towards which voltage, with which time constant; boards x 1."""

    volts: _Floats
    tau_s: _Floats

    def reached_V(self, summed_s: _Floats) -> _Floats:
        """Return the voltage after pulses of ``summed_s`` in all, boards x patterns."""
        return np.asarray(laws.charged_V(self.volts, summed_s, self.tau_s))


class Circuit:
    """The parts of a neuron, on one board or many, at one rail and temperature.

    Args:
        sources: of its weights.
        ohm: the monostables' resistors.
        rail_V: as it is; one for each board, boards x 1, or one for all.
        parts: nominal, or drawn.
    """

    def __init__(
        self,
        sources: tuple[Source, ...],
        ohm: tuple[float, ...],
        rail_V: float | _Floats,
        parts: Parts,
    ) -> None:
        self.is_inner = sources[0].is_inner
        self._sources = sources
        self._rail_V = rail_V
        self._temperature_C = parts.temperature_C
        self._levels_V = [_levels(source, rail_V, parts) for source in sources]
        self._tau_s = [each * parts.resistor() * capacitor_F() * parts.capacitor() for each in ohm]
        self._ends_V = [parts.comparator_V() for _ in ohm]
        self._leak_V = [parts.threshold_A() * each for each in ohm]
        self._integrator = parts.resistor()
        self._integrator_F = capacitor_F() * parts.capacitor()
        self._integrator_A = parts.threshold_A()
        self._pulldown_ohm = PULLDOWN_OHM * parts.resistor()
        self._high_ohm, self._area = parts.high_ohm(), parts.area()
        self._upper, self._lower = parts.resistor(), parts.resistor()
        self._source_V = rail_V if self.is_inner else _reference_V(parts)
        self._offset_V = parts.offset_V()
        self._compared_V = parts.comparator_V()

    def pulses_s(self, levels_V: _Floats) -> list[_Floats]:
        """Return the pulse of each monostable, boards x patterns.

        Args:
            levels_V: what each source carries, boards x patterns x sources: the level of an input,
                0 or the rail of a neuron's output.
        """
        found = []
        for index in range(len(self._sources)):
            level_V = self._levels_V[index].of(levels_V[:, :, index]) + self._ends_V[index]
            charged_to_V = self._rail_V - self._leak_V[index]
            found.append(np.asarray(laws.pulse_s(self._tau_s[index], 1.0, level_V, charged_to_V)))
        return found

    def charging(self, integrator_ohm: float, middle_V: float) -> Charging:
        """Return what charges the integrator.

        Args:
            integrator_ohm: its resistor, as it should be.
            middle_V: half of its threshold.
        """
        series_ohm = integrator_ohm * self._integrator
        source = laws.drive(
            self._rail_V,
            self._high_ohm,
            pulldown_ohm=self._pulldown_ohm,
            series_ohm=series_ohm,
            middle_V=middle_V,
            area=self._area,
            temperature_C=self._temperature_C,
        )
        through_ohm = np.asarray(series_ohm + source.ohm)
        volts = np.asarray(source.volts - self._integrator_A * through_ohm)
        return Charging(volts, through_ohm * self._integrator_F)

    def threshold_V(self, share: float | _Floats) -> _Floats:
        """Return above which voltage the last timer's output falls, boards x 1.

        Args:
            share: of the divider, lower / (upper + lower).
        """
        upper, lower = (1.0 - share) * self._upper, share * self._lower
        divided_V = self._source_V * lower / (upper + lower)
        return np.asarray(divided_V + self._offset_V + self._compared_V)


@dataclass(frozen=True)
class _Levels:
    """The level at CONT: ``gain * v + offset_V``, boards x 1 each."""

    gain: _Floats
    offset_V: _Floats

    def of(self, volts: _Floats) -> _Floats:
        return self.gain * volts + self.offset_V


def _levels(source: Source, rail_V: float | _Floats, parts: Parts) -> _Levels:
    """Return what becomes of a source's voltage on its way to CONT.

    An output, 0 V or the rail, meets the rail and ground through three equal resistors: at the
    middle stand (v + rail)/3, one third or two thirds of the rail. A follower brings it to CONT,
    since the divider inside a timer is not controlled. Its complement is that of another timer's
    output. The complement of a level from outside is 2 V - v, V half way between both levels.
    """
    one = np.ones((1, 1))
    if source.is_inner:
        from_output = 1.0 / (parts.resistor() + parts.high_ohm() / SHIFT_OHM)
        from_rail, to_ground = 1.0 / parts.resistor(), 1.0 / parts.resistor()
        total = from_output + from_rail + to_ground
        return _Levels(
            from_output / total, np.asarray(rail_V * from_rail / total + parts.offset_V())
        )
    if not source.is_inverted:
        return _Levels(one, 0.0 * one)
    upper, lower = (ohm * parts.resistor() for ohm in MIDDLE_OHM)
    middle_V = _reference_V(parts) * lower / (upper + lower) + parts.offset_V()
    gain = parts.resistor() / parts.resistor()
    return _Levels(-gain, (1.0 + gain) * (middle_V + parts.offset_V()))


def _reference_V(parts: Parts) -> _Floats:
    """Return twice a shunt reference: an amplifier of gain 1 + R/R, with its offset."""
    gain = 1.0 + parts.resistor() / parts.resistor()
    return np.asarray(gain * (parts.reference_V() + parts.offset_V()))
