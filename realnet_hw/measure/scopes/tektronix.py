"""Tektronix TBS1000C/TBS2000 and 2 Series MSO: the same words, two meanings of the time axis.

A point's time is XZEro + XINcr * (n - PT_Off). On a TBS XZEro is the time of the first point and
PT_Off is not to be used; on an MSO XZEro is less than a sample and PT_Off is the trigger's point.
Who takes one for the other is off by as much as lies before the trigger.

Ref: Tektronix, TBS2000 Series Programmer Manual (XZEro: "time coordinate of the first point"); 2
     Series MSO Programmer Manual, WFMOutpre, as quoted in tm_devices' commands (PT_Off: "trigger
     point relative to DATa:START"). Not confirmed: HORizontal:POSition in percent on TBS, HARDCopy.
     Bounds of gain and offset are from memory of the data sheets.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from realnet_hw.errors import InputError
from realnet_hw.measure.scopes.answers import read_block, read_picture
from realnet_hw.measure.scopes.scope import Quantity, Scope, Specification, State, Waveform

_KINDS: dict[Quantity, str] = {
    "peak_to_peak": "PK2PK", "maximum": "MAXIMUM", "minimum": "MINIMUM", "mean": "MEAN",
    "rise_time": "RISETIME", "fall_time": "FALLTIME", "frequency": "FREQUENCY",
}  # fmt: skip
_TBS_KINDS = _KINDS | {
    "maximum": "MAXImum", "minimum": "MINImum", "rise_time": "RISe", "fall_time": "FALL",
}  # fmt: skip
_PICTURE = '"C:/realnet_hw.png"'


class Tektronix(Scope):
    """What both families have in common."""

    depth: ClassVar[int]
    width: ClassVar[int]
    shown: ClassVar[str]
    """What switches a channel on, but for its number and ``ON``."""

    def _set_up(self) -> None:
        super()._set_up()
        self.connection.tell("HEAD OFF")

    def channel(self, number: int, *, volts_a_division: float, centre_V: float) -> None:
        """See ``Scope``; its offset is the voltage in the middle where its position is 0."""
        self._check_number(number)
        self.connection.tell(f"CH{number}:COUP DC")
        self.connection.tell(f"CH{number}:SCA {volts_a_division:.6g}")
        self.connection.tell(f"CH{number}:POS 0")
        self.connection.tell(f"CH{number}:OFFS {centre_V:.6g}")
        self.connection.tell(f"{self.shown.format(number)} ON")

    def hide(self, number: int) -> None:
        """See ``Scope``."""
        self._check_number(number)
        self.connection.tell(f"{self.shown.format(number)} OFF")

    def timebase(self, *, s_a_division: float, centre_s: float) -> None:
        """See ``Scope``; the trigger must be on the screen.

        Raises:
            InputError: it is not.
        """
        span_s = self.specification.divisions * s_a_division
        percent = 50 - 100 * centre_s / span_s
        if not 0 <= percent <= 100:
            raise InputError(
                f"{centre_s:g} s in the middle of {span_s:g} s",
                where=self.connection.address,
                allowed=f"{-span_s / 2:g} to {span_s / 2:g} s",
            )
        self.connection.tell(f"HOR:RECO {self.depth}")
        self.connection.tell(f"HOR:SCA {s_a_division:.6g}")
        self.connection.tell("HOR:DEL:MOD OFF")
        self.connection.tell(f"HOR:POS {percent:.6g}")

    def trigger(self, number: int, *, level_V: float, rising: bool) -> None:
        """See ``Scope``."""
        self._check_number(number)
        self.connection.tell("TRIG:A:TYP EDGE")
        self.connection.tell(f"TRIG:A:EDGE:SOU CH{number}")
        self.connection.tell(f"TRIG:A:EDGE:SLO {'RIS' if rising else 'FALL'}")
        self.connection.tell(f"TRIG:A:LEV:CH{number} {level_V:.6g}")
        self.connection.tell("TRIG:A:MOD NORM")

    def _arm(self) -> None:
        self.connection.tell("ACQ:STOPA SEQ")
        self.connection.tell("ACQ:STATE RUN")

    def run(self) -> None:
        """See ``Scope``."""
        self.connection.tell("ACQ:STOPA RUNST")
        self.connection.tell("ACQ:STATE RUN")

    def stop(self) -> None:
        """See ``Scope``."""
        self.connection.tell("ACQ:STATE STOP")

    def state(self) -> State:
        """See ``Scope``; where it acquires, its trigger says what it waits for."""
        if self.connection.ask("ACQ:STATE?") in ("0", "STOP", "OFF"):
            return "stopped"
        waits = self.connection.ask("TRIG:STATE?").upper().startswith(("REA", "ARM"))
        return "armed" if waits else "running"

    def waveform(self, number: int) -> Waveform:
        """See ``Scope``: all of the memory."""
        self._check_number(number)
        line = self.connection
        line.tell(f"DAT:SOU CH{number}")
        line.tell("DAT:ENC SRI")
        line.tell(f"DAT:WID {self.width}")
        line.tell("DAT:STAR 1")
        line.tell(f"DAT:STOP {self.depth}")
        names = ("XIN", "XZE", "PT_O", "YMU", "YOF", "YZE", "NR_P")
        values = {name: line.ask_number(f"WFMO:{name}?") for name in names}
        data = line.ask_bytes("CURV?", read_block)
        codes = self._samples(data, f"<i{self.width}", values["NR_P"])
        step_V = self._step(values["YMU"], "WFMO:YMU?")
        top = 1 << (8 * self.width - 1)
        return Waveform(
            codes=codes,
            zero=values["YOF"] - values["YZE"] / step_V,
            step_V=step_V,
            start_s=self._start_s(values["XZE"], values["XIN"], values["PT_O"]),
            step_s=values["XIN"],
            limits=(-top, top - (1 << max(0, 8 * self.width - self.specification.bits))),
        )

    @staticmethod
    @abstractmethod
    def _start_s(zero_s: float, step_s: float, trigger_point: float) -> float:
        """Return the time of the first point."""

    def _next_error(self) -> str | None:
        # Events become readable when the status register is read.
        self.connection.ask("*ESR?")
        answer = self.connection.ask("EVM?")
        return None if answer.split(",")[0].strip() in ("0", "1") else answer


class Tbs(Tektronix):
    """TBS1000C, TBS2000."""

    pattern = r"TEKTRONIX,TBS(1\d+C|2\d+B?)"
    depth = 20_000
    width = 1
    shown = "SEL:CH{}"
    specification = Specification(
        channels=4,
        divisions=15,
        bits=8,
        gain_error=0.03,
        offset_error_div=0.1,
        offset_error_V=5e-3,
        clock_error=25e-6,
        source="TBS2000 data sheet, from memory",
    )

    def trigger(self, number: int, *, level_V: float, rising: bool) -> None:
        """See ``Scope``; there is one level for all channels."""
        super().trigger(number, level_V=level_V, rising=rising)
        self.connection.tell(f"TRIG:A:LEV {level_V:.6g}")

    @staticmethod
    def _start_s(zero_s: float, _step_s: float, _trigger_point: float) -> float:
        return zero_s

    def measure(self, number: int, quantity: Quantity) -> float | None:
        """See ``Scope``."""
        self._check_number(number)
        self.connection.tell(f"MEASU:IMM:SOU1 CH{number}")
        self.connection.tell(f"MEASU:IMM:TYP {_TBS_KINDS[quantity]}")
        return self._measured("MEASU:IMM:VAL?")

    def screenshot(self) -> bytes:
        """See ``Scope``; the command is no query and answers all the same."""
        self.connection.tell("HARDC:FORM BMP")
        return self.connection.ask_bytes("HARDC STAR", read_picture)


class Mso2(Tektronix):
    """The 2 Series MSO; those of series 4, 5 and 6 speak alike."""

    pattern = r"TEKTRONIX,MSO[2456]\d"
    depth = 10_000
    width = 2
    shown = "DIS:GLO:CH{}:STATE"
    specification = Specification(
        channels=4,
        divisions=10,
        bits=12,
        gain_error=0.03,
        offset_error_div=0.1,
        offset_error_V=5e-3,
        clock_error=25e-6,
        source="2 Series MSO data sheet, from memory",
    )

    @staticmethod
    def _start_s(zero_s: float, step_s: float, trigger_point: float) -> float:
        return zero_s - trigger_point * step_s

    def measure(self, number: int, quantity: Quantity) -> float | None:
        """See ``Scope``; takes the place of what was measured before."""
        self._check_number(number)
        self.connection.tell("MEASU:DELETEALL")
        self.connection.tell(f"MEASU:ADDMEAS {_KINDS[quantity]}")
        self.connection.tell(f"MEASU:MEAS1:SOU1 CH{number}")
        return self._measured("MEASU:MEAS1:RESU:CURR:MEAN?")

    def screenshot(self) -> bytes:
        """See ``Scope``: it is saved on the scope, read and deleted there."""
        self.connection.tell(f"SAV:IMAG {_PICTURE}")
        self.connection.ask("*OPC?")
        picture = self.connection.ask_bytes(f"FILES:READF {_PICTURE}", read_picture)
        self.connection.tell(f"FILES:DELE {_PICTURE}")
        return picture
