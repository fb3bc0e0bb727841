"""Siglent SDS1000X-E: the older dialect, whose words are those of LeCroy's scopes.

Ref: SIGLENT, Digital Oscilloscopes Series Programming Guide, pages 142 and 143 (WF?: codes, volts,
     times) read; the other commands as siglent-oscilloscope and PyMeasure's SDS1000-series drivers
     use them. Not confirmed: how answers look with CHDR OFF beyond the number alone.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from realnet_hw.emulate.scopes import screen
from realnet_hw.emulate.scopes.digitiser import Digitiser, Model, Slope
from realnet_hw.emulate.scopes.instrument import Instrument
from realnet_hw.emulate.scopes.scpi import (
    ILLEGAL_VALUE,
    ScpiError,
    block,
    choice,
    number,
    switch,
    word_for,
)

SDS1104XE = Model(
    identity="Siglent Technologies,SDS1104X-E,SDSMMF0000001,8.2.6.1.37R9",
    channels=4,
    bits=8,
    codes_a_division=25,
    divisions=14,
    bandwidth_Hz=100e6,
    sample_rate_Hz=500e6,
    depths=(7_000, 70_000, 700_000, 7_000_000),
    gain_error=0.03,
)

_SLOPES: dict[str, Slope] = {"POS": "rise", "NEG": "fall", "WINDOW": "either"}
_COUPLINGS = {"D1M": "DC", "A1M": "AC", "GND": "GND"}
_QUANTITIES = {
    "PKPK": "peak_to_peak", "MAX": "maximum", "MIN": "minimum", "MEAN": "mean", "RMS": "rms",
    "TOP": "top", "BASE": "base", "AMPL": "amplitude", "RISE": "rise_time", "FALL": "fall_time",
    "PER": "period", "FREQ": "frequency",
}  # fmt: skip


class Siglent(Instrument):
    """A Siglent scope; ``scope`` and ``hold`` as ``Instrument`` has them."""

    def __init__(self, scope: Digitiser, hold: Callable[[], AbstractContextManager[Any]]) -> None:
        super().__init__(scope, hold)
        self._heading = "SHORT"
        self._spacing, self._points, self._first = 0, 0, 0
        add = self.commands.add
        add("CHDR|COMM_HEADER", self._set_heading, lambda: f"CHDR {self._heading}")
        add("ARM|ARM_ACQUISITION", scope.single)
        add("STOP", scope.stop)
        add("FRTR|FORCE_TRIGGER", scope.force)
        add("SAST|SAMPLE_STATUS", ask=lambda: self._said("SAST", self._status()))
        add("INR", ask=lambda: self._said("INR", str(int(self._has_record()))))
        add("SYST|SYSTEM:ERR|ERROR", ask=lambda: '{},"{}"'.format(*self.next_error()))
        # It answers, though it is no query.
        add("SCDP|SCREEN_DUMP", lambda: screen.bmp(screen.drawn(scope)))
        self._add_channels()
        self._add_time_and_trigger()
        self._add_waveform()

    def _set_heading(self, text: str) -> None:
        self._heading = choice(text, "OFF", "SHORT", "LONG")

    def _said(self, header: str, value: str, unit: str = "") -> str:
        """Return an answer with its header and unit, or the bare value, as was asked for."""
        return value if self._heading == "OFF" else f"{header} {value}{unit}"

    def _has_record(self) -> bool:
        return self.scope.record is not None and self.scope.state == "stopped"

    def _status(self) -> str:
        if self.scope.state == "stopped":
            return "Stop"
        if self.scope.state == "armed":
            return "Ready"
        self.scope.refresh()
        triggered = self.scope.record is not None and self.scope.record.is_triggered
        return "Trig'd" if triggered else "Auto"

    # ------------------------------------------------------------------------------------ settings

    def _value(
        self, header: str, owner: Callable[..., Any], name: str, unit: str, sign: float = 1.0
    ) -> None:
        """Add a setting that is an attribute of a thing."""
        short = header.partition("|")[0]

        def write(*values: Any) -> None:
            setattr(owner(*values[:-1]), name, sign * number(values[-1]))

        def ask(*numbers: int) -> str:
            said = short.replace("#", str(numbers[0])) if numbers else short
            return self._said(said, f"{sign * getattr(owner(*numbers), name):.4E}", unit)

        self.commands.add(header, write, ask)

    def _add_channels(self) -> None:
        channel, add = self.channel, self.commands.add

        def couple(index: int, text: str) -> None:
            if text.upper() not in _COUPLINGS:
                raise ScpiError(ILLEGAL_VALUE)
            channel(index).coupling = _COUPLINGS[text.upper()]

        def coupling(index: int) -> str:
            wanted = channel(index).coupling
            return self._said(f"C{index}:CPL", word_for(_COUPLINGS, wanted))

        def show(index: int, text: str) -> None:
            channel(index).on = switch(text)

        def limit(*texts: str) -> None:
            for name, text in zip(texts[::2], texts[1::2], strict=True):
                channel(self.channel_named(name, "C")).is_limited = switch(text)

        def on_off(value: bool) -> str:
            return "ON" if value else "OFF"

        self._value("C#:VDIV|VOLT_DIV", channel, "volts_a_division", "V")
        self._value("C#:OFST|OFFSET", channel, "centre_V", "V", -1.0)
        self._value("C#:ATTN|ATTENUATION", channel, "probe", "")
        add("C#:TRA|TRACE", show, lambda n: self._said(f"C{n}:TRA", on_off(channel(n).on)))
        add("C#:CPL|COUPLING", couple, coupling)
        add("BWL|BANDWIDTH_LIMIT", limit)
        add("C#:UNIT", lambda _n, _text: None, lambda n: self._said(f"C{n}:UNIT", "V"))

    def _add_time_and_trigger(self) -> None:
        scope, add = self.scope, self.commands.add

        def set_mode(text: str) -> None:
            mode = choice(text, "AUTO", "NORM", "SINGLE", "STOP")
            if mode == "STOP":
                scope.stop()
            elif mode == "SINGLE":
                scope.trigger.sweep = "single"
                scope.single()
            else:
                scope.trigger.sweep = "auto" if mode == "AUTO" else "normal"
                scope.run()

        def mode() -> str:
            if scope.state == "stopped":
                return self._said("TRMD", "STOP")
            return self._said(
                "TRMD", {"auto": "AUTO", "normal": "NORM", "single": "SINGLE"}[scope.trigger.sweep]
            )

        def select(kind: str, *pairs: str) -> None:
            if kind.upper() != "EDGE":
                raise ScpiError(ILLEGAL_VALUE)
            named = dict(zip(pairs[::2], pairs[1::2], strict=True))
            if "SR" in named:
                scope.trigger.source = self.channel_named(named["SR"], "C")

        def set_level(_source: int, text: str) -> None:
            scope.trigger.level_V = number(text)

        def set_slope(_source: int, text: str) -> None:
            scope.trigger.slope = _SLOPES[choice(text, *_SLOPES)]

        def slope(source: int) -> str:
            wanted = scope.trigger.slope
            return self._said(f"C{source}:TRSL", word_for(_SLOPES, wanted))

        self._value("TDIV|TIME_DIV", lambda: scope, "s_a_division", "S")
        self._value("TRDL|TRIG_DELAY", lambda: scope, "centre_s", "S")
        add("TRMD|TRIG_MODE", set_mode, mode)
        add(
            "TRSE|TRIG_SELECT",
            select,
            lambda: self._said("TRSE", f"EDGE,SR,C{scope.trigger.source},HT,OFF"),
        )
        add(
            "C#:TRLV|TRIG_LEVEL",
            set_level,
            lambda n: self._said(f"C{n}:TRLV", f"{scope.trigger.level_V:.4E}", "V"),
        )
        add("C#:TRSL|TRIG_SLOPE", set_slope, slope)
        add(
            "C#:TRCP|TRIG_COUPLING",
            lambda _n, _t: None,
            lambda n: self._said(f"C{n}:TRCP", "DC"),
        )

    # ------------------------------------------------------------------------------------ waveform

    def _add_waveform(self) -> None:
        scope, add = self.scope, self.commands.add

        def set_memory(text: str) -> None:
            scope.depth = self.chosen_depth(number(f"{text}pts"))

        def set_up(*pairs: str) -> None:
            named = dict(zip(pairs[::2], pairs[1::2], strict=True))
            self._spacing = int(number(named.get("SP", str(self._spacing))))
            self._points = int(number(named.get("NP", str(self._points))))
            self._first = int(number(named.get("FP", str(self._first))))

        def rate() -> str:
            span_s = scope.model.divisions * scope.s_a_division
            rate_Hz = min(scope.depth / span_s, scope.model.sample_rate_Hz)
            return self._said("SARA", f"{rate_Hz:.4E}", "Sa/s")

        add("MSIZ|MEMORY_SIZE", set_memory, lambda: self._said("MSIZ", _thousands(scope.depth)))
        add("WFSU|WAVEFORM_SETUP", set_up, self._set_up)
        add("SARA|SAMPLE_RATE", ask=rate)
        add("SANU|SAMPLE_NUM", ask=self._sample_count)
        add("C#:WF|WAVEFORM", ask=self._waveform)
        add("C#:PAVA|PARAMETER_VALUE", ask=self._parameter)

    def _set_up(self) -> str:
        said = f"SP,{self._spacing},NP,{self._points},FP,{self._first}"
        return self._said("WFSU", said)

    def _sample_count(self, source: str) -> str:
        record, _ = self.memory(self.channel_named(source, "C"))
        return self._said("SANU", f"{record.count:.4E}", "pts")

    def _waveform(self, index: int, what: str = "DAT2") -> bytes:
        """Answer with codes as signed bytes, every n-th where a spacing is set."""
        if what.upper() not in ("DAT2", "ALL"):
            raise ScpiError(ILLEGAL_VALUE)
        _, taken = self.memory(index)
        codes = taken.codes[self._first :: self._spacing or 1] - self.scope.model.middle
        codes = codes[: self._points or None]
        heading = "" if self._heading == "OFF" else f"C{index}:WF "
        return f"{heading}{what.upper()},".encode() + block(
            codes.astype(np.int8).tobytes(), 9
        ) + b"\n"  # fmt: skip

    def _parameter(self, index: int, name: str) -> str:
        wanted = choice(name, *_QUANTITIES)
        value = self.scope.measured(index, _QUANTITIES[wanted])
        is_time = wanted in ("RISE", "FALL", "PER")
        unit = "Hz" if wanted == "FREQ" else "S" if is_time else "V"
        text = "****" if value is None else f"{value:.4E}{unit}"
        return self._said(f"C{index}:PAVA", f"{wanted},{text}")


def _thousands(count: int) -> str:
    """Return a memory's size: ``7K``, ``7M``."""
    return f"{count // 1_000_000}M" if count >= 1_000_000 else f"{count // 1000}K"
