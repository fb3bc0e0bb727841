"""What every oscilloscope can do, whoever made it, and what a waveform is.

A dialect tells how; units are those of the probe's tip (a scope reckons with its probe's ratio by
itself), times are counted from the trigger.
"""

from __future__ import annotations

import math
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from realnet_hw.errors import BenchError, InputError
from realnet_hw.measure.scopes.connection import Connection
from realnet_hw.records import Component

Quantity = Literal[
    "peak_to_peak", "maximum", "minimum", "mean", "rise_time", "fall_time", "frequency"
]
QUANTITIES: tuple[Quantity, ...] = (
    "peak_to_peak", "maximum", "minimum", "mean", "rise_time", "fall_time", "frequency",
)  # fmt: skip
State = Literal["armed", "running", "stopped"]

DIVISIONS_UP = 8
# What scopes answer where there is nothing to measure is about 1e38.
_NOTHING = 1e36
# No axis has such volts or seconds, nor begins so many steps from its trigger.
_FAR = 1e12
_ERRORS = 20
_PREAMBLE_FIELDS = 10
_LOOK_S = 5e-3
_ARMING_S = 0.5


@dataclass(frozen=True)
class Specification:
    """What a maker states of a family; the worst of its members.

    Args:
        channels: at most.
        divisions: across the screen.
        bits: of the converter.
        gain_error: of the volts, relative to full scale.
        offset_error_div: of the zero, in divisions.
        offset_error_V: the same, a fixed part.
        clock_error: of the time base, relative.
        source: where the figures are from.
    """

    channels: int
    divisions: int
    bits: int
    gain_error: float
    offset_error_div: float
    offset_error_V: float
    clock_error: float
    source: str


@dataclass(frozen=True)
class Waveform:
    """What a channel took: the codes as they came, and what they mean.

    Args:
        codes: shape (samples).
        zero: the code of 0 V, which need not be whole nor within the range.
        step_V: of a code.
        start_s: time of the first sample, counted from the trigger.
        step_s: between two samples.
        limits: the lowest and the highest code there can be.
    """

    codes: NDArray[np.int32]
    zero: float
    step_V: float
    start_s: float
    step_s: float
    limits: tuple[int, int]

    def __post_init__(self) -> None:
        """Refuse what no scope can have taken.

        Raises:
            BenchError: no samples, or an axis that is not finite and rising.
        """
        axes = (self.zero * self.step_V, self.step_V, self.start_s, self.step_s)
        if not (
            len(self.codes)
            and all(map(math.isfinite, axes))
            and 0 < self.step_V < _FAR
            and 0 < self.step_s < _FAR
            and abs(self.zero * self.step_V) < _FAR
            and abs(self.start_s) < _FAR * self.step_s
        ):
            raise BenchError(
                f"{len(self.codes)} samples, {self.step_s:g} s from {self.start_s:g} s on, "
                f"{self.step_V:g} V a step from {self.zero:g} on, are no waveform"
            )

    @property
    def volts(self) -> NDArray[np.float64]:
        """The voltages at the probe, shape (samples)."""
        return (self.codes.astype(np.float64) - self.zero) * self.step_V

    @property
    def times_s(self) -> NDArray[np.float64]:
        """The time of each sample: n samples span n - 1 steps."""
        return self.start_s + self.step_s * np.arange(len(self.codes), dtype=np.float64)

    @property
    def is_cut_off(self) -> bool:
        """Whether any sample stands at the end of the converter's range."""
        low, high = self.limits
        return bool(len(self.codes)) and (self.codes.min() <= low or self.codes.max() >= high)


class Scope(ABC):
    """A scope at the other end of a connection, which is closed with it.

    Args:
        connection: the line to it.

    Raises:
        BenchError: something else than such a scope answers.
        LinkLost, NoAnswer: as ``Connection``.
    """

    pattern: ClassVar[str]
    """What ``*IDN?`` of the family looks like."""
    specification: ClassVar[Specification]

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.identity = connection.ask("*IDN?")
        if re.match(self.pattern, self.identity, re.IGNORECASE) is None:
            raise BenchError(
                f"this is {self.identity[:80]!r}",
                where=connection.address,
                allowed=f"an instrument of the driver {type(self).__name__}",
                mend="give the driver of this instrument in the station file",
            )
        self._set_up()

    def __enter__(self) -> Scope:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the line."""
        self.connection.close()

    def _set_up(self) -> None:
        """Make it answer as this driver reads, and forget old errors."""
        self.connection.tell("*CLS")

    # ------------------------------------------------------------------------------------- settings

    @abstractmethod
    def channel(self, number: int, *, volts_a_division: float, centre_V: float) -> None:
        """Show a channel, direct-coupled, with a voltage in the middle of the screen."""

    @abstractmethod
    def hide(self, number: int) -> None:
        """Do not show a channel: it is not taken, and takes no memory."""

    @abstractmethod
    def timebase(self, *, s_a_division: float, centre_s: float) -> None:
        """Set the time across the screen, and the time from the trigger that is in its middle."""

    @abstractmethod
    def trigger(self, number: int, *, level_V: float, rising: bool) -> None:
        """Trigger at an edge of a channel, never without one."""

    # -------------------------------------------------------------------------------------- running

    def single(self) -> None:
        """Wait for the trigger, take one record and stop; returns when it waits.

        For a moment it may still say that it has stopped, as it had before. If it keeps to that,
        the trigger was there at once.
        """
        self._arm()
        end_s = time.monotonic() + _ARMING_S
        while self.state() != "armed" and time.monotonic() < end_s:
            time.sleep(_LOOK_S)

    @abstractmethod
    def _arm(self) -> None:
        """Tell it to take one record."""

    @abstractmethod
    def run(self) -> None:
        """Take one record after the other."""

    @abstractmethod
    def stop(self) -> None:
        """Stop where it is."""

    @abstractmethod
    def state(self) -> State:
        """Return what it is doing."""

    def wait(self, timeout_s: float, meanwhile: Callable[[], object] = lambda: None) -> None:
        """Wait until a record that was armed is taken.

        Args:
            timeout_s: how long.
            meanwhile: done between two looks.

        Raises:
            BenchError: the trigger did not come.
        """
        end_s = time.monotonic() + timeout_s
        while self.state() != "stopped":
            if time.monotonic() > end_s:
                raise BenchError(
                    f"{self.identity}: no trigger in {timeout_s:g} s",
                    where=self.connection.address,
                    mend="check the probes, and which channel is on which terminal",
                )
            meanwhile()
            time.sleep(_LOOK_S)

    # -------------------------------------------------------------------------------------- reading

    @abstractmethod
    def waveform(self, number: int) -> Waveform:
        """Return what the last record has of a channel."""

    @abstractmethod
    def measure(self, number: int, quantity: Quantity) -> float | None:
        """Return what the scope itself measures of a channel, None where it can't."""

    @abstractmethod
    def screenshot(self) -> bytes:
        """Return the screen as a PNG or BMP file."""

    @abstractmethod
    def _next_error(self) -> str | None:
        """Return the oldest error that is queued, None where there is none."""

    def errors(self) -> list[str]:
        """Return what the scope has complained of since it was asked last."""
        found: list[str] = []
        while len(found) < _ERRORS and (error := self._next_error()) is not None:
            found.append(error)
        return found

    def check(self) -> None:
        """Make sure that it took all commands.

        Raises:
            BenchError: it refused one.
        """
        errors = self.errors()
        if errors:
            raise BenchError(
                f"it refused a setting: {'; '.join(errors)}", where=self.connection.address
            )

    @classmethod
    def components(cls, volts_a_division: float) -> list[Component]:
        """Return the uncertainty budget of a channel's volts at a scale, noise left out.

        Ref: JCGM 100:2008 4.3.7 (a bound as the half width of a rectangular distribution).
        """
        stated, full_V = cls.specification, DIVISIONS_UP * volts_a_division
        offset_V = stated.offset_error_div * volts_a_division + stated.offset_error_V
        return [
            Component(
                name="scope gain",
                kind="B",
                u_V=stated.gain_error * full_V / math.sqrt(3),
                shared="channel",
                source=f"{stated.source}: {100 * stated.gain_error:g} % of full scale",
            ),
            Component(
                name="scope offset",
                kind="B",
                u_V=offset_V / math.sqrt(3),
                shared="channel",
                source=f"{stated.source}: {1e3 * offset_V:.0f} mV at this scale",
            ),
        ]

    # ----------------------------------------------------------------------------- for the dialects

    def _check_number(self, number: int) -> None:
        if not 1 <= number <= self.specification.channels:
            raise InputError(
                f"no channel {number}",
                where=self.connection.address,
                allowed=f"1 to {self.specification.channels}",
            )

    def _measured(self, query: str) -> float | None:
        value = self.connection.ask_number(query)
        return None if abs(value) > _NOTHING or math.isnan(value) else value

    def _preamble(self, query: str) -> list[float]:
        """Return the ten numbers that Rigol and Keysight scopes tell of a waveform.

        Raises:
            BenchError: it is something else.
        """
        answer = self.connection.ask(query)
        try:
            fields = [float(field) for field in answer.split(",")]
        except ValueError:
            fields = []
        if len(fields) != _PREAMBLE_FIELDS or not all(map(math.isfinite, fields)):
            raise BenchError(
                f"{answer[:60]!r} is no preamble",
                where=f"{self.connection.address}: {query}",
                allowed=f"{_PREAMBLE_FIELDS} numbers",
            )
        return fields

    def _samples(self, data: bytes, kind: str, count: float) -> NDArray[np.int32]:
        """Return the samples in a block of data, shape (samples).

        Raises:
            BenchError: there are not so many.
        """
        if len(data) != count * np.dtype(kind).itemsize:
            raise BenchError(
                f"{len(data)} bytes came of {count:g} samples", where=self.connection.address
            )
        return np.frombuffer(data, kind).astype(np.int32)

    def _step(self, volts: float, query: str) -> float:
        """Return what a scope says of a step or a division.

        Raises:
            BenchError: it is none.
        """
        if not 0 < volts < _FAR:
            raise BenchError(f"{volts:g} V is no step", where=f"{self.connection.address}: {query}")
        return volts

    def _numbered_error(self, query: str) -> str | None:
        answer = self.connection.ask(query)
        return None if re.match(r"[+-]?0\b", answer) else answer


Driver = Callable[[Connection], Scope]


def next_scale(least: float) -> float:
    """Return the next 1, 2 or 5 times a power of ten: what every scope's knob has."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(step * power for step in (1, 2, 5, 10) if least <= step * power * (1 + 1e-9))
