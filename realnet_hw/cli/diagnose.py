"""``realnet diagnose``: which part of a soldered board is wrong, and where to probe next."""

from __future__ import annotations

import contextlib
import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TextIO

from cyclopts import Parameter

from realnet_hw.cli import guidance
from realnet_hw.cli.output import Progress, console, own_stdout, progress, refuse_unwritable
from realnet_hw.errors import InputError

if TYPE_CHECKING:
    from realnet_hw.board import Board
    from realnet_hw.diagnose.diagnosis import Investigation
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

    Exit status 0 only where nothing is wrong as far as it was read. The first time with
    a board it computes what each of its faults would make one read, and keeps that.

    Parameters
    ----------
    board
        A board's name, or the path of its folder or board.py.
    readings
        A measurement record, or a file of readings taken by hand.
    interactive
        Ask for one reading of a multimeter after the other until the fault is found.
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
        if readings is None and not interactive and station is None:
            raise InputError(
                "nothing was read",
                where=board,
                mend="give a measurement record, a file of readings, --station or --interactive",
            )
        if interactive and json_:
            raise InputError("--interactive talks, --json does not", mend="take --out for a record")
        if report and report.suffix.lower() not in (".html", ".htm"):
            raise InputError("a report is HTML", where=str(report), mend="name it .html")
        refuse_unwritable(report)
        refuse_unwritable(out)
        made = load_board(board)
        guidance.refuse_the_bench(made)
        netlist = netlists.from_board(made)
        deck = deck_from(netlist, made)
        folders = (project.output_folder(board), project.board_file(board).parent / "generated")
        sha256 = netlist.sha256()
        built = next((f for f in folders if guidance.built_circuit(f) == sha256), None)
        read, made_from = _read(readings, made, netlist, deck)
        looked = _begun(made, netlist, deck, read, built_on, built)
        if interactive or station is not None:
            _probe(looked, board, sha256, station, answers, is_told=not json_)
        with progress("Weighing what was read"):
            record = looked.record(sha256, made_from)
        if out is not None:
            records.write(out, records.encode(record))
        if report is not None:
            from realnet_hw.diagnose.report import html

            with progress("Drawing the report"):
                records.write(report, html(record, made, netlist, built, built_on))
        if json_:
            answers.write(records.encode(record))
        else:
            table.show(record, made, netlist, console(answers))
            if report is not None:
                answers.write(f"Report: {report}\n")
            if not interactive and station is None and record.next_probe is not None:
                again = guidance.command("diagnose", board, *([readings] if readings else []))
                answers.write(f"To be led from reading to reading: {again} --interactive\n")
    return 0 if table.is_sound(record) else 1


def _probe(
    looked: Investigation,
    named: str,
    circuit_sha256: str,
    station: Path | None,
    answers: TextIO,
    *,
    is_told: bool,
) -> None:
    """Go from reading to reading; where nobody is told of it, with the fixture alone."""
    from realnet_hw import project
    from realnet_hw.cli.probing import probe

    told, typed = (answers, sys.stdin) if is_told else (io.StringIO(), io.StringIO())
    if station is None:
        probe(looked, told, typed)
        return
    from realnet_hw.measure.at_hand import board_at_hand

    at, folder = project.station_file(station), project.records_folder(looked.board.name)
    with board_at_hand(looked.board, circuit_sha256, at, folder, board_path=named) as bench:
        probe(looked, told, typed, bench)


def _read(
    path: Path | None, board: Board, netlist: Netlist, deck: Deck
) -> tuple[Readings, dict[str, str]]:
    """Return what a file says was read, and what the diagnosis is made from."""
    import hashlib

    from realnet_hw import records
    from realnet_hw.diagnose import possible, readings
    from realnet_hw.measure import bench as measuring

    made_from = {"circuit": netlist.sha256()}
    if path is None:
        return readings.Readings(), made_from
    path = guidance.meant_within(path, measuring.NEWEST)
    if not path.is_file():
        raise InputError("no such file", where=str(path))
    content = path.read_bytes()
    made_from["readings"] = hashlib.sha256(content).hexdigest()
    if b'"readings"' in content and b'"record"' not in content:
        taken = readings.from_file(path, board, list(deck.nodes))
        possible.refuse_impossible(taken, board, file=str(path))
        return taken, made_from
    measured = records.read(path, records.Measurement)
    if measured.circuit_sha256 != netlist.sha256():
        raise InputError(
            f"this measurement is of another circuit than {board.name}", where=str(path)
        )
    return readings.from_measurement(measured, board), made_from


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
    from realnet_hw.predict.compiled.engine import CompiledEngine

    board_file = built / f"{board.name}.kicad_pcb" if built else None
    if board_file is not None and not board_file.is_file():
        board_file = None
    wrong = diagnosis.universe_of(board, netlist, deck, built_on=built_on, board_file=board_file)
    with contextlib.ExitStack() as shown:
        bars: list[Progress] = []

        def advance(done: int, total: int) -> None:
            # What is in the cache is not computed.
            if not bars:
                what = f"Computing what {len(wrong.faults) - 1} faults would make one read"
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
        )
    looked.take(read)
    if left_out := len(read.values) - len(looked.readings.values):
        sys.stderr.write(
            f"{left_out} of {len(read.values)} readings are left out: they are at more inputs than"
            f" the {len(looked.dictionary.cases)} that a diagnosis takes\n"
        )
    return looked
