"""Another board than was named, or the right one without its supply: measured, and never passed."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from realnet_hw import records
from realnet_hw.compare.verdict import Judge
from realnet_hw.emulate.server import BenchServer, virtual_fixture
from realnet_hw.measure import bench
from realnet_hw.predict.prediction import predict
from tests.bench import runs
from tests.faults.conftest import BOARD

WIRING = {
    "X1": "dac0", "X2": "dac1", "X1.sense": "adc0", "X2.sense": "adc1",
    "Y": "adc2", "H1": "adc3", "H2": "adc4", "VREF": "adc5",
}  # fmt: skip
"""Terminals that both boards of two inputs have."""


@pytest.fixture(scope="module")
def judge(simulator: None) -> Judge:
    board, found, deck = runs.described(BOARD)
    return Judge(predict(board, deck, found, runs.engine(), samples=100, seed=1))


@pytest.mark.parametrize(
    ("on_the_bench", "faults"),
    [("xor_single_supply", ()), (BOARD, ("+12V missing",))],
    ids=["another board", "no supply"],
)
def test_verdict(
    judge: Judge, firmware: Path, tmp_path: Path, on_the_bench: str, faults: tuple[str, ...]
) -> None:
    other, _, deck = runs.described(on_the_bench)
    fixture = virtual_fixture(
        other, deck, firmware=firmware, wiring=WIRING, seed=1, faults=faults, engine=runs.engine()
    )
    server = BenchServer(fixture)
    thread = threading.Thread(target=server.run, name="bench", daemon=True)
    thread.start()
    try:
        station = tmp_path / "station.toml"
        wired = "\n".join(f'"{name}" = "{channel}"' for name, channel in WIRING.items())
        text = runs.STATION.format(address=server.address)
        station.write_text(f"{text}\n[wiring.{BOARD}]\n{wired}\n")
        board, found, _ = runs.described(BOARD)
        measured = bench.measure(board, found.sha256(), station, tmp_path)
    finally:
        server.stop()
        thread.join(10)
        server.close()
    assert isinstance(measured, records.Measurement)
    assert judge.judge(measured).verdict == "FAIL"
    assert not fixture.connected
