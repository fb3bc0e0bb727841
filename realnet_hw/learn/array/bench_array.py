"""An array on the bench: a board behind the fixture, real or virtual."""

from __future__ import annotations

import numpy as np

from realnet_hw.board import Board
from realnet_hw.learn.array.device import (
    Converters,
    Nudge,
    Phases,
    Volts,
    Weights,
    held,
    phases_by_host,
    shape_of,
    synapses_of,
)
from realnet_hw.measure.fixture_specification import ADC_NOISE_V, LSB_V
from realnet_hw.measure.synapses import StoredBoard
from realnet_hw.technology.array_2t1c import Shape

SETTLE_S = 1e-3
"""From a pattern to its first conversion: sources, buffers and nodes are at rest long before."""


class BenchArray:
    """The twin that is soldered, or simulated behind the real firmware.

    Args:
        board: with synapses.
        stored: the board on the fixture, whose weights are being refreshed.
        average: conversions that make a reading.

    Raises:
        InputError: the board has no synapses.
    """

    def __init__(self, board: Board, stored: StoredBoard, average: int) -> None:
        gain = synapses_of(board).sense_gain
        self._board = board
        self._shape = shape_of(board)
        self._stored = stored
        self._average = average
        self._converters = Converters(
            LSB_V / gain, ADC_NOISE_V / gain, average, LSB_V, stored.refresh_s
        )
        self._waiting: dict[str, float] = {}

    @property
    def shape(self) -> Shape:
        """How large it is."""
        return self._shape

    @property
    def converters(self) -> Converters:
        """What it is set and read with."""
        return self._converters

    def store(self, stored_V: Weights) -> None:
        """Note what is to be written: it goes out with the next patterns, in one message."""
        self._waiting = held(self._board, stored_V)

    def present(self, inputs_V: Volts, nudges_V: Volts) -> Volts:
        """Show patterns and read every node; see ``Array.present``."""
        if self._waiting:
            self._stored.store(self._waiting)
            self._waiting = {}
        return self._stored.present(inputs_V, nudges_V, settle_s=SETTLE_S, average=self._average)

    def phases(self, inputs_V: Volts, targets_V: Volts, nudge: Nudge) -> Phases:
        """Show patterns in three phases; the fixture nudges a single output by itself."""
        if self._shape.outputs > 1:
            return phases_by_host(self, inputs_V, targets_V, nudge)
        seen = self._stored.present_nudged(
            inputs_V,
            np.asarray(targets_V[:, 0]),
            strength=nudge.strength,
            limit_V=nudge.limit_V,
            settle_s=SETTLE_S,
            average=self._average,
            held_V=self._waiting,
        )
        self._waiting = {}
        return Phases(seen.free_V, seen.towards_V, seen.away_V)
