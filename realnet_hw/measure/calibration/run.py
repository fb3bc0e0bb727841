"""A calibration from start to record."""

from __future__ import annotations

import contextlib
import hashlib
import math
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TextIO

import msgspec

from realnet_hw import records
from realnet_hw.errors import BenchError, InputError
from realnet_hw.measure import station as stations
from realnet_hw.measure import virtual
from realnet_hw.measure.bench import unfinished, versions
from realnet_hw.measure.calibration import stored, worth
from realnet_hw.measure.calibration.assess import assess, figures
from realnet_hw.measure.calibration.budget import expanded_V
from realnet_hw.measure.calibration.meters import open_meter
from realnet_hw.measure.calibration.person import (
    HELP,
    Hands,
    Person,
    PersonsHands,
    TypedMeter,
)
from realnet_hw.measure.calibration.procedure import Bench, Kind, Plan, TakenPoint, counting
from realnet_hw.measure.calibration.standards import OWN_REFERENCE, Meter, standard_of
from realnet_hw.measure.codes import Correction
from realnet_hw.measure.fixture import Fixture
from realnet_hw.measure.fixture_specification import DAC_CHANNELS, LSB_V, rectangular
from realnet_hw.measure.journal import SUFFIX, Header, Journal, parse
from realnet_hw.measure.procedure import Progress, utc_now
from realnet_hw.measure.scopes.connection import Connection
from realnet_hw.records import (
    CalibrationReading,
    CheckedChannel,
    FixtureCalibration,
    Standard,
)
from realnet_hw.uncertainty import COVERAGE_FACTOR

STEM = "calibration"
_HEARTBEAT_S = 10.0
"""A slow meter is waited for; nothing but senses and a meter hang on the outputs meanwhile."""
_METHODS: dict[Kind, str] = {
    "meter": "every source and sense against the meter on one wire",
    "typed": "one source and all senses against the meter, read by a person; the other sources "
    "against these senses",
    "reference": "senses against ground and the fixture's own reference, sources against these "
    "senses; not traceable",
}


@dataclass(frozen=True)
class Someone:
    """Where a person is spoken to.

    Args:
        say: where questions go.
        typed: handle of what is typed.
    """

    say: TextIO
    typed: int


@dataclass(frozen=True)
class _Around:
    """What is around a fixture that is calibrated."""

    fixture: Fixture
    meter: Meter | None
    hands: Hands


def calibrate(
    station_file: Path,
    out_dir: Path,
    someone: Someone,
    *,
    against_own_reference: bool = False,
    resume: bool = False,
    valid_days: int = 365,
    room_C: float | None = None,
    plan: Plan | None = None,
    progress: Progress = lambda _done, _total, _next: None,
) -> tuple[FixtureCalibration, Path]:
    """Calibrate a station's fixture; return the record and where it is.

    The corrections are stored in the fixture's EEPROM at the end, and nothing before. The outputs
    are grounded on every way out.

    Args:
        station_file: which fixture, and which meter.
        out_dir: for journal and record; made if needed.
        someone: who reads a meter and moves leads.
        against_own_reference: without a meter; not traceable.
        resume: go on with the newest calibration in ``out_dir`` that has no record yet.
        valid_days: after so many it expires.
        room_C: the room's temperature, where somebody has read it.
        plan: how many points.
        progress: told before each point.

    Raises:
        InputError: a bad station file, no meter in it, one with which nothing is gained, or nothing
            to resume.
        BenchError: the fixture or the meter did not do as told, or a channel can't be corrected.
        LinkLost: one of them does not answer any more.
    """
    station = stations.load(station_file)
    if station.dmm is None and not against_own_reference:
        raise InputError(
            "no [dmm] table, so there is no meter to calibrate against",
            where=str(station_file),
            mend="add one, or say --against reference, which is not traceable",
        )
    plan = plan or Plan(settle_s=station.reading.settle_s)
    started = datetime.now(UTC)
    path = (
        unfinished(out_dir, STEM)
        if resume
        else out_dir / f"{STEM}-{started:%Y%m%dT%H%M%S%f}Z{SUFFIX}"
    )
    with contextlib.ExitStack() as stack:
        around = stack.enter_context(
            _around(
                station,
                station_file,
                someone,
                lambda standard: worth.judge(standard, valid_days, room_C, where=str(station_file)),
                against_own_reference=against_own_reference,
            )
        )
        fixture = around.fixture
        standard = around.meter.standard if around.meter else OWN_REFERENCE
        held = stored.corrections_in(fixture)
        before = _held_before(path) if resume else held
        header = Header(
            board="",
            circuit_sha256="",
            procedure=STEM,
            procedure_sha256="",
            station=station.name,
            station_sha256=station.sha256(),
            firmware=fixture.identity.text,
            calibration=msgspec.to_builtins(before),
            wiring={},
            reading=msgspec.to_builtins(plan),
            versions=versions(),
            started_utc=f"{started:%Y-%m-%dT%H:%M:%SZ}",
            plan=msgspec.to_builtins(standard),
        )
        journal: Journal[TakenPoint] = (
            Journal.resume(path, header, TakenPoint) if resume else Journal.begin(path, header)
        )
        with journal:
            bench = Bench(
                fixture, around.meter, standard.kind, around.hands, journal, held, plan, progress
            )
            check_resumed(bench, before, standard)
            taken = bench.take()
            channels = figures(assess(taken), standard, before)
            date = f"{datetime.now(UTC):%Y-%m-%d}"
            stored.store(
                fixture,
                date,
                stored.corrections_of(channels),
            )
            fresh = bench.check()
            record = FixtureCalibration(
                made_from={
                    "journal": path.name,
                    **{f"version of {name}": text for name, text in header.versions.items()},
                },
                station=station.name,
                path=fixture.address,
                firmware=fixture.identity.text,
                standard=standard,
                method=_METHODS[standard.kind],
                started_utc=journal.header.started_utc,
                finished_utc=utc_now(),
                date=date,
                expires=f"{datetime.now(UTC) + timedelta(days=valid_days):%Y-%m-%d}",
                channels=channels,
                readings=[_reading(point) for point in [*counting(taken), *fresh]],
                checks=[],
                mid_V=bench.mid_V,
                room_C=room_C,
            )
    record = msgspec.structs.replace(
        record,
        made_from={
            **record.made_from,
            "journal_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        },
        checks=checks_of(record, fresh),
    )
    kept = path.with_suffix(".json")
    records.write(kept, records.encode(record))
    return record, kept


def _held_before(path: Path) -> dict[str, Correction]:
    """Return the corrections that the fixture held when a calibration was begun.

    It may hold others by now: those of this very calibration, if only its check was cut short.

    Raises:
        InputError: it is no journal of a calibration.
    """
    header, _, _ = parse(path.read_bytes(), TakenPoint, where=str(path))
    try:
        return msgspec.convert(header.calibration, dict[str, Correction])
    except msgspec.ValidationError as error:
        raise InputError(str(error), where=str(path)) from None


def check_resumed(bench: Bench, before: Mapping[str, Correction], standard: Standard) -> None:
    """Refuse to go on with the calibration of another fixture.

    This one holds what it held at the beginning, or, where all points are there, what they make.

    Raises:
        BenchError: it holds something else.
    """
    if stored.all_same(bench.held, before):
        return
    if bench.is_whole:
        made = figures(assess(bench.taken()), standard, before)
        if stored.all_same(bench.held, stored.corrections_of(made)):
            return
    raise BenchError(
        "the fixture holds other corrections than when this calibration was begun",
        where=bench.fixture.address,
        mend="put that fixture back, or begin anew, without --resume",
    )


def _reading(point: TakenPoint) -> CalibrationReading:
    return CalibrationReading(
        key=point.point,
        lead=point.lead,
        set_V=point.set_V,
        standard_V=point.standard_V,
        readings_V=point.readings_V,
        time_utc=point.time_utc,
    )


def checks_of(record: FixtureCalibration, fresh: Sequence[TakenPoint]) -> list[CheckedChannel]:
    """Return how fresh points, with the corrections in use, fit what the record states.

    A source's level is known to half a step only; without a meter the senses say what it gave, and
    are themselves compared with their mean.
    """
    found = []
    for point in fresh:
        means = {name: statistics.fmean(read) for name, read in point.readings_V.items()}
        level_V = statistics.fmean(means.values()) if point.standard_V is None else point.standard_V
        step_V = COVERAGE_FACTOR * rectangular(LSB_V / 2)
        for name, value_V in means.items():
            noise_V = (
                2
                * statistics.stdev(point.readings_V[name])
                / math.sqrt(len(point.readings_V[name]))
            )
            U_V = math.hypot(expanded_V(record, name, level_V), step_V, noise_V)
            found.append(CheckedChannel(channel=name, level_V=level_V, value_V=value_V, U_V=U_V))
        if point.lead in DAC_CHANNELS and point.set_V is not None:
            U_V = math.hypot(expanded_V(record, point.lead, level_V), step_V)
            found.append(
                CheckedChannel(channel=point.lead, level_V=level_V, value_V=point.set_V, U_V=U_V)
            )
    return found


@contextlib.contextmanager
def _around(
    station: stations.Station,
    station_file: Path,
    someone: Someone,
    judged: Callable[[Standard], str],
    *,
    against_own_reference: bool,
) -> Iterator[_Around]:
    """Open the fixture and what it is calibrated with, on the virtual bench if need be.

    A meter is judged as soon as its specification is known, before anybody is asked for anything.
    """
    table = None if against_own_reference else station.dmm
    standard: Standard | None = None
    warning = ""
    if table is not None and table.driver == "typed":
        name = table.model or "multimeter"
        standard = standard_of(table, name, name, where=str(station_file))
        warning = judged(standard)
    with contextlib.ExitStack() as stack:
        given = station.fixture
        at_virtual: Connection | None = None
        if given is not None:
            usual = given
            address = station.dmm.address if station.dmm else None
        else:
            ready = stack.enter_context(virtual.serve_meter(station_file))
            usual = stations.FixtureAddress(address=ready.fixture)
            address = ready.meter["socket"]
            at_virtual = stack.enter_context(Connection(address))
        heartbeat_s = max(usual.heartbeat_s, _HEARTBEAT_S)
        fixture = stack.enter_context(Fixture(usual.address, usual.baud, heartbeat_s))
        person = Person(
            someone.say, someone.typed, lambda: fixture.ask("*OPC?"), usual.heartbeat_s / 3
        )
        hands: Hands = _VirtualHands(at_virtual) if at_virtual else PersonsHands(person)
        meter: Meter | None = None
        if standard is not None:
            meter = TypedMeter(standard, person, _display(at_virtual))
            person.tell(HELP)
        elif table is not None and address is not None:
            meter = open_meter(table, address)
            stack.callback(meter.close)
            warning = judged(meter.standard)
        if warning:
            person.tell(warning)
        if given is not None:
            person.ask(_preparation(meter))
        yield _Around(fixture, meter, hands)


def _preparation(meter: Meter | None) -> str:
    lines = [
        "Take the board off the fixture. Fixture and meter switched on a quarter of an hour ago.",
        "Join the senses adc0 to adc6 with one wire; a lead goes from it to where you are told.",
    ]
    if meter is not None:
        lines.append(
            "Meter: DC volts, one fixed range that holds 10.5 V; red on that wire, black on GND."
        )
    lines.append("Press Enter when no board is connected and the rest is done")
    return "\n".join(lines)


class _VirtualHands:
    """Who moves leads on the virtual bench."""

    def __init__(self, at: Connection) -> None:
        self._at = at

    def lead(self, to: str) -> None:
        """See ``Hands``."""
        self._at.tell(f"BENC:LEAD {to}")
        if self._at.ask("BENC:LEAD?") != to:
            raise BenchError(f"the virtual bench has no terminal {to}", where=self._at.address)


def _display(at: Connection | None) -> Callable[[], str] | None:
    """Return what reads the display of a virtual meter that a person reads."""
    if at is None:
        return None
    at.tell("CONF:VOLT:DC 10")
    return lambda: f"{at.ask_number('READ?'):.4f} V"
