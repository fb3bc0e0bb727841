"""A trained network as boards: made by its technology, drawn, and asked the examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from realnet_hw.board import Board
from realnet_hw.errors import CircuitRefused
from realnet_hw.export import netlist
from realnet_hw.export.deck import Deck, deck_from
from realnet_hw.learn.data_set import DataSet
from realnet_hw.learn.tolerant import Trained
from realnet_hw.network.network import Network
from realnet_hw.predict.asking import Settled
from realnet_hw.predict.bands import proportion_interval
from realnet_hw.predict.engine import Engine
from realnet_hw.predict.monte_carlo import Progress, Run, streamed
from realnet_hw.technology.registry import compiler

# Examples that a board is tried with when it is measured, and boards that decide between networks.
_CASES = 16
_TRIED = 100

Accuracies = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Share:
    """How many boards are right in so many examples.

    Args:
        limit: the share of the examples that a good board gets right.
        good, samples: boards.
        low, high: the 95 % interval of ``good / samples``.
        mean: the mean accuracy of the boards.
        most: what 95 of 100 boards reach.
    """

    limit: float
    good: int
    samples: int
    low: float
    high: float
    mean: float
    most: float

    @property
    def value(self) -> float:
        """The predicted yield."""
        return self.good / self.samples

    @staticmethod
    def of(accuracies: Accuracies, limit: float) -> Share:
        """Count boards."""
        good, samples = int((accuracies >= limit).sum()), len(accuracies)
        low, high = proportion_interval(good, samples)
        most = float(np.quantile(accuracies, 0.05, method="inverted_cdf"))
        return Share(limit, good, samples, low, high, float(accuracies.mean()), most)


def cases(data: DataSet) -> list[tuple[float, ...]]:
    """Return examples to try a board with, in logic units: all patterns of bits, of others some."""
    judged = np.unique(data.values[data.judged].round(6), axis=0)
    if data.kind == "analogue":
        order = np.linspace(0, len(judged) - 1, min(_CASES, len(judged))).round().astype(int)
        judged = judged[order]
    return [tuple(row) for row in judged.tolist()]


def board_of(network: Network, data: DataSet, technology: str, resistor: str) -> Board:
    """Return the board that a technology makes of a network.

    Raises:
        CircuitRefused: it makes none.
    """
    return compiler(technology)(
        network,
        data.name,
        data.name,
        answer=data.answer,
        inputs=data.kind,
        at=cases(data),
        resistor=resistor,
    )


def best(
    trained: Sequence[Trained],
    data: DataSet,
    technology: str,
    resistor: str,
    engine: Engine,
    *,
    seed: int,
) -> tuple[Network, Board]:
    """Return the network whose boards answer the examples of the training best, with its board.

    Args:
        trained: what to choose from.
        data: the examples.
        technology, resistor: see ``board_of``.
        engine: the simulator.
        seed: of the boards that choose; those that judge what was chosen need another one.

    Raises:
        CircuitRefused: the technology makes a board of none of them; says why not of the first.
    """
    found: list[tuple[float, Network, Board]] = []
    refusals: list[CircuitRefused] = []
    for one in trained:
        try:
            board = board_of(one.network, data, technology, resistor)
        except CircuitRefused as why:
            refusals.append(why)
            continue
        tried = accuracies(board, data, engine, examples=~data.held_out, samples=_TRIED, seed=seed)
        found.append((float(tried.mean()), one.network, board))
    if not found:
        raise refusals[0]
    _, network, board = max(found, key=lambda one: one[0])
    return network, board


def accuracies(
    board: Board,
    data: DataSet,
    engine: Engine,
    *,
    examples: npt.NDArray[np.bool_],
    samples: int,
    seed: int,
    progress: Progress | None = None,
) -> Accuracies:
    """Return which share of some examples each drawn board gets right, shape (samples).

    Args:
        board: of a network for these examples.
        data: the examples.
        engine: the simulator.
        examples: which of them, shape (examples).
        samples, seed: boards to draw, see ``tolerances.draw``.
        progress: told of boards done.

    Raises:
        SimulationFailed: a board for which there is no solution.
    """
    deck = deck_from(netlist.from_board(board), board)
    asking = Settled({port.name: deck.nodes[port.net] for port in board.outputs})
    run = Run(deck, asking, _sources(board, deck, data.values[examples]), samples, seed)
    low_V, high_V = board.logic.threshold_low_V, board.logic.threshold_high_V
    shares = [
        data.right(answers, examples, low_V, high_V).mean(axis=1)
        for answers in streamed(run, engine, progress)
    ]
    return np.concatenate(shares)


def _sources(board: Board, deck: Deck, values: npt.NDArray[np.float64]) -> list[dict[str, float]]:
    elements = [deck.inputs[port.name].element for port in board.inputs]
    return [
        {
            element: port.volts(value)
            for element, port, value in zip(elements, board.inputs, row, strict=True)
        }
        for row in values.tolist()
    ]
