"""Program messages: headers, compound lines, parameters, every error, device clear, overruns.

Ref: IEEE 488.2-1992 section 7; SCPI-1999 volume 1 sections 6 and 7, volume 2 section 21.8 (errors).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from realnet_hw.emulate.fixture import VirtualFixture
from realnet_hw.emulate.mcu import ResetCause, SpiTransfer
from realnet_hw.emulate.truths import draw_errors

Outcome = Callable[[VirtualFixture, str], str]
MakeFixture = Callable[[], VirtualFixture]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        # Each unit continues at the level where the one before ended.
        ("SOUR2:VOLT 1;VOLT?", "1.000000"),
        ("SOUR2:VOLT:LIM -1,1;LIM?", "-1.000000,1.000000"),
        ("SYST:ERR?;ERR:COUN?;NEXT?", '0,"No error";0;0,"No error"'),
        ("SYST:ERR:COUN?;VERS?", "-113"),
        ("SOUR2:VOLT 1;SOUR2:VOLT?", "-113"),
        # A leading colon starts at the root, a common command leaves the path alone.
        ("SOUR2:VOLT 1;:SOUR2:VOLT?", "1.000000"),
        (":SOUR2:VOLT 1;:SOUR2:VOLT:LIM?", "-10.240000,10.240000"),
        ("SOUR3:VOLT 2;*OPC?;VOLT?", "1;2.000000"),
        ("SOUR3:VOLT 2;:*OPC?", "1"),
        # An optional node that is left out is no level.
        ("OUTP OFF;STAT?", "-113"),
        ("OUTP:STAT OFF;STAT?", "0"),
        # The path of one line does not reach into the next.
        ("VOLT?", "-113"),
        # Short and long forms in any case, nothing between.
        ("source1:voltage?", "0.000000"),
        ("SoUr1:VoLtAgE?", "0.000000"),
        ("SOUR1:VOLTA?", "-113"),
        ("SOURC1:VOLT?", "-113"),
        ("SOU1:VOLT?", "-113"),
        ("SOUR1:VOLT:?", "-113"),
        ("SOUR1::VOLT?", "-113"),
        ("SOUR1:VOLT", "-109"),
        ("SOUR:VOLT?", "0.000000"),
        ("SOUR001:VOLT?", "0.000000"),
        ("OUTP1?", "-113"),
        # Blanks and empty units.
        ("  *OPC?  ", "1"),
        ("*OPC? ; *OPC?", "1;1"),
        ("*OPC?\r", "1"),
        (";;*OPC?;", "1"),
        ("SOUR1:VOLT\t1 ;VOLT?", "1.000000"),
        (
            " SOUR:VOLT:ALL 1 , 2,3 ,\t4 , 5,6;ALL?",
            "1.000000,2.000000,3.000000,4.000000,5.000000,6.000000",
        ),
        # Semicolons and commas in quotes belong to the string.
        ('CAL:DATE "2026;01-01"', "-104"),
        ("CAL:DATE '2026-01-01';DATE?", '"2026-01-01"'),
        # Flags.
        ("OUTP 1;:OUTP?", "1"),
        ("outp on;:outp?", "1"),
        ("OUTP 0;:OUTP?", "0"),
        ("OUTP ONE", "-104"),
        ("OUTP 2", "-222"),
    ],
)
def test_line(fixture: VirtualFixture, outcome: Outcome, line: str, expected: str) -> None:
    assert outcome(fixture, line) == expected


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("*OPC?\x01", -101),
        ("*OPC?\x7f", -101),
        ("SOUR1:VOLT one", -104),
        ("SOUR1:VOLT 1V", -104),
        ("SOUR1:VOLT 1 2", -104),
        ("SOUR1:VOLT 1e", -104),
        ("SOUR1:VOLT .", -104),
        ("SOUR1:VOLT --1", -104),
        ("SOUR1:VOLT ,1", -104),
        ("SOUR1:VOLT #H10", -104),
        ("CAL:DATE 2026-01-01", -104),
        ('CAL:DATE "2026-13-01"', -104),
        ('CAL:DATE "2026-01-32"', -104),
        ('CAL:DATE "26-01-01"', -104),
        ('CAL:DATE "2026-01-01', -104),
        ("SOUR1:VOLT 1,2", -108),
        ("*RST 1", -108),
        ("MEAS1:VOLT? 1", -108),
        ("CAL:STOR 1", -108),
        ("SOUR1:VOLT", -109),
        ("SOUR:VOLT:ALL 1,2,3,4,5", -109),
        ("SENS:SWE?", -109),
        ("DIG:PULS 1", -109),
        ("*RST?", -113),
        ("*IDN", -113),
        ("MEAS1:VOLT 1", -113),
        ("A" * 100, -113),
        ("SOUR7:VOLT 1", -114),
        ("SOUR0:VOLT?", -114),
        ("SOUR257:VOLT?", -114),
        ("MEAS9:VOLT?", -114),
        ("CAL:SOUR7?", -114),
        ("SENS:SWE? 1,0,1,10,0,1,1", -221),
        ("DIG:PULS 1,10", -221),
        ("OUTP ON;:DIG:PATT 1;PULS 1,10", -221),
        ("SOUR1:VOLT 3;VOLT:LIM -1,1", -221),
        ("CAL:SOUR1 1,0;STOR", -221),
        ("SOUR1:VOLT 10.240001", -222),
        ("SOUR1:VOLT -10.240001", -222),
        ("SOUR1:VOLT 1e9", -222),
        ("SOUR1:VOLT 1e999999999", -222),
        ("SOUR1:VOLT:LIM 1,2", -222),
        ("SOUR1:VOLT:LIM -2,-1", -222),
        ("SOUR1:VOLT:LIM -11,1", -222),
        ("SENS:AVER 0", -222),
        ("SENS:AVER 65", -222),
        ("SYST:HEAR 0.049", -222),
        ("SYST:HEAR 60.001", -222),
        ("SYST:HEAR -1", -222),
        ("DIG:PATT 65536", -222),
        ("OUTP ON;:DIG:PULS 1,2001", -222),
        ("OUTP ON;:DIG:PULS 1,0", -222),
        ("CAL:SOUR1 10001,0", -222),
        ("CAL:SOUR1 0,-0.050001", -222),
        ("CAL:SENS1 -10001,0", -222),
        ("CAL:SENS1 0,0.050001", -222),
        ("*ESE 256", -222),
        ("OUTP ON;:SENS:SWE? 7,0,1,10,0,1,1", -222),
        ("OUTP ON;:SENS:SWE? 1,0,1,1,0,1,1", -222),
        ("OUTP ON;:SENS:SWE? 1,0,1,10001,0,1,1", -222),
        ("OUTP ON;:SENS:SWE? 1,0,1,10,60001,1,1", -222),
        ("OUTP ON;:SENS:SWE? 1,0,1,10,0,65,1", -222),
        ("OUTP ON;:SENS:SWE? 1,0,1,10,0,1,0", -222),
        ("OUTP ON;:SENS:SWE? 1,0,1,10,0,1,256", -222),
        ("OUTP ON;:SENS:SWE? 1,0,1,8001,0,1,15", -223),
    ],
)
def test_error(fixture: VirtualFixture, line: str, number: int) -> None:
    events = 32 if number > -200 else 16
    fixture.command(line)
    assert fixture.receive() == b""
    assert fixture.ask("*ESR?") == str(events)
    assert fixture.ask("SYST:ERR:COUN?") == "1"
    assert fixture.ask("SYST:ERR?").split(",")[0] == str(number)


def test_an_error_ends_its_line_and_no_other(fixture: VirtualFixture) -> None:
    fixture.command("*OPC?;SOUR9:VOLT 1;:SOUR1:VOLT 1;*OPC?\nSOUR2:VOLT 2")
    assert fixture.receive() == b"1\n"
    assert fixture.ask("SOUR:VOLT:ALL?") == "0.000000,2.000000" + ",0.000000" * 4
    assert fixture.ask("SYST:ERR?;ERR?") == '-114,"Header suffix out of range";0,"No error"'


def test_a_refused_setting_is_not_followed_by_the_relays(fixture: VirtualFixture) -> None:
    fixture.command("SOUR1:VOLT 11;:OUTP ON")
    assert fixture.ask("OUTP?") == "0"


def test_one_bad_value_of_four_changes_none(fixture: VirtualFixture) -> None:
    fixture.command("SOUR3:VOLT:LIM -1,1")
    fixture.command("SOUR:VOLT:ALL 1,1,1.5,1,1,1")
    assert fixture.ask("SOUR:VOLT:ALL?;:SYST:ERR:COUN?") == ",".join(["0.000000"] * 6) + ";1"


def test_queue_overflow(fixture: VirtualFixture) -> None:
    for _ in range(9):
        fixture.command("NONSENSE")
    assert fixture.ask("SYST:ERR:COUN?") == "8"
    numbers = [fixture.ask("SYST:ERR?").split(",")[0] for _ in range(9)]
    assert numbers == ["-113"] * 7 + ["-350", "0"]


def test_status_byte_sums_up(fixture: VirtualFixture) -> None:
    fixture.command("*ESE 32;*SRE 32")
    fixture.command("NONSENSE")
    assert fixture.ask("*STB?") == str(4 + 32 + 64)
    assert fixture.ask("*ESR?;*STB?") == "32;4"
    assert fixture.ask("SYST:ERR?;*STB?").endswith(";0")


def test_power_on_is_an_event(new_fixture: MakeFixture) -> None:
    assert new_fixture().ask("*ESR?;*ESR?") == "128;0"


def test_resets_are_reported_once(new_fixture: MakeFixture) -> None:
    fixture = new_fixture()
    for cause, number in (
        (ResetCause.BROWN_OUT, 103),
        (ResetCause.EXTERNAL, 0),
        (ResetCause.POWER_ON | ResetCause.BROWN_OUT, 0),
        (ResetCause.WATCHDOG, 102),
    ):
        fixture.reset(cause)
        fixture.run_for(0.03)
        assert fixture.ask("SYST:RES:CAUS?") == str(int(cause))
        assert fixture.ask("SYST:ERR?").split(",")[0] == str(number)
        assert fixture.ask("SYST:ERR:COUN?") == "0"


@pytest.mark.parametrize(
    ("answer", "result", "number"),
    [(0xFF, "1", "-241"), (0x00, "2", "-240"), (0x0F, "2", "-240")],
    ids=["no ADC", "reads zero", "reads full scale"],
)
def test_self_test_finds(new_fixture: MakeFixture, answer: int, result: str, number: str) -> None:
    fixture = new_fixture()
    fixture.controller.connect_spi(lambda _transfer: answer)
    assert fixture.ask("*TST?") == result
    assert fixture.ask("SYST:ERR?").split(",")[0] == number


def test_self_test_accepts_fixtures_within_their_tolerance(firmware: Path) -> None:
    for seed in range(5):
        fixture = VirtualFixture(firmware, errors=draw_errors(seed))
        fixture.run_for(0.03)
        assert fixture.ask("*TST?") == "0"


# ------------------------------------------------------------------------- the line itself


def test_longest_line(fixture: VirtualFixture) -> None:
    fixture.send(b"*OPC?".rjust(250) + b"\n")
    fixture.run_for(0.04)
    assert fixture.receive() == b"1\n"


def test_line_too_long(fixture: VirtualFixture) -> None:
    fixture.send(b"*OPC?".rjust(251) + b"\n*IDN?\n")
    fixture.run_for(0.05)
    assert fixture.receive().startswith(b"realnet_hw")
    assert fixture.ask("SYST:ERR?;ERR?") == '-363,"Input buffer overrun";0,"No error"'


def test_sent_faster_than_executed(fixture: VirtualFixture) -> None:
    """A slow command is followed by more than the fixture can hold: that is lost, up to an LF."""
    slow = b"OUTP ON;:SENS:AVER 64;:SENS:SWE? 1,0,1,100,1000,64,1\n"
    fixture.send(slow + b"SOUR1:VOLT 5\n" * 40)
    fixture.run_for(0.6)
    assert b"#3202" in fixture.receive()
    assert fixture.ask("SYST:ERR?").split(",")[0] == "-200"
    assert fixture.ask("SYST:ERR?").split(",")[0] == "-363"
    assert fixture.ask("SYST:ERR:COUN?") == "0"


def test_device_clear_drops_what_was_not_executed(fixture: VirtualFixture) -> None:
    fixture.send(b"SOUR1:VOLT 5;:SOUR2:VOLT 5\x03SOUR3:VOLT 3;VOLT?\n")
    fixture.run_for(0.02)
    assert fixture.receive() == b"3.000000\n"
    assert fixture.ask("SOUR:VOLT:ALL?") == "0.000000,0.000000,3.000000" + ",0.000000" * 3
    assert fixture.ask("SYST:ERR:COUN?") == "0"


def test_device_clear_ends_the_line_under_way(fixture: VirtualFixture) -> None:
    fixture.command("SENS:AVER 64")
    fixture.send(b"MEAS:VOLT:ALL?" + b";ALL?" * 20 + b"\n")
    fixture.run_for(0.025)
    fixture.send(b"\x03*OPC?\n")
    fixture.run_for(0.2)
    line, rest = fixture.receive().split(b"\n", 1)
    assert 0 < line.count(b";") < 19
    assert line.count(b",") % 7 == 0
    assert rest == b"1\n"


def test_device_clear_mends_a_spoiled_line(fixture: VirtualFixture) -> None:
    fixture.command("\x01 spoiled", settle_s=0)
    fixture.send(b"\x01 spoiled again \x03*OPC?\n")
    fixture.run_for(0.02)
    assert fixture.receive() == b"1\n"
    assert fixture.ask("SYST:ERR?;ERR?") == ";".join(['-101,"Invalid character"'] * 2)


def test_byte_without_a_stop_bit(fixture: VirtualFixture) -> None:
    fixture.send(b"SOUR1:VOLT 5")
    fixture.run_for(0.01)
    controller = fixture.controller
    controller.send(b"5", stop_bit=False)
    fixture.run_for(0.001)
    fixture.send(b"\n*OPC?\n")
    fixture.run_for(0.01)
    assert fixture.receive() == b"1\n"
    assert fixture.ask("SYST:ERR?;ERR?") == '-360,"Communication error";0,"No error"'
    assert fixture.ask("SOUR1:VOLT?") == "0.000000"


def test_answers_longer_than_the_ring_arrive_whole(fixture: VirtualFixture) -> None:
    answer = fixture.ask("*IDN?" + ";*IDN?" * 39, limit_s=2)
    assert answer == ";".join(["realnet_hw,fixture,0,1.4.0"] * 40)


def test_average_of_a_known_sequence(new_fixture: MakeFixture) -> None:
    """Readings are means over the conversions after the first, on the channel that was asked."""
    codes = [4095, 100, 101, 103]
    seen: list[int] = []

    def adc(transfer: SpiTransfer) -> int:
        seen.append(transfer.sent)
        code = codes[(len(seen) - 1) // 3 % 4]
        return (0xE0, 0xE0 | code >> 8, code & 0xFF)[(len(seen) - 1) % 3]

    fixture = new_fixture()
    fixture.controller.connect_spi(adc)
    fixture.command("SENS:AVER 3")
    assert fixture.ask("MEAS6:RAW?") == "304"
    assert bytes(seen) == bytes.fromhex("074000") * 4
    seen.clear()
    # (304 / 3 - 2048) * 5 mV = -9.7333333 V
    assert fixture.ask("MEAS6:VOLT?") == "-9.733333"
