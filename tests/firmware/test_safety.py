"""Nothing reaches a board that should not: start, order of switching, heartbeat, hang, resets."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from realnet_hw.emulate.fixture import (
    ADC_SELECT,
    BASE_V,
    DAC_SELECTS,
    DAC_SHUTDOWN,
    HELD_V,
    LDAC,
    LINES_ENABLE,
    OUTPUT_ENABLE,
    PULLS,
    RESET,
    TRIGGER,
    WATCH,
    VirtualFixture,
)
from realnet_hw.emulate.mcu import ResetCause

MakeFixture = Callable[[], VirtualFixture]

# The watchdog takes 120 ms by its nominal figure, the relay 5 ms.
HANG_TO_GROUND_s = 0.25
RELAY_s = 5e-3
_R2 = 2  # its address
LIVE = "SOUR:VOLT:ALL 5,-7,9,-9,4,-4;:DIG:PATT 65535;:OUTP ON"


def _watch(fixture: VirtualFixture, *pins: str) -> list[tuple[str, int, float]]:
    """Notes every edge of some pins: pin, level, time."""
    edges: list[tuple[str, int, float]] = []
    for pin in pins:
        fixture.controller.watch(
            pin, lambda level, pin=pin: edges.append((pin, level, fixture.now_s))
        )
    return edges


def _grounded(fixture: VirtualFixture) -> bool:
    return all(fixture.terminal_V(channel) == 0.0 for channel in range(6))


def _off(fixture: VirtualFixture) -> bool:
    """Relays released, DACs shut down, lines off."""
    return (
        fixture.controller.level(OUTPUT_ENABLE) == 0
        and not any(active for dac in fixture.dacs for active in dac.active)
        and fixture.lines.lines == 0
    )


def _live(new_fixture: MakeFixture) -> VirtualFixture:
    fixture = new_fixture()
    fixture.command(LIVE, settle_s=0.03)
    assert fixture.connected
    assert fixture.terminal_V(0) == pytest.approx(5.0, abs=0.003)
    assert fixture.lines.lines == 65535
    return fixture


# ---------------------------------------------------------------------------------- start


def test_no_pin_moves_at_power_on(firmware: Path) -> None:
    """The pins' levels before and after the start are the same, and none glitches between."""
    fixture = VirtualFixture(firmware)
    steady = [*DAC_SELECTS, ADC_SELECT, LINES_ENABLE, OUTPUT_ENABLE, DAC_SHUTDOWN]
    edges = _watch(fixture, *steady, LDAC)
    fixture.run_for(0.05)
    assert edges == []
    for pin in steady:
        assert fixture.controller.is_output(pin)
        assert fixture.controller.level(pin) == PULLS[pin]
    assert fixture.violations.rules == []


def test_starts_off(new_fixture: MakeFixture) -> None:
    fixture = new_fixture()
    assert _off(fixture)
    assert _grounded(fixture)
    assert fixture.ask("OUTP?;:SOUR:VOLT:ALL?") == "0;" + ",".join(["0.000000"] * 6)


def test_trigger_and_reset_are_let_go_and_slave_select_is_an_output(
    new_fixture: MakeFixture,
) -> None:
    controller = new_fixture().controller
    for pin in ("PB1", "PB2"):
        assert controller.is_output(pin)
        assert controller.level(pin) == 0


# ------------------------------------------------------------------------------ switching


def test_on_sets_the_dacs_before_the_relays(new_fixture: MakeFixture) -> None:
    fixture = new_fixture()
    at_relay: list[list[float]] = []
    fixture.controller.watch(
        OUTPUT_ENABLE, lambda _level: at_relay.append([fixture.shifter_V(k) for k in range(6)])
    )
    edges = _watch(fixture, DAC_SHUTDOWN, OUTPUT_ENABLE, LINES_ENABLE)
    fixture.command(LIVE)
    assert [edge[:2] for edge in edges] == [
        (DAC_SHUTDOWN, 1),
        (LINES_ENABLE, 0),
        (OUTPUT_ENABLE, 1),
    ]
    assert at_relay == [pytest.approx([5.0, -7.0, 9.0, -9.0, 4.0, -4.0], abs=0.003)]


def test_on_is_complete_when_the_contacts_are(new_fixture: MakeFixture) -> None:
    fixture = new_fixture()
    assert fixture.ask("SOUR1:VOLT 3;:OUTP ON;:MEAS1:VOLT?") == "3.000000"


@pytest.mark.parametrize("line", ["OUTP OFF", "*RST"])
def test_off_releases_the_relays_first(new_fixture: MakeFixture, line: str) -> None:
    fixture = _live(new_fixture)
    edges = _watch(fixture, OUTPUT_ENABLE, DAC_SHUTDOWN, LINES_ENABLE)
    fixture.command(line)
    assert [edge[:2] for edge in edges] == [
        (OUTPUT_ENABLE, 0),
        (DAC_SHUTDOWN, 0),
        (LINES_ENABLE, 1),
    ]
    assert edges[-1][2] - edges[0][2] < 10e-6
    assert _off(fixture)
    assert _grounded(fixture)


def test_off_keeps_the_settings_and_reset_does_not(new_fixture: MakeFixture) -> None:
    fixture = _live(new_fixture)
    fixture.command("OUTP OFF")
    assert fixture.ask("SOUR:VOLT:ALL?;:DIG:PATT?").startswith("5.000000,-7.0")
    fixture.command("*RST")
    assert fixture.ask("SOUR:VOLT:ALL?;:DIG:PATT?") == ",".join(["0.000000"] * 6) + ";0"


def test_settings_while_off_stay_inside(new_fixture: MakeFixture) -> None:
    fixture = new_fixture()
    fixture.command("SOUR1:VOLT 9;:DIG:PATT 255")
    assert _off(fixture)


def test_all_sources_change_at_once(fixture: VirtualFixture) -> None:
    fixture.command("OUTP ON")
    edges = _watch(fixture, LDAC)
    fixture.command("SOUR:VOLT:ALL 1,2,3,4,5,6")
    assert [level for _, level, _ in edges] == [0, 1]


# ------------------------------------------------------------------------------ heartbeat


@pytest.mark.parametrize(("setting", "limit_s"), [("", 1.0), ("SYST:HEAR 0.2", 0.2)])
def test_silent_host(new_fixture: MakeFixture, setting: str, limit_s: float) -> None:
    fixture = new_fixture()
    fixture.command(setting)
    fixture.send(LIVE.encode() + b"\n")
    fixture.run_for(len(LIVE) * 12e-5)
    silent_since_s = fixture.now_s
    edges = _watch(fixture, OUTPUT_ENABLE, DAC_SHUTDOWN, LINES_ENABLE)
    fixture.run_for(limit_s - 0.02)
    assert fixture.connected
    fixture.run_for(0.05)
    down = [edge for edge in edges if edge[0] == OUTPUT_ENABLE and edge[1] == 0]
    assert len(down) == 1
    assert limit_s - 0.01 < down[0][2] - silent_since_s < limit_s + 0.002
    assert edges.index(down[0]) < edges.index(next(e for e in edges if e[:2] == (DAC_SHUTDOWN, 0)))
    assert _off(fixture)
    assert _grounded(fixture)
    assert fixture.ask("OUTP?;:SYST:ERR?;:SOUR1:VOLT?;:DIG:PATT?") == (
        '0;101,"Heartbeat lost";0.000000;0'
    )
    assert fixture.ask("SYST:ERR:COUN?") == "0"


@pytest.mark.parametrize("pause_us", range(23000, 24000, 100))
def test_silent_host_while_switching(new_fixture: MakeFixture, pause_us: int) -> None:
    """The limit runs out just before, while or after the relays are switched on: off in time."""
    fixture = _live(new_fixture)
    edges = _watch(fixture, OUTPUT_ENABLE)
    line = f"SYST:HEAR 0.05;:SENS:SWE? 1,0,1,2,{pause_us},1,1;:OUTP OFF;:OUTP ON\n"
    fixture.send(line.encode())
    fixture.run_for(len(line) * 8.5e-5)
    silent_since_s = fixture.now_s
    fixture.run_for(0.08)
    assert edges[-1][1] == 0
    assert edges[-1][2] - silent_since_s < 0.052
    assert _off(fixture)


def test_silent_host_while_the_firmware_is_busy(new_fixture: MakeFixture) -> None:
    """The relays do not wait for a long settling time to end."""
    fixture = _live(new_fixture)
    fixture.command("SYST:HEAR 0.1")
    edges = _watch(fixture, OUTPUT_ENABLE)
    line = b"SENS:SWE? 1,0,1,4,60000,1,1\n"
    fixture.send(line)
    fixture.run_for(len(line) * 8.5e-5)
    silent_since_s = fixture.now_s
    fixture.run_for(0.25)
    assert [level for _, level, _ in edges] == [0]
    assert edges[0][2] - silent_since_s < 0.102
    assert _off(fixture)


def test_any_byte_feeds_the_heartbeat(new_fixture: MakeFixture) -> None:
    fixture = _live(new_fixture)
    fixture.command("SYST:HEAR 0.1")
    for _ in range(10):
        fixture.send(b" ")
        fixture.run_for(0.08)
    assert fixture.connected
    fixture.run_for(0.11)
    assert not fixture.connected


def test_a_byte_without_a_stop_bit_does_not_feed_the_heartbeat(new_fixture: MakeFixture) -> None:
    """Noise, or a line at another rate, is no living host; not even when it looks like ^C."""
    fixture = _live(new_fixture)
    fixture.command("SYST:HEAR 0.1")
    silent_since_s = fixture.now_s
    edges = _watch(fixture, OUTPUT_ENABLE)
    for _ in range(10):
        fixture.controller.send(b"\x00 \x03\n", stop_bit=False)
        fixture.run_for(0.02)
    assert [level for _, level, _ in edges] == [0]
    assert edges[0][2] - silent_since_s < 0.102
    assert _off(fixture)
    fixture.send(b"\x03")
    errors = fixture.ask("SYST:ERR?" + ";ERR?" * 7)
    assert '101,"Heartbeat lost"' in errors
    assert '-360,"Communication error"' in errors


def test_heartbeat_off(new_fixture: MakeFixture) -> None:
    fixture = _live(new_fixture)
    fixture.command("SYST:HEAR 0")
    fixture.run_for(3.0)
    assert fixture.connected


def test_no_heartbeat_while_outputs_are_off(new_fixture: MakeFixture) -> None:
    fixture = new_fixture()
    fixture.run_for(2.5)
    assert fixture.ask("SYST:ERR:COUN?") == "0"
    fixture.command("OUTP ON")
    assert fixture.connected


def test_outputs_come_back_after_a_lost_heartbeat(new_fixture: MakeFixture) -> None:
    fixture = _live(new_fixture)
    fixture.run_for(1.2)
    assert fixture.ask("SOUR1:VOLT 2;:OUTP ON;:MEAS1:VOLT?") == "2.000000"


def test_lost_heartbeat_within_a_line_leaves_nothing_on(new_fixture: MakeFixture) -> None:
    """The line goes on switching after a sweep that outlasted the limit: it must not."""
    fixture = _live(new_fixture)
    edges = _watch(fixture, OUTPUT_ENABLE)
    fixture.command("SYST:HEAR 0.1;:SENS:SWE? 1,0,1,4,60000,1,1;:OUTP OFF;:OUTP ON", settle_s=0.6)
    assert [level for _, level, _ in edges] == [0]
    assert _off(fixture)


# ------------------------------------------------------------------------------ its supply

_LOOK_s = 2.2e-3
"""It looks once a millisecond, at what it began to measure a millisecond ago."""


@pytest.mark.parametrize(
    ("busy_with", "cut_short"),
    [
        ("", ""),
        ("SENS:SWE? 1,-5,5,100,100,16,255", '-200,"Execution error";'),
        ("SENS:SWE? 1,0,1,4,60000,1,1", '-200,"Execution error";'),
        ("SENS:FIRE? 90000,90000,90000,200000,1,0", '-200,"Execution error";'),
        ("DIG:PATT 0;:ARR:STOR 1,3,3;:ARR ON", ""),
    ],
    ids=["idle", "sweep", "settling", "firing", "refreshing"],
)
def test_rails_lost(new_fixture: MakeFixture, busy_with: str, cut_short: str) -> None:
    """Back again, they find everything off: the relays stay released until they are told."""
    fixture = _live(new_fixture)
    fixture.send(busy_with.encode() + b"\n")
    fixture.run_for(0.03)
    edges = _watch(fixture, OUTPUT_ENABLE)
    lost_s = fixture.now_s
    fixture.supply(is_there=False)
    fixture.run_for(_LOOK_s)
    fixture.supply(is_there=True)
    fixture.run_for(0.3)
    assert [level for _, level, _ in edges] == [0]
    assert edges[0][2] - lost_s < _LOOK_s
    assert _off(fixture)
    assert _grounded(fixture)
    fixture.receive()
    told = cut_short + '106,"Analogue supply lost";0,"No error"'
    assert fixture.ask("SYST:ERR?" + ";ERR?" * told.count(";")) == told
    assert fixture.ask("OUTP?;:SOUR1:VOLT?;:SYST:RES:CAUS?") == "0;0.000000;1"
    assert fixture.ask("SOUR1:VOLT 2;:OUTP ON;:MEAS1:VOLT?") == "2.000000"


def test_outputs_do_not_stay_on_without_rails(new_fixture: MakeFixture) -> None:
    fixture = new_fixture()
    fixture.supply(is_there=False)
    fixture.command(LIVE, settle_s=0.03)
    assert fixture.ask("OUTP?;:SYST:ERR?") == '0;106,"Analogue supply lost"'
    fixture.supply(is_there=True)
    fixture.run_for(0.02)
    assert _off(fixture)
    assert _grounded(fixture)


@pytest.mark.parametrize("reference_V", [1.0, 1.2])
def test_every_controller_tells_at_worst_whether_rails_are_there(
    new_fixture: MakeFixture, reference_V: float
) -> None:
    """ATmega328P: its own reference is 1.0 to 1.2 V. simavr's is 1.1 V: the pin is scaled."""
    fixture = _live(new_fixture)
    share = 1.1 / reference_V
    fixture.controller.put(WATCH, BASE_V * share)
    fixture.run_for(0.1)
    assert fixture.connected
    fixture.controller.put(WATCH, HELD_V * share)
    fixture.run_for(_LOOK_s + RELAY_s)
    assert _off(fixture)
    assert _grounded(fixture)
    assert fixture.ask("SYST:ERR?") == '106,"Analogue supply lost"'


def test_rails_that_are_lost_while_outputs_are_off_leave_no_error(new_fixture: MakeFixture) -> None:
    fixture = _live(new_fixture)
    fixture.command("OUTP OFF")
    fixture.supply(is_there=False)
    fixture.run_for(0.05)
    fixture.supply(is_there=True)
    assert fixture.ask("OUTP ON;:SYST:ERR:COUN?;:OUTP?") == "0;1"


# ----------------------------------------------------------------------------------- hang


@pytest.mark.parametrize(
    "busy_with",
    ["", "SENS:SWE? 1,-5,5,4000,100,16,255", "DIG:PATT 0;PULS 3,2000", "MEAS:VOLT:ALL?;ALL?;ALL?"],
    ids=["idle", "sweep", "pulse", "answering"],
)
def test_hung_firmware(new_fixture: MakeFixture, busy_with: str) -> None:
    fixture = _live(new_fixture)
    fixture.send(busy_with.encode() + b"\n")
    fixture.run_for((len(busy_with) + 1) * 10 / 115200 + 1.3e-3)
    edges = _watch(fixture, OUTPUT_ENABLE)
    resets, hung_s = fixture.controller.resets, fixture.now_s
    fixture.force_hang()
    assert fixture.run_until(lambda: fixture.controller.resets > resets, HANG_TO_GROUND_s)
    fixture.run_for(RELAY_s)
    assert _grounded(fixture)
    assert [level for _, level, _ in edges] == [0]
    assert edges[0][2] - hung_s < HANG_TO_GROUND_s - RELAY_s
    assert edges[0][2] - hung_s == pytest.approx(0.12, rel=0.1)
    fixture.run_for(0.1)
    fixture.receive()
    assert _off(fixture)
    assert fixture.ask("SYST:RES:CAUS?;:SYST:ERR?;:OUTP?") == '8;102,"Watchdog reset";0'


def test_firmware_that_spins_with_interrupts_on(new_fixture: MakeFixture) -> None:
    """Interrupts alone must not keep the watchdog quiet."""
    fixture = _live(new_fixture)
    controller = fixture.controller
    controller.force_hang(interrupts=True)
    fixture.run_for(HANG_TO_GROUND_s)
    assert _grounded(fixture)
    assert controller.resets > 0


def test_watchdog_guards_the_start(firmware: Path) -> None:
    """A hang before the first command, with the watchdog's fuse not set, ends as well."""
    fixture = VirtualFixture(firmware)
    fixture.run_for(0.0005)
    fixture.force_hang()
    resets = fixture.controller.resets
    assert fixture.run_until(lambda: fixture.controller.resets > resets, HANG_TO_GROUND_s)


def test_a_pulse_ends_while_the_firmware_hangs(new_fixture: MakeFixture) -> None:
    """The timer ends it. Looked at within one turn of the counter: in simavr 1.6 the pin falls
    again when the counter overflows, which only PWM modes do (datasheet, table 15-5)."""
    fixture = _live(new_fixture)
    fixture.command("DIG:PATT 0")
    edges = _watch(fixture, LINES_ENABLE)
    fixture.send(b"DIG:PULS 3,800\n")
    assert fixture.run_until(lambda: bool(edges), 0.05)
    assert fixture.lines.lines == 3
    fixture.force_hang()
    fixture.run_for(800e-6)
    assert [level for _, level, _ in edges] == [0, 1]
    assert edges[1][2] - edges[0][2] == pytest.approx(800e-6, abs=1e-6)
    assert fixture.lines.lines == 0


@pytest.mark.parametrize("us", [1, 2, 10, 127, 128, 500, 1020, 1021, 2000])
def test_length_of_a_pulse(fixture: VirtualFixture, us: int) -> None:
    fixture.command("OUTP ON")
    pattern: list[int] = []
    edges = _watch(fixture, LINES_ENABLE)
    fixture.controller.watch(LINES_ENABLE, lambda _level: pattern.append(fixture.lines.pattern))
    fixture.command(f"DIG:PULS 40961,{us}")
    step_us = 0.5 if us <= 127 else 4 if us <= 1020 else 16
    assert [level for _, level, _ in edges] == [0, 1]
    assert (edges[1][2] - edges[0][2]) * 1e6 == pytest.approx(us, abs=step_us / 2 + 0.3)
    assert set(pattern) == {40961}
    assert fixture.lines.pattern == 0


# --------------------------------------------------------------------------------- resets


@pytest.mark.parametrize(
    ("cause", "error"),
    [
        (ResetCause.POWER_ON, '0,"No error"'),
        (ResetCause.POWER_ON | ResetCause.BROWN_OUT, '0,"No error"'),
        (ResetCause.EXTERNAL, '0,"No error"'),
        (ResetCause.BROWN_OUT, '103,"Brown-out reset"'),
        (ResetCause.WATCHDOG, '102,"Watchdog reset"'),
        (ResetCause(0), '105,"Reset of unknown cause"'),
    ],
)
@pytest.mark.parametrize("handed_over", [0, 2, 8, 10, 0x5A])
def test_cause_of_a_reset(
    new_fixture: MakeFixture, cause: ResetCause, error: str, handed_over: int
) -> None:
    """0 is what a boot loader leaves that clears the cause. What some of these leave in r2 is not
    believed: 8, watchdog, is there after the reset button, too, for their own time-out."""
    fixture = new_fixture()
    fixture.reset(cause)
    fixture.controller.memory[_R2] = handed_over
    fixture.run_for(0.03)
    assert fixture.ask("SYST:RES:CAUS?;:SYST:ERR?;ERR?") == f'{cause.value};{error};0,"No error"'


@pytest.mark.parametrize(
    "busy_with",
    [
        "SENS:SWE? 1,-5,5,4000,0,1,255",
        "SOUR:VOLT:ALL 1,2,3,4,5,6;:OUTP OFF;:OUTP ON;:SOUR2:VOLT -9",
        "DIG:PATT 0;PULS 65535,300;PULS 255,20;PATT 7",
        "CAL:DATE '2026-01-01';SOUR1 100,0;STOR",
        "SENS:FIRE? 3000,1000,3000,9000,1,3",
    ],
    ids=["sweep", "switching", "pulses", "storing", "firing"],
)
def test_reset_at_any_instant_leaves_nothing_live(new_fixture: MakeFixture, busy_with: str) -> None:
    instants = random.Random(f"resets {busy_with}")
    fixture = _live(new_fixture)
    edges = _watch(fixture, OUTPUT_ENABLE, DAC_SHUTDOWN, LINES_ENABLE, LDAC)
    for _ in range(16):
        fixture.command(LIVE)
        assert fixture.connected
        fixture.send(busy_with.encode() + b"\n")
        fixture.run_for(len(busy_with) * 10 / 115200 + instants.uniform(-1e-3, 15e-3))
        codes = [list(dac.codes) for dac in fixture.dacs]
        fixture.reset(instants.choice(list(ResetCause)))
        assert _off(fixture)
        assert [fixture.controller.level(pin) for pin in (TRIGGER, RESET)] == [0, 0]
        edges.clear()
        fixture.run_for(RELAY_s + 1e-4)
        assert _grounded(fixture)
        fixture.run_for(0.01)
        assert edges == []
        assert [list(dac.codes) for dac in fixture.dacs] == codes
        assert fixture.violations.rules == []
        fixture.receive()
        assert fixture.ask("OUTP?;:SOUR1:VOLT?;:DIG:PATT?") == "0;0.000000;0"
