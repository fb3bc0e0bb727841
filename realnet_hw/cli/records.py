"""The verb ``realnet records``; each subcommand's docstring is its help."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from realnet_hw.cli.output import console, own_stdout, refuse_unwritable
from realnet_hw.errors import InputError

if TYPE_CHECKING:
    from realnet_hw.measure.archive import Archive

Json = Annotated[bool, Parameter("--json", negative="")]

records = App(name="records", help="Find, show and export what was predicted and measured.")

_KEY_LENGTH = 8


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

    Parameters
    ----------
    folder
        Where to look, with all folders in it; bench/records otherwise.
    board
        Only those of this board.
    kind
        Only of this kind: prediction, measurement, comparison, training, diagnosis or journal.
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
    """Show a record as it was shown when it was made.

    Parameters
    ----------
    record
        The beginning of its key, as the list shows it, or its file.
    folder
        Where to look, with all folders in it; bench/records otherwise.
    json_
        Print the file itself.
    """
    with own_stdout() as answers:
        path = _file(record, folder)
        text = path.read_text(encoding="utf-8")
        table = None if json_ else _table(path)
        if table is None:
            answers.write(text)
        else:
            console(answers).print(table)
    return 0


@records.command
def export(record: str, *, out: Path, folder: Path | None = None) -> int:
    """Write what a record or a journal holds as CSV, for a spreadsheet.

    Parameters
    ----------
    record
        The beginning of its key, as the list shows it, or its file.
    out
        The CSV file.
    folder
        Where to look, with all folders in it; bench/records otherwise.
    """
    from realnet_hw.measure import archive
    from realnet_hw.records import write

    with own_stdout() as answers:
        refuse_unwritable(out)
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
    if Path(record).is_file():
        return Path(record)
    archive = _archive(folder)
    path = archive.path(archive.find(record))
    if not path.is_file():
        raise InputError("it was removed just now", where=str(path))
    return path


def _table(path: Path) -> object | None:
    """Return what the command that made a record showed; None where that is not a table."""
    from realnet_hw import records as kinds
    from realnet_hw.compare import table
    from realnet_hw.measure.journal import SUFFIX

    if path.suffix == SUFFIX:
        return None
    match kinds.read(path, object):
        case kinds.Prediction() as record:
            return table.prediction_table(record)
        case kinds.Measurement() as record:
            return table.measurement_table(record)
        case kinds.Comparison() as record:
            return table.comparison_table(record)
        case _:
            return None
