"""Inputs that are held while somebody reads a board by hand: what was typed was read at them."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from realnet_hw.board import Board
from realnet_hw.cli import main
from realnet_hw.errors import BenchError
from realnet_hw.measure.at_hand import AtHand, board_at_hand
from tests.faults.conftest import BOARD
from tests.faults.desk import Desk


@contextlib.contextmanager
def held(board: Board, desk: Desk, folder: Path) -> Iterator[AtHand]:
    """Hold 5 V at X1 and ground at X2."""
    with board_at_hand(board, "", desk.station(folder), folder / "out") as at_hand:
        at_hand.hold({"X1": 5.0, "X2": 0.0})
        assert desk.fixture.terminal_V(0) == pytest.approx(5.0, abs=0.1)
        yield at_hand


@pytest.mark.parametrize("ask", [AtHand.beat, AtHand.confirm_held])
def test_a_fixture_that_restarts_while_somebody_reads(
    board: Board, bench: Desk, tmp_path: Path, ask: Callable[[AtHand], None]
) -> None:
    with held(board, bench, tmp_path) as at_hand:
        bench.restart()
        with pytest.raises(BenchError, match="outputs went off by themselves"):
            ask(at_hand)
    bench.wait_until_grounded()


def test_an_input_shorted_while_somebody_reads(board: Board, bench: Desk, tmp_path: Path) -> None:
    """X2 is grounded anyway; X1 does not get what was set, at once or later."""
    with held(board, bench, tmp_path) as at_hand:
        at_hand.confirm_held()
        bench.fixture.load(0, 4.0)
        with pytest.raises(BenchError, match=r"X1 at dac0: 5 V is set and 0\.\d\d V arrives"):
            at_hand.confirm_held()
        at_hand.rest()
        with pytest.raises(BenchError, match=r"X1 at dac0: 5 V is set and 0\.\d\d V arrives"):
            at_hand.hold({"X1": 5.0, "X2": 0.0})
    bench.wait_until_grounded()


def test_nothing_is_held_where_ohms_are_read(board: Board, bench: Desk, tmp_path: Path) -> None:
    with held(board, bench, tmp_path) as at_hand:
        at_hand.rest()
        assert not at_hand.holds
        bench.wait_until_grounded()
        bench.restart()
        at_hand.beat()


def test_what_was_read_until_the_fixture_failed_is_kept(
    bench: Desk,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No board is there: every sense reads 0 V, as without a supply."""
    station = bench.station(tmp_path)
    monkeypatch.chdir(tmp_path)

    class Typed(io.StringIO):
        """A person in whose hands the fixture loses its supply at the second question."""

        def __init__(self) -> None:
            super().__init__("12.02\n-11.98\n")
            self.count = 0

        def readline(self, size: int | None = -1, /) -> str:
            self.count += 1
            if self.count == 2:
                bench.restart()
            return super().readline(size)

    monkeypatch.setattr(sys, "stdin", Typed())
    assert main(["diagnose", BOARD, "--station", str(station)]) == 2
    (kept,) = tmp_path.glob(f"bench/records/{BOARD}/*-readings-*.json")
    again = f"realnet diagnose {BOARD} {kept.relative_to(tmp_path)} --station {station}"
    captured = capfd.readouterr()
    assert captured.err.endswith(f"every reading is kept, go on with: {again}\n")
    assert "--resume" not in captured.err
    # At these inputs the fixture holds the board, and says so with every question.
    assert captured.out.count("The fixture holds X1 = ") == 2
    said = json.loads(kept.read_text("utf-8"))
    assert [one["value"] for one in said["readings"]] == [12.02]
    count = sum(len(one["values"]) for one in said["measured"])
    assert count >= 5
    assert main(["diagnose", BOARD, str(kept), "--json"]) == 1
    assert len(json.loads(capfd.readouterr().out)["readings"]) == count + 1
