"""Stored weights: refreshed often enough, each cell with its own, in bounded pulses, and safe."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from realnet_hw.emulate.fixture import LINES_ENABLE, OUTPUT_ENABLE, VirtualFixture
from realnet_hw.emulate.mcu import ResetCause

MakeFixture = Callable[[], VirtualFixture]
Outcome = Callable[[VirtualFixture, str], str]
ReceiveBlock = Callable[..., tuple[bytes, bool]]

LSB_V = 5e-3
LINES, DATA = 16, (2, 3, 4, 5)
HANG_TO_GROUND_s = 0.25
CELLS = {
    (line, source): 1 + 0.05 * (4 * line + k)
    for line in range(LINES)
    for k, source in enumerate(DATA)
}


@dataclass
class Pulses:
    """Every opening of the lines: when, for how long, which, and what data was there."""

    fixture: VirtualFixture
    at_s: list[float] = field(default_factory=list)
    length_s: list[float] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    data_V: list[list[float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.fixture.controller.watch(LINES_ENABLE, self._edge)

    def _edge(self, level: int) -> None:
        now_s = self.fixture.now_s
        data_V = [self.fixture.shifter_V(channel) for channel in DATA]
        if level == 0:
            self.at_s.append(now_s)
            self.lines.append(self.fixture.lines.pattern)
        else:
            self.length_s.append(now_s - self.at_s[-1])
        self.data_V.append(data_V)

    def forget(self) -> None:
        """Begin anew, with no line open."""
        assert self.fixture.run_until(lambda: self.fixture.lines.lines == 0, 0.01)
        for seen in (self.at_s, self.length_s, self.lines, self.data_V):
            seen.clear()

    def wrong(self) -> int:
        """How many cells did not get their own voltage from the begin to the end of a pulse."""
        count = 0
        for index, pattern in enumerate(self.lines[: len(self.length_s)]):
            line = pattern.bit_length() - 1
            assert pattern == 1 << line
            for data_V in self.data_V[2 * index : 2 * index + 2]:
                for source, volts in zip(DATA, data_V, strict=True):
                    count += abs(volts - CELLS[line, source]) > LSB_V / 2 + 1e-6
        return count


def _store(fixture: VirtualFixture) -> None:
    fixture.command("ARR:SIZE 16,60")
    for line in range(LINES):
        volts = ",".join(f"{CELLS[line, source]:.4f}" for source in DATA)
        fixture.command(f"ARR:STOR {line + 1},{volts}")


@pytest.fixture(scope="module")
def _refreshed(new_fixture: MakeFixture) -> tuple[VirtualFixture, Pulses]:
    fixture = new_fixture()
    return fixture, Pulses(fixture)


@pytest.fixture
def refreshed(_refreshed: tuple[VirtualFixture, Pulses]) -> Iterator[tuple[VirtualFixture, Pulses]]:
    """A fixture that refreshes 64 cells, and its pulses from now on."""
    fixture, pulses = _refreshed
    fixture.command("*RST;*CLS")
    fixture.receive()
    _store(fixture)
    fixture.command("OUTP ON;:ARR ON", settle_s=0.05)
    assert fixture.ask("ARR?;:SYST:ERR:COUN?") == "1;0"
    pulses.forget()
    yield fixture, pulses
    assert fixture.violations.rules == []
    assert fixture.controller.resets == 0


def test_64_cells_are_refreshed_more_than_100_times_a_second(
    refreshed: tuple[VirtualFixture, Pulses],
) -> None:
    fixture, pulses = refreshed
    fixture.run_for(0.2)
    assert len(pulses.at_s) / LINES / 0.2 > 155
    assert pulses.lines[:32] == [
        1 << (pulses.lines[0].bit_length() - 1 + k) % LINES for k in range(32)
    ]
    assert pulses.wrong() == 0
    assert all(length == pytest.approx(50e-6, abs=0.2e-6) for length in pulses.length_s)


def test_no_cell_is_wrong_and_none_waits_while_commands_are_served(
    refreshed: tuple[VirtualFixture, Pulses], receive_block: ReceiveBlock
) -> None:
    """Readings, settings of other sources, sweeps, presentations, errors and noise on the line."""
    fixture, pulses = refreshed
    draw = random.Random(64)
    lines = [
        "MEAS:VOLT:ALL?", "SENS:AVER 64;:MEAS1:VOLT?;:SENS:AVER 1", "SOUR1:VOLT 3;:SOUR2:VOLT -7",
        "SOUR:VOLT:ALL 1,2,3,4,5,6", "*TST?", "NONSENSE", "CAL:SENS1 100,0;:CAL:CLE",
        "SOUR5:VOLT 9",
        "SENS:SWE? 1,-5,5,20,100,4,7", "ARR:PATT1 1,-1;:ARR:PRES? 1,4,300,2,255", "DIG:PATT 7",
        "\x07\x80\xff", "ARR:SIZE 3,1", "SYST:ERR?", "CAL:DATE '2026-01-01';STOR;:CAL:CLE;STOR",
    ]  # fmt: skip
    begun_s = fixture.now_s
    for _ in range(60):
        fixture.send(draw.choice(lines).encode("latin-1") + b"\n")
        fixture.run_for(draw.uniform(0.001, 0.03))
        fixture.receive()
    fixture.run_for(0.4)
    passed_s = fixture.now_s - begun_s
    assert pulses.wrong() == 0
    assert len(pulses.at_s) / LINES / passed_s > 100
    gaps_s = [later - sooner for sooner, later in zip(pulses.at_s, pulses.at_s[1:], strict=False)]
    assert max(gaps_s) < 0.48e-3
    assert fixture.ask("ARR?") == "1"


def test_conversions_and_changes_keep_away_from_pulses(
    refreshed: tuple[VirtualFixture, Pulses],
) -> None:
    fixture, pulses = refreshed
    touched: list[float] = []
    fixture.controller.watch("PC2", lambda _level: touched.append(fixture.now_s))
    fixture.command("SENS:AVER 64;:MEAS:VOLT:ALL?", settle_s=0.1)
    assert len(touched) > 1000
    closed = list(zip(pulses.at_s, pulses.length_s, strict=False))
    for at_s in touched:
        begins = [
            begin for begin, length in closed if begin - 30e-6 < at_s < begin + length + 29e-6
        ]
        assert begins == []


@pytest.mark.parametrize("us", [5, 40, 100])
def test_length_of_a_pulse(refreshed: tuple[VirtualFixture, Pulses], us: int) -> None:
    fixture, pulses = refreshed
    fixture.command(f"ARR:PULS {us}")
    pulses.forget()
    fixture.run_for(0.02)
    assert all(length == pytest.approx(us * 1e-6, abs=0.2e-6) for length in pulses.length_s)
    assert len(pulses.at_s) / LINES / 0.02 > 100


def test_what_is_stored_is_written_when_the_command_is_done(
    refreshed: tuple[VirtualFixture, Pulses],
) -> None:
    fixture, pulses = refreshed
    assert fixture.ask("ARR:STOR 1,-4,-5,-6,-7;*OPC?") == "1"
    last = max(k for k in range(len(pulses.length_s)) if pulses.lines[k] == 1)
    assert pulses.data_V[2 * last] == pytest.approx([-4, -5, -6, -7], abs=3e-3)


# ------------------------------------------------------------------------------------ presenting


def test_patterns_are_shown_in_order(
    refreshed: tuple[VirtualFixture, Pulses], receive_block: ReceiveBlock
) -> None:
    fixture, pulses = refreshed
    for k in range(8):
        fixture.command(f"ARR:PATT{k + 1} {k},{-k}")
    fixture.send(b"ARR:PRES? 2,7,200,3,3\n")
    data, right = receive_block(fixture)
    assert right
    words = struct.unpack(">14H", data)
    volts = [(word / 16 - 2048) * LSB_V for word in words]
    assert volts == pytest.approx([sign * k for k in range(1, 8) for sign in (1, -1)], abs=1e-9)
    assert fixture.ask("MEAS1:VOLT?") == "0.000000"
    assert pulses.wrong() == 0


@pytest.mark.parametrize("target_V", [-3.0, -0.31, 0.0, 0.7, 9.0])
@pytest.mark.parametrize("factor", [0.0125, 0.5, 2.0])
def test_the_push_is_what_the_first_reading_asks_for(
    refreshed: tuple[VirtualFixture, Pulses],
    receive_block: ReceiveBlock,
    target_V: float,
    factor: float,
) -> None:
    """Sources 1 and 2 push what senses 1 and 2 show, which are the sources themselves."""
    fixture, _ = refreshed
    fixture.command(f"ARR:PATT3 1.5,-0.8;TARG3 {target_V};NUDG 1,2,1,2,{factor},1.25")
    fixture.send(b"ARR:PRES:NUDG? 3,1,200,1,3\n")
    data, right = receive_block(fixture)
    assert right
    free, (push,), pushed = data[:4], struct.unpack(">h", data[4:6]), data[6:]
    assert struct.unpack(">2H", free) == (16 * (2048 + 300), 16 * (2048 - 160))
    push_V = min(max(factor * (target_V - 2.3), -1.25), 1.25)
    assert push / 16 * LSB_V == pytest.approx(push_V, abs=LSB_V / 16 + 1e-9)
    volts = [(word / 16 - 2048) * LSB_V for word in struct.unpack(">4H", pushed)]
    shown = [1.5 + push_V, -0.8 - push_V, 1.5 - push_V, -0.8 + push_V]
    assert volts == pytest.approx(shown, abs=0.6 * LSB_V)


def test_a_presentation_that_is_cut_short_keeps_its_length(
    refreshed: tuple[VirtualFixture, Pulses], receive_block: ReceiveBlock
) -> None:
    fixture, pulses = refreshed
    fixture.send(b"ARR:PRES? 1,8,20000,1,3\n")
    fixture.run_for(0.05)
    fixture.send(b"\x03")
    data, right = receive_block(fixture)
    assert len(data) == 32
    assert data[-8:] == b"\xff" * 8
    assert not right
    assert fixture.ask("SYST:ERR?;:ARR?") == '-200,"Execution error";1'
    assert pulses.wrong() == 0


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("ARR:SIZE 17,48", -222),
        ("ARR:SIZE 4,0", -222),
        ("ARR:SIZE 4,31", -222),
        ("ARR:SIZE 4,64", -222),
        ("ARR:PULS 101", -222),
        ("ARR:PULS 4", -222),
        ("ARR:SIZE 2,48;STOR 3,1", -222),
        ("ARR:SIZE 2,48;STOR 2,1,2,3", -108),
        ("ARR:STOR 1", -109),
        ("ARR:STOR 1,1,11", -222),
        ("SOUR6:VOLT:LIM 0,4;:ARR:STOR 1,1,4.1", -222),
        ("ARR ON", -221),
        ("OUTP ON;:DIG:PATT 1;:ARR ON", -221),
        ("ARR:STOR 1,1,5;:SOUR6:VOLT:LIM 0,4;:OUTP ON;:ARR ON", -222),
        ("OUTP ON;:ARR ON;:SOUR6:VOLT:LIM 0,4", -221),
        ("OUTP ON;:ARR ON;:ARR:SIZE 1,1", -221),
        ("OUTP ON;:ARR ON;:DIG:PULS 1,5", -221),
        ("OUTP ON;:ARR ON;:SENS:SWE? 6,0,1,2,0,1,1", -221),
        ("OUTP ON;:ARR ON;:SENS:FIRE? 0,50,50,100,0,0", -221),
        ("ARR:PRES? 1,1,0,1,1", -221),
        ("OUTP ON;:ARR:PRES? 5,5,0,1,1", -222),
        ("OUTP ON;:ARR:PRES:NUDG? 1,1,0,1,3", -221),
        ("OUTP ON;:ARR:NUDG 1,5,1,2,1,1;PRES:NUDG? 1,1,0,1,3", -221),
        ("OUTP ON;:ARR:NUDG 1,2,1,3,1,1;PRES:NUDG? 1,1,0,1,3", -221),
        ("SOUR2:VOLT:LIM -1,1;:OUTP ON;:ARR:NUDG 1,2,1,2,1,1.1;PRES:NUDG? 1,1,0,1,3", -222),
        ("ARR:PATT1 1,2;:SOUR2:VOLT:LIM -1,1;:OUTP ON;:ARR:PRES? 1,1,0,1,3", -109),
        ("ARR:PATT1 1,2,3,4;:SOUR2:VOLT:LIM -1,1;:OUTP ON;:ARR:PRES? 1,1,0,1,3", -222),
    ],
)
def test_refusals(fixture: VirtualFixture, outcome: Outcome, line: str, error: int) -> None:
    assert outcome(fixture, line) == str(error)


# ------------------------------------------------------------------------------------------ safe


@pytest.mark.parametrize("line", ["OUTP OFF", "*RST"])
def test_refreshing_ends_with_the_outputs(
    refreshed: tuple[VirtualFixture, Pulses], line: str
) -> None:
    fixture, pulses = refreshed
    fixture.command(line)
    pulses.at_s.clear()
    fixture.run_for(0.1)
    assert pulses.at_s == []
    assert fixture.lines.lines == 0
    fixture.receive()
    kept = "1.150000" if line == "OUTP OFF" else "0.000000"
    assert fixture.ask("ARR:STOR? 1").split(",")[-1] == kept
    fixture.command("OUTP ON")
    fixture.run_for(0.02)
    assert pulses.at_s == []


def test_a_silent_host_ends_it_and_closes_the_line_that_is_open(new_fixture: MakeFixture) -> None:
    for delay_us in range(0, 400, 25):
        fixture = new_fixture()
        _store(fixture)
        pulses = Pulses(fixture)
        released: list[float] = []
        fixture.controller.watch(
            OUTPUT_ENABLE, lambda level, f=fixture, r=released: level or r.append(f.now_s)
        )
        fixture.command(f"SYST:HEAR 0.05;:ARR:PULS 100;:SENS:AVER {1 + delay_us // 25}")
        fixture.send(b"OUTP ON;:ARR ON\n")
        fixture.run_for(0.1 + delay_us * 1e-6)
        assert len(released) == 1
        assert max(pulses.at_s) < released[0]
        assert len(pulses.length_s) == len(pulses.at_s)
        assert pulses.at_s[-1] + pulses.length_s[-1] < released[0] + 2e-6
        assert fixture.lines.lines == 0
        assert fixture.ask("ARR?;:SYST:ERR?;:ARR:STOR? 1").endswith(
            '0;101,"Heartbeat lost";0.000000,0.000000'
        )


@pytest.mark.parametrize("interrupts", [False, True])
def test_a_hang_with_a_line_open_ends_the_pulse_in_time(
    new_fixture: MakeFixture, interrupts: bool
) -> None:
    """Looked at within one turn of the timer, as in test_safety; then the watchdog's part. With its
    interrupts on, refreshing goes on by itself until then."""
    fixture = new_fixture()
    _store(fixture)
    fixture.command("ARR:PULS 100;:OUTP ON;:ARR ON", settle_s=0.05)
    assert fixture.run_until(lambda: fixture.lines.lines == 0, 0.01)
    pulses = Pulses(fixture)
    assert fixture.run_until(lambda: fixture.lines.lines != 0, 0.01)
    hung_s, resets = fixture.now_s, fixture.controller.resets
    fixture.controller.force_hang(interrupts=interrupts)
    fixture.run_for(102e-6)
    assert fixture.lines.lines == 0
    assert pulses.length_s == [pytest.approx(100e-6, abs=1e-6)]
    assert fixture.run_until(lambda: fixture.controller.resets > resets, HANG_TO_GROUND_s)
    assert fixture.now_s - hung_s < HANG_TO_GROUND_s
    fixture.run_for(0.05)
    assert fixture.lines.lines == 0
    assert not fixture.connected
    assert fixture.ask("ARR?;:SYST:ERR?") == '0;102,"Watchdog reset"'


def test_reset_at_any_instant_leaves_no_line_open(new_fixture: MakeFixture) -> None:
    """A power cycle among them: nothing is stored, and nothing is written after it."""
    instants = random.Random("array resets")
    fixture = new_fixture()
    pulses = Pulses(fixture)
    for _ in range(20):
        _store(fixture)
        fixture.command("OUTP ON;:ARR ON", settle_s=0.03 + instants.uniform(0, 1e-3))
        fixture.reset(instants.choice(list(ResetCause)))
        assert fixture.lines.lines == 0
        pulses.at_s.clear()
        fixture.run_for(0.05)
        assert pulses.at_s == []
        fixture.receive()
        assert fixture.ask("ARR?;:ARR:SIZE?;:ARR:STOR? 1") == "0;16,48;0.000000,0.000000"
    assert fixture.violations.rules == []
