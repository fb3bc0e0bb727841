"""Scopes with SCPI's tree of commands: what Rigol's and Keysight's say with the same words.

Ref: the programming guides that ``rigol`` and ``keysight`` name.
"""

from __future__ import annotations

from typing import ClassVar

from realnet_hw.measure.scopes.scope import Scope


class TreeScope(Scope):
    """A scope whose channels, trigger and acquisition are told the same way as others'."""

    offset_sign: ClassVar[int]
    """1 where a channel's offset is the voltage in the middle of the screen, -1 where it is what is
    added to the signal."""

    def channel(self, number: int, *, volts_a_division: float, centre_V: float) -> None:
        """See ``Scope``."""
        self._check_number(number)
        name = f":CHAN{number}"
        self.connection.tell(f"{name}:COUP DC")
        self.connection.tell(f"{name}:SCAL {volts_a_division:.6g}")
        self.connection.tell(f"{name}:OFFS {self.offset_sign * centre_V:.6g}")
        self.connection.tell(f"{name}:DISP ON")

    def hide(self, number: int) -> None:
        """See ``Scope``."""
        self._check_number(number)
        self.connection.tell(f":CHAN{number}:DISP OFF")

    def trigger(self, number: int, *, level_V: float, rising: bool) -> None:
        """See ``Scope``."""
        self._check_number(number)
        self.connection.tell(":TRIG:MODE EDGE")
        self.connection.tell(f":TRIG:EDGE:SOUR CHAN{number}")
        self.connection.tell(f":TRIG:EDGE:SLOP {'POS' if rising else 'NEG'}")
        self.connection.tell(f":TRIG:EDGE:LEV {level_V:.6g}")
        self.connection.tell(":TRIG:SWE NORM")

    def _arm(self) -> None:
        self.connection.tell(":SING")

    def run(self) -> None:
        """See ``Scope``."""
        self.connection.tell(":RUN")

    def stop(self) -> None:
        """See ``Scope``."""
        self.connection.tell(":STOP")

    def _next_error(self) -> str | None:
        return self._numbered_error(":SYST:ERR?")
