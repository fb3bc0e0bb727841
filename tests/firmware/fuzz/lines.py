"""Lines for the firmware that nobody should send: grammar first, then what noise makes of it.

Half of them are commands with parameters that fit, so that the firmware gets into every state that
it has; the rest have parameters at and beyond their edges, or bytes changed, lost or doubled.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Draw = random.Random
Kind = Callable[[Draw], str]

EDGES = (
    *("0", "-0", "+0", "-0.0", "0e999", "1e400", "-1e400", "1e-400", "4.9e-324", "2.2e-308"),
    *(
        "NaN",
        "INF",
        "-INF",
        "MIN",
        "MAX",
        "DEF",
        "0x10",
        "#H1",
        "1_0",
        "1e",
        "1e+",
        ".",
        "-",
        "+.5",
    ),
    *(
        "5.",
        "..5",
        "1.2.3",
        "1 2",
        "--1",
        "1V",
        "5 mV",
        "ON",
        "OFF",
        "''",
        '"',
        "'a",
        '"2026-13-40"',
    ),
    *(
        "2147483647",
        "2147483648",
        "-2147483649",
        "4294967297",
        "65535",
        "65536",
        "255",
        "256",
        "-1",
    ),
    *(
        "10.24",
        "10.2400005",
        "10.2400004",
        "-10.24",
        "-10.2400005",
        "99999",
        "9" * 30,
        "1e9",
        "1e10",
    ),
    *(
        "0." + "0" * 40 + "1",
        "1" + "0" * 40 + "e-40",
        "0.0000005",
        "0.00000049",
        "1e0000000001",
        "",
    ),
)
"""Numbers and words at the edges of what a parameter may be, and beyond."""


def whole(low: int, high: int) -> Kind:
    """An integer of a range, its ends more often than the rest."""
    return lambda draw: str(
        draw.choice((low, high, draw.randint(low, high), draw.randint(low, high)))
    )


def volts(low: float, high: float) -> Kind:
    """A voltage in or near a range, to a digit beyond the microvolt."""

    def drawn(draw: Draw) -> str:
        edge = draw.choice((low, high))
        aside = draw.choice((-1, 1)) * draw.choice((4e-7, 6e-7, 1e-6, 2.5e-3, 5e-3))
        if draw.random() < 0.5:
            return f"{draw.uniform(low, high) / 10:.3f}"
        return draw.choice(
            (
                f"{draw.uniform(low, high):.{draw.randint(0, 7)}f}",
                f"{draw.uniform(low, high):.3e}",
                f"{edge:g}",
                f"{edge + aside:.7f}",
            )
        )

    return drawn


def one_of(*words: str) -> Kind:
    """One of some words."""
    return lambda draw: draw.choice(words)


_SOURCE = volts(-10.24, 10.24)
_FLAG = one_of("ON", "OFF", "1", "0", "on")
_BYTE = whole(0, 255)
_AVERAGE = one_of("1", "2", "4", "64")
_SETTLE_us = one_of("0", "10", "100", "1000")
_READ_us = one_of("100", "120", "1000", "4000")
_ONE_CHANNEL = one_of("1", "2", "64", "128")
_POINTS = one_of("2", "3", "9", "40", "9", "3", "2", "10000")
_FIRING_us = one_of("50", "51", "100", "300", "1000")

PARAMETERS: Mapping[str, Sequence[Kind]] = {
    "*IDN": (),
    "*RST": (),
    "*CLS": (),
    "*ESR": (),
    "*ESE": (_BYTE,),
    "*SRE": (_BYTE,),
    "*STB": (),
    "*OPC": (),
    "*WAI": (),
    "*TST": (),
    "SYSTem:ERRor": (),
    "SYSTem:ERRor:NEXT": (),
    "SYSTem:ERRor:COUNt": (),
    "SYSTem:VERSion": (),
    "SYSTem:HEARtbeat": (one_of("0", "0.05", "0.1", "1", "60"),),
    "SYSTem:RESet:CAUSe": (),
    "SYSTem:UPTime": (),
    "SOURce#:VOLTage": (_SOURCE,),
    "SOURce#:VOLTage:LIMit": (volts(-10.24, 0), volts(0, 10.24)),
    "SOURce:VOLTage:ALL": (_SOURCE,) * 6,
    "OUTPut": (_FLAG,),
    "OUTPut:STATe": (_FLAG,),
    "MEASure#:VOLTage": (),
    "MEASure:VOLTage:ALL": (),
    "MEASure#:RAW": (),
    "SENSe:AVERage": (_AVERAGE,),
    "SENSe:SWEep": (whole(1, 6), _SOURCE, _SOURCE, _POINTS, _SETTLE_us, _AVERAGE, _BYTE),
    "SENSe:FIRE": (
        *(one_of("0", "50", "200"), _FIRING_us, _FIRING_us, one_of("100", "2000", "5000")),
        *(whole(0, 8), _BYTE),
    ),
    "DIGital:PATTern": (whole(0, 65535),),
    "DIGital:PULSe": (whole(0, 65535), whole(1, 2000)),
    "ARRay": (_FLAG,),
    "ARRay:STATe": (_FLAG,),
    "ARRay:SIZE": (whole(1, 16), whole(1, 63)),
    "ARRay:PULSe": (whole(5, 100),),
    "ARRay:STORe": (whole(1, 3), _SOURCE, _SOURCE),
    "ARRay:PATTern#": (_SOURCE,) * 4,
    "ARRay:TARGet#": (_SOURCE,),
    "ARRay:PRESent": (whole(1, 8), whole(1, 3), _SETTLE_us, _AVERAGE, _BYTE),
    "ARRay:NUDGe": (
        *(whole(1, 6), whole(1, 6), whole(1, 8), whole(1, 8)),
        *(volts(0, 2), volts(0, 10.24)),
    ),
    "ARRay:PRESent:NUDGed": (whole(1, 8), whole(1, 3), _SETTLE_us, _AVERAGE, _BYTE),
    "CALibration:SOURce#": (whole(-10000, 10000), volts(-0.05, 0.05)),
    "CALibration:SENSe#": (whole(-10000, 10000), volts(-0.05, 0.05)),
    "CALibration:DATE": (one_of('"2026-03-31"', "'2026-01-01'"),),
    "CALibration:STORe": (),
    "CALibration:CLEar": (),
    "CALibration:VALid": (),
}
"""Every header of the firmware's table, with what its parameters may be."""

_RARE = {"CALibration:STORe": 0.02, "*RST": 0.2, "SYSTem:HEARtbeat": 0.3}
"""Share in which a header is taken when it is drawn: what takes long, or ends what was going on."""


def headers_of(source: Path) -> list[str]:
    """The headers of the firmware's own table."""
    text = (source / "commands.c").read_text("utf-8")
    return re.findall(r'\{"([^"]+)", \w+, \w+, \w+\}', text)


@dataclass(frozen=True)
class Sent:
    """What goes down the line at once.

    Args:
        data: its bytes.
        stop_bits: False where none of them has one, as from a line at another rate.
        ends: whether the firmware has no line begun after it.
    """

    data: bytes
    stop_bits: bool = True
    ends: bool = True


class Lines:
    """An endless source of lines.

    Args:
        seed: the same lines come from the same seed.
        without: words that no line may hold, in any case.
    """

    def __init__(self, seed: str, without: Sequence[str] = ()) -> None:
        self._draw = Draw(seed)
        self._without = [word.encode() for word in without]
        self._before: list[bytes] = [b"OUTP ON", b"SOUR1:VOLT 1"]
        self._begun = b""

    def next(self) -> Sent:
        """The next line, or what came of it on its way."""
        while True:
            sent = self._sent()
            whole_line = (self._begun + sent.data).upper()
            if not any(word in whole_line for word in self._without):
                break
        self._begun = b"" if sent.ends else self._begun + sent.data
        return sent

    def _sent(self) -> Sent:
        draw = self._draw
        line = self._line()
        kind = draw.random()
        if kind < 0.92:
            return Sent(line + draw.choice((b"\n", b"\n", b"\n", b"\r\n")))
        if kind < 0.94:
            cut = draw.randrange(len(line) + 1)
            return Sent(line[:cut] + b"\x03" + line[cut:] + b"\n")
        if kind < 0.96:
            return Sent(line[: draw.randrange(len(line) + 1)].replace(b"\n", b""), ends=False)
        if kind < 0.97:
            return Sent(
                b"\n".join([line, *(self._line() for _ in range(draw.randrange(2, 9)))]) + b"\n"
            )
        if kind < 0.98:
            return Sent(line[:20] + b"\n", stop_bits=False, ends=False)
        if kind < 0.99:
            return Sent(draw.randbytes(draw.randrange(300)).replace(b"\n", b"") + b"\n")
        return Sent((line * 12)[: draw.randrange(200, 400)].replace(b"\n", b"") + b"\n")

    def _line(self) -> bytes:
        draw = self._draw
        again = draw.random() < 0.1
        line = draw.choice(self._before) if again else self._units().encode("latin-1")
        if draw.random() < 0.25:
            for _ in range(draw.choice((1, 1, 2, 5))):
                line = self._changed(line)
        line = line.replace(b"\n", b";")
        if len(self._before) < 200:
            self._before.append(line)
        else:
            self._before[draw.randrange(200)] = line
        return line

    def _units(self) -> str:
        draw = self._draw
        if draw.random() < 0.12:
            scene, kinds = draw.choice(SCENES)
            return scene.format(*(kind(draw) for kind in kinds))
        units = [self._unit() for _ in range(draw.choice((1, 1, 1, 1, 2, 2, 4)))]
        if draw.random() < 0.15:
            units.insert(0, "OUTP ON")
        text = units[0]
        for unit in units[1:]:
            text += draw.choice((";:",) * 9 + (";", " ; :")) + unit
        return text.replace(":*", "*")

    def _unit(self) -> str:
        draw = self._draw
        header = draw.choice(list(PARAMETERS))
        while draw.random() > _RARE.get(header, 1.0):
            header = draw.choice(list(PARAMETERS))
        name = re.sub("[a-z]", "", header) if draw.random() < 0.7 else header
        name = name.replace("#", draw.choice(("", *"1234561234567890")))
        kinds = PARAMETERS[header]
        asks = header not in _NOT_ASKED and (not kinds or draw.random() < 0.3)
        if draw.random() < 0.02:
            asks = not asks
        if asks and header not in _QUERIES:
            return name + "?"
        values = [kind(draw) for kind in kinds]
        if values and draw.random() < 0.15:
            values[draw.randrange(len(values))] = draw.choice(EDGES)
        if draw.random() < 0.05:
            values = [*values, draw.choice(EDGES)] if draw.random() < 0.5 else values[:-1]
        mark = "?" if header in _QUERIES else ""
        return f"{name}{mark} {draw.choice((',', ',', ' , ')).join(values)}".rstrip()

    def _changed(self, line: bytes) -> bytes:
        draw = self._draw
        at = draw.randrange(len(line) + 1)
        kind = draw.randrange(7)
        if kind == 0:
            return line[:at] + bytes([draw.randrange(256)]) + line[at:]
        if kind == 1:
            return line[:at] + line[at + draw.randrange(1, 4) :]
        if kind == 2 and line:
            at = draw.randrange(len(line))
            return line[:at] + bytes([line[at] ^ 1 << draw.randrange(8)]) + line[at + 1 :]
        if kind == 3:
            other = draw.choice(self._before)
            return line[:at] + other[draw.randrange(len(other) + 1) :]
        if kind == 4:
            return line[:at] + draw.choice(EDGES).encode() + line[at:]
        if kind == 5:
            end = at + draw.randrange(1, 20)
            return line[:end] + line[at:end] * draw.choice((1, 2, 8)) + line[end:]
        return (
            line[:at]
            + draw.choice((b" ", b"\t", b",", b";", b":", b"?", b"*", b'"', b"#"))
            + line[at:]
        )


def _small(most_V: float) -> Kind:
    return lambda draw: f"{draw.uniform(-most_V, most_V):.4f}"


_NEAR = _small(0.3)
_CHANNELS_1_TO_4 = one_of("15", "31", "255")
_NUDGE = (
    "OUTP ON;:ARR:SIZE 2,48;PATT1 {},{},0,0;TARG1 {};NUDG 1,2,{},{},{},{};"
    ":ARR:PRES:NUDG? 1,{},{},{},{}"
)
SCENES: Sequence[tuple[str, Sequence[Kind]]] = (
    # A sweep whose one reading a point needs no time.
    ("OUTP ON;:SENS:SWE? {},{},{},{},0,1,{}", (whole(1, 6), _NEAR, _NEAR, _POINTS, _ONE_CHANNEL)),
    # Weights that are refreshed, and changed meanwhile.
    (
        "ARR OFF;:ARR:SIZE {},48;STOR 1,{},{};:OUTP ON;:ARR ON;:ARR:STOR 1,{},{};:MEAS:VOLT:ALL?",
        (whole(1, 4), _NEAR, _NEAR, _SOURCE, _NEAR),
    ),
    # Limits and corrections changed, and sources set, while weights are refreshed.
    (
        "OUTP ON;:ARR ON;:SOUR5:VOLT {};:SOUR1:VOLT {};:CAL:SOUR5 {},{};:SOUR5:VOLT:LIM {},{}",
        (_SOURCE, _NEAR, whole(-9999, 9999), _small(0.05), volts(-10.24, 0), volts(0, 10.24)),
    ),
    # Two sources pushed by what two senses show.
    (
        _NUDGE,
        (
            *(_NEAR, _NEAR, _small(9), whole(1, 4), whole(1, 4)),
            *(
                one_of("0", "0.3", "2"),
                one_of("0.1", "0.7", "10.24"),
                whole(1, 2),
                _SETTLE_us,
                _AVERAGE,
                _CHANNELS_1_TO_4,
            ),
        ),
    ),
    ("ARR:PATT{} {},{},{},{};:OUTP ON;:ARR:PRES? 1,8,0,1,{}", (whole(1, 8), *(_NEAR,) * 4, _BYTE)),
    # A firing that waits for a pulse, with a pattern on the lines.
    ("DIG:PATT {};:OUTP ON;:SENS:FIRE? 50,60,70,{},{},3", (whole(0, 9), _READ_us, whole(1, 8))),
    # A record for the EEPROM.
    ("CAL:SENS1 {},{};DATE '2026-03-31';VAL?", (whole(-9999, 9999), _small(0.05))),
)
"""Lines of several commands that lead to what single ones seldom reach, with their parameters."""

_NOT_ASKED = {
    *("*RST", "*CLS", "*OPC", "*WAI", "CALibration:STORe", "CALibration:CLEar"),
    *("DIGital:PULSe", "ARRay:STORe"),
}
"""Headers that are commands, not questions."""

_QUERIES = {"SENSe:SWEep", "SENSe:FIRE", "ARRay:PRESent", "ARRay:PRESent:NUDGed"}
"""Headers whose parameters go with the query."""
