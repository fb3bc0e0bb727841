"""The driver of the fixture: sources, readings, sweeps, and 0 V on every way out.

Three independent routes lead to safe outputs: ``with Fixture(...)`` ends in ``safe()`` whether the
block is left by its end, an exception, Ctrl-C, SIGTERM or SIGHUP; ``atexit`` does so for one that
was opened without ``with``; and the firmware grounds the outputs by itself when the host has been
silent for the heartbeat's time, which is all that is left after ``kill -9`` or a pulled cable.

Every command's error queue is read before the next command. After a missed answer the link is
brought back into step and the driver says so; a command that changes an output is never repeated.

Ref: firmware/fixture/PROTOCOL.md; SCPI-1999 volume 1, 7 (program messages); IEEE 488.2-1992 10.
"""

from __future__ import annotations

import atexit
import binascii
import re
import signal
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from types import FrameType, TracebackType
from typing import NoReturn, TypeVar

from realnet_hw.errors import BenchError, InputError, LinkLost
from realnet_hw.measure.fixture_specification import (
    ADC_CHANNELS,
    ADC_GAIN_BOUND,
    ADC_INL_BOUND_V,
    ADC_OFFSET_BOUND_V,
    DAC_CHANNELS,
    LSB_V,
    MID_CHANNEL,
    RANGE_V,
)
from realnet_hw.measure.link import Link, NoAnswer
from realnet_hw.measure.lock import FixtureLock
from realnet_hw.records import Calibration

_T = TypeVar("_T")

START_UP_S = 6.0
"""How long a fixture may take to answer: opening the port resets an Arduino for up to 3 s."""

_CONVERSION_S = 20e-6
_BITS_A_VALUE = 20
"""Two bytes on the serial line, start and stop bits with them."""
_SWEEP_VALUES = 10_000
"""Fewer than the firmware's greatest sweep, with any number of channels."""

_QUEUE_LIMIT = 64
"""More errors than any queue of the firmware holds: a fixture that goes on is out of order."""

_ERROR = re.compile(r'([+-]?\d+),"(.*)"')


@dataclass(frozen=True)
class Identity:
    """What ``*IDN?`` says."""

    text: str
    serial: str
    version: str


@dataclass(frozen=True)
class Sweep:
    """Readings of some channels while one source steps.

    Args:
        source_V: what was set at each of n points.
        volts: channel to its n readings at the terminal, uncalibrated.
    """

    source_V: tuple[float, ...]
    volts: Mapping[str, tuple[float, ...]]


class Fixture:
    """A fixture on a serial port. Use it in a ``with`` statement.

    Args:
        address: VISA resource name, ``ASRL/dev/ttyACM0::INSTR``.
        baud: as the firmware was built.
        heartbeat_s: outputs go safe after this much silence, above 0 to 60 s.

    Raises (on entering):
        LinkLost: no such port, or nothing answers.
        BenchError: the port may not be opened or is busy, another run uses this fixture, or
            something else than a fixture answers.
    """

    def __init__(self, address: str, baud: int = 115200, heartbeat_s: float = 1.0) -> None:
        self.address = address
        self.baud = baud
        self.heartbeat_s = heartbeat_s
        self.notices: tuple[str, ...] = ()
        """What the fixture had queued when the link was opened: resets, a lost calibration."""
        self._link: Link | None = None
        self._identity = Identity("", "", "")
        self._limits: dict[str, tuple[float, float]] = {}
        self._levels_V = dict.fromkeys(DAC_CHANNELS, 0.0)
        self._exits = ExitStack()

    # ------------------------------------------------------- opening, closing

    def __enter__(self) -> Fixture:
        self.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.close()
        except LinkLost:
            # A link that was already reported lost need not be reported a second time. Any other
            # way out must not hide that nobody confirmed the outputs off.
            if not isinstance(error, LinkLost):
                raise

    def open(self) -> None:
        """Take the lock, open the port, find the fixture and put it into its reset state."""
        with ExitStack() as stack:
            lock = FixtureLock(self.address)
            lock.acquire()
            stack.callback(lock.release)
            stack.enter_context(_signals_raise())
            self._link = stack.enter_context(Link(self.address, self.baud))
            stack.callback(self._forget_link)
            atexit.register(self.close)
            stack.callback(atexit.unregister, self.close)
            self._identity = self._identify(START_UP_S)
            stack.callback(self._leave_safe)
            self.notices = tuple(self._errors())
            self.tell("*RST;*CLS")
            self._limits = {}
            self._levels_V = dict.fromkeys(DAC_CHANNELS, 0.0)
            self.tell(f"SYST:HEAR {self.heartbeat_s:g}")
            self._check_mid_reference()
            self._exits = stack.pop_all()

    def close(self) -> None:
        """Make the outputs safe and give the port back; harmless when closed already.

        Raises:
            LinkLost: nobody confirmed that the outputs are off.
        """
        self._exits.close()

    def _forget_link(self) -> None:
        self._link = None

    def _leave_safe(self) -> None:
        # From here on nothing may interrupt: a second Ctrl-C is delivered when the outputs are off.
        with _signals_blocked():
            self.safe()

    @property
    def identity(self) -> Identity:
        """What ``*IDN?`` said when the link was opened."""
        return self._identity

    def _identify(self, patience_s: float) -> Identity:
        """Ask who is there until a fixture answers.

        Raises:
            LinkLost: nothing answers in time.
            BenchError: something else answers.
        """
        end = time.monotonic() + patience_s
        heard = ""
        while time.monotonic() < end:
            try:
                self._open_link.clear()
                heard = self._open_link.query("*IDN?", timeout_s=0.5) or heard
            except NoAnswer:
                continue
            fields = heard.split(",")
            if len(fields) == 4 and fields[:2] == ["realnet_hw", "fixture"]:
                return Identity(heard, fields[2], fields[3])
        if heard:
            raise BenchError(
                f"not a fixture: {heard[:60]!r} answers",
                where=self.address,
                mend=f"check the address, the baud rate ({self.baud}) and the firmware",
            )
        raise LinkLost(
            f"nothing answers *IDN? within {patience_s:g} s",
            where=self.address,
            mend=f"check the power, the baud rate ({self.baud}) and that the firmware is flashed",
        )

    def _check_mid_reference(self) -> None:
        """Refuse to measure with a front end that does not read its own reference as 0 V.

        Raises:
            BenchError: it is off by more than the specification of the channel allows.
        """
        allowed_V = ADC_OFFSET_BOUND_V + ADC_INL_BOUND_V + ADC_GAIN_BOUND * RANGE_V + LSB_V
        mid_V = self.read(MID_CHANNEL)
        if abs(mid_V) > allowed_V:
            raise BenchError(
                f"the mid reference reads {mid_V:.3f} V at the terminal",
                where=f"{self.address}: {MID_CHANNEL}",
                allowed=f"within {allowed_V:.3f} V of 0",
                mend="check the 4.096 V and 2.048 V references and the analogue supply",
            )

    # ---------------------------------------------------------------- outputs

    def limit(self, limits_V: Mapping[str, tuple[float, float]]) -> None:
        """Set what each source may give at most; a source that is not named may only give 0 V.

        The firmware keeps the same limits, so that neither side alone can overstep them; it also
        allows 0 V always, which is what a grounded terminal has anyway. Outputs can't be switched
        on before.

        Args:
            limits_V: source channel to its lowest and highest voltage.

        Raises:
            InputError: no such channel, or limits beyond the fixture's range.
            BenchError: a source is set to something outside of its new limits; as ``tell``.
        """
        limits = dict.fromkeys(DAC_CHANNELS, (0.0, 0.0))
        for channel, (low_V, high_V) in limits_V.items():
            self._check_source(channel)
            if not -RANGE_V <= low_V <= high_V <= RANGE_V:
                raise InputError(
                    f"limits {low_V:g} to {high_V:g} V",
                    where=channel,
                    allowed=f"within {-RANGE_V} to {RANGE_V} V",
                )
            limits[channel] = (low_V, high_V)
        for channel, (low_V, high_V) in limits.items():
            both = f"{min(low_V, 0.0):.4f},{max(high_V, 0.0):.4f}"
            self.tell(f"SOUR{_suffix(channel)}:VOLT:LIM {both}")
        self._limits = limits

    def source(self, volts: Mapping[str, float]) -> None:
        """Set some sources at once; the others keep their level.

        Args:
            volts: source channel to volts at its terminal.

        Raises:
            InputError: no such channel, or a voltage outside of the channel's limits. Nothing is
                changed then.
            BenchError, LinkLost: as ``tell``.
        """
        for channel, level_V in volts.items():
            self._check_source(channel)
            low_V, high_V = self._limits.get(channel, (0.0, 0.0))
            if not low_V <= level_V <= high_V:
                raise InputError(
                    f"{level_V:g} V is outside of this source's limits",
                    where=channel,
                    allowed=f"{low_V:g} to {high_V:g} V",
                )
        levels_V = self._levels_V | dict(volts)
        self.tell("SOUR:VOLT:ALL " + ",".join(f"{levels_V[name]:.4f}" for name in DAC_CHANNELS))
        self._levels_V = levels_V

    def output(self, on: bool) -> None:
        """Connect the sources to their terminals, or ground the terminals.

        Raises:
            InputError: switched on before ``limit``.
            BenchError, LinkLost: as ``tell``, or the fixture says that it did not.
        """
        if on and not self._limits:
            raise InputError("outputs can't go on without limits", mend="call limit() first")
        self.tell(f"OUTP {'ON' if on else 'OFF'}")
        self._confirm_output(on)

    def confirm_on(self) -> None:
        """Make sure that what was just read was read with the outputs on.

        A fixture that lost its supply for a moment starts again with nothing in its error queue.

        Raises:
            BenchError: they went off; LinkLost and others as ``tell``.
        """
        if self.ask("OUTP?") != "1":
            raise BenchError(
                "the outputs went off by themselves",
                where=self.address,
                mend="check the fixture's supply, then go on with --resume",
            )

    def _confirm_output(self, on: bool) -> None:
        state = self.ask("OUTP?")
        if state != str(int(on)):
            raise BenchError(
                f"outputs are {state!r} after OUTP {'ON' if on else 'OFF'}",
                where=self.address,
                mend="switch the fixture's power off",
            )

    def safe(self) -> None:
        """Ground every output, whatever state the link is in, and confirm it.

        Raises:
            LinkLost: nobody confirmed it.
            BenchError: the fixture says that they are not grounded.
        """
        # What was interrupted may have left half a message or half an answer on the line.
        self._step_in("making the outputs safe")
        # An error of before must not make it look as if OUTP OFF had failed.
        self._errors()
        self.tell("OUTP OFF")
        self._confirm_output(False)
        self._levels_V = dict.fromkeys(DAC_CHANNELS, 0.0)

    # --------------------------------------------------------------- readings

    def average(self, count: int) -> None:
        """Let every reading be the mean of so many conversions, 1 to 64."""
        self.tell(f"SENS:AVER {count}")

    def read(self, channel: str) -> float:
        """Return the voltage at a terminal, volts, corrected by the calibration that it holds."""
        return self._number(self.ask(f"MEAS{_suffix(channel)}:VOLT?"))

    def read_all(self) -> dict[str, float]:
        """Return the voltage at every sense channel, volts, taken one after the other."""
        reply = self.ask("MEAS:VOLT:ALL?").split(",")
        if len(reply) != len(ADC_CHANNELS):
            raise BenchError(f"{len(reply)} readings of {len(ADC_CHANNELS)}", where=self.address)
        return {
            channel: self._number(text) for channel, text in zip(ADC_CHANNELS, reply, strict=True)
        }

    def sweep(
        self,
        source: str,
        start_V: float,
        stop_V: float,
        points: int,
        channels: Sequence[str],
        *,
        settle_s: float = 0.0,
        average: int = 1,
    ) -> Sweep:
        """Step one source evenly from start to stop, both included, and read at each step.

        The source stays at the stop. A long sweep goes in parts, each well within the heartbeat.

        Args:
            source: the channel that steps.
            start_V: first point; source_V of the result has the others.
            stop_V: last point.
            points: 2 or more.
            channels: sense channels to read, in any order.
            settle_s: from each step to its first conversion, up to 0.06 s.
            average: conversions a reading, 1 to 64.

        Raises:
            InputError: beyond the source's limits, no such channel, or fewer than 2 points.
            BenchError: outputs are off, or the block is damaged; as ``tell``.
            LinkLost: as ``tell``.
        """
        self._check_source(source)
        low_V, high_V = self._limits.get(source, (0.0, 0.0))
        for end_V in (start_V, stop_V):
            if not low_V <= end_V <= high_V:
                raise InputError(
                    f"a sweep to {end_V:g} V is outside of this source's limits",
                    where=source,
                    allowed=f"{low_V:g} to {high_V:g} V",
                )
        order = [name for name in ADC_CHANNELS if name in channels]
        if points < 2 or not order or set(order) != set(channels):
            raise InputError(
                f"a sweep of {points} points over {', '.join(channels) or 'no channel'}",
                where=source,
                allowed=f"2 points or more, channels of {ADC_CHANNELS[0]} to {ADC_CHANNELS[-1]}",
            )
        point_s = settle_s + len(order) * (
            (average + 1) * _CONVERSION_S + _BITS_A_VALUE / self.baud
        )
        most = max(3, min(_SWEEP_VALUES // len(order), int(self.heartbeat_s / 2 / point_s)))
        levels_V = [start_V + (stop_V - start_V) * i / (points - 1) for i in range(points)]
        codes: list[int] = []
        for part in _even_parts(levels_V, most):
            settings = f"{part[0]:.4f},{part[-1]:.4f},{len(part)},{round(settle_s * 1e6)},{average}"
            mask = sum(1 << ADC_CHANNELS.index(name) for name in order)
            line = f"SENS:SWE? {_suffix(source)},{settings},{mask}"
            codes += sweep_codes(
                self._block(line, 2.0 + 2 * len(part) * point_s),
                len(part),
                len(order),
                where=self.address,
            )
        self._levels_V[source] = stop_V
        return Sweep(
            tuple(levels_V),
            {
                name: tuple(code / 16 * LSB_V - RANGE_V for code in codes[index :: len(order)])
                for index, name in enumerate(order)
            },
        )

    def _block(self, line: str, timeout_s: float) -> bytes:
        """Send a query and return the block that it answers, once the error queue is empty."""
        try:
            block = self._link_checked(lambda link: link.query_block(line, timeout_s=timeout_s))
        except NoAnswer:
            self._raise_missed(line)
        self._raise_errors(line, self._errors())
        return block

    def calibration(self) -> Calibration:
        """Return what the controller says about its calibration."""
        if self.ask("CAL:VAL?") != "1":
            return Calibration(valid=False, date=None, note="none; specification of the fixture")
        date = self.ask("CAL:DATE?").strip('"')
        return Calibration(
            valid=True,
            date=date,
            note="gain and offset corrected; uncertainty as specified, for no better was stated",
        )

    def wait(self, seconds: float) -> None:
        """Wait without letting the heartbeat run out."""
        end = time.monotonic() + seconds
        slice_s = self.heartbeat_s / 3
        while (left_s := end - time.monotonic()) > 0:
            time.sleep(min(left_s, slice_s))
            if left_s > slice_s:
                self.ask("*OPC?")

    # --------------------------------------------------------------- messages

    def tell(self, line: str) -> None:
        """Send a command and read the error queue.

        Raises:
            BenchError: the fixture refused it, or did not answer in time (it is not repeated).
            LinkLost: nothing answers any more.
        """
        self._exchange(line)

    def ask(self, line: str) -> str:
        """Send a query that changes nothing and return its answer; asked again once if missed.

        Raises:
            BenchError, LinkLost: as ``tell``.
        """
        try:
            reply = self._exchange(line)
        except NoAnswer:
            reply = self._exchange(line)
        if reply is None:
            raise BenchError(f"no answer to {line}", where=self.address)
        return reply

    def _exchange(self, line: str) -> str | None:
        """Send a message and return what it answers, or None, once its error queue is empty.

        Raises:
            NoAnswer: nothing fitting came in time; the link is in step again.
            BenchError, LinkLost: as ``tell``.
        """
        try:
            # Two messages in one go: an error ends the message it is in, but not the next.
            heard = self._link_checked(lambda link: link.query(f"{line}\nSYST:ERR?"))
            reply = None
            if not _ERROR.fullmatch(heard):
                reply, heard = heard, self._link_checked(Link.read)
        except NoAnswer:
            self._raise_missed(line)
        match = _ERROR.fullmatch(heard)
        if match is None:
            self._raise_missed(line)
        if int(match[1]) != 0:
            self._raise_errors(line, [f"{int(match[1])} {match[2]}", *self._errors()])
        return reply

    def _errors(self) -> list[str]:
        """Read the error queue until it is empty."""
        found: list[str] = []
        while len(found) < _QUEUE_LIMIT:
            answer = self._link_checked(lambda link: link.query("SYST:ERR?"))
            match = _ERROR.fullmatch(answer)
            if match is None:
                raise BenchError(f"{answer!r} came in answer to SYST:ERR?", where=self.address)
            if int(match[1]) == 0:
                return found
            found.append(f"{int(match[1])} {match[2]}")
        return found

    def _raise_errors(self, line: str, errors: Sequence[str]) -> None:
        """Raise what the fixture queued, if anything."""
        if not errors:
            return
        mend = ""
        numbers = {error.split()[0] for error in errors}
        if "101" in numbers:
            mend = (
                f"the host was silent for {self.heartbeat_s:g} s, so outputs are grounded; resume"
            )
        elif numbers & {"102", "103"}:
            mend = "the fixture restarted, so outputs are grounded; check its supply and resume"
        raise BenchError(
            f"the fixture refused {line}: {', '.join(errors)}", where=self.address, mend=mend
        )

    def _raise_missed(self, line: str) -> NoReturn:
        """Bring the link back into step after a missed or foreign answer, then say so.

        Raises:
            BenchError: the fixture queued an error, which explains it.
            NoAnswer: it did not; the message may or may not have been carried out.
            LinkLost: nothing answers any more.
        """
        self._step_in(line)
        self._raise_errors(line, self._errors())
        raise NoAnswer(
            f"no answer to {line}; the link is in step again and nothing was repeated",
            where=self.address,
        )

    def _step_in(self, doing: str) -> None:
        """Ask who is there until the answer is the fixture's own, and the same as before.

        Raises:
            LinkLost: nothing or something else answers.
        """
        for _ in range(3):
            self._link_checked(Link.clear)
            try:
                heard = self._link_checked(lambda link: link.query("*IDN?", timeout_s=0.5))
            except NoAnswer:
                continue
            if heard == self._identity.text:
                # Answers to what was asked while nothing answered may come all at once now.
                self._link_checked(Link.clear)
                return
        raise self._lost(f"nothing answers any more ({doing})")

    @property
    def _open_link(self) -> Link:
        if self._link is None:
            raise BenchError("the fixture is not open", where=self.address)
        return self._link

    def _link_checked(self, action: Callable[[Link], _T]) -> _T:
        """Do something on the link; a lost one says what becomes of the outputs."""
        try:
            return action(self._open_link)
        except LinkLost as error:
            raise self._lost(error.what) from None

    def _lost(self, what: str) -> LinkLost:
        """Return the error of a lost link, which says what becomes of the outputs."""
        return LinkLost(
            what,
            where=self.address,
            mend=f"the firmware grounds the outputs {self.heartbeat_s:g} s after the last word; "
            "check the cable, then go on with --resume",
        )

    def _check_source(self, channel: str) -> None:
        if channel not in DAC_CHANNELS:
            raise InputError(
                f"{channel!r} is no source", where=self.address, allowed=", ".join(DAC_CHANNELS)
            )

    def _number(self, text: str) -> float:
        """Return the number in an answer."""
        try:
            return float(text)
        except ValueError:
            raise BenchError(f"{text!r} where a number should be", where=self.address) from None


def sweep_codes(block: bytes, points: int, channels: int, *, where: str) -> tuple[int, ...]:
    """Return the readings in a sweep's block, channel by channel within each point, 1/16 LSB.

    Raises:
        BenchError: another length than promised, or the checksum does not fit: the sweep was
            aborted or the line disturbed.

    Ref: firmware/fixture/PROTOCOL.md, SENSe:SWEep?; CRC-16/XMODEM.
    """
    count = points * channels
    if len(block) != 2 * count + 2:
        raise BenchError(
            f"the sweep's block has {len(block)} bytes", where=where, allowed=f"{2 * count + 2}"
        )
    data, (checksum,) = block[:-2], struct.unpack(">H", block[-2:])
    if binascii.crc_hqx(data, 0) != checksum:
        raise BenchError(
            "the sweep's checksum does not fit its data", where=where, mend="sweep again"
        )
    return struct.unpack(f">{count}H", data)


def _even_parts(items: Sequence[_T], most: int) -> list[Sequence[_T]]:
    """Cut into as few parts of at most ``most`` (3 or more) as can be, none of one item alone."""
    count = -(-len(items) // most)
    cuts = [len(items) * index // count for index in range(count + 1)]
    return [items[start:end] for start, end in pairwise(cuts)]


def _suffix(channel: str) -> int:
    """Return the number that SCPI counts a channel by: from 1, where ours count from 0."""
    return int(channel[3:]) + 1


# ------------------------------------------------------------------- signals

_LEAVING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_USUAL = (signal.SIG_DFL, signal.default_int_handler)
_IMPATIENCE_S = 2.0
"""A further signal so soon means the same as the first, and must not stop what that began."""


@contextmanager
def _signals_raise() -> Iterator[None]:
    """Let SIGTERM and SIGHUP leave the block as Ctrl-C does: by an exception, and only by one.

    One that the user or ``nohup`` had set to something else is left alone. Python delivers signals
    to the main thread only; in another thread nothing is changed.
    """
    last_s = -_IMPATIENCE_S

    def leave(number: int, _: FrameType | None) -> None:
        nonlocal last_s
        now_s = time.monotonic()
        if now_s - last_s < _IMPATIENCE_S:
            return
        last_s = now_s
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(128 + number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _LEAVING}
    changed = {number: handler for number, handler in before.items() if handler in _USUAL}
    for number in changed:
        signal.signal(number, leave)
    try:
        yield
    finally:
        for number, handler in changed.items():
            signal.signal(number, handler)


@contextmanager
def _signals_blocked() -> Iterator[None]:
    """Put signals off until the end of the block."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _LEAVING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
