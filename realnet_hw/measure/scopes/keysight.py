"""Keysight InfiniiVision 1000 X-Series.

Ref: Keysight, InfiniiVision X-Series Programmer's Guide, :WAVeform:PREamble (X origin is the time
     of the first point, X reference 0), and the commands as PyMeasure's DSOX1102G and keyoscacquire
     use them. Bounds of gain and offset are from memory of the data sheet.
"""

from __future__ import annotations

from realnet_hw.measure.scopes.answers import read_block, read_picture
from realnet_hw.measure.scopes.scope import Quantity, Specification, State, Waveform
from realnet_hw.measure.scopes.tree import TreeScope

_MEASURES: dict[Quantity, str] = {
    "peak_to_peak": "VPP", "maximum": "VMAX", "minimum": "VMIN", "mean": "VAV",
    "rise_time": "RIS", "fall_time": "FALL", "frequency": "FREQ",
}  # fmt: skip
_RUNNING = 1 << 3
_POINTS = 10_000


class Keysight1000x(TreeScope):
    """DSOX1000, EDUX1000 and their kin."""

    offset_sign = 1
    pattern = r"(KEYSIGHT|AGILENT).*,(DSO|EDU|MSO)-?X *\d{4}"
    specification = Specification(
        channels=4,
        divisions=10,
        bits=8,
        gain_error=0.04,
        offset_error_div=0.1,
        offset_error_V=2e-3,
        clock_error=50e-6,
        source="InfiniiVision 1000 X-Series data sheet, from memory",
    )

    def timebase(self, *, s_a_division: float, centre_s: float) -> None:
        """See ``Scope``."""
        self.connection.tell(":TIM:MODE MAIN")
        self.connection.tell(":TIM:REF CENT")
        self.connection.tell(f":TIM:SCAL {s_a_division:.6g}")
        self.connection.tell(f":TIM:POS {centre_s:.6g}")

    def state(self) -> State:
        """See ``Scope``; it does not tell waiting from running."""
        condition = int(self.connection.ask_number(":OPER:COND?"))
        return "armed" if condition & _RUNNING else "stopped"

    def waveform(self, number: int) -> Waveform:
        """See ``Scope``."""
        self._check_number(number)
        line = self.connection
        line.tell(f":WAV:SOUR CHAN{number}")
        line.tell(":WAV:FORM WORD")
        line.tell(":WAV:BYT LSBF")
        line.tell(":WAV:UNS 1")
        line.tell(":WAV:POIN:MODE RAW")
        line.tell(f":WAV:POIN {_POINTS}")
        fields = self._preamble(":WAV:PRE?")
        codes = self._samples(line.ask_bytes(":WAV:DATA?", read_block), "<u2", fields[2])
        step_s, origin_s, x_reference = fields[4:7]
        step_V, origin_V, y_reference = fields[7:]
        return Waveform(
            codes=codes,
            zero=y_reference - origin_V / self._step(step_V, ":WAV:PRE?"),
            step_V=step_V,
            start_s=origin_s - x_reference * step_s,
            step_s=step_s,
            limits=(0, 0xFF00),
        )

    def measure(self, number: int, quantity: Quantity) -> float | None:
        """See ``Scope``."""
        self._check_number(number)
        return self._measured(f":MEAS:{_MEASURES[quantity]}? CHAN{number}")

    def screenshot(self) -> bytes:
        """See ``Scope``."""
        return self.connection.ask_bytes(":DISP:DATA? PNG,COL", read_picture)
