"""An array in simulation: its board's deck, solved at every pattern, seen through converters."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from realnet_hw.board import Board
from realnet_hw.export.deck import Deck
from realnet_hw.learn.array.device import (
    EXACT,
    Converters,
    Nudge,
    Phases,
    Volts,
    Weights,
    phases_by_host,
    rounded,
    shape_of,
    synapses_of,
)
from realnet_hw.predict.engine import Engine
from realnet_hw.technology.array_2t1c import Shape


class SimulatedArray:
    """The twin of a board on the bench.

    Args:
        board: with synapses.
        deck: of the board; its ``held`` sources are the stored weights.
        engine: what solves it.
        converters: what it is set and read with; as they are when left out.
        parameters: of this very board, as of ``predict.tolerances.draw``; empty for the nominal.
        seed: of the noise.

    Raises:
        InputError: the board has no synapses.
    """

    def __init__(
        self,
        board: Board,
        deck: Deck,
        engine: Engine,
        *,
        converters: Converters = EXACT,
        parameters: Mapping[str, float] | None = None,
        seed: int = 0,
    ) -> None:
        synapses = synapses_of(board)
        self._shape = shape_of(board)
        self._converters = converters
        self._random = np.random.default_rng(seed)
        self._stored_V = np.zeros(0)
        stores = [one.store for layer in synapses.layers for row in layer for one in row]
        self._bound = engine.bound(
            deck,
            parameters or {},
            changing=[
                *(deck.held[net].element for net in stores),
                *(deck.inputs[port.name].element for port in board.inputs),
                *(deck.nudges[port].element for port in synapses.nudges.values()),
            ],
            nodes=[deck.nodes[net] for net in synapses.senses],
        )

    @property
    def shape(self) -> Shape:
        """How large it is."""
        return self._shape

    @property
    def converters(self) -> Converters:
        """What it is set and read with."""
        return self._converters

    def store(self, stored_V: Weights) -> None:
        """Set the sources that stand for the refreshed capacitors."""
        every = np.concatenate([layer.ravel() for layer in stored_V])
        self._stored_V = rounded(every, self._converters.source_step_V)

    def present(self, inputs_V: Volts, nudges_V: Volts) -> Volts:
        """Solve every pattern; see ``Array.present``."""
        set_V = rounded(np.hstack([inputs_V, nudges_V]), self._converters.source_step_V)
        stored_V = np.broadcast_to(self._stored_V, (len(set_V), len(self._stored_V)))
        return self._read(self._bound.operating_points(np.hstack([stored_V, set_V])))

    def phases(self, inputs_V: Volts, targets_V: Volts, nudge: Nudge) -> Phases:
        """Show patterns in three phases; see ``Array.phases``."""
        return phases_by_host(self, inputs_V, targets_V, nudge)

    def _read(self, volts: Volts) -> Volts:
        """Return the means of conversions."""
        shape = (self._converters.average, *volts.shape)
        noise_V = self._random.normal(0.0, self._converters.noise_V, shape)
        read: Volts = rounded(volts + noise_V, self._converters.resolution_V).mean(axis=0)
        return read
