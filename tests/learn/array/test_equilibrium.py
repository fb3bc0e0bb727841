"""Equilibrium propagation against finite differences of the same circuit."""

from __future__ import annotations

import numpy as np
import pytest

from realnet_hw.export.deck import Deck, deck_from
from realnet_hw.export.netlist import from_board
from realnet_hw.learn.array.device import Weights, outputs_V, rows_V
from realnet_hw.learn.array.equilibrium import Nudge, estimate
from realnet_hw.learn.array.simulated import Converter, SimulatedArray
from realnet_hw.predict.ngspice import NgspiceEngine
from realnet_hw.technology.array_2t1c import Shape, array_board

SHAPE = Shape(inputs=1, hidden=2, outputs=1)
INPUTS_V = np.array([[-1.0], [0.6]])
TARGETS_V = np.array([[0.1], [-0.1]])


@pytest.fixture(scope="module")
def deck() -> Deck:
    stored = [[[2.5] * len(columns) for _ in rows] for rows, columns in SHAPE.layers]
    board = array_board("array", "Array under test", SHAPE, stored_V=stored)
    return deck_from(from_board(board), board)


def weights(seed: int) -> Weights:
    random = np.random.default_rng(seed)
    return tuple(random.uniform(1.8, 3.5, (len(r), len(c))) for r, c in SHAPE.layers)


def loss(array: SimulatedArray, stored_V: Weights) -> float:
    array.store(stored_V)
    error = outputs_V(SHAPE, array.present(INPUTS_V, np.zeros((2, 2)))) - TARGETS_V
    return float((error**2).sum(axis=1).mean() / 2)


def cosine(one: Weights, two: Weights) -> float:
    a, b = (np.concatenate([layer.ravel() for layer in each]) for each in (one, two))
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def differences(array: SimulatedArray, stored_V: Weights, step_V: float = 5e-3) -> Weights:
    found = tuple(np.zeros_like(layer) for layer in stored_V)
    for number, layer in enumerate(stored_V):
        for place in np.ndindex(layer.shape):
            sides = []
            for sign in (1, -1):
                moved = [each.copy() for each in stored_V]
                moved[number][place] += sign * step_V
                sides.append(loss(array, tuple(moved)))
            found[number][place] = (sides[0] - sides[1]) / (2 * step_V)
    return found


def test_rows_are_the_inputs_and_their_inverses() -> None:
    assert rows_V(SHAPE, np.array([[0.3]])).tolist() == [[0.3, -0.3, 1.0, -1.0]]


def test_the_estimate_points_down_the_loss(deck: Deck) -> None:
    """On the whole board with its amplifiers, read exactly and as the fixture reads.

    The circuit's body effect and its inverters' load are not in the local rule: hence 0.95, not 1.
    """
    stored_V = weights(1)
    exact = SimulatedArray(SHAPE, deck, NgspiceEngine())
    reference = differences(exact, stored_V)
    exact.store(stored_V)
    small = estimate(exact, INPUTS_V, TARGETS_V, Nudge(strength=0.3))
    assert small.loss == pytest.approx(loss(exact, stored_V))
    assert cosine(small.gradient, reference) > 0.97
    norms = [
        np.linalg.norm(np.concatenate([g.ravel() for g in each]))
        for each in (small.gradient, reference)
    ]
    assert norms[0] == pytest.approx(norms[1], rel=0.2)

    read = SimulatedArray(SHAPE, deck, NgspiceEngine(), converter=Converter(), seed=3)
    read.store(stored_V)
    assert cosine(estimate(read, INPUTS_V, TARGETS_V, Nudge()).gradient, reference) > 0.95
