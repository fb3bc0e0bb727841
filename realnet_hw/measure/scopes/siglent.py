"""Siglent SDS1000X-E.

Ref: SIGLENT, Digital Oscilloscopes Series Programming Guide, pages 142 and 143: volts = code *
     (vdiv / 25) - offset with codes as signed bytes (the guide takes 255 from those above 127,
     which is one code off; 256 is right for signed bytes), the first sample at trdl - 7 tdiv. The
     other commands as siglent-oscilloscope and PyMeasure's SDS1000 drivers use them. Bounds of gain
     and offset are from memory of the data sheet.
"""

from __future__ import annotations

import numpy as np

from realnet_hw.errors import BenchError
from realnet_hw.measure.scopes.answers import read_block, read_picture
from realnet_hw.measure.scopes.scope import Quantity, Scope, Specification, State, Waveform

_PARAMETERS: dict[Quantity, str] = {
    "peak_to_peak": "PKPK", "maximum": "MAX", "minimum": "MIN", "mean": "MEAN",
    "rise_time": "RISE", "fall_time": "FALL", "frequency": "FREQ",
}  # fmt: skip
_CODES_A_DIVISION = 25
_UNITS = {"K": 1e3, "M": 1e6, "G": 1e9}


class Sds1000xe(Scope):
    """SDS1000X-E and X-C, two and four channels."""

    pattern = r"Siglent.*,SDS1\d\d\dX-[EC]"
    specification = Specification(
        channels=4,
        divisions=14,
        bits=8,
        gain_error=0.03,
        offset_error_div=0.1,
        offset_error_V=1e-3,
        clock_error=25e-6,
        source="SDS1000X-E data sheet, from memory",
    )

    def _set_up(self) -> None:
        super()._set_up()
        self.connection.tell("CHDR OFF")
        self.connection.tell("WFSU SP,1,NP,0,FP,0")

    def channel(self, number: int, *, volts_a_division: float, centre_V: float) -> None:
        """See ``Scope``; what is added to the signal is the negative of what is in the middle."""
        self._check_number(number)
        self.connection.tell(f"C{number}:CPL D1M")
        self.connection.tell(f"C{number}:VDIV {volts_a_division:.6g}V")
        self.connection.tell(f"C{number}:OFST {-centre_V:.6g}V")
        self.connection.tell(f"C{number}:TRA ON")

    def hide(self, number: int) -> None:
        """See ``Scope``."""
        self._check_number(number)
        self.connection.tell(f"C{number}:TRA OFF")

    def timebase(self, *, s_a_division: float, centre_s: float) -> None:
        """See ``Scope``."""
        self.connection.tell("MSIZ 7K")
        self.connection.tell(f"TDIV {s_a_division:.6g}S")
        self.connection.tell(f"TRDL {centre_s:.6g}S")

    def trigger(self, number: int, *, level_V: float, rising: bool) -> None:
        """See ``Scope``."""
        self._check_number(number)
        self.connection.tell(f"TRSE EDGE,SR,C{number},HT,OFF")
        self.connection.tell(f"C{number}:TRSL {'POS' if rising else 'NEG'}")
        self.connection.tell(f"C{number}:TRLV {level_V:.6g}V")
        self.connection.tell("TRMD NORM")

    def _arm(self) -> None:
        self.connection.tell("TRMD SINGLE")

    def run(self) -> None:
        """See ``Scope``."""
        self.connection.tell("TRMD NORM")

    def stop(self) -> None:
        """See ``Scope``."""
        self.connection.tell("STOP")

    def state(self) -> State:
        """See ``Scope``."""
        answer = self.connection.ask("SAST?").split()[-1].lower()
        if answer == "stop":
            return "stopped"
        return "armed" if answer in ("ready", "arm") else "running"

    def waveform(self, number: int) -> Waveform:
        """See ``Scope``."""
        self._check_number(number)
        line = self.connection
        volts_a_division = line.ask_number(f"C{number}:VDIV?")
        offset_V = line.ask_number(f"C{number}:OFST?")
        s_a_division, centre_s = line.ask_number("TDIV?"), line.ask_number("TRDL?")
        rate_Hz = _rate_Hz(line.ask("SARA?"), line.address)
        data = line.ask_bytes(f"C{number}:WF? DAT2", read_block)
        step_V = self._step(volts_a_division, f"C{number}:VDIV?") / _CODES_A_DIVISION
        return Waveform(
            codes=np.frombuffer(data, np.int8).astype(np.int32),
            zero=offset_V / step_V,
            step_V=step_V,
            start_s=centre_s - s_a_division * self.specification.divisions / 2,
            step_s=1 / rate_Hz,
            limits=(-128, 127),
        )

    def measure(self, number: int, quantity: Quantity) -> float | None:
        """See ``Scope``."""
        self._check_number(number)
        answer = self.connection.ask(f"C{number}:PAVA? {_PARAMETERS[quantity]}")
        text = answer.rpartition(",")[2].strip().rstrip("VSHz")
        try:
            return float(text)
        except ValueError:
            return None  # asterisks

    def screenshot(self) -> bytes:
        """See ``Scope``; the command is no query and answers all the same."""
        return self.connection.ask_bytes("SCDP", read_picture)

    def _next_error(self) -> str | None:
        return self._numbered_error("SYST:ERR?")


def _rate_Hz(answer: str, address: str) -> float:
    """Read a sample rate: ``1.00GSa/s``, ``5.00E+08``.

    Raises:
        BenchError: it is none.
    """
    text = answer.rsplit(maxsplit=1)[-1].removesuffix("Sa/s") if answer.split() else ""
    unit = _UNITS.get(text[-1:].upper(), 1.0)
    try:
        rate_Hz = float(text[:-1] if text[-1:].upper() in _UNITS else text) * unit
    except ValueError:
        rate_Hz = 0.0
    if not 0 < rate_Hz < float("inf"):
        raise BenchError(f"{answer[:40]!r} is no sample rate", where=f"{address}: SARA?")
    return rate_Hz
