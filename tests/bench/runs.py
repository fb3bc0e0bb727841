"""Measure many virtual boards, in as many processes as there are cores.

Each process holds one ngspice; each board is served on a pseudo-terminal by a thread and measured
by the same driver and procedure as a real one.
"""

from __future__ import annotations

import functools
import multiprocessing
import os
import tempfile
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from realnet_hw import project, records
from realnet_hw.board import Board, load_board
from realnet_hw.compare.verdict import compare
from realnet_hw.emulate.server import BenchServer, virtual_fixture
from realnet_hw.export import netlist
from realnet_hw.export.deck import Deck, deck_from
from realnet_hw.measure import bench, station
from realnet_hw.predict.ngspice import NgspiceEngine
from realnet_hw.predict.prediction import predict

STATION = """
name = "many virtual boards"
[fixture]
address = "{address}"
heartbeat_s = 10 # the verdict is looked at here, and a busy machine may stall for a second
[reading]
settle_s = 0.002
average = 8
repeats = 3
"""

NOT_SENSED = """
[wiring.xor_opamp]
X1 = "dac0"
X2 = "dac1"
Y = "adc2"
H1 = "adc3"
H2 = "adc4"
NH1 = "adc5"
VREF = "adc6"
"""
"""Behind ``STATION``: nothing reads the inputs, only the sources' budget stands for them."""


@functools.cache
def described(name: str) -> tuple[Board, netlist.Netlist, Deck]:
    board = load_board(name)
    found = netlist.from_board(board)
    return board, found, deck_from(found, board)


@functools.cache
def engine() -> NgspiceEngine:
    return NgspiceEngine()


def prediction(name: str) -> records.Prediction:
    board, found, deck = described(name)
    return predict(board, deck, found, engine(), samples=1000, seed=20_000)


def measurement(
    name: str, seed: int, faults: Sequence[str], wiring: str = ""
) -> records.Measurement:
    """Measure one drawn board with faults; without a wiring table, by the default wiring."""
    board, found, deck = described(name)
    text = STATION + wiring
    wired = station.wiring_for(station.parse(text.format(address="ASRL1::INSTR")), board)
    fixture = virtual_fixture(
        board,
        deck,
        firmware=project.firmware(),
        wiring=wired,
        seed=seed,
        faults=faults,
        engine=engine(),
    )
    server = BenchServer(fixture)
    thread = threading.Thread(target=server.run, name="bench", daemon=True)
    thread.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "station.toml"
            file.write_text(text.format(address=server.address))
            return bench.measure(board, found.sha256(), file, Path(folder))
    finally:
        server.stop()
        thread.join(5)
        server.close()


def verdict(predicted_json: str, name: str, seed: int, faults: tuple[str, ...], wiring: str) -> str:
    """Return the verdict on one drawn board with faults."""
    predicted = records.decode(predicted_json)
    assert isinstance(predicted, records.Prediction)
    return compare(predicted, measurement(name, seed, faults, wiring)).verdict


def verdicts(
    predicted: records.Prediction,
    runs: Sequence[tuple[int, tuple[str, ...]]],
    wiring: str = "",
) -> Iterator[str]:
    """Return the verdict of each (seed, faults), in their order.

    Args:
        predicted: of the board that is measured.
        runs: seed and faults of each board.
        wiring: a table ``[wiring.BOARD]`` in TOML; the default wiring when left out.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=context) as pool:
        text = records.encode(predicted)
        waiting = [
            pool.submit(verdict, text, predicted.board, seed, faults, wiring)
            for seed, faults in runs
        ]
        for each in waiting:
            yield each.result()
