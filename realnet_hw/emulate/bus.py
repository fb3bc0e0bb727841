"""The fixture's SPI bus: who is selected, and which rules the firmware breaks.

A chip that is clocked too fast, or two that answer at once, may still give right values in a model
and on one desk. So the rules of the datasheets are checked apart from the values.

Ref: the datasheets named in converters.py; ATmega328P DS40002061 section 19.5 (the /SS pin).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from realnet_hw.emulate.converters import Mcp3208, Mcp4922, ShiftRegister
from realnet_hw.emulate.spi_master import SpiTransfer

_KEPT_violations = 1000


@dataclass(frozen=True)
class Violation:
    """A rule of the bus or of a chip that the firmware broke, and when."""

    rule: str
    at_s: float


class Violations:
    """The rules broken so far: the first thousand, and how many there were."""

    def __init__(self) -> None:
        self.first: list[Violation] = []
        self.count = 0

    def __call__(self, rule: str, at_s: float) -> None:
        """Note a broken rule."""
        self.count += 1
        if len(self.first) < _KEPT_violations:
            self.first.append(Violation(rule, at_s))

    @property
    def rules(self) -> list[str]:
        """Each rule that was broken, once, in the order of the first time."""
        return list(dict.fromkeys(violation.rule for violation in self.first))


class SpiBus:
    """Carries each byte to the chips that are selected, and to the shift registers.

    Args:
        dacs: the DACs, each with a select line of its own.
        adc: the ADC, with its own.
        lines: the shift registers, which have no select.
        slave_select_is_output: whether the controller drives its own /SS pin. As an input it may
            turn the master into a slave.
        complain: told of every rule that is broken.
    """

    def __init__(
        self,
        dacs: Sequence[Mcp4922],
        adc: Mcp3208,
        lines: ShiftRegister,
        *,
        slave_select_is_output: Callable[[], bool],
        complain: Violations,
    ) -> None:
        self._dacs, self._adc, self._lines = dacs, adc, lines
        self._slave_select_is_output = slave_select_is_output
        self._complain = complain
        self._edge_s = -1.0

    def edge(self, at_s: float) -> None:
        """A select or latch line has changed."""
        self._edge_s = at_s

    def collision(self, at_s: float) -> None:
        """The firmware wrote a byte while another was under way."""
        self._complain("SPI: byte written during a transfer (WCOL)", at_s)

    def transfer(self, byte: SpiTransfer) -> int:
        """Carry a byte; returns what the controller reads."""
        at_s, clock_Hz = byte.started_s, 1 / byte.clock_period_s
        dacs = [dac for dac in self._dacs if dac.selected]
        selected = len(dacs) + self._adc.selected
        complain = self._complain
        if selected > 1:
            complain("SPI: two chips selected", at_s)
        if at_s < self._edge_s < byte.ended_s - 1e-12:
            complain("SPI: a select or latch line changed during a byte", at_s)
        if byte.lsb_first or byte.mode not in (0, 3):
            complain("SPI: not mode 0 or 3 with the most significant bit first", at_s)
        if not self._slave_select_is_output():
            complain("SPI: the controller's /SS pin is an input", at_s)
        if self._adc.selected and clock_Hz > Mcp3208.CLOCK_MAX_Hz * 1.000001:
            complain("MCP3208: clock above 2.0 MHz", at_s)
        if dacs and clock_Hz > Mcp4922.CLOCK_MAX_Hz * 1.000001:
            complain("MCP4922: clock above 20 MHz", at_s)
        self._lines.transfer(byte.sent)
        for dac in dacs:
            dac.transfer(byte.sent)
        if self._adc.selected:
            return self._adc.transfer(byte.sent, byte.started_s, byte.clock_period_s)
        return 0xFF
