"""Writing the fixture's firmware into an Arduino, by avrdude through its boot loader."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from realnet_hw import project
from realnet_hw.errors import BenchError, InputError, ToolMissing
from realnet_hw.measure.dialogue import FIXTURE
from realnet_hw.measure.fixture import Fixture
from realnet_hw.measure.link import Link, NoAnswer
from realnet_hw.measure.lock import FixtureLock

BOOT_BAUD = 115200
"""The rate of Optiboot, whatever rate the firmware was built for.

The boot loader of older Nanos, at 57600, is left out: it does not outlive a watchdog reset.
"""
_PATIENCE_S = 60.0
# A board that has just been reset answers within this time, its boot loader's included.
_ANSWERS_S = 3.0
_ASKED_S = 0.5
# Maker, model, serial number and version, as IEEE 488.2 10.14 has them.
_IDENTITY = re.compile(r"[ -~]+(,[ -~]*){3}")


@dataclass(frozen=True)
class Flashed:
    """What was on a port, and what is now.

    Args:
        before: what it said that it is, "" where nothing did.
        now: the same, of the firmware that was written.
    """

    before: str
    now: str


def flash(port: str, *, firmware: Path) -> Flashed:
    """Ask who is there, write the firmware, read it back, start it, and return who is there now.

    The controller is reset on the way, which makes a fixture safe; no terminal gets a voltage.

    Args:
        port: the serial port's device, ``/dev/ttyACM0``.
        firmware: Intel HEX file.

    Raises:
        InputError: no such port.
        ToolMissing: avrdude is not installed.
        BenchError: a run is using this fixture, another instrument answers there, there is no boot
            loader of an ATmega328P, what was read back differs, or the firmware did not start.

    Ref: avrdude's manual, ``-c arduino`` (STK500 v1, as Optiboot speaks it).
    """
    if not Path(port).is_char_device():
        raise InputError("no such serial port", where=port, mend="`realnet doctor` lists the ports")
    avrdude = shutil.which("avrdude")
    if avrdude is None:
        raise ToolMissing(
            "avrdude, which writes the firmware, is not installed",
            mend=f"run: {project.system_mend('avrdude')}",
        )
    address = f"ASRL{port}::INSTR"
    lock = FixtureLock(address)
    lock.acquire()
    try:
        before = _answers(address)
        if before and not before.startswith(FIXTURE):
            raise BenchError(
                f"another instrument is on this port: {before[:60]!r}",
                where=port,
                mend="give the port of the Arduino; `realnet doctor` lists the ports",
            )
        _write(avrdude, port, firmware)
    finally:
        lock.release()
    with Fixture(address) as fixture:
        return Flashed(before, fixture.identity.text)


def _answers(address: str) -> str:
    """Return what answers ``*IDN?`` at a port, "" where nothing does that says who it is.

    Raises:
        LinkLost, BenchError: the port does not open.
    """
    end = time.monotonic() + _ANSWERS_S
    with Link(address, BOOT_BAUD) as link:
        while time.monotonic() < end:
            with suppress(NoAnswer):
                heard = link.query("*IDN?", timeout_s=_ASKED_S)
                if _IDENTITY.fullmatch(heard):
                    return heard
    return ""


def _write(avrdude: str, port: str, firmware: Path) -> None:
    """Have avrdude write and verify; it resets the controller before and after."""
    command = [avrdude, "-p", "atmega328p", "-c", "arduino", "-P", port, "-b", str(BOOT_BAUD)]
    # -D: the boot loader can't erase the chip, and writes page by page.
    command += ["-D", "-U", f"flash:w:{firmware}:i"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_PATIENCE_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise BenchError(
            f"avrdude did not end within {_PATIENCE_S:g} s", where=port, mend="unplug and try again"
        ) from None
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if line.startswith("avrdude error")]
        raise BenchError(
            said[0].removeprefix("avrdude error: ") if said else "avrdude failed",
            where=port,
            mend="see that it is an UNO, or a Nano with Optiboot, and that no other program has "
            "the port open; an older Nano needs a programmer",
        )
