"""What blurs a training, found on the device before it begins.

Nudging tells the gradient by how much nodes move between two pushes: what counts is how large that
is against the uncertainty of a reading. The limits were found by training XOR, four hidden columns,
with coarser and coarser converters, see sim/experiments/array_tasks.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np

from realnet_hw.errors import BenchError
from realnet_hw.learn.array.device import Array, Nudge, Volts, Weights, outputs_V
from realnet_hw.learn.array.loss import errors_V
from realnet_hw.learn.array.task import Task
from realnet_hw.records import BudgetLine, TrainingPlan
from realnet_hw.technology.array_2t1c import STORE_MAX_V
from realnet_hw.technology.array_laws import SynapseLaw

_WARM_C = 50.0

READING = "target of an output, against reading it"
"""The line whose blur is the standard uncertainty of an output, a difference of two readings."""


def budget(array: Array, task: Task, plan: TrainingPlan, stored_V: Weights) -> list[BudgetLine]:
    """Return what a training needs against what blurs it; the device is left with these weights.

    Args:
        array: the device.
        task: what it is to learn; at most ``plan.batch`` of its patterns are shown.
        plan: how.
        stored_V: the weights to begin with.
    """
    chosen = task.part(np.arange(min(plan.batch, len(task))))
    targets_V = plan.target_V * chosen.signs
    nudge = Nudge(plan.nudge_strength, plan.nudge_limit_V)
    array.store(stored_V)
    phases = array.phases(chosen.inputs_V, targets_V, nudge)
    error_V = errors_V(outputs_V(array.shape, phases.free_V), targets_V)
    converters = array.converters
    difference_V = math.sqrt(2) * converters.u_V
    seen_V = _rms(phases.towards_V - phases.away_V)
    rounding_V = converters.source_step_V / math.sqrt(12)
    law = SynapseLaw()
    droop_V = float(law.droop_V(STORE_MAX_V, converters.refresh_s, _WARM_C))
    return [
        _line(
            "nodes' answer to a nudge, against reading them",
            math.sqrt(max(0.0, seen_V**2 - difference_V**2)),
            difference_V,
            hopeless=2.5,
            enough=20.0,
            mend="let a reading average more conversions, or nudge harder",
        ),
        _line(
            READING,
            plan.target_V,
            difference_V,
            hopeless=3.0,
            enough=12.0,
            mend="let a reading average more conversions, or raise the target",
        ),
        _line(
            "a nudge, against the sources' steps",
            _rms(nudge.strengths(error_V) * error_V),
            rounding_V,
            hopeless=1.0,
            enough=4.0,
            mend="nudge harder, or give the sources finer steps",
        ),
        _line(
            "a step of a weight, against the steps of what is written",
            plan.rate_V,
            rounding_V,
            hopeless=0.5,
            enough=2.0,
            mend="raise the rate, or give the data sources finer steps",
        ),
        _line(
            f"a step of a weight, against its droop between refreshes at {_WARM_C:g} °C",
            plan.rate_V,
            droop_V,
            hopeless=0.5,
            enough=5.0,
            mend="refresh more often, or store on larger capacitors",
        ),
    ]


def refuse_hopeless(lines: Sequence[BudgetLine], *, where: str) -> None:
    """Refuse a training in which nothing would be learnt.

    Raises:
        BenchError: says what is blurred, and what to change.
    """
    for line in lines:
        if line.verdict == "hopeless":
            raise BenchError(
                f"{line.name}: {1e3 * line.size_V:.3g} mV against {1e3 * line.blur_V:.3g} mV, "
                "nothing would be learnt",
                where=where,
                allowed=f"{line.hopeless:g} times as large, better {line.enough:g} times",
                mend=line.mend,
            )


def _line(
    name: str, size_V: float, blur_V: float, *, hopeless: float, enough: float, mend: str
) -> BudgetLine:
    ratio = size_V / blur_V if blur_V > 0 else None
    verdict: Literal["enough", "tight", "hopeless"] = "enough"
    if ratio is not None and ratio < enough:
        verdict = "hopeless" if ratio < hopeless else "tight"
    return BudgetLine(
        name=name,
        size_V=size_V,
        blur_V=blur_V,
        ratio=ratio,
        hopeless=hopeless,
        enough=enough,
        verdict=verdict,
        mend=mend,
    )


def _rms(volts: Volts) -> float:
    return float(np.sqrt((volts**2).mean()))
