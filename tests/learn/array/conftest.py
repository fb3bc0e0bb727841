"""The XOR board that learns, in simulation, with transistors that differ."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from realnet_hw.board import Board, load_board
from realnet_hw.export.deck import Deck, deck_from
from realnet_hw.export.netlist import from_board
from realnet_hw.learn import data_set
from realnet_hw.learn.array.device import Converters, shape_of
from realnet_hw.learn.array.simulated import SimulatedArray
from realnet_hw.learn.array.task import Task, task_of
from realnet_hw.predict.compiled.engine import CompiledEngine
from realnet_hw.predict.tolerances import draw

MISMATCH_V = 0.05

Drawn = Callable[[int, Converters], SimulatedArray]


@pytest.fixture(scope="session")
def board() -> Board:
    return load_board("array_2t1c")


@pytest.fixture(scope="session")
def deck(board: Board) -> Deck:
    return deck_from(from_board(board), board)


@pytest.fixture(scope="session")
def xor(board: Board) -> Task:
    return task_of(data_set.load("xor"), shape_of(board), where="")


@pytest.fixture(scope="session")
def drawn(board: Board, deck: Deck) -> Drawn:
    """A board by its number: all parts within tolerance, thresholds 50 mV apart."""
    engine = CompiledEngine()
    spreads = [
        replace(one, sigma=MISMATCH_V, low=-4 * MISMATCH_V, high=4 * MISMATCH_V)
        if one.parameter.startswith("v.xq") and ".vt" in one.parameter
        else one
        for one in deck.spreads
    ]
    assert np.sum([one.sigma == MISMATCH_V for one in spreads]) >= 64

    def make(number: int, converters: Converters) -> SimulatedArray:
        parameters = draw(spreads, 1, number)[0]
        return SimulatedArray(
            board, deck, engine, converters=converters, parameters=parameters, seed=number
        )

    return make
