"""An array in simulation: its board's deck, solved at every pattern, read through a converter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from realnet_hw.export.deck import Deck
from realnet_hw.learn.array.device import Volts, Weights
from realnet_hw.predict.engine import Engine
from realnet_hw.technology.array_2t1c import Shape, store_nets


@dataclass(frozen=True)
class Converter:
    """How nodes are read: the step and the standard deviation of a reading, volts at the node."""

    resolution_V: float = 5e-4
    noise_V: float = 2.5e-4


class SimulatedArray:
    """The twin of a board on the bench.

    Args:
        shape: of the board.
        deck: of the board; its ``held`` sources are the stored weights.
        engine: what solves it.
        converter: how nodes are read; None reads them as they are.
        board: drawn parameters, as of ``predict.tolerances.draw``; empty for the nominal board.
        seed: of the noise.
    """

    def __init__(
        self,
        shape: Shape,
        deck: Deck,
        engine: Engine,
        *,
        converter: Converter | None = None,
        board: Mapping[str, float] | None = None,
        seed: int = 0,
    ) -> None:
        self._shape = shape
        self._deck = deck
        self._engine = engine
        self._converter = converter
        self._board = dict(board or {})
        self._random = np.random.default_rng(seed)
        self._stored: dict[str, float] = {}
        self._columns = [deck.nodes[net] for net in (*shape.hidden_columns, *shape.output_columns)]

    @property
    def shape(self) -> Shape:
        """How large it is."""
        return self._shape

    def store(self, stored_V: Weights) -> None:
        """Set the sources that stand for the refreshed capacitors."""
        self._stored = {
            self._deck.held[net].element: float(volts)
            for nets, layer in zip(store_nets(self._shape), stored_V, strict=True)
            for net, volts in zip(nets, layer.ravel(), strict=True)
        }

    def present(self, inputs_V: Volts, nudges_V: Volts) -> Volts:
        """Solve every pattern; see ``Array.present``."""
        names = [f"X{i}" for i in range(1, self._shape.inputs + 1)]
        inputs = [self._deck.inputs[name].element for name in names]
        sources = [*inputs, *(source.element for source in self._deck.nudges.values())]
        patterns = np.hstack([inputs_V, nudges_V])
        parameters = [
            {**self._board, **self._stored, **dict(zip(sources, map(float, row), strict=True))}
            for row in patterns
        ]
        volts = self._engine.operating_point(self._deck, parameters, self._columns)
        if self._converter is None:
            return volts
        noisy = volts + self._random.normal(0.0, self._converter.noise_V, volts.shape)
        step = self._converter.resolution_V
        read: Volts = np.round(noisy / step) * step
        return read
