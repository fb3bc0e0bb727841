"""The chips on the fixture's SPI bus, bit by bit and in time: MCP4922, MCP3208, 74HC595.

They know nothing of the controller: bytes and edges come in with their times in seconds, and
voltages come out for any later time. Each keeps the rules of its datasheet and says which was
broken (``Complaint``), since a chip that is driven too fast often still answers right on the desk.

Ref: Microchip MCP4922 datasheet DS22250 (frame, settling 4.5 us and slew 0.55 V/us typical,
     shutdown load 500 kohm); MCP3208 datasheet DS21298 (sampling 1.5 clocks into 20 pF behind
     1 kohm, 2.0 MHz at 5 V); Texas Instruments SN74HC595 datasheet SCLS041.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

SLEW_V_per_s = 0.55e6
# With that slew rate, 1/4 to 3/4 of 4.096 V settles to 1/2 LSB in the datasheet's 4.5 us.
SETTLE_TAU_s = 0.175e-6

Complaint = Callable[[str, float], None]
"""Called with the rule that was broken and the time in seconds."""

InlShape = Callable[[float], float]
"""Integral nonlinearity, in LSB, as a function of the place in the range, 0 to 1."""


def _ignore(rule: str, at_s: float) -> None:
    pass


def straight(_place: float) -> float:
    """The integral nonlinearity of an ideal converter: none."""
    return 0.0


class _Selected:
    """A chip with an active-low select."""

    def __init__(self) -> None:
        self.selected = False
        self._select_changed_s = -math.inf


@dataclass(frozen=True)
class Course:
    """How a DAC's output gets to the value that it was given: at its slew rate, then settling.

    Args:
        from_V, to_V: where it was when it was told, and where it goes.
        since_s: when that was.
    """

    from_V: float
    to_V: float
    since_s: float

    def at(self, at_s: float) -> float:
        """The voltage at a time; before the change, where it was."""
        elapsed_s = max(0.0, at_s - self.since_s)
        step_V = self.from_V - self.to_V
        size_V = abs(step_V)
        linear_V = SLEW_V_per_s * SETTLE_TAU_s
        slewing_s = max(0.0, (size_V - linear_V) / SLEW_V_per_s)
        if size_V < 1e-9 or elapsed_s > slewing_s + 40 * SETTLE_TAU_s:
            return self.to_V
        if elapsed_s < slewing_s:
            rest_V = size_V - SLEW_V_per_s * elapsed_s
        else:
            rest_V = min(size_V, linear_V) * math.exp(-(elapsed_s - slewing_s) / SETTLE_TAU_s)
        return self.to_V + math.copysign(rest_V, step_V)


class Mcp4922(_Selected):
    """Dual 12-bit DAC: frames of 16 bits, both outputs updated by /LDAC, /SHDN.

    An output that is off loads its node with 500 kohm to ground; what it is then depends on the
    resistor that the fixture ties it to ``bias_V`` with.

    Args:
        reference_V: at VREFA and VREFB.
        bias_V, bias_ohm: where each output's resistor leads, and its value.
        inl: the two channels' integral nonlinearity.
        complain: told of every rule that is broken.
    """

    CLOCK_MAX_Hz = 20e6
    SHUTDOWN_LOAD_ohm = 500e3
    SUPPLY_V = 5.0
    LDAC_LOW_MIN_s = 100e-9
    SELECT_TO_LDAC_MIN_s = 40e-9

    def __init__(
        self,
        *,
        reference_V: float = 4.096,
        bias_V: float = 2.048,
        bias_ohm: float = 10e3,
        inl: tuple[InlShape, InlShape] = (straight, straight),
        complain: Complaint = _ignore,
    ) -> None:
        super().__init__()
        self._reference_V = reference_V
        self._off_V = bias_V * self.SHUTDOWN_LOAD_ohm / (self.SHUTDOWN_LOAD_ohm + bias_ohm)
        self._inl_LSB = functools.lru_cache(4096)(lambda channel, code: inl[channel](code / 4096))
        self._complain = complain
        self._frame: list[int] = []
        self._waiting: list[int | None] = [None, None]
        self._enabled = False
        self._ldac_low = False
        self._ldac_fell_s = 0.0
        self.codes = [0, 0]
        self.active = [False, False]
        self._from_V = [self._off_V, self._off_V]
        self._to_V = [self._off_V, self._off_V]
        self._since_s = [-math.inf, -math.inf]

    def select(self, level: int, at_s: float) -> None:
        """/CS: a rising edge loads the input register; clocks beyond 16 do not count."""
        if level == 0:
            self.selected, self._frame = True, []
        elif self.selected:
            self.selected = False
            self._select_changed_s = at_s
            if len(self._frame) != 2:
                self._complain("MCP4922: a frame that is not 16 bits long", at_s)
            if len(self._frame) >= 2:
                word = self._frame[0] << 8 | self._frame[1]
                self._waiting[word >> 15] = word
                if self._ldac_low:
                    self._update(at_s)

    def controller_reset(self) -> None:
        """The controller is being reset: a frame cut short by it is dropped, and no fault."""
        if len(self._frame) < 2:
            self.selected = False

    def transfer(self, sent: int) -> None:
        """A byte on SDI while selected."""
        self._frame.append(sent)

    def ldac(self, level: int, at_s: float) -> None:
        """/LDAC: low moves both input registers to the outputs."""
        if level == 0:
            if at_s - self._select_changed_s < self.SELECT_TO_LDAC_MIN_s - 1e-12:
                self._complain("MCP4922: /LDAC less than 40 ns after /CS", at_s)
            self._ldac_low, self._ldac_fell_s = True, at_s
            self._update(at_s)
        else:
            if self._ldac_low and at_s - self._ldac_fell_s < self.LDAC_LOW_MIN_s - 1e-12:
                self._complain("MCP4922: /LDAC low for less than 100 ns", at_s)
            self._ldac_low = False

    def shutdown(self, level: int, at_s: float) -> None:
        """/SHDN: low turns both outputs off; they stay off until a word with its SHDN bit set."""
        self._enabled = bool(level)
        if not level:
            for channel in (0, 1):
                self._move(channel, False, self._off_V, at_s)

    def output_V(self, channel: int, at_s: float) -> float:
        """The voltage at an output, 0 or 1, on its way to the code's value."""
        return self.course(channel).at(at_s)

    def course(self, channel: int) -> Course:
        """How an output, 0 or 1, moves since its last change, and goes on unless it is changed."""
        return Course(self._from_V[channel], self._to_V[channel], self._since_s[channel])

    def _update(self, at_s: float) -> None:
        for channel in (0, 1):
            word = self._waiting[channel]
            if word is None:
                continue
            self._waiting[channel] = None
            self.codes[channel] = code = word & 0x0FFF
            gain = 1 if word & 0x2000 else 2
            ideal = code + self._inl_LSB(channel, code)
            volts = min(max(ideal / 4096 * self._reference_V * gain, 0.0), self.SUPPLY_V)
            active = self._enabled and bool(word & 0x1000)
            self._move(channel, active, volts if active else self._off_V, at_s)

    def _move(self, channel: int, active: bool, volts: float, at_s: float) -> None:
        self._from_V[channel] = self.output_V(channel, at_s) if active else volts
        self._to_V[channel], self._since_s[channel] = volts, at_s
        self.active[channel] = active


class Mcp3208(_Selected):
    """Eight-channel 12-bit ADC: one sampling capacitor, which remembers the channel before.

    Args:
        read: gives the voltage at an input (0 to 7) at a time; asked at the end of the sampling
            window.
        reference_V: full scale.
        source_ohm: of what drives the inputs; with 1 kohm of the switch it charges 20 pF.
        inl: integral nonlinearity.
        complain: told of every rule that is broken.
    """

    CLOCK_MAX_Hz = 2.0e6
    CAPACITOR_F = 20e-12
    SWITCH_ohm = 1e3
    SAMPLE_clocks = 1.5
    SELECT_HIGH_MIN_s = 500e-9
    SELECT_TO_CLOCK_MIN_s = 100e-9
    # Longer than this after sampling, leakage has changed the held voltage.
    CONVERT_MAX_s = 1.2e-3

    def __init__(
        self,
        read: Callable[[int, float], float],
        *,
        reference_V: float = 4.096,
        source_ohm: float = 0.0,
        inl: InlShape = straight,
        complain: Complaint = _ignore,
    ) -> None:
        super().__init__()
        self._read = read
        self._reference_V = reference_V
        self._tau_s = (source_ohm + self.SWITCH_ohm) * self.CAPACITOR_F
        self._inl = inl
        self._complain = complain
        self._held_V = 0.0
        self._bit = -1
        self._command = 0
        self._code = 0
        self._sampled_s = 0.0
        self._first_byte = True
        self.conversions = 0

    def select(self, level: int, at_s: float) -> None:
        """/CS: a falling edge begins a conversion's frame."""
        if level == 0:
            if at_s - self._select_changed_s < self.SELECT_HIGH_MIN_s - 1e-12:
                self._complain("MCP3208: /CS high for less than 500 ns", at_s)
            self.selected, self._bit, self._first_byte = True, -1, True
            self._select_changed_s = at_s
        elif self.selected:
            self.selected = False
            self._select_changed_s = at_s

    def transfer(self, sent: int, started_s: float, clock_period_s: float) -> int:
        """A byte on DIN while selected; returns the byte on DOUT."""
        if (
            self._first_byte
            and started_s + clock_period_s / 2 - self._select_changed_s
            < self.SELECT_TO_CLOCK_MIN_s - 1e-12
        ):
            self._complain("MCP3208: clock less than 100 ns after /CS", started_s)
        self._first_byte = False
        if self._is_usual(sent):
            return self._usual_byte(sent, started_s, clock_period_s)
        answer = 0
        for index in range(8):
            falling_s = started_s + (index + 1) * clock_period_s
            answer = answer << 1 | self._clock(sent >> 7 - index & 1, falling_s, clock_period_s)
        return answer

    def _is_usual(self, sent: int) -> bool:
        """Whether a byte is one of the three of which a conversion is usually made."""
        return self._bit in (2, 10) or (self._bit == -1 and sent & 0xFC == 0x04)

    def _usual_byte(self, sent: int, started_s: float, clock_period_s: float) -> int:
        """Eight clocks at once, with what ``_clock`` makes of them."""
        if self._bit == -1:
            self._bit, self._command = 2, sent & 3
            return 0xFF
        if self._bit == 2:
            self._bit, self._command = 10, self._command << 2 | sent >> 6
            self._sample(started_s + 3 * clock_period_s, clock_period_s)
            return 0xE0 | self._code >> 8
        self._bit = 18
        self._check_time(started_s + 8 * clock_period_s)
        return self._code & 0xFF

    def _check_time(self, at_s: float) -> None:
        if at_s - self._sampled_s > self.CONVERT_MAX_s:
            self._complain("MCP3208: more than 1.2 ms from sample to last bit", at_s)

    def _clock(self, data_in: int, falling_s: float, clock_period_s: float) -> int:
        """One clock; bits are counted from the start bit, which is 0."""
        if self._bit < 0:
            if data_in:
                self._bit, self._command = 0, 0
            return 1
        self._bit += 1
        if self._bit <= 4:
            self._command = self._command << 1 | data_in
            return 1
        if self._bit == 5:
            self._sample(falling_s, clock_period_s)
            return 1
        if 7 <= self._bit <= 18:
            if self._bit == 18:
                self._check_time(falling_s)
            return self._code >> 18 - self._bit & 1
        # Behind the last bit the word comes again, least significant bit first; else zero.
        return self._code >> self._bit - 18 & 1 if 18 < self._bit <= 29 else 0

    def _sample(self, at_s: float, clock_period_s: float) -> None:
        channel = self._command & 7
        input_V = self._read(channel, at_s)
        left = math.exp(-self.SAMPLE_clocks * clock_period_s / self._tau_s)
        self._held_V = input_V + (self._held_V - input_V) * left
        volts = self._held_V
        if not self._command & 8:
            volts -= self._read(channel ^ 1, at_s)
        place = volts / self._reference_V
        self._code = max(0, min(4095, math.floor(place * 4096 + self._inl(place) + 0.5)))
        self._sampled_s = at_s
        self.conversions += 1


class ShiftRegister:
    """Two 74HC595 in a row: 16 lines, the last 16 bits shifted in, shown at a rising latch edge.

    They listen to every byte on the bus; /OE low drives the lines, high leaves them to their
    pull-downs.
    """

    CLOCK_MAX_Hz = 20e6

    def __init__(self) -> None:
        self._shifted = 0
        self._latched = 0
        self._latch_level = 0
        self._enabled = False

    def transfer(self, sent: int) -> None:
        """A byte on SER."""
        self._shifted = (self._shifted << 8 | sent) & 0xFFFF

    def latch(self, level: int) -> None:
        """RCLK."""
        if level and not self._latch_level:
            self._latched = self._shifted
        self._latch_level = level

    def enable(self, level: int) -> None:
        """/OE."""
        self._enabled = level == 0

    @property
    def lines(self) -> int:
        """The 16 lines as driven, line 0 in bit 0; 0 while the outputs are off."""
        return self._latched if self._enabled else 0

    @property
    def pattern(self) -> int:
        """What the lines show, or would show when enabled."""
        return self._latched
