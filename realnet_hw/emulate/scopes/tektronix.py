"""Tektronix: TBS1000C/TBS2000 and the 2 Series MSO, which share most words and not all meanings.

Where they differ: on a TBS ``XZEro`` is the time of the first point, ``PT_Off`` is 0 and ``YOFf``
is the position; on an MSO ``XZEro`` is the rest of a sample between the trigger and its
sample, which is ``PT_Off``, and ``YZEro`` is position and offset together.

Ref: Tektronix, TBS2000 Series Programmer Manual, table of waveform commands (read in part); TDS2000
     Series Programmer Manual, WFMPre:PT_Off (read); 2 Series MSO Programmer Manual, WFMOutpre, as
     quoted in tm_devices' commands. Not confirmed: HORizontal:POSition of the TBS, the bits of the
     MSO's converter (12 here, as in its high resolution).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np

from realnet_hw.emulate.scopes import screen
from realnet_hw.emulate.scopes.digitiser import Codes, Digitiser, Model, Record, Slope, Sweep, Taken
from realnet_hw.emulate.scopes.instrument import Instrument
from realnet_hw.emulate.scopes.scpi import (
    ILLEGAL_VALUE,
    OUT_OF_RANGE,
    Commands,
    ScpiError,
    block,
    choice,
    number,
    short_form,
    switch,
    word_for,
)

TBS2000 = Model(
    identity="TEKTRONIX,TBS2104B,C000001,CF:91.1CT FV:v1.27",
    channels=4,
    bits=8,
    codes_a_division=25,
    divisions=15,
    bandwidth_Hz=100e6,
    sample_rate_Hz=1e9,
    depths=(2_000, 20_000, 200_000, 2_000_000),
    gain_error=0.03,
)
MSO2 = Model(
    identity="TEKTRONIX,MSO24,C000001,CF:91.1CT FV:1.44.3.433",
    channels=4,
    bits=12,
    codes_a_division=400,
    divisions=10,
    bandwidth_Hz=100e6,
    sample_rate_Hz=1.25e9,
    depths=(1_000, 10_000, 100_000, 1_000_000, 10_000_000),
    gain_error=0.025,
)

_SLOPES: dict[str, Slope] = {"RISe": "rise", "FALL": "fall", "EITher": "either"}
_SWEEPS: dict[str, Sweep] = {"AUTO": "auto", "NORMal": "normal"}
_QUANTITIES = {
    "PK2Pk": "peak_to_peak", "MAXImum": "maximum", "MINImum": "minimum", "MEAN": "mean",
    "RMS": "rms", "HIGH": "top", "LOW": "base", "TOP": "top", "BASE": "base",
    "AMPlitude": "amplitude", "RISe": "rise_time", "RISETIME": "rise_time", "FALL": "fall_time",
    "FALLTIME": "fall_time", "PERIod": "period", "FREQuency": "frequency",
}  # fmt: skip
_NOTHING = "9.91E+37"
_ENCODINGS = ("ASCIi", "RIBinary", "RPBinary", "SRIbinary", "SRPbinary")
_NO_SOURCE = (2244, "Waveform requested is not turned on")


@dataclass(frozen=True)
class _Axes:
    """How a waveform's codes become volts and seconds."""

    first_s: float
    trigger_point: int
    step_V: float
    offset_codes: float
    zero_V: float


class Tektronix(Instrument, ABC):
    """What both families have; ``scope`` and ``hold`` as ``Instrument`` has them."""

    def __init__(self, scope: Digitiser, hold: Callable[[], AbstractContextManager[Any]]) -> None:
        super().__init__(scope, hold, Commands(between=True))
        add = self.commands.add
        add("HEADer", self._set_heading, lambda: str(int(self._headed)))
        self.kept("VERBose", "1")
        add("BUSY", ask=lambda: str(int(scope.state == "armed")))
        add("ALLEv", ask=self._all_events)
        add("EVMsg", ask=lambda: '{},"{}"'.format(*self._event()))
        add("EVENT", ask=lambda: str(self._event()[0]))
        add("EVQty", ask=lambda: str(len(self.commands.errors)))
        self._add_channels()
        self._add_time_and_trigger()
        self._add_acquiring()
        self._add_transfer()

    def _read_defaults(self) -> None:
        self._headed = False
        self._source, self._encoding, self._width = 1, "RIBinary", 1
        self._start, self._stop = 1, 10_000_000
        self._stops_after_one = False
        self._percent, self._delay_s, self._delayed = 50.0, 0.0, False
        self._positions = dict.fromkeys(self.scope.channels, 0.0)
        self._offsets_V = dict.fromkeys(self.scope.channels, 0.0)
        self._place()

    def _set_heading(self, text: str) -> None:
        self._headed = switch(text)

    def _event(self) -> tuple[int, str]:
        number_, text = self.next_error()
        return (abs(number_), text) if number_ else (0, "No events to report - queue empty")

    def _all_events(self) -> str:
        count = max(1, len(self.commands.errors))
        return ",".join('{},"{}"'.format(*self._event()) for _ in range(count))

    def _named(self, text: str) -> int:
        return self.channel_named(text, "CH")

    # ------------------------------------------------------------------------------------ settings

    def _add_channels(self) -> None:
        channel = self.channel

        def couple(index: int, text: str) -> None:
            channel(index).coupling = choice(text, "DC", "AC", "GND", "DCREJect")

        def limit(index: int, text: str) -> None:
            is_full = text.upper() in ("FUL", "FULL")
            channel(index).is_limited = not is_full and number(text) <= 20e6

        def set_scale(index: int, volts: float) -> None:
            channel(index).volts_a_division = volts
            self._place()

        def set_position(index: int, divisions: float) -> None:
            channel(index)
            self._positions[index] = divisions
            self._place()

        def set_offset(index: int, volts: float) -> None:
            channel(index)
            self._offsets_V[index] = volts
            self._place()

        self.figure("CH#:SCAle", lambda n: channel(n).volts_a_division, set_scale)
        self.figure("CH#:POSition", lambda n: self._positions[n], set_position)
        self.figure("CH#:OFFSet", lambda n: self._offsets_V[n], set_offset)
        self.commands.add("CH#:COUPling", couple, lambda n: channel(n).coupling)
        self.commands.add(
            "CH#:BANdwidth", limit, lambda n: "20.0E+6" if channel(n).is_limited else "FULL"
        )
        self.setting("CH#:PRObe:GAIN", channel, "probe")

    def _place(self) -> None:
        """Work out what the middle of the screen shows."""
        for index, channel in self.scope.channels.items():
            up_V = self._positions[index] * channel.volts_a_division
            channel.centre_V = self._offsets_V[index] - up_V
        span_s = self.scope.model.divisions * self.scope.s_a_division
        share = 0.5 if self._delayed else self._percent / 100
        self.scope.centre_s = span_s * (0.5 - share) + self._delay_s * self._delayed

    def _add_time_and_trigger(self) -> None:
        scope, add = self.scope, self.commands.add

        def set_scale(seconds: float) -> None:
            scope.s_a_division = seconds
            self._place()

        def set_percent(percent: float) -> None:
            if not 0 <= percent <= 100:
                raise ScpiError(OUT_OF_RANGE)
            self._percent = percent
            self._place()

        def set_delay(seconds: float) -> None:
            self._delay_s = seconds
            self._place()

        def set_delayed(text: str) -> None:
            self._delayed = switch(text)
            self._place()

        def set_length(value: float) -> None:
            scope.depth = self.chosen_depth(value)

        def set_source(text: str) -> None:
            scope.trigger.source = self._named(text)

        def set_slope(text: str) -> None:
            scope.trigger.slope = _SLOPES[choice(text, *_SLOPES)]

        def set_sweep(text: str) -> None:
            scope.trigger.sweep = _SWEEPS[choice(text, *_SWEEPS)]

        self.figure("HORizontal[:MAIn]:SCAle", lambda: scope.s_a_division, set_scale)
        self.figure("HORizontal[:MAIn]:POSition", lambda: self._percent, set_percent)
        self.figure("HORizontal[:MAIn]:DELay:TIMe", lambda: self._delay_s, set_delay)
        add("HORizontal[:MAIn]:DELay:MODe", set_delayed, lambda: str(int(self._delayed)))
        self.figure("HORizontal:RECOrdlength", lambda: scope.depth, set_length, "{:.0f}".format)
        add("HORizontal:SAMPLERate", ask=lambda: f"{1 / self._memory()[0].step_s:.6E}")
        self.kept("TRIGger:A:TYPe", "EDGE")
        self.kept("TRIGger:A:EDGE:COUPling", "DC")
        add("TRIGger:A:EDGE:SOUrce", set_source, lambda: f"CH{scope.trigger.source}")
        add(
            "TRIGger:A:EDGE:SLOpe",
            set_slope,
            lambda: word_for(_SLOPES, scope.trigger.slope).upper(),
        )
        self.setting("TRIGger:A:LEVel", lambda: scope.trigger, "level_V")
        self.setting("TRIGger:A:LEVel:CH#", lambda _n: scope.trigger, "level_V")
        add("TRIGger:A:MODe", set_sweep, lambda: word_for(_SWEEPS, scope.trigger.sweep).upper())
        add("TRIGger:STATE", ask=self._status)
        add("TRIGger", self._force)

    def _force(self, text: str) -> None:
        choice(text, "FORCe")
        self.scope.force()

    def _status(self) -> str:
        if self.scope.state == "stopped":
            return "SAVE"
        if self.scope.state == "armed":
            return "READY"
        self.scope.refresh()
        triggered = self.scope.record is not None and self.scope.record.is_triggered
        return "TRIGGER" if triggered else "AUTO"

    def _add_acquiring(self) -> None:
        add = self.commands.add

        def set_stop(text: str) -> None:
            self._stops_after_one = choice(text, "RUNSTop", "SEQuence") == "SEQuence"

        def set_state(text: str) -> None:
            if text.upper() not in ("ON", "RUN", "1"):
                self.scope.stop()
            elif self._stops_after_one:
                self.scope.single()
            else:
                self.scope.run()

        add(
            "ACQuire:STOPAfter",
            set_stop,
            lambda: "SEQUENCE" if self._stops_after_one else "RUNSTOP",
        )
        add("ACQuire:STATE", set_state, lambda: str(int(self.scope.state != "stopped")))
        add("ACQuire:NUMACq", ask=lambda: str(int(self.scope.record is not None)))
        self.kept("ACQuire:MODe", "SAMPLE")
        self.kept("ACQuire:NUMAVg", "16")

    # ------------------------------------------------------------------------------------ transfer

    def _memory(self) -> tuple[Record, Taken]:
        try:
            return self.memory(self._source)
        except ScpiError:
            raise ScpiError(_NO_SOURCE) from None

    def _add_transfer(self) -> None:
        add = self.commands.add

        def set_source(text: str) -> None:
            self._source = self._named(text)

        def set_encoding(text: str) -> None:
            found = [name for name in _ENCODINGS if name.upper().startswith(text.upper())]
            if len(found) != 1 or len(text) < 3:
                raise ScpiError(ILLEGAL_VALUE)
            self._encoding = found[0]

        def set_width(value: float) -> None:
            if value not in (1, 2):
                raise ScpiError(OUT_OF_RANGE)
            self._width = int(value)

        def set_start(value: float) -> None:
            self._start = max(1, round(value))

        def set_stop(value: float) -> None:
            self._stop = round(value)

        def available() -> str:
            shown = [n for n, one in self.scope.channels.items() if one.on]
            return ",".join(f"CH{n}" for n in shown) or "NONE"

        whole = "{:.0f}".format
        add("DATa:SOUrce", set_source, lambda: f"CH{self._source}")
        add("DATa:SOUrce:AVAILable", ask=available)
        add("DATa:ENCdg", set_encoding, lambda: f"{self._encoding.upper()}")
        self.figure("DATa:WIDth", lambda: self._width, set_width, whole)
        self.figure("WFMOutpre:BYT_Nr", lambda: self._width, set_width, whole)
        self.figure("DATa:STARt", lambda: self._start, set_start, whole)
        self.figure("DATa:STOP", lambda: self._stop, set_stop, whole)
        add("DATa", lambda _text: None)
        for name in ("WFMOutpre", "WFMPre"):
            add(name, ask=lambda: ";".join(self._preamble().values()))
            for field in self._fields:
                add(f"{name}:{field}", ask=lambda field=field: self._preamble()[field])
        add("CURVe", ask=self._curve)
        add(
            "WAVFrm",
            ask=lambda: ";".join(self._preamble().values()).encode() + b";" + self._curve(),
        )

    _fields = (
        "BIT_Nr", "ENCdg", "BN_Fmt", "BYT_Or", "NR_Pt", "WFId", "PT_Fmt", "XUNit", "XINcr",
        "XZEro", "PT_Off", "YUNit", "YMUlt", "YOFf", "YZEro",
    )  # fmt: skip

    def _sent(self, taken: Taken) -> Codes:
        """Return the codes that are asked for, signed, as wide as they are sent."""
        codes = taken.codes - self.scope.model.middle
        shift = 8 * self._width - self.scope.model.bits
        codes = codes << shift if shift >= 0 else codes >> -shift
        return codes[self._start - 1 : self._stop]

    @abstractmethod
    def _axes(self, record: Record, taken: Taken) -> _Axes:
        """Return how the codes of the source become volts and seconds."""

    def _step_V(self, taken: Taken) -> float:
        return float(taken.volts_a_code * 2.0 ** (self.scope.model.bits - 8 * self._width))

    def _preamble(self) -> dict[str, str]:
        record, taken = self._memory()
        axes, count = self._axes(record, taken), len(self._sent(taken))
        is_signed = self._encoding in ("RIBinary", "SRIbinary", "ASCIi")
        offset = axes.offset_codes + (0 if is_signed else 1 << (8 * self._width - 1))
        is_low_first = self._encoding.startswith("S")
        named = (
            f'"Ch{self._source}, DC coupling, {self.scope.s_a_division:.3E} s/div, {count} points"'
        )
        values = {
            "BIT_Nr": str(8 * self._width),
            "ENCdg": "ASCII" if self._encoding == "ASCIi" else "BINARY",
            "BN_Fmt": "RI" if is_signed else "RP",
            "BYT_Or": "LSB" if is_low_first else "MSB",
            "NR_Pt": str(count),
            "WFId": named,
            "PT_Fmt": "Y",
            "XUNit": '"s"',
            "XINcr": f"{record.step_s:.9E}",
            "XZEro": f"{axes.first_s:.9E}",
            "PT_Off": str(axes.trigger_point),
            "YUNit": '"V"',
            "YMUlt": f"{axes.step_V:.9E}",
            "YOFf": f"{offset:.9E}",
            "YZEro": f"{axes.zero_V:.9E}",
        }
        if not self._headed:
            return values
        return {key: f":WFMOUTPRE:{key.upper()} {value}" for key, value in values.items()}

    def _curve(self) -> bytes:
        _, taken = self._memory()
        codes = self._sent(taken)
        heading = b":CURVE " if self._headed else b""
        if self._encoding == "ASCIi":
            return heading + ",".join(map(str, codes.tolist())).encode()
        is_signed = self._encoding in ("RIBinary", "SRIbinary")
        sent = codes if is_signed else codes + (1 << (8 * self._width - 1))
        order = "<" if self._encoding.startswith("S") else ">"
        kind = np.dtype(f"{order}{'i' if is_signed else 'u'}{self._width}")
        return heading + block(sent.astype(kind).tobytes())

    def _measurement(self, index: int, kind: str) -> str:
        found = [name for name in _QUANTITIES if kind.upper() in (name.upper(), short_form(name))]
        if not found:
            raise ScpiError(ILLEGAL_VALUE)
        value = self.scope.measured(index, _QUANTITIES[found[0]])
        return _NOTHING if value is None else f"{value:.6E}"


class Tbs(Tektronix):
    """TBS1000C and TBS2000."""

    def __init__(self, scope: Digitiser, hold: Callable[[], AbstractContextManager[Any]]) -> None:
        super().__init__(scope, hold)
        self._measured, self._kind = 1, "PK2Pk"
        add = self.commands.add

        def set_measured(_one: int, text: str) -> None:
            self._measured = self._named(text)

        def set_kind(text: str) -> None:
            self._kind = text

        self.flag("SELect:CH#", self.channel, "on")
        add("MEASUrement:IMMed:SOUrce#", set_measured, lambda _one: f"CH{self._measured}")
        add("MEASUrement:IMMed:TYPe", set_kind, lambda: f"{self._kind.upper()}")
        add("MEASUrement:IMMed:VALue", ask=lambda: self._measurement(self._measured, self._kind))
        self.kept("HARDCopy:FORMat", "BMP")
        self.kept("HARDCopy:PORT", "USB")
        # The picture follows its command as if that were a query.
        add("HARDCopy", lambda _start: screen.bmp(screen.drawn(scope)))

    def _axes(self, record: Record, taken: Taken) -> _Axes:
        step_V = self._step_V(taken)
        zero_V = self._offsets_V[self._source]
        return _Axes(
            first_s=record.start_s + (self._start - 1) * record.step_s,
            trigger_point=0,
            step_V=step_V,
            offset_codes=(zero_V - taken.centre_V) / step_V,
            zero_V=zero_V,
        )


class Mso2(Tektronix):
    """The 2 Series MSO."""

    def __init__(self, scope: Digitiser, hold: Callable[[], AbstractContextManager[Any]]) -> None:
        super().__init__(scope, hold)
        self._measurements: dict[int, list[str]] = {}
        self._files: dict[str, bytes] = {}
        add = self.commands.add

        def add_measurement(kind: str) -> None:
            self._measurements[max(self._measurements, default=0) + 1] = [kind, "CH1"]

        def part(place: int) -> tuple[Callable[[int, str], None], Callable[[int], str]]:
            def write(index: int, text: str) -> None:
                self._measurements.setdefault(index, ["PK2PK", "CH1"])[place] = text

            return write, lambda index: self._one(index)[place].upper()

        def result(index: int) -> str:
            kind, source = self._one(index)
            return self._measurement(self._named(source), kind)

        self.flag("DISplay:GLObal:CH#:STATE", self.channel, "on")
        self.flag("SELect:CH#", self.channel, "on")
        add("MEASUrement:ADDMEAS", add_measurement)
        add("MEASUrement:DELETEALL", self._forget_measurements)
        add("MEASUrement:MEAS#:TYPe", *part(0))
        add("MEASUrement:MEAS#:SOUrce#", *_without_second(part(1)))
        add("MEASUrement:MEAS#:RESUlts:CURRentacq:MEAN", ask=result)
        add("SAVe:IMAGe", self._save)
        # It answers, though it is no query.
        add("FILESystem:READFile", self._read)
        add("FILESystem:DELEte", self._forget)

    def _forget_measurements(self) -> None:
        self._measurements.clear()

    def _one(self, index: int) -> list[str]:
        if index not in self._measurements:
            raise ScpiError(OUT_OF_RANGE)
        return self._measurements[index]

    def _save(self, name: str) -> None:
        self._files[name] = screen.png(screen.drawn(self.scope))

    def _forget(self, name: str) -> None:
        self._files.pop(name, None)

    def _read(self, name: str) -> bytes:
        if name not in self._files:
            raise ScpiError(ILLEGAL_VALUE)
        return self._files[name]

    def _axes(self, record: Record, taken: Taken) -> _Axes:
        point = round(-record.start_s / record.step_s)
        return _Axes(
            first_s=record.start_s + point * record.step_s,
            trigger_point=point - (self._start - 1),
            step_V=self._step_V(taken),
            offset_codes=0.0,
            zero_V=taken.centre_V,
        )


def _without_second(
    pair: tuple[Callable[[int, str], None], Callable[[int], str]],
) -> tuple[Callable[[int, int, str], None], Callable[[int, int], str]]:
    """Return what writes and reads a part whose header has a second number, which is always 1."""
    write, read = pair
    return lambda index, _one, text: write(index, text), lambda index, _one: read(index)
