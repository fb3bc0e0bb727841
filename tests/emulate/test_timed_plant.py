"""A board as time passes: its laws, cut by every event, in lockstep with the firmware."""

from __future__ import annotations

import ctypes.util
from pathlib import Path
from typing import Any

import pytest

from realnet_hw.emulate.fixture import VirtualFixture
from realnet_hw.emulate.front_end import Errors
from realnet_hw.emulate.server import virtual_fixture
from realnet_hw.emulate.timed_plant import TimedPlant
from realnet_hw.emulate.wiring import Wiring
from realnet_hw.errors import InputError
from realnet_hw.predict.ngspice import NgspiceEngine
from realnet_hw.predict.tolerances import draw
from tests.emulate.one_shot import BOARD, DECK, FIRING, WIRING, R1_ohm, held_V, width_s

pytestmark = pytest.mark.skipif(
    ctypes.util.find_library("ngspice") is None, reason="libngspice is not installed"
)

STEP_s = 10e-6
# What the board's own edges take: 100 ns of its output, 2 mV of its comparator at 5 mV/us.
EDGES_s = 1e-6
TICK_s = 0.5e-6
FIRE = "SENS:FIRE? 200,100,100,3000,1,6"


def plant(**options: Any) -> TimedPlant:
    return TimedPlant(
        DECK, NgspiceEngine(), **{"seed": None, "open_inputs": ["X"], "step_s": STEP_s} | options
    )


def ask(board: TimedPlant, input_V: float) -> None:
    """Bring it to the start of the trigger."""
    board.set_inputs({"X": input_V})
    board.advance(1e-3, {})
    board.advance(FIRING.reset_s, {"RST": 1})
    board.advance(FIRING.recover_s, {})
    board.advance(0.0, {"TRIG": 1})


def fall_s(board: TimedPlant) -> float:
    """From now until the pulse ends, as the fixture finds it: asking again where it is told to."""
    passed_s = 0.0
    while True:
        due = board.when("p", 6.0, above=False)
        assert due is not None
        board.advance(due[0], {})
        passed_s += due[0]
        if due[1]:
            return passed_s


@pytest.mark.parametrize("input_V", [2.0, 5.0, 10.0])
def test_a_pulse_lasts_as_the_law_says(input_V: float) -> None:
    board = plant()
    ask(board, input_V)
    rise = board.when("p", 6.0, above=True)
    assert rise is not None
    assert rise[1]
    assert rise[0] < 3 * EDGES_s
    board.advance(FIRING.trigger_s, {"TRIG": 1})
    board.advance(0.0, {})
    assert FIRING.trigger_s + fall_s(board) == pytest.approx(width_s(input_V), abs=EDGES_s)
    board.advance(FIRING.read_after_s, {})
    assert board.read("hold") == pytest.approx(held_V(input_V), abs=0.03)
    assert board.read("y") == pytest.approx(5.0 if held_V(input_V) > 5 else 0.0, abs=1e-3)


def test_what_was_foreseen_is_not_said_of_what_happens_else() -> None:
    """A level that falls during the pulse ends it where the new level is met."""
    board = plant()
    ask(board, 10.0)
    board.advance(FIRING.trigger_s, {"TRIG": 1})
    board.advance(0.0, {})
    assert board.when("p", 6.0, above=False) is not None
    board.advance(0.1e-3, {})
    board.set_inputs({"X": 5.0})
    assert 0.2e-3 + fall_s(board) == pytest.approx(width_s(5.0), abs=EDGES_s)


def test_a_trigger_held_long_keeps_the_pulse() -> None:
    board = plant()
    ask(board, 5.0)
    board.advance(20e-3, {"TRIG": 1})
    assert board.read("p") == pytest.approx(15.0)
    board.advance(0.0, {})
    assert fall_s(board) == pytest.approx(width_s(5.0) - FIRING.trigger_s, abs=EDGES_s)


def test_what_is_not_reset_stays() -> None:
    """The board remembers what was asked before: no firing begins from nothing."""
    board = plant()
    ask(board, 10.0)
    board.advance(FIRING.trigger_s, {"TRIG": 1})
    board.advance(5e-3, {})
    once_V = board.read("hold")
    board.advance(FIRING.trigger_s, {"TRIG": 1})
    board.advance(5e-3, {})
    twice_V = board.read("hold")
    assert once_V == pytest.approx(held_V(10.0), abs=0.03)
    assert 15 - twice_V == pytest.approx((15 - once_V) ** 2 / 15, abs=0.03)


def test_the_same_sequence_is_simulated_once() -> None:
    board = plant()
    counts = []
    for _ in range(4):
        ask(board, 5.0)
        board.advance(FIRING.trigger_s, {"TRIG": 1})
        board.advance(4e-3, {})
        board.read("y")
        counts.append(board.simulated)
    assert counts[0] > 3
    assert counts[3] == counts[2]


def test_a_board_at_rest_is_not_simulated_on() -> None:
    board = plant()
    board.advance(0.1, {})
    board.read("y")
    before = board.simulated
    for _ in range(20):
        board.advance(1.0, {})
        board.read("y")
    assert board.simulated == before
    assert board.when("p", 6.0, above=True) is None


def test_an_open_input_has_the_boards_own_voltage() -> None:
    board = plant()
    board.set_inputs({"X": None})
    board.advance(1e-3, {})
    assert board.read("x") == pytest.approx(10.0, abs=1e-3)
    board.set_inputs({"X": 4.0})
    board.advance(1e-6, {})
    assert board.read("x") == pytest.approx(4.0, abs=1e-3)


def test_faults_and_drawn_parts_change_the_pulse() -> None:
    drawn = draw(DECK.spreads, 1, 3)[0]
    expected_s = {
        plant(seed=3): width_s(10.0, drawn["r1"], drawn["c1"]),
        plant(faults=["R1 +20 %"]): width_s(10.0, 1.2 * R1_ohm),
    }
    for board, width in expected_s.items():
        ask(board, 10.0)
        board.advance(FIRING.trigger_s, {"TRIG": 1})
        board.advance(0.0, {})
        assert FIRING.trigger_s + fall_s(board) == pytest.approx(width, abs=2 * EDGES_s)


def test_what_the_board_does_not_have_is_refused() -> None:
    board = plant(open_inputs=[])
    with pytest.raises(InputError, match="no input 'Z'"):
        board.set_inputs({"Z": 1.0})
    with pytest.raises(InputError, match="can't be open"):
        board.set_inputs({"X": None})
    with pytest.raises(InputError, match="no node 'nowhere'"):
        board.read("nowhere")


def test_the_compiled_engine_gives_the_same_pulse() -> None:
    """Another simulator, whose waves are cut and taken up again as ngspice's are."""
    pytest.importorskip("numba", reason="numba is not installed")
    from realnet_hw.predict.compiled.engine import CompiledEngine

    board = TimedPlant(DECK, CompiledEngine(), seed=None, open_inputs=["X"], step_s=STEP_s)
    ask(board, 10.0)
    board.advance(FIRING.trigger_s, {"TRIG": 1})
    board.advance(0.0, {})
    assert FIRING.trigger_s + fall_s(board) == pytest.approx(width_s(10.0), abs=EDGES_s)


# ------------------------------------------------------------------------------ with the firmware


def exact(firmware: Path, errors: Errors | None = None) -> VirtualFixture:
    """A fixture without errors and the nominal board."""
    wires = Wiring.of(
        WIRING,
        inputs=["X"],
        nodes={"Y": "y", "HOLD": "hold"},
        pulses={"P": "p"},
        roles={"TRIG": "trigger", "RST": "reset"},
        open_inputs={"X": "x"},
    )
    return VirtualFixture(firmware, plant=plant(), wiring=wires, errors=errors)


@pytest.fixture(scope="module")
def bench(firmware: Path) -> VirtualFixture:
    made = exact(firmware)
    made.run_for(0.03)
    made.command("SOUR1:VOLT 5;:OUTP ON", settle_s=0.03)
    return made


@pytest.mark.parametrize("input_V", [5.0, 10.0, 2.5])
def test_the_firmware_times_the_pulse_that_it_triggers(
    bench: VirtualFixture, input_V: float
) -> None:
    bench.command(f"SOUR1:VOLT {input_V}")
    seen, start_s, timed_s, y_V, hold_V = map(float, bench.ask(FIRE).split(","))
    assert seen == 1
    assert 0 <= start_s < 3 * EDGES_s + TICK_s
    assert timed_s == pytest.approx(width_s(input_V), abs=3 * EDGES_s + TICK_s)
    assert hold_V == pytest.approx(held_V(input_V), abs=0.03)
    assert y_V == pytest.approx(5.0 if held_V(input_V) > 5 else 0.0, abs=5e-3)
    assert bench.violations.rules == []


def test_each_firing_is_like_the_one_before(bench: VirtualFixture) -> None:
    bench.command("SOUR1:VOLT 7")
    answers = {bench.ask(FIRE).split(",")[2] for _ in range(5)}
    widths = sorted(map(float, answers))
    assert widths[-1] - widths[0] <= TICK_s * 1.001


def test_a_pulse_that_is_not_wired_is_not_seen(bench: VirtualFixture) -> None:
    assert bench.ask("SENS:FIRE? 200,100,100,3000,2,0") == "0,0.0000000,0.0000000"


def test_a_pulse_that_outlasts_the_firing(bench: VirtualFixture) -> None:
    bench.command("SOUR1:VOLT 10")
    seen, start_s, timed_s = map(float, bench.ask("SENS:FIRE? 200,100,100,600,1,0").split(","))
    assert seen == 3
    assert start_s + timed_s == pytest.approx(600e-6, abs=1e-9)
    bench.run_for(5e-3)


def test_a_clock_that_runs_fast_counts_more(firmware: Path) -> None:
    made = exact(firmware, Errors(clock=0.005))
    made.run_for(0.03)
    made.command("SOUR1:VOLT 10;:OUTP ON", settle_s=0.03)
    timed_s = float(made.ask("SENS:FIRE? 0,100,100,3000,1,0").split(",")[2])
    # The trigger, too, is the clock's own.
    law_s = width_s(10.0) - FIRING.trigger_s
    assert timed_s == pytest.approx(1.005 * law_s + 100e-6, abs=3 * EDGES_s + TICK_s)


def test_an_open_input_is_open_until_outputs_are_on(firmware: Path) -> None:
    made = exact(firmware)
    made.run_for(0.03)
    assert float(made.ask("MEAS1:VOLT?")) == pytest.approx(10.0, abs=0.01)
    made.command("SOUR1:VOLT 3;:OUTP ON", settle_s=0.03)
    assert float(made.ask("MEAS1:VOLT?")) == pytest.approx(3.0, abs=0.01)
    made.command("OUTP OFF")
    assert float(made.ask("MEAS1:VOLT?")) == pytest.approx(10.0, abs=0.01)


def test_a_drawn_fixture_times_a_drawn_board_within_its_clock(firmware: Path) -> None:
    made = virtual_fixture(BOARD, DECK, firmware=firmware, wiring=WIRING, noise=False, seed=1)
    made.run_for(0.03)
    made.command("SOUR1:VOLT 10;:OUTP ON", settle_s=0.03)
    drawn = draw(DECK.spreads, 1, 1)[0]
    timed_s = float(made.ask(FIRE).split(",")[2])
    delivered_V = made.terminal_V(0)
    assert timed_s == pytest.approx(width_s(delivered_V, drawn["r1"], drawn["c1"]), rel=0.005)
