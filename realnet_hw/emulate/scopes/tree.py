"""What Rigol's and Keysight's dialects have in common: SCPI's own tree of commands.

Ref: the programming guides that ``rigol`` and ``keysight`` name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, ClassVar

from realnet_hw.emulate.scopes import screen
from realnet_hw.emulate.scopes.digitiser import Digitiser, Slope, Sweep
from realnet_hw.emulate.scopes.instrument import Instrument
from realnet_hw.emulate.scopes.scpi import block, choice, short_form, word_for

_PREAMBLE = ("XINCrement", "XORigin", "XREFerence", "YINCrement", "YORigin", "YREFerence")
_PREAMBLE_FIRST = 4


class Tree(Instrument, ABC):
    """A scope of such a dialect; ``scope`` and ``hold`` as ``Instrument`` has them."""

    slopes: ClassVar[Mapping[str, Slope]]
    sweeps: ClassVar[Mapping[str, Sweep]]
    edge: ClassVar[str]
    """The node of an edge trigger, as its headers are written."""
    offset_sign: ClassVar[float]
    """-1 where a channel's offset is what is added to the signal."""

    def __init__(self, scope: Digitiser, hold: Callable[[], AbstractContextManager[Any]]) -> None:
        super().__init__(scope, hold)
        add, channel = self.commands.add, self.channel
        add("RUN", scope.run)
        add("STOP", scope.stop)
        add("SINGle", self._single)
        add("DISPlay:DATA", ask=lambda *_how: block(screen.png(screen.drawn(scope)), 9))
        self.flag("CHANnel#:DISPlay", channel, "on")
        self.setting("CHANnel#:SCALe", channel, "volts_a_division")
        self.setting("CHANnel#:OFFSet", channel, "centre_V", sign=self.offset_sign)
        self.kept("CHANnel#:UNITs", "VOLT")
        self._add_trigger()
        self._add_transfer()

    def _read_defaults(self) -> None:
        """See ``Instrument``."""
        self._source, self._format, self._mode = 1, "BYTE", "NORMal"

    @abstractmethod
    def _single(self) -> None:
        """Wait for the trigger, take one record and stop."""

    def _named(self, text: str) -> int:
        return self.channel_named(text, "CHANnel")

    def _add_trigger(self) -> None:
        scope, add = self.scope, self.commands.add

        def set_source(text: str) -> None:
            scope.trigger.source = self._named(text)

        def set_slope(text: str) -> None:
            scope.trigger.slope = self.slopes[choice(text, *self.slopes)]

        def set_sweep(text: str) -> None:
            scope.trigger.sweep = self.sweeps[choice(text, *self.sweeps)]

        def slope() -> str:
            return short_form(word_for(self.slopes, scope.trigger.slope))

        def sweep() -> str:
            return short_form(word_for(self.sweeps, scope.trigger.sweep))

        self.kept("TRIGger:MODE", "EDGE")
        self.kept("ACQuire:TYPE", "NORM")
        add(f"TRIGger{self.edge}:SOURce", set_source, lambda: f"CHAN{scope.trigger.source}")
        add(f"TRIGger{self.edge}:SLOPe", set_slope, slope)
        add("TRIGger:SWEep", set_sweep, sweep)

    def _add_transfer(self) -> None:
        add = self.commands.add

        def set_source(text: str) -> None:
            self._source = self._named(text)

        def set_format(text: str) -> None:
            self._format = choice(text, "BYTE", "WORD", "ASCii")

        add("WAVeform:SOURce", set_source, lambda: f"CHAN{self._source}")
        add("WAVeform:FORMat", set_format, lambda: f"{self._format[:4].upper()}")
        add("WAVeform:DATA", ask=self._data)
        add("WAVeform:PREamble", ask=lambda: ",".join(self._preamble()))
        for index, header in enumerate(_PREAMBLE, _PREAMBLE_FIRST):
            add(f"WAVeform:{header}", ask=lambda index=index: self._preamble()[index])

    @abstractmethod
    def _preamble(self) -> list[str]:
        """Return the ten fields that tell what the codes mean."""

    @abstractmethod
    def _data(self) -> bytes:
        """Return the codes of the source, as they are asked for."""
