"""Measure many virtual boards, in as many processes as there are cores.

Each board is served on a pseudo-terminal by a thread and measured by the same driver and procedure
as a real one. The compiled engine solves them: it is held against ngspice in tests of its own.
"""

from __future__ import annotations

import functools
import multiprocessing
import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from realnet_hw import project, records
from realnet_hw.board import Board, load_board
from realnet_hw.compare.verdict import Judge
from realnet_hw.emulate.fixture import VirtualFixture
from realnet_hw.emulate.server import BenchServer, virtual_fixture
from realnet_hw.errors import BenchError
from realnet_hw.export import netlist
from realnet_hw.export.deck import Deck, deck_from
from realnet_hw.measure import bench, station
from realnet_hw.predict.compiled.engine import CompiledEngine
from realnet_hw.predict.faults import apply_all
from realnet_hw.predict.lots import LOTS
from realnet_hw.predict.prediction import predict
from realnet_hw.predict.tolerances import draw

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
def engine() -> CompiledEngine:
    return CompiledEngine()


def prediction(name: str) -> records.Prediction:
    board, found, deck = described(name)
    return predict(board, deck, found, engine(), samples=1000, seed=20_000)


@dataclass(frozen=True)
class Drawn:
    """One board on one fixture.

    Args:
        seed: of both.
        faults: of the board.
        truth, parts: how fixture and board are drawn, as in a station's [virtual] table.
    """

    seed: int
    faults: tuple[str, ...] = ()
    truth: str = "even"
    parts: str = "mixed"


@dataclass(frozen=True)
class Found:
    """A verdict, and whether the board does in truth what its cases ask for.

    Args:
        verdict: of it.
        is_good: whether it does.
        is_explained: whether the boards drawn say that it is another circuit, and parts within
            tolerance explain its readings nevertheless.
    """

    verdict: str
    is_good: bool
    is_explained: bool = False


def wired(name: str, wiring: str = "") -> dict[str, str]:
    """Channel by terminal."""
    board, _, _ = described(name)
    # On a virtual bench, whose sources' jumpers are as the board needs them.
    return station.wiring_for(station.parse(f'name = "wired"\n[virtual]\n{wiring}'), board)


def reading(wiring: str = "") -> station.Station:
    """The station, at an address that nobody uses."""
    return station.parse((STATION + wiring).format(address="ASRL1::INSTR"))


def is_good(name: str, drawn: Drawn) -> bool:
    """Whether a board does what its cases ask for, given exactly the inputs they name."""
    board, _, deck = described(name)
    parameters = draw(deck.spreads, 1, drawn.seed, LOTS[drawn.parts])[0]
    sets = [
        {**parameters, **{deck.inputs[port].element: volts for port, volts in case.inputs.items()}}
        for case in board.cases
    ]
    names = [port.name for port in board.outputs]
    solved = engine().operating_point(
        apply_all(deck, drawn.faults), sets, [deck.nodes[port.net] for port in board.outputs]
    )
    return all(
        case.shown_by(dict(zip(names, row, strict=True)), board.logic)
        for case, row in zip(board.cases, solved.tolist(), strict=True)
    )


def measurement(name: str, drawn: Drawn, wiring: str = "") -> records.Measurement:
    """Measure one drawn board; without a wiring table, by the default wiring."""
    board, _, deck = described(name)
    fixture = virtual_fixture(
        board,
        deck,
        firmware=project.firmware(),
        wiring=wired(name, wiring),
        seed=drawn.seed,
        faults=drawn.faults,
        truth=drawn.truth,
        parts=drawn.parts,
        engine=engine(),
    )
    return measured(name, fixture, wiring)


def measured(name: str, fixture: VirtualFixture, more: str = "") -> records.Measurement:
    """Measure the board behind a fixture; ``more`` stands in the station's file."""
    board, found, _ = described(name)
    server = BenchServer(fixture)
    thread = threading.Thread(target=server.run, name="bench", daemon=True)
    thread.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "station.toml"
            file.write_text((STATION + more).format(address=server.address))
            return bench.measure(board, found.sha256(), file, Path(folder))
    finally:
        server.stop()
        thread.join(5)
        server.close()


def prepare(predicted_json: bytes) -> None:
    """Make a process ready to judge measurements against this prediction."""
    predicted = records.decode(predicted_json)
    assert isinstance(predicted, records.Prediction)
    judges.append(Judge(predicted))


judges: list[Judge] = []


def find(name: str, drawn: Drawn, wiring: str) -> Found:
    """Measure one board through the firmware and judge it.

    A board that shorts an input ends the run before there is anything to judge.
    """
    try:
        verdict: str = judges[-1].judge(measurement(name, drawn, wiring)).verdict
    except BenchError as error:
        if "look for a short" not in str(error):
            raise
        verdict = "NOT MEASURED"
    return Found(verdict, is_good(name, drawn))


class Processes:
    """As many processes as there are cores, each ready to judge.

    Args:
        predicted: of the board that is measured.
    """

    def __init__(self, predicted: records.Prediction) -> None:
        self.board = predicted.board
        self._pool = ProcessPoolExecutor(
            os.cpu_count(),
            mp_context=multiprocessing.get_context("spawn"),
            initializer=prepare,
            initargs=(records.encode(predicted).encode(),),
        )

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def each(self, work: Callable[[Drawn], Found], boards: Sequence[Drawn]) -> Iterator[Found]:
        """Return what is found of each board, in their order."""
        return self._pool.map(work, boards, chunksize=4)

    def verdicts(self, boards: Sequence[Drawn], wiring: str = "") -> Iterator[Found]:
        """Measure each board through the firmware; ``wiring`` as for ``measurement``."""
        return self.each(functools.partial(find, self.board, wiring=wiring), boards)
