"""Which calibration counts for a fixture: the record of what its controller holds.

A record belongs to a fixture when the controller holds its date and every one of its corrections,
and the shield that is on it reads its own mid reference as it did then. A controller that is on
another shield would correct this one by the other's errors: its corrections are taken out of use.
Without one the fixture's uncalibrated specification counts, and is said to; a station may refuse
that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from realnet_hw import records
from realnet_hw.errors import BenchError, InputError
from realnet_hw.measure.calibration.budget import components
from realnet_hw.measure.calibration.mid import moved, read_mid_V
from realnet_hw.measure.calibration.stored import (
    Talks,
    all_same,
    corrections_in,
    corrections_of,
    date_in,
)
from realnet_hw.measure.codes import Correction
from realnet_hw.records import Calibration, Component, FixtureCalibration

SPECIFIED = "specification of the fixture"
_OTHER_SHIELD = (
    f"none, {SPECIFIED}: WARNING, adc7 is not where the calibration found it, so this is another "
    "shield, or it has drifted: calibrate it"
)


@dataclass(frozen=True)
class InUse:
    """The calibration that counts.

    Args:
        summary: as a measurement records it.
        record: None where the specification counts.
    """

    summary: Calibration
    record: FixtureCalibration | None = None

    def components(self, channel: str) -> list[Component] | None:
        """Return the budget of a channel, None where the specification counts."""
        return components(self.record, channel) if self.record else None


def in_use(
    fixture: Talks,
    *,
    folder: Path,
    named: Path | None = None,
    is_required: bool = False,
    today: date | None = None,
) -> InUse:
    """Return the calibration that counts for a fixture.

    Args:
        fixture: open.
        folder: where records of calibrations are.
        named: the one that the station names.
        is_required: whether the specification will not do.
        today: now, in UTC, where nothing else is said.

    Raises:
        InputError: the record that is named can't be read.
        BenchError: the fixture does not hold what the named record says, it is on another shield,
            or none counts and one is required; as the fixture.
        LinkLost: as the fixture.
    """
    now = today or datetime.now(UTC).date()
    found = _found(fixture, folder, named, now, is_required=is_required)
    if is_required and found.record is None:
        raise BenchError(
            f"no calibration counts: {found.summary.note}",
            where=fixture.address,
            mend="realnet calibrate --station FILE, or take require_calibration out of the station",
        )
    return found


def named_components(
    named: Path | None, today: date | None = None
) -> Callable[[str], list[Component] | None]:
    """Return what the record that a station names says of each channel, before a fixture is there.

    Args:
        named: the record; None where the station names none, so that nothing is said.
        today: as for ``in_use``.

    Raises:
        InputError: it can't be read.
    """
    if named is None:
        return lambda _channel: None
    record: FixtureCalibration = records.read(named, FixtureCalibration)
    return _counting(record, named, today or datetime.now(UTC).date()).components


def _found(
    fixture: Talks, folder: Path, named: Path | None, today: date, *, is_required: bool
) -> InUse:
    day = date_in(fixture)
    if day is None:
        if named is not None:
            raise BenchError(
                "the fixture holds no calibration",
                where=fixture.address,
                allowed=f"the one of {named}",
                mend="calibrate it, or take calibration out of the station",
            )
        return InUse(Calibration(valid=False, date=None, note=f"none; {SPECIFIED}"))
    held = corrections_in(fixture)
    paths = [named] if named else sorted(folder.glob("*.json"), reverse=True)
    for path in paths:
        record = _record(path, must=named is not None)
        if record is not None and _belongs(record, day, held):
            words = moved(record.mid_V, read_mid_V(fixture)) if record.mid_V else None
            if words is None:
                return _counting(record, path, today)
            if named is not None or is_required:
                raise BenchError(
                    f"the calibration of {day} is not of this shield, or it has drifted: {words}",
                    where=fixture.address,
                    mend="put its own shield on the UNO, or calibrate this one",
                )
            fixture.tell("CAL:CLE")
            return InUse(Calibration(valid=False, date=None, note=_OTHER_SHIELD))
    if named is not None:
        raise BenchError(
            f"the fixture holds another calibration, of {day}",
            where=fixture.address,
            allowed=f"the one of {named}",
            mend="name the record of this fixture, or calibrate it",
        )
    note = f"gain and offset corrected; {SPECIFIED}, for its record is not in {folder}"
    return InUse(Calibration(valid=True, date=day, note=note))


def _counting(record: FixtureCalibration, path: Path, today: date) -> InUse:
    is_expired = today > date.fromisoformat(record.expires)
    standard = record.standard
    note = f"against {standard.name} ({'' if standard.traceable else 'not '}traceable)"
    if is_expired:
        note = (
            f"expired on {record.expires}; gain and offset corrected; specification of the fixture"
        )
    summary = Calibration(
        valid=True,
        date=record.date,
        note=note,
        record=path.name,
        record_sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        expires=record.expires,
        traceable=standard.traceable,
    )
    return InUse(summary, None if is_expired else record)


def _record(path: Path, *, must: bool) -> FixtureCalibration | None:
    """Read a record; None for a file of the folder that is something else."""
    try:
        record: FixtureCalibration = records.read(path, FixtureCalibration)
    except InputError:
        if must:
            raise
        return None
    return record


def _belongs(record: FixtureCalibration, day: str, held: dict[str, Correction]) -> bool:
    """Whether the controller holds this very calibration."""
    return record.date == day and all_same(held, corrections_of(record.channels))
