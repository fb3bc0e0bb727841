"""The microcontroller of the fixture: an ATmega328P in simavr that runs the real firmware.

simavr 1.6 gets some times wrong that this fixture depends on. They are put right here, by the
figures of the datasheet:

- every SPI byte takes 100 us whatever the clock divider says: 8 x divider cycles instead;
- a UART byte has one bit too many, and UDRE comes only after a whole byte: the transmit buffer and
  the shift register are modelled;
- a reset clears the ports but tells nobody: the pins are driven to their external pulls again;
- a sleeping CPU sleeps past the end of the time it was given: an alarm wakes the simulator;
- after a reset it runs one instruction at a time: what makes it fast is set again.

Ref: Microchip ATmega328P datasheet DS40002061, sections 11 (reset), 14 (I/O), 19 (SPI), 20 (USART).
"""

from __future__ import annotations

import ctypes
import re
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntFlag
from pathlib import Path

from realnet_hw.emulate import simavr
from realnet_hw.errors import BenchError, InputError

CLOCK_Hz = 16_000_000

# Data-space addresses of the registers that are looked at.
_SPCR, _SPSR, _SPDR, _MCUSR = 0x4C, 0x4D, 0x4E, 0x54
_UCSR0A, _UCSR0B, _UCSR0C, _UBRR0L, _UBRR0H, _UDR0 = 0xC0, 0xC1, 0xC2, 0xC4, 0xC5, 0xC6
_PIN_REGISTER = {"B": 0x23, "C": 0x26, "D": 0x29}
_INTERRUPTS_ON = 7  # bit I of the status register
_EEPROM_bytes = 1024
_UNUSED_FLASH = 0x7FFE  # the last word of flash
_JUMP_TO_ITSELF = bytes((0xFF, 0xCF))  # rjmp .-2
# How long instructions run between two looks at the clock. 2000 is 35 times faster than 1.
_BATCH_cycles = 2000


class ResetCause(IntFlag):
    """Why the controller was reset: the bits of MCUSR."""

    POWER_ON = 1
    EXTERNAL = 2
    BROWN_OUT = 4
    WATCHDOG = 8


@dataclass(frozen=True)
class SpiTransfer:
    """One byte on the SPI bus.

    Args:
        sent: the byte on MOSI.
        started_s: when the controller wrote it.
        clock_period_s: of SCK; the byte takes eight of them.
        mode: 0 to 3, (CPOL, CPHA) as a number.
        lsb_first: the order of the bits.
    """

    sent: int
    started_s: float
    clock_period_s: float
    mode: int = 0
    lsb_first: bool = False

    @property
    def ended_s(self) -> float:
        """When the last bit is over."""
        return self.started_s + 8 * self.clock_period_s


@dataclass(frozen=True)
class UartByte:
    """A byte that the controller sent: when its start bit began and its stop bit ended."""

    value: int
    started_s: float
    ended_s: float


class VirtualController:
    """An ATmega328P at 16 MHz with firmware in its flash; time passes only in ``run_for``.

    The CPU has not run a cycle when the object is made: pins are at their external pulls.

    Args:
        firmware: the ELF file.
        pulls: external pull resistors, pin name to level, ``{"PD4": 0}``.

    Raises:
        InputError: no such file, or not an ELF file for AVR.
        ToolMissing: libsimavr or its headers are not installed.
    """

    def __init__(self, firmware: Path, *, pulls: Mapping[str, int] | None = None) -> None:
        self._sim = simavr.load()
        self._library, self._layout = self._sim.library, self._sim.layout
        self._failure: BaseException | None = None
        self._callbacks: list[object] = []
        self._pulls = dict(pulls or {})
        self._pin_watchers: dict[str, list[Callable[[int], None]]] = {}
        self._pin_last: dict[str, int] = {}
        self._reset_watchers: list[Callable[[], None]] = []
        self._spi_slave: Callable[[SpiTransfer], int] = lambda _transfer: 0xFF
        self._spi_collision: Callable[[], None] = lambda: None
        self.resets = 0

        self._avr = self._make(firmware)
        at = self._layout
        self._cycle = simavr.number64(self._avr + at["cycle"])
        self._make_fast()
        self._data = simavr.pointer(self._avr + at["data"])
        self._modules = self._find_modules()
        self._alarm_step = self._alarm_end = 0
        self._alarm = simavr.CycleTimer(self._next_alarm)
        self._hook_reset_and_sleep()
        self._hook_uart()
        self._hook_spi()
        self._fit_pulls()

    # ------------------------------------------------------------------ time

    @property
    def now_s(self) -> float:
        """Virtual time since power-on, seconds."""
        return self._cycle.value / CLOCK_Hz

    def run_for(self, seconds: float) -> None:
        """Let the CPU run for a time, to within an instruction.

        Raises:
            BenchError: the CPU left its memory, or sleeps with its interrupts off.
        """
        self._run(seconds, lambda: False, round(seconds * CLOCK_Hz))

    def run_until(self, condition: Callable[[], bool], limit_s: float) -> bool:
        """Run until the condition holds, looked at every 125 us, or until the time is over.

        Returns:
            Whether the condition holds.

        Raises:
            BenchError: as ``run_for``.
        """
        return self._run(limit_s, condition, _BATCH_cycles)

    def _run(self, seconds: float, condition: Callable[[], bool], step: int) -> bool:
        """Run until the condition, looked at every ``step`` cycles, or for a time."""
        run, avr, cycle = self._library.avr_run, self._avr, self._cycle
        done = self._layout["state_done"]
        end = cycle.value + round(seconds * CLOCK_Hz)
        resets = self.resets
        self._set_alarm(step, end)
        while not condition():
            if cycle.value >= end:
                return False
            if self._to_controller:
                self._feed()
            state = run(avr)
            if self._failure is not None:
                failure, self._failure = self._failure, None
                raise failure
            if state == done:
                raise BenchError("the simulated CPU sleeps with its interrupts off")
            if state > done:
                pc = simavr.number32(avr + self._layout["pc"]).value
                raise BenchError(f"the simulated CPU crashed at address {pc:#06x}")
            if self.resets != resets:
                resets = self.resets
                self._make_fast()
                self._set_alarm(step, end)
        return True

    def _set_alarm(self, step: int, end: int) -> None:
        """Have simavr come back at each step and at the end: a sleeping CPU sleeps through both."""
        self._alarm_step, self._alarm_end = step, end
        if (when := self._next_alarm(0, self._cycle.value, 0)) > 0:
            cycles = when - self._cycle.value
            self._library.avr_cycle_timer_register(self._avr, cycles, self._alarm, None)

    def _next_alarm(self, _avr: int, when: int, _param: int | None) -> int:
        return min(when + self._alarm_step, self._alarm_end) if when < self._alarm_end else 0

    # ----------------------------------------------------------- serial link

    def send(self, data: bytes) -> None:
        """Put bytes on the serial line to the controller; they arrive at the line's rate."""
        self._to_controller.extend(data)

    def receive(self) -> bytes:
        """Take the bytes that the controller has sent in full by now."""
        return bytes(byte.value for byte in self.receive_timed())

    def receive_timed(self) -> list[UartByte]:
        """Like ``receive``, with the times of the bytes."""
        taken = []
        while self._from_controller and self._from_controller[0].ended_s <= self.now_s:
            taken.append(self._from_controller.popleft())
        return taken

    @property
    def quiet(self) -> bool:
        """No byte is under way in either direction."""
        return not self._to_controller and not self._from_controller

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

    # ------------------------------------------------------------------ pins

    def level(self, pin: str) -> int:
        """The level of a pin: as driven, or its external pull, or its internal pull-up, else 0.

        A timer's compare output shows only on pins that are watched.
        """
        return self._pin_last[pin] if pin in self._pin_last else self._register_level(pin)

    def _register_level(self, pin: str) -> int:
        bit, driven = self._pin_bit(pin), self.is_output(pin)
        port = self._data_at(_PIN_REGISTER[pin[1]] + 2) >> bit & 1
        return port if driven else self._pulls.get(pin, port)

    def is_output(self, pin: str) -> bool:
        """Whether the controller drives the pin (its DDR bit)."""
        return bool(self._data_at(_PIN_REGISTER[pin[1]] + 1) >> self._pin_bit(pin) & 1)

    def watch(self, pin: str, callback: Callable[[int], None]) -> None:
        """Call back with the level whenever the pin changes; ``now_s`` is the time of the edge."""
        self._pin_bit(pin)
        if pin not in self._pin_watchers:
            self._pin_watchers[pin] = []
            self._pin_last[pin] = self.level(pin)
            self._notify(
                self._pin_irq(pin), lambda _irq, value, _param: self._look_at(pin, value & 1)
            )
        self._pin_watchers[pin].append(callback)

    def _look_at(self, pin: str, driven: int | None = None) -> None:
        level = self._register_level(pin)
        if driven is not None and self.is_output(pin):
            # A timer's compare output drives the pin past its PORT bit.
            level = driven
        if level != self._pin_last[pin]:
            self._pin_last[pin] = level
            for callback in self._pin_watchers[pin]:
                callback(level)

    @staticmethod
    def _pin_bit(pin: str) -> int:
        if not re.fullmatch("P[BCD][0-7]", pin):
            raise InputError(f"no pin {pin!r}", allowed="PB0 to PD7")
        return int(pin[2])

    # ---------------------------------------------------------------- others

    def connect_spi(
        self,
        slave: Callable[[SpiTransfer], int],
        collision: Callable[[], None] = lambda: None,
    ) -> None:
        """Connect what answers each SPI byte with the byte on MISO, when that byte is over.

        ``collision`` is called when the firmware writes a byte while another is under way.
        """
        self._spi_slave, self._spi_collision = slave, collision

    def on_reset(self, callback: Callable[[], None]) -> None:
        """Call back at each reset, whatever its cause, before the pins go to their pulls."""
        self._reset_watchers.append(callback)

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
        request = simavr.EepromRequest(
            ctypes.cast(content, ctypes.POINTER(ctypes.c_uint8)), 0, len(content)
        )
        # simavr 1.6 answers -1 here whether it has copied the bytes or not.
        self._library.avr_ioctl(self._avr, simavr.ioctl_code(code), ctypes.byref(request))

    def reset(self, cause: ResetCause = ResetCause.EXTERNAL) -> None:
        """Reset the controller; memory and EEPROM stay, as in the real one."""
        self._library.avr_reset(self._avr)
        self._make_fast()
        simavr.byte(self._data + _MCUSR).value |= cause
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure

    def force_hang(self) -> None:
        """Make the CPU spin in one place with its interrupts off, until a reset.

        It stands for any fault that stops the firmware. Only a simulation can do this: the firmware
        has no command for it.
        """
        flash = simavr.pointer(self._avr + self._layout["flash"])
        ctypes.memmove(flash + _UNUSED_FLASH, _JUMP_TO_ITSELF, len(_JUMP_TO_ITSELF))
        simavr.byte(self._avr + self._layout["sreg"] + _INTERRUPTS_ON).value = 0
        simavr.number32(self._avr + self._layout["pc"]).value = _UNUSED_FLASH
        simavr.number32(self._avr + self._layout["state"]).value = self._layout["state_running"]

    # ------------------------------------------------------------- the hooks

    def _make(self, firmware: Path) -> int:
        if not firmware.is_file():
            raise InputError("no such file", where=str(firmware), mend="make -C firmware/fixture")
        if firmware.read_bytes()[:4] != b"\x7fELF":
            raise InputError("not an ELF file", where=str(firmware))
        library = self._library
        program = (ctypes.c_uint8 * self._layout["firmware_size"])()
        if library.elf_read_firmware(str(firmware).encode(), program):
            raise InputError("not an ELF file for AVR", where=str(firmware))
        avr: int = library.avr_make_mcu_by_name(b"atmega328p")
        library.avr_init(avr)
        library.avr_load_firmware(avr, program)
        simavr.number32(avr + self._layout["frequency"]).value = CLOCK_Hz
        simavr.byte(simavr.pointer(avr + self._layout["data"]) + _MCUSR).value = ResetCause.POWER_ON
        return avr

    def _make_fast(self) -> None:
        """Set what simavr forgets at every reset, or it would run at a tenth of the speed."""
        simavr.number64(self._avr + self._layout["run_cycle_limit"]).value = _BATCH_cycles
        # It looks at PD2 and PD3 in every cycle while they are low, their interrupts on or off.
        for interrupt in range(2):
            self._library.avr_extint_set_strict_lvl_trig(self._avr, interrupt, 0)

    def _find_modules(self) -> dict[str, int]:
        modules: dict[str, int] = {}
        module = simavr.pointer(self._avr + self._layout["io_port"])
        while module:
            kind = ctypes.string_at(simavr.pointer(module + self._layout["io_kind"])).decode()
            modules.setdefault(kind, module)
            module = simavr.pointer(module + self._layout["io_next"])
        return modules

    def _data_at(self, address: int) -> int:
        return simavr.byte(self._data + address).value

    def _guarded(self, function: Callable[..., None]) -> Callable[..., None]:
        """What a callback raises is only printed by ctypes: keep it for ``_run`` to raise."""

        def guarded(*arguments: int) -> None:
            try:
                function(*arguments)
            except BaseException as error:  # noqa: BLE001 - _run raises it again
                self._failure = self._failure or error

        return guarded

    def _notify(self, irq: int, function: Callable[[int, int, int], None]) -> None:
        callback = simavr.IrqNotify(self._guarded(function))
        self._callbacks.append(callback)
        self._library.avr_irq_register_notify(irq, callback, None)

    def _on_write(self, address: int, function: Callable[[int, int, int, int], None]) -> None:
        callback = simavr.IoWrite(self._guarded(function))
        self._callbacks.append(callback)
        # simavr drops a second handler without a parameter; the number itself is never used.
        self._library.avr_register_io_write(self._avr, address, callback, ctypes.c_void_p(1))

    def _irq(self, group: str, index: int) -> int:
        irq: int = self._library.avr_io_getirq(self._avr, simavr.ioctl_code(group), index)
        return irq

    def _pin_irq(self, pin: str) -> int:
        return self._irq(f"iog{pin[1]}", int(pin[2]))

    def _fit_pulls(self) -> None:
        """Tell simavr of the external pulls, so that it reports a pin that becomes an input."""
        for port in _PIN_REGISTER:
            mask = value = 0
            for pin, level in self._pulls.items():
                if pin[1] == port:
                    mask |= 1 << self._pin_bit(pin)
                    value |= level << self._pin_bit(pin)
            # The bit fields of avr_ioport_external_t: name 7, mask 8, value 8 bits.
            fields = ctypes.c_ulong(ord(port) | mask << 7 | value << 15)
            self._library.avr_ioctl(
                self._avr, simavr.ioctl_code(f"iop{port}"), ctypes.byref(fields)
            )

    def _hook_reset_and_sleep(self) -> None:
        slot = ctypes.c_void_p.from_address(self._avr + self._layout["reset"])
        inner = ctypes.cast(slot.value, simavr.Reset) if slot.value else None

        def reset(avr: int) -> None:
            if inner is not None:
                inner(avr)
            self.resets += 1
            self._spi_busy_until = 0
            self._shift_register_free = 0
            for callback in self._reset_watchers:
                callback()
            for pin in self._pin_watchers:
                self._look_at(pin)

        wrapped = simavr.Reset(self._guarded(reset))
        slot.value = ctypes.cast(wrapped, ctypes.c_void_p).value
        # Without this simavr makes the calling thread sleep whenever the CPU does.
        awake = simavr.Sleep(lambda _avr, _cycles: None)
        sleep = ctypes.c_void_p.from_address(self._avr + self._layout["sleep"])
        sleep.value = ctypes.cast(awake, ctypes.c_void_p).value
        self._callbacks += [wrapped, awake]

    def _timer_of(self, module: int, due: int | None) -> int:
        """The function of a pending cycle timer of a module; 0 if there is none."""
        at = self._layout
        timer = simavr.pointer(self._avr + at["timers"])
        while timer:
            if simavr.pointer(timer + at["timer_param"]) == module and due in (
                None,
                simavr.number64(timer + at["timer_when"]).value,
            ):
                return simavr.pointer(timer + at["timer_function"])
            timer = simavr.pointer(timer + at["timer_next"])
        return 0

    # ------------------------------------------------------------------ UART

    def _hook_uart(self) -> None:
        self._to_controller = bytearray()
        self._from_controller: deque[UartByte] = deque()
        self._line_open = True
        self._shift_register_free = 0
        self._uart_timer = 0
        uart = self._modules["uart"]
        count = self._layout["uart_cycles_per_byte_size"]
        address = uart + self._layout["uart_cycles_per_byte"]
        self._stock_byte = simavr.number64(address) if count == 8 else simavr.number32(address)
        # 0: neither echo the bytes on stdout nor sleep while the firmware polls.
        flags = ctypes.c_uint32(0)
        self._library.avr_ioctl(self._avr, simavr.ioctl_code("uas0"), ctypes.byref(flags))
        self._uart_input = self._irq("uar0", 0)
        self._on_write(_UDR0, self._uart_write)
        self._notify(self._irq("uar0", 2), lambda *_: self._set_line(True))
        self._notify(self._irq("uar0", 3), lambda *_: self._set_line(False))

    def _set_line(self, is_open: bool) -> None:
        self._line_open = is_open
        if is_open:
            self._feed()

    def _uart_byte_cycles(self) -> int:
        """Length of a frame: start, data, parity and stop bits as the registers say."""
        divider = (self._data_at(_UBRR0L) | (self._data_at(_UBRR0H) & 0x0F) << 8) + 1
        bit = divider * (8 if self._data_at(_UCSR0A) & 0x02 else 16)
        control = self._data_at(_UCSR0C)
        data_bits = 5 + (control >> 1 & 3)
        parity = 1 if control & 0x30 else 0
        return bit * (1 + data_bits + parity + 1 + (control >> 3 & 1))

    def _feed(self) -> None:
        """Give simavr as many bytes as it takes; the firmware gets them at the line's rate."""
        self._stock_byte.value = self._uart_byte_cycles()
        while self._line_open and self._to_controller:
            self._library.avr_raise_irq(self._uart_input, self._to_controller.pop(0))

    def _uart_write(self, _avr: int, _address: int, value: int, _param: int) -> None:
        # simavr has just started a timer of one (too long) byte that will raise UDRE. The hardware
        # raises it as soon as the byte has moved from the buffer into the shift register.
        if not self._data_at(_UCSR0B) & 0x08:
            return
        uart, now = self._modules["uart"], self._cycle.value
        if not self._uart_timer:
            self._uart_timer = self._timer_of(uart, now + self._stock_byte.value)
        length = self._uart_byte_cycles()
        self._stock_byte.value = length
        start = max(now, self._shift_register_free)
        self._shift_register_free = start + length
        self._from_controller.append(UartByte(value, start / CLOCK_Hz, (start + length) / CLOCK_Hz))
        if self._uart_timer:
            simavr.byte(uart + self._layout["uart_tx_count"]).value = 1
            self._library.avr_cycle_timer_register(
                self._avr, max(1, start - now), self._uart_timer, uart
            )

    # ------------------------------------------------------------------- SPI

    def _hook_spi(self) -> None:
        self._spi_busy_until = 0
        self._spi_timer = 0
        self._spi_started = 0
        self._spi_divider = 4
        self._spi_input = self._irq("spi\0", 0)
        self._on_write(_SPDR, self._spi_write)
        self._notify(self._irq("spi\0", 1), self._spi_over)

    def _spi_write(self, _avr: int, _address: int, _value: int, _param: int) -> None:
        now = self._cycle.value
        if now < self._spi_busy_until:
            self._spi_collision()
        divider = (4, 16, 64, 128)[self._data_at(_SPCR) & 3] >> (self._data_at(_SPSR) & 1)
        self._spi_divider, self._spi_started = divider, now
        self._spi_busy_until = now + 8 * divider
        spi = self._modules["spi"]
        self._spi_timer = self._spi_timer or self._timer_of(spi, None)
        self._library.avr_cycle_timer_register(self._avr, 8 * divider, self._spi_timer, spi)

    def _spi_over(self, _irq: int, value: int, _param: int) -> None:
        control = self._data_at(_SPCR)
        answer = self._spi_slave(
            SpiTransfer(
                value & 0xFF,
                self._spi_started / CLOCK_Hz,
                self._spi_divider / CLOCK_Hz,
                control >> 2 & 3,
                bool(control & 0x20),
            )
        )
        self._library.avr_raise_irq(self._spi_input, answer)
