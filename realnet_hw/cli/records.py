"""The verb ``realnet records``; each subcommand's docstring is its help."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from realnet_hw.cli import calibrate, guidance
from realnet_hw.cli.output import console, own_stdout, refuse_unwritable
from realnet_hw.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from realnet_hw.board import Board
    from realnet_hw.measure.archive import Archive

Json = Annotated[bool, Parameter("--json", negative="")]

records = App(name="records", help="Find, show and export what was predicted and measured.")

_KEY_LENGTH = 8
_NEWEST = (
    "measurement.json",
    "training.json",
    "comparison.json",
    "diagnosis.json",
    "prediction.json",
)


@records.command(name="list")
def list_records(
    *,
    folder: Path | None = None,
    board: str | None = None,
    kind: str | None = None,
    json_: Json = False,
) -> int:
    """List the records of a folder, the oldest first.

    A run that was cut short has a journal and no record yet: it is listed as that.
    A folder with records gets an index, .index.sqlite, which can be deleted at any time.

    Parameters
    ----------
    folder
        Where to look, with all folders in it; bench/records otherwise.
    board
        Only those of this board.
    kind
        Only of this kind: prediction, measurement, comparison, training, diagnosis, calibration or
        journal.
    json_
        Print one JSON object.
    """
    with own_stdout() as answers:
        archive = _archive(folder)
        found = [
            entry
            for entry in archive.entries()
            if board in (None, entry.board) and kind in (None, entry.kind)
        ]
        if json_:
            import msgspec

            content = {"folder": str(archive.folder), "records": found}
            answers.write(msgspec.json.encode(content).decode() + "\n")
            return 0
        for entry in found:
            key, when = entry.key[:_KEY_LENGTH], entry.when or "-"
            line = f"{key}  {when:20}  {entry.kind:11}  {entry.board:20}  {entry.outcome}"
            answers.write(f"{line}  {entry.path}\n")
        if not found:
            answers.write(f"nothing of that kind in {archive.folder}\n")
    return 0


@records.command
def show(record: str, *, folder: Path | None = None, json_: Json = False) -> int:
    """Show a record as it was shown when it was made, and a journal line by line.

    Parameters
    ----------
    record
        The beginning of its key, as the list shows it, its file, or a folder: its newest.
    folder
        Where to look, with all folders in it; bench/records otherwise.
    json_
        Print the file itself.
    """
    from realnet_hw import records as kinds
    from realnet_hw.measure.journal import SUFFIX

    with own_stdout() as answers:
        path = _file(record, folder)
        if json_ or path.suffix == SUFFIX:
            answers.write(path.read_text(encoding="utf-8"))
        else:
            _print(kinds.read(path, object), console(answers))
    return 0


@records.command
def export(record: str, *, out: Path, folder: Path | None = None) -> int:
    """Write what a record or a journal holds as CSV, for a spreadsheet, or its codes as arrays.

    Parameters
    ----------
    record
        The beginning of its key, as the list shows it, its file, or a folder: its newest.
    out
        The CSV file; or an .npz file, for a measurement's journal and all codes in it.
    folder
        Where to look, with all folders in it; bench/records otherwise.
    """
    from realnet_hw.measure import archive, codes
    from realnet_hw.records import write

    with own_stdout() as answers:
        refuse_unwritable(out)
        if out.suffix == codes.SUFFIX:
            write(out, archive.arrays(_file(record, folder)))
            answers.write(f"all codes: {out}\n")
            return 0
        rows = archive.table(_file(record, folder))
        names = list(dict.fromkeys(name for row in rows for name in row))
        text = io.StringIO()
        writer = csv.DictWriter(text, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write(out, text.getvalue())
        answers.write(f"{len(rows)} rows: {out}\n")
    return 0


def _archive(folder: Path | None) -> Archive:
    from realnet_hw import project
    from realnet_hw.measure.archive import Archive

    return Archive(folder or (project.own_project() or Path.cwd()) / "bench" / "records")


def _file(record: str, folder: Path | None) -> Path:
    """Return the file that is meant: any record's, or one of the folder's."""
    given = Path(record)
    if given.is_file():
        return given
    if given.is_dir():
        within = [given / name for name in _NEWEST if (given / name).is_file()]
        if not within:
            raise InputError(
                f"no {', '.join(_NEWEST)} in it",
                where=record,
                mend=f"{guidance.command('records', 'list', '--folder', record)} shows what is",
            )
        return max(within, key=lambda path: path.stat().st_mtime_ns)
    archive = _archive(folder)
    path = archive.path(archive.find(record))
    if not path.is_file():
        raise InputError("it was removed just now", where=str(path))
    return path


def _print(record: object, to: Console) -> None:
    """Print a record as the command that made it did."""
    from realnet_hw import records as kinds
    from realnet_hw.compare import table

    match record:
        case kinds.Prediction():
            to.print(table.prediction_table(record))
        case kinds.Measurement():
            to.print(table.measurement_table(record))
        case kinds.Comparison():
            to.print(table.comparison_table(record))
        case kinds.Training():
            from realnet_hw.learn.array.words import summary_lines

            to.print("\n".join(summary_lines(record)), markup=False, soft_wrap=True)
        case kinds.Diagnosis():
            from realnet_hw.diagnose import table as diagnosed

            diagnosed.show(record, _same_board(record.board, record.circuit_sha256), to)
        case kinds.FixtureCalibration():
            to.print(calibrate.table_of(record))


def _same_board(name: str, circuit_sha256: str) -> Board:
    """Return the board of a record.

    Raises:
        InputError: it is not here, or is another circuit than then.
    """
    from realnet_hw import project
    from realnet_hw.board import load_board
    from realnet_hw.export import netlist as netlists

    # By its name alone: a record from elsewhere does not say which program is run.
    if name in project.board_files():
        board = load_board(name)
        if netlists.from_board(board).sha256() == circuit_sha256:
            return board
    raise InputError(
        "its board is not here as it was then", where=name, mend="--json prints the record itself"
    )
