"""The microcontroller of the fixture: an ATmega328P in simavr that runs the real firmware.

simavr 1.6 gets some times wrong that this fixture depends on: ``core``, ``uart``, ``spi_master``
and ``pins`` each say what, and put it right by the datasheet.

Ref: Microchip ATmega328P datasheet DS40002061, section 11 (reset).
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable, Mapping
from enum import IntFlag
from pathlib import Path

from realnet_hw.emulate import simavr
from realnet_hw.emulate.core import CLOCK_Hz, Core
from realnet_hw.emulate.pins import Pins
from realnet_hw.emulate.spi_master import SpiMaster, SpiTransfer
from realnet_hw.emulate.uart import Uart, UartByte
from realnet_hw.errors import BenchError, InputError

__all__ = ["CLOCK_Hz", "ResetCause", "SpiTransfer", "UartByte", "VirtualController"]

_MCUSR = 0x54
_EEPROM_bytes = 1024
_UNUSED_FLASH = 0x7FFE  # the last word of flash
_JUMP_TO_ITSELF = bytes((0xFF, 0xCF))  # rjmp .-2
_LOOK_cycles = 2000


class ResetCause(IntFlag):
    """Why the controller was reset: the bits of MCUSR."""

    POWER_ON = 1
    EXTERNAL = 2
    BROWN_OUT = 4
    WATCHDOG = 8


class VirtualController:
    """An ATmega328P at 16 MHz with firmware in its flash; time passes only when it is told to run.

    The CPU has not run a cycle when the object is made: pins are at their external pulls.

    Args:
        firmware: the ELF file.
        pulls: external pull resistors, pin name to level, ``{"PD4": 0}``.

    Raises:
        InputError: no such file, or not an ELF file for AVR.
        ToolMissing: libsimavr or its headers are not installed.
        ToolFailed: the library and its headers do not belong together.
    """

    def __init__(self, firmware: Path, *, pulls: Mapping[str, int] | None = None) -> None:
        self._core = Core(firmware)
        self._core.memory[_MCUSR] = ResetCause.POWER_ON
        self._uart = Uart(self._core)
        self._spi = SpiMaster(self._core)
        self._reset_watchers: list[Callable[[], None]] = []
        # Before the pins: who is told of a reset may want to know the levels before it.
        self._core.on_reset(self._tell_of_reset)
        self._pins = Pins(self._core, pulls or {})

    # ------------------------------------------------------------------ time

    @property
    def now_s(self) -> float:
        """Virtual time since power-on, seconds."""
        return self._core.now / CLOCK_Hz

    def run_for(self, seconds: float) -> None:
        """Let the CPU run for a time, to within an instruction.

        Raises:
            BenchError: the CPU left its memory, or sleeps with its interrupts off.
        """
        self._core.run(seconds, lambda: False, round(seconds * CLOCK_Hz))

    def run_until(self, condition: Callable[[], bool], limit_s: float) -> bool:
        """Run until the condition holds, looked at every 125 us, or until the time is over.

        Returns:
            Whether the condition holds.

        Raises:
            BenchError: as ``run_for``.
        """
        return self._core.run(limit_s, condition, _LOOK_cycles)

    def alarm(self, ring: Callable[[], None]) -> Callable[[float], None]:
        """Make an alarm: what is returned sets it to call back once, so many seconds from now.

        To set it again before takes the first time back. It rings within an instruction.
        """

        def rings(_when: int) -> int:
            ring()
            return 0

        timer = self._core.timer(rings)
        return lambda seconds: self._core.start(timer, math.ceil(seconds * CLOCK_Hz))

    @property
    def asleep_at(self) -> int | None:
        """Where in its program the CPU sleeps, None while it is awake."""
        return self._core.asleep_at

    # ----------------------------------------------------------- serial link

    def send(self, data: bytes, *, stop_bit: bool = True) -> None:
        """Put bytes on the serial line to the controller; they arrive at the line's rate.

        Args:
            data: the bytes.
            stop_bit: False for bytes that end without one, as from a line at another rate.
        """
        self._uart.send(data, stop_bit=stop_bit)

    def receive(self) -> bytes:
        """Take the bytes that the controller has sent in full by now."""
        return bytes(byte.value for byte in self.receive_timed())

    def receive_timed(self) -> list[UartByte]:
        """Like ``receive``, with the times of the bytes."""
        return self._uart.receive(self.now_s)

    @property
    def quiet(self) -> bool:
        """No byte is under way in either direction."""
        return self._uart.quiet

    def ask(self, command: str, *, limit_s: float = 1.0) -> str:
        """Send a command line, run until a line comes back, and return that without its LF.

        For a command that answers nothing, use ``send`` and ``run_for``.

        Raises:
            BenchError: no whole line within the time; or as ``run_for``.
        """
        self.send(command.encode() + b"\n")
        answer = bytearray()

        def complete() -> bool:
            answer.extend(self.receive())
            return answer.endswith(b"\n")

        if not self.run_until(complete, limit_s):
            raise BenchError(
                f"no answer to {command!r} within {limit_s:g} s; received {bytes(answer)!r}"
            )
        return answer.decode("latin-1").rstrip("\n")

    # -------------------------------------------------------------- pins, SPI

    def level(self, pin: str) -> int:
        """The level of a pin, ``"PD4"``; see ``Pins.level``.

        Raises:
            InputError: no such pin.
        """
        return self._pins.level(pin)

    def is_output(self, pin: str) -> bool:
        """Whether the controller drives the pin."""
        return self._pins.is_output(pin)

    def watch(self, pin: str, callback: Callable[[int], None]) -> None:
        """Call back with the level whenever the pin changes; ``now_s`` is the time of the edge."""
        self._pins.watch(pin, callback)

    def drive(self, pin: str, level: int) -> None:
        """Have something outside give an input pin a level, from now on.

        Raises:
            InputError: no such pin.
        """
        self._pins.drive(pin, level)

    def put(self, pin: str, volts: float) -> None:
        """Put a voltage on one of the ADC's pins, PC0 to PC5, from now on.

        Raises:
            InputError: no such pin.
        """
        self._pins.volts(pin, volts)

    def on_write(self, register: int, callback: Callable[[int], None]) -> None:
        """Call back with the byte when the firmware writes a register that only keeps it.

        Args:
            register: its address; simavr must not watch it, for then it would keep nothing itself.
            callback: called when the byte is there.
        """

        def written(value: int) -> None:
            self._core.memory[register] = value
            callback(value)

        self._core.on_write(register, written)

    @property
    def spi_slave(self) -> Callable[[SpiTransfer], int]:
        """What answers each SPI byte."""
        return self._spi.slave

    def connect_spi(
        self,
        slave: Callable[[SpiTransfer], int],
        collision: Callable[[], None] = lambda: None,
    ) -> None:
        """Connect what answers each SPI byte with the byte on MISO, when that byte is over.

        ``collision`` is called when the firmware writes a byte while another is under way.
        """
        self._spi.slave, self._spi.collision = slave, collision

    # ---------------------------------------------------------- reset, memory

    @property
    def resets(self) -> int:
        """How often it was reset since power-on, for whatever cause."""
        return self._core.resets

    def on_reset(self, callback: Callable[[], None]) -> None:
        """Call back at each reset, whatever its cause, before the pins go to their pulls."""
        self._reset_watchers.append(callback)

    def _tell_of_reset(self) -> None:
        for callback in self._reset_watchers:
            callback()

    def reset(self, cause: ResetCause = ResetCause.EXTERNAL) -> None:
        """Reset the controller; memory and EEPROM stay, as in the real one."""
        self._core.reset()
        self._core.memory[_MCUSR] |= cause

    def force_hang(self, *, interrupts: bool = False) -> None:
        """Make the CPU spin in one place, with its interrupts on or off, until a reset.

        It stands for any fault that stops the firmware. Only a simulation can do this: the firmware
        has no command for it.
        """
        flash = simavr.pointer(self._core.field("flash"))
        ctypes.memmove(flash + _UNUSED_FLASH, _JUMP_TO_ITSELF, len(_JUMP_TO_ITSELF))
        self._core.jump(_UNUSED_FLASH, interrupts=interrupts)

    @property
    def memory(self) -> ctypes.Array[ctypes.c_uint8]:
        """Registers and RAM by their addresses, 0 to 0x8FF, as a view."""
        return self._core.memory

    @property
    def eeprom(self) -> bytes:
        """The 1024 bytes of the EEPROM; assign to set the first of them, or all."""
        content = (ctypes.c_uint8 * _EEPROM_bytes)()
        self._eeprom_request("eegp", content)
        return bytes(content)

    @eeprom.setter
    def eeprom(self, content: bytes) -> None:
        if not 0 < len(content) <= _EEPROM_bytes:
            raise InputError(
                f"{len(content)} bytes", where="EEPROM", allowed=f"1 to {_EEPROM_bytes}"
            )
        self._eeprom_request("eesp", (ctypes.c_uint8 * len(content))(*content))

    def _eeprom_request(self, code: str, content: ctypes.Array[ctypes.c_uint8]) -> None:
        data = ctypes.cast(content, ctypes.POINTER(ctypes.c_uint8))
        self._core.request(code, simavr.EepromRequest(data, 0, len(content)))
