"""A virtual fixture under watch: what its firmware may never do, whatever it is sent.

Looked at with every update of the DACs: no source that is on is beyond its limits. Looked at after
every line: the firmware waits for the next one, has answered in whole and well-formed lines, has
not been reset, and holds off what must be off.
"""

from __future__ import annotations

import binascii
import re
import subprocess
from pathlib import Path

from realnet_hw.emulate.fixture import (
    LDAC,
    OUTPUT_ENABLE,
    RESET,
    TRIGGER,
    VirtualFixture,
)
from tests.firmware.fuzz.lines import Sent

SOURCES, STEP_uV, RANGE_uV = 6, 5000, 10_240_000
QUEUE = 8
BYTE_s = 10 / 115200
# After the first a command is cut short, as a host does by ^C; by the second it must have ended.
PATIENCE_s, LIMIT_s = 0.3, 12.0
_LOOK_s = 0.25e-3
# The variables end and the stack begins here, in the data space of the ATmega328P.
_STACK_TOP, _PAINT = 0x08FF, 0xA5
_PROTOCOL = Path(__file__).parents[3] / "firmware" / "fixture" / "PROTOCOL.md"
_NEVER = {102, 103, 104, 105, 106}
"""Errors that tell of a reset, a damaged EEPROM or a lost supply, which no line may bring about."""

_ITEM = re.compile(rb'"[^"\n]*"|-?[0-9]+(\.[0-9]+)?|realnet_hw,fixture,[0-9]+,[0-9.]+')
_ERROR = re.compile(r'(-?\d+),"([A-Za-z -]+)"')


class WatchedFixture:
    """A fixture of its own, just booted, each source wired to the sense of its number.

    Args:
        firmware: the ELF file.
    """

    def __init__(self, firmware: Path) -> None:
        self.fixture = VirtualFixture(firmware)
        self.fixture.run_for(0.03)
        self._memory = self.fixture.controller.memory
        # Not where it sleeps while the relays move.
        self._rests_at = self.fixture.controller.asleep_at
        assert self._rests_at is not None
        self._symbols = _symbols(firmware)
        self.documented = {
            int(number)
            for number in re.findall(r"(?m)^\| (-?\d+) \| ", _PROTOCOL.read_text("utf-8"))
        }
        self.updates = self.replies = self.cut = 0
        self._heard = bytearray()
        self._corrections = {bytes(6 * SOURCES)}
        self._limits = {((-RANGE_uV, RANGE_uV),) * SOURCES}
        self._allowed_from: object = None
        self._allowed: list[tuple[int, int]] = []
        self._free_from = self._symbols["_end"]
        for address in range(self._free_from, _STACK_TOP - 127):
            self._memory[address] = _PAINT
        self.fixture.controller.watch(LDAC, self._dacs_updated)
        self.fixture.controller.watch(OUTPUT_ENABLE, self._dacs_updated)

    # ------------------------------------------------------------------------------- sending

    def begin(self, *commands: str) -> None:
        """Bring the firmware into a known state, then send some commands that it must obey."""
        for command in ("\x03\n*RST;*CLS;*ESE 0;*SRE 0;:CAL:CLE", *commands):
            self.fixture.send(command.encode() + b"\n")
            self._settle(len(command))
        self._heard.clear()
        assert self._ask("*OPC?;:SYST:ERR:COUN?;:OUTP?") == "1;0;0"

    def send(self, sent: Sent) -> None:
        """Send something and look at what comes of it.

        Raises:
            AssertionError: what may never happen has happened.
        """
        controller = self.fixture.controller
        controller.send(sent.data, stop_bit=sent.stop_bits)
        self._settle(len(sent.data))
        self._look()

    def _ask(self, line: str) -> str:
        self.fixture.send(line.encode() + b"\n")
        self._settle(len(line))
        answer = self._heard.decode().removesuffix("\n")
        self._heard.clear()
        return answer

    def _settle(self, length: int) -> None:
        """Let time pass until the firmware has taken so many bytes and waits for more."""
        controller = self.fixture.controller
        controller.run_for(length * BYTE_s)
        if self._rests_within(PATIENCE_s):
            return
        self.cut += 1
        controller.send(b"\x03")
        assert self._rests_within(LIMIT_s), "the firmware hangs"

    def _rests_within(self, limit_s: float) -> bool:
        """Whether, at two looks in turn, the firmware waits and nothing is on the line."""
        controller = self.fixture.controller
        end_s = controller.now_s + limit_s
        looks = 0
        while looks < 2:
            if controller.now_s > end_s:
                return False
            controller.run_for(_LOOK_s)
            self._heard += controller.receive()
            rests = controller.quiet and controller.asleep_at == self._rests_at
            looks = looks + 1 if rests else 0
        return True

    def errors(self) -> list[int]:
        """Take every error from the queue, and look at each.

        Where a flood overran the input, its last LF may be among the bytes dropped: the next line,
        which ends that one, goes unanswered then, and the queue says why.
        """
        unanswered = not (answer := self._ask("SYST:ERR:COUN?"))
        count, found = int(self._ask("SYST:ERR:COUN?") if unanswered else answer), []
        assert 0 <= count <= QUEUE
        answers = self._ask("SYST:ERR?" + ";ERR?" * count).split(";")
        for index, answer in enumerate(answers):
            match = _ERROR.fullmatch(answer)
            assert match is not None, answer
            number = int(match[1])
            assert (number != 0) == (index < count), answers
            assert number in {0, *self.documented} - _NEVER, answer
            found.append(number)
        assert not unanswered or {-363, -350} & set(found), found
        return found[:count]

    # ------------------------------------------------------------------------------- looking

    def limits_uV(self) -> list[tuple[int, int]]:
        """What the firmware holds as its limits, microvolts, lowest and highest of each source."""
        return [(self._int32("low_uV", n), self._int32("high_uV", n)) for n in range(SOURCES)]

    def unused_ram(self) -> int:
        """Bytes that neither variables nor the stack have ever used."""
        address = self._free_from
        while self._memory[address] == _PAINT:
            address += 1
        return address - self._free_from

    def _look(self) -> None:
        fixture, controller = self.fixture, self.fixture.controller
        assert controller.resets == 0, "the controller was reset"
        assert fixture.violations.count == 0, fixture.violations.rules
        self._corrections = {self._correction_bytes()}
        assert all(map(_is_possible, self._corrections)), self._corrections
        self._limits = {tuple(self.limits_uV())}
        assert all(map(_are_possible, self._limits)), self._limits
        self._check_sources()
        if controller.level(OUTPUT_ENABLE) == 0:
            assert not any(on for dac in fixture.dacs for on in dac.active), "a DAC is on"
            assert fixture.lines.lines == 0, "a line is on"
        assert controller.level(TRIGGER) == controller.level(RESET) == 0, "trigger or reset is held"
        self._parse_replies()

    def _dacs_updated(self, level: int) -> None:
        self.updates += 1
        self._check_sources()

    def _check_sources(self) -> None:
        allowed = self._codes_allowed()
        for chip, dac in enumerate(self.fixture.dacs):
            for half in (0, 1):
                low, high = allowed[2 * chip + half]
                if dac.active[half] and not low <= dac.codes[half] <= high:
                    raise AssertionError(
                        f"source {2 * chip + half + 1} has code {dac.codes[half]}, {low} to {high} "
                        f"are allowed, at {self.fixture.now_s:.6f} s"
                    )

    def _codes_allowed(self) -> list[tuple[int, int]]:
        """The lowest and highest code of each source, from its limits and its correction.

        New limits and corrections take a moment to reach a source: those before them on the line
        will do, too. What an interrupt sees half written says nothing: it has codes of before.
        """
        if _is_possible(corrections := self._correction_bytes()):
            self._corrections.add(corrections)
        if _are_possible(limits := tuple(self.limits_uV())):
            self._limits.add(limits)
        now = (frozenset(self._corrections), frozenset(self._limits))
        if now != self._allowed_from:
            self._allowed_from = now
            self._allowed = [
                (
                    min(_code(one, n, each[n][0]) for one in now[0] for each in now[1]),
                    max(_code(one, n, each[n][1]) for one in now[0] for each in now[1]),
                )
                for n in range(SOURCES)
            ]
        return self._allowed

    def _correction_bytes(self) -> bytes:
        start = self._symbols["in_use"] + 1
        return bytes(self._memory[start : start + 6 * SOURCES])

    def _int32(self, name: str, index: int) -> int:
        start = self._symbols[name] + 4 * index
        return int.from_bytes(bytes(self._memory[start : start + 4]), "little", signed=True)

    def _parse_replies(self) -> None:
        """Take all that was answered: whole lines of items, blocks with a right or inverted CRC."""
        heard, at = bytes(self._heard), 0
        while at < len(heard):
            if heard[at : at + 1] == b"#":
                start = at + 2 + int(heard[at + 1 : at + 2])
                at = start + int(heard[at + 2 : start])
                crc = binascii.crc_hqx(heard[start : at - 2], 0)
                assert int.from_bytes(heard[at - 2 : at], "big") in (crc, crc ^ 0xFFFF), "CRC"
            else:
                item = _ITEM.match(heard, at)
                assert item is not None, heard[at : at + 60]
                at = item.end()
            assert heard[at : at + 1] in (b",", b";", b"\n"), heard[at - 20 : at + 20]
            self.replies += heard[at : at + 1] == b"\n"
            at += 1
        assert heard[-1:] in (b"", b"\n"), heard[-60:]
        self._heard.clear()


def _code(corrections: bytes, source: int, uV: int) -> int:
    """The code for a voltage with the correction of a source, as PROTOCOL.md gives it."""
    gain_ppm, offset_uV = _correction(corrections, source)
    change = (uV * gain_ppm * 4295 + 2**31) >> 32
    code = (uV + change + offset_uV + RANGE_uV + STEP_uV // 2) // STEP_uV
    return min(max(code, 0), 4095)


def _correction(corrections: bytes, source: int) -> tuple[int, int]:
    """The gain, ppm, and the offset, microvolts, of a source."""
    start = 6 * source
    gain_ppm = int.from_bytes(corrections[start : start + 2], "little", signed=True)
    return gain_ppm, int.from_bytes(corrections[start + 2 : start + 6], "little", signed=True)


def _are_possible(limits: tuple[tuple[int, int], ...]) -> bool:
    """Whether every source's are within its range, with 0 V between them."""
    return all(-RANGE_uV <= low <= 0 <= high <= RANGE_uV for low, high in limits)


def _is_possible(corrections: bytes) -> bool:
    """Whether every one is within what the firmware takes."""
    each = [_correction(corrections, source) for source in range(SOURCES)]
    return all(abs(gain_ppm) <= 10_000 and abs(uV) <= 50_000 for gain_ppm, uV in each)


def _symbols(firmware: Path) -> dict[str, int]:
    """The addresses of the firmware's variables, by name."""
    text = subprocess.run(["avr-nm", firmware], capture_output=True, text=True, check=True).stdout
    return {
        name.split(".")[0]: int(address, 16) & 0xFFFF
        for address, kind, name in (line.split() for line in text.splitlines() if line[:8].strip())
        if kind in "bBdD"
    }
