"""Somebody at the bench: who moves a lead, or reads a meter and types what it shows.

Whatever time that takes, the fixture is told that the host still lives.
"""

from __future__ import annotations

import math
import os
import re
import select
import time
from collections.abc import Callable
from typing import Protocol, TextIO

from realnet_hw.errors import BenchError
from realnet_hw.measure.calibration.standards import Meter
from realnet_hw.measure.fixture import UNATTENDED_S
from realnet_hw.records import Standard

HELP = """\
Type what the meter shows, with all its digits and its sign: 4.0312  -1.2  812 mV
or: ?  this help     q  enough for now, what was typed is kept"""

_READING = re.compile(r"([-+]?(?:\d+[.,]?\d*|[.,]\d+))\s*(mV|V)?", re.IGNORECASE)
_MOST = 4096


class Person:
    """Asks questions on a terminal, or whatever stands in its place.

    Args:
        say: where questions go.
        typed: handle of what is typed, such as 0.
        meanwhile: called now and then while nothing comes.
        every_s: how often.
    """

    def __init__(
        self, say: TextIO, typed: int, meanwhile: Callable[[], object], every_s: float
    ) -> None:
        self._say = say
        self._typed = typed
        self._meanwhile = meanwhile
        self._every_s = every_s
        self._unread = b""

    def tell(self, text: str) -> None:
        """Say something."""
        self._say.write(f"{text}\n")
        self._say.flush()

    def ask(self, question: str, *, within_s: float = math.inf) -> str:
        """Return what is typed after a question, one line.

        Args:
            question: what is asked.
            within_s: so long it is waited for a line.

        Raises:
            BenchError: enough for now: ``q``, the end of what is typed, or nobody there.
        """
        while True:
            self._say.write(f"{question} > ")
            self._say.flush()
            text = self._line(within_s)
            if text is None or text.lower() == "q":
                self.tell("")
                raise BenchError(
                    "the calibration is not complete",
                    go_on="the same command with --resume goes on with it",
                )
            if text != "?":
                return text
            self.tell(HELP)

    def _line(self, within_s: float) -> str | None:
        """Return the next line, None at the end."""
        until_s = time.monotonic() + within_s
        while b"\n" not in self._unread:
            if not select.select([self._typed], [], [], self._every_s)[0]:
                if time.monotonic() > until_s:
                    self.tell("")
                    raise BenchError(
                        f"nothing was typed for {within_s / 60:.0f} minutes, so outputs are "
                        "grounded",
                        go_on="the same command with --resume goes on",
                    )
                self._meanwhile()
                continue
            data = os.read(self._typed, _MOST)
            if not data:
                return None
            self._unread += data
        line, _, self._unread = self._unread.partition(b"\n")
        return line.decode("utf-8", errors="replace").strip()


class Hands(Protocol):
    """Whoever puts leads where they belong."""

    def lead(self, to: str) -> None:
        """Put the lead of the senses on a terminal: ``dac0`` and so on, ``GND``, ``REF``."""


class PersonsHands:
    """A person's."""

    def __init__(self, person: Person) -> None:
        self._person = person

    def lead(self, to: str) -> None:
        """See ``Hands``."""
        self._person.ask(f"\nPut the lead of the senses on {to}, then press Enter")


class TypedMeter(Meter):
    """A meter that a person reads.

    Args:
        standard: what is stated of it.
        person: who reads it.
        display: what a simulated one shows.
        unattended_s: outputs need not stay on for a reading that nobody types for so long.
    """

    def __init__(
        self,
        standard: Standard,
        person: Person,
        display: Callable[[], str] | None = None,
        unattended_s: float = UNATTENDED_S,
    ) -> None:
        super().__init__(standard)
        self._person = person
        self._display = display
        self._unattended_s = unattended_s

    def read(self, what: str, expected_V: float, within_V: float) -> float:
        """See ``Meter``: asks until it can be; the same twice is believed."""
        shown = f" [virtual meter: {self._display()}]" if self._display else ""
        before = None
        while True:
            text = self._person.ask(f"{what}: the meter shows{shown}", within_s=self._unattended_s)
            volts = volts_typed(text)
            if volts is None:
                self._person.tell(f"{text!r} is no voltage, such as -4.0312 or 812 mV.")
                continue
            if abs(volts - expected_V) <= within_V or volts == before:
                return volts
            self._person.tell(
                f"About {expected_V:.2f} V should be there. If {volts:g} V is right, sign and unit "
                "too, type it again."
            )
            before = volts

    def close(self) -> None:
        """Nothing to give back."""


def volts_typed(text: str) -> float | None:
    """Return a voltage as somebody types it, None where it is none."""
    found = _READING.fullmatch(text.strip())
    if found is None:
        return None
    value = float(found[1].replace(",", "."))
    return value / 1000 if (found[2] or "").lower() == "mv" else value
