"""``realnet train array`` and ``realnet train gradient``: a board that learns on the bench."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from realnet_hw.cli import guidance
from realnet_hw.cli.output import Progress, own_stdout, progress, refuse_unwritable
from realnet_hw.errors import BenchError, InputError

if TYPE_CHECKING:
    from realnet_hw.learn.array.places import Learner
    from realnet_hw.learn.array.training import Checkpoint
    from realnet_hw.records import BudgetLine, TrainingPlan

Json = Annotated[bool, Parameter("--json", negative="")]
Flag = Annotated[bool, Parameter(negative="")]

_LINES = 10
"""So many epochs are told where no bar is shown."""


def array(
    board: str,
    *,
    data: str,
    station: Path | None = None,
    epochs: int | None = None,
    seed: int | None = None,
    batch: int | None = None,
    rate_v: float | None = None,
    target_v: float | None = None,
    off: str | None = None,
    weights: Path | None = None,
    out: Path | None = None,
    resume: Flag = False,
    json_: Json = False,
) -> int:
    """Train a board of synapses on the bench, by equilibrium propagation.

    Inputs are set, outputs nudged, nodes read, and weights written through the
    fixture, epoch after epoch. Every epoch is on disk before the next; the weights of
    the best one are kept. The outputs are at 0 V on every way out.
    Exit status 1 if an answer is still wrong at the end, or too near to tell.

    Parameters
    ----------
    board
        A board's name, or the path of its folder or board.py.
    data
        What to learn: xor, iris, ..., or a CSV file whose last column tells the class.
    station
        Which fixture is where: a station's name, or its file. The board's simulation
        with the fixture's resolution where it is left out.
    epochs
        How often every pattern is shown: 250 times if not said.
    seed
        Of the weights to begin with, and of the patterns' order: 0 if not said.
    batch
        Patterns that are shown for one step of the weights: 32 if not said.
    rate_v
        Volts that a weight moves in a step at first, 0.05 if not said; at the end a tenth of it.
    target_v
        Volts above or below 0 V that an output should have: 0.1 if not said.
    off
        Synapses to keep switched off, by their capacitors' nets: W1_0_2,W2_3_1.
    weights
        Training record whose weights to begin with.
    out
        Folder for journal, record and report; bench/records/NAME otherwise.
    resume
        Go on with the training that was interrupted in that folder, as it was begun.
    json_
        Print the record instead of text.
    """
    from realnet_hw import project, records
    from realnet_hw.learn import data_set
    from realnet_hw.learn.array import session
    from realnet_hw.learn.array.report import html
    from realnet_hw.learn.array.words import summary_lines, undecided_V

    with own_stdout() as answers:
        refuse_unwritable(out, is_folder=True)
        before = records.read(weights, records.Training) if weights else None
        examples = data_set.load(data)
        learner = learner_of(board, station)
        folder = out or project.records_folder(learner.board.name)
        begun = session.plan_begun(learner, folder) if resume else records.TrainingPlan()
        plan = _plan(
            begun, epochs=epochs, seed=seed, batch=batch, rate_V=rate_v, target_V=target_v, off=off
        )
        at: list[str | Path] = ["--station", station] if station else []
        from_: list[str | Path] = ["--weights", weights] if weights else []
        again = ["train", "array", board, "--data", data, *at, *from_, "--out", folder]
        doing = progress(f"Training {learner.board.name}")
        with _interruptible(again, folder), doing as advance:
            told = session.Told(budget=_tell_budget, epoch=_teller(advance))
            record = session.train(
                learner, examples, plan, folder, before=before, resume=resume, told=told
            )
        kept = folder / session.NEWEST
        shown = kept.with_suffix(".html")
        records.write(shown, html(record))
        if json_:
            answers.write(records.encode(record))
        else:
            then = guidance.command("ask", board, "--weights", kept, "--data", data, *at)
            lines = [*summary_lines(record), f"Record: {kept}", f"Report: {shown}"]
            answers.writelines(f"{line}\n" for line in [*lines, f"Next: {then}"])
    return 0 if all(one.margin_V > undecided_V(record) for one in record.patterns) else 1


def gradient(
    board: str,
    *,
    data: str,
    station: Path | None = None,
    seed: int = 0,
    target_v: float = 0.1,
    weights: Path | None = None,
    json_: Json = False,
) -> int:
    """Check the gradient of nudging against moving each weight by itself, on the device.

    Says first what blurs a training there. Exit status 1 below a cosine of 0.95.

    Parameters
    ----------
    board
        A board's name, or the path of its folder or board.py.
    data
        What is to be learnt; see realnet train array.
    station
        A station's name, or its file; the board's simulation where it is left out.
    seed
        Of the weights at which it is checked.
    target_v
        Volts above or below 0 V that an output should have.
    weights
        Training record whose weights to check at.
    json_
        Print one JSON object instead of text.
    """
    import msgspec

    from realnet_hw import records
    from realnet_hw.learn import data_set
    from realnet_hw.learn.array import session

    with own_stdout() as answers:
        at = records.read(weights, records.Training) if weights else None
        plan = _plan(records.TrainingPlan(), seed=seed, target_V=target_v)
        learner = learner_of(board, station)
        with progress(f"Moving each weight of {learner.board.name}") as advance:
            lines, found = session.gradient(
                learner, data_set.load(data), plan, at=at, progress=advance
            )
        if json_:
            both = {"budget": lines, "gradient": found}
            answers.write(json.dumps(msgspec.to_builtins(both)) + "\n")
        else:
            _tell_budget(lines)
            answers.write(
                f"Gradient by nudging against {len(found.moved_V)} weights moved one by one, "
                f"{found.step_V:g} V either way: cosine {found.cosine:.3f}, "
                f"length {found.ratio:.2f} times\n"
            )
    return 0 if found.cosine >= _LEAST_COSINE else 1


_LEAST_COSINE = 0.95


def learner_of(board: str, station: Path | None) -> Learner:
    """Return a board that learns, and where it is.

    Raises:
        InputError: no such board or station.
    """
    from realnet_hw import project
    from realnet_hw.board import load_board
    from realnet_hw.export import netlist
    from realnet_hw.learn.array.places import Learner

    made = load_board(board)
    circuit = netlist.from_board(made)
    guidance.warn_of_other_build(board, circuit)
    at = project.station_file(station) if station else None
    return Learner(made, circuit.sha256(), at, board)


def _plan(
    begun: TrainingPlan,
    *,
    epochs: int | None = None,
    seed: int | None = None,
    batch: int | None = None,
    rate_V: float | None = None,
    target_V: float | None = None,
    off: str | None = None,
) -> TrainingPlan:
    """Return a plan with what was said of it put in.

    Raises:
        InputError: says which number is out of its range.
    """
    from msgspec.structs import replace

    for name, value, low, high in (
        ("epochs", epochs, 1, 100_000),
        ("seed", seed, 0, 2**63),
        ("batch", batch, 1, 10_000),
        ("rate-v", rate_V, 1e-4, 1.0),
        ("target-v", target_V, 1e-3, 1.0),
    ):
        if value is not None and not low <= value <= high:
            raise InputError(f"--{name} {value:g}", allowed=f"{low:g} to {high:g}")
    stores = None if off is None else [net for net in off.split(",") if net]
    said: dict[str, object] = {
        "epochs": epochs,
        "seed": seed,
        "batch": batch,
        "rate_V": rate_V,
        "target_V": target_V,
        "off": stores,
    }
    return replace(begun, **{name: value for name, value in said.items() if value is not None})


def _tell_budget(lines: Sequence[BudgetLine]) -> None:
    """Say on stderr what blurs the training."""
    from realnet_hw.learn.array.words import budget_lines

    sys.stderr.writelines(f"{line}\n" for line in budget_lines(lines))


def _teller(advance: Progress) -> Callable[[Checkpoint, int], None]:
    """Return what shows each epoch: on the bar, or now and then as a line where there is none."""
    from realnet_hw.learn.array.words import epoch_line, short_line

    def tell(one: Checkpoint, epochs: int) -> None:
        advance(one.epoch, epochs, short_line(one))
        if not sys.stderr.isatty() and one.epoch % max(1, epochs // _LINES) == 0:
            sys.stderr.write(f"{epoch_line(one)}\n")
            sys.stderr.flush()

    return tell


@contextmanager
def _interruptible(again: Sequence[str | Path], folder: Path) -> Iterator[None]:
    """Turn Ctrl-C into a line that says how to go on."""
    grounded = "outputs are grounded and " if "--station" in again else ""
    try:
        yield
    except KeyboardInterrupt:
        raise BenchError(
            f"interrupted; {grounded}every epoch so far is kept",
            where=str(folder),
            go_on=f"{guidance.command(*again, '--resume')} goes on"
            if list(folder.glob("*.jsonl"))
            else "",
        ) from None
