"""Equilibrium propagation against finite differences of the same circuit."""

from __future__ import annotations

import numpy as np
import pytest

from realnet_hw.board import Board
from realnet_hw.export.deck import Deck, deck_from
from realnet_hw.export.netlist import from_board
from realnet_hw.learn.array.device import EXACT, Converters, Weights, rows_V, shape_of
from realnet_hw.learn.array.gradient import check
from realnet_hw.learn.array.simulated import SimulatedArray
from realnet_hw.learn.array.task import Task
from realnet_hw.predict.compiled.engine import CompiledEngine
from realnet_hw.predict.engine import Engine
from realnet_hw.predict.ngspice import NgspiceEngine
from realnet_hw.records import TrainingPlan
from realnet_hw.technology.array_2t1c import Shape, array_board

SHAPE = Shape(inputs=1, hidden=2, outputs=1)
TASK = Task(np.array([[-1.0], [0.6]]), np.array([[1.0], [-1.0]]))


@pytest.fixture(scope="module")
def board() -> Board:
    stored = [[[2.5] * len(columns) for _ in rows] for rows, columns in SHAPE.layers]
    return array_board("array", "Array under test", SHAPE, stored_V=stored)


@pytest.fixture(scope="module")
def deck(board: Board) -> Deck:
    return deck_from(from_board(board), board)


def weights(seed: int) -> Weights:
    random = np.random.default_rng(seed)
    return tuple(random.uniform(1.8, 3.5, (len(r), len(c))) for r, c in SHAPE.layers)


def test_rows_are_the_inputs_and_their_inverses(board: Board) -> None:
    assert shape_of(board) == SHAPE
    assert rows_V(SHAPE, np.array([[0.3]])).tolist() == [[0.3, -0.3, 1.0, -1.0]]


@pytest.mark.parametrize("engine", [CompiledEngine(), NgspiceEngine()], ids=lambda e: e.name)
def test_nudging_gives_the_gradient_of_the_loss(board: Board, deck: Deck, engine: Engine) -> None:
    """On the whole board with its amplifiers, read exactly.

    The circuit's body effect and its inverters' load are not in the local rule: hence not 1.
    """
    found = check(
        SimulatedArray(board, deck, engine, converters=EXACT),
        TASK,
        TrainingPlan(nudge_strength=0.3),
        weights(1),
        step_V=5e-3,
    )
    assert found.cosine > 0.97
    assert found.ratio == pytest.approx(1, abs=0.2)
    # Each weight by itself, too: all but the least of them are within a fifth of the greatest.
    nudged, moved = np.array(found.nudged_V), np.array(found.moved_V)
    assert np.abs(nudged - moved).max() < 0.2 * np.abs(moved).max()


def test_read_as_the_fixture_reads_the_gradient_is_the_same(board: Board, deck: Deck) -> None:
    plan = TrainingPlan()
    exact = check(
        SimulatedArray(board, deck, CompiledEngine()), TASK, plan, weights(1), step_V=5e-3
    )
    seen = check(
        SimulatedArray(
            board, deck, CompiledEngine(), converters=Converters(average=16), seed=3
        ),
        TASK,
        plan,
        weights(1),
    )  # fmt: skip
    nudged, moved = np.array(seen.nudged_V), np.array(exact.moved_V)
    assert nudged @ moved / np.linalg.norm(nudged) / np.linalg.norm(moved) > 0.95
    assert seen.cosine > 0.95


def test_of_several_outputs_the_gradient_is_right_as_well() -> None:
    """Three classes, nudged by the host through a pair of columns each."""
    shape = Shape(inputs=1, hidden=2, outputs=3)
    stored = [[[2.5] * len(columns) for _ in rows] for rows, columns in shape.layers]
    board = array_board("array", "Array under test", shape, stored_V=stored)
    task = Task(np.array([[-1.0], [0.0], [0.6]]), 2 * np.eye(3) - 1)
    random = np.random.default_rng(2)
    start = tuple(random.uniform(1.8, 3.5, (len(r), len(c))) for r, c in shape.layers)
    found = check(
        SimulatedArray(board, deck_from(from_board(board), board), CompiledEngine()),
        task,
        TrainingPlan(nudge_strength=0.3),
        start,
        step_V=5e-3,
    )
    assert found.cosine > 0.95
    assert found.ratio == pytest.approx(1, abs=0.2)
