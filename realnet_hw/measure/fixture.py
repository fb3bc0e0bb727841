"""The driver of the fixture: sources, readings, sweeps, and 0 V on every way out.

Three independent routes lead to safe outputs: ``with Fixture(...)`` ends in ``safe()`` whether the
block is left by its end, an exception, Ctrl-C, SIGTERM or SIGHUP; ``atexit`` does so for one that
was opened without ``with``; and the firmware grounds the outputs by itself when the host has been
silent for the heartbeat's time, which is all that is left after ``kill -9`` or a pulled cable.

Ref: firmware/fixture/PROTOCOL.md.
"""

from __future__ import annotations

import atexit
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType

from realnet_hw.board import Firing
from realnet_hw.errors import RESUME, BenchError, InputError, LinkLost
from realnet_hw.measure import signals
from realnet_hw.measure.codes import Correction
from realnet_hw.measure.dialogue import Dialogue, Identity
from realnet_hw.measure.fixture_specification import (
    ADC_CHANNELS,
    ADC_GAIN_BOUND,
    ADC_INL_BOUND_V,
    ADC_OFFSET_BOUND_V,
    DAC_CHANNELS,
    FIRING_MAX_S,
    FIRING_MIN_S,
    LSB_V,
    MID_CHANNEL,
    PULSE_CHANNELS,
    RANGE_V,
    SOURCE_REACH_V,
)
from realnet_hw.measure.link import Link
from realnet_hw.measure.lock import FixtureLock
from realnet_hw.measure.sweep import Sweep, even_parts, sweep_codes
from realnet_hw.records import Calibration

_CONVERSION_S = 20e-6
_MAINS_S = 0.02
_BITS_A_VALUE = 20
"""Two bytes on the serial line, start and stop bits with them."""
_SWEEP_VALUES = 10_000
"""Fewer than the firmware's greatest sweep, with any number of channels."""
_SAFE_ATTEMPTS = 3
_OLDEST_FIRMWARE = [1, 4, 0]
"""That sees its rails: before, outputs could come back with them."""
_UNTIMED = {
    2: "several pulses, one after the other",
    4: "high before the trigger, over within 30 us of it, or broken by too short a gap",
}
"""What the fixture can see of a pulse and can't time, by the number that tells it."""
_FIRING_PATIENCE_S, _FIRING_PATIENCE = 60.0, 10
"""How long, and how many times its own length, a firing may take: a simulated board is slow."""

UNATTENDED_S = 600.0
"""Outputs that are on while somebody reads a meter are grounded when nothing is typed so long."""


@dataclass(frozen=True)
class Fired:
    """What a firing showed.

    Args:
        volts: of the sense channels that were asked for, when it had ended.
        width_s: of the pulse: 0 if there was none, as long as it had lasted if it had not ended;
            None where it could not be timed, or no pulse was asked for.
        start_s: from the trigger to the pulse, None without one.
        untimed: why the pulse could not be timed.
    """

    volts: Mapping[str, float]
    width_s: float | None = None
    start_s: float | None = None
    untimed: str | None = None


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
        self._dialogue: Dialogue | None = None
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
            stack.enter_context(signals.raising())
            link = stack.enter_context(Link(self.address, self.baud))
            atexit.register(self.close)
            stack.callback(atexit.unregister, self.close)
            self._dialogue = Dialogue(link, baud=self.baud, heartbeat_s=self.heartbeat_s)
            stack.callback(self._leave_safe)
            self._check_version()
            self.notices = tuple(self._dialogue.errors())
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

    def _leave_safe(self) -> None:
        # From here on nothing may interrupt: a second Ctrl-C is delivered when the outputs are off.
        with signals.put_off():
            try:
                self.safe()
            finally:
                self._dialogue = None

    @property
    def dialogue(self) -> Dialogue:
        """The dialogue with the fixture.

        Raises:
            BenchError: the fixture is not open.
        """
        if self._dialogue is None:
            raise BenchError("the fixture is not open", where=self.address)
        return self._dialogue

    @property
    def identity(self) -> Identity:
        """What ``*IDN?`` said when the link was opened."""
        return self.dialogue.identity

    def tell(self, line: str) -> None:
        """Send a command.

        Raises:
            BenchError: the fixture refused it, or did not answer in time (it is not repeated).
            LinkLost: nothing answers any more.
        """
        self.dialogue.tell(line)

    def ask(self, line: str) -> str:
        """Send a query that changes nothing and return its answer.

        Raises:
            BenchError, LinkLost: as ``tell``.
        """
        return self.dialogue.ask(line)

    def _check_version(self) -> None:
        """Refuse a firmware that does not know all that is told to it.

        Raises:
            BenchError: it is too old, or says no version.
        """
        version = self.identity.version
        numbers = [int(part) for part in version.split(".") if part.isdecimal()]
        if numbers < _OLDEST_FIRMWARE:
            raise BenchError(
                f"the fixture's firmware is {version!r}",
                where=self.address,
                allowed=".".join(map(str, _OLDEST_FIRMWARE)) + " or later",
                mend="write the present one into it: realnet flash",
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
            InputError: no such channel, or limits beyond what a source is specified for.
            BenchError: a source is set to something outside of its new limits; as ``tell``.
        """
        limits = dict.fromkeys(DAC_CHANNELS, (0.0, 0.0))
        for channel, (low_V, high_V) in limits_V.items():
            self._check_source(channel)
            if not -SOURCE_REACH_V <= low_V <= high_V <= SOURCE_REACH_V:
                raise InputError(
                    f"limits {low_V:g} to {high_V:g} V",
                    where=channel,
                    allowed=f"within {-SOURCE_REACH_V} to {SOURCE_REACH_V} V",
                )
            limits[channel] = (low_V, high_V)
        for channel, (low_V, high_V) in limits.items():
            both = written((min(low_V, 0.0), max(high_V, 0.0)))
            self.tell(f"SOUR{suffix(channel)}:VOLT:LIM {both}")
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
            self.check_level(channel, level_V)
        levels_V = self._levels_V | dict(volts)
        self.tell(f"SOUR:VOLT:ALL {written(levels_V[name] for name in DAC_CHANNELS)}")
        self._levels_V = levels_V

    def check_level(self, channel: str, level_V: float) -> None:
        """Refuse a voltage outside of a source's limits.

        Raises:
            InputError: it is, or there is no such source.
        """
        self._check_source(channel)
        low_V, high_V = self._limits.get(channel, (0.0, 0.0))
        if not low_V <= level_V <= high_V:
            raise InputError(
                f"{level_V:g} V is outside of this source's limits",
                where=channel,
                allowed=f"{low_V:g} to {high_V:g} V",
            )

    def output(self, on: bool) -> None:
        """Connect the sources to their terminals, or ground the terminals.

        Raises:
            InputError: switched on before ``limit``.
            BenchError, LinkLost: as ``tell``, or the fixture says that it did not.
        """
        if on and not self._limits:
            raise InputError("outputs can't go on without limits", mend="call limit() first")
        if on:
            self._confirm_limits()
        self.tell(f"OUTP {'ON' if on else 'OFF'}")
        state = self.ask("OUTP?")
        if state != str(int(on)):
            raise BenchError(
                f"outputs are {state!r} after OUTP {'ON' if on else 'OFF'}",
                where=self.address,
                mend="switch the fixture's power off",
            )

    def _confirm_limits(self) -> None:
        """Make sure that the firmware keeps the limits that it was told.

        A fixture that lost its supply since then has started again with the full range.

        Raises:
            BenchError: it keeps others; LinkLost and others as ``tell``.
        """
        asked = ";:".join(f"SOUR{suffix(channel)}:VOLT:LIM?" for channel in self._limits)
        told = ";".join(_firmware_limits(*limits) for limits in self._limits.values())
        kept = self.dialogue.numbers_in(
            self.ask(asked).replace(";", ","), 2 * len(self._limits), asked
        )
        if kept != [float(text) for text in told.replace(";", ",").split(",")]:
            raise BenchError(
                "the fixture has forgotten the limits of its sources",
                where=self.address,
                mend="it has restarted: check its supply",
                go_on=RESUME,
            )

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
                mend="check the fixture's supply",
                go_on=RESUME,
            )

    def safe(self) -> None:
        """Ground every output, whatever state the link is in, and confirm it.

        Raises:
            LinkLost: nobody confirmed it.
            BenchError: the fixture says that they are not grounded.
        """
        for _ in range(_SAFE_ATTEMPTS - 1):
            try:
                return self._ground()
            except LinkLost:
                raise
            except BenchError:
                continue  # to ground the outputs once more harms nothing
        return self._ground()

    def _ground(self) -> None:
        # What was interrupted may have left half a message or half an answer on the line, and an
        # error of before must not make it look as if OUTP OFF had failed.
        self.dialogue.step_in("making the outputs safe")
        self.dialogue.errors()
        self.output(False)
        self._levels_V = dict.fromkeys(DAC_CHANNELS, 0.0)

    # --------------------------------------------------------------- readings

    def average(self, count: int) -> None:
        """Let every reading be the mean of so many conversions, 1 to 64."""
        self.tell(f"SENS:AVER {count}")

    def read(self, channel: str) -> float:
        """Return the voltage at a terminal, volts, corrected by the calibration that it holds."""
        return self.dialogue.ask_number(f"MEAS{suffix(channel)}:VOLT?")

    def read_all(self) -> dict[str, float]:
        """Return the voltage at every sense channel, volts, taken one after the other."""
        readings_V = self.dialogue.ask_numbers("MEAS:VOLT:ALL?", len(ADC_CHANNELS))
        return dict(zip(ADC_CHANNELS, readings_V, strict=True))

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
        for part in even_parts(levels_V, most):
            ends = written((part[0], part[-1]))
            settings = f"{ends},{len(part)},{round(settle_s * 1e6)},{average}"
            mask = sum(1 << ADC_CHANNELS.index(name) for name in order)
            line = f"SENS:SWE? {suffix(source)},{settings},{mask}"
            codes += sweep_codes(
                self.dialogue.ask_block(line, 2.0 + 2 * len(part) * point_s),
                len(part),
                len(order),
                where=self.address,
            )
        self._levels_V[source] = stop_V
        return Sweep(
            tuple(levels_V),
            {name: tuple(codes[index :: len(order)]) for index, name in enumerate(order)},
        )

    def corrections(self) -> dict[str, Correction]:
        """Return what the controller corrects each sense channel's volts by.

        Raises:
            BenchError, LinkLost: as ``ask``.
        """
        found = {}
        for channel in ADC_CHANNELS:
            gain_ppm, offset_V = self.dialogue.ask_numbers(f"CAL:SENS{suffix(channel)}?", 2)
            found[channel] = Correction(gain_ppm=gain_ppm, offset_V=offset_V)
        return found

    def read_codes(
        self, channels: Sequence[str], repeats: int, *, average: int
    ) -> dict[str, list[int]]:
        """Read some channels several times over, as codes, while every source stays as it is.

        The readings are spread evenly over a period of the mains, 20 ms, or more if they take it:
        hum then shows as their scatter and not as an error of their mean.

        Args:
            channels: sense channels, in any order.
            repeats: readings of each, 1 or more.
            average: conversions a reading, 1 to 64.

        Raises:
            InputError, BenchError, LinkLost: as ``sweep`` and ``confirm_on``.
        """
        source = DAC_CHANNELS[0]
        level_V, count = self._levels_V[source], max(2, repeats)
        reading_s = len(channels) * (average + 1) * _CONVERSION_S
        spread_s = max(0.0, _MAINS_S / count - reading_s)
        try:
            swept = self.sweep(
                source, level_V, level_V, count, channels, settle_s=spread_s, average=average
            )
        except LinkLost:
            raise
        except BenchError:
            # It is refused where outputs are off; that they went off is what counts then.
            self.confirm_on()
            raise
        return {channel: list(codes[:repeats]) for channel, codes in swept.codes.items()}

    def fire(self, firing: Firing, channels: Sequence[str], pulse: str | None = None) -> Fired:
        """Reset and trigger the board, time one pulse, and read some channels at the end.

        The controller keeps the times, to half a microsecond of its own clock.

        Args:
            firing: the times, each 50 us to 1 s, and the end 50 us after the trigger's or later.
            channels: sense channels to read, in any order.
            pulse: the pulse channel to time.

        Raises:
            InputError: no such channel, or a time that the fixture can't keep.
            BenchError: outputs are off, or the firing was cut short; as ``tell``. It is not
                repeated.
            LinkLost: as ``tell``.
        """
        check_firing(firing, where=self.address)
        order = [name for name in ADC_CHANNELS if name in channels]
        strange = {*channels, *([pulse] if pulse else [])} - {*ADC_CHANNELS, *PULSE_CHANNELS}
        if strange or (pulse is not None and pulse not in PULSE_CHANNELS):
            raise InputError(
                f"a firing with {', '.join(sorted(strange)) or pulse}",
                where=self.address,
                allowed=f"channels of {ADC_CHANNELS[0]} to {ADC_CHANNELS[-1]}, "
                f"a pulse of {PULSE_CHANNELS[0]} to {PULSE_CHANNELS[-1]}",
            )
        times_s = (firing.reset_s, firing.recover_s, firing.trigger_s, firing.read_after_s)
        chosen = 0 if pulse is None else PULSE_CHANNELS.index(pulse) + 1
        mask = sum(1 << ADC_CHANNELS.index(name) for name in order)
        settings = [*(round(time_s * 1e6) for time_s in times_s), chosen, mask]
        line = "SENS:FIRE? " + ",".join(map(str, settings))
        patience_s = _FIRING_PATIENCE_S + _FIRING_PATIENCE * sum(times_s)
        reply = self.dialogue.ask_once(line, patience_s)
        seen, start_s, width_s, *volts = self.dialogue.numbers_in(reply, 3 + len(order), line)
        read = dict(zip(order, volts, strict=True))
        if pulse is None:
            return Fired(read)
        if untimed := _UNTIMED.get(int(seen)):
            return Fired(read, untimed=untimed)
        return Fired(read, width_s=width_s, start_s=start_s if seen else None)

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

    def _check_source(self, channel: str) -> None:
        if channel not in DAC_CHANNELS:
            raise InputError(
                f"{channel!r} is no source", where=self.address, allowed=", ".join(DAC_CHANNELS)
            )


def check_firing(firing: Firing, *, where: str) -> None:
    """Refuse times that the fixture can't keep.

    Raises:
        InputError: one below 50 us or above 1 s, or a reading before the trigger's end.
    """
    times_s = {
        "reset_s": firing.reset_s,
        "recover_s": firing.recover_s,
        "trigger_s": firing.trigger_s,
        "read_after_s": firing.read_after_s,
    }
    for name, time_s in times_s.items():
        if not FIRING_MIN_S <= time_s <= FIRING_MAX_S:
            raise InputError(
                f"the firing's {name} is {time_s:g} s",
                where=where,
                allowed=f"{FIRING_MIN_S:g} to {FIRING_MAX_S:g} s on this fixture",
            )
    # In microseconds, as they are sent: sums of seconds are off by rounding.
    if round(1e6 * firing.read_after_s) < round(1e6 * (firing.trigger_s + FIRING_MIN_S)):
        raise InputError(
            f"the firing is read {firing.read_after_s:g} s after the trigger's start, which lasts "
            f"{firing.trigger_s:g} s",
            where=where,
            allowed=f"a reading {FIRING_MIN_S:g} s after the trigger's end or later",
        )


def _firmware_limits(low_V: float, high_V: float) -> str:
    """Return the limits as the firmware takes them: they always allow 0 V."""
    return f"{min(low_V, 0.0):.4f},{max(high_V, 0.0):.4f}"


def suffix(channel: str) -> int:
    """Return the number that SCPI counts a channel by: from 1, where ours count from 0."""
    return int(channel[3:]) + 1


def written(volts: Iterable[float]) -> str:
    """Write voltages to a tenth of a millivolt, without zeros at their ends."""
    return ",".join(f"{level_V:.4f}".rstrip("0").rstrip(".") for level_V in volts)
