"""The gradient of nudging against the plain way: to move each weight by itself, on the same device.

It takes two presentations of all patterns a weight, which is why nobody trains so; but it knows no
law of the circuit, and so tells whether the local rule is right on this very board.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from realnet_hw.learn.array.device import Array, Nudge, Volts, Weights
from realnet_hw.learn.array.equilibrium import estimate
from realnet_hw.learn.array.loss import losses
from realnet_hw.learn.array.task import Task
from realnet_hw.learn.array.training import answers
from realnet_hw.records import GradientCheck, TrainingPlan
from realnet_hw.technology.array_2t1c import STORE_MAX_V, STORE_MIN_V

STEP_V = 0.3
"""Each weight is moved so far either way, for outputs follow it by few millivolts."""
_NOTHING = 1e-30

Advance: TypeAlias = Callable[[int, int], None]
"""Told how many weights are done, and of how many."""


def check(
    array: Array,
    task: Task,
    plan: TrainingPlan,
    stored_V: Weights,
    *,
    step_V: float = STEP_V,
    progress: Advance = lambda _done, _total: None,
) -> GradientCheck:
    """Return both gradients of the loss at some weights.

    Args:
        array: left with the weights as given.
        task: whose loss.
        plan: its target and its nudge.
        stored_V: at which weights.
        step_V: how far each weight is moved either way.
        progress: told how many weights are done, and of how many.
    """
    targets_V = plan.target_V * task.signs
    array.store(stored_V)
    nudge = Nudge(plan.nudge_strength, plan.nudge_limit_V)
    nudged = _flat(estimate(array, task.inputs_V, targets_V, nudge).gradient)
    moved = np.zeros_like(nudged)
    flat_V = _flat(stored_V)
    for index in range(len(moved)):
        progress(index, len(moved))
        ends_V, found = [], []
        for sign in (1, -1):
            volts = float(np.clip(flat_V[index] + sign * step_V, STORE_MIN_V, STORE_MAX_V))
            array.store(_with(stored_V, index, volts))
            ends_V.append(volts)
            found.append(float(losses(answers(array, task), targets_V).mean()))
        moved[index] = (found[0] - found[1]) / (ends_V[0] - ends_V[1])
    progress(len(moved), len(moved))
    array.store(stored_V)
    lengths = float(np.linalg.norm(nudged)), float(np.linalg.norm(moved))
    return GradientCheck(
        cosine=float(nudged @ moved) / max(lengths[0] * lengths[1], _NOTHING),
        ratio=lengths[0] / max(lengths[1], _NOTHING),
        step_V=step_V,
        nudged_V=nudged.tolist(),
        moved_V=moved.tolist(),
    )


def _flat(layers: Weights) -> Volts:
    return np.concatenate([layer.ravel() for layer in layers])


def _with(stored_V: Weights, index: int, volts: float) -> Weights:
    """Return the weights with one of them changed."""
    every = _flat(stored_V)
    every[index] = volts
    ends = np.cumsum([layer.size for layer in stored_V])[:-1]
    parts = np.split(every, ends)
    return tuple(part.reshape(layer.shape) for part, layer in zip(parts, stored_V, strict=True))
