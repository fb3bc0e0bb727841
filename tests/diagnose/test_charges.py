"""The board that learns, with the weights that it was sent out with and a few of its faults."""

from __future__ import annotations

from pathlib import Path

import pytest

from realnet_hw.diagnose import diagnosis, readings, words
from realnet_hw.diagnose.diagnosis import Investigation
from realnet_hw.diagnose.readings import Probe, Readings
from realnet_hw.diagnose.universe import Universe
from realnet_hw.emulate.array_plant import ArrayPlant
from realnet_hw.errors import InputError
from realnet_hw.predict import faults
from realnet_hw.predict.compiled.engine import CompiledEngine
from tests.bench import runs, simulated
from tests.bench.runs import Drawn

FAULTS = (
    "healthy",
    "W1_0_0 not written",
    "W2_0_1 not written",
    "LINE3 not written",
    "R1 open",
    "U1.1 stuck high",
)
NAME = "array_2t1c"


def few(every: Universe) -> Universe:
    kept = [n for n, one in enumerate(every.hypotheses) if every.faults[one.fault].name in FAULTS]
    return every.of(kept, [1.0] * len(kept))


@pytest.fixture(scope="module")
def looked(tmp_path_factory: pytest.TempPathFactory) -> Investigation:
    board, netlist, deck = runs.described(NAME)
    every = diagnosis.universe_of(board, netlist, deck)
    assert {f"LINE{n} not written" for n in range(16)} <= {one.name for one in every.faults}
    cases = diagnosis.cases_for(board, Readings())
    folder = tmp_path_factory.mktemp("dictionary")
    return Investigation(
        board, netlist, deck, CompiledEngine(), few(every), cases, folder=Path(folder)
    )


def read(*spoilt: str, seed: int = 7) -> Readings:
    board, netlist, deck = runs.described(NAME)
    ((record, _),) = simulated.measurements(
        board,
        deck,
        netlist.sha256(),
        CompiledEngine(),
        runs.wired(NAME),
        runs.reading().reading,
        [Drawn(seed, spoilt)],
    )
    return readings.from_measurement(record, board)


@pytest.mark.parametrize(
    ("spoilt", "name"),
    [
        ((), "healthy"),
        (("W1_0_0 not written",), "W1_0_0 not written"),
        (("W2_0_1 not written",), "W2_0_1 not written"),
    ],
)
def test_a_weight_that_is_not_kept_is_found_by_its_answers(
    looked: Investigation, spoilt: tuple[str, ...], name: str
) -> None:
    looked.take(read(*spoilt))
    found, groups = looked.found, looked.groups()
    looked.take_back()
    assert not found.is_unknown
    if not spoilt:
        assert found.is_sound
        return
    known = looked.dictionary.universe.faults
    assert name in [known[number].name for number, _ in groups[0].faults]


def test_nobody_is_sent_to_touch_a_capacitor(looked: Investigation) -> None:
    stores = set(runs.described(NAME)[2].held)
    offered = looked.offered()
    assert not {probe.net for probe in offered if probe.kind == "volt"} & stores
    inputs = tuple(looked.dictionary.cases[0].items())
    with pytest.raises(InputError, match="W1_0_0"):
        looked.take(readings.by_hand(Probe("volt", inputs, "W1_0_0"), 3.0, number=1))


def test_what_is_not_written_stays_discharged_on_the_virtual_bench() -> None:
    board, _, deck = runs.described(NAME)
    plant = ArrayPlant(board, deck, CompiledEngine(), seed=1, faults=["W1_0_0 not written"])
    assert board.synapses is not None
    cell = next(one for row in board.synapses.layers[0] for one in row if one.store == "W1_0_0")
    other = next(
        one
        for row in board.synapses.layers[0]
        for one in row
        if one.line == cell.line and one.store != cell.store
    )
    plant.set_inputs({cell.data: 3.0, other.data: 3.0})
    plant.advance(1e-6, {cell.line: 1})
    plant.advance(60e-6, {cell.line: 0})
    lost, kept = (plant.store_nets.index(one.store) for one in (cell, other))
    assert abs(plant.stores.volts[lost]) < 0.01
    assert plant.stores.volts[kept] == pytest.approx(3.0, abs=0.05)
    with pytest.raises(InputError, match="stores nothing"):
        faults.apply(deck, "VREF not written")


def test_a_line_that_writes_nothing_is_said_in_words() -> None:
    board, netlist, deck = runs.described(NAME)
    every = diagnosis.universe_of(board, netlist, deck)
    line = next(one for one in every.faults if one.name == "LINE3 not written")
    assert len(line.nets) == 2
    assert words.fault_words(line, netlist).startswith("LINE3 writes nothing")
