"""What reads what others wrote: it takes any bytes, or refuses them with the project's own errors.

Where instruments answer, the bytes are all that the line gives, one answer after the other; then it
is silent. The drivers, and the reading of lines and blocks, are the real ones.
"""

from __future__ import annotations

import binascii
import contextlib
import json
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest import mock

import msgspec
import numpy as np

from realnet_hw import records, units
from realnet_hw.errors import RealnetError
from realnet_hw.measure import journal
from realnet_hw.measure import station as stations
from realnet_hw.measure.calibration.meters import Keysight344xx, RigolDm3000
from realnet_hw.measure.dialogue import Dialogue
from realnet_hw.measure.link import Link
from realnet_hw.measure.scopes.answers import read_picture
from realnet_hw.measure.scopes.connection import Connection
from realnet_hw.measure.scopes.drivers import DRIVERS
from realnet_hw.measure.sweep import sweep_codes
from realnet_hw.network import json_file, safetensors_file
from tests.journals import HEADER

ROOT = Path(__file__).parents[2]


class Tape:
    """What a line gives: bytes, then silence."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def exactly(self, count: int) -> bytes:
        """So many bytes."""
        if count > len(self._data) - self._at:
            raise _silence()
        self._at += count
        return self._data[self._at - count : self._at]

    def line(self) -> bytes:
        """A line with its end."""
        end = self._data.find(b"\n", self._at)
        if end < 0:
            raise _silence()
        return self.exactly(end + 1 - self._at)


def _silence() -> Exception:
    import pyvisa

    return pyvisa.VisaIOError(pyvisa.constants.StatusCode.error_timeout)


class _Port:
    """What pyvisa gives for a serial port, as far as ``Link`` uses it."""

    timeout = 2000.0
    bytes_in_buffer = 0

    def __init__(self, tape: Tape) -> None:
        self.read_raw, self.read_bytes = tape.line, tape.exactly

    def write(self, line: str) -> None:
        """Nobody listens."""

    write_raw = flush = write


class _TapeLink(Link):
    def __init__(self, data: bytes) -> None:
        self.address = "ASRL/tape::INSTR"
        self._resource = _Port(Tape(data))

    def clear(self, *, quiet_s: float = 0.05, limit_s: float = 2.0) -> None:
        """Silence needs no waiting here."""


class _TapeConnection(Connection):
    """A connection whose other end is a tape."""

    def __init__(self, data: bytes) -> None:
        self._tape = Tape(data)
        super().__init__("TCPIP::tape::1::SOCKET")

    def _open(self) -> None:
        self._resource = mock.create_autospec(spec=object, instance=True)
        self._resource.write = self._resource.close = lambda *_: None

    def _line(self) -> bytes:
        return self._tape.line()

    def _exactly(self, count: int) -> bytes:
        return self._tape.exactly(count)


# ------------------------------------------------------------------------------------ the targets


def fixture(data: bytes) -> None:
    """Readings, errors and a sweep of a fixture."""
    link = _TapeLink(b"realnet_hw,fixture,0,1.4.0\n" + data)
    dialogue = Dialogue(link, baud=115200, heartbeat_s=1.0)
    readings = dialogue.ask_numbers("MEAS:VOLT:ALL?", 8)
    assert all(map(math.isfinite, readings)), readings
    dialogue.errors()
    codes = sweep_codes(dialogue.ask_block("SENS:SWE? 1,0,1,2,0,1,1", 1.0), 2, 1, where="")
    assert len(codes) == 2


def _scope(driver: str) -> Callable[[bytes], None]:
    def target(data: bytes) -> None:
        scope = DRIVERS[driver](_TapeConnection(data))
        wave = scope.waveform(1)
        assert np.isfinite(wave.volts).all()
        assert np.isfinite(wave.times_s).all()
        assert (np.diff(wave.times_s) > 0).all()
        value = scope.measure(1, "mean")
        assert value is None or math.isfinite(value)
        scope.state()
        scope.errors()

    return target


def picture(data: bytes) -> None:
    """A scope's screen."""
    with _as_the_connection_does():
        assert read_picture(Tape(data).exactly)[:2] in (b"\x89P", b"BM")


@contextlib.contextmanager
def _as_the_connection_does() -> Iterator[None]:
    with _TapeConnection(b"")._translated("SCDP"):
        yield


def meter(data: bytes) -> None:
    """Multimeters' readings."""
    for kind in (Keysight344xx, RigolDm3000):
        made = kind(_TapeConnection(data), mock.Mock(), 20.0)
        assert math.isfinite(made._reading())


def station(data: bytes) -> None:
    """A station file."""
    stations.parse(data.decode("utf-8", errors="replace"))


def record(data: bytes) -> None:
    """Any record."""
    records.decode(data)


def journal_of(data: bytes) -> None:
    """The journal of a run."""
    _, points, length = journal.parse(data, journal.Point, where="journal")
    assert length <= len(data)
    assert len({point.point for point in points}) == len(points)


def network(data: bytes) -> None:
    """A network's own format."""
    json_file.read(data, Path("network.json"))


def safetensors(data: bytes) -> None:
    """A network as PyTorch users save it."""
    safetensors_file.read(data, Path("network.safetensors"))


def quantity(data: bytes) -> None:
    """A part's value."""
    assert math.isfinite(units.parse(data.decode("utf-8", errors="replace"), "ohm"))


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    "fixture": fixture,
    **{driver: _scope(driver) for driver in DRIVERS},
    "picture": picture,
    "meter": meter,
    "station": station,
    "record": record,
    "journal": journal_of,
    "network": network,
    "safetensors": safetensors,
    "quantity": quantity,
}


def refuses(target: Callable[[bytes], None], data: bytes) -> str | None:
    """Give a target some bytes; what it refused them with, None where it took them.

    Raises:
        Exception: whatever is none of the project's errors.
    """
    try:
        target(data)
    except RealnetError as error:
        told = str(error)
        assert "Traceback" not in told
        return told
    return None


# -------------------------------------------------------------------------------------- the seeds


def _block(data: bytes) -> bytes:
    return b"#9%09d" % len(data) + data + b"\n"


def _sweep_block(codes: bytes) -> bytes:
    data = codes + binascii.crc_hqx(codes, 0).to_bytes(2, "big")
    return b"#1%d" % len(data) + data + b"\n"


_NONE = b'0,"No error"\n'
_PREAMBLE = b"0,2,%d,1,1e-6,-5e-6,0,%s,0,%d\n"


def seeds() -> dict[str, list[bytes]]:
    """What each target takes: where mutations begin."""
    point = journal.Point(
        point="case 0",
        time_utc="2026-01-01T00:00:00Z",
        set_V={"X1": 0.0},
        readings_V={"Y": [0.01, 0.02]},
    )
    lines = b"\n".join([_json(HEADER), _json(point), b""])
    readings = b",".join(b"%d.250000" % n for n in range(8)) + b"\n"
    siglent = b"0.5\n-1.5\n1.00E-03\n0.0\n1.00GSa/s\nDESC," + _block(bytes(range(100)))
    siglent += b"C1:PAVA MEAN,1.5E+00V\nSTOP\n0\n"
    tek = b"1e-6\n-5e-5\n50\n0.02\n0\n0\n100\n" + _block(bytes(200)) + b"1.5\n0\n0\n0\n"
    tbs = b"1e-6\n-5e-5\n0\n0.02\n0\n0\n100\n" + _block(bytes(100)) + b"1.5\n0\n0\n0\n"
    rigol_wave = _PREAMBLE % (60, b"0.02", 127) + _block(bytes(60))
    dho_wave = _PREAMBLE % (60, b"0.001", 32768) + _block(bytes(120))
    return {
        "fixture": [readings + _NONE + _NONE + _sweep_block(b"\x80\x00\x8c\x80") + _NONE],
        "rigol_ds1000z": [b"RIGOL TECHNOLOGIES,DS1054Z,1,2\n" + rigol_wave + b"1.5\nSTOP\n0\n"],
        "rigol_dho800": [b"RIGOL TECHNOLOGIES,DHO804,1,2\n" + dho_wave + b"1.5\nSTOP\n0\n"],
        "siglent_sds1000x_e": [b"Siglent Technologies,SDS1104X-E,1,2\n" + siglent],
        "keysight_1000x": [
            b"KEYSIGHT TECHNOLOGIES,DSOX1204G,1,2\n" + dho_wave + b"1.5\n0\n+0,none\n"
        ],
        "tektronix_tbs": [b"TEKTRONIX,TBS1104C,C1,2\n" + tbs],
        "tektronix_mso2": [b"TEKTRONIX,MSO24,C1,2\n" + tek],
        "picture": [
            b"\x89PNG\r\n\x1a\n\x00\x00\x00\x01IHDRx1234\x00\x00\x00\x00IEND1234",
            _block(b"\x89PNG\r\n\x1a\n"),
            b"BM" + (60).to_bytes(4, "little") + bytes(54),
        ],
        "meter": [b'+0,"No error"\n+2.50000000E+00\n', b"0\n-1.5E-03\n"],
        "station": [path.read_bytes() for path in (ROOT / "bench/stations").glob("*.toml")],
        "record": [_measurement()],
        "journal": [lines],
        "network": [(ROOT / "boards/xor_opamp/network.json").read_bytes()],
        "safetensors": [_safetensors()],
        "quantity": [b"4.7k", b"10 kohm", b"4k7", b"100n"],
    }


def _measurement() -> bytes:
    value = {"value_V": 0.1, "U_V": 0.02, "channel": "adc2"}
    return _json(
        {
            "record": "measurement",
            "version": 1,
            "board": "xor",
            "title": "XOR",
            "circuit_sha256": "c",
            "made_from": {"journal": "j"},
            "procedure": "truth_table",
            "station": "s",
            "path": "ASRL1::INSTR",
            "firmware": "realnet_hw,fixture,0,1.4.0",
            "instruments": [],
            "calibration": {"valid": False, "date": None, "note": "none"},
            "wiring": {"Y": "adc2"},
            "channels": {
                "adc2": [
                    {
                        "name": "ADC offset",
                        "kind": "B",
                        "u_V": 0.01,
                        "shared": "channel",
                        "source": "specification",
                    }
                ]
            },
            "range_V": 10.24,
            "started_utc": "2026-01-01T00:00:00Z",
            "finished_utc": "2026-01-01T00:00:01Z",
            "cases": [
                {
                    "inputs": {},
                    "outputs": {"Y": value},
                    "nodes": {},
                    "time_utc": "2026-01-01T00:00:01Z",
                }
            ],
        }
    )


def _json(value: Any) -> bytes:
    return msgspec.json.encode(value)


def _safetensors() -> bytes:
    described = {
        "fc1.weight": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]},
        "fc1.bias": {"dtype": "F32", "shape": [2], "data_offsets": [16, 24]},
    }
    head = json.dumps(described).encode()
    return len(head).to_bytes(8, "little") + head + bytes(24)
