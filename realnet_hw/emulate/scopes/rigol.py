"""Rigol: DS1000Z and DHO800/900, whose commands are nearly the same.

Ref: RIGOL, MSO1000Z/DS1000Z Programming Guide, :WAVeform commands (PREamble? on page 2-226 read;
     the others as pymeasure, QCoDeS, ds1054z and labmcp-rigol-scope use them). RIGOL, DHO800/DHO900
     Programming Guide. Not confirmed for DHO800: the codes a division, the reference of WORD.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from realnet_hw.emulate.scopes.digitiser import (
    Codes,
    Digitiser,
    Model,
    Slope,
    Sweep,
    Taken,
    resampled,
)
from realnet_hw.emulate.scopes.scpi import (
    OUT_OF_RANGE,
    SETTINGS_CONFLICT,
    ScpiError,
    block,
    choice,
    number,
)
from realnet_hw.emulate.scopes.tree import Tree

DS1000Z = Model(
    identity="RIGOL TECHNOLOGIES,DS1104Z,DS1ZA000000001,00.04.05.SP2",
    channels=4,
    bits=8,
    codes_a_division=25,
    divisions=12,
    bandwidth_Hz=100e6,
    sample_rate_Hz=250e6,
    depths=(12_000, 3_000, 6_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_200_000),
    gain_error=0.03,
)
DHO800 = Model(
    identity="RIGOL TECHNOLOGIES,DHO804,DHO8A000000001,00.01.02",
    channels=4,
    bits=12,
    codes_a_division=400,
    divisions=10,
    bandwidth_Hz=70e6,
    sample_rate_Hz=312.5e6,
    depths=(10_000, 1_000, 100_000, 1_000_000, 10_000_000),
    gain_error=0.02,
)

_ITEMS = {
    "VPP": "peak_to_peak", "VMAX": "maximum", "VMIN": "minimum", "VAVG": "mean", "VRMS": "rms",
    "VTOP": "top", "VBASe": "base", "VAMP": "amplitude", "RTIMe": "rise_time",
    "FTIMe": "fall_time", "PERiod": "period", "FREQuency": "frequency",
}  # fmt: skip
_NOTHING = "9.9E37"


@dataclass(frozen=True)
class _Scale:
    """How codes go over the line: volts = (code - origin - reference) * increment."""

    codes: Codes
    increment_V: float
    origin: int
    reference: int


class Rigol(Tree):
    """A Rigol scope.

    Args:
        scope: what it controls.
        hold: gives what stops the bench while a command is executed.
        shown: points of a screen.
        most: bytes that one read of the memory gives.
    """

    shown = 1200
    most = 250_000
    reference = 127
    slopes: ClassVar[Mapping[str, Slope]] = {
        "POSitive": "rise", "NEGative": "fall", "RFALl": "either",
    }  # fmt: skip
    sweeps: ClassVar[Mapping[str, Sweep]] = {
        "AUTO": "auto", "NORMal": "normal", "SINGle": "single",
    }  # fmt: skip
    edge = ":EDGE"
    offset_sign = -1.0

    def __init__(self, scope: Digitiser, hold: Callable[[], AbstractContextManager[Any]]) -> None:
        super().__init__(scope, hold)
        add = self.commands.add
        add("TFORce", scope.force)
        add("CLEar", lambda: None)
        add("SYSTem:ERRor[:NEXT]", ask=lambda: '{},"{}"'.format(*self.next_error()))
        self._add_channels()
        self._add_time_and_trigger()
        self._add_waveform()
        add("MEASure:ITEM", lambda *_item: None, self._measured)

    def _read_defaults(self) -> None:
        super()._read_defaults()
        self._start, self._stop = 1, self.shown

    def _single(self) -> None:
        self.scope.trigger.sweep = "single"
        self.scope.single()

    # ------------------------------------------------------------------------------------ settings

    def _add_channels(self) -> None:
        channel = self.channel

        def limit(index: int, text: str) -> None:
            channel(index).is_limited = choice(text, "20M", "OFF") == "20M"

        def couple(index: int, text: str) -> None:
            channel(index).coupling = choice(text, "AC", "DC", "GND")

        self.setting("CHANnel#:PROBe", channel, "probe", "{:g}".format)
        self.commands.add("CHANnel#:COUPling", couple, lambda n: channel(n).coupling)
        self.commands.add(
            "CHANnel#:BWLimit", limit, lambda n: "20M" if channel(n).is_limited else "OFF"
        )
        for header, value in (("INVert", "0"), ("VERNier", "0")):
            self.kept(f"CHANnel#:{header}", value)

    def _add_time_and_trigger(self) -> None:
        scope, add = self.scope, self.commands.add

        def set_depth(text: str) -> None:
            scope.depth = (
                scope.model.depths[0] if text.upper() == "AUTO" else self.chosen_depth(number(text))
            )

        self.setting("TIMebase[:MAIN]:SCALe", lambda: scope, "s_a_division")
        self.setting("TIMebase[:MAIN]:OFFSet", lambda: scope, "centre_s")
        self.kept("TIMebase:MODE", "MAIN")
        self.kept("TRIGger:COUPling", "DC")
        self.setting("TRIGger:EDGE:LEVel", lambda: scope.trigger, "level_V")
        add("TRIGger:STATus", ask=self._status)
        add("ACQuire:MDEPth", set_depth, lambda: str(scope.depth))
        add("ACQuire:SRATe", ask=lambda: f"{self._rate_Hz():.6e}")
        self.kept("ACQuire:AVERages", "2")

    def _rate_Hz(self) -> float:
        scope = self.scope
        span_s = scope.model.divisions * scope.s_a_division
        return min(scope.depth / span_s, scope.model.sample_rate_Hz)

    def _status(self) -> str:
        if self.scope.state == "stopped":
            return "STOP"
        if self.scope.state == "armed":
            return "WAIT"
        self.scope.refresh()
        triggered = self.scope.record is not None and self.scope.record.is_triggered
        return "TD" if triggered else "AUTO" if self.scope.trigger.sweep == "auto" else "WAIT"

    # ------------------------------------------------------------------------------------ waveform

    def _add_waveform(self) -> None:
        add = self.commands.add

        def set_mode(text: str) -> None:
            self._mode = choice(text, "NORMal", "MAXimum", "RAW")
            if self._mode == "NORMal":
                self._start, self._stop = 1, self.shown

        def set_start(value: float) -> None:
            self._start = round(value)

        def set_stop(value: float) -> None:
            self._stop = round(value)

        whole = "{:.0f}".format
        add("WAVeform:MODE", set_mode, lambda: f"{self._mode[:4].upper()}")
        self.figure("WAVeform:STARt", lambda: self._start, set_start, whole)
        self.figure("WAVeform:STOP", lambda: self._stop, set_stop, whole)
        self.figure("WAVeform:POINts", self._count, set_stop, whole)

    def _is_screen(self) -> bool:
        return self._mode == "NORMal" or (self._mode == "MAXimum" and self.scope.state != "stopped")

    def _count(self) -> int:
        return self.shown if self._is_screen() else self.memory(self._source)[0].count

    def _scaled(self, taken: Taken) -> _Scale:
        """Return the codes of a channel as the line's format has them."""
        codes = resampled(taken.codes, self.shown) if self._is_screen() else taken.codes
        return _Scale(
            codes=codes - self.scope.model.middle + self.reference,
            increment_V=taken.volts_a_code,
            origin=round(-taken.centre_V / taken.volts_a_code),
            reference=self.reference,
        )

    def _preamble(self) -> list[str]:
        record, taken = self.memory(self._source)
        scaled, count = self._scaled(taken), self._count()
        step_s = record.step_s * record.count / count
        formats, modes = ("BYTE", "WORD", "ASCii"), ("NORMal", "MAXimum", "RAW")
        return [
            str(formats.index(self._format)),
            str(modes.index(self._mode)),
            str(count),
            "1",
            f"{step_s:.6e}",
            f"{record.start_s:.6e}",
            "0",
            f"{scaled.increment_V:.6e}",
            str(scaled.origin),
            str(scaled.reference),
        ]

    def _data(self) -> bytes:
        _, taken = self.memory(self._source)
        if not self._is_screen() and self.scope.state != "stopped":
            raise ScpiError(SETTINGS_CONFLICT)
        scaled = self._scaled(taken)
        count = len(scaled.codes)
        if not 1 <= self._start <= self._stop <= count:
            raise ScpiError(OUT_OF_RANGE)
        wanted = scaled.codes[self._start - 1 : self._stop]
        size = {"BYTE": 1, "WORD": 2, "ASCii": 16}[self._format]
        if not self._is_screen() and len(wanted) * size > self.most:
            raise ScpiError(OUT_OF_RANGE)
        return self._answered(wanted, scaled)

    def _answered(self, codes: Codes, scaled: _Scale) -> bytes:
        return block(self._packed(codes, scaled), 9)

    def _packed(self, codes: Codes, scaled: _Scale) -> bytes:
        if self._format == "ASCii":
            volts = (codes - scaled.origin - scaled.reference) * scaled.increment_V
            return _texts(volts.tolist())
        kind = "<u2" if self._format == "WORD" else "u1"
        return codes.astype(np.dtype(kind)).tobytes()

    def _measured(self, item: str, source: str | None = None) -> str:
        name = choice(item, *_ITEMS)
        index = self._source if source is None else self._named(source)
        value = self.scope.measured(index, _ITEMS[name])
        return _NOTHING if value is None else f"{value:.6e}"


class Ds1000z(Rigol):
    """DS1000Z: 8 bits; in WORD the upper byte is 0."""

    def _scaled(self, taken: Taken) -> _Scale:
        scaled = super()._scaled(taken)
        # Its middle is one below that of the converter, and no code is below 0.
        return replace(scaled, codes=np.maximum(scaled.codes, 0))


class Dho800(Rigol):
    """DHO800 and DHO900: 12 bits, whose upper eight BYTE gives, and WORD all of, left-aligned."""

    shown = 1000
    most = 2_000_000
    reference = 0

    def _answered(self, codes: Codes, scaled: _Scale) -> bytes:
        # As pydho800 reads it, numbers come bare.
        packed = self._packed(codes, scaled)
        return packed if self._format == "ASCii" else block(packed, 9)

    def _scaled(self, taken: Taken) -> _Scale:
        scaled = super()._scaled(taken)
        codes = scaled.codes + self.scope.model.middle
        spare = self.scope.model.bits - 8
        if self._format == "BYTE":
            volts_a_code = taken.volts_a_code * (1 << spare)
            return _Scale(codes >> spare, volts_a_code, round(-taken.centre_V / volts_a_code), 128)
        shift = 16 - self.scope.model.bits
        volts_a_code = taken.volts_a_code / (1 << shift)
        return _Scale(codes << shift, volts_a_code, round(-taken.centre_V / volts_a_code), 1 << 15)


def _texts(values: list[float]) -> bytes:
    return ",".join(f"{value:.6e}" for value in values).encode()
