"""``realnet diagnose``: which part of a soldered board is wrong, and where to probe next."""

from __future__ import annotations

import contextlib
import hashlib
import io
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TextIO

from cyclopts import Parameter

from realnet_hw.cli import guidance
from realnet_hw.cli.output import Progress, console, own_stdout, progress, refuse_unwritable
from realnet_hw.errors import InputError, RealnetError

if TYPE_CHECKING:
    from realnet_hw.board import Board
    from realnet_hw.diagnose.diagnosis import Investigation
    from realnet_hw.diagnose.reading_file import Kept
    from realnet_hw.diagnose.readings import Readings
    from realnet_hw.export.deck import Deck
    from realnet_hw.export.netlist import Netlist

Json = Annotated[bool, Parameter("--json", negative="")]
Flag = Annotated[bool, Parameter(negative="")]


def diagnose(
    board: str,
    readings: Path | None = None,
    *,
    interactive: Flag = False,
    station: Path | None = None,
    built_on: Literal["pcb", "breadboard"] = "pcb",
    report: Path | None = None,
    out: Path | None = None,
    json_: Json = False,
) -> int:
    """Say which part of a soldered board is wrong, and where to probe next.

    Without a file of readings you are asked for one reading of a multimeter after the other; each
    is kept in a file at once, with which the same command goes on. Exit status 0 only where nothing
    is wrong as far as it was read. The first time with a board it computes what each of its faults
    would make one read, and keeps that.

    Parameters
    ----------
    board
        A board's name, or the path of its folder or board.py.
    readings
        A measurement record, or a file of readings taken by hand.
    interactive
        Ask for further readings of a multimeter, too.
    station
        The board is on this fixture, or virtual bench: it takes the readings that it can, and asks
        for the others.
    built_on
        What it was soldered or plugged on: on a breadboard legs may be a hole beside.
    report
        HTML file to write, with the suspects marked on the board's drawings.
    out
        File to write the diagnosis record to.
    json_
        Print the record instead of text.
    """
    from realnet_hw import project, records
    from realnet_hw.board import load_board
    from realnet_hw.diagnose import table
    from realnet_hw.export import netlist as netlists
    from realnet_hw.export.deck import deck_from

    with own_stdout() as answers:
        _refuse_at_once(board, readings, station, interactive, report, is_json=json_)
        refuse_unwritable(report)
        refuse_unwritable(out)
        made = load_board(board)
        guidance.refuse_the_bench(made)
        netlist = netlists.from_board(made)
        deck = deck_from(netlist, made)
        folders = (project.output_folder(board), project.board_file(board).parent / "generated")
        sha256 = netlist.sha256()
        built = next((f for f in folders if guidance.built_circuit(f) == sha256), None)
        read, kept, digest = _read(readings, made, sha256, list(deck.nodes))
        looked = _begun(made, netlist, deck, read, built_on, built)
        is_led = interactive or station is not None or readings is None

        def file() -> Path | None:
            # It is there from the first reading on that comes to those given.
            return kept.path if is_led and kept.path.is_file() else readings

        def again() -> str:
            return _again(board, file(), station, built_on)

        if is_led:
            _probe(looked, board, kept, station, answers, again, is_told=not json_)
            digest = kept.sha256() or digest
        if not looked.readings.values:
            ask = _again(board, None, station, built_on)
            given = guidance.command("diagnose", board, "FILE")
            mend = f"type one when you are asked, or give a measurement: {given}"
            raise InputError(
                "nothing was read", where=board, mend=mend if is_led else f"read it: {ask}"
            )
        with progress("Weighing what was read"):
            record = looked.record(sha256, {"circuit": sha256, "readings": digest})
        if out is not None:
            records.write(out, records.encode(record))
        if report is not None:
            from realnet_hw.diagnose.report import html

            with progress("Drawing the report"):
                records.write(report, html(record, made, built, built_on))
        if json_:
            answers.write(records.encode(record))
            return 0 if table.is_sound(record) else 1
        table.show(record, made, console(answers))
        if report is not None:
            answers.write(f"Report: {report}\n")
        is_settled = bool(looked.sure() or looked.rail_words()) or table.is_explained(record)
        said = guidance.after_diagnosing(
            again(),
            _again(board, None, station, built_on) if is_led else None,
            is_faulty=table.is_faulty(record),
            is_settled=is_settled,
            tells_more=record.next_probe is not None,
        )
        if report is None and not table.is_sound(record):
            said.append(f"Marked on the board's drawings: {_drawn(board, file(), built_on)}")
        answers.writelines(f"{line}\n" for line in said)
    return 0 if table.is_sound(record) else 1


def _refuse_at_once(
    board: str,
    readings: Path | None,
    station: Path | None,
    interactive: bool,
    report: Path | None,
    *,
    is_json: bool,
) -> None:
    """Refuse what does not go together, before anything is computed."""
    if interactive and is_json:
        raise InputError("--interactive talks, --json does not", mend="take --out for a record")
    if readings is None and station is None and is_json:
        raise InputError(
            "nothing was read",
            where=board,
            mend="give a measurement record, a file of readings or --station",
        )
    if report and report.suffix.lower() not in (".html", ".htm"):
        raise InputError("a report is HTML", where=str(report), mend="name it .html")


def _again(board: str, readings: Path | None, station: Path | None, built_on: str) -> str:
    """Return the command that goes on with what was read."""
    file = () if readings is None else (guidance.from_here(readings),)
    at = ("--interactive",) if station is None else ("--station", station)
    how = () if built_on == "pcb" else ("--built-on", built_on)
    return guidance.command("diagnose", board, *file, *at, *how)


def _drawn(board: str, readings: Path | None, built_on: str) -> str:
    """Return the command that draws what was found."""
    file = () if readings is None else (guidance.from_here(readings),)
    how = () if built_on == "pcb" else ("--built-on", built_on)
    return guidance.command("diagnose", board, *file, *how, "--report", "diagnosis.html")


def _probe(
    looked: Investigation,
    named: str,
    kept: Kept,
    station: Path | None,
    answers: TextIO,
    again: Callable[[], str],
    *,
    is_told: bool,
) -> None:
    """Go from reading to reading; where nobody is told of it, with the fixture alone."""
    from realnet_hw import project
    from realnet_hw.cli.probing import probe

    told, typed = (answers, sys.stdin) if is_told else (io.StringIO(), io.StringIO())
    if station is None:
        probe(looked, told, typed, kept)
        return
    from realnet_hw.measure.at_hand import board_at_hand

    at, folder = project.station_file(station), project.records_folder(looked.board.name)
    try:
        with board_at_hand(
            looked.board, kept.circuit_sha256, at, folder, board_path=named
        ) as bench:
            probe(looked, told, typed, kept, bench)
    except RealnetError as error:
        if not looked.readings.values:
            raise
        # How a measurement goes on is not how this does.
        raise type(error)(
            error.what,
            where=error.where,
            allowed=error.allowed,
            mend=error.mend,
            go_on=f"go on with every reading that was kept: {again()}",
        ) from error


def _read(
    path: Path | None, board: Board, circuit_sha256: str, nets: Sequence[str]
) -> tuple[Readings, Kept, str]:
    """Return what a file says was read, where this is kept with more, and the file's hash."""
    from realnet_hw import project, records
    from realnet_hw.diagnose import possible, reading_file, readings
    from realnet_hw.measure import bench as measuring

    name = f"{board.name}-readings-{datetime.now(UTC):%Y%m%dT%H%M%S%f}Z.json"
    new = project.records_folder(board.name) / name
    if path is None:
        return readings.Readings(), reading_file.Kept(new, board.name, circuit_sha256), ""
    path = guidance.meant_within(path, measuring.NEWEST)
    if not path.is_file():
        raise InputError("no such file", where=str(path))
    if path.stat().st_size > reading_file.MOST_BYTES:
        raise InputError(
            f"{path.stat().st_size / 1e6:.0f} MB",
            where=str(path),
            allowed=f"up to {reading_file.MOST_BYTES / 1e6:.0f} MB",
        )
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if reading_file.is_record(content):
        measured = records.read(path, records.Measurement)
        if measured.circuit_sha256 != circuit_sha256:
            raise InputError(
                f"this measurement is of another circuit than {board.name}", where=str(path)
            )
        taken = readings.from_measurement(measured, board)
        kept = reading_file.Kept(new, board.name, circuit_sha256, measured=[taken])
        return taken, kept, digest
    taken, kept = reading_file.read(path, content, board, circuit_sha256, nets, new=new)
    possible.refuse_impossible(taken, board, file=str(path))
    return taken, kept, digest


def _say_how_long(expected_s: float) -> None:
    minutes = max(1, round(expected_s / 60))
    sys.stderr.write(
        f"This board takes about {minutes} minute{'s' if minutes > 1 else ''} to compute, once: "
        "it is kept\n"
    )
    sys.stderr.flush()


def _begun(
    board: Board,
    netlist: Netlist,
    deck: Deck,
    read: Readings,
    built_on: str,
    built: Path | None,
) -> Investigation:
    from realnet_hw.diagnose import diagnosis
    from realnet_hw.diagnose.places import Places, legs_on_board, legs_on_breadboard
    from realnet_hw.predict.compiled.engine import CompiledEngine

    board_file = built / f"{board.name}.kicad_pcb" if built else None
    if board_file is not None and not board_file.is_file():
        board_file = None
    legs: Mapping[tuple[str, str], str] = {}
    if built_on == "breadboard":
        legs = legs_on_breadboard(board, netlist)
    elif board_file is not None:
        legs = legs_on_board(board_file)
    wrong = diagnosis.universe_of(board, netlist, deck, built_on=built_on, board_file=board_file)
    with contextlib.ExitStack() as shown:
        bars: list[Progress] = []

        def advance(done: int, total: int) -> None:
            # What is in the cache is not computed.
            if not bars:
                what = f"Computing what {len(wrong.faults) - 1} faults would show, once"
                bars.append(shown.enter_context(progress(what)))
            bars[0](done, total)

        looked = diagnosis.Investigation(
            board,
            netlist,
            deck,
            CompiledEngine(),
            wrong,
            diagnosis.cases_for(board, read),
            progress=advance,
            waiting=_say_how_long,
            places=Places(board, netlist, legs),
        )
    if read.values:
        looked.take(read)
    if left_out := len(read.values) - len(looked.readings.values):
        sys.stderr.write(
            f"{left_out} of {len(read.values)} readings are left out: they are at more inputs than"
            f" the {len(looked.dictionary.cases)} that a diagnosis takes\n"
        )
    return looked
