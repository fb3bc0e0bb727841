"""Firing a board of pulses: edges to the tick, pulses timed, both lines let go whatever fails."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from realnet_hw.emulate.fixture import CAPTURE, RESET, TRIGGER, VirtualFixture
from realnet_hw.emulate.mcu import CLOCK_Hz
from realnet_hw.measure.fixture_specification import CLOCK_BOUND
from tests.bench import edges
from tests.bench.simulated import Stopwatch

MakeFixture = Callable[[], VirtualFixture]
Outcome = Callable[[VirtualFixture, str], str]

TICK_s = 0.5e-6
CYCLE_s = 1 / CLOCK_Hz
# An edge is seen at the end of the instruction that was under way.
SEEN_s = 4 * CYCLE_s


class Board:
    """What hangs on the pins: notes trigger and reset, answers a trigger with given edges."""

    def __init__(self, fixture: VirtualFixture) -> None:
        self._controller = fixture.controller
        self.edges: list[tuple[str, int, float]] = []
        self.answer: list[float] = []
        self._alarms = [self._controller.alarm(lambda n=n: self._turn(n)) for n in range(6)]
        self.turned_s: list[float] = []
        for pin in (TRIGGER, RESET):
            self._controller.watch(pin, lambda level, pin=pin: self._note(pin, level))

    def _note(self, pin: str, level: int) -> None:
        self.edges.append((pin, level, self._controller.now_s))
        if (pin, level) == (TRIGGER, 1):
            for alarm, after_s in zip(self._alarms, self.answer, strict=False):
                alarm(after_s)

    def _turn(self, index: int) -> None:
        self.turned_s.append(self._controller.now_s)
        self._controller.drive(CAPTURE, 1 - index % 2)

    def begin(self, *answer_s: float, level: int = 0) -> None:
        """Forget what was, and answer the next trigger by turning the pulse so long after it."""
        self.edges.clear()
        self.turned_s.clear()
        self.answer = list(answer_s)
        self._controller.drive(CAPTURE, level)


@pytest.fixture(scope="module")
def live(new_fixture: MakeFixture) -> tuple[VirtualFixture, Board]:
    fixture = new_fixture()
    board = Board(fixture)
    fixture.command("SYST:HEAR 60;:OUTP ON", settle_s=0.03)
    return fixture, board


def fire(fixture: VirtualFixture, settings: str, limit_s: float = 5.0) -> tuple[int, float, float]:
    seen, start_s, width_s = fixture.ask(f"SENS:FIRE? {settings}", limit_s=limit_s).split(",")
    return int(seen), float(start_s), float(width_s)


# ---------------------------------------------------------------------------------------- edges


@pytest.mark.parametrize(
    "times_us",
    [(50, 50, 50, 100), (1000, 500, 100, 3000), (33333, 33, 777, 40000), (70, 9999, 50, 101)],
)
def test_edges_come_at_their_ticks(
    live: tuple[VirtualFixture, Board], times_us: tuple[int, int, int, int]
) -> None:
    fixture, board = live
    reset_us, recover_us, trigger_us, read_us = (max(50, us) for us in times_us)
    board.begin()
    fire(fixture, f"{reset_us},{recover_us},{trigger_us},{max(read_us, trigger_us + 50)},0,0")
    assert [edge[:2] for edge in board.edges] == [
        (RESET, 1),
        (RESET, 0),
        (TRIGGER, 1),
        (TRIGGER, 0),
    ]
    at_s = [edge[2] for edge in board.edges]
    between_us = [(b - a) * 1e6 for a, b in itertools.pairwise(at_s)]
    assert between_us == pytest.approx([reset_us, recover_us, trigger_us], abs=SEEN_s * 1e6)


def test_traffic_on_the_line_does_not_move_an_edge(live: tuple[VirtualFixture, Board]) -> None:
    """Bytes that come all the time interrupt the controller every 87 us."""
    fixture, board = live
    board.begin(1e-3, 6e-3)
    fixture.send(b"SENS:FIRE? 2000,1000,150,9000,1,0\n" + b" " * 120)
    fixture.run_for(0.03)
    assert fixture.receive().startswith(b"1,0.00100")
    at_s = [edge[2] for edge in board.edges]
    between_us = [(b - a) * 1e6 for a, b in itertools.pairwise(at_s)]
    assert between_us == pytest.approx([2000, 1000, 150], abs=SEEN_s * 1e6)


def test_without_a_reset_only_the_trigger_is_pulled(live: tuple[VirtualFixture, Board]) -> None:
    fixture, board = live
    board.begin()
    fire(fixture, "0,1000,60,200,0,0")
    assert [edge[:2] for edge in board.edges] == [(TRIGGER, 1), (TRIGGER, 0)]


def test_senses_are_read_when_the_firing_has_ended(live: tuple[VirtualFixture, Board]) -> None:
    fixture, _ = live
    fixture.command("SOUR1:VOLT 2.5;:SENS:AVER 4")
    sent_s = fixture.now_s
    answer = fixture.ask("SENS:FIRE? 0,50,50,20000,0,129")
    assert answer.split(",")[3:] == ["2.500000", "0.000000"]
    assert fixture.now_s - sent_s > 0.02
    fixture.command("SENS:AVER 1;:SOUR1:VOLT 0")


# --------------------------------------------------------------------------------------- pulses


@pytest.mark.parametrize(
    "width_s",
    [30e-6, 31.25e-6, 100e-6, 1e-3, 10.9861e-3, 32.7675e-3, 32.7685e-3, 65.5e-3, 0.31],
)
def test_a_pulse_is_timed_to_the_tick(live: tuple[VirtualFixture, Board], width_s: float) -> None:
    """Also around 32.768 ms, where the timer's 16 bits are used up, and near the longest."""
    fixture, board = live
    begins_s = random.Random(f"begin {width_s}").uniform(3e-6, 20e-3)
    board.begin(begins_s, begins_s + width_s)
    read_us = round((begins_s + width_s) * 1e6) + 100
    seen, start_s, timed_s = fire(fixture, f"0,50,50,{read_us},1,0")
    rose_s, fell_s = board.turned_s
    triggered_s = board.edges[0][2]
    assert seen == 1
    assert timed_s == pytest.approx(fell_s - rose_s, abs=TICK_s * 1.001)
    assert start_s == pytest.approx(rose_s - triggered_s, abs=TICK_s + SEEN_s)


def test_an_edge_beside_the_timers_overflow(live: tuple[VirtualFixture, Board]) -> None:
    """Capture and overflow come in either order, and while the other's interrupt is served."""
    fixture, board = live
    # The count begins some 100 us before the trigger: the overflow is 32.768 ms after that.
    for early_us in range(80, 150, 2):
        board.begin(20e-6, 32.768e-3 - early_us * 1e-6)
        seen, _, timed_s = fire(fixture, "0,50,50,33000,1,0")
        assert seen == 1
        assert timed_s == pytest.approx(board.turned_s[1] - board.turned_s[0], abs=TICK_s * 1.001)


def test_no_pulse(live: tuple[VirtualFixture, Board]) -> None:
    fixture, board = live
    board.begin()
    assert fire(fixture, "0,50,50,2000,1,0") == (0, 0.0, 0.0)


def test_a_pulse_that_does_not_end(live: tuple[VirtualFixture, Board]) -> None:
    fixture, board = live
    board.begin(1e-3)
    seen, start_s, width_s = fire(fixture, "0,50,50,40000,1,0")
    assert seen == 3
    assert start_s + width_s == pytest.approx(40e-3, abs=1e-9)
    assert start_s == pytest.approx(1e-3, abs=2 * TICK_s)


def test_several_pulses_are_told_from_one(live: tuple[VirtualFixture, Board]) -> None:
    fixture, board = live
    board.begin(1e-3, 2e-3, 2.2e-3, 2.5e-3, 2.6e-3)
    seen, start_s, width_s = fire(fixture, "0,50,50,9000,1,0")
    assert seen == 2
    assert (start_s, width_s) == pytest.approx((1e-3, 1e-3), abs=2 * TICK_s)


@pytest.mark.parametrize("again_us", [None, 0.5, 1.1, 2.5, 6.0, 20.0])
def test_a_short_gap_is_no_part_of_a_pulse(
    live: tuple[VirtualFixture, Board], again_us: float | None
) -> None:
    """However short, and however short what follows: told as several, or as what can't be timed."""
    fixture, board = live
    draw = random.Random(f"gap {again_us}")
    for gap_us in (0.3, 0.7, 1.5, 2.2, 2.7, 3.2, 3.7, 4.5, 6.0, 12.0, 30.0):
        rises_s = 1e-3 + draw.uniform(0, 1e-4)
        falls_s = rises_s + 5e-4
        again_s = falls_s + gap_us * 1e-6
        board.begin(rises_s, falls_s, again_s, again_s + (again_us or 300) * 1e-6)
        seen, _, width_s = fire(fixture, "0,50,50,3000,1,0")
        assert seen in (2, 4), gap_us
        if seen == 2:
            assert width_s == pytest.approx(5e-4, abs=TICK_s * 1.001), gap_us


@pytest.mark.parametrize(("answer_s", "level"), [((), 1), ((1e-3,), 1), ((1e-3, 1.002e-3), 0)])
def test_what_cannot_be_timed_is_told(
    live: tuple[VirtualFixture, Board], answer_s: tuple[float, ...], level: int
) -> None:
    """High before the trigger, whether it falls or not; and a pulse too short to see its end."""
    fixture, board = live
    board.begin(*answer_s, level=level)
    assert fire(fixture, "0,50,50,5000,1,0") == (4, 0.0, 0.0)


def test_what_happens_before_the_trigger_is_no_pulse(live: tuple[VirtualFixture, Board]) -> None:
    """A reset that ends a pulse of before."""
    fixture, board = live
    board.begin(level=1)
    fixture.send(b"SENS:FIRE? 5000,5000,50,5000,1,0\n")
    fixture.run_until(lambda: bool(board.edges), 0.05)
    fixture.controller.drive(CAPTURE, 0)
    fixture.run_for(0.03)
    assert fixture.receive() == b"0,0.0000000,0.0000000\n"


@pytest.mark.parametrize(("edges_us", "width_us", "untimed"), edges.LINES)
def test_what_virtual_boards_are_timed_with_says_the_same(
    live: tuple[VirtualFixture, Board],
    edges_us: tuple[float, ...],
    width_us: float,
    untimed: float,
) -> None:
    """Where the protocol leaves open whether a pulse can be timed, some of the drawn ones do."""
    fixture, board = live
    level = sum(at <= edges.START_us for at in edges_us) % 2
    after_s = [(at - edges.START_us) * 1e-6 for at in edges_us if at > edges.START_us]
    # The first edge is upward, which nobody sees of a line that is high.
    board.begin(*[1e-6] * level, *after_s, level=level)
    read_us = edges.END_us - edges.START_us
    seen, _, width_s = fire(fixture, f"0,50,50,{read_us},1,0")
    is_timed = seen not in (2, 4)
    if is_timed:
        assert width_s == pytest.approx(width_us * 1e-6, abs=2 * TICK_s)
    drawn = [
        Stopwatch(seed).timed_s(
            [at * 1e-6 for at in edges_us], edges.START_us * 1e-6, edges.END_us * 1e-6
        )
        for seed in range(8)
    ]
    told = {one is not None for one in drawn}
    assert is_timed in told
    if untimed != 0.5:
        assert told == {untimed == 0.0}
    for one in drawn:
        if one is not None:
            off = CLOCK_BOUND["resonator"]
            assert one == pytest.approx(width_us * 1e-6, rel=off, abs=2 * TICK_s)


@pytest.mark.parametrize("pulse", range(1, 9))
def test_lines_choose_the_pulse_while_the_firing_lasts(
    live: tuple[VirtualFixture, Board], pulse: int
) -> None:
    fixture, board = live
    board.begin()
    fixture.command("DIG:PATT 40965")  # 1010 0000 0000 0101
    shown: list[int] = []
    fixture.controller.watch(TRIGGER, lambda _level: shown.append(fixture.lines.lines))
    fire(fixture, f"0,50,50,100,{pulse},0")
    assert set(shown) == {(pulse - 1) << 13 | 5}
    assert fixture.lines.lines == 40965
    fixture.command("DIG:PATT 0")
    fire(fixture, f"0,50,50,100,{pulse},0")
    assert fixture.lines.lines == 0


# --------------------------------------------------------------------------------------- limits


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ("49,50,50,100,0,0", "-222"),
        ("1000001,50,50,100,0,0", "-222"),
        ("-1,50,50,100,0,0", "-222"),
        ("0,49,50,100,0,0", "-222"),
        ("0,50,0,100,0,0", "-222"),
        ("0,50,50,1000001,0,0", "-222"),
        ("0,50,60,109,0,0", "-221"),
        ("0,50,50,100,9,0", "-222"),
        ("0,50,50,100,-1,0", "-222"),
        ("0,50,50,100,0,256", "-222"),
        ("0,50,50,100,0", "-109"),
        ("0,50,50,100,0,0,0", "-108"),
        ("0,50,50,x,0,0", "-104"),
    ],
)
def test_what_is_refused(
    live: tuple[VirtualFixture, Board], outcome: Outcome, settings: str, error: str
) -> None:
    fixture, board = live
    board.begin()
    assert outcome(fixture, f"SENS:FIRE? {settings}") == error
    assert board.edges == []


def test_outputs_must_be_on(new_fixture: MakeFixture, outcome: Outcome) -> None:
    fixture = new_fixture()
    board = Board(fixture)
    assert outcome(fixture, "SENS:FIRE? 1000,50,50,100,0,0") == "-221"
    assert board.edges == []


# --------------------------------------------------------------------------------------- safety

LONG = "SENS:FIRE? 300000,300000,300000,900000,1,0"
_TIMSK1 = 0x6F  # its address
# Into the reset, the recovery, the trigger, and the wait for the reading.
PHASES_s = {"reset": 0.15, "recovery": 0.45, "trigger": 0.75, "wait": 1.1}


def _into(new_fixture: MakeFixture, after_s: float) -> tuple[VirtualFixture, Board]:
    fixture = new_fixture()
    board = Board(fixture)
    fixture.command("OUTP ON;:SYST:HEAR 30", settle_s=0.03)
    board.begin()
    fixture.send(LONG.encode() + b"\n")
    fixture.run_for(after_s)
    return fixture, board


def _pulled(fixture: VirtualFixture) -> list[str]:
    return [pin for pin in (TRIGGER, RESET) if fixture.controller.level(pin)]


@pytest.mark.parametrize(("phase", "after_s"), PHASES_s.items())
def test_device_clear_ends_a_firing(new_fixture: MakeFixture, phase: str, after_s: float) -> None:
    fixture, _ = _into(new_fixture, after_s)
    assert _pulled(fixture) == {"reset": [RESET], "trigger": [TRIGGER]}.get(phase, [])
    fixture.send(b"\x03")
    fixture.run_for(1e-3)
    assert _pulled(fixture) == []
    assert fixture.ask("SYST:ERR?;ERR?;:OUTP?") == '-200,"Execution error";0,"No error";1'
    # The next one begins as the first did: the compare outputs remember nothing.
    assert fixture.ask("SENS:FIRE? 500,50,50,100,1,0").startswith("0,")
    assert fixture.controller.resets == 0


@pytest.mark.parametrize(("phase", "after_s"), PHASES_s.items())
def test_a_lost_host_lets_go(new_fixture: MakeFixture, phase: str, after_s: float) -> None:
    fixture, _ = _into(new_fixture, 0.0)
    fixture.controller.receive()
    fixture.send(b"\x03")
    fixture.run_for(2e-3)
    fixture.command(f"*CLS;:SYST:HEAR {after_s:.2f}")
    fixture.send(LONG.encode() + b"\n")
    sent_s = fixture.now_s
    assert fixture.run_until(lambda: not fixture.controller.level("PD4"), after_s + 0.05), phase
    assert fixture.now_s - sent_s == pytest.approx(after_s, abs=0.01)
    fixture.run_for(10e-6)
    assert _pulled(fixture) == []
    fixture.run_for(0.01)
    assert fixture.ask("SYST:ERR?;ERR?;:OUTP?") == '-200,"Execution error";101,"Heartbeat lost";0'


def test_the_longest_firing(live: tuple[VirtualFixture, Board]) -> None:
    fixture, board = live
    board.begin(5e-3, 0.995)
    seen, _, width_s = fire(fixture, "0,50,50,1000000,1,0")
    assert (seen, width_s) == (1, pytest.approx(0.99, abs=TICK_s))


def test_blanks_keep_a_long_firing_alive(new_fixture: MakeFixture) -> None:
    fixture = new_fixture()
    fixture.command("OUTP ON;:SYST:HEAR 0.3", settle_s=0.03)
    fixture.send(LONG.encode() + b"\n")
    for _ in range(19):
        fixture.run_for(0.1)
        fixture.send(b" \n")
    assert fixture.receive() == b"0,0.0000000,0.0000000\n"
    assert fixture.ask("OUTP?;:SYST:ERR?") == '1;0,"No error"'


@pytest.mark.parametrize(("phase", "after_s"), PHASES_s.items())
def test_hung_firmware_lets_go(new_fixture: MakeFixture, phase: str, after_s: float) -> None:
    fixture, board = _into(new_fixture, after_s)
    before = len(board.edges)
    fixture.force_hang()
    hung_s = fixture.now_s
    assert fixture.run_until(lambda: fixture.controller.resets > 0, 0.25), phase
    assert _pulled(fixture) == []
    assert fixture.now_s - hung_s == pytest.approx(0.12, rel=0.1)
    fixture.run_for(0.1)
    assert [level for _, level, _ in board.edges[before:]] in ([], [0])
    assert fixture.ask("SYST:RES:CAUS?;:OUTP?") == "8;0"


def test_ticks_that_stand_still_do_not_feed_the_watchdog(new_fixture: MakeFixture) -> None:
    """An interrupt that a fault has switched off: the wait would never end."""
    fixture, _ = _into(new_fixture, 0.15)
    fixture.controller.memory[_TIMSK1] = 0
    assert fixture.run_until(lambda: fixture.controller.resets > 0, 0.25)
    assert _pulled(fixture) == []


def test_no_line_moves_at_power_on(firmware: Path) -> None:
    fixture = VirtualFixture(firmware)
    board = Board(fixture)
    fixture.run_for(0.05)
    assert board.edges == []
    assert _pulled(fixture) == []
