"""The records and journals of a folder: found, listed, and turned into tables for other programs.

What the files say is kept in an index beside them, so that a list of thousands is there at once.
The files alone count: an index that is missing, damaged or out of date is made from them anew.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from realnet_hw import records
from realnet_hw.errors import InputError
from realnet_hw.measure import codes
from realnet_hw.measure.journal import SUFFIX, Header, Point, parse

INDEX = ".index.sqlite"
_VERSION = 1
_SHORTEST = 4
_TABLES = """
CREATE TABLE IF NOT EXISTS files (path TEXT PRIMARY KEY, size INTEGER, changed_ns INTEGER);
CREATE TABLE IF NOT EXISTS entries (
    key TEXT, path TEXT PRIMARY KEY, kind TEXT, board TEXT, circuit_sha256 TEXT, "when" TEXT,
    outcome TEXT
);
"""

Rows: TypeAlias = list[dict[str, Any]]


@dataclass(frozen=True)
class Entry:
    """A record or journal.

    Args:
        key: SHA-256 of the file; a file that is there twice is one entry.
        path: relative to the folder.
        kind: ``prediction``, ``measurement``, ..., or ``journal`` of a run without a record.
        board: its name.
        circuit_sha256: of the board's netlist.
        when: when it was begun, UTC, ISO 8601; empty where the record does not say.
        outcome: in a few words.
    """

    key: str
    path: str
    kind: str
    board: str
    circuit_sha256: str
    when: str
    outcome: str


class Archive:
    """A folder with records, and those of the folders in it.

    Args:
        folder: with records.

    Raises:
        InputError: it is no folder.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise InputError("no such folder", where=str(folder), mend="give one with --folder")
        self.folder = folder

    def entries(self) -> list[Entry]:
        """Return what is there, the oldest first; files that are neither are left out."""
        index = self.folder / INDEX
        for at in (index, index, Path(":memory:")):
            try:
                found = self._entries(at)
            except sqlite3.DatabaseError:
                # Damaged: made anew. Where the folder can't be written, nothing is kept.
                with suppress(OSError):
                    index.unlink()
                continue
            if not found:
                # Somebody looked in a folder without records: nothing of ours stays there.
                index.unlink(missing_ok=True)
            return found
        raise AssertionError("an index in memory can't be damaged")

    def find(self, key: str) -> Entry:
        """Return the entry whose key begins so, or whose file it is.

        Raises:
            InputError: none, several, or too short a beginning.
        """
        entries = self.entries()
        as_path = [entry for entry in entries if self.path(entry).resolve() == Path(key).resolve()]
        if as_path:
            return as_path[0]
        if len(key) < _SHORTEST:
            raise InputError(
                f"{key!r} is too short", allowed=f"{_SHORTEST} or more characters of a key"
            )
        found = [entry for entry in entries if entry.key.startswith(key.lower())]
        if len(found) != 1:
            raise InputError(
                f"{len(found) or 'no'} records have a key that begins with {key!r}",
                where=str(self.folder),
                mend="`realnet records list` shows them",
            )
        return found[0]

    def path(self, entry: Entry) -> Path:
        """Return the entry's file."""
        return self.folder / entry.path

    def _entries(self, index: Path) -> list[Entry]:
        """Bring the index up to date with the files and return what it holds."""
        with closing(sqlite3.connect(index)) as base, base:
            (version,) = base.execute("PRAGMA user_version").fetchone()
            if version not in (0, _VERSION):
                raise sqlite3.DatabaseError("an index of another version")
            base.execute(f"PRAGMA user_version = {_VERSION}")
            base.executescript(_TABLES)
            there = dict(self._files())
            for path, size, changed in base.execute("SELECT * FROM files").fetchall():
                if there.get(path) == (size, changed):
                    del there[path]
                else:
                    base.execute("DELETE FROM files WHERE path = ?", (path,))
                    base.execute("DELETE FROM entries WHERE path = ?", (path,))
            for path, (size, changed) in there.items():
                base.execute("INSERT INTO files VALUES (?, ?, ?)", (path, size, changed))
                entry = self._read(path)
                if entry is not None:
                    base.execute("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?)", astuple(entry))
            # Of copies the longest name is the one that tells board, procedure and time.
            rows = base.execute("SELECT * FROM entries ORDER BY length(path), path").fetchall()
        found = {row[0]: Entry(*row) for row in rows}
        finished = {
            Path(entry.path).with_suffix("") for entry in found.values() if entry.kind != "journal"
        }
        left = [
            entry
            for entry in found.values()
            if entry.kind != "journal" or Path(entry.path).with_suffix("") not in finished
        ]
        return sorted(left, key=lambda entry: (entry.when, entry.path))

    def _files(self) -> Iterator[tuple[str, tuple[int, int]]]:
        """Give path, size and time of change of every file that may be one."""
        for folder, folders, files in os.walk(self.folder):
            folders[:] = [name for name in folders if not name.startswith(".")]
            for name in files:
                if name.endswith((".json", SUFFIX)) and not name.startswith("."):
                    path = Path(folder) / name
                    with suppress(FileNotFoundError):
                        seen = path.stat()
                        yield str(path.relative_to(self.folder)), (seen.st_size, seen.st_mtime_ns)

    def _read(self, path: str) -> Entry | None:
        """Return what a file is, None if it is neither record nor journal."""
        try:
            data = (self.folder / path).read_bytes()
        except OSError:
            return None
        key = hashlib.sha256(data).hexdigest()
        if path.endswith(SUFFIX):
            return _of_journal(key, path, data)
        try:
            record = records.decode(data)
        except InputError:
            return None
        return Entry(
            key=key,
            path=path,
            kind=str(type(record).__struct_config__.tag),
            board=getattr(record, "board", ""),
            circuit_sha256=getattr(record, "circuit_sha256", ""),
            when=getattr(record, "started_utc", ""),
            outcome=_outcome(record),
        )


def _of_journal(key: str, path: str, data: bytes) -> Entry | None:
    lines = data.split(b"\n")
    try:
        header = msgspec.json.decode(lines[0], type=Header)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    count = len(lines) - 2  # the header, and what follows the last newline
    # A diagnosis follows no procedure that would have an end.
    ends = header.procedure_sha256 or header.plan
    return Entry(
        key=key,
        path=path,
        kind="journal",
        board=header.board,
        circuit_sha256=header.circuit_sha256,
        when=header.started_utc,
        outcome=f"{header.procedure}{', unfinished' if ends else ''}: {_several(count, 'point')}",
    )


def _outcome(record: records.Record) -> str:
    """Return what a record says, in a few words."""
    match record:
        case records.Prediction():
            found = record.yield_
            return f"{found.good} of {found.samples} boards good" if found else "nothing asked"
        case records.Measurement():
            return f"{record.procedure}, {_several(len(record.cases), 'case')}"
        case records.Comparison():
            return record.verdict
        case records.Training():
            kept = [pattern for pattern in record.patterns if pattern.held_out] or record.patterns
            right = sum(pattern.margin_V > 0 for pattern in kept)
            return f"{right} of {len(kept)} right after {_several(record.best, 'epoch')}"
        case records.FixtureCalibration():
            return f"{record.station}, expires {record.expires}"
        case records.Diagnosis(fit="unknown"):
            return "unknown"
        case records.Diagnosis(groups=[first, *_]) if first.p > record.healthy:
            return f"{first.faults[0].name} ({first.p:.0%})"
        case _:
            return f"healthy ({record.healthy:.0%})"


def _several(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def table(path: Path) -> Rows:
    """Return a record or journal as rows of named values, for a spreadsheet.

    Of a record each output, node, input and pulse of each case is a row, and what each step does at
    an output; of a training each epoch, of a diagnosis each suspected fault, of a calibration each
    channel, of a journal each single reading.

    Raises:
        InputError: neither a record nor a journal.
    """
    if path.suffix == SUFFIX:
        return _of_readings(path)
    record = records.read(path, object)
    match record:
        case records.Training():
            epochs = zip(record.loss, record.right, record.margin_V, strict=True)
            return [
                {"epoch": number, "loss_V2": loss, "right": right, "margin_V": margin}
                for number, (loss, right, margin) in enumerate(epochs)
            ]
        case records.Diagnosis():
            return [
                {"group": number, **msgspec.to_builtins(fault)}
                for number, group in enumerate(record.groups, 1)
                for fault in group.faults
            ]
        case records.FixtureCalibration():
            return [
                {"channel": name, **msgspec.to_builtins(channel)}
                for name, channel in record.channels.items()
            ]
        case records.Measurement():
            return [*_of_cases(msgspec.to_builtins(record.cases)), *_of_edges(record.edges)]
        case _:
            return list(_of_cases(msgspec.to_builtins(record.cases)))


def arrays(path: Path) -> bytes:
    """Return the ``.npz`` file of a journal's codes, as far as its points are whole.

    Args:
        path: the journal of a measurement, or its record beside it.

    Raises:
        InputError: there is no such journal, it is damaged, or it is none of a measurement.
    """
    journal = path if path.suffix == SUFFIX else _journal_of(path)
    try:
        data = journal.read_bytes()
    except OSError as error:
        raise InputError(error.strerror or str(error), where=str(journal)) from None
    _, points, _ = parse(data, Point, where=str(journal))
    return codes.arrays(points)


def _journal_of(path: Path) -> Path:
    """Return the journal that a record was made from, beside it."""
    journal = records.read(path, records.Measurement).made_from.get("journal")
    if journal is None:
        raise InputError("the record names no journal, where the codes are", where=str(path))
    return path.with_name(Path(journal).name)


def _of_cases(cases: list[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for number, case in enumerate(cases):
        for group, members in case.items():
            if isinstance(members, dict):
                for name, values in members.items():
                    if isinstance(values, dict):
                        yield {
                            "case": number,
                            "is": group.removesuffix("s"),
                            "name": name,
                            **values,
                        }


def _of_edges(edges: Sequence[records.MeasuredEdge]) -> Iterator[dict[str, Any]]:
    """Give a row for each step at each output: what stepped, and the figures with their U."""
    for edge in edges:
        for output, figures in edge.figures.items():
            row: dict[str, Any] = {"is": "edge", "name": output, "input": edge.input}
            row |= {"from_V": edge.from_V, "to_V": edge.to_V}
            for name in records.EdgeFigures.__struct_fields__:
                figure = getattr(figures, name)
                row |= {name: figure.value, f"U_{name}": figure.U}
            yield row


def _of_readings(path: Path) -> Rows:
    """Return the points of a journal, as far as they are whole."""
    rows: Rows = []
    for line in path.read_bytes().split(b"\n")[1:-1]:
        try:
            point = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            break
        if not isinstance(point, dict) or "point" not in point:
            break
        own = {"point": point["point"], "time_utc": point.get("time_utc", "")}
        for quantity in ("set_V", "readings_V", "codes", "widths_s"):
            for terminal, values in point.get(quantity, {}).items():
                for index, value in enumerate(values if isinstance(values, list) else [values]):
                    rows.append(
                        {**own, "quantity": quantity, "terminal": terminal, "index": index}
                        | {"value": value}
                    )
    return rows
