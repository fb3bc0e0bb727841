"""The record of a training: what was learnt, how, and how the board answers with it."""

from __future__ import annotations

import hashlib
import statistics
from collections.abc import Sequence

from realnet_hw.board import Board
from realnet_hw.learn.array.device import Array, synapses_of
from realnet_hw.learn.array.places import Learner, Place
from realnet_hw.learn.array.task import Task
from realnet_hw.learn.array.training import Checkpoint, answers
from realnet_hw.learn.data_set import DataSet
from realnet_hw.measure.journal import Journal
from realnet_hw.measure.procedure import utc_now
from realnet_hw.records import (
    BudgetLine,
    TrainedLayer,
    TrainedPattern,
    Training,
    TrainingPlan,
)


def patterns(board: Board, array: Array, task: Task, data: DataSet) -> list[TrainedPattern]:
    """Show every pattern, those held out too, and return the answers with the weights it has."""
    outputs = answers(array, task)
    margins_V = task.margins_V(outputs)
    inputs = [port.name for port in board.inputs]
    return [
        TrainedPattern(
            inputs_V=dict(zip(inputs, volts, strict=True)),
            wanted={name: sign > 0 for name, sign in zip(data.outputs, signs, strict=True)},
            outputs_V=dict(zip(data.outputs, answer, strict=True)),
            margin_V=float(margin_V),
            held_out=bool(is_held_out),
        )
        for volts, signs, answer, margin_V, is_held_out in zip(
            task.inputs_V.tolist(),
            task.signs.tolist(),
            outputs.tolist(),
            margins_V,
            data.held_out,
            strict=True,
        )
    ]


def training_of(
    learner: Learner,
    place: Place,
    journal: Journal[Checkpoint],
    data: DataSet,
    plan: TrainingPlan,
    *,
    budget: Sequence[BudgetLine],
    answered: Sequence[TrainedPattern],
    best: Checkpoint,
) -> Training:
    """Return the record of a training whose journal is complete."""
    header, done = journal.header, journal.points
    layers = synapses_of(learner.board).layers
    return Training(
        board=learner.board.name,
        title=learner.board.title,
        circuit_sha256=learner.circuit_sha256,
        made_from={
            "journal": journal.path.name,
            "journal_sha256": hashlib.sha256(journal.path.read_bytes()).hexdigest(),
            "data_sha256": header.plan["data_sha256"],
            "station_sha256": header.station_sha256,
            **{f"version of {name}": version for name, version in header.versions.items()},
        },
        station=place.station,
        path=place.path,
        firmware=place.firmware,
        data=data.name,
        ranges={
            name: (one.low, one.high) for name, one in zip(data.inputs, data.ranges, strict=True)
        },
        plan=plan,
        budget=list(budget),
        loss=[one.loss for one in done],
        right=[one.right for one in done],
        margin_V=[one.margin_V for one in done],
        best=best.epoch,
        epoch_s=statistics.median(one.took_s for one in done),
        layers=[
            TrainedLayer(
                rows=[row[0].row for row in layer],
                columns=[one.column for one in layer[0]],
                start_V=start_V,
                stored_V=stored_V,
            )
            for layer, start_V, stored_V in zip(
                layers, done[0].stored_V, best.stored_V, strict=True
            )
        ],
        patterns=list(answered),
        started_utc=header.started_utc,
        finished_utc=utc_now(),
    )
