"""A training from start to record, on a station or on the board's simulation.

Every epoch is on disk before the next begins; a run that was cut short goes on after the last one.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np

from realnet_hw import records
from realnet_hw.errors import InputError
from realnet_hw.learn.array.budget import budget, refuse_hopeless
from realnet_hw.learn.array.device import Weights
from realnet_hw.learn.array.gradient import Advance, check
from realnet_hw.learn.array.places import Learner, Place, array_of
from realnet_hw.learn.array.record import patterns, training_of
from realnet_hw.learn.array.task import task_of
from realnet_hw.learn.array.training import Checkpoint, best_of, epochs, start_weights
from realnet_hw.learn.data_set import DataSet
from realnet_hw.measure import bench
from realnet_hw.measure.journal import SUFFIX, Header, Journal, parse
from realnet_hw.records import BudgetLine, GradientCheck, TrainedPattern, Training, TrainingPlan

NEWEST = "training.json"
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Told:
    """Who is told of a training's progress.

    Args:
        budget: of what was found before it begins.
        epoch: of each checkpoint, and of how many there will be.
    """

    budget: Callable[[list[BudgetLine]], None] = lambda _lines: None
    epoch: Callable[[Checkpoint, int], None] = lambda _checkpoint, _epochs: None


def train(
    learner: Learner,
    data: DataSet,
    plan: TrainingPlan,
    out_dir: Path,
    *,
    before: Training | None = None,
    resume: bool = False,
    told: Told | None = None,
) -> Training:
    """Train a board and write journal and record into a folder; outputs are grounded at the end.

    Args:
        learner: what is trained.
        data: what it learns.
        plan: how.
        out_dir: is made if needed.
        before: whose weights to begin with; drawn ones where there is none.
        resume: go on with the newest journal in ``out_dir`` that has no record yet.
        told: of the progress.

    Raises:
        InputError: a bad station file or wiring, data that the board has no terminals for, weights
            of another board, or nothing to resume.
        BenchError: the fixture did not do as told, or what it reads is too coarse to learn from.
        LinkLost: it does not answer any more; the journal holds every epoch that was done.
    """
    told = told or Told()
    board = learner.board
    started = datetime.now(UTC)
    stem = _stem(learner)
    new = out_dir / f"{stem}-{started:%Y%m%dT%H%M%S%f}Z{SUFFIX}"
    path = bench.unfinished(out_dir, stem) if resume else new
    with array_of(learner, plan) as (array, place):
        task = task_of(data, array.shape, where=board.name)
        seen = task.part(~data.held_out)
        start_V = weights_of(before, learner) if before else start_weights(array.shape, plan)
        header = _header(learner, place, data, plan, start_V, f"{started:%Y-%m-%dT%H:%M:%SZ}")
        bench.set_aside(out_dir / NEWEST)
        journal: Journal[Checkpoint] = (
            Journal.resume(path, header, Checkpoint) if resume else Journal.begin(path, header)
        )
        with journal:
            lines = budget(array, seen, plan, start_V)
            told.budget(lines)
            refuse_hopeless(lines, where=place.station)
            done = journal.points
            for one in epochs(array, seen, plan, start_V, done[-1] if done else None):
                journal.record(one)
                told.epoch(one, plan.epochs)
            best = best_of(journal.points)
            array.store(best.weights)
            answered = patterns(board, array, task, data)
            training = training_of(
                learner, place, journal, data, plan, budget=lines, answered=answered, best=best
            )
    text = records.encode(training)
    records.write(out_dir / NEWEST, text)
    # Last, for this is what marks the run as finished.
    records.write(path.with_suffix(".json"), text)
    return training


def plan_begun(learner: Learner, out_dir: Path) -> TrainingPlan:
    """Return how the training was begun that ``train`` would go on with.

    Raises:
        InputError: there is none in this folder, or its journal is damaged.
    """
    path = bench.unfinished(out_dir, _stem(learner))
    header, _, _ = parse(path.read_bytes(), Checkpoint, where=str(path))
    names = TrainingPlan.__struct_fields__
    try:
        return msgspec.convert(
            {name: value for name, value in header.plan.items() if name in names}, TrainingPlan
        )
    except msgspec.ValidationError as error:
        raise InputError(f"line 1: {error}", where=str(path)) from None


def gradient(
    learner: Learner,
    data: DataSet,
    plan: TrainingPlan,
    *,
    at: Training | None = None,
    progress: Advance = lambda _done, _total: None,
) -> tuple[list[BudgetLine], GradientCheck]:
    """Return budget and gradient check of a board.

    Args:
        learner: the board.
        data: whose loss; examples held out are not shown.
        plan: target and nudge, and the weights where no record gives them.
        at: a record whose weights to take.
        progress: told how many weights are done, and of how many.

    Raises:
        InputError, BenchError, LinkLost: as ``train``.
    """
    with array_of(learner, plan) as (array, _):
        task = task_of(data, array.shape, where=learner.board.name).part(~data.held_out)
        stored_V = weights_of(at, learner) if at else start_weights(array.shape, plan)
        lines = budget(array, task, plan, stored_V)
        return lines, check(array, task, plan, stored_V, progress=progress)


def ask(learner: Learner, training: Training, data: DataSet) -> list[TrainedPattern]:
    """Return a trained board's answers.

    Args:
        learner: the board that was trained.
        training: the record with its weights.
        data: what it is asked; its ranges are taken from the record.

    Raises:
        InputError, BenchError, LinkLost: as ``train``.
    """
    with array_of(learner, training.plan) as (array, _):
        task = task_of(_within(data, training), array.shape, where=learner.board.name)
        array.store(weights_of(training, learner))
        return patterns(learner.board, array, task, data)


def weights_of(training: Training, learner: Learner) -> Weights:
    """Return a record's weights.

    Raises:
        InputError: the record is of another circuit.
    """
    if training.circuit_sha256 != learner.circuit_sha256:
        raise InputError(
            f"these weights are of {training.board} as it was with another circuit",
            where=learner.board.name,
            mend="train this board",
        )
    weights = tuple(np.array(layer.stored_V) for layer in training.layers)
    synapses = learner.board.synapses
    assert synapses is not None
    wanted = [(len(layer), len(layer[0])) for layer in synapses.layers]
    if [layer.shape for layer in weights] != wanted:
        raise InputError(
            f"weights of the shapes {', '.join(f'{a} x {b}' for a, b in wanted)} belong here",
            where=learner.board.name,
            mend="train this board",
        )
    # Synapses that were kept switched off have a weight that is not written.
    off = set(training.plan.off)
    for layer, volts in zip(synapses.layers, weights, strict=True):
        for synapse, stored_V in zip(itertools.chain(*layer), volts.ravel(), strict=True):
            if synapse.store not in off and not synapses.low_V <= stored_V <= synapses.high_V:
                raise InputError(
                    f"a weight of {stored_V:g} V",
                    where=synapse.store,
                    allowed=f"{synapses.low_V:g} to {synapses.high_V:g} V",
                )
    return weights


def _within(data: DataSet, training: Training) -> DataSet:
    """Return a data set in the ranges that a board was trained with.

    Raises:
        InputError: other inputs or outputs, or a value out of these ranges.
    """
    wanted = list(training.patterns[0].wanted)
    if list(data.inputs) != list(training.ranges) or list(data.outputs) != wanted:
        raise InputError(
            f"{data.name} has {', '.join(data.inputs)} and tells {', '.join(data.outputs)}",
            where=f"{training.board}, trained on {training.data}",
            allowed=f"{', '.join(training.ranges)} and {', '.join(wanted)}, in this order",
        )
    own = np.array([[one.low, one.span] for one in data.ranges]).T
    ranges = np.array([[low, high - low] for low, high in training.ranges.values()]).T
    values = (data.values * own[1] + own[0] - ranges[0]) / ranges[1]
    if out := np.argwhere((values < -_ROUNDING) | (values > 1 + _ROUNDING)).tolist():
        example, column = out[0]
        low, high = training.ranges[data.inputs[column]]
        raise InputError(
            f"example {example + 1}: {data.inputs[column]} is out of what was trained with",
            where=data.name,
            allowed=f"{low:g} to {high:g}",
        )
    return replace(data, values=np.clip(values, 0.0, 1.0))


def _stem(learner: Learner) -> str:
    """Return how the names of its journals begin."""
    return f"{learner.board.name}-train_array"


def _header(
    learner: Learner,
    place: Place,
    data: DataSet,
    plan: TrainingPlan,
    start_V: Weights,
    started_utc: str,
) -> Header:
    """Return what must be the same for a run to go on."""
    return Header(
        board=learner.board.name,
        circuit_sha256=learner.circuit_sha256,
        procedure="train_array",
        procedure_sha256="",
        station=place.station,
        station_sha256=place.station_sha256,
        firmware=place.firmware,
        calibration=place.calibration,
        wiring=place.wiring,
        reading=place.reading,
        versions=bench.versions(),
        started_utc=started_utc,
        plan={
            "data": data.name,
            "data_sha256": _sha256(data.values, data.wanted),
            "start_sha256": _sha256(*start_V),
            **msgspec.to_builtins(plan),
        },
    )


def _sha256(*arrays: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> str:
    """Return the hash of numbers."""
    return hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()
