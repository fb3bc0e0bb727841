"""The controller's serial port, with the times that the line has.

simavr 1.6 counts one bit too many in a byte, raises UDRE only after a whole byte, and lets a byte's
time pass after the firmware has read the one before. Here the transmit buffer and the shift
register are two things, and bytes from the host come at the rate of the line whatever the firmware
does.

Ref: Microchip ATmega328P datasheet DS40002061, section 20 (USART0).
"""

from __future__ import annotations

import ctypes
from collections import deque
from dataclasses import dataclass

from realnet_hw.emulate import simavr
from realnet_hw.emulate.core import CLOCK_Hz, Core

_UCSR0A, _UCSR0B, _UCSR0C, _UBRR0L, _UBRR0H, _UDR0 = 0xC0, 0xC1, 0xC2, 0xC4, 0xC5, 0xC6
_TRANSMITTER_ON, _DOUBLE_SPEED = 0x08, 0x02
_NO_STOP_BIT = 0x8000


@dataclass(frozen=True)
class UartByte:
    """A byte that the controller sent: when its start bit began and its stop bit ended."""

    value: int
    started_s: float
    ended_s: float


class Uart:
    """The serial line between a host and the controller."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._to_controller: deque[int] = deque()
        self._from_controller: deque[UartByte] = deque()
        self._line_busy = False
        self._line = core.timer(self._byte_arrives)
        self._shift_register_free = 0
        self._receive_timer = self._send_timer = 0
        # How long simavr thinks that a byte takes, in either direction.
        self._own_byte = simavr.number64(core.field_of("uart", "cycles_per_byte"))
        self._own_count = simavr.byte(core.field_of("uart", "tx_count"))
        # 0: neither echo the bytes on stdout nor sleep while the firmware polls.
        core.request("uas0", ctypes.c_uint32(0))
        self._input = core.irq("uar0", 0)
        core.on_write(_UDR0, self._firmware_writes)
        core.on_reset(self._reset, self._start_line)

    @property
    def quiet(self) -> bool:
        """No byte is under way in either direction."""
        return not self._to_controller and not self._from_controller

    def send(self, data: bytes, *, stop_bit: bool = True) -> None:
        """Put bytes on the line to the controller, or bytes that end without their stop bit."""
        self._to_controller.extend(byte if stop_bit else byte | _NO_STOP_BIT for byte in data)
        self._start_line()

    def receive(self, until_s: float) -> list[UartByte]:
        """Take the bytes that the controller has sent in full by a time."""
        taken = []
        while self._from_controller and self._from_controller[0].ended_s <= until_s:
            taken.append(self._from_controller.popleft())
        return taken

    def _reset(self) -> None:
        self._shift_register_free = 0
        self._line_busy = False

    def _byte_cycles(self) -> int:
        """Length of a frame: start, data, parity and stop bits as the registers say."""
        memory = self._core.memory
        divider = (memory[_UBRR0L] | (memory[_UBRR0H] & 0x0F) << 8) + 1
        bit = divider * (8 if memory[_UCSR0A] & _DOUBLE_SPEED else 16)
        control = memory[_UCSR0C]
        parity = 1 if control & 0x30 else 0
        data_bits, stop_bits = 5 + (control >> 1 & 3), 1 + (control >> 3 & 1)
        return bit * (1 + data_bits + parity + stop_bits)

    def _start_line(self) -> None:
        if self._to_controller and not self._line_busy:
            self._line_busy = True
            self._core.start(self._line, self._byte_cycles())

    def _byte_arrives(self, when: int) -> int:
        core = self._core
        self._own_byte.value = 1
        core.library.avr_raise_irq(self._input, self._to_controller.popleft())
        self._receive_timer = self._receive_timer or core.timer_of("uart", core.now + 1)
        self._line_busy = bool(self._to_controller)
        return when + self._byte_cycles() if self._line_busy else 0

    def _firmware_writes(self, value: int) -> None:
        core, now = self._core, self._core.now
        if not core.memory[_UCSR0B] & _TRANSMITTER_ON:
            return
        if not self._send_timer:
            due = now + self._own_byte.value
            self._send_timer = core.timer_of("uart", due, but=self._receive_timer)
        start, length = max(now, self._shift_register_free), self._byte_cycles()
        self._shift_register_free = start + length
        self._from_controller.append(UartByte(value, start / CLOCK_Hz, (start + length) / CLOCK_Hz))
        if self._send_timer:
            # The buffer is free again as soon as the byte has moved into the shift register.
            self._own_count.value = 1
            core.start(self._send_timer, start - now, core.modules["uart"])
