"""The controller's pins and the pull resistors outside it.

A reset in simavr 1.6 clears the ports but tells nobody: here the pins go to their pulls at once.

Ref: Microchip ATmega328P datasheet DS40002061, section 14 (I/O ports).
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping

from realnet_hw.emulate.core import Core
from realnet_hw.errors import InputError

_PIN_REGISTER = {"B": 0x23, "C": 0x26, "D": 0x29}
# Each pin's PIN register and bit; DDR and PORT lie right behind.
_PINS = {
    f"P{port}{bit}": (address, bit) for port, address in _PIN_REGISTER.items() for bit in range(8)
}


class Pins:
    """All pins of ports B to D.

    Args:
        core: whose pins.
        pulls: external pull resistors, pin name to level.

    Raises:
        InputError: no such pin.
    """

    def __init__(self, core: Core, pulls: Mapping[str, int]) -> None:
        self._core = core
        self._pulls = dict(pulls)
        self._watchers: dict[str, list[Callable[[int], None]]] = {}
        self._last: dict[str, int] = {}
        self._fit_pulls()
        core.on_reset(self._all_at_their_pulls)

    def _fit_pulls(self) -> None:
        """Tell simavr of the external pulls, so that it reports a pin that becomes an input."""
        for port in _PIN_REGISTER:
            mask = value = 0
            for pin, level in self._pulls.items():
                _, bit = self._place(pin)
                if pin[1] == port:
                    mask |= 1 << bit
                    value |= level << bit
            # The bit fields of avr_ioport_external_t: name 7, mask 8, value 8 bits.
            self._core.request(f"iop{port}", ctypes.c_ulong(ord(port) | mask << 7 | value << 15))

    def drive(self, pin: str, level: int) -> None:
        """Have something outside give an input pin a level, from now on."""
        self._place(pin)
        self._pulls[pin] = level
        # Else simavr would take the pin back to its pull at the next change of the port.
        self._fit_pulls()
        self._core.library.avr_raise_irq(self._core.irq(f"iog{pin[1]}", int(pin[2])), level)

    def volts(self, pin: str, volts: float) -> None:
        """Put a voltage on a pin of port C, from now on, for the controller's own ADC."""
        _, bit = self._place(pin)
        self._core.library.avr_raise_irq(self._core.irq("adc ", bit), round(volts * 1e3))

    def level(self, pin: str) -> int:
        """The level of a pin: as driven, or its external pull, or its internal pull-up, else 0.

        A timer's compare output shows only on pins that are watched.
        """
        return self._last[pin] if pin in self._last else self._register_level(pin)

    def is_output(self, pin: str) -> bool:
        """Whether the controller drives the pin (its DDR bit)."""
        address, bit = self._place(pin)
        return bool(self._core.memory[address + 1] >> bit & 1)

    def watch(self, pin: str, callback: Callable[[int], None]) -> None:
        """Call back with the level whenever the pin changes."""
        if pin not in self._watchers:
            self._last[pin] = self._register_level(pin)
            self._watchers[pin] = []
            irq = self._core.irq(f"iog{pin[1]}", int(pin[2]))
            self._core.notify(irq, lambda value: self._look_at(pin, value & 1))
        self._watchers[pin].append(callback)

    def _register_level(self, pin: str) -> int:
        address, bit = self._place(pin)
        port = self._core.memory[address + 2] >> bit & 1
        if self._core.memory[address + 1] >> bit & 1:
            return port
        return self._pulls.get(pin, port)

    def _look_at(self, pin: str, raised: int) -> None:
        # A timer's compare output drives the pin past its PORT bit.
        self._set(pin, raised if self.is_output(pin) else self._register_level(pin))

    def _all_at_their_pulls(self) -> None:
        for pin in self._watchers:
            self._set(pin, self._register_level(pin))

    def _set(self, pin: str, level: int) -> None:
        if level != self._last[pin]:
            self._last[pin] = level
            for callback in self._watchers[pin]:
                callback(level)

    @staticmethod
    def _place(pin: str) -> tuple[int, int]:
        try:
            return _PINS[pin]
        except KeyError:
            raise InputError(f"no pin {pin!r}", allowed="PB0 to PD7") from None
