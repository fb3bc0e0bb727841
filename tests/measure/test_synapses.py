"""A board that learns on the virtual bench, through the driver: stored, read, nudged, and safe."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from realnet_hw.board import Board, Port
from realnet_hw.emulate.array_plant import ArrayPlant
from realnet_hw.emulate.fixture import LINES_ENABLE, VirtualFixture
from realnet_hw.emulate.mcu import ResetCause
from realnet_hw.emulate.scopes.virtual_scope import Wanted, scopes_on
from realnet_hw.emulate.server import BenchServer
from realnet_hw.emulate.wiring import Wiring
from realnet_hw.errors import BenchError, InputError
from realnet_hw.export.deck import Deck, deck_from
from realnet_hw.export.netlist import from_board
from realnet_hw.measure import bench, station
from realnet_hw.measure.fixture import Fixture
from realnet_hw.measure.synapses import StoredBoard, Volts
from realnet_hw.predict.compiled.engine import CompiledEngine
from realnet_hw.technology.array_2t1c import Shape, array_board

STATION = station.parse('name = "v"\n[virtual]\n')
INPUTS_V = np.array([[-1.0], [-0.4], [0.0], [0.6], [1.0]] * 2)
"""Ten patterns: more than the fixture holds."""
# Half a step of the DAC in each weight and input, a few of the ADC's noise, by the sense's gain.
CLOSE_V = 4e-3


@dataclass
class Bench:
    """A board behind a fixture without errors, and the driver."""

    board: Board
    deck: Deck
    wiring: dict[str, str]
    plant: ArrayPlant
    server: BenchServer
    fixture: Fixture
    stored: StoredBoard

    def columns_V(self, held_V: dict[str, float], nudges_V: Volts) -> Volts:
        """What the columns are by the engine alone."""
        assert self.board.synapses is not None
        deck, ports = self.deck, list(self.board.synapses.nudges.values())
        parameters = [
            {deck.inputs["X1"].element: float(x_V)}
            | {deck.nudges[p].element: float(v) for p, v in zip(ports, pushes, strict=True)}
            | {deck.held[net].element: volts for net, volts in held_V.items()}
            for (x_V,), pushes in zip(INPUTS_V, nudges_V, strict=True)
        ]
        nodes = [deck.nodes[net] for net in self.board.synapses.senses]
        return CompiledEngine().operating_point(deck, parameters, nodes)


@pytest.fixture(scope="module")
def board(kicad: str) -> Board:
    return array_board(
        "learns",
        "1-2-1",
        Shape(1, 2, 1),
        stored_V=[[[2.9, 1.4], [2.1, 3.0], [1.8, 2.2], [3.1, 2.4]], [[2.8, 2.0], [1.9, 3.2]]],
    )


@pytest.fixture(scope="module")
def learning(board: Board, firmware: Path) -> Iterator[Bench]:
    deck = deck_from(from_board(board), board)
    wiring = station.wiring_for(STATION, board)
    nodes = [*board.outputs, *board.test_points]
    wires = Wiring.of(
        wiring,
        inputs=[port.name for port in board.driven],
        nodes={each.name: deck.nodes[each.net] for each in nodes},
        lines=[port.name for port in board.lines],
    )
    # The nominal board behind a fixture without errors: what is read can be compared.
    plant = ArrayPlant(board, deck, CompiledEngine(), seed=None)
    ideal = VirtualFixture(firmware, plant=plant, wiring=wires)
    server = BenchServer(ideal)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        with Fixture(server.address, heartbeat_s=5.0) as fixture:
            bench.set_up(board, wiring, fixture)
            stored = StoredBoard(board, wiring, fixture)
            yield Bench(board, deck, wiring, plant, server, fixture, stored)
    finally:
        server.stop()
        thread.join()
        server.close()
    assert ideal.violations.rules == []


def test_setting_up_stores_what_the_board_shall_hold(learning: Bench) -> None:
    plant = learning.plant
    held_V = dict(zip(plant.store_nets, plant.stores.volts, strict=True))
    for net, volts in learning.board.held_V.items():
        assert held_V[net] == pytest.approx(volts, abs=8e-3)
    assert learning.fixture.ask("ARR?") == "1"


def test_columns_are_those_of_the_engine(learning: Bench) -> None:
    learning.stored.begin(learning.board.held_V)
    for push_V in (0.0, 0.5):
        nudges_V = np.tile([push_V, -push_V], (len(INPUTS_V), 1))
        read_V = learning.stored.present(INPUTS_V, nudges_V, settle_s=1e-4)
        expected_V = learning.columns_V(dict(learning.board.held_V), nudges_V)
        assert np.abs(read_V - expected_V).max() < CLOSE_V


def test_a_round_trip_stores_reads_and_nudges(learning: Bench) -> None:
    """The push is made from what the fixture read; both nudged readings are the engine's for it."""
    learning.stored.begin({})
    held_V = {net: volts - 0.2 for net, volts in learning.board.held_V.items()}
    targets_V = np.linspace(-0.3, 0.3, len(INPUTS_V))
    seen = learning.stored.present_nudged(
        INPUTS_V, targets_V, strength=2.0, limit_V=0.5, settle_s=1e-4, held_V=held_V
    )
    quiet = np.zeros((len(INPUTS_V), 2))
    assert np.abs(seen.free_V - learning.columns_V(held_V, quiet)).max() < CLOSE_V
    lacking_V = targets_V - (seen.free_V[:, -2] - seen.free_V[:, -1])
    assert seen.push_V == pytest.approx(np.clip(2.0 * lacking_V, -0.5, 0.5), abs=2e-3)
    assert np.abs(seen.push_V).max() == pytest.approx(0.5, abs=1e-3)
    assert np.abs(seen.push_V).min() < 0.45
    pushed = np.stack([seen.push_V, -seen.push_V], axis=1)
    assert np.abs(seen.towards_V - learning.columns_V(held_V, pushed)).max() < CLOSE_V
    assert np.abs(seen.away_V - learning.columns_V(held_V, -pushed)).max() < CLOSE_V


def test_a_long_presentation_does_not_outlast_the_heartbeat(learning: Bench) -> None:
    """Three times ten patterns of 60 ms: 1.8 s, in parts of less than a quarter of a second."""
    learning.stored.begin(learning.board.held_V)
    learning.fixture.tell("SYST:HEAR 0.5")
    heartbeat_s, learning.fixture.heartbeat_s = learning.fixture.heartbeat_s, 0.5
    seen = learning.stored.present_nudged(
        INPUTS_V, np.zeros(len(INPUTS_V)), strength=1.0, limit_V=0.2, settle_s=0.06
    )
    learning.fixture.heartbeat_s = heartbeat_s
    learning.fixture.tell(f"SYST:HEAR {heartbeat_s}")
    assert seen.free_V.shape == (len(INPUTS_V), 4)
    assert learning.fixture.ask("ARR?") == "1"


def test_refresh_takes_as_long_as_it_says(learning: Bench) -> None:
    fixture = learning.server.fixture
    edges: list[float] = []
    with fixture.held():
        fixture.controller.watch(LINES_ENABLE, lambda level: level or edges.append(fixture.now_s))
        fixture.run_for(0.05)
    lines = len(learning.board.lines)
    assert edges[lines] - edges[0] == pytest.approx(learning.stored.refresh_s, rel=0.03)


def test_what_cannot_be_is_refused(learning: Bench) -> None:
    stored = learning.stored
    with pytest.raises(InputError, match="no capacitor 'nowhere'"):
        stored.store({"nowhere": 2.0})
    net = next(iter(learning.board.held_V))
    with pytest.raises(InputError, match=r"5\.1 V is outside of this source's limits"):
        stored.store({net: 5.1})
    with pytest.raises(InputError, match=r"1\.2 V is outside of this source's limits"):
        stored.present(np.array([[1.2]]), np.zeros((1, 2)), settle_s=0.0)
    with pytest.raises(BenchError, match="-222"):
        stored.present_nudged(
            np.array([[1.0]]), np.zeros(1), strength=100.0, limit_V=0.5, settle_s=0.0
        )
    with pytest.raises(InputError, match=r"4\.5 V is outside of this source's limits"):
        stored.present_nudged(
            np.array([[1.0]]), np.zeros(1), strength=0.1, limit_V=4.5, settle_s=0.0
        )


def test_a_column_that_is_not_wired_is_refused(learning: Bench) -> None:
    assert learning.board.synapses is not None
    sense = next(iter(learning.board.synapses.senses.values()))
    wiring = {name: channel for name, channel in learning.wiring.items() if name != sense}
    with pytest.raises(InputError, match=f"{sense} must be wired to learn"):
        StoredBoard(learning.board, wiring, learning.fixture)


def test_a_fixture_that_restarts_is_told_and_can_be_set_up_again(learning: Bench) -> None:
    """Weights are gone with a power cycle: no presentation may go on as if they were there."""
    learning.stored.begin(learning.board.held_V)
    learning.server.fixture.reset(ResetCause.POWER_ON)
    learning.fixture.wait(0.2)  # what it is told before it has started is lost
    quiet = np.zeros((len(INPUTS_V), 2))
    with pytest.raises(BenchError, match="Settings conflict"):
        learning.stored.present(INPUTS_V, quiet, settle_s=1e-4)
    learning.fixture.tell("*CLS")
    bench.set_up(learning.board, learning.wiring, learning.fixture)
    learning.stored.begin(learning.board.held_V)
    read_V = learning.stored.present(INPUTS_V, quiet, settle_s=1e-4)
    expected_V = learning.columns_V(dict(learning.board.held_V), quiet)
    assert np.abs(read_V - expected_V).max() < CLOSE_V


# ------------------------------------------------------------------------------------- the wiring


def test_lines_nudges_and_data_take_their_channels(board: Board) -> None:
    wiring = station.wiring_for(STATION, board)
    assert [wiring[name] for name in ("X1", "N1P", "N1N", "DATA1", "DATA2")] == [
        f"dac{n}" for n in range(5)
    ]
    assert [wiring[port.name] for port in board.lines] == [
        f"line{n}" for n in range(len(board.lines))
    ]
    assert [wiring[name] for name in ("Y1P", "Y1N", "SH1", "SH2")] == [f"adc{n}" for n in range(4)]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('LINE0 = "line0"\n', "", 'line LINE0 has no source; add LINE0 = "line0"'),
        ('"line0"', '"adc6"', "LINE0 = 'adc6', but LINE0 is a line"),
        ('"line0"', '"line16"', "no channel of the fixture"),
        ('DATA1 = "dac3"\n', "", "data DATA1 has no source"),
        ('"dac1"', '"line9"', "N1P = 'line9', but N1P is a nudge"),
    ],
)
def test_wiring_that_does_not_fit_is_refused(board: Board, old: str, new: str, told: str) -> None:
    table = "".join(
        f'{name} = "{channel}"\n'
        for name, channel in station.wiring_for(STATION, board).items()
        if "." not in name
    )
    assert old in table
    text = f'name = "v"\n[virtual]\n[wiring.learns]\n{table.replace(old, new)}'
    with pytest.raises(InputError, match=told):
        station.wiring_for(station.parse(text), board)


def test_more_lines_than_the_fixture_has_are_refused(board: Board) -> None:
    more = tuple(Port(f"LINE{n}", f"L{n}", "line") for n in range(20, 40))
    with pytest.raises(InputError, match="lines, and one fixture has 16"):
        station.wiring_for(STATION, replace(board, ports=board.ports + more))


def test_a_scope_sees_a_step_through_the_weights_that_were_written(learning: Bench) -> None:
    """From rest to rest, as the engine has them; in between still on its way."""
    ideal = learning.server.fixture
    probes = {1: "X1", 2: "Y1P"}
    (scope,) = scopes_on(
        ideal,
        learning.board,
        learning.deck,
        CompiledEngine(),
        {},
        wiring=learning.wiring,
        wanted={"dso": Wanted("rigol_ds1000z", probes)},
        seed=0,
    ).values()
    node = learning.deck.nodes[learning.board.net_of("Y1P")]
    found = []
    with contextlib.closing(scope):
        view = scope.digitiser.bench
        for lower_V in (0.0, 0.4):
            written = enumerate(learning.board.held_V.items())
            learning.stored.begin({net: volts - lower_V * (n % 2) for n, (net, volts) in written})
            ends_V = []
            for level_V in (-1.0, 1.0):
                begun_s = view.now_s()
                learning.fixture.source({learning.wiring["X1"]: level_V})
                learning.fixture.wait(0.01)
                with ideal.held():
                    ends_V.append(learning.plant.read(node))
            with ideal.held():
                at_s = next(at_s for at_s in view.events(begun_s))
                times_s = at_s + np.array([-1e-6, 1e-6, 40e-6])
                seen_V = view.volts("Y1P", times_s)
                assert view.volts("X1", times_s)[[0, 2]] == pytest.approx([-1.0, 1.0], abs=2e-3)
            assert seen_V[[0, 2]] == pytest.approx(ends_V, abs=0.02)
            assert abs(seen_V[1] - seen_V[2]) > 0.1 * abs(seen_V[0] - seen_V[2])
            found.append(seen_V)
    assert np.abs(found[0] - found[1]).max() > 0.1
