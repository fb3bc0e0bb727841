"""The verb ``realnet calibrate``; its docstring is its help."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from realnet_hw.cli import guidance
from realnet_hw.cli.output import console, own_stdout, refuse_unwritable
from realnet_hw.errors import BenchError, InputError

if TYPE_CHECKING:
    from rich.table import Table

    from realnet_hw.records import ChannelCalibration, FixtureCalibration

_STDIN = 0
_ROOM_C = 10.0, 40.0

Flag = Annotated[bool, Parameter(negative="")]


def calibrate(
    *,
    station: Path,
    against: Literal["meter", "reference"] = "meter",
    valid_days: int = 365,
    room_c: Annotated[float | None, Parameter("--room-C")] = None,
    out: Path | None = None,
    resume: Flag = False,
    json_: Annotated[bool, Parameter("--json", negative="")] = False,
) -> int:
    """Calibrate a fixture: find gain and offset of every channel and how sure they are.

    The station's [dmm] says which meter, asked by the program or typed in by you.
    The corrections go into the fixture's EEPROM, all the rest into a record,
    which measurements then take their uncertainty from.
    Every point is on disk before the next is taken. Exit status 1 if a fresh point
    afterwards is further off than stated.

    Parameters
    ----------
    station
        Which fixture is where: a station's name, or its file.
    against
        The meter of the station, or the fixture's own reference, which is not traceable.
    valid_days
        After how many days it expires, 1 to 365.
    room_c
        What a thermometer beside the fixture shows, 10 to 40 °C, known to 1 °C.
    out
        Folder for the journal and the record; bench/records/calibration otherwise.
    resume
        Go on with the calibration that was interrupted in that folder.
    json_
        Print the record instead of a table.
    """
    from realnet_hw import project, records
    from realnet_hw.measure.calibration import run
    from realnet_hw.measure.station import CALIBRATIONS

    if not 1 <= valid_days <= 365:
        raise InputError(f"valid for {valid_days} days", allowed="1 to 365")
    if room_c is not None and not _ROOM_C[0] <= room_c <= _ROOM_C[1]:
        raise InputError(f"a room of {room_c:g} °C", allowed="10 to 40 °C")
    with own_stdout() as answers:
        refuse_unwritable(out, is_folder=True)
        folder = out or project.records_folder(CALIBRATIONS)
        someone = run.Someone(sys.stderr, _STDIN)
        again = guidance.command(
            "calibrate", "--station", station, "--against", against, "--out", folder, "--resume"
        )
        try:
            record, kept = run.calibrate(
                project.station_file(station),
                folder,
                someone,
                against_own_reference=against == "reference",
                resume=resume,
                valid_days=valid_days,
                room_C=room_c,
                progress=_Passes(),
            )
        except KeyboardInterrupt:
            raise BenchError(
                "interrupted; outputs are grounded and the points taken are kept",
                where=str(folder),
                go_on=f"{again} goes on",
            ) from None
        if json_:
            answers.write(records.encode(record))
        else:
            console(answers).print(table_of(record))
            answers.writelines(f"{line}\n" for line in words_of(record, kept))
    return 1 if _off(record) else 0


class _Passes:
    """Says which pass is under way: no bar, for questions come in between."""

    def __init__(self) -> None:
        self._pass = ""

    def __call__(self, done: int, total: int, key: str) -> None:
        """Take note of the next point."""
        name = key.partition("/")[0]
        if name != self._pass:
            self._pass = name
            sys.stderr.write(f"{name}: {done} of {total} points are taken\n")
            sys.stderr.flush()


def table_of(record: FixtureCalibration) -> Table:
    """Return a row for each channel."""
    """Return what was found of each channel, as a table for the terminal."""
    from rich.table import Table

    table = Table(title="What each channel did without correction (U: expanded, k = 2)")
    for name in ("channel", "gain", "U", "offset", "U", "INL", "noise", "U at 5 V", "points"):
        table.add_column(name, justify="left" if name == "channel" else "right")
    for name, each in record.channels.items():
        table.add_row(name, *_cells(record, name, each))
    return table


def _cells(record: FixtureCalibration, name: str, each: ChannelCalibration) -> list[str]:
    from realnet_hw.measure.calibration.budget import expanded_V

    return [
        f"{1e6 * each.gain:+.0f} ppm",
        f"{1e6 * each.U_gain:.0f} ppm",
        f"{1e3 * each.offset_V:+.2f} mV",
        f"{1e3 * each.U_offset_V:.2f} mV",
        f"{1e3 * each.residual_V:.1f} mV",
        f"{1e3 * each.noise_V:.1f} mV",
        f"{1e3 * expanded_V(record, name, 5.0):.1f} mV",
        str(each.points),
    ]


def _off(record: FixtureCalibration) -> list[str]:
    """Return which fresh points are further off than stated."""
    return [
        f"{each.channel} at {each.level_V:.3f} V: off by "
        f"{1e3 * (each.value_V - each.level_V):+.1f} mV, stated {1e3 * each.U_V:.1f} mV"
        for each in record.checks
        if abs(each.value_V - each.level_V) > each.U_V
    ]


def words_of(record: FixtureCalibration, kept: Path) -> list[str]:
    """Return what is said below the table, a sentence a line."""
    standard, off = record.standard, _off(record)
    traceable = (
        f"traceable: certificate {standard.certificate}"
        if standard.traceable
        else "not traceable: no certificate stands behind it"
    )
    return [
        f"Against {standard.name} ({standard.source}), {traceable}",
        f"Checked at {len(record.checks)} fresh points: {len(off)} further off than stated",
        *off,
        f"The fixture holds the corrections of {record.date}; they count until {record.expires}",
        f"Record: {kept}",
        *_pointed_to(kept),
    ]


def _pointed_to(kept: Path) -> list[str]:
    """Return what a station needs to find a record that is not among the others."""
    from realnet_hw import project
    from realnet_hw.measure.station import CALIBRATIONS

    if kept.resolve().parent == project.records_folder(CALIBRATIONS).resolve():
        return []
    return [f'Measurements find it with this line in the station: calibration = "{kept.resolve()}"']
