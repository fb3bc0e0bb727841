"""The desk of each test, its board and the host's own program."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from realnet_hw.board import Board, load_board
from tests.faults.desk import Desk, NotedFixture, desk

BOARD = "xor_opamp"


@pytest.fixture(scope="session")
def board() -> Board:
    return load_board(BOARD)


@pytest.fixture
def bench(firmware: Path, tmp_path: Path) -> Iterator[Desk]:
    """A fixture with no board on it: each sense reads the source of its number."""
    with desk(NotedFixture(firmware), tmp_path) as made:
        yield made
