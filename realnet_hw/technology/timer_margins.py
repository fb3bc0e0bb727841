"""How far a 555 neuron's patterns are from its threshold, and how far its parts may move them.

Each pattern of the inputs charges the integrator to its own voltage; those that must fire should
be above the threshold and the others below, on nearly every board, at every rail and temperature
that is allowed. What a pattern has between itself and the threshold, in standard deviations of that
distance, counts.

Ref: JCGM 101:2008 (propagation of distributions by a Monte Carlo method).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from realnet_hw.technology import timer_laws as laws
from realnet_hw.technology.timer_neuron import (
    HIGH_V,
    LOW_V,
    RAIL_V,
    Circuit,
    Source,
    TimerNeuron,
)
from realnet_hw.technology.timer_parts import Parts

RAIL_TOLERANCE = 0.05
CORNERS = (
    (RAIL_V, laws.NOMINAL_C),
    (RAIL_V * (1 - RAIL_TOLERANCE), 0.0),
    (RAIL_V * (1 - RAIL_TOLERANCE), 50.0),
    (RAIL_V * (1 + RAIL_TOLERANCE), 0.0),
    (RAIL_V * (1 + RAIL_TOLERANCE), 50.0),
)
"""Rails in volts and temperatures in degrees Celsius at which a neuron must work."""

HOLDS = 3.0
"""A margin of so many standard deviations holds on about 999 of 1000 boards."""

_BOARDS = 300

_Floats = npt.NDArray[np.float64]
_Bits = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Task:
    """What a neuron must tell apart.

    Args:
        sources: of its weights.
        carried: patterns x sources: the volts at an input; 0 or 1 of a neuron's output.
        fires: by pattern, whether the last timer's output falls.
    """

    sources: tuple[Source, ...]
    carried: _Floats
    fires: _Bits

    @staticmethod
    def of_bits(sources: tuple[Source, ...], bits: _Bits, fires: _Bits) -> Task:
        """Return the task with exact levels: 5 V and 10 V at inputs."""
        outside = np.array([not source.is_inner for source in sources])
        volts = np.where(bits, HIGH_V, LOW_V)
        return Task(sources, np.where(outside, volts, bits.astype(float)), fires)

    @property
    def is_high(self) -> _Bits:
        """Whether each level at CONT is the higher one, patterns x sources."""
        inner = np.array([source.is_inner for source in self.sources])
        inverted = np.array([source.is_inverted for source in self.sources])
        high = self.carried > np.where(inner, 0.5, (LOW_V + HIGH_V) / 2)
        return np.asarray(high != inverted)

    def volts(self, rail_V: float | _Floats) -> _Floats:
        """Return what each source carries at a rail, boards x patterns x sources.

        Of an inner source that is inverted, what its inverter puts out.
        """
        inner = np.array([source.is_inner for source in self.sources])
        return np.where(inner, self.is_high * np.reshape(rail_V, (-1, 1, 1)), self.carried)


class Corner:
    """A neuron's parts on many boards at one rail, with their pulses' sums.

    Args:
        task: what it must tell apart.
        ohm: the monostables' resistors.
        rail_V: the rail, or one for each board, boards x 1.
        parts: nominal, or drawn.
    """

    def __init__(
        self,
        task: Task,
        ohm: tuple[float, ...],
        *,
        rail_V: float | _Floats = RAIL_V,
        parts: Parts | None = None,
    ) -> None:
        self.circuit = Circuit(task.sources, ohm, rail_V, parts or Parts())
        self.task = task
        self.pulses_s = self.circuit.pulses_s(task.volts(rail_V))
        self.summed_s = np.sum(self.pulses_s, axis=0)
        self.scale = rail_V / RAIL_V if self.circuit.is_inner else 1.0

    @staticmethod
    def drawn(
        task: Task,
        ohm: tuple[float, ...],
        corner: tuple[float, float],
        boards: int,
        *,
        seed: int = 0,
        tolerance: float | None = None,
    ) -> Corner:
        """Return drawn boards at a rail and temperature; the last as of ``Parts``."""
        rail_V, temperature_C = corner
        parts = Parts(boards, seed, temperature_C=temperature_C, tolerance=tolerance)
        return Corner(task, ohm, rail_V=rail_V, parts=parts)

    def reached_V(self, integrator_ohm: float, middle_V: float) -> _Floats:
        """Return the integrator's voltages, boards x patterns."""
        return self.circuit.charging(integrator_ohm, middle_V).reached_V(self.summed_s)

    def margins_V(self, neuron: TimerNeuron) -> _Floats:
        """Return by how much each pattern is right, boards x patterns; below 0 it is wrong."""
        share = neuron.lower_ohm / (neuron.upper_ohm + neuron.lower_ohm)
        above_V = self.reached_V(neuron.integrator_ohm, neuron.threshold_V / 2)
        above_V = above_V - self.circuit.threshold_V(share)
        return np.where(self.task.fires, above_V, -above_V)


@dataclass(frozen=True)
class Margins:
    """The margins of a neuron's patterns.

    Args:
        units: nominal, in units of t1H of the greatest weight; below 0 a pattern is wrong.
        volts: nominal, at the integrator.
        needed_V: ``HOLDS`` standard deviations, at the worst corner.
        sigmas: the least of the margins over standard deviations, over all corners.
        worst: the pattern that has it.
    """

    units: _Floats
    volts: _Floats
    needed_V: _Floats
    sigmas: float
    worst: int


def margins(neuron: TimerNeuron, task: Task, *, tolerance: float | None = None) -> Margins:
    """Return the margins of a neuron."""
    nominal = Corner(task, neuron.ohm)
    volts = nominal.margins_V(neuron)[0]
    reached_s = nominal.summed_s[0]
    threshold_s = threshold_time_s(neuron)
    signed_s = np.where(task.fires, reached_s - threshold_s, threshold_s - reached_s)
    least = np.full(len(volts), np.inf)
    needed_V = np.zeros(len(volts))
    for corner in CORNERS:
        drawn = Corner.drawn(task, neuron.ohm, corner, _BOARDS, tolerance=tolerance)
        found_V = drawn.margins_V(neuron)
        spread_V = found_V.std(axis=0)
        least = np.minimum(least, found_V.mean(axis=0) / spread_V)
        needed_V = np.maximum(needed_V, volts - found_V.mean(axis=0) + HOLDS * spread_V)
    worst = int(np.argmin(least))
    return Margins(signed_s / neuron.unit_s, volts, needed_V, float(least[worst]), worst)


def threshold_time_s(neuron: TimerNeuron) -> float:
    """Return the sum of pulses at which a neuron, all as it should be, just fires."""
    task = Task(neuron.sources, np.zeros((0, len(neuron.sources))), np.zeros(0, bool))
    circuit = Corner(task, neuron.ohm).circuit
    charging = circuit.charging(neuron.integrator_ohm, neuron.threshold_V / 2)
    share = neuron.lower_ohm / (neuron.upper_ohm + neuron.lower_ohm)
    level_V = circuit.threshold_V(share)
    return float(np.squeeze(laws.charging_s(charging.volts, level_V, charging.tau_s)))


def yield_of(
    neuron: TimerNeuron,
    task: Task,
    *,
    boards: int,
    seed: int = 0,
    tolerance: float | None = None,
    corner: tuple[float, float] = CORNERS[0],
) -> float:
    """Return the share of boards on which every pattern is right."""
    drawn = Corner.drawn(task, neuron.ohm, corner, boards, seed=seed, tolerance=tolerance)
    return float((drawn.margins_V(neuron) > 0).all(axis=1).mean())
