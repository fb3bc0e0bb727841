"""Writing the fixture's firmware into an Arduino, by avrdude through its boot loader."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from realnet_hw import project
from realnet_hw.errors import BenchError, InputError, ToolMissing
from realnet_hw.measure.fixture import Fixture
from realnet_hw.measure.lock import FixtureLock

BOOT_BAUD = 115200
"""The rate of Optiboot, whatever rate the firmware was built for.

The boot loader of older Nanos, at 57600, is left out: it does not outlive a watchdog reset.
"""
_PATIENCE_S = 60.0


def flash(port: str, *, firmware: Path) -> str:
    """Write the firmware, read it back, start it, and return what it says it is.

    The controller is reset on the way, which makes a fixture safe; no terminal gets a voltage.

    Args:
        port: the serial port's device, ``/dev/ttyACM0``.
        firmware: Intel HEX file.

    Raises:
        InputError: no such port.
        ToolMissing: avrdude is not installed.
        BenchError: a run is using this fixture, there is no boot loader of an ATmega328P, what was
            read back differs, or the firmware did not start.

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
        _write(avrdude, port, firmware)
    finally:
        lock.release()
    with Fixture(address) as fixture:
        return fixture.identity.text


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
