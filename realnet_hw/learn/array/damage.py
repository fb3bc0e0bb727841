"""An array of which some synapses are gone: their gates are kept at 0 V, whatever is stored."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from realnet_hw.board import Board
from realnet_hw.errors import InputError
from realnet_hw.learn.array.device import (
    Array,
    Converters,
    Nudge,
    Phases,
    Volts,
    Weights,
    synapses_of,
)
from realnet_hw.technology.array_2t1c import Shape

OFF_V = 0.0


class DamagedArray:
    """An array with some synapses switched off.

    Args:
        array: what is damaged.
        board: of the array.
        off: the stores of the synapses that are off.

    Raises:
        InputError: there is no such store.
    """

    def __init__(self, array: Array, board: Board, off: Collection[str]) -> None:
        layers = synapses_of(board).layers
        stores = [[[one.store for one in row] for row in layer] for layer in layers]
        known = {store for layer in stores for row in layer for store in row}
        if strange := sorted(set(off) - known):
            raise InputError(
                f"no synapse {strange[0]!r}", where=board.name, allowed=", ".join(sorted(known))
            )
        self._array = array
        self._works = [np.array([[s not in off for s in row] for row in layer]) for layer in stores]

    @property
    def shape(self) -> Shape:
        """How large it is."""
        return self._array.shape

    @property
    def converters(self) -> Converters:
        """What it is set and read with."""
        return self._array.converters

    def store(self, stored_V: Weights) -> None:
        """Write every capacitor; see ``Array.store``."""
        pairs = zip(self._works, stored_V, strict=True)
        self._array.store(tuple(np.where(works, volts, OFF_V) for works, volts in pairs))

    def present(self, inputs_V: Volts, nudges_V: Volts) -> Volts:
        """Set patterns and read every node; see ``Array.present``."""
        return self._array.present(inputs_V, nudges_V)

    def phases(self, inputs_V: Volts, targets_V: Volts, nudge: Nudge) -> Phases:
        """Show patterns in three phases; see ``Array.phases``."""
        return self._array.phases(inputs_V, targets_V, nudge)
