"""The calibration's record: kept through resets, refused when damaged, never half believed."""

from __future__ import annotations

import binascii
import random
import struct
from collections.abc import Callable

import pytest

from realnet_hw.emulate.fixture import VirtualFixture

MakeFixture = Callable[[], VirtualFixture]

_SET = "CAL:SOUR1 1500,-0.012;SOUR6 -10000,0.05;SENS1 -300,0.004321;SENS8 7,-0.05"
_ASK = "CAL:SOUR1?;SOUR6?;SENS1?;SENS8?;SENS2?;DATE?;VALid?"
_KEPT = '1500,-0.012000;-10000,0.050000;-300,0.004321;7,-0.050000;0,0.000000;"2026-02-28";1'
_NONE = "0,0.000000;" * 5 + '"";0'
_STORE_s = 0.5
_RECORD = slice(16, 16 + 97)
"""Where calibration.c keeps it, and how long it is."""


def _stored(new_fixture: MakeFixture) -> VirtualFixture:
    fixture = new_fixture()
    fixture.command(_SET)
    fixture.command("CAL:DATE '2026-02-28';STOR", settle_s=_STORE_s)
    assert fixture.ask("SYST:ERR:COUN?") == "0"
    return fixture


def _restart(fixture: VirtualFixture) -> None:
    fixture.reset()
    fixture.run_for(0.03)


def test_survives_a_reset(new_fixture: MakeFixture) -> None:
    fixture = _stored(new_fixture)
    assert fixture.ask(_ASK) == _KEPT
    _restart(fixture)
    assert fixture.ask(_ASK) == _KEPT
    assert fixture.ask("SYST:ERR:COUN?") == "0"


def test_survives_rst(new_fixture: MakeFixture) -> None:
    fixture = _stored(new_fixture)
    fixture.command("*RST")
    assert fixture.ask(_ASK) == _KEPT


def test_record_ends_in_its_crc(new_fixture: MakeFixture) -> None:
    record = _stored(new_fixture).controller.eeprom[_RECORD]
    assert binascii.crc_hqx(record[:-2], 0) == int.from_bytes(record[-2:], "little")
    assert b"2026-02-28" in record


def test_nothing_else_of_the_memory_is_touched(new_fixture: MakeFixture) -> None:
    content = bytearray(_stored(new_fixture).controller.eeprom)
    content[_RECORD] = b"\xff" * 97
    assert set(content) == {0xFF}


def test_without_store_nothing_is_kept(new_fixture: MakeFixture) -> None:
    fixture = new_fixture()
    fixture.command(_SET + ";DATE '2026-02-28'")
    assert fixture.ask(_ASK) == _KEPT.removesuffix("1") + "0"
    _restart(fixture)
    assert fixture.ask(_ASK) == _NONE
    assert fixture.ask("SYST:ERR:COUN?") == "0"


@pytest.mark.parametrize("line", ["CAL:SENS2 1,0", "CAL:SOUR2 0,0.001", "CAL:DATE '2026-03-01'"])
def test_a_change_is_not_valid_before_it_is_stored(new_fixture: MakeFixture, line: str) -> None:
    fixture = _stored(new_fixture)
    fixture.command(line)
    assert fixture.ask("CAL:VAL?") == "0"
    fixture.command("CAL:STOR", settle_s=_STORE_s)
    assert fixture.ask("CAL:VAL?") == "1"


def test_clear_keeps_the_record_until_store(new_fixture: MakeFixture) -> None:
    fixture = _stored(new_fixture)
    fixture.command("CAL:CLE")
    assert fixture.ask(_ASK) == _NONE
    _restart(fixture)
    assert fixture.ask(_ASK) == _KEPT
    fixture.command("CAL:CLE;STOR", settle_s=_STORE_s)
    _restart(fixture)
    assert fixture.ask(_ASK) == _NONE
    assert fixture.ask("SYST:ERR:COUN?") == "0"


@pytest.mark.parametrize("place", [0, 1, 2, 6, 24, 40, 72, 73, 82, 83, 84])
def test_a_damaged_byte_loses_the_calibration(new_fixture: MakeFixture, place: int) -> None:
    fixture = _stored(new_fixture)
    content = bytearray(fixture.controller.eeprom)
    content[_RECORD.start + place] ^= 1 << place % 8
    fixture.controller.eeprom = bytes(content)
    _restart(fixture)
    assert fixture.ask("SYST:ERR?;ERR?") == '104,"Calibration lost";0,"No error"'
    assert fixture.ask(_ASK) == _NONE


def test_a_record_of_another_version_is_not_used(new_fixture: MakeFixture) -> None:
    """Even with a right CRC: its fields may mean something else."""
    fixture = _stored(new_fixture)
    content = bytearray(fixture.controller.eeprom)
    record = bytearray(content[_RECORD])
    record[0] += 1
    record[-2:] = binascii.crc_hqx(bytes(record[:-2]), 0).to_bytes(2, "little")
    content[_RECORD] = record
    fixture.controller.eeprom = bytes(content)
    _restart(fixture)
    assert fixture.ask("SYST:ERR?").startswith("104")
    assert fixture.ask(_ASK) == _NONE


@pytest.mark.parametrize(
    ("place", "field"),
    [
        (1, struct.pack("<hi", 10001, 0)),
        (1, struct.pack("<hi", -10001, 0)),
        (1 + 3 * 6, struct.pack("<hi", 0, 50001)),
        (1 + 4 * 6, struct.pack("<hi", 0, -50001)),
        (1 + 11 * 6, struct.pack("<hi", -32768, 0)),
        (1 + 11 * 6, struct.pack("<hi", 0, -(2**31))),
    ],
)
def test_a_record_beyond_what_a_fixture_can_need_is_not_used(
    new_fixture: MakeFixture, place: int, field: bytes
) -> None:
    """Even with a right CRC: no fixture that meets its specification has such a correction."""
    fixture = _stored(new_fixture)
    content = bytearray(fixture.controller.eeprom)
    record = bytearray(content[_RECORD])
    record[place : place + 6] = field
    record[-2:] = binascii.crc_hqx(bytes(record[:-2]), 0).to_bytes(2, "little")
    content[_RECORD] = record
    fixture.controller.eeprom = bytes(content)
    _restart(fixture)
    assert fixture.ask("SYST:ERR?;ERR?") == '104,"Calibration lost";0,"No error"'
    assert fixture.ask(_ASK) == _NONE


def test_reset_while_storing(new_fixture: MakeFixture) -> None:
    """What is found afterwards is the old record, the new one, or none with error 104."""
    instants = random.Random("storing")
    fixture = _stored(new_fixture)
    new = "9,0.000000;9,0.000000;9,0.000000;9,0.000000;9,0.000000"
    for _ in range(6):
        fixture.command(_SET.replace("CAL:", "CAL:SENS2 0,0;", 1))
        fixture.command("CAL:DATE '2026-02-28';STOR", settle_s=_STORE_s)
        fixture.command("CAL:SOUR1 9,0;SOUR6 9,0;SENS1 9,0;SENS8 9,0;SENS2 9,0;STOR", settle_s=0)
        fixture.run_for(0.007 + instants.uniform(0, 0.1))
        _restart(fixture)
        found, error = fixture.ask(_ASK), fixture.ask("SYST:ERR?")
        if error.startswith("104"):
            assert found == _NONE
        else:
            assert error.startswith("0")
            assert found in (_KEPT, new + ';"2026-02-28";1')


def test_takes_effect_at_once(fixture: VirtualFixture) -> None:
    fixture.command("SOUR1:VOLT 5;:OUTP ON")
    assert fixture.ask("MEAS1:VOLT?") == "5.000000"
    fixture.command("CAL:SOUR1 10000,0.05")
    assert fixture.ask("MEAS1:VOLT?") == "5.100000"
    fixture.command("CAL:SENS1 0,-0.05")
    assert fixture.ask("MEAS1:VOLT?") == "5.050000"
    fixture.command("CAL:CLE")
    assert fixture.ask("MEAS1:VOLT?") == "5.000000"
