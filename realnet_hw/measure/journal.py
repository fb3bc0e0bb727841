"""The journal of a run: JSON lines on disk, each one safe before the next point is taken.

The first line is the header: what was done, with what, and hashes of both. Every further line is
one point, ``{"point": key, ...}``: what was read at some settings, or where a training stood. A run
that was cut short is taken up where it stopped; the line that a dying host was writing may be torn,
and is dropped, for its point was never confirmed.

Ref: JSON Lines, https://jsonlines.org.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

from realnet_hw.errors import RESUME, BenchError, InputError
from realnet_hw.measure.codes import Correction

FORMAT = "realnet-journal"
SUFFIX = ".jsonl"


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The first line: a run may be resumed only where all but the start is the same.

    ``plan`` is what a training is to do; empty where a procedure says it. ``corrections`` are those
    of sense channels that make volts of codes; none where there are no codes.
    """

    format: str = FORMAT
    version: int = 1
    board: str
    circuit_sha256: str
    procedure: str
    procedure_sha256: str
    station: str
    station_sha256: str
    firmware: str
    calibration: dict[str, Any]
    wiring: dict[str, str]
    reading: dict[str, Any]
    versions: dict[str, str]
    started_utc: str
    plan: dict[str, Any] = {}
    corrections: dict[str, Correction] = {}


class Entry(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    """One line after the header.

    Args:
        point: key, unique within the run.
        time_utc: when it was complete.
    """

    point: str
    time_utc: str


class TakenWave(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a channel of a scope took, record by record, as codes.

    Args:
        channel: scope and number, ``"dso.2"``.
        volts_a_division: its scale.
        zero: the code of 0 V.
        step_V: of a code.
        step_s: between samples.
        starts_s: of each record, the time of its first sample.
        codes: of each record.
    """

    channel: str
    volts_a_division: float
    zero: float
    step_V: float
    step_s: float
    starts_s: list[float]
    codes: list[list[int]]


class TakenEdge(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A step of an input, as a scope saw it.

    Args:
        input: which one.
        from_V, to_V: as set.
        driver: of the scope.
        scope: what ``*IDN?`` of it says.
        waves: by terminal.
    """

    input: str
    from_V: float
    to_V: float
    driver: str
    scope: str
    waves: dict[str, TakenWave]


class TakenFiring(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Firings of a board at some settings, as a scope saw them.

    Args:
        trigger: the terminal that it triggered on.
        driver, scope, waves: as in ``TakenEdge``.
    """

    trigger: str
    driver: str
    scope: str
    waves: dict[str, TakenWave]


class Point(Entry, frozen=True, kw_only=True):
    """What was read at some settings, or while one of them stepped.

    Args:
        set_V: terminal to volts set.
        readings_V: terminal to its readings in the order taken, volts.
        codes: terminal to what these were made of; none of a board that is fired or that learns,
            where the controller gives volts.
        widths_s: terminal to the widths of its pulse in the order timed; 0 where there was none.
        untimed: terminal to why its pulse could not be timed.
        edge: the step to these settings, where a scope looked on; then nothing else was read.
        firing: the firings at these settings, where a scope looked on; the same.
    """

    set_V: dict[str, float]
    readings_V: dict[str, list[float]]
    widths_s: dict[str, list[float]] = {}
    untimed: dict[str, str] = {}
    codes: dict[str, list[int]] = {}
    edge: TakenEdge | None = None
    firing: TakenFiring | None = None

    @property
    def is_seen(self) -> bool:
        """Whether a scope looked on, so that nothing was read."""
        return self.edge is not None or self.firing is not None


E = TypeVar("E", bound=Entry)


class Journal(Generic[E]):
    """A journal that is open for appending. Use it in a ``with`` statement.

    Make one with ``begin`` or ``resume``.
    """

    def __init__(self, path: Path, handle: int, header: Header, points: list[E]) -> None:
        self.path = path
        self.header = header
        self._handle = handle
        self._points = {point.point: point for point in points}

    @classmethod
    def begin(cls, path: Path, header: Header) -> Journal[E]:
        """Create a journal and its header.

        Raises:
            InputError: the file exists or the folder can't be written.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise InputError(error.strerror or str(error), where=str(path)) from None
        journal = cls(path, handle, header, [])
        _lock(handle, path)
        journal._append(msgspec.json.encode(header))
        # The name of a new file is in its folder: that has to reach the disk as well.
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return journal

    @classmethod
    def resume(cls, path: Path, header: Header, kind: type[E]) -> Journal[E]:
        """Open a journal that was cut short; a torn last line is dropped from the file.

        Args:
            path: the journal.
            header: what this run would begin with; all but ``started_utc`` must be as recorded.
            kind: of its points.

        Raises:
            InputError: no such file, damaged before its last line, or another header.
            BenchError: another run is writing it.
        """
        try:
            handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise InputError(error.strerror or str(error), where=str(path)) from None
        try:
            _lock(handle, path)
            recorded, points, length = parse(path.read_bytes(), kind, where=str(path))
            _compare(recorded, header, where=str(path))
            os.ftruncate(handle, length)
            os.lseek(handle, length, os.SEEK_SET)
        except BaseException:
            os.close(handle)
            raise
        return cls(path, handle, recorded, points)

    def __enter__(self) -> Journal[E]:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._handle)

    @property
    def points(self) -> list[E]:
        """What is recorded, in that order."""
        return list(self._points.values())

    def get(self, key: str) -> E | None:
        """Return the point of this key if it was taken already."""
        return self._points.get(key)

    def record(self, point: E) -> None:
        """Append a point; when this returns it is on the disk.

        Raises:
            InputError: a point of that key is there, or the disk is full.
        """
        if point.point in self._points:
            raise InputError(f"point {point.point!r} twice", where=str(self.path))
        self._append(msgspec.json.encode(point))
        self._points[point.point] = point

    def _append(self, line: bytes) -> None:
        try:
            rest = memoryview(line + b"\n")
            while rest:
                rest = rest[os.write(self._handle, rest) :]
            os.fsync(self._handle)
        except OSError as error:
            raise InputError(
                error.strerror or str(error),
                where=str(self.path),
                mend="make room",
                go_on=RESUME,
            ) from None


def parse(data: bytes, kind: type[E], *, where: str) -> tuple[Header, list[E], int]:
    """Return a journal's header, its points, and the length of what is whole, bytes.

    Raises:
        InputError: no whole header, or any line but the last is damaged, or a key comes twice.
    """
    lines = data.split(b"\n")[:-1]  # what follows the last newline was never finished
    try:
        header = msgspec.json.decode(lines[0] if lines else b"", type=Header)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(
            f"line 1: no whole header: {error}", where=where, mend="start anew, without --resume"
        ) from None
    if (header.format, header.version) != (FORMAT, 1):
        raise InputError(
            f"line 1: {header.format} {header.version}", where=where, allowed=f"{FORMAT} 1"
        )
    points: list[E] = []
    length = len(lines[0]) + 1
    for number, line in enumerate(lines[1:], start=2):
        try:
            point = msgspec.json.decode(line, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            if number == len(lines):
                break  # a file system may keep the end of a torn line and lose its middle
            raise InputError(
                f"line {number}: {error}", where=where, mend="start anew, without --resume"
            ) from None
        if any(point.point == other.point for other in points):
            raise InputError(f"line {number}: point {point.point!r} twice", where=where)
        points.append(point)
        length += len(line) + 1
    return header, points, length


def _compare(recorded: Header, now: Header, *, where: str) -> None:
    """Refuse to go on with something else than what was begun."""
    for name in Header.__struct_fields__:
        if name == "started_utc" or getattr(recorded, name) == getattr(now, name):
            continue
        raise InputError(
            _difference(name, getattr(recorded, name), getattr(now, name)),
            where=where,
            mend="restore what it was begun with, or start anew without --resume",
        )


def _difference(name: str, recorded: object, now: object) -> str:
    """Return what was, and what is; of named values those that differ alone."""
    if not (isinstance(recorded, dict) and isinstance(now, dict)):
        return f"the journal was begun with {name} {_short(recorded)}, now {_short(now)}"
    differ = [
        f"{key} {_short(recorded.get(key, 'unsaid'))}, now {_short(now.get(key, 'unsaid'))}"
        for key in {**recorded, **now}
        if recorded.get(key) != now.get(key)
    ]
    return f"the journal was begun with another {name}: {'; '.join(differ)}"


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _lock(handle: int, path: Path) -> None:
    """Keep a second run from writing the same journal; the kernel drops the lock at our end."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise BenchError(
            "another run is writing this journal", where=str(path), mend="wait for it to end"
        ) from None
