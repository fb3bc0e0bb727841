"""From examples to a network whose boards were proved: trained, built, drawn, asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from realnet_hw.board import Board
from realnet_hw.errors import InputError
from realnet_hw.learn import proof, tolerant
from realnet_hw.learn.data_set import DataSet
from realnet_hw.network.network import Network
from realnet_hw.parts.catalogue import part_type
from realnet_hw.predict.engine import Engine
from realnet_hw.predict.monte_carlo import Progress
from realnet_hw.technology.bounds import values_at

MOST_SAMPLES = 100_000


@dataclass(frozen=True)
class Wish:
    """What a network shall be trained for.

    Args:
        technology: what its board is made of, a key of ``tolerant.TECHNOLOGIES``.
        resistor: the key in the catalogue of those that make its weights.
        hidden: width of the hidden layer.
        seed: of the first weights and of all draws.
        limit: the share of the examples that a good board gets right.
        samples: boards to draw for the yield.
    """

    technology: str
    resistor: str
    hidden: int
    seed: int
    limit: float
    samples: int


@dataclass(frozen=True)
class Outcome:
    """A network that was trained.

    Args:
        network: with ``trained``, which says how, and what its boards do.
        board: as its technology makes it.
        accuracy: the share of the examples judged that the network itself gets right.
        share: how many boards are good.
    """

    network: Network
    board: Board
    accuracy: float
    share: proof.Share


def trained(data: DataSet, wish: Wish, engine: Engine, progress: Progress | None = None) -> Outcome:
    """Train a network for a board that stands the tolerance of its resistors.

    Args:
        data: the examples; training does not look at those held out, by which boards are judged.
        wish: for what.
        engine: the simulator for the yield.
        progress: told of steps and boards done, of each in turn.

    Raises:
        InputError: a number out of range.
        CircuitRefused: the technology makes no board of any network that was found.
        SimulationFailed: a board for which there is no solution.
    """
    if not 0 < wish.limit <= 1:
        raise InputError(f"an accuracy of {100 * wish.limit:g} %", allowed="above 0 % to 100 %")
    if not 2 <= wish.samples <= MOST_SAMPLES:
        raise InputError(f"{wish.samples} samples", allowed=f"2 to {MOST_SAMPLES}")
    found = tolerant.train(
        data, wish.technology, wish.resistor, hidden=wish.hidden, seed=wish.seed, progress=progress
    )
    # Not the boards that judge: those that chose a network are kinder to it.
    network, board = proof.best(
        found, data, wish.technology, wish.resistor, engine, seed=wish.seed + 1
    )
    shares = proof.accuracies(
        board,
        data,
        engine,
        examples=data.judged,
        samples=wish.samples,
        seed=wish.seed,
        progress=progress,
    )
    share = proof.Share.of(shares, wish.limit)
    accuracy = _accuracy(network, board, data)
    told = _told(data, wish, accuracy, share, f"{engine.name} {engine.version}")
    return Outcome(msgspec.structs.replace(network, trained=told), board, accuracy, share)


def _accuracy(network: Network, board: Board, data: DataSet) -> float:
    """Return the share of the examples judged that the network itself gets right."""
    logic = board.logic
    low, high = (volts / logic.high_V for volts in (logic.threshold_low_V, logic.threshold_high_V))
    outputs = values_at(network, data.values[data.judged])
    return float(np.mean(data.right(outputs, data.judged, low, high)))


def _told(
    data: DataSet, wish: Wish, accuracy: float, share: proof.Share, engine: str
) -> dict[str, Any]:
    """Return what stands under ``trained`` in the network's file."""
    kind = part_type(wish.resistor)
    judged = int(data.judged.sum())
    return {
        "by": "realnet train mlp",
        "data": data.name,
        "ranges": {
            name: [one.low, one.high] for name, one in zip(data.inputs, data.ranges, strict=True)
        },
        "trained_on": int((~data.held_out).sum()),
        "judged_by": judged,
        "technology": wish.technology,
        "resistors": f"{kind.series} {100 * (kind.tolerance or 0.0):g} %",
        "seed": wish.seed,
        "accuracy": round(accuracy, 6),
        "boards": {
            "limit": wish.limit,
            "yield": share.value,
            "good": share.good,
            "samples": share.samples,
            "low": round(share.low, 6),
            "high": round(share.high, 6),
            "mean_accuracy": round(share.mean, 6),
            "accuracy_of_95_percent": round(share.most, 6),
            "engine": engine,
        },
    }
