"""What Debian's arduino-core-avr brings: the UNO's boot loader, and how the IDE compiles."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import threading
import time
import tty
from collections.abc import Iterator
from pathlib import Path

from realnet_hw.emulate.fixture import VirtualFixture
from realnet_hw.emulate.mcu import ResetCause

CORE = Path("/usr/share/arduino/hardware/arduino/avr")
_FLASH_bytes = 0x8000
_BOOT_ADDRESS = 0x7E00
_JUMP = (0x940C, _BOOT_ADDRESS // 2)
"""The controller's fuse starts it in the boot loader; in simavr a jump at address 0 does."""
_LOOK_s = 2e-3
_RUN_s = 3e-3
_BLINK_s = 0.6
"""How long the boot loader blinks before it listens, with time to spare; after 1 s it gives up."""


def boot_loader(folder: Path) -> Path:
    """Return an ELF file of a controller with nothing but its boot loader in flash."""
    hex_file = CORE / "bootloaders" / "optiboot" / "optiboot_atmega328.hex"
    binary, image, elf = (folder / name for name in ("boot.bin", "image.bin", "boot.elf"))
    command = ["avr-objcopy", "-I", "ihex", "-O", "binary", "--gap-fill", "0xff"]
    subprocess.run([*command, str(hex_file), str(binary)], check=True)
    # Behind the loader the file holds its version alone, at the last two bytes of flash.
    loader = binary.read_bytes()[: _FLASH_bytes - _BOOT_ADDRESS]
    start = b"".join(word.to_bytes(2, "little") for word in _JUMP)
    filled = start.ljust(_BOOT_ADDRESS, b"\xff") + loader
    image.write_bytes(filled.ljust(_FLASH_bytes, b"\xff"))
    section = ".data=.text,contents,alloc,load,readonly,code"
    command = ["avr-objcopy", "-I", "binary", "-O", "elf32-avr", "-B", "avr:5"]
    subprocess.run([*command, "--rename-section", section, str(image), str(elf)], check=True)
    return elf


@contextlib.contextmanager
def on_a_port(fixture: VirtualFixture) -> Iterator[str]:
    """Put a fixture behind a serial port; gives the port's device.

    To open it presses the reset button, as the board's DTR line does. Its time then stands still
    until the first byte comes: a boot loader waits no longer than a second.
    """
    outside, inside = os.openpty()
    tty.setraw(outside)
    port = os.ttyname(inside)
    os.close(inside)
    end = threading.Event()
    line = select.poll()
    line.register(outside, select.POLLIN)

    def serve() -> None:
        is_open = started = False
        while not end.is_set():
            events = dict(line.poll(1e3 * _LOOK_s)).get(outside, 0)
            if events & select.POLLHUP:
                is_open = False
                time.sleep(_LOOK_s)
            elif not is_open:
                is_open, started = True, False
                press_reset(fixture)
            if events & select.POLLIN:
                fixture.send(os.read(outside, 4096))
                started = True
            if started:
                fixture.run_for(_RUN_s)
                if sent := fixture.receive():
                    os.write(outside, sent)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield port
    finally:
        end.set()
        thread.join()
        os.close(outside)


def press_reset(fixture: VirtualFixture) -> None:
    """Press the reset button, and let a boot loader blink."""
    fixture.reset(ResetCause.EXTERNAL)
    fixture.run_for(_BLINK_s)
