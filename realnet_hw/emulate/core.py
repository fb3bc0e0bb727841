"""The AVR core in simavr: time, resets, and the hooks that the peripherals are put right with.

Ref: https://github.com/buserror/simavr; Microchip ATmega328P datasheet DS40002061.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path

from realnet_hw.emulate import simavr
from realnet_hw.errors import BenchError, InputError, ToolFailed

CLOCK_Hz = 16_000_000

_FLASH_END = 0x7FFF
# How long instructions run between two looks at the clock. 2000 is 35 times faster than 1.
_BATCH_cycles = 2000


class Core:
    """A simulated ATmega328P with a program in its flash. Times are in cycles of 16 MHz.

    What a callback raises is kept and raised again by ``run`` or ``reset``: ctypes would only print
    it.

    Args:
        firmware: the ELF file.

    Raises:
        InputError: no such file, or not an ELF file for AVR.
        ToolMissing: libsimavr or its headers are not installed.
        ToolFailed: the library and its headers do not belong together.
    """

    def __init__(self, firmware: Path) -> None:
        sim = simavr.load()
        self.library, self._layout = sim.library, sim.layout
        self._failure: BaseException | None = None
        # simavr keeps pointers to them: they must live as long as it does.
        self._callbacks: list[object] = []
        self._before_reset: list[Callable[[], None]] = []
        self._after_reset: list[Callable[[], None]] = [self._make_fast]
        self.resets = 0
        self.avr = self._make(firmware)
        self._cycle = simavr.number64(self.field("cycle"))
        self._state = simavr.number32(self.field("state"))
        self.memory = simavr.memory(simavr.pointer(self.field("data")))
        self.modules = self._find_modules()
        self._step = self._end = 0
        self._alarm = self.timer(self._next_alarm)
        self._make_fast()
        self._hook_reset_and_sleep()

    def _make(self, firmware: Path) -> int:
        if not firmware.is_file():
            raise InputError("no such file", where=str(firmware))
        if firmware.read_bytes()[:4] != b"\x7fELF":
            raise InputError("not an ELF file", where=str(firmware))
        library = self.library
        program = (ctypes.c_uint8 * self._layout["firmware_size"])()
        if library.elf_read_firmware(str(firmware).encode(), program):
            raise InputError("not an ELF file for AVR", where=str(firmware))
        avr: int = library.avr_make_mcu_by_name(b"atmega328p")
        library.avr_init(avr)
        if simavr.number32(avr + self._layout["flashend"]).value != _FLASH_END:
            raise ToolFailed(
                "the headers of libsimavr belong to another version of the library",
                mend="install libsimavr-dev and libsimavr of one version",
            )
        library.avr_load_firmware(avr, program)
        simavr.number32(avr + self._layout["frequency"]).value = CLOCK_Hz
        return avr

    # ------------------------------------------------------------------ time

    @property
    def now(self) -> int:
        """Cycles since power-on."""
        return self._cycle.value

    def run(self, seconds: float, condition: Callable[[], bool], step: int) -> bool:
        """Run until the condition, looked at every ``step`` cycles, or for a time.

        Returns:
            Whether the condition held.

        Raises:
            BenchError: the CPU left its memory, or sleeps with its interrupts off.
        """
        run, avr, cycle = self.library.avr_run, self.avr, self._cycle
        done = self._layout["state_done"]
        end = cycle.value + round(seconds * CLOCK_Hz)
        resets = self.resets
        self._set_alarm(step, end)
        while not condition():
            if cycle.value >= end:
                return False
            state = run(avr)
            if self._failure is not None:
                self._raise_failure()
            if state == done:
                raise BenchError("the simulated CPU sleeps with its interrupts off")
            if state > done:
                pc = simavr.number32(self.field("pc")).value
                raise BenchError(f"the simulated CPU crashed at address {pc:#06x}")
            if self.resets != resets:
                resets = self.resets
                self._recover()
                self._set_alarm(step, end)
        return True

    def _set_alarm(self, step: int, end: int) -> None:
        """Have simavr come back at each step and at the end: a sleeping CPU sleeps through both."""
        self._step, self._end = step, end
        if (when := self._next_alarm(self.now)) > 0:
            self.start(self._alarm, when - self.now)

    def _next_alarm(self, when: int) -> int:
        return min(when + self._step, self._end) if when < self._end else 0

    def timer(self, function: Callable[[int], int]) -> object:
        """Make a cycle timer: called with the cycle, it returns the next one or 0."""
        guarded = self._guarded(function)
        made = simavr.CycleTimer(lambda _avr, when, _param: guarded(when) or 0)
        self._callbacks.append(made)
        return made

    def start(self, timer: object, cycles: int, param: int | None = None) -> None:
        """Start a cycle timer, one of ``timer`` or ``timer_of``, or start it anew."""
        self.library.avr_cycle_timer_register(self.avr, max(1, cycles), timer, param)

    def timer_of(self, module: str, due: int | None = None, *, but: int = 0) -> int:
        """The function of a pending cycle timer of one of simavr's modules; 0 if there is none."""
        at = self._layout
        timer = simavr.pointer(self.field("timers"))
        while timer:
            function = simavr.pointer(timer + at["timer_function"])
            if (
                simavr.pointer(timer + at["timer_param"]) == self.modules[module]
                and function != but
                and due in (None, simavr.number64(timer + at["timer_when"]).value)
            ):
                return function
            timer = simavr.pointer(timer + at["timer_next"])
        return 0

    # ---------------------------------------------------------------- resets

    def reset(self) -> None:
        """Reset the CPU and its peripherals; memory stays."""
        self.library.avr_reset(self.avr)
        self._recover()
        if self._failure is not None:
            self._raise_failure()

    def on_reset(self, before: Callable[[], None], after: Callable[[], None] | None = None) -> None:
        """Call ``before`` when registers are clear, ``after`` when the peripherals are reset."""
        self._before_reset.append(before)
        if after is not None:
            self._after_reset.append(after)

    def _recover(self) -> None:
        for callback in self._after_reset:
            callback()

    def _make_fast(self) -> None:
        """Set what simavr forgets at every reset, or it would run at a tenth of the speed."""
        simavr.number64(self.field("run_cycle_limit")).value = _BATCH_cycles
        # It looks at PD2 and PD3 in every cycle while they are low, their interrupts on or off.
        for interrupt in range(2):
            self.library.avr_extint_set_strict_lvl_trig(self.avr, interrupt, 0)

    def _hook_reset_and_sleep(self) -> None:
        slot = ctypes.c_void_p.from_address(self.field("reset"))
        inner = ctypes.cast(slot.value, simavr.Reset) if slot.value else None

        def reset(avr: int) -> None:
            if inner is not None:
                inner(avr)
            self.resets += 1
            for callback in self._before_reset:
                callback()

        wrapped = simavr.Reset(self._guarded(reset))
        slot.value = ctypes.cast(wrapped, ctypes.c_void_p).value
        # Without this simavr makes the calling thread sleep whenever the CPU does.
        awake = simavr.Sleep(lambda _avr, _cycles: None)
        sleep = ctypes.c_void_p.from_address(self.field("sleep"))
        sleep.value = ctypes.cast(awake, ctypes.c_void_p).value
        self._callbacks += [wrapped, awake]

    @property
    def asleep_at(self) -> int | None:
        """Where the CPU sleeps: the address of its next instruction; None while it is awake."""
        if self._state.value != self._layout["state_sleeping"]:
            return None
        return int(simavr.number32(self.field("pc")).value)

    def jump(self, address: int, *, interrupts: bool) -> None:
        """Go on at an address, awake, with interrupts on or off."""
        simavr.byte(self.field("sreg") + 7).value = interrupts
        simavr.number32(self.field("pc")).value = address
        self._state.value = self._layout["state_running"]

    # ------------------------------------------------------------- the hooks

    def field(self, name: str) -> int:
        """The address of a field of simavr's ``avr_t``."""
        return self.avr + self._layout[name]

    def field_of(self, module: str, name: str) -> int:
        """The address of a field of one of simavr's modules."""
        return self.modules[module] + self._layout[f"{module}_{name}"]

    def irq(self, group: str, index: int) -> int:
        """One of simavr's signals, by the four letters of its group."""
        irq: int = self.library.avr_io_getirq(self.avr, simavr.ioctl_code(group), index)
        return irq

    def notify(self, irq: int, function: Callable[[int], None]) -> None:
        """Call back with the value of a signal each time it is raised."""
        guarded = self._guarded(function)
        callback = simavr.IrqNotify(lambda _irq, value, _param: guarded(value))
        self._callbacks.append(callback)
        self.library.avr_irq_register_notify(irq, callback, None)

    def on_write(self, address: int, function: Callable[[int], None]) -> None:
        """Call back with the byte when the firmware writes a register."""
        guarded = self._guarded(function)
        callback = simavr.IoWrite(lambda _avr, _address, value, _param: guarded(value))
        self._callbacks.append(callback)
        # simavr drops a second handler without a parameter; the number itself is never used.
        self.library.avr_register_io_write(self.avr, address, callback, ctypes.c_void_p(1))

    def request(self, code: str, argument: ctypes._CData) -> None:
        """Make one of simavr's requests (``avr_ioctl``). In 1.6 its answer says nothing."""
        self.library.avr_ioctl(self.avr, simavr.ioctl_code(code), ctypes.byref(argument))

    def _guarded(self, function: Callable[[int], int | None]) -> Callable[[int], int | None]:
        def guarded(argument: int) -> int | None:
            try:
                return function(argument)
            except BaseException as error:  # noqa: BLE001 - raised again by run and reset
                self._failure = self._failure or error
                return None

        return guarded

    def _raise_failure(self) -> None:
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def _find_modules(self) -> dict[str, int]:
        modules: dict[str, int] = {}
        module = simavr.pointer(self.field("io_port"))
        while module:
            kind = ctypes.string_at(simavr.pointer(module + self._layout["io_kind"])).decode()
            modules.setdefault(kind, module)
            module = simavr.pointer(module + self._layout["io_next"])
        return modules
