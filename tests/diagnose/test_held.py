"""Somebody reads a board by hand while the real firmware holds its inputs."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from realnet_hw.cli.probing import Probing
from realnet_hw.diagnose.reading_file import Kept
from realnet_hw.errors import BenchError
from realnet_hw.measure.at_hand import AtHand, board_at_hand
from tests.diagnose.conftest import Looked
from tests.faults.desk import Desk, NotedFixture, desk


@pytest.fixture
def bench(firmware: Path, tmp_path: Path) -> Iterator[Desk]:
    with desk(NotedFixture(firmware), tmp_path) as made:
        yield made


class Reader(io.StringIO):
    """Answers each question: what it does before, and what it types then, if anything."""

    def __init__(self, answers: Iterator[Callable[[], str | None]]) -> None:
        super().__init__()
        heard, self._keys = os.pipe()
        self.typed = os.fdopen(heard)
        self._answers = answers

    def write(self, text: str) -> int:
        """Take what is said."""
        if text.endswith("> "):
            typed = next(self._answers)()
            if typed is not None:
                os.write(self._keys, f"{typed}\n".encode())
        return super().write(text)

    def close(self) -> None:
        """End what is typed."""
        os.close(self._keys)
        self.typed.close()
        super().close()


def skipped() -> str:
    return "s"


def probed(xor: Looked, bench: Desk, folder: Path, *answers: Callable[[AtHand], str | None]) -> str:
    """Skip both supplies, answer what is asked then, and return what was said."""
    looked = xor.fresh()
    station = bench.station(folder, heartbeat_s=0.3)
    with board_at_hand(looked.board, "", station, folder / "out") as at_hand:
        at_hand.unattended_s = 0.5
        with Reader(iter([skipped, skipped, *((lambda a=a: a(at_hand)) for a in answers)])) as told:
            kept = Kept(folder / "kept.json", "xor_opamp", xor.netlist.sha256())
            Probing(looked, told, told.typed, kept, at_hand).until_settled()
            return told.getvalue() + f"\n{len(looked.readings.values)} readings"


def test_a_fixture_that_restarts_meanwhile_makes_no_reading(
    xor: Looked, bench: Desk, tmp_path: Path
) -> None:
    """It answers as if nothing had happened, with all its inputs grounded."""

    def restart(at_hand: AtHand) -> str:
        assert at_hand.holds
        bench.restart()
        return "10.1"

    with pytest.raises(BenchError, match="outputs went off by themselves"):
        probed(xor, bench, tmp_path, restart)
    bench.wait_until_grounded()


def test_an_input_shorted_meanwhile_makes_no_reading(
    xor: Looked, bench: Desk, tmp_path: Path
) -> None:
    def short(at_hand: AtHand) -> str:
        for channel in range(2):
            bench.fixture.load(channel, 4.0)
        return "10.1"

    with pytest.raises(BenchError, match="look for a short at X"):
        probed(xor, bench, tmp_path, short, short, short, short)
    bench.wait_until_grounded()


def test_inputs_that_nobody_reads_at_are_grounded(xor: Looked, bench: Desk, tmp_path: Path) -> None:
    """What is typed afterwards may have been read by then, and does not count."""

    def nothing(at_hand: AtHand) -> None:
        assert at_hand.holds

    def late(at_hand: AtHand) -> str:
        assert not at_hand.holds
        bench.wait_until_grounded()
        return "10.1"

    def at_once(at_hand: AtHand) -> str:
        assert at_hand.holds
        return "10.1"

    said = probed(xor, bench, tmp_path, nothing, late, at_once, lambda _: "q")
    assert "so the inputs are grounded. Enter: they are set again" in said
    assert "The inputs were grounded by then: read it once more." in said
    assert said.endswith("1 readings")
