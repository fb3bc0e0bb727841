"""What can be trained: an array whose weights are stored, and that answers patterns.

Simulation, virtual bench and real board are its twins; the learning rule does not know which.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from realnet_hw.board import Board, Synapses
from realnet_hw.errors import InputError
from realnet_hw.learn.array.loss import errors_V
from realnet_hw.technology.array_2t1c import Shape

Volts: TypeAlias = npt.NDArray[np.float64]
Weights: TypeAlias = tuple[Volts, ...]
"""The gate voltages, layer by layer, each of shape (rows, columns)."""


@dataclass(frozen=True)
class Converters:
    """What an array is set and read with, in volts at its own nodes.

    Args:
        resolution_V: the step of one conversion of a node.
        noise_V: the standard deviation of one conversion.
        average: conversions that make a reading.
        source_step_V: the step of inputs, nudges and of what is written; 0 for none.
        refresh_s: from one writing of a capacitor to the next; 0 where nothing leaks.
    """

    resolution_V: float = 5e-4
    noise_V: float = 2.5e-4
    average: int = 1
    source_step_V: float = 5e-3
    refresh_s: float = 0.0

    @property
    def u_V(self) -> float:
        """The standard uncertainty of a reading: noise and rounding."""
        one_V = math.hypot(self.noise_V, self.resolution_V / math.sqrt(12))
        return one_V / math.sqrt(self.average)


EXACT = Converters(0.0, 0.0, 1, 0.0)


@dataclass(frozen=True)
class Nudge:
    """How hard outputs are pushed: volts at the nudge resistor a volt of error, and at most."""

    strength: float = 2.0
    limit_V: float = 1.0

    def strengths(self, error_V: Volts) -> Volts:
        """Return the strength of each pattern, less where the limit cuts it, shape (patterns, 1).

        Args:
            error_V: of the outputs, shape (patterns, outputs).
        """
        largest_V = np.abs(error_V).max(axis=1, keepdims=True)
        return np.asarray(np.minimum(self.strength, self.limit_V / np.maximum(largest_V, 1e-12)))


@dataclass(frozen=True)
class Phases:
    """Every node in the three phases of learning, each of shape (patterns, hidden + columns)."""

    free_V: Volts
    towards_V: Volts
    away_V: Volts


class Array(Protocol):
    """A network of synapses with its converters."""

    @property
    def shape(self) -> Shape:
        """How large it is."""
        ...

    @property
    def converters(self) -> Converters:
        """What it is set and read with."""
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

    def phases(self, inputs_V: Volts, targets_V: Volts, nudge: Nudge) -> Phases:
        """Show patterns free, pushed towards their targets, and away from them.

        Args:
            inputs_V: shape (patterns, inputs).
            targets_V: of the outputs, shape (patterns, outputs).
            nudge: how hard.
        """
        ...


def synapses_of(board: Board) -> Synapses:
    """Return the synapses of a board.

    Raises:
        InputError: it has none.
    """
    if board.synapses is None:
        raise InputError(
            "this board has no synapses", where=board.name, mend="train one of array_2t1c"
        )
    return board.synapses


def shape_of(board: Board) -> Shape:
    """Return how large a board's network is.

    Raises:
        InputError: it has no synapses.
    """
    synapses = synapses_of(board)
    hidden = len(synapses.layers[0][0]) if len(synapses.layers) > 1 else 0
    return Shape(len(board.inputs), hidden, len(synapses.nudges) // 2)


def held(board: Board, stored_V: Weights) -> dict[str, float]:
    """Return weights by the nets of their capacitors, as ``Board.held_V`` has them."""
    return {
        synapse.store: float(volts)
        for rows, layer in zip(synapses_of(board).layers, stored_V, strict=True)
        for row, values in zip(rows, layer, strict=True)
        for synapse, volts in zip(row, values, strict=True)
    }


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


def phases_by_host(array: Array, inputs_V: Volts, targets_V: Volts, nudge: Nudge) -> Phases:
    """Return the three phases of an array that is told each push; see ``Array.phases``."""
    shape = array.shape
    free_V = array.present(inputs_V, np.zeros((len(inputs_V), 2 * shape.outputs)))
    error_V = errors_V(outputs_V(shape, free_V), targets_V)
    push_V = np.repeat(nudge.strengths(error_V) * error_V, 2, axis=1)
    push_V *= np.tile([-1.0, 1.0], shape.outputs)
    both_V = array.present(np.vstack([inputs_V, inputs_V]), np.vstack([push_V, -push_V]))
    return Phases(free_V, both_V[: len(inputs_V)], both_V[len(inputs_V) :])


def rounded(volts: Volts, step_V: float) -> Volts:
    """Return voltages in whole steps; as they are where there is no step."""
    return volts if step_V == 0 else np.round(volts / step_V) * step_V
