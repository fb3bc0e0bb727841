"""Random networks become circuits that answer as they do, or are refused with a reason.

``tests/benchmarks/run.py networks`` does the same with larger networks and builds every board.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from realnet_hw.errors import CircuitRefused
from realnet_hw.export.build import build
from realnet_hw.predict.ngspice import NgspiceEngine
from tests.random_networks import ACCURACY, Wish, board_of, wishes, worst_error, worst_law_error

SMALL = wishes(widest=4)


@pytest.fixture(scope="module")
def engine() -> NgspiceEngine:
    return NgspiceEngine()


@pytest.mark.parametrize("wish", SMALL[:12], ids=str)
def test_nominal_outputs_are_the_ideal_networks(wish: Wish, engine: NgspiceEngine) -> None:
    board = board_of(wish)
    if isinstance(board, CircuitRefused):
        assert board.where or board.allowed, board
        assert board.mend, board
        return  # counted below
    assert worst_error(wish, board, engine) < ACCURACY


def test_few_networks_are_refused_and_the_others_laws_are_the_ideal_networks() -> None:
    """Answers of random networks are rarely levels, so those are left out here."""
    tried = [wish for wish in SMALL if wish.answer != "level"]
    refusals = []
    for wish in tried:
        board = board_of(wish)
        if isinstance(board, CircuitRefused):
            refusals.append(str(board))
        else:
            assert worst_law_error(wish, board) < ACCURACY, wish
    assert len(refusals) <= len(tried) // 10, refusals


@pytest.mark.parametrize("wish", [SMALL[2], SMALL[11]], ids=str)
def test_the_whole_build(wish: Wish, tmp_path: Path, kicad: str) -> None:
    """KiCad's rules, layout versus schematic, overlaps, deck and bill of materials all agree."""
    board = board_of(wish)
    assert not isinstance(board, CircuitRefused)
    result = build(board, tmp_path / "generated")
    assert not result.violations
