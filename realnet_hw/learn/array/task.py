"""What an array is to learn: patterns of voltages, and which outputs are to be high."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from realnet_hw.errors import InputError
from realnet_hw.learn.array.device import Volts
from realnet_hw.learn.data_set import DataSet
from realnet_hw.technology.array_2t1c import X_MAX_V, Shape


@dataclass(frozen=True, eq=False)
class Task:
    """Patterns and what they are.

    Args:
        inputs_V: shape (patterns, inputs).
        signs: +1 where an output is to be above 0 V, -1 where below, shape (patterns, outputs).
    """

    inputs_V: Volts
    signs: Volts

    def __len__(self) -> int:
        return len(self.inputs_V)

    def part(self, chosen: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> Task:
        """Return some of the patterns."""
        return Task(self.inputs_V[chosen], self.signs[chosen])

    def margins_V(self, outputs_V: Volts) -> Volts:
        """Return by how much each answer is right, below 0 where it is wrong, shape (patterns).

        One output is right on its side of 0 V; of several, the right one leads all others.
        """
        if self.signs.shape[1] == 1:
            margins: Volts = (outputs_V * self.signs)[:, 0]
            return margins
        right = np.where(self.signs > 0, outputs_V, -np.inf).max(axis=1)
        other = np.where(self.signs > 0, -np.inf, outputs_V).max(axis=1)
        return np.asarray(right - other)


def task_of(data: DataSet, shape: Shape, *, where: str) -> Task:
    """Return a data set as voltages: each input's range is from -1 V to 1 V.

    Args:
        data: the examples, those held out too.
        shape: of the array.
        where: the board, for errors.

    Raises:
        InputError: the board has other numbers of inputs or outputs.
    """
    wanted = (len(data.inputs), len(data.outputs))
    if wanted != (shape.inputs, shape.outputs):
        raise InputError(
            f"{data.name} has {wanted[0]} inputs and {wanted[1]} outputs",
            where=where,
            allowed=f"as many as this board: {shape.inputs} and {shape.outputs}",
            mend="call the two classes 0 and 1: one output tells them apart"
            if wanted == (shape.inputs, 2) and shape.outputs == 1
            else "",
        )
    return Task(X_MAX_V * (2 * data.values - 1), 2 * data.wanted - 1)
