"""Thousands of random lines: no hang, no reset, no broken rule of the bus, no stack too deep."""

from __future__ import annotations

import random
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from realnet_hw.emulate.fixture import VirtualFixture

MakeFixture = Callable[[], VirtualFixture]

_LINES = 3000
_VALUES = [
    "1",
    "-3.5",
    "1e9",
    "0",
    "65535",
    "1e-7",
    "ON",
    "OFF",
    '"2026-01-01"',
    "'",
    "999999999999",
]
_MARKS = [" ", " ", ",", ",", ";", ";", ":", "?", "?", "*", "\t", "\r", "\n", "\x03", '"', "#"]


def _tokens(source: Path) -> list[str]:
    """The headers of the firmware's table, short and long, with all sorts of suffixes."""
    headers = re.findall(
        r'\{"([^"]+)", \w+, \w+, \w+\}', (source / "commands.c").read_text("utf-8")
    )
    short = [re.sub("[a-z]", "", header) for header in headers]
    return [
        header.replace("#", suffix) for header in headers + short for suffix in ("", "1", "4", "9")
    ]


def _line(draw: random.Random, tokens: list[str]) -> bytes:
    parts = []
    for _ in range(draw.randrange(1, 9)):
        choice = draw.random()
        if choice < 0.25:
            parts.append(draw.choice(tokens) + draw.choice([" ", "?;:", "?;"]))
        elif choice < 0.35:
            values = draw.choices(_VALUES, k=draw.randrange(8))
            parts.append(f"{draw.choice(tokens)} {','.join(values)};:")
        elif choice < 0.65:
            parts.append(draw.choice(_VALUES))
        elif choice < 0.97:
            parts.append(draw.choice(_MARKS))
        else:
            parts.append(chr(draw.randrange(256)))
    return "".join(parts).encode("latin-1") + b"\n"


# The variables end and the stack begins here, in the data space of the ATmega328P.
_STACK_TOP = 0x08FF
_PAINT = 0xA5


def _paint_free_ram(fixture: VirtualFixture, firmware: Path) -> int:
    """Fill what neither variables nor the stack use now; returns the address of its begin."""
    symbols = subprocess.run(
        ["avr-nm", str(firmware)], capture_output=True, text=True, check=True
    ).stdout
    begin = int(re.search(r"(\w+) . _end$", symbols, re.MULTILINE)[1], 16) & 0xFFFF
    for address in range(begin, _STACK_TOP - 127):
        fixture.controller.memory[address] = _PAINT
    return begin


def _unused_ram(fixture: VirtualFixture, begin: int) -> int:
    address = begin
    while fixture.controller.memory[address] == _PAINT:
        address += 1
    return address - begin


def test_random_lines(new_fixture: MakeFixture, firmware: Path, firmware_source: Path) -> None:
    fixture = new_fixture()
    free_from = _paint_free_ram(fixture, firmware)
    tokens = _tokens(firmware_source)
    draw = random.Random(2026)
    heard = 0
    for count in range(_LINES):
        fixture.send(_line(draw, tokens))
        fixture.run_for(0.004)
        heard += len(fixture.receive())
        if count % 500 == 499:
            fixture.send(b"\x03\n*RST;*CLS\n")
            fixture.run_for(1.0)
            fixture.receive()
            assert fixture.ask("*OPC?;:SYST:ERR:COUN?;:OUTP?") == "1;0;0"
    assert heard > 1000
    assert _unused_ram(fixture, free_from) > 256
    assert fixture.controller.resets == 0
    assert fixture.violations.rules == []


def test_valid_commands_in_random_order(new_fixture: MakeFixture) -> None:
    """What may be sent at any time raises no error, whatever came before."""
    fixture = new_fixture()
    draw = random.Random(328)
    valid = [
        "SOUR{n}:VOLT {v}", "SOUR{n}:VOLT?", "MEAS{n}:VOLT?", "MEAS{n}:RAW?", "SENS:AVER {a}",
        "OUTP ON", "OUTP OFF", "DIG:PATT {a}", "CAL:SENS{n} {a},0.01", "CAL:SOUR{n}?", "*STB?",
        "SOUR:VOLT:ALL {v},{v},{v},{v},{v},{v}", "MEAS:VOLT:ALL?", "SYST:HEAR {a}", "*TST?",
        "SYST:ERR?",
        "OUTP ON;:SENS:SWE? {n},{v},-{v},5,10,2,3", "OUTP ON;:SENS:FIRE? 100,50,60,5{a}0,{n},3",
    ]  # fmt: skip
    for _ in range(500):
        line = ";:".join(draw.choices(valid, k=draw.randrange(1, 4)))
        line = line.format(
            n=draw.randrange(1, 5), v=f"{draw.uniform(0, 10.2):.7f}", a=draw.randrange(1, 61)
        )
        fixture.command(line.replace(":*", "*"), settle_s=0.05)
        fixture.receive()
        assert fixture.ask("SYST:ERR?") == '0,"No error"', line
    assert fixture.controller.resets == 0
    assert fixture.violations.rules == []
