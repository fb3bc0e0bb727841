"""The training of an array, epoch by epoch; each one can be gone on from.

An epoch takes the patterns in parts, in an order that its number and the seed give. Each part is
presented free and nudged both ways, and moves the weights by one step of Adam; at the end all
patterns are presented free, which is what the epoch's outputs are. What comes next depends on the
last checkpoint alone.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import numpy as np

from realnet_hw.learn.array.adam import Adam
from realnet_hw.learn.array.device import Array, Nudge, Volts, Weights, outputs_V
from realnet_hw.learn.array.equilibrium import estimate
from realnet_hw.learn.array.loss import losses
from realnet_hw.learn.array.task import Task
from realnet_hw.measure.journal import Entry
from realnet_hw.measure.procedure import utc_now
from realnet_hw.records import TrainingPlan
from realnet_hw.technology.array_2t1c import STORE_MAX_V, STORE_MIN_V, Shape

_LAST_RATE = 0.1
"""The last epoch's rate, as a share of the first one's."""


class Checkpoint(Entry, frozen=True, kw_only=True):
    """Where a training is after an epoch.

    Args:
        epoch: 0 before the first one.
        loss: mean over the patterns, V^2.
        right: the share of patterns that are answered rightly.
        margin_V: the least of them, below 0 where one is wrong.
        outputs_V: a list a pattern.
        stored_V: the weights that gave these, layer by layer, row by row.
        mean, square, steps: of the optimiser.
        took_s: how long the epoch took.
    """

    epoch: int
    loss: float
    right: float
    margin_V: float
    outputs_V: list[list[float]]
    stored_V: list[list[list[float]]]
    mean: list[list[list[float]]]
    square: list[list[list[float]]]
    steps: int
    took_s: float

    @property
    def weights(self) -> Weights:
        """The weights as arrays."""
        return _arrays(self.stored_V)


def start_weights(shape: Shape, plan: TrainingPlan) -> Weights:
    """Return drawn weights to begin with."""
    random = np.random.default_rng(plan.seed)
    return tuple(
        random.uniform(plan.start_low_V, plan.start_high_V, (len(rows), len(columns)))
        for rows, columns in shape.layers
    )


def epochs(
    array: Array,
    task: Task,
    plan: TrainingPlan,
    start_V: Weights,
    last: Checkpoint | None = None,
) -> Iterator[Checkpoint]:
    """Train, and give a checkpoint before the first epoch and after each.

    Args:
        array: what is trained; its weights are written anew.
        task: what it learns.
        plan: how.
        start_V: the weights to begin with.
        last: where to go on; it is not given again.
    """
    if last is None:
        optimiser = Adam(plan.rate_V, STORE_MIN_V, STORE_MAX_V)
        last = _checkpoint(array, task, plan, 0, start_V, optimiser, time.monotonic())
        yield last
    for epoch in range(last.epoch + 1, plan.epochs + 1):
        last = _epoch(array, task, plan, epoch, last)
        yield last


def best_of(checkpoints: Sequence[Checkpoint]) -> Checkpoint:
    """Return the checkpoint with the most patterns right; of those the least loss."""
    return max(checkpoints, key=lambda one: (one.right, -one.loss))


def _epoch(
    array: Array, task: Task, plan: TrainingPlan, epoch: int, last: Checkpoint
) -> Checkpoint:
    began_s = time.monotonic()
    done = (epoch - 1) / max(1, plan.epochs - 1)
    optimiser = Adam(
        plan.rate_V * (1 - (1 - _LAST_RATE) * done),
        STORE_MIN_V,
        STORE_MAX_V,
        mean=_arrays(last.mean),
        square=_arrays(last.square),
        steps=last.steps,
    )
    stored_V = last.weights
    nudge = Nudge(plan.nudge_strength, plan.nudge_limit_V)
    order = np.random.default_rng([plan.seed, epoch]).permutation(len(task))
    for chosen in np.array_split(order, -(-len(task) // plan.batch)):
        part = task.part(chosen)
        array.store(stored_V)
        found = estimate(array, part.inputs_V, plan.target_V * part.signs, nudge)
        stored_V, optimiser = optimiser.step(stored_V, found.gradient)
    return _checkpoint(array, task, plan, epoch, stored_V, optimiser, began_s)


def _checkpoint(
    array: Array,
    task: Task,
    plan: TrainingPlan,
    epoch: int,
    stored_V: Weights,
    optimiser: Adam,
    began_s: float,
) -> Checkpoint:
    array.store(stored_V)
    outputs = answers(array, task)
    margins_V = task.margins_V(outputs)
    return Checkpoint(
        point=f"epoch {epoch}",
        time_utc=utc_now(),
        epoch=epoch,
        loss=float(losses(outputs, plan.target_V * task.signs).mean()),
        right=float((margins_V > 0).mean()),
        margin_V=float(margins_V.min()),
        outputs_V=outputs.tolist(),
        stored_V=_lists(stored_V),
        mean=_lists(optimiser.mean),
        square=_lists(optimiser.square),
        steps=optimiser.steps,
        took_s=time.monotonic() - began_s,
    )


def answers(array: Array, task: Task) -> Volts:
    """Return the outputs without any nudge, shape (patterns, outputs)."""
    quiet = np.zeros((len(task), 2 * array.shape.outputs))
    return outputs_V(array.shape, array.present(task.inputs_V, quiet))


def _lists(layers: Weights) -> list[list[list[float]]]:
    return [layer.tolist() for layer in layers]


def _arrays(layers: Sequence[Sequence[Sequence[float]]]) -> Weights:
    return tuple(np.array(layer) for layer in layers)
