"""Some of the lines that ``make bench BENCH=fuzz`` sends, and how it finds a firmware that errs."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from realnet_hw.emulate.fixture import VirtualFixture
from tests.firmware.fuzz import campaign
from tests.firmware.fuzz.lines import PARAMETERS, headers_of

MakeFixture = Callable[[], VirtualFixture]

_RAM_LEFT = 256
"""Bytes between the variables and the deepest stack that any line has made."""


def test_every_command_is_fuzzed(firmware_source: Path) -> None:
    assert sorted(PARAMETERS) == sorted(headers_of(firmware_source))


def test_fuzzed_lines(firmware: Path) -> None:
    """No hang, no reset, no source beyond its limits at any update, whole answers, known errors."""
    tally = campaign.run(firmware, 2026, range(4))
    assert tally.lines == 4 * campaign.SESSION_lines
    assert tally.replies > tally.lines / 4
    assert tally.updates > tally.lines
    assert tally.least_ram > _RAM_LEFT


@pytest.mark.parametrize(
    ("file", "right", "wrong", "told"),
    [
        (
            "commands.c",
            "!take_source_voltage(request, sweep.source, &sweep.stop_uV)",
            "!take_number(request, VOLTS, -TERMINAL_MAX_uV, TERMINAL_MAX_uV, &sweep.stop_uV)",
            "has code",
        ),
        (
            "outputs.c",
            "high_uV[source] = high;",
            "high_uV[source] = -low;",
            "limits have changed",
        ),
    ],
    ids=["a sweep that is not checked", "a limit that is not what was told"],
)
def test_a_firmware_that_errs_is_found(
    firmware_source: Path, tmp_path: Path, file: str, right: str, wrong: str, told: str
) -> None:
    folder = tmp_path / "fixture"
    shutil.copytree(firmware_source, folder, ignore=shutil.ignore_patterns("build"))
    text = (folder / file).read_text("utf-8")
    assert right in text
    (folder / file).write_text(text.replace(right, wrong), "utf-8")
    subprocess.run(["make", "-C", str(folder)], check=True, capture_output=True)
    with pytest.raises(AssertionError, match=told):
        campaign.run(folder / "build" / "fixture.elf", 5, range(1, 3))


def test_a_line_of_slow_units_does_not_outlast_the_watchdog(new_fixture: MakeFixture) -> None:
    """Each ends in a few milliseconds, all of them together in more than the watchdog's 120."""
    fixture = new_fixture()
    fixture.command("SENS:AVER 64;:ARR:SIZE 16,48;PULS 100;:OUTP ON;:ARR ON", settle_s=0.1)
    for line in ("ARR:STOR 1,1" + ";STOR 1,1" * 26, "MEAS:RAW?" + ";RAW?" * 47):
        started_s = fixture.now_s
        fixture.send(line.encode() + b"\n")
        fixture.run_for(0.6)
        assert fixture.controller.resets == 0, line
        assert fixture.now_s - started_s > 0.12
    assert fixture.receive().count(b";") == 47
    assert fixture.ask("SYST:ERR:COUN?;:ARR?") == "0;1"


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
