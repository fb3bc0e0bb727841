"""Inputs that are held while somebody reads a board by hand: what was typed was read at them."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from realnet_hw.board import Board
from realnet_hw.cli import main
from realnet_hw.errors import RESUME, BenchError
from realnet_hw.measure import bench as measuring
from realnet_hw.measure.at_hand import AtHand, board_at_hand
from realnet_hw.measure.calibration import pair
from realnet_hw.records import FixtureCalibration, Standard
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
        words = r"X1 at dac0: 5 V is set and 0\.\d\d V arrives"
        with pytest.raises(BenchError, match=words) as refused:
            at_hand.confirm_held()
        # How a measurement goes on is said apart: each command has a way of its own.
        assert refused.value.go_on == RESUME
        assert "resume" not in refused.value.mend
        at_hand.rest()
        with pytest.raises(BenchError, match=words):
            at_hand.hold({"X1": 5.0, "X2": 0.0})
    bench.wait_until_grounded()


def test_nothing_is_held_where_ohms_are_read(board: Board, bench: Desk, tmp_path: Path) -> None:
    with held(board, bench, tmp_path) as at_hand:
        at_hand.rest()
        assert not at_hand.holds
        bench.wait_until_grounded()
        bench.restart()
        at_hand.beat()


def test_a_shield_is_looked_at_once(
    board: Board, bench: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the one that was calibrated, and stays it while the fixture is open."""
    looked: list[object] = []

    def confirm(calibration: FixtureCalibration, *rest: Any) -> None:
        looked.append(calibration)
        pair.confirm(calibration, *rest)

    monkeypatch.setattr(measuring, "confirm", confirm)
    # Without a point to compare with, it says nothing: how often it is asked is what counts.
    calibration = FixtureCalibration(
        made_from={},
        station="desk",
        path="",
        firmware="",
        standard=Standard(
            kind="typed", name="", of_reading=0.0, of_range_V=0.0, source="", traceable=False
        ),
        method="",
        started_utc="",
        finished_utc="",
        date="2026-01-01",
        expires="2027-01-01",
        channels={},
        readings=[],
        checks=[],
    )
    with board_at_hand(board, "", bench.station(tmp_path), tmp_path / "out") as at_hand:
        at_hand.calibration = calibration
        at_hand.hold({"X1": 5.0, "X2": 0.0})
        at_hand.rest()
        at_hand.case({"X1": 0.0, "X2": 0.0})
        at_hand.hold({"X1": 0.0, "X2": 5.0})
    assert looked == [calibration]


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
    said = captured.err.splitlines()[-1].partition(": the outputs ")[2]
    assert said == (
        "went off by themselves; check the fixture's supply, "
        f"then go on with every reading that was kept: {again}"
    )
    # At these inputs the fixture holds the board, and says so with every question.
    assert captured.out.count("The fixture holds X1 = ") == 2
    said = json.loads(kept.read_text("utf-8"))
    assert [one["value"] for one in said["readings"]] == [12.02]
    count = sum(len(one["values"]) for one in said["measured"])
    assert count >= 5
    assert main(["diagnose", BOARD, str(kept), "--json"]) == 1
    assert len(json.loads(capfd.readouterr().out)["readings"]) == count + 1
