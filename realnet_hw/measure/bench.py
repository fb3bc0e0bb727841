"""Measuring a board from start to record, and making a station's outputs safe."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from realnet_hw import project, records
from realnet_hw.board import Board, Port
from realnet_hw.errors import InputError
from realnet_hw.measure import (
    assemble,
    assemble_edges,
    assemble_firings,
    codes,
    procedure,
    terminals,
    virtual,
)
from realnet_hw.measure import station as stations
from realnet_hw.measure.calibration.in_use import InUse, in_use
from realnet_hw.measure.calibration.pair import Driven, confirm
from realnet_hw.measure.fixture import Fixture
from realnet_hw.measure.journal import SUFFIX, Header, Journal, Point
from realnet_hw.measure.scopes.drivers import open_scope
from realnet_hw.measure.scopes.scope import Scope
from realnet_hw.measure.synapses import StoredBoard
from realnet_hw.records import Calibration, FixtureCalibration, Measurement

NEWEST = "measurement.json"


def _untold(_done: int, _total: int, _next: str) -> None:
    """Tell nobody of the progress."""


def measure(
    board: Board,
    circuit_sha256: str,
    station_file: Path,
    out_dir: Path,
    *,
    procedure_name: str = "truth_table",
    resume: bool = False,
    progress: procedure.Progress = _untold,
    board_path: str | None = None,
) -> Measurement:
    """Measure a board and write journal and record into a folder.

    Both are named by board, procedure and start, ``BOARD-PROCEDURE-TIME.jsonl`` and ``.json``, as
    is the ``.npz`` of all codes, which can be made of the journal again;
    ``measurement.json`` is the newest record of the folder, and there is none while a run has not
    come to its end: no other run's is left to be taken for it. The outputs are grounded on every
    way out of this function.

    Args:
        board: what is on the bench.
        circuit_sha256: of its netlist.
        station_file: which fixture, and how it is wired.
        out_dir: is made if needed.
        procedure_name: how to measure.
        resume: go on with the newest journal in ``out_dir`` that has no record yet.
        progress: told before each point.
        board_path: how the virtual bench finds the board, when not by its name.

    Raises:
        InputError: a bad station file, wiring or procedure, or nothing to resume.
        BenchError: the fixture did not do as told.
        LinkLost: it does not answer any more; the journal holds what was measured.
    """
    station = stations.load(station_file)
    wiring = stations.wiring_for(station, board, where=str(station_file))
    how, procedure_sha256 = procedure.load(procedure_name)
    started = datetime.now(UTC)
    stem = f"{board.name}-{procedure_name}"
    new = out_dir / f"{stem}-{started:%Y%m%dT%H%M%S%f}Z{SUFFIX}"
    path = unfinished(out_dir, stem) if resume else new
    set_aside(out_dir / NEWEST)

    probes = stations.probes_for(station, board, where=str(station_file)) if how.needs_scope else {}

    with contextlib.ExitStack() as stack:
        at = stack.enter_context(_instruments(station, station_file, board_path or board.name))
        scopes = {
            name: stack.enter_context(_scope(name, station, at.scopes))
            for name in dict.fromkeys(probe.scope for probe in probes.values())
        }
        fixture = stack.enter_context(at.fixture)
        calibration = calibration_of(fixture, station)
        header = header_of(
            board,
            circuit_sha256,
            station,
            fixture,
            calibration,
            started,
            procedure_name=procedure_name,
            procedure_sha256=procedure_sha256,
        )
        journal: Journal[Point] = (
            Journal.resume(path, header, Point) if resume else Journal.begin(path, header)
        )
        with journal:
            fixture.average(station.reading.average)
            set_up(board, wiring, fixture, calibration.record)
            points = how.measure(
                procedure.Run(
                    board,
                    wiring,
                    fixture,
                    journal,
                    station.reading,
                    progress,
                    scopes,
                    {name: station.scope[name].driver for name in scopes},
                    probes,
                )
            )
            fixture.output(False)
            measurement = _measurement(
                board, fixture, journal, points, station, calibration.components
            )
            raw = codes.arrays(journal.points)
    text = records.encode(measurement)
    records.write(path.with_suffix(codes.SUFFIX), raw)
    records.write(out_dir / NEWEST, text)
    # Last, for this is what marks the run as finished.
    records.write(record_file(out_dir, measurement), text)
    return measurement


def header_of(
    board: Board,
    circuit_sha256: str,
    station: stations.Station,
    fixture: Fixture,
    calibration: InUse,
    started: datetime,
    *,
    procedure_name: str,
    procedure_sha256: str,
) -> Header:
    """Return the first line of the journal of a board on a station's fixture.

    Args:
        board: on the bench.
        circuit_sha256: of its netlist.
        station: that the fixture is of.
        fixture: open.
        calibration: that counts for it.
        started: when the run did, UTC.
        procedure_name: how it is measured.
        procedure_sha256: of its file, empty where there is none.

    Raises:
        InputError: the board can't be wired to it; BenchError, LinkLost: as the fixture.
    """
    return Header(
        board=board.name,
        circuit_sha256=circuit_sha256,
        procedure=procedure_name,
        procedure_sha256=procedure_sha256,
        station=station.name,
        station_sha256=station.sha256(),
        firmware=fixture.identity.text,
        calibration=msgspec.to_builtins(calibration.summary),
        wiring=stations.wiring_for(station, board),
        reading=msgspec.to_builtins(station.reading),
        versions=versions(),
        started_utc=f"{started:%Y-%m-%dT%H:%M:%SZ}",
        corrections=fixture.corrections() if procedure.gives_codes(board) else {},
    )


def set_up(
    board: Board,
    wiring: Mapping[str, str],
    fixture: Fixture,
    calibration: FixtureCalibration | None = None,
) -> StoredBoard | None:
    """Switch a board's sources on, within its limits and as near to 0 V as these allow.

    What a board that learns shall hold is written to its capacitors and kept there; it is returned.

    Args:
        board: on the bench.
        wiring: terminal to channel.
        fixture: open, outputs off.
        calibration: what sources and senses are compared with; None where none counts.

    Raises:
        InputError: limits that the fixture does not have, or a column that is not wired.
        BenchError: something else drives an input, or this is another shield than was calibrated;
            BenchError, LinkLost: as the fixture.
    """
    fixture.limit({wiring[port.name]: (port.min_V, port.max_V) for port in board.driven})
    fixture.source({wiring[port.name]: rest_V(port) for port in board.driven})
    terminals.check_at_rest(board, wiring, fixture)
    fixture.output(True)
    if calibration is not None:
        driven = {
            f"{port.name} at {wiring[port.name]}": Driven(
                wiring[port.name], wiring[f"{port.name}{stations.SENSE_SUFFIX}"], rest_V(port)
            )
            for port in board.driven
            if f"{port.name}{stations.SENSE_SUFFIX}" in wiring
        }
        confirm(calibration, driven, fixture)
    if board.synapses is None:
        return None
    stored = StoredBoard(board, wiring, fixture)
    stored.begin(board.held_V)
    return stored


def calibration_of(fixture: Fixture, station: stations.Station) -> InUse:
    """Return the calibration that counts for a station's fixture.

    Raises:
        InputError, BenchError, LinkLost: as ``calibration.in_use.in_use``.
    """
    return in_use(
        fixture,
        folder=project.records_folder(stations.CALIBRATIONS),
        named=station.named_calibration,
        is_required=station.require_calibration,
    )


def record_file(out_dir: Path, measurement: Measurement) -> Path:
    """Return where ``measure`` wrote a record: beside its journal and named like it."""
    return (out_dir / measurement.made_from["journal"]).with_suffix(".json")


def safe(station_file: Path) -> str:
    """Ground every output of a station and return a sentence that says so.

    Raises:
        InputError: a bad station file.
        BenchError: another run uses the fixture (ending it makes the outputs safe), or the fixture
            did not do as told.
        LinkLost: it does not answer.
    """
    station = stations.load(station_file)
    if station.fixture is None:
        return f"{station.name}: a virtual bench has no outputs left on once its process has ended"
    given = station.fixture
    with Fixture(given.address, given.baud, given.heartbeat_s) as fixture:
        fixture.safe()
        return f"{station.name}: outputs are grounded ({fixture.identity.text})"


@contextlib.contextmanager
def fixture_at(station: stations.Station, station_file: Path, board: str) -> Iterator[Fixture]:
    """Open the station's fixture, behind a virtual bench where there is no other.

    Args:
        station: as it was read.
        station_file: from where.
        board: how the virtual bench finds it.

    Raises:
        BenchError, LinkLost: as ``Fixture``, and if no virtual bench starts.
    """
    with _instruments(station, station_file, board) as at, at.fixture as fixture:
        yield fixture


@dataclass(frozen=True)
class _Instruments:
    """What a station has: its fixture, not opened yet, and where its scopes are, by name."""

    fixture: Fixture
    scopes: Mapping[str, str]


@contextlib.contextmanager
def _instruments(
    station: stations.Station, station_file: Path, board: str
) -> Iterator[_Instruments]:
    """Give a station's instruments, of a virtual bench where it has no others."""
    given = station.fixture
    if given is not None:
        there = {name: scope.address or "" for name, scope in station.scope.items()}
        yield _Instruments(Fixture(given.address, given.baud, given.heartbeat_s), there)
        return
    with virtual.serve(board, station_file) as ready:
        usual = stations.FixtureAddress(address=ready.fixture)
        there = {name: at[station.scope[name].link] for name, at in ready.scopes.items()}
        yield _Instruments(Fixture(usual.address, usual.baud, usual.heartbeat_s), there)


def _scope(name: str, station: stations.Station, addresses: Mapping[str, str]) -> Scope:
    """Open a scope of a station."""
    table = station.scope[name]
    return open_scope(addresses[name], table.driver, timeout_s=table.timeout_s)


def _measurement(
    board: Board,
    fixture: Fixture,
    journal: Journal[Point],
    points: Sequence[Point],
    station: stations.Station,
    calibrated: assemble.Calibrated,
) -> Measurement:
    """Return the record of a run whose points are complete."""
    header = journal.header
    held = header.corrections or fixture.corrections()
    steady = [point for point in points if not point.is_seen]
    channels = assemble.budgets(header.wiring, steady, station.clock, calibrated)
    edges = assemble_edges.edges_of(points, [port.name for port in board.outputs])
    firings = assemble_firings.firings_of(points, board.firing)
    return Measurement(
        board=board.name,
        title=board.title,
        circuit_sha256=header.circuit_sha256,
        made_from={
            "journal": journal.path.name,
            "journal_sha256": hashlib.sha256(journal.path.read_bytes()).hexdigest(),
            "procedure_sha256": header.procedure_sha256,
            "station_sha256": header.station_sha256,
            **{f"version of {name}": version for name, version in header.versions.items()},
        },
        procedure=header.procedure,
        station=header.station,
        path=fixture.address,
        firmware=header.firmware,
        instruments=[
            header.firmware,
            *dict.fromkeys([*(one.scope for one in edges), *(one.scope for one in firings)]),
            *(f"had queued before the run: {notice}" for notice in fixture.notices),
            *(
                f"{point.point}: {terminal} could not be timed: {why}"
                for point in points
                for terminal, why in point.untimed.items()
            ),
        ],
        calibration=msgspec.convert(header.calibration, Calibration),
        wiring=header.wiring,
        channels=channels,
        range_V=codes.reach_V(
            held[channel] for channel in header.wiring.values() if channel in held
        ),
        simulated=station.fixture is None,
        started_utc=header.started_utc,
        finished_utc=procedure.utc_now(),
        cases=[assemble.case(board, header.wiring, point, channels) for point in steady],
        edges=edges,
        firings=firings,
    )


def set_aside(newest: Path) -> None:
    """Take the folder's newest record out of the way of a new run; a copy of it stays.

    Raises:
        InputError: it can't be moved.
    """
    try:
        if not newest.exists():
            return
        text = newest.read_bytes()
        if any(p != newest and p.read_bytes() == text for p in newest.parent.glob("*.json")):
            newest.unlink()
            return
        changed = datetime.fromtimestamp(newest.stat().st_mtime, UTC)
        newest.rename(newest.with_stem(f"{newest.stem}-{changed:%Y%m%dT%H%M%S%f}Z"))
    except OSError as error:
        raise InputError(
            f"the record of another run can't be put aside: {error.strerror or error}",
            where=str(newest),
            mend="give another folder with --out",
        ) from None


def unfinished(out_dir: Path, stem: str) -> Path:
    """Return the newest journal of a board and procedure that has no record yet.

    Raises:
        InputError: there is none.
    """
    begun = sorted(out_dir.glob(f"{stem}-*{SUFFIX}"))
    left = [path for path in begun if not path.with_suffix(".json").exists()]
    if not left:
        raise InputError(
            f"no unfinished journal {stem}-*{SUFFIX}",
            where=str(out_dir),
            mend="start anew, without --resume",
        )
    return left[-1]


def rest_V(port: Port) -> float:
    """Return the voltage nearest to 0 V that an input may have."""
    return min(max(0.0, port.min_V), port.max_V)


def versions() -> dict[str, str]:
    """Return the versions of what took part on the host's side."""
    return {
        "python": platform.python_version(),
        **{
            name: importlib.metadata.version(name)
            for name in ("realnet_hw", "pyvisa", "pyvisa-py", "pyserial")
        },
    }
