"""The controller's SPI port, with bytes that take eight clocks.

In simavr 1.6 every byte takes 100 us whatever the divider.

Ref: Microchip ATmega328P datasheet DS40002061, section 19 (SPI).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from realnet_hw.emulate.core import CLOCK_Hz, Core

_SPCR, _SPSR, _SPDR = 0x4C, 0x4D, 0x4E
_LSB_FIRST = 0x20


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


class SpiMaster:
    """The port: ``slave`` answers each byte when it is over, ``collision`` hears of WCOL."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self.slave: Callable[[SpiTransfer], int] = lambda _transfer: 0xFF
        self.collision: Callable[[], None] = lambda: None
        self._timer = 0
        self._started = self._busy_until = 0
        self._divider = 4
        self._input = core.irq("spi", 0)
        core.on_write(_SPDR, self._byte_begins)
        core.notify(core.irq("spi", 1), self._byte_is_over)
        core.on_reset(self._reset)

    def _reset(self) -> None:
        self._busy_until = 0

    def _byte_begins(self, _value: int) -> None:
        core, now = self._core, self._core.now
        if now < self._busy_until:
            self.collision()
        divider = (4, 16, 64, 128)[core.memory[_SPCR] & 3] >> (core.memory[_SPSR] & 1)
        self._divider, self._started, self._busy_until = divider, now, now + 8 * divider
        self._timer = self._timer or core.timer_of("spi")
        core.start(self._timer, 8 * divider, core.modules["spi"])

    def _byte_is_over(self, value: int) -> None:
        control = self._core.memory[_SPCR]
        answer = self.slave(
            SpiTransfer(
                value & 0xFF,
                self._started / CLOCK_Hz,
                self._divider / CLOCK_Hz,
                control >> 2 & 3,
                bool(control & _LSB_FIRST),
            )
        )
        self._core.library.avr_raise_irq(self._input, answer)
