"""What can be trained: an array whose weights are stored, and that answers patterns.

Simulation, virtual bench and real board are its twins; the learning rule does not know which.
"""

from __future__ import annotations

from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from realnet_hw.technology.array_2t1c import Shape

Volts: TypeAlias = npt.NDArray[np.float64]
Weights: TypeAlias = tuple[Volts, ...]
"""The gate voltages, layer by layer, each of shape (rows, columns)."""


class Array(Protocol):
    """A network of synapses with its converters."""

    @property
    def shape(self) -> Shape:
        """How large it is."""
        ...

    def store(self, stored_V: Weights) -> None:
        """Write every capacitor, and keep it written."""

    def present(self, inputs_V: Volts, nudges_V: Volts) -> Volts:
        """Set patterns one after another and read every node at rest.

        Args:
            inputs_V: on X1, X2, ..., shape (patterns, inputs).
            nudges_V: on the nudge resistors of the output columns, shape (patterns, columns).

        Returns:
            The voltages of hidden and output columns, shape (patterns, hidden + columns).
        """
        ...


def rows_V(shape: Shape, inputs_V: Volts) -> Volts:
    """Return the voltages of the first layer's rows, shape (patterns, rows)."""
    ones = np.ones((len(inputs_V), 1))
    signed = np.stack([np.hstack([inputs_V, ones]), -np.hstack([inputs_V, ones])], axis=-1)
    return signed.reshape(len(inputs_V), 2 * (shape.inputs + 1))


def outputs_V(shape: Shape, nodes_V: Volts) -> Volts:
    """Return the outputs, differences of two columns, shape (patterns, outputs)."""
    columns = nodes_V[:, shape.hidden :]
    difference: Volts = columns[:, 0::2] - columns[:, 1::2]
    return difference
