"""A multimeter of the virtual bench, and the lead that puts it and all senses on one terminal.

It is wrong, as every meter is: gain, offset and a bow of its nonlinearity are drawn so that their
sum keeps within what its specification promises, and it shows a limited number of digits.

Ref: SCPI-1999 volume 2 (CONFigure, READ?, MEASure?); Keysight, Truevolt Operating and Service
     Guide; RIGOL, DM3058/DM3068 Programming Guide (ranges by number, CMDSET), as public drivers use
     them.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from realnet_hw.emulate.fixture import VirtualFixture
from realnet_hw.emulate.front_end import INPUTS, MID_CHANNEL, OUTPUTS
from realnet_hw.emulate.plant import Cable
from realnet_hw.emulate.scopes.ports import Served
from realnet_hw.emulate.scopes.scpi import (
    ILLEGAL_VALUE,
    OUT_OF_RANGE,
    Commands,
    ScpiError,
    number,
    units,
)
from realnet_hw.emulate.wiring import Wiring

GROUND, REFERENCE = "GND", "REF"
_SOURCES = tuple(f"dac{index}" for index in range(OUTPUTS))
_BUS = "senses"
WIRES = Wiring(
    inputs=dict(enumerate(_SOURCES)),
    nodes={index: _BUS for index in range(INPUTS) if index != MID_CHANNEL},
    senses={},
)
"""Every source on a port of its name, all senses on one node."""

_OVERLOAD_V = 9.9e37
_OVER_RANGE = 1.2
_MAINS_Hz = 50
_GAIN_SHARE, _OFFSET_SHARE = 0.8, 0.5


class Leads(Cable):
    """In place of a board: a wire that joins all senses, and one lead from it to a terminal."""

    def __init__(self) -> None:
        super().__init__()
        self.to = GROUND
        self.reference_V = 0.0

    def read(self, node: str) -> float:
        """The voltage of the wire."""
        if node != _BUS:
            return super().read(node)
        if self.to == REFERENCE:
            return self.reference_V
        return super().read(self.to)


@dataclass(frozen=True)
class MeterErrors:
    """What is wrong with a meter: what it shows is ``v (1 + gain) + offset_V`` and a bow.

    Args:
        gain: relative.
        offset_V: at 0 V.
        bow_V: more at the ends of the range than in its middle.
        noise_V: rms, of a slow reading.
    """

    gain: float = 0.0
    offset_V: float = 0.0
    bow_V: float = 0.0
    noise_V: float = 0.0

    def shown(self, volts: float, range_V: float) -> float:
        """What it shows, before noise and rounding."""
        return volts * (1 + self.gain) + self.offset_V + self.bow_V * (volts / range_V) ** 2


def drawn_errors(seed: int, of_reading: float, of_range_V: float) -> MeterErrors:
    """Draw a meter that keeps its specification, mostly near the ends of it.

    Args:
        seed: of the draw.
        of_reading: as a fraction.
        of_range_V: what is added for the range, volts.
    """
    source = random.Random(f"meter {seed}")

    def far() -> float:
        return source.choice((-1, 1)) * source.uniform(0.5, 1.0)

    return MeterErrors(
        gain=far() * of_reading,
        offset_V=far() * _OFFSET_SHARE * of_range_V,
        bow_V=far() * (0.9 - _OFFSET_SHARE) * of_range_V,
        noise_V=0.02 * of_range_V,
    )


class Multimeter:
    """A multimeter that speaks one of the dialects.

    Args:
        fixture: that its leads are on.
        leads: where these are.
        errors: its own.
        dialect: a key of ``DIALECTS``.
        seed: of its noise.
        pace: waits for so many seconds: a slow reading takes its time.
    """

    def __init__(
        self,
        fixture: VirtualFixture,
        leads: Leads,
        errors: MeterErrors,
        *,
        dialect: str = "scpi",
        seed: int = 0,
        pace: Callable[[float], None] = time.sleep,
    ) -> None:
        self.errors = errors
        self._fixture, self._leads = fixture, leads
        self._pace = pace
        self._noise = random.Random(f"meter noise {seed}")
        self._turn = threading.Lock()
        self.range_V, self.cycles = 1000.0, 1.0
        identity, resolution, speak = DIALECTS[dialect]
        self._resolution = resolution
        self.commands = Commands()
        add = self.commands.add
        add("*IDN", ask=lambda: identity)
        add("*RST", self._reset)
        add("*CLS", self._clear)
        add("*OPC", lambda: None, lambda: "1")
        add("SYSTem:ERRor[:NEXT]", ask=self._next_error)
        # What hands do at a real bench.
        add("BENCh:LEAD", self._put, lambda: leads.to)
        speak(self)

    def volts(self) -> float:
        """Take a reading, volts."""
        self._pace(self.cycles / _MAINS_Hz)
        with self._fixture.held():
            volts = self._terminal_V()
        if abs(volts) > _OVER_RANGE * self.range_V:
            return _OVERLOAD_V
        shown = self.errors.shown(volts, self.range_V) + self._noise.gauss(0, self.errors.noise_V)
        step_V = self.range_V * self._resolution
        return round(shown / step_V) * step_V

    def _terminal_V(self) -> float:
        to = self._leads.to
        if to in _SOURCES:
            return self._fixture.terminal_V(_SOURCES.index(to))
        return self._leads.reference_V if to == REFERENCE else 0.0

    def execute(self, message: bytes) -> bytes:
        """Execute a message and return what answers it, with its end, or nothing."""
        answers, branch = [], ""
        with self._turn:
            for unit in units(message.decode("latin-1")):
                branch, answer = self.commands.execute(unit, branch)
                if isinstance(answer, str):
                    answers.append(answer)
        return ";".join(answers).encode("latin-1") + b"\n" if answers else b""

    def _put(self, to: str) -> None:
        places = {name.upper(): name for name in (*_SOURCES, GROUND, REFERENCE)}
        if to.upper() not in places:
            raise ScpiError(ILLEGAL_VALUE)
        with self._fixture.held():
            self._leads.to = places[to.upper()]

    def _reset(self) -> None:
        self.range_V, self.cycles = 1000.0, 1.0

    def _clear(self) -> None:
        self.commands.errors.clear()

    def _next_error(self) -> str:
        errors = self.commands.errors
        code, text = errors.popleft() if errors else (0, "No error")
        return f'{code:+d},"{text}"'


def _choose(meter: Multimeter, ranges_V: tuple[float, ...], text: str) -> None:
    """Take the smallest range that holds so many volts."""
    wanted = number(text)
    fitting = [each for each in ranges_V if each >= abs(wanted)]
    if not fitting:
        raise ScpiError(OUT_OF_RANGE)
    meter.range_V = fitting[0]


def _standard(ranges_V: tuple[float, ...]) -> Callable[[Multimeter], None]:
    """Return what adds the commands of SCPI-1999, for a meter with some ranges."""

    def speak(meter: Multimeter) -> None:
        def configure(range_text: str = "1000", _resolution: str = "") -> None:
            _choose(meter, ranges_V, range_text)

        def measure(range_text: str = "1000", _resolution: str = "") -> str:
            configure(range_text)
            return f"{meter.volts():+.8E}"

        def cycles(text: str) -> None:
            meter.cycles = number(text)

        add = meter.commands.add
        add("CONFigure[:VOLTage][:DC]", configure)
        add("READ", ask=lambda: f"{meter.volts():+.8E}")
        add("MEASure[:VOLTage][:DC]", ask=measure)
        for voltage in ("VOLTage[:DC]", "SENSe:VOLTage[:DC]"):
            add(f"{voltage}:RANGe", configure, lambda: f"{meter.range_V:+.8E}")
            add(f"{voltage}:NPLC", cycles, lambda: f"{meter.cycles:+.8E}")
        add("INPut:IMPedance:AUTO", lambda _state: None, lambda: "1")

    return speak


def _rigol(meter: Multimeter) -> None:
    """Add the commands of RIGOL's own set."""
    ranges_V = (0.2, 2.0, 20.0, 200.0, 1000.0)
    rates = {"S": 20.0, "M": 2.0, "F": 1.0}

    def choose(text: str) -> None:
        index = int(number(text))
        if not 0 <= index < len(ranges_V):
            raise ScpiError(OUT_OF_RANGE)
        meter.range_V = ranges_V[index]

    def rate(text: str) -> None:
        if text.upper() not in rates:
            raise ScpiError(ILLEGAL_VALUE)
        meter.cycles = rates[text.upper()]

    add = meter.commands.add
    add("CMDSET", lambda _name: None, lambda: "RIGOL")
    add("FUNCtion:VOLTage:DC", lambda: None)
    add("FUNCtion", ask=lambda: "DCV")
    add("MEASure", lambda _way: None)
    add("MEASure:VOLTage:DC", choose, lambda: f"{meter.volts():.8e}")
    add("MEASure:VOLTage:DC:RANGe", ask=lambda: str(ranges_V.index(meter.range_V)))
    add("RATE:VOLTage:DC", rate)


_TENS = (0.1, 1.0, 10.0, 100.0, 1000.0)
_TWENTIES = (0.2, 2.0, 20.0, 200.0, 1000.0)

DIALECTS: Mapping[str, tuple[str, float, Callable[[Multimeter], None]]] = {
    "typed": ("realnet_hw,handheld,0,1", 1e-5, _standard((5.0, 50.0, 500.0, 1000.0))),
    "scpi": ("realnet_hw,multimeter,0,1", 1e-6, _standard(_TENS)),
    "keysight_344xx": ("Keysight Technologies,34461A,MY00000000,1", 1e-6, _standard(_TENS)),
    "siglent_sdm3000": ("Siglent Technologies,SDM3065X,SDM00000000,1", 1e-6, _standard(_TWENTIES)),
    "rigol_dm3000": ("Rigol Technologies,DM3068,DM3O00000000,1", 1e-6, _rigol),
}
"""By driver: who it says that it is, its resolution as a share of the range, its commands."""


class ServedMeter(Served):
    """A multimeter that listens until it is closed."""

    def __init__(self, meter: Multimeter) -> None:
        super().__init__(meter.execute)
