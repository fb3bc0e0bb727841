"""The laws of a synapse whose weight is a charge: conducting, writing, holding.

The transistors are those of sim/models/ald1106.lib, by the equations of its level 1. With the
source at ``v`` a transistor's threshold is raised by the substrate::

    V_T(v) = V_T0 + gamma (sqrt(phi + v - V_SS) - sqrt(phi))

and between source and drain, ``e`` apart, it carries ``beta (V_G - v - V_T(v) - e/2) e``.

Everything here takes numbers or arrays, which are broadcast.

Ref: H. Shichman, D. A. Hodges, "Modeling and simulation of insulated-gate field-effect transistor
switching circuits", IEEE J. Solid-State Circuits 3 (1968), 285-289, from memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from realnet_hw.parts.catalogue import part_type

Floats: TypeAlias = float | npt.NDArray[np.float64]

OVERLAP_F = 5e-13
"""From a transistor's gate to its drain, and to its source, in the model card."""
JUNCTION_ohm = 2.5e11
"""What a junction to the substrate leaks like in the model card: 10 pA at 2.5 V."""
LEAKAGE_DOUBLES_K = 10.0
"""Warmer by so much, a junction leaks twice as much: the usual rule, from memory."""
_BISECTIONS = 60


@dataclass(frozen=True)
class SynapseLaw:
    """A synapse of the array board.

    Args:
        store_F: its capacitor.
        series_ohm: between the source of data and the write transistor.
        word_V: a high word line.
        substrate_V: of the transistors.
    """

    store_F: float = 1e-9
    series_ohm: float = 2.21e3
    word_V: float = 7.5
    substrate_V: float = -2.5

    def threshold_V(self, source_V: Floats) -> Floats:
        """Return a transistor's threshold with its source at a voltage."""
        limits = part_type("ald1106").limits
        phi = limits["phi_V"]
        raised = np.sqrt(phi + source_V - self.substrate_V) - np.sqrt(phi)
        return np.asarray(limits["threshold_V"] + limits["gamma_sqrtV"] * raised)

    def conductance_S(self, stored_V: Floats, end_V: Floats = 0.0) -> Floats:
        """Return the synapse's conductance for small voltages, 0 below its threshold.

        Args:
            stored_V: at the gate of the read transistor.
            end_V: of its row and its column, which are about alike.
        """
        above_V = stored_V - end_V - self.threshold_V(end_V)
        return np.asarray(part_type("ald1106").limits["beta_A_per_V2"] * np.maximum(above_V, 0.0))

    def drive_V(self, data_V: Floats) -> Floats:
        """Return by how much the write transistor is on when the capacitor has come to the data."""
        return self.word_V - data_V - self.threshold_V(data_V)

    def write_s(self, error_V: Floats, data_V: Floats, start_V: Floats) -> Floats:
        """Return how long the word line must be high for an error that is left.

        With ``q`` the drive at the end, ``e`` what is left of ``e_0`` and the sign ``s`` plus where
        the capacitor is charged, minus where it is discharged::

            t = R C ln(e_0 / e) + C / (beta q) ln((e_0 / (2 q + s e_0)) / (e / (2 q + s e)))

        The first term is the series resistor's, the second the transistor's, each as if it were
        alone. Charged, the transistor's source is the capacitor, whose threshold is lower on the
        way than at the end, which is counted here all along: that takes up to a tenth less. What is
        discharged raises the transistor's source by the resistor's drop: that takes a little more.

        Args:
            error_V: left, above 0 and at most the distance.
            data_V: what is written, so that the drive is above half of the distance.
            start_V: what was held before.
        """
        distance_V = np.abs(data_V - start_V)
        sign = np.sign(data_V - start_V)
        drive_V = self.drive_V(data_V)
        beta = part_type("ald1106").limits["beta_A_per_V2"]
        whole = distance_V / (2 * drive_V + sign * distance_V)
        left = error_V / (2 * drive_V + sign * error_V)
        resistor_s = self.series_ohm * self.store_F * np.log(distance_V / error_V)
        return resistor_s + self.store_F / (beta * drive_V) * np.log(whole / left)

    def write_error_V(self, pulse_s: Floats, data_V: Floats, start_V: Floats) -> Floats:
        """Return what is left of the distance after a pulse: :meth:`write_s` the other way round.

        Found by bisection of the error's logarithm, down to 1e-12 of the distance.
        """
        pulse, data, start = np.broadcast_arrays(pulse_s, data_V, start_V)
        distance_V = np.abs(data - start)
        low, high = np.full(pulse.shape, np.log(1e-12)), np.zeros(pulse.shape)
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            longer = self.write_s(distance_V * np.exp(middle), data, start) > pulse
            low, high = np.where(longer, middle, low), np.where(longer, high, middle)
        return np.asarray(distance_V * np.exp(high))

    def injected_V(self, stored_V: Floats) -> tuple[Floats, Floats]:
        """Return least and greatest step, both below 0, that the falling word line leaves.

        Once the write transistor is off, its overlap alone couples the rest of the fall into the
        capacitor. At most the whole fall goes there, with what is coupled into the data line.
        """
        least = -OVERLAP_F * (stored_V + self.threshold_V(stored_V)) / self.store_F
        return least, -2 * OVERLAP_F * self.word_V / self.store_F

    def coupled_V(self, moved_V: Floats) -> Floats:
        """Return by how much the held voltage follows, for the sum of what row and column move."""
        return OVERLAP_F / self.store_F * moved_V

    def droop_V(self, held_V: Floats, time_s: Floats, temperature_C: Floats = 27.0) -> Floats:
        """Return how far a held voltage falls towards the substrate's.

        The write transistor's junction is what leaks; a capacitor with C0G, the board and the gate
        are taken to leak nothing.
        """
        warmer = 2.0 ** ((temperature_C - 27.0) / LEAKAGE_DOUBLES_K)
        tau_s = JUNCTION_ohm * self.store_F / warmer
        return -(held_V - self.substrate_V) * np.expm1(-time_s / tau_s)
