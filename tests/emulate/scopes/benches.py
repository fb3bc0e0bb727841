"""What a scope may look at where no board is: waves by their law, and a clock that is set."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from realnet_hw.emulate.scopes.digitiser import Volts

Law = Callable[[Volts], Volts]


class Waves:
    """Waves by name, with events where something begins; time passes when it is told to.

    Args:
        laws: by probe, volts at times.
        events: seconds.
        now_s: the time.
    """

    def __init__(self, laws: Mapping[str, Law], events: list[float], now_s: float) -> None:
        self._laws, self._events, self.time_s = laws, events, now_s

    def now_s(self) -> float:
        return self.time_s

    def events(self, since_s: float) -> list[float]:
        return [at_s for at_s in self._events if since_s < at_s <= self.time_s]

    def volts(self, probe: str, times_s: Volts) -> Volts:
        return self._laws[probe](times_s)


def step(at_s: float, low_V: float = 0.0, high_V: float = 5.0, rise_s: float = 1e-9) -> Law:
    """A step that begins at a time and takes another."""
    return lambda times_s: low_V + (high_V - low_V) * np.clip((times_s - at_s) / rise_s, 0, 1)


def charging(at_s: float, tau_s: float, high_V: float = 5.0) -> Law:
    """A capacitor charged from a time on."""
    return lambda times_s: high_V * (1 - np.exp(-np.maximum(times_s - at_s, 0) / tau_s))


def sine(amplitude_V: float, frequency_Hz: float) -> Law:
    """A sine that has been there for ever."""
    return lambda times_s: amplitude_V * np.sin(2 * math.pi * frequency_Hz * times_s)
