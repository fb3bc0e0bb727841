"""Keysight InfiniiVision 1000 X-Series.

Ref: Keysight, InfiniiVision X-Series Programmer's Guide, :WAVeform:PREamble (the 2000 X-Series'
     and M9241A's read, which give the same ten fields); the other commands as PyMeasure's
     DSOX1102G and keyoscacquire use them. Not confirmed: codes a division.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, ClassVar

import numpy as np

from realnet_hw.emulate.scopes.digitiser import Digitiser, Model, Slope, Sweep, resampled
from realnet_hw.emulate.scopes.scpi import (
    SETTINGS_CONFLICT,
    ScpiError,
    block,
    choice,
    number,
    short_form,
)
from realnet_hw.emulate.scopes.tree import Tree

DSOX1204 = Model(
    identity="KEYSIGHT TECHNOLOGIES,DSOX1204G,CN00000001,02.11.2019120300",
    channels=4,
    bits=8,
    codes_a_division=32,
    divisions=10,
    bandwidth_Hz=70e6,
    sample_rate_Hz=1e9,
    depths=(62_500, 1_000_000),
    gain_error=0.03,
)

_QUANTITIES = {
    "VPP": "peak_to_peak", "VMAX": "maximum", "VMIN": "minimum", "VAVerage": "mean",
    "VRMS": "rms", "VTOP": "top", "VBASe": "base", "VAMPlitude": "amplitude",
    "RISetime": "rise_time", "FALLtime": "fall_time", "PERiod": "period",
    "FREQuency": "frequency",
}  # fmt: skip
_NOTHING = "+9.9E+37"
_RUNNING_BIT = 3


class Keysight(Tree):
    """A Keysight scope; ``scope`` and ``hold`` as ``Instrument`` has them."""

    slopes: ClassVar[Mapping[str, Slope]] = {
        "POSitive": "rise", "NEGative": "fall", "EITHer": "either",
    }  # fmt: skip
    sweeps: ClassVar[Mapping[str, Sweep]] = {"AUTO": "auto", "NORMal": "normal"}
    edge = "[:EDGE]"
    offset_sign = 1.0

    def __init__(self, scope: Digitiser, hold: Callable[[], AbstractContextManager[Any]]) -> None:
        super().__init__(scope, hold)
        add = self.commands.add
        add("DIGitize", self._digitize)
        add("TRIGger:FORCe", scope.force)
        add("SYSTem:ERRor", ask=lambda: '{:+d},"{}"'.format(*self.next_error()))
        add("TER", ask=self._triggered)
        add("AER", ask=lambda: str(int(scope.state == "armed")))
        add("OPERegister:CONDition", ask=self._running)
        self.kept("HARDcopy:INKSaver", "0")
        self._add_channels()
        self._add_time_and_trigger()
        self._add_waveform()
        self._add_measurements()

    def _read_defaults(self) -> None:
        super()._read_defaults()
        self._low_first, self._unsigned, self._points = False, True, 0
        self._measured = 1
        self._digitizes = False

    def _running(self) -> str:
        return str((self.scope.state != "stopped") << _RUNNING_BIT)

    def _triggered(self) -> str:
        record = self.scope.record
        return str(int(record is not None and record.is_triggered))

    def _digitize(self, *sources: str) -> None:
        for index in [self._named(text) for text in sources]:
            self.channel(index).on = True
        self.scope.single()
        self._digitizes = True

    def _single(self) -> None:
        self.scope.single()
        self._digitizes = False

    @property
    def is_held_up(self) -> bool:
        """See ``Instrument``: :DIGitize holds up what comes after it."""
        return self._digitizes and self.scope.state == "armed"

    # ------------------------------------------------------------------------------------ settings

    def _add_channels(self) -> None:
        channel = self.channel
        divisions_up = 8

        def couple(index: int, text: str) -> None:
            channel(index).coupling = choice(text, "AC", "DC")

        def set_range(index: int, volts: float) -> None:
            channel(index).volts_a_division = volts / divisions_up

        self.flag("CHANnel#:BWLimit", channel, "is_limited")
        self.setting("CHANnel#:PROBe", channel, "probe")
        self.figure(
            "CHANnel#:RANGe", lambda n: divisions_up * channel(n).volts_a_division, set_range
        )
        self.commands.add("CHANnel#:COUPling", couple, lambda n: channel(n).coupling)
        self.kept("CHANnel#:LABel", '""')

    def _add_time_and_trigger(self) -> None:
        scope, add = self.scope, self.commands.add

        def set_range(seconds: float) -> None:
            scope.s_a_division = seconds / scope.model.divisions

        def set_level(text: str, _source: str = "") -> None:
            scope.trigger.level_V = number(text)

        self.setting("TIMebase:SCALe", lambda: scope, "s_a_division")
        self.setting("TIMebase:POSition", lambda: scope, "centre_s")
        self.setting("TIMebase:DELay", lambda: scope, "centre_s")
        self.figure("TIMebase:RANGe", lambda: scope.model.divisions * scope.s_a_division, set_range)
        for header, value in (("MODE", "MAIN"), ("REFerence", "CENT")):
            self.kept(f"TIMebase:{header}", value)
        self.kept("TRIGger[:EDGE]:COUPling", "DC")
        add("TRIGger[:EDGE]:LEVel", set_level, lambda *_source: f"{scope.trigger.level_V:.6e}")
        self.kept("ACQuire:MODE", "RTIM")
        self.kept("ACQuire:COMPlete", "100")
        self.kept("ACQuire:COUNt", "8")
        add("ACQuire:POINts", ask=lambda: str(scope.depth))
        add("ACQuire:SRATe", ask=lambda: f"{1 / self.memory(self._source)[0].step_s:.6e}")

    # ------------------------------------------------------------------------------------ waveform

    def _add_waveform(self) -> None:
        add = self.commands.add

        def set_order(text: str) -> None:
            self._low_first = choice(text, "LSBFirst", "MSBFirst") == "LSBFirst"

        def set_points(text: str) -> None:
            self._points = 0 if text.upper().startswith("MAX") else round(number(text))

        def set_mode(text: str) -> None:
            self._mode = choice(text, "NORMal", "MAXimum", "RAW")

        add("WAVeform:BYTeorder", set_order, lambda: "LSBF" if self._low_first else "MSBF")
        self.flag("WAVeform:UNSigned", lambda: self, "_unsigned")
        add("WAVeform:POINts", set_points, lambda: str(self._count()))
        add("WAVeform:POINts:MODE", set_mode, lambda: short_form(self._mode))
        add("WAVeform:TYPE", ask=lambda: "NORM")
        add("WAVeform:COUNt", ask=lambda: "1")

    def _count(self) -> int:
        """How many points are given: of the memory where it is stopped, else of the screen."""
        record, _ = self.memory(self._source)
        if self._mode == "RAW" and self.scope.state != "stopped":
            raise ScpiError(SETTINGS_CONFLICT)
        most = record.count if self._mode != "NORMal" else min(record.count, 62_500)
        return min(self._points or most, most)

    @property
    def _shift(self) -> int:
        return 8 if self._format == "WORD" else 0

    @property
    def _reference(self) -> int:
        return self.scope.model.middle << self._shift if self._unsigned else 0

    def _preamble(self) -> list[str]:
        record, taken = self.memory(self._source)
        count = self._count()
        step_s = record.step_s * record.count / count
        return [
            {"BYTE": "+0", "WORD": "+1", "ASCii": "+4"}[self._format],
            "+0",
            f"{count:+d}",
            "+1",
            f"{step_s:+.8E}",
            f"{record.start_s:+.8E}",
            "+0",
            f"{taken.volts_a_code / (1 << self._shift):+.8E}",
            f"{taken.centre_V:+.8E}",
            f"{self._reference:+d}",
        ]

    def _data(self) -> bytes:
        _, taken = self.memory(self._source)
        codes = resampled(taken.codes, self._count()) - self.scope.model.middle
        if self._format == "ASCii":
            volts = codes * taken.volts_a_code + taken.centre_V
            return block(",".join(f"{value:.6E}" for value in volts.tolist()).encode(), 8)
        kind = ("u" if self._unsigned else "i") + ("2" if self._format == "WORD" else "1")
        order = "<" if self._low_first else ">"
        sent = (codes << self._shift) + self._reference
        return block(sent.astype(np.dtype(order + kind)).tobytes(), 8)

    def _add_measurements(self) -> None:
        def set_source(text: str, *_other: str) -> None:
            self._measured = self._named(text)

        def add(header: str, quantity: str) -> None:
            def ask(*words: str) -> str:
                named = [word for word in words if word.upper().startswith("CHAN")]
                index = self._named(named[0]) if named else self._measured
                value = self.scope.measured(index, quantity)
                return _NOTHING if value is None else f"{value:+.5E}"

            self.commands.add(f"MEASure:{header}", lambda *_words: None, ask)

        self.commands.add("MEASure:SOURce", set_source, lambda: f"CHAN{self._measured}")
        for header, quantity in _QUANTITIES.items():
            add(header, quantity)
