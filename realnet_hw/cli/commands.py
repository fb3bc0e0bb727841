"""The commands of ``realnet``; each docstring is its help."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TextIO

from cyclopts import App, Parameter

from realnet_hw import __version__
from realnet_hw.cli import guidance
from realnet_hw.cli.ask import ask
from realnet_hw.cli.calibrate import calibrate
from realnet_hw.cli.diagnose import diagnose
from realnet_hw.cli.flash import flash
from realnet_hw.cli.foresight import foretell
from realnet_hw.cli.new import new
from realnet_hw.cli.output import console, own_stdout, progress, refuse_unwritable
from realnet_hw.cli.records import records as records_app
from realnet_hw.cli.train import train
from realnet_hw.errors import BenchError, InputError, RealnetError

if TYPE_CHECKING:
    from realnet_hw.board import Board
    from realnet_hw.export.build import BuildResult
    from realnet_hw.export.deck import Deck
    from realnet_hw.export.netlist import Netlist
    from realnet_hw.measure.station import Station, VirtualBench
    from realnet_hw.records import Comparison, Measurement, Prediction

Json = Annotated[bool, Parameter("--json", negative="")]
Flag = Annotated[bool, Parameter(negative="")]

app = App(
    name="realnet",
    help="From a trained network to a board that can be ordered, soldered, measured and trusted.",
    version=__version__,
    help_format="plaintext",
    suppress_keyboard_interrupt=False,  # main() turns it into a line and a status
)
bench = App(name="bench", help="The virtual bench.")
app.command(bench)
app.command(new)
app.command(train)
app.command(ask)
app.command(diagnose)
app.command(flash)
app.command(calibrate)
app.command(records_app)


@app.command(name="list")
def list_boards(*, json_: Json = False) -> int:
    """List the boards: name, technology, parts, title.

    Parameters
    ----------
    json_
        Print one JSON object instead of the table.
    """
    from realnet_hw import project
    from realnet_hw.board import load_board

    rows: list[dict[str, Any]] = []
    refused: dict[str, str] = {}
    with own_stdout() as answers:
        for name in project.board_files():
            try:
                board = load_board(name)
                rows.append(
                    {
                        "name": name,
                        "technology": board.technology,
                        "parts": board.part_count,
                        "title": board.title,
                    }
                )
            except RealnetError as error:
                refused[name] = str(error)
        widths = {key: max(len(str(row[key])) for row in rows) for key in (rows or [{}])[0]}
        lines = ["  ".join(str(row[key]).ljust(widths[key]) for key in row) for row in rows]
        lines = [line.rstrip() for line in lines]
        lines += [f"{name}  cannot be loaded: {why}" for name, why in refused.items()]
        _say(answers, json_, {"boards": rows, "refused": refused}, lines)
    if refused:
        raise InputError(f"cannot be loaded: {', '.join(refused)}", mend="see the list")
    return 0


@app.command
def build(
    board: str,
    *,
    out: Path | None = None,
    fab: Literal["jlcpcb", "home"] = "jlcpcb",
    size: str = "",
    assembly: Literal["tht", "smd"] = "tht",
    print_values: Flag = False,
    no_pcb: Flag = False,
    force: Flag = False,
    check: Flag = False,
    json_: Json = False,
) -> int:
    """Make a board's files: KiCad project, routed board, fabrication files, deck, BOM, pictures.

    All is proved before it is put in place: rule checks of SKiDL and KiCad,
    schematic against circuit net by net, deck against KiCad's, no overlaps.

    Parameters
    ----------
    board
        A board's name, or the path of its folder or board.py.
    out
        Folder to write to; boards/NAME/generated otherwise.
    fab
        Who makes the board: a fab, or "home" for wide tracks that can be etched.
    size
        WIDTHxHEIGHT of the board in mm, such as 100x80; as small as it can be otherwise.
    assembly
        Through-hole parts, or "smd" for surface-mounted ones.
    print_values
        Print the values of parts on the board, where there is room.
    no_pcb
        Leave out the printed circuit board.
    force
        Replace even files that were edited by hand since they were built.
    check
        Write nothing; say which of the files there are not what would be built now.
    json_
        Print one JSON object instead of text.
    """
    from realnet_hw import project
    from realnet_hw.board import load_board
    from realnet_hw.export import build as building
    from realnet_hw.export.pcb.floorplan import Size
    from realnet_hw.export.profile import profile_named

    with own_stdout() as answers:
        made = load_board(board)
        folder = out or project.output_folder(board)
        with progress(f"Building {made.name}") as advance:
            if check:
                stale = building.check(made, folder, progress=advance)
                verdict = "not current" if stale else "current"
                lines = [*stale, f"{folder}: {verdict}"]
                _say(answers, json_, {"out": str(folder), "stale": stale}, lines)
                return 1 if stale else 0
            refuse_unwritable(folder, is_folder=True)
            if size and no_pcb:
                raise InputError("no board has no size", mend="leave out --size or --no-pcb")
            result = building.build(
                made,
                folder,
                profile=None if no_pcb else profile_named(fab),
                size=Size.parsed(size) if size else None,
                assembly=assembly,
                print_values=print_values,
                force=force,
                progress=advance,
            )
        then = [] if result.violations else guidance.after_building(board)
        _say(answers, json_, _built(result), [*made.notes, *_built_lines(result), *then])
    return 1 if result.violations else 0


@app.command
def predict(
    board: str,
    *,
    engine: Literal["ngspice", "compiled"] | None = None,
    samples: Annotated[int | None, Parameter(validator=None)] = None,
    seed: int = 0,
    workers: int = 1,
    scheduler: str | None = None,
    temperature_c: float = 27.0,
    supply: Annotated[list[str] | None, Parameter(negative="", allow_leading_hyphen=True)] = None,
    with_: Annotated[str, Parameter("--with")] = "",
    out: Path | None = None,
    json_: Json = False,
) -> int:
    """Predict the truth table of a board, with the spread that its parts' tolerances give.

    Exit status 1 if not even the nominal board shows it.

    Parameters
    ----------
    board
        A board's name, or the path of its folder or board.py.
    engine
        The simulator: ngspice, or compiled, this package's own, which is taken
        where ngspice is not installed, and for boards that are fired.
    samples
        How many boards with drawn part values to simulate; 1000 where nothing is
        said, 100 or more of a board with a firing, which takes longer.
    seed
        Seed of the draws.
    workers
        How many processes share the work; the answer is the same for any number.
    scheduler
        Address of a Dask scheduler, such as tcp://192.168.1.7:8786, whose workers share
        it instead; they need the same version of this program.
    temperature_c
        Temperature of the whole board in degrees Celsius: diodes follow it, and
        parts of the catalogue spread wider by their drift. Parts without one are named.
    supply
        NET=VOLTS, a rail at another nominal voltage; may be given for each rail.
    with_
        What else to predict, separated by commas: curves (transfer curves),
        surface or surface:X1:X2 (response surface), transient, transient:X1,
        transient:X1:2us (square wave with such edges) or transient:X1:2us:X2=5
        (with that input held there), waveforms (of a board with a firing), yields
        (at other tolerances), or all but the last.
    out
        File to write the prediction record to.
    json_
        Print the record instead of a table.
    """
    from realnet_hw import records
    from realnet_hw.board import load_board
    from realnet_hw.predict import conditions
    from realnet_hw.predict.prediction import shows_its_cases

    with own_stdout() as answers:
        refuse_unwritable(out)
        made = load_board(board)
        netlist, deck = _described(made)
        guidance.warn_of_other_build(board, netlist)
        deck = conditions.under(
            deck,
            netlist,
            made,
            temperature_C=temperature_c,
            supplies_V=conditions.supplies_from(supply or ()),
        )
        record = _predict(
            made,
            netlist,
            deck,
            samples=samples,
            seed=seed,
            workers=workers,
            scheduler=scheduler,
            engine=engine,
            views=with_,
        )
        _keep(out, record)
        if json_:
            answers.write(records.encode(record))
        else:
            from realnet_hw.compare import table

            console(answers).print(table.prediction_table(record))
            then = guidance.after_predicting(board, out, with_, is_measured=bool(made.procedures))
            _tell(answers, then)
    return 0 if shows_its_cases(record) else 1


@app.command
def measure(
    board: str,
    *,
    station: Path,
    procedure: str = "truth_table",
    prediction: Path | None = None,
    out: Path | None = None,
    resume: Flag = False,
    json_: Json = False,
) -> int:
    """Measure a board through the fixture, or on the virtual bench.

    Every point is on disk before the next is taken.
    The outputs are at 0 V on every way out.

    Parameters
    ----------
    board
        A board's name, or the path of its folder or board.py.
    station
        Which fixture is where: a station's name, or its file.
    procedure
        What to measure; a file of bench/procedures.
    prediction
        Prediction record; says before measuring which faults this wiring will not see.
    out
        Folder for the journal and the record; bench/records/NAME otherwise.
    resume
        Go on with the measurement that was interrupted in that folder.
    json_
        Print the record instead of a table.
    """
    from realnet_hw import project, records
    from realnet_hw.board import load_board
    from realnet_hw.measure import bench as measuring

    with own_stdout() as answers:
        refuse_unwritable(out, is_folder=True)
        at = project.station_file(station)
        made = load_board(board)
        guidance.refuse_the_bench(made)
        netlist, _ = _described(made)
        guidance.warn_of_other_build(board, netlist)
        predicted = records.read(prediction, records.Prediction) if prediction else None
        foretell(
            made,
            netlist,
            predicted,
            at,
            board_path=board,
            record=prediction or guidance.PREDICTION,
        )
        folder = out or project.records_folder(made.name)
        record = _measure(
            made,
            netlist,
            station,
            out=folder,
            board_path=board,
            procedure=procedure,
            resume=resume,
        )
        if json_:
            answers.write(records.encode(record))
        else:
            from realnet_hw.compare import steps, table

            console(answers).print(table.measurement_table(record))
            kept = folder / measuring.NEWEST
            views = steps.views_for(record)
            _tell(answers, guidance.after_measuring(board, prediction, kept, views))
    return 0


@app.command
def compare(
    prediction: Path, measurement: Path, *, report: Path | None = None, json_: Json = False
) -> int:
    """Say whether a measured board and its prediction agree; exit status 0 only for PASS.

    Parameters
    ----------
    prediction
        Prediction record.
    measurement
        Measurement record.
    report
        HTML file to write.
    json_
        Print the comparison record instead of a table.
    """
    from realnet_hw import records
    from realnet_hw.measure import bench as measuring

    with own_stdout() as answers:
        if report and report.suffix.lower() not in (".html", ".htm"):
            raise InputError("a report is HTML", where=str(report), mend="name it .html")
        refuse_unwritable(report)
        prediction = guidance.meant_within(prediction, guidance.PREDICTION.name)
        measurement = guidance.meant_within(measurement, measuring.NEWEST)
        predicted = records.read(prediction, records.Prediction)
        measured = records.read(measurement, records.Measurement)
        record = _compare(predicted, measured, report, _schematic_of(predicted))
        if json_:
            answers.write(records.encode(record))
        else:
            from realnet_hw.compare import table

            console(answers).print(table.comparison_table(record))
            at = f"{guidance.measured_when(measured)}: {measurement}"
            _tell(answers, [at, *([f"Report: {report}"] if report else [])])
    return _status(record)


@app.command
def safe(*, station: Path) -> int:
    """Ground every output of a fixture, whatever state it is in.

    Parameters
    ----------
    station
        Which fixture is where: a station's name, or its file.
    """
    from realnet_hw import project
    from realnet_hw.measure import bench as measuring

    with own_stdout() as answers:
        answers.write(f"{measuring.safe(project.station_file(station))}\n")
    return 0


@app.command
def doctor(*, json_: Json = False) -> int:
    """Say what is installed and what is missing, and the command that mends it.

    Parameters
    ----------
    json_
        Print one JSON object instead of text.
    """
    from realnet_hw import doctor as examination

    with own_stdout() as answers:
        findings = examination.examine()
        lines = examination.text(findings).splitlines()
        _say(answers, json_, examination.report(findings), lines)
    return 0 if examination.is_well(findings) else 1


@bench.command
def serve(board: str, *, station: Path, idle_s: float = 30.0) -> int:
    """Serve the virtual bench until interrupted; prints its addresses as one JSON line.

    The fixture's own firmware runs in an AVR simulator behind a serial port,
    and a simulated board hangs on its converters.

    Parameters
    ----------
    board
        A board's name, or the path of its folder or board.py.
    station
        A station with a [virtual] table: its name, or its file.
    idle_s
        End after this many seconds without a byte once the starting process is gone.
    """
    from realnet_hw import project
    from realnet_hw.board import load_board
    from realnet_hw.emulate import server
    from realnet_hw.emulate.scopes.virtual_scope import Wanted
    from realnet_hw.measure import station as stations

    station = project.station_file(station)
    bench_file, virtual = _virtual(station, idle_s)
    with own_stdout():
        made = load_board(virtual.board or board)
        _, deck = _described(made)
        measured = load_board(board)
        guidance.refuse_the_bench(measured)
        wiring = stations.wiring_for(bench_file, measured, where=str(station))
        probes = stations.probes_for(bench_file, measured, where=str(station))
    server.serve(
        made,
        deck,
        firmware=project.firmware(),
        wiring=wiring,
        table=virtual,
        eeprom=bench_file.eeprom,
        idle_s=idle_s,
        scopes={
            name: Wanted(
                scope.driver,
                {at.channel: terminal for terminal, at in probes.items() if at.scope == name},
            )
            for name, scope in bench_file.scope.items()
        },
    )
    return 0


@bench.command
def meter(*, station: Path, idle_s: float = 30.0) -> int:
    """Serve the virtual fixture with a multimeter in place of a board.

    All senses are on one wire, and so is the meter, of the station's [dmm] or a 34461A. Prints the
    addresses as one JSON line. The meter's command BENC:LEAD moves the lead of that
    wire: to dac0 and so on, GND or REF.

    Parameters
    ----------
    station
        A station with a [virtual] table: its name, or its file.
    idle_s
        End after this many seconds without a byte once the starting process is gone.
    """
    from realnet_hw import project
    from realnet_hw.emulate import meter_bench
    from realnet_hw.emulate.meter import DIALECTS
    from realnet_hw.measure.calibration import standards

    path = project.station_file(station)
    bench_file, virtual = _virtual(path, idle_s)
    table = bench_file.dmm or standards.DmmTable(driver="keysight_344xx")
    model = table.model or DIALECTS[table.driver][0].split(",")[1]
    stated = standards.standard_of(table, model, model, where=str(path))
    made = meter_bench.meter_bench(
        project.firmware(),
        dialect=table.driver,
        of_reading=stated.of_reading,
        of_range_V=stated.of_range_V,
        seed=virtual.seed,
        noise=virtual.noise,
        truth=virtual.truth,
    )
    meter_bench.serve(made, eeprom=bench_file.eeprom, idle_s=idle_s)
    return 0


@app.command
def demo(board: str = "xor_opamp", *, out: Path = Path("realnet-demo")) -> int:
    """Build, predict, measure on the virtual bench, compare, and write a report.

    Parameters
    ----------
    board
        A board's name, or the path of its folder or board.py.
    out
        Folder for all that is made.
    """
    from realnet_hw import project
    from realnet_hw.board import load_board
    from realnet_hw.compare import table
    from realnet_hw.export import build as building

    with own_stdout() as answers:
        refuse_unwritable(out, is_folder=True)
        made = load_board(board)
        guidance.refuse_the_bench(made)
        terminal = console(answers)
        netlist, deck = _described(made)
        with progress(f"1/4 Building {made.name}: schematic, deck, bill of materials") as advance:
            built = building.build(made, out / "board", progress=advance)
        answers.writelines(f"{line}\n" for line in (*made.notes, *_built_lines(built)))
        if built.violations:
            return 1
        predicted = _predict(made, netlist, deck, views="all", stage="2/4 ")
        _keep(out / "prediction.json", predicted)
        station = project.bundle() / "bench" / "stations" / "virtual.toml"
        foretell(made, netlist, predicted, station)
        measured = _measure(
            made,
            netlist,
            station,
            out=out / "measurement",
            board_path=board,
            stage="3/4 ",
        )
        report = out / "report.html"
        with progress("4/4 Comparing"):
            record = _compare(predicted, measured, report, out / "board" / "schematic.svg")
        _keep(out / "comparison.json", record)
        terminal.print(table.comparison_table(record))
        answers.write(f"Report: {report.resolve()}\n")
    return _status(record)


# ------------------------------------------------------------------ what commands have in common


def _virtual(path: Path, idle_s: float) -> tuple[Station, VirtualBench]:
    """Return a station of the virtual bench, and its table of that."""
    from realnet_hw.measure import station as stations

    bench_file = stations.load(path)
    if not 0 < idle_s < 86_400:
        raise InputError(f"idle after {idle_s:g} s", allowed="more than 0, up to a day")
    if bench_file.virtual is None:
        raise InputError("no [virtual] table", where=str(path), mend="such as: virtual")
    return bench_file, bench_file.virtual


def _described(board: Board) -> tuple[Netlist, Deck]:
    from realnet_hw.export import netlist
    from realnet_hw.export.deck import deck_from

    found = netlist.from_board(board)
    return found, deck_from(found, board)


def _built(result: BuildResult) -> dict[str, Any]:
    return {
        "out": str(result.folder),
        "files": list(result.files),
        "circuit_sha256": result.circuit_sha256,
        "kicad": result.kicad,
        "parts": result.parts,
        "bought": result.summary.content(),
        "paper": result.paper,
        "notes": list(result.notes),
        "violations": list(result.violations),
    }


def _built_lines(result: BuildResult) -> list[str]:
    if result.violations:
        return [*result.violations, f"{result.folder}: nothing was put there"]
    proofs = "no ERC violation, schematic = circuit, deck = KiCad's, nothing overlaps"
    return [
        f"{result.parts} parts on {result.paper}; KiCad {result.kicad}: {proofs}",
        result.summary.words(),
        *result.notes,
        f"{result.folder}: {len(result.files)} files",
        *guidance.for_hands(result.files),
    ]


def _predict(
    board: Board,
    netlist: Netlist,
    deck: Deck,
    *,
    samples: int | None = None,
    seed: int = 0,
    workers: int = 1,
    scheduler: str | None = None,
    engine: str | None = None,
    views: str = "",
    stage: str = "",
) -> Prediction:
    from realnet_hw.predict.asking import asking_of
    from realnet_hw.predict.engines import ENGINES, usual_for
    from realnet_hw.predict.prediction import predict as predicted
    from realnet_hw.predict.views import views_from, with_views
    from realnet_hw.predict.workers import on_scheduler
    from realnet_hw.predict.workers import workers as working

    if scheduler is not None and workers != 1:
        raise InputError("both --workers and --scheduler", allowed="one of them")
    if samples is None:
        samples = asking_of(board, deck).samples
    if not 50 <= samples <= 1_000_000:
        raise InputError(f"{samples} samples", allowed="50 to 1000000")
    guidance.warn_of_few_samples(board, samples)
    wanted = views_from(views, board)
    engine = engine or usual_for(board)
    make = ENGINES[engine]
    with on_scheduler(make, scheduler) if scheduler else working(make, workers) as simulator:
        guidance.foretell_time(board, deck, simulator, samples, workers)
        with progress(f"{stage}Predicting {board.name}: {samples} boards in {engine}") as advance:
            record = predicted(board, deck, netlist, simulator, samples, seed, advance)
        if not wanted:
            return record
        with progress(f"{stage}Predicting {board.name}: {wanted}") as advance:
            return with_views(record, wanted, board, deck, simulator, advance)


def _measure(
    board: Board,
    netlist: Netlist,
    station: Path,
    *,
    out: Path,
    board_path: str,
    procedure: str = "truth_table",
    resume: bool = False,
    stage: str = "",
) -> Measurement:
    from realnet_hw import project
    from realnet_hw.measure import bench as measuring

    with progress(f"{stage}Measuring {board.name} at station {station.stem}") as advance:
        try:
            return measuring.measure(
                board,
                netlist.sha256(),
                project.station_file(station),
                out,
                procedure_name=procedure,
                resume=resume,
                progress=advance,
                board_path=board_path,
            )
        except KeyboardInterrupt:
            how = () if procedure == "truth_table" else ("--procedure", procedure)
            at = ("--station", station, *how, "--out", out)
            again = guidance.command("measure", board_path, *at, "--resume")
            raise BenchError(
                "interrupted; outputs are grounded and what was measured is kept",
                where=str(out),
                go_on=f"{again} goes on" if list(out.glob("*.jsonl")) else "",
            ) from None


def _compare(
    prediction: Prediction, measurement: Measurement, report: Path | None, schematic: Path | None
) -> Comparison:
    from realnet_hw import records
    from realnet_hw.compare.report import html
    from realnet_hw.compare.verdict import compare as compared

    record = compared(prediction, measurement)
    if report:
        records.write(report, html(record, prediction, measurement, schematic))
    return record


def _schematic_of(prediction: Prediction) -> Path | None:
    """Return the board's drawn schematic, if it has been built from this very circuit."""
    from realnet_hw import project

    try:
        folder = project.output_folder(prediction.board)
    except InputError:
        return None
    picture = folder / "schematic.svg"
    is_its = guidance.built_circuit(folder) == prediction.circuit_sha256
    return picture if is_its and picture.is_file() else None


def _status(record: Comparison) -> int:
    return 0 if record.verdict.startswith("PASS") else 1


def _keep(path: Path | None, record: Any) -> None:
    if path is not None:
        from realnet_hw import records

        records.write(path, records.encode(record))


def _say(answers: TextIO, as_json: bool, content: dict[str, Any], lines: Sequence[str]) -> None:
    if as_json:
        answers.write(json.dumps(content, ensure_ascii=False) + "\n")
    else:
        _tell(answers, lines)


def _tell(answers: TextIO, lines: Sequence[str]) -> None:
    answers.writelines(f"{line}\n" for line in lines)
