"""Blocks around timers against their laws, and the boards of the published 555 neuron.

Ref: Texas Instruments SLFS022 (NE555), "Monostable operation": t = RC ln(V / (V - V_CONT)).
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from realnet_hw.board import Board, Case, Firing, Logic, Port, Supply, TestPoint, load_board
from realnet_hw.cells.buffered_divider import BufferedDivider
from realnet_hw.cells.cell import Cell
from realnet_hw.cells.connector import Connector
from realnet_hw.cells.level_complement import LevelComplement
from realnet_hw.cells.level_shift import LevelShift
from realnet_hw.cells.output_divider import OutputDivider
from realnet_hw.cells.pull_ups import PullUps
from realnet_hw.cells.supply import SupplyEntry
from realnet_hw.cells.timer_isolated_monostable import IsolatedMonostable
from realnet_hw.cells.timer_monostable import Monostable
from realnet_hw.cells.timer_threshold import TimerThreshold
from realnet_hw.cells.timer_trigger_edge import TriggerEdge
from realnet_hw.export import netlist
from realnet_hw.export.deck import Deck, deck_from
from realnet_hw.export.groups import groups
from realnet_hw.predict.asking import Fired, asking_of
from realnet_hw.predict.ngspice import NgspiceEngine

RC_s = 100e3 * 100e-9
T1H_s, T1L_s = RC_s * math.log(3), RC_s * math.log(1.5)
PATTERNS_V = [(5.0, 5.0), (5.0, 10.0), (10.0, 5.0), (10.0, 10.0), (8.0, 9.0)]


@pytest.fixture(scope="module")
def engine() -> NgspiceEngine:
    return NgspiceEngine()


def deck_of(board: Board) -> Deck:
    return deck_from(netlist.from_board(board), board)


def cell_of(board: Board, name: str) -> Cell:
    return next(cell for cell in board.cells if cell.name == name)


@pytest.fixture(scope="module")
def corrected(kicad: str) -> tuple[Board, Deck]:
    board = load_board("nand_555")
    return board, deck_of(board)


@pytest.fixture(scope="module")
def answers(engine: NgspiceEngine, corrected: tuple[Board, Deck]) -> dict[str, np.ndarray]:
    """What nand_555 answers to its cases, by name, and the highest voltages of the sum."""
    board, deck = corrected
    asking = asking_of(board, deck)
    assert isinstance(asking, Fired)
    sets = [{"v_a": a, "v_b": b} for a, b in PATTERNS_V]
    found = asking.answers(deck, engine, sets).T
    nodes = [deck.nodes["SUM_C"], deck.nodes["SUM_OR"]]
    _, volts = asking.over_time(deck, engine, sets[:4], nodes)
    names = (*asking.voltages, *asking.pulses)
    highest = {"SUM_C": volts[..., 0].max(axis=1), "SUM_OR": np.median(volts[:, 30:60, 1], axis=1)}
    return dict(zip(names, found, strict=True)) | highest


def test_published_neuron_with_a_corrected_threshold_shows_its_truth_table(
    corrected: tuple[Board, Deck], answers: dict[str, np.ndarray]
) -> None:
    board, _ = corrected
    assert [tuple(case.inputs.values()) for case in board.cases] == PATTERNS_V
    for case, volts in zip(board.cases, answers["OUT"], strict=True):
        assert case.shown_by({"OUT": float(volts)}, board.logic), case.inputs


def test_published_threshold_is_wrong_for_a_one_and_a_zero(
    engine: NgspiceEngine, kicad: str
) -> None:
    board = load_board("nand_555_original")
    deck = deck_of(board)
    asking = asking_of(board, deck)
    sets = [{"v_a": case.inputs["A"], "v_b": case.inputs["B"]} for case in board.cases]
    out_V = asking.answers(deck, engine, sets)[:, 0]
    shown = [
        case.shown_by({"OUT": float(volts)}, board.logic)
        for case, volts in zip(board.cases, out_V, strict=True)
    ]
    assert [dict(c.inputs) for c, ok in zip(board.cases, shown, strict=True) if not ok] == [
        {"A": 10.0, "B": 5.0}
    ]


def test_widths_are_those_of_the_law(answers: dict[str, np.ndarray]) -> None:
    """t_1H = RC ln 3 at 10 V, t_1L = RC ln 1.5 at 5 V; a diode's drop in front of R2 = 105k."""
    np.testing.assert_allclose(answers["P2"][[0, 2]], T1L_s, rtol=0.01)
    np.testing.assert_allclose(answers["P2"][[1, 3]], T1H_s, rtol=0.01)
    board = load_board("nand_555")
    first, second = cell_of(board, "FIRST"), cell_of(board, "SECOND")
    assert isinstance(first, IsolatedMonostable)
    assert isinstance(second, Monostable)
    assert second.width_s(10.0, 15.0) == pytest.approx(T1H_s)
    assert second.width_s(5.0, 15.0) == pytest.approx(T1L_s)
    # A 1N4148 at the 0.14 mA of 105 kohm.
    laws = [first.width_s(a, 15.0, 0.50) for a, _ in PATTERNS_V]
    np.testing.assert_allclose(answers["P1"], laws, rtol=0.01)


def test_a_threshold_of_one_and_a_half_ones_is_0_8075_of_the_pulses_height() -> None:
    board = load_board("nand_555")
    total = cell_of(board, "SUM")
    assert isinstance(total, TimerThreshold)
    assert total.reached_V([1.5 * T1H_s], 1.0) == pytest.approx(0.8075, abs=5e-5)


def test_integrator_reaches_what_the_law_says(
    corrected: tuple[Board, Deck], answers: dict[str, np.ndarray]
) -> None:
    """Below the threshold; there the timer empties it."""
    total = cell_of(corrected[0], "SUM")
    assert isinstance(total, TimerThreshold)
    for row in range(3):
        widths_s = [answers["P1"][row], answers["P2"][row]]
        reached_V = total.reached_V(widths_s, answers["SUM_OR"][row])
        assert answers["SUM_C"][row] == pytest.approx(reached_V, rel=0.01)
    assert answers["SUM_C"][3] == pytest.approx(answers["V3"][3], rel=0.01)


def test_a_wrong_capacitor_shortens_its_pulse_alone(
    engine: NgspiceEngine, corrected: tuple[Board, Deck]
) -> None:
    """100n in place of which 10n was soldered."""
    board, deck = corrected
    asking = asking_of(board, deck)
    capacitor = board.assembly.references["SECOND", "capacitor"].lower()
    put = {"v_a": 10.0, "v_b": 10.0, capacitor: 10e-9}
    (values,) = asking.answers(deck, engine, [put])
    widths = dict(zip(asking.pulses, values[len(asking.voltages) :], strict=True))
    assert widths["P2"] == pytest.approx(T1H_s / 10, rel=0.03)
    assert widths["P1"] == pytest.approx(T1H_s * 1.05 * math.log(14.5 / 5) / math.log(3), rel=0.02)


def board_of(*cells: Cell, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> Board:
    """A board of cells with nothing asked of it."""
    return Board(
        name="levels",
        title="Levels",
        technology="none",
        ports=(
            *(Port(net, net, "input", max_V=15.0) for net in inputs),
            *(Port(net, net, "output", max_V=15.0) for net in outputs),
        ),
        supplies=(Supply("+15V", 15.0, 0.01, 0.1),),
        test_points=(),
        cases=(Case(dict.fromkeys(inputs, 0.0), dict.fromkeys(outputs)),),
        logic=Logic(0.0, 5.0, 1.5, 3.5),
        cells=cells,
    )


def test_levels_follow_their_laws(engine: NgspiceEngine, kicad: str) -> None:
    shift = LevelShift("SHIFT", "Shift", source="X", output="LEVEL")
    middle = BufferedDivider(
        "MIDDLE", "Middle", output="MID", source="+15V", upper_ohm=10e3, lower_ohm=10e3
    )
    complement = LevelComplement("NOT", "Complement", source="LEVEL", output="OTHER", middle="MID")
    divider = OutputDivider("DIVIDER", "Divider", source="X", output="LOW")
    header = Connector("IN", "Inputs", nets=("X",), side="left")
    outputs = ("LEVEL", "MID", "OTHER", "LOW")
    board = board_of(
        header,
        SupplyEntry("SUPPLY", "Supply", rails=("+15V", "GND")),
        *(shift, middle, complement, divider),
        Connector("OUT", "Outputs", nets=outputs, side="right", layer=1),
        inputs=("X",),
        outputs=outputs,
    )
    deck = deck_of(board)
    sets = [{"v_x": 0.0}, {"v_x": 15.0}, {"v_x": 15.3, "v_p15v": 15.3}]
    volts = engine.operating_point(deck, sets, [deck.nodes[net] for net in outputs])
    for row, (source_V, rail_V) in zip(
        volts, ((0.0, 15.0), (15.0, 15.0), (15.3, 15.3)), strict=True
    ):
        level_V, middle_V = shift.law(source_V, rail_V), middle.law(rail_V)
        laws = (level_V, middle_V, complement.law(level_V, middle_V), divider.law(source_V))
        np.testing.assert_allclose(row, laws, atol=5e-3)
    np.testing.assert_allclose(volts[:2, 0], [5.0, 10.0], atol=2e-3)
    np.testing.assert_allclose(volts[:2, 2], [10.0, 5.0], atol=2e-3)


@pytest.mark.parametrize(("series_ohm", "ohm"), [(0.0, 10e3), (10e3, 100e3)])
def test_a_falling_edge_is_a_short_low_pulse(
    engine: NgspiceEngine, kicad: str, series_ohm: float, ohm: float
) -> None:
    """RC ln(h / (V - v)) below v; a rising edge lifts it no further than the diode lets it."""
    edge = TriggerEdge(
        "EDGE", "Edge", source="X", output="LOW", resistor_ohm=ohm, series_ohm=series_ohm
    )
    board = board_of(
        Connector("IN", "Inputs", nets=("X",), side="left"),
        SupplyEntry("SUPPLY", "Supply", rails=("+15V", "GND")),
        edge,
        Connector("OUT", "Outputs", nets=("LOW",), side="right", layer=1),
        inputs=("X",),
        outputs=("LOW",),
    )
    points = [(0.0, 0.0), (1e-4, 0.0), (1.001e-4, 15.0), (9e-4, 15.0), (9.001e-4, 0.0)]
    deck = deck_of(board).with_waveform("v_x", points)
    nodes = [deck.nodes[net] for net in ("X", *edge.inner_nets, "LOW")]
    waves = engine.transient(deck, [{}], nodes, end_s=1e-3, step_s=5e-8)[0]
    volts = waves[:, -1]
    assert 15.3 < volts.max() < 16.2
    total_ohm = ohm + series_ohm
    for level_V in (2.5, 5.0):
        low_s = 5e-8 * np.count_nonzero(volts[16000:] < level_V)
        law_s = total_ohm * edge.capacitance_F * math.log(15 * ohm / total_ohm / (15 - level_V))
        # The diode has some picofarads, too.
        assert low_s == pytest.approx(law_s, rel=0.03, abs=1.5e-7)
    if series_ohm:
        # A timer delivers 10 mA; without the resistor the capacitor would take what there is.
        assert np.abs(waves[:, 0] - waves[:, 1]).max() / series_ohm < 2e-3


def test_a_pulled_up_line_is_a_firings(engine: NgspiceEngine, kicad: str) -> None:
    """An open collector brings a line of three NE555 resets below 0.3 V; let go, it is high."""
    timers = [
        Monostable(
            f"M{number}",
            "Delay",
            output=f"P{number}",
            level="",
            trigger="TRIGGER",
            reset="RESET",
            resistor_ohm=10e3,
            timer="ne555",
        )
        for number in (1, 2, 3)
    ]
    board = Board(
        name="delays",
        title="Delays",
        technology="none",
        ports=(
            Port("TRIGGER", "TRIGGER", "trigger", "pulse"),
            Port("RESET", "RESET", "reset", "pulse"),
            Port("P1", "P1", "output", max_V=15.0),
        ),
        supplies=(Supply("+15V", 15.0, 0.01, 0.1),),
        test_points=(TestPoint("W", "P1", "pulse", 6.0),),
        cases=(Case({}, {"P1": 0}),),
        logic=Logic(0.0, 13.0, 3.0, 9.0),
        cells=(
            Connector("CONTROL", "Control", nets=("TRIGGER", "RESET"), side="left"),
            SupplyEntry("SUPPLY", "Supply", rails=("+15V", "GND")),
            PullUps("PULL_UPS", "Pull-ups", nets=("TRIGGER", "RESET")),
            *timers,
            Connector("OUT", "Outputs", nets=("P1",), side="right", layer=1),
        ),
        firing=Firing(reset_s=1e-3, recover_s=1e-3, trigger_s=1e-4, read_after_s=3e-3),
    )
    deck = deck_of(board)
    reset = deck.nodes["RESET"]
    pulled = {deck.drivers["RESET"].element: 1.0}
    low_V, high_V = engine.operating_point(deck, [pulled, {}], [reset])[:, 0]
    assert low_V < 0.3
    assert 10.0 < high_V < 15.0
    (values,) = asking_of(board, deck).answers(deck, engine, [{}])
    assert values[1] == pytest.approx(timers[0].width_s(10.0, 15.0), rel=0.01)


def test_parts_stand_at_the_side_of_their_pins(kicad: str) -> None:
    board = load_board("nand_555")
    found = groups(board, netlist.from_board(board))
    names = board.assembly.references
    package = names["SECOND", "timer"]
    by_pins = {group.pins: set(group.parts) for group in found if group.package == package}
    assert by_pins == {
        ("5", "6", "7", "8"): {names["SECOND", "resistor"], names["SECOND", "capacitor"]},
        ("1", "2", "3", "4"): {names["SECOND", "test_point"]},
        (): {names["SECOND", "bypass"]},
    }
