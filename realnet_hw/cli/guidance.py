"""What a command says beside its answer: where things went, and what comes next."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from realnet_hw.errors import InputError

if TYPE_CHECKING:
    from realnet_hw.board import Board
    from realnet_hw.export.deck import Deck
    from realnet_hw.export.netlist import Netlist
    from realnet_hw.predict.engine import Engine
    from realnet_hw.records import Measurement, Prediction

PREDICTION = Path("prediction.json")

_LONG_min = 1.0


def command(*words: str | Path) -> str:
    """Return a command of ours as one types it."""
    return shlex.join(["realnet", *map(str, words)])


def from_here(path: Path) -> Path:
    """Return a path as one types it in the working folder."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def after_building(board: str) -> list[str]:
    """Return what comes after a build."""
    return [f"Next: {command('predict', board, '--out', PREDICTION)}"]


def for_hands(files: Sequence[str]) -> list[str]:
    """Return which of a build's files one orders by, and which one builds by."""
    gerbers = next((name for name in files if name.endswith("_gerbers.zip")), "")
    order = [f"{gerbers} (board)"] if gerbers else []
    said = [f"To order: {', '.join([*order, 'bom_order.csv (parts)'])}"]
    if "breadboard.html" in files:
        said.append("On a breadboard, step by step: breadboard.html")
    return said


def refuse_the_bench(made: Board) -> None:
    """Refuse to measure the board that measures: it has no procedures.

    Raises:
        InputError: says what is done with it instead.
    """
    if not made.procedures:
        raise InputError(
            "is the fixture that measures boards; it is not measured like one",
            where=made.name,
            mend=f"find what it delivers and reads: {command('calibrate', '--station', 'FILE')}",
        )


def after_predicting(
    board: str, out: Path | None, views: str = "", *, is_measured: bool = True
) -> list[str]:
    """Return where a prediction went, and what comes next.

    Args:
        board: as it was named.
        out: the record, if one was kept.
        views: what was asked for beside the cases, as ``--with`` has it; steps need a scope.
        is_measured: whether there is a procedure for it.
    """
    if not is_measured:
        return [f"Record: {out or 'none was kept'}"]
    if out is None:
        wanted = ("--with", views) if views else ()
        keep = command("predict", board, *wanted, "--out", PREDICTION)
        return ["Record: none was kept", f"Next: {keep}"]
    steps = any(view.startswith("transient:") for view in views.split(","))
    bench = ("--procedure", "waveform", "--station", "scope") if steps else ("--station", "virtual")
    rest = ("--prediction", out, "--out", "measurement")
    return [f"Record: {out}", f"Next: {command('measure', board, *bench, *rest)}"]


def after_measuring(
    board: str, prediction: Path | None, record: Path, views: str = ""
) -> list[str]:
    """Return where a measurement went, and what comes next.

    Args:
        board: as it was named.
        prediction: the record that was given, if any.
        record: of the measurement.
        views: what a prediction needs beside the cases to be compared with it.
    """
    other = prediction or PREDICTION
    steps = [command("compare", other, record, "--report", "report.html")]
    if not other.is_file():
        wanted = ("--with", views) if views else ()
        steps.insert(0, command("predict", board, *wanted, "--out", other))
    return [f"Record: {record}", f"Next: {' && '.join(steps)}"]


def after_diagnosing(
    again: str, anew: str | None, *, is_faulty: bool, is_settled: bool, tells_more: bool
) -> list[str]:
    """Return what comes after a diagnosis: mending, and whether to go on before.

    Args:
        again: the command that goes on with what was read.
        anew: the command that begins without it; None where nobody was led.
        is_faulty: whether something is probably wrong.
        is_settled: whether what to mend is as clear as readings make it.
        tells_more: whether a further reading is worth taking.
    """
    if anew is None:
        led = [f"To be led from reading to reading: {again}"] if tells_more else []
        mended = "After mending, read it anew: the old readings are of another board"
        return [*led, *[mended] * is_faulty]
    without = "(without the old readings: they are of another board)"
    if not is_faulty:
        return [f"Every reading is kept. To go on: {again}"]
    if is_settled:
        return [f"Mend it, then begin anew: {anew} {without}"]
    return [
        f"Every reading is kept. To go on with these, before mending: {again}",
        f"After mending, begin anew: {anew} {without}",
    ]


def measured_when(measurement: Measurement) -> str:
    """Return when and where a measurement was taken."""
    when = measurement.started_utc.replace("T", " ").removesuffix("Z")
    return f"Measured {when} UTC at station {measurement.station}"


def built_circuit(folder: Path) -> str | None:
    """Return the hash of the circuit that a build's folder is of; None where there is no build."""
    try:
        found = json.loads((folder / "build.json").read_text("utf-8"))["circuit_sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, str) else None


def warn_of_other_build(board: str, netlist: Netlist) -> None:
    """Say on stderr if what was built is not the circuit at hand: it may be what was soldered."""
    from realnet_hw import project

    folder = project.output_folder(board)
    built = built_circuit(folder)
    if built is not None and built != netlist.sha256():
        here = Path.cwd()
        shown = folder.relative_to(here) if here in folder.parents else folder
        sys.stderr.write(f"{shown} is of another circuit: {command('build', board)}\n")


def warn_of_few_samples(board: Board, samples: int) -> None:
    """Say on stderr if a prediction will have too few boards to judge a measurement by."""
    values = len(board.cases) * (len(board.outputs) + len(board.test_points))
    if board.procedures and samples < values + 2:
        sys.stderr.write(
            f"{samples} boards are too few to compare a measurement with if all {values} values"
            f" are read: --samples {values + 2} or more\n"
        )


def foretell_time(board: Board, deck: Deck, engine: Engine, samples: int, workers: int) -> None:
    """Say on stderr about how long a prediction will take, if it is long: one answer is timed."""
    from time import perf_counter

    from realnet_hw.predict.asking import asking_of
    from realnet_hw.predict.levels import sources
    from realnet_hw.predict.prediction import questions

    if not board.cases:
        return
    asking = asking_of(board, deck)
    first = [sources(deck, board.cases[0].inputs)]
    asking.answers(deck, engine, first)
    start_s = perf_counter()
    asking.answers(deck, engine, first)
    minutes = (perf_counter() - start_s) * questions(board, deck, samples) / workers / 60
    if minutes > _LONG_min:
        ways = "--workers and fewer --samples make it shorter"
        if board.firing is not None and engine.name == "ngspice":
            ways = f"--engine compiled, {ways}"
        sys.stderr.write(
            f"{samples} boards and {len(asking.faults(deck))} single faults at {len(board.cases)} "
            f"cases: about {minutes:.0f} min; {ways}\n"
        )


def predicting_again(
    board: Board, path: str, prediction: Prediction, record: Path, samples: int
) -> str:
    """Return the command that predicts as before, with so many samples."""
    words: list[str | Path] = ["predict", path, "--samples", str(samples)]
    if prediction.seed:
        words += ["--seed", str(prediction.seed)]
    under = prediction.conditions
    if under.temperature_C != 27:
        words += ["--temperature-c", f"{under.temperature_C:g}"]
    nominal_V = {supply.net: supply.volts for supply in board.supplies}
    for net, volts in under.supplies_V.items():
        if volts != nominal_V.get(net):
            words += ["--supply", f"{net}={volts:g}"]
    views = {
        "curves": prediction.curves,
        "surface": prediction.surfaces,
        "transient": prediction.transients,
        "waveforms": prediction.waveforms,
        "yields": prediction.yields,
    }
    if shown := [name for name, found in views.items() if found]:
        words += ["--with", ",".join(shown)]
    return command(*words, "--out", record)


def meant_within(path: Path, name: str) -> Path:
    """Return a record's path; refuse a folder that holds the record.

    Raises:
        InputError: says which file may be meant.
    """
    if (path / name).is_file():
        raise InputError("a folder", where=str(path), mend=f"did you mean {path / name}?")
    return path
