"""Charges on the storage capacitors of an array: written by pulses, leaking between them.

Ref: the laws of ``technology.array_laws``, which sim/experiments/synapse_cell.py compares with the
array's own circuit; the step at the falling word line is what was found there.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping

import numpy as np

from realnet_hw.technology.array_laws import JUNCTION_ohm, SynapseLaw

# The board clamps its data lines to these.
_DATA_LOW_V, _DATA_HIGH_V = 0.0, 5.0
# So near to its data a capacitor approaches it with one time constant.
_NEAR_V = 0.02
_HAIR_V = 1e-6
# What the falling word line takes from a capacitor, less where more is held.
_STEP_C, _STEP_C_PER_V = 5.3e-12, 0.33e-12


class Stores:
    """What the capacitors of a board hold, volts.

    Args:
        count: how many there are; they begin discharged.
        law: how they are written and leak.
    """

    def __init__(self, count: int, law: SynapseLaw) -> None:
        self.volts = np.zeros(count)
        self._law = law
        self._leak_s = JUNCTION_ohm * law.store_F
        self._tau_s = functools.lru_cache(4096)(self._time_constant)

    def leak(self, time_s: float) -> None:
        """Let time pass: all fall towards the substrate's voltage."""
        self.volts -= (self.volts - self._law.substrate_V) * -math.expm1(-time_s / self._leak_s)

    def conduct(self, data_V: Mapping[int, float], time_s: float) -> None:
        """Connect some of them to their data lines for a time.

        Args:
            data_V: number of the capacitor to the volts at the port of its data line.
            time_s: how long its word line is high.
        """
        for cell, wanted_V in data_V.items():
            target_V = round(min(max(wanted_V, _DATA_LOW_V), _DATA_HIGH_V), 5)
            start_V = float(self.volts[cell])
            self.volts[cell] = target_V + self._left(start_V, target_V, time_s)

    def close(self, cell: int) -> None:
        """Let the word line of one fall: its transistor's overlap takes some charge with it."""
        step_C = _STEP_C - _STEP_C_PER_V * float(self.volts[cell])
        self.volts[cell] -= step_C / self._law.store_F

    def _left(self, start_V: float, target_V: float, time_s: float) -> float:
        """Return how far a capacitor is above its data after a time."""
        above_V = start_V - target_V
        if abs(above_V) < _HAIR_V:
            return above_V
        if abs(above_V) < _NEAR_V:
            return above_V * math.exp(-time_s / self._tau_s(target_V))
        left_V = float(self._law.write_error_V(time_s, target_V, start_V))
        return math.copysign(left_V, above_V)

    def _time_constant(self, target_V: float) -> float:
        near_V = target_V - _HAIR_V
        return float(self._law.write_s(_HAIR_V / 1e3, target_V, near_V)) / math.log(1e3)
