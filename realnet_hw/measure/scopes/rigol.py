"""Rigol DS1000Z and DHO800/900.

Ref: RIGOL, MSO1000Z/DS1000Z Programming Guide, :WAVeform:PREamble? (page 2-226: XORigin is the
     start time of the data), and the commands as QCoDeS' Rigol_DS1074Z, ds1054z and
     labmcp-rigol-scope use them; RIGOL, DHO800/DHO900 Programming Guide, as labmcp-rigol-scope and
     pydho800 use it. Bounds of gain and offset are from memory of the data sheets.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from realnet_hw.measure.scopes.answers import read_block, read_picture
from realnet_hw.measure.scopes.scope import Quantity, Specification, State, Waveform
from realnet_hw.measure.scopes.tree import TreeScope

_ITEMS: dict[Quantity, str] = {
    "peak_to_peak": "VPP", "maximum": "VMAX", "minimum": "VMIN", "mean": "VAVG",
    "rise_time": "RTIM", "fall_time": "FTIM", "frequency": "FREQ",
}  # fmt: skip
_BYTE = "BYTE"


class Rigol(TreeScope):
    """What both families have in common."""

    offset_sign = -1
    depth: ClassVar[int]
    """Samples of the memory, which the channels that are on may share."""
    most: ClassVar[int]
    """Samples that one read of the memory gives."""
    format: ClassVar[str] = _BYTE

    def timebase(self, *, s_a_division: float, centre_s: float) -> None:
        """See ``Scope``. The memory's length can be set only while it runs."""
        self.connection.tell(":TIM:MODE MAIN")
        self.connection.tell(f":TIM:MAIN:SCAL {s_a_division:.6g}")
        self.connection.tell(f":TIM:MAIN:OFFS {centre_s:.6g}")
        self.connection.tell(":RUN")
        self.connection.tell(f":ACQ:MDEP {self._share()}")

    def _share(self) -> int:
        """Return how many samples each channel has."""
        return self.depth

    def state(self) -> State:
        """See ``Scope``."""
        answer = self.connection.ask(":TRIG:STAT?").upper()
        if answer == "STOP":
            return "stopped"
        return "armed" if answer == "WAIT" else "running"

    def waveform(self, number: int) -> Waveform:
        """See ``Scope``: the memory, read piece by piece; it must have stopped."""
        self._check_number(number)
        line = self.connection
        line.tell(f":WAV:SOUR CHAN{number}")
        line.tell(":WAV:MODE RAW")
        line.tell(f":WAV:FORM {self.format}")
        fields = self._preamble(":WAV:PRE?")
        count, step_s, start_s = round(fields[2]), fields[4], fields[5]
        step_V, origin, reference = fields[7:]
        kind = "u1" if self.format == _BYTE else "<u2"
        pieces = [np.zeros(0, np.int32)]
        for first in range(1, count + 1, self.most):
            last = min(first + self.most - 1, count)
            line.tell(f":WAV:STAR {first}")
            line.tell(f":WAV:STOP {last}")
            data = line.ask_bytes(":WAV:DATA?", read_block)
            pieces.append(self._samples(data, kind, last - first + 1))
        return Waveform(
            codes=np.concatenate(pieces),
            zero=origin + reference,
            step_V=step_V,
            # The reference is the index of the sample that the origin is the time of.
            start_s=start_s - fields[6] * step_s,
            step_s=step_s,
            # With 127 in the middle the upper end may be 254 or 255: the guide does not say.
            limits=(0, 254 if self.format == _BYTE else 65_520),
        )

    def measure(self, number: int, quantity: Quantity) -> float | None:
        """See ``Scope``."""
        self._check_number(number)
        return self._measured(f":MEAS:ITEM? {_ITEMS[quantity]},CHAN{number}")

    def screenshot(self) -> bytes:
        """See ``Scope``."""
        return self.connection.ask_bytes(":DISP:DATA? ON,OFF,PNG", read_picture)


class Ds1000z(Rigol):
    """DS1000Z, MSO1000Z."""

    pattern = r"RIGOL.*,(DS|MSO)1\d\d\d?Z"
    depth = 12_000
    most = 250_000
    specification = Specification(
        channels=4,
        divisions=12,
        bits=8,
        gain_error=0.04,
        offset_error_div=0.1,
        offset_error_V=2e-3,
        clock_error=25e-6,
        source="DS1000Z data sheet, from memory",
    )

    def _share(self) -> int:
        shown = sum(self.connection.ask(f":CHAN{n}:DISP?") == "1" for n in range(1, 5))
        return self.depth // (1 if shown < 2 else 2 if shown == 2 else 4)


class Dho800(Rigol):
    """DHO800, DHO900."""

    pattern = r"RIGOL.*,DHO[89]\d\d"
    depth = 10_000
    most = 1_000_000
    format = "WORD"
    specification = Specification(
        channels=4,
        divisions=10,
        bits=12,
        gain_error=0.02,
        offset_error_div=0.1,
        offset_error_V=2e-3,
        clock_error=25e-6,
        source="DHO800 data sheet, from memory",
    )
