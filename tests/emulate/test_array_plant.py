"""Charges follow the pulses that are really made; the board computes with what is on them."""

from __future__ import annotations

import dataclasses
import itertools
import statistics
from pathlib import Path

import numpy as np
import pytest

from realnet_hw.board import Board
from realnet_hw.emulate.array_plant import ArrayPlant, with_mismatch
from realnet_hw.emulate.fixture import VirtualFixture
from realnet_hw.emulate.wiring import Wiring
from realnet_hw.errors import InputError
from realnet_hw.export.deck import Deck, deck_from
from realnet_hw.export.netlist import from_board
from realnet_hw.predict.compiled.engine import CompiledEngine
from realnet_hw.predict.tolerances import draw
from realnet_hw.technology.array_2t1c import Shape, array_board

RISE_s = 3.5e-6
"""From the edge of a line to 90 % of its word line, with 30 pF of wire."""
STEP_V = (4.9e-3, 3.9e-3)
"""What the falling word line takes from 1 nF at 1.2 V and at 4.2 V, by ngspice."""


@pytest.fixture(scope="module")
def board(kicad: str) -> Board:
    return array_board(
        "learns", "1-2-1", Shape(1, 2, 1), stored_V=[[[2.5] * 2] * 4, [[2.0] * 2] * 2]
    )


@pytest.fixture(scope="module")
def deck(board: Board) -> Deck:
    return deck_from(from_board(board), board)


@pytest.fixture
def plant(board: Board, deck: Deck) -> ArrayPlant:
    return ArrayPlant(board, deck, CompiledEngine(), seed=None)


def pulse(plant: ArrayPlant, line: str, seconds: float, **data_V: float) -> None:
    plant.set_inputs(data_V)
    plant.advance(0.0, {line: 1})
    plant.advance(seconds, {line: 1})
    plant.advance(0.0, {})


def held(plant: ArrayPlant, net: str) -> float:
    return float(plant.stores.volts[plant.store_nets.index(net)])


@pytest.fixture
def first(board: Board) -> tuple[str, str, str]:
    """A capacitor, its line and its data."""
    assert board.synapses is not None
    synapse = board.synapses.layers[0][0][0]
    return synapse.store, synapse.line, synapse.data


@pytest.mark.parametrize(("pulse_us", "left_V"), [(10, 0.159), (20, 15e-3), (40, 0.14e-3)])
def test_a_pulse_leaves_what_ngspice_finds(
    plant: ArrayPlant, first: tuple[str, str, str], pulse_us: float, left_V: float
) -> None:
    """1.2 to 4.2 V, the worst case. The law may be on the safe side by a third of the error, which
    halves in 3 us."""
    store, line, data = first
    pulse(plant, line, 1e-3, **{data: 1.2})
    pulse(plant, line, pulse_us * 1e-6 + RISE_s, **{data: 4.2})
    missing_V = 4.2 - STEP_V[1] - held(plant, store)
    assert left_V * 0.8 < missing_V + 0.2e-3 < left_V * 1.8 + 0.4e-3


@pytest.mark.parametrize(("data_V", "step_V"), [(1.2, STEP_V[0]), (4.2, STEP_V[1])])
def test_the_falling_word_line_takes_some_charge(
    plant: ArrayPlant, first: tuple[str, str, str], data_V: float, step_V: float
) -> None:
    store, line, data = first
    pulse(plant, line, 150e-6, **{data: data_V})
    assert data_V - held(plant, store) == pytest.approx(step_V, rel=0.05)


def test_a_pulse_shorter_than_the_word_line_takes_to_rise_writes_nothing(
    plant: ArrayPlant, first: tuple[str, str, str]
) -> None:
    store, line, data = first
    pulse(plant, line, 150e-6, **{data: 3.0})
    before_V = held(plant, store)
    pulse(plant, line, 3e-6, **{data: 1.5})
    assert held(plant, store) == pytest.approx(before_V, abs=0.02)


def test_only_the_cells_of_a_line_are_written(plant: ArrayPlant, board: Board) -> None:
    assert board.synapses is not None
    for layer in board.synapses.layers:
        for synapse in itertools.chain(*layer):
            pulse(plant, synapse.line, 100e-6, DATA1=3.0, DATA2=2.0)
            own = {each.store for each in itertools.chain(*layer) if each.line == synapse.line}
            for net in plant.store_nets:
                assert (held(plant, net) > 1.9) == (net in own)
            plant.stores.volts[:] = 0.0


def test_data_is_clamped(plant: ArrayPlant, first: tuple[str, str, str]) -> None:
    store, line, data = first
    pulse(plant, line, 100e-6, **{data: -3.0})
    assert held(plant, store) == pytest.approx(0.0, abs=0.01)


def test_the_board_ends_a_pulse_by_itself(plant: ArrayPlant, first: tuple[str, str, str]) -> None:
    """After 200 us the word line is low, whatever the line does and the data says."""
    store, line, data = first
    plant.set_inputs({data: 3.0})
    plant.advance(0.0, {line: 1})
    plant.advance(220e-6, {line: 1})
    plant.set_inputs({data: 1.0})
    plant.advance(1e-3, {line: 1})
    plant.advance(0.0, {})
    assert held(plant, store) == pytest.approx(3.0, abs=0.01)


def test_a_capacitor_leaks_as_its_junction_does(
    plant: ArrayPlant, first: tuple[str, str, str]
) -> None:
    """26 pA at 4 V, from 1 nF: 0.26 mV in 10 ms."""
    store, line, data = first
    pulse(plant, line, 150e-6, **{data: 4.0})
    before_V = held(plant, store)
    plant.advance(10e-3, {})
    assert before_V - held(plant, store) == pytest.approx(0.26e-3, rel=0.03)


def test_nodes_are_those_of_the_board_with_these_weights(
    plant: ArrayPlant, board: Board, deck: Deck
) -> None:
    engine = CompiledEngine()
    nodes = [deck.nodes[port.net] for port in board.outputs]
    for number, x_V in enumerate((-1.0, 0.3, 1.0)):
        plant.stores.volts[:] = np.linspace(1.5, 3.5 - 0.3 * number, len(plant.store_nets))
        plant.set_inputs({"X1": x_V, "N1P": 0.4})
        parameters = {deck.inputs["X1"].element: x_V, deck.nudges["N1P"].element: 0.4} | {
            deck.held[net].element: held(plant, net) for net in plant.store_nets
        }
        expected = engine.operating_point(deck, [parameters], nodes)[0]
        assert [plant.read(node) for node in nodes] == pytest.approx(expected, abs=1e-6)
    assert plant.solved == 3


def test_mismatch_is_what_the_station_says(deck: Deck) -> None:
    spreads = with_mismatch(deck, 0.05).spreads
    drawn = [value for one in draw(spreads, 400, 1) for name, value in one.items() if ".vt" in name]
    assert statistics.pstdev(drawn) == pytest.approx(0.05, rel=0.05)
    others = [spread for spread in spreads if ".vt" not in spread.parameter]
    assert others == [spread for spread in deck.spreads if ".vt" not in spread.parameter]


def test_a_board_that_stores_nothing_is_refused(board: Board, deck: Deck) -> None:
    with pytest.raises(InputError, match="no synapses"):
        ArrayPlant(dataclasses.replace(board, synapses=None), deck, CompiledEngine(), seed=None)


def test_the_firmware_keeps_the_weights(
    board: Board, deck: Deck, plant: ArrayPlant, firmware: Path
) -> None:
    """Refreshed they ripple by their droop, a fraction of a millivolt; left alone they sink."""
    assert board.synapses is not None
    table = {port.name: f"dac{index}" for index, port in enumerate(board.driven)}
    table |= {port.name: f"line{index}" for index, port in enumerate(board.lines)}
    wiring = Wiring.of(
        table,
        inputs=[port.name for port in board.driven],
        nodes={},
        lines=[port.name for port in board.lines],
    )
    fixture = VirtualFixture(firmware, plant=plant, wiring=wiring)
    fixture.run_for(0.03)
    data = [int(table[name][3:]) for name in ("DATA1", "DATA2")]
    fixture.command(f"ARR:SIZE {len(board.lines)},{sum(1 << channel for channel in data)}")
    stored = {line: (1.5 + 0.25 * line, 4.0 - 0.2 * line) for line in range(len(board.lines))}
    cells = ",".join(f"{one},{other}" for one, other in stored.values())
    fixture.command(f"ARR:STOR 1,{cells};:OUTP ON;:ARR ON", settle_s=0.05)
    seen = []
    for _ in range(40):
        fixture.run_for(0.31e-3)
        fixture.ask("*OPC?")
        seen.append(plant.stores.volts.copy())
    for index, net in enumerate(plant.store_nets):
        synapse = next(
            each
            for layer in board.synapses.layers
            for each in itertools.chain(*layer)
            if each.store == net
        )
        line = [port.name for port in board.lines].index(synapse.line)
        wanted_V = stored[line][("DATA1", "DATA2").index(synapse.data)]
        volts = [float(each[index]) for each in seen]
        assert wanted_V - 5.2e-3 < min(volts) <= max(volts) < wanted_V - 3.5e-3
        # From one refresh to the next: 10 pA at 2.5 V above the substrate, 1 nF.
        droop_V = (wanted_V + 2.5) / 2.5e11 / 1e-9 * len(stored) * 395e-6
        assert 0.4 * droop_V < max(volts) - min(volts) < 1.3 * droop_V
    fixture.command("OUTP OFF")
    before_V = plant.stores.volts.copy()
    fixture.run_for(0.5)
    plant.advance(1.0, {})
    assert np.all(plant.stores.volts < before_V - 10e-3)
