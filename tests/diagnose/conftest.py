"""The XOR board with its dictionary, solved once; and boards with faults, read by a fixture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from realnet_hw.diagnose import diagnosis
from realnet_hw.diagnose.diagnosis import Investigation
from realnet_hw.diagnose.readings import Readings, from_measurement
from realnet_hw.diagnose.universe import Universe
from realnet_hw.export.netlist import Netlist
from realnet_hw.predict.compiled.engine import CompiledEngine
from tests.bench import runs, simulated
from tests.bench.runs import Drawn


@dataclass(frozen=True)
class Looked:
    """The board, and what starts a new look at it."""

    netlist: Netlist
    universe: Universe
    fresh: Callable[[], Investigation]
    read: Callable[..., Readings]


@pytest.fixture(scope="session")
def xor(tmp_path_factory: pytest.TempPathFactory) -> Looked:
    board, netlist, deck = runs.described("xor_opamp")
    folder = tmp_path_factory.mktemp("dictionary")
    engine = CompiledEngine()
    wrong = diagnosis.universe_of(board, netlist, deck)
    cases = diagnosis.cases_for(board, Readings())

    def fresh() -> Investigation:
        return Investigation(board, netlist, deck, engine, wrong, cases, folder=Path(folder))

    def read(*faults: str, seed: int = 7) -> Readings:
        reading, wiring = runs.reading().reading, runs.wired("xor_opamp")
        drawn = [Drawn(seed, faults)]
        ((record, _),) = simulated.measurements(
            board, deck, netlist.sha256(), engine, wiring, reading, drawn
        )
        return from_measurement(record, board)

    return Looked(netlist, wrong, fresh, read)
