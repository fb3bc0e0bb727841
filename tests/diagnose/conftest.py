"""The XOR board with its dictionary, solved once; and boards with faults, read by a fixture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from realnet_hw.board import Board
from realnet_hw.diagnose import diagnosis
from realnet_hw.diagnose.diagnosis import Investigation
from realnet_hw.diagnose.readings import Readings, from_measurement
from realnet_hw.diagnose.universe import Universe
from realnet_hw.export.netlist import Netlist
from realnet_hw.predict.compiled.engine import CompiledEngine
from realnet_hw.records import Measurement
from tests.bench import runs, simulated
from tests.bench.runs import Drawn


@dataclass(frozen=True)
class Looked:
    """The board, and what starts a new look at it."""

    board: Board
    netlist: Netlist
    universe: Universe
    fresh: Callable[[], Investigation]
    measured: Callable[..., Measurement]

    def read(self, *faults: str, seed: int = 7) -> Readings:
        """Return what a fixture reads of a board with faults."""
        return from_measurement(self.measured(*faults, seed=seed), self.board)


def looked_at(name: str, folder: Path) -> Looked:
    board, netlist, deck = runs.described(name)
    engine = CompiledEngine()
    wrong = diagnosis.universe_of(board, netlist, deck)
    cases = diagnosis.cases_for(board, Readings())

    def fresh() -> Investigation:
        return Investigation(board, netlist, deck, engine, wrong, cases, folder=folder)

    def measured(*faults: str, seed: int = 7) -> Measurement:
        reading, wiring = runs.reading().reading, runs.wired(name)
        drawn = [Drawn(seed, faults)]
        ((record, _),) = simulated.measurements(
            board, deck, netlist.sha256(), engine, wiring, reading, drawn
        )
        return record

    return Looked(board, netlist, wrong, fresh, measured)


@pytest.fixture(scope="session")
def xor(tmp_path_factory: pytest.TempPathFactory) -> Looked:
    return looked_at("xor_opamp", tmp_path_factory.mktemp("dictionary"))


@pytest.fixture(scope="session")
def single_supply(tmp_path_factory: pytest.TempPathFactory) -> Looked:
    return looked_at("xor_single_supply", tmp_path_factory.mktemp("dictionary"))
