"""What changes while a fixture measures: drift, mains hum, noise that averaging does not remove.

A disturbance says, for a channel and a time, by how much its gain (relative) and its offset (volts
at the terminal) differ from what they were when the fixture was switched on.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field

Unrest = Callable[[int, float], tuple[float, float]]
"""Channel and seconds to gain and offset."""


def still(_channel: int, _at_s: float) -> tuple[float, float]:
    """Nothing changes."""
    return 0.0, 0.0


@dataclass(frozen=True)
class WarmUp:
    """A fixture that gets warm: each channel moves to another gain and offset.

    Args:
        gains, offsets_V: by how much, in the end, by channel.
        tau_s: the time constant.
    """

    gains: tuple[float, ...]
    offsets_V: tuple[float, ...]
    tau_s: float

    def __call__(self, channel: int, at_s: float) -> tuple[float, float]:
        """Gain and offset."""
        share = -math.expm1(-at_s / self.tau_s)
        return self.gains[channel] * share, self.offsets_V[channel] * share


@dataclass(frozen=True)
class Hum:
    """Mains and its harmonics, in phase on all channels and with no regard to the conversions.

    Args:
        frequency_Hz: of the mains.
        harmonics_V: amplitude and phase (rad) of the fundamental, the second harmonic and so on.
        shares: how much of it each channel catches.
    """

    frequency_Hz: float
    harmonics_V: tuple[tuple[float, float], ...]
    shares: tuple[float, ...]

    def __call__(self, channel: int, at_s: float) -> tuple[float, float]:
        """Gain and offset."""
        turn = 2 * math.pi * self.frequency_Hz * at_s
        volts = sum(
            amplitude_V * math.sin((order + 1) * turn + phase)
            for order, (amplitude_V, phase) in enumerate(self.harmonics_V)
        )
        return 0.0, self.shares[channel] * volts


@dataclass
class Pink:
    """Noise with as much power in each octave, from 0.1 Hz to a kilohertz: averaging helps little.

    It is a sum of noises with time constants an octave apart, each exact at whatever times it is
    asked for, as long as these do not run backwards.

    Args:
        rms_V: at the terminal.
        seed: of the sequence.
    """

    rms_V: float
    seed: int
    _source: random.Random = field(init=False, repr=False, compare=False)
    _states: dict[int, tuple[float, list[float]]] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    # 2 pi tau from 10 s down to a millisecond.
    _TAUS_s = tuple(1.6 / 2**octave for octave in range(14))

    def __post_init__(self) -> None:
        self._source = random.Random(f"pink {self.seed}")

    def __call__(self, channel: int, at_s: float) -> tuple[float, float]:
        """Gain and offset."""
        before_s, states = self._states.get(channel, (-math.inf, [0.0] * len(self._TAUS_s)))
        waited_s = max(0.0, at_s - before_s)
        sigma_V = self.rms_V / math.sqrt(len(self._TAUS_s))
        for index, tau_s in enumerate(self._TAUS_s):
            kept = math.exp(-waited_s / tau_s)
            fresh_V = sigma_V * math.sqrt(1 - kept * kept)
            states[index] = kept * states[index] + self._source.gauss(0.0, fresh_V)
        self._states[channel] = (at_s, states)
        return 0.0, sum(states)
