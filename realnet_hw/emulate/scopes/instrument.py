"""What the dialects have in common: the commands of IEEE 488.2, and one command at a time.

Ref: IEEE 488.2-1992 10 (common commands), 11.5.1 (standard event status register).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from realnet_hw.emulate.scopes.digitiser import Digitiser, Record, Taken
from realnet_hw.emulate.scopes.scpi import (
    ILLEGAL_VALUE,
    OUT_OF_RANGE,
    STALE_DATA,
    Commands,
    ScpiError,
    number,
    short_form,
    switch,
    units,
)

_PATIENCE_s, _LOOK_s = 30.0, 2e-3
_EVENT_BITS = {-1: 5, -2: 4, -3: 3, -4: 2}
"""Bit of the event status register by the hundreds of an error's number."""


class Instrument:
    """A scope that speaks: its dialect adds its commands to those that all have.

    Args:
        scope: what it controls.
        hold: gives what stops the bench while a command is executed.
        commands: where its commands go.
    """

    def __init__(
        self,
        scope: Digitiser,
        hold: Callable[[], AbstractContextManager[Any]],
        commands: Commands | None = None,
    ) -> None:
        self.scope = scope
        self.commands = commands or Commands()
        self._hold = hold
        self._turn = threading.Lock()
        self._events = 0
        add = self.commands.add
        add("*IDN", ask=lambda: scope.model.identity)
        add("*RST", self.reset)
        add("*CLS", self._clear)
        add("*OPC", lambda: self._happened(0), lambda: "1")
        add("*WAI", lambda: None)
        add("*ESR", ask=self._event_status)
        add("*ESE", lambda _mask: None, lambda: "0")
        add("*SRE", lambda _mask: None, lambda: "0")
        add("*STB", ask=lambda: str(4 * bool(self.commands.errors)))
        add("*TST", ask=lambda: "0")
        add("*TRG", scope.force)
        self._read_defaults()

    def execute(self, message: bytes) -> bytes:
        """Execute a message and return what answers it, with its end, or nothing."""
        answers: list[bytes] = []
        branch = ""
        with self._turn:
            for unit in units(message.decode("latin-1")):
                if unit.upper() in ("*OPC?", "*WAI") or self.is_held_up:
                    self._wait()
                with self._hold():
                    self.scope.look()
                    branch, answer = self.commands.execute(unit, branch)
                if answer is not None:
                    answers.append(answer.encode("latin-1") if isinstance(answer, str) else answer)
        return b";".join(answers) + b"\n" if answers else b""

    @property
    def is_held_up(self) -> bool:
        """Whether the next command waits for the record that was asked for."""
        return False

    def _wait(self) -> None:
        """Wait for the record that was asked for, without holding the bench."""
        end_s = time.monotonic() + _PATIENCE_s
        while time.monotonic() < end_s:
            with self._hold():
                self.scope.look()
                if self.scope.state != "armed":
                    return
            time.sleep(_LOOK_s)

    def reset(self) -> None:
        """Take the settings of power-on."""
        self.scope.reset()
        self._read_defaults()

    def _read_defaults(self) -> None:
        """Set what a dialect itself remembers, as at power-on; the digitiser is so already."""

    def _clear(self) -> None:
        self.commands.errors.clear()
        self._events = 0

    def _happened(self, bit: int) -> None:
        self._events |= 1 << bit

    def _event_status(self) -> str:
        for code, _ in self.commands.errors:
            self._happened(_EVENT_BITS.get(-(-code // 100), 3))
        status, self._events = self._events, 0
        return str(status)

    # -------------------------------------------------------------------------- for the dialects

    def next_error(self) -> tuple[int, str]:
        """Take the oldest error out of the queue; 0 where there is none."""
        return self.commands.errors.popleft() if self.commands.errors else (0, "No error")

    def figure(
        self,
        header: str,
        read: Callable[..., float],
        write: Callable[..., None],
        form: Callable[[float], str] = lambda value: f"{value:.6e}",
    ) -> None:
        """Add a setting that is a number; ``write`` gets the header's numbers, then the value."""
        self.commands.add(
            header,
            lambda *texts: write(*texts[:-1], number(texts[-1])),
            lambda *numbers: form(read(*numbers)),
        )

    def setting(
        self,
        header: str,
        owner: Callable[..., Any],
        name: str,
        form: Callable[[float], str] = lambda value: f"{value:.6e}",
        sign: float = 1.0,
    ) -> None:
        """Add a setting that is an attribute of a thing.

        Args:
            header: of the command.
            owner: gives the thing for the header's numbers.
            name: of the attribute.
            form: how it is answered.
            sign: -1 where the dialect counts it the other way round.
        """

        def write(*values: Any) -> None:
            setattr(owner(*values[:-1]), name, sign * values[-1])

        self.figure(header, lambda *numbers: sign * getattr(owner(*numbers), name), write, form)

    def flag(self, header: str, owner: Callable[..., Any], name: str) -> None:
        """Add a setting that is an attribute of a thing, on or off."""

        def write(*values: Any) -> None:
            setattr(owner(*values[:-1]), name, switch(values[-1]))

        self.commands.add(header, write, lambda *numbers: str(int(getattr(owner(*numbers), name))))

    def kept(self, header: str, value: str) -> None:
        """Add a setting that is remembered and has no effect here."""
        held = {"": value}

        def write(*texts: str) -> None:
            held[""] = texts[-1]

        self.commands.add(header, write, lambda *_numbers: held[""])

    def channel(self, index: int) -> Any:
        """Return a channel's settings.

        Raises:
            ScpiError: there is no such channel.
        """
        if index not in self.scope.channels:
            raise ScpiError(OUT_OF_RANGE)
        return self.scope.channels[index]

    def channel_named(self, text: str, prefix: str) -> int:
        """Read ``CHAN2`` or ``CHANnel2``.

        Raises:
            ScpiError: it names no channel.
        """
        word = text.upper().strip()
        index = word[-1:]
        names = (prefix.upper(), short_form(prefix))
        if word[:-1] not in names or not index.isdigit() or int(index) not in self.scope.channels:
            raise ScpiError(ILLEGAL_VALUE)
        return int(index)

    def memory(self, index: int) -> tuple[Record, Taken]:
        """Return the record and what it has of a channel.

        Raises:
            ScpiError: nothing has been taken, or not of this channel.
        """
        self.scope.refresh()
        record = self.scope.record
        taken = record.taken.get(index) if record else None
        if record is None or taken is None:
            raise ScpiError(STALE_DATA)
        return record, taken

    def chosen_depth(self, wanted: float) -> int:
        """Return the memory length that comes next to one that is wanted."""
        return min(self.scope.model.depths, key=lambda depth: abs(depth - wanted))
