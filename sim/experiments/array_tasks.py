"""What an array of synapses learns on the bench, and what keeps it from learning.

Boards are simulated whole, with all parts drawn within their tolerances and the thresholds of
transistors 50 mV apart (standard deviation), set and read in the fixture's steps. What was learnt
is judged on the same board by its voltages, not by the readings that chose the best epoch. Run it
to write the tables of docs/explanation/learning-array.md:

    python sim/experiments/array_tasks.py [resolution | damage | tasks] [BOARDS]
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from realnet_hw.board import Board
from realnet_hw.export.deck import Deck, deck_from
from realnet_hw.export.netlist import from_board
from realnet_hw.learn import data_set
from realnet_hw.learn.array.damage import DamagedArray
from realnet_hw.learn.array.device import Array, Converters, Weights, held
from realnet_hw.learn.array.simulated import SimulatedArray
from realnet_hw.learn.array.task import Task, task_of
from realnet_hw.learn.array.training import Checkpoint, answers, best_of, epochs, start_weights
from realnet_hw.predict.compiled.engine import CompiledEngine
from realnet_hw.predict.tolerances import draw
from realnet_hw.records import TrainingPlan
from realnet_hw.technology.array_2t1c import Shape, array_board

MISMATCH_V = 0.05
ENOUGH_V = 0.05
RESOLUTIONS_V = (5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2)
GONE = 3
BOARDS = 20
# Written in the fixture's steps, read as it is.
TRUE = Converters(resolution_V=0.0, noise_V=0.0)

ENGINE = CompiledEngine()


@dataclass(frozen=True)
class Lesson:
    """A data set and how it is learnt."""

    data: str
    hidden: int
    plan: TrainingPlan


LESSONS = (
    Lesson("iris", 8, TrainingPlan(epochs=60)),
    Lesson("moons", 4, TrainingPlan(epochs=60)),
    Lesson("parity3", 8, TrainingPlan(epochs=300, rate_V=0.1, target_V=0.05)),
)


@functools.cache
def described(shape: Shape) -> tuple[Board, Deck]:
    """Return a board of a shape, and its deck with transistors that differ."""
    stored = [[[2.5] * len(columns) for _ in rows] for rows, columns in shape.layers]
    board = array_board("array", "Array under study", shape, stored_V=stored)
    deck = deck_from(from_board(board), board)
    far_V = 4 * MISMATCH_V
    spreads = tuple(
        replace(one, sigma=MISMATCH_V, low=-far_V, high=far_V)
        if one.parameter.startswith("v.xq") and ".vt" in one.parameter
        else one
        for one in deck.spreads
    )
    return board, replace(deck, spreads=spreads)


def drawn(shape: Shape, number: int, converters: Converters) -> SimulatedArray:
    """Return a board by its number."""
    board, deck = described(shape)
    parameters = draw(deck.spreads, 1, number)[0]
    return SimulatedArray(
        board, deck, ENGINE, converters=converters, parameters=parameters, seed=number
    )


def lesson_of(name: str, hidden: int) -> tuple[Shape, Task, Task]:
    """Return an array's shape, what it is trained with, and what it is judged by."""
    data = data_set.load(name)
    shape = Shape(len(data.inputs), hidden, len(data.outputs))
    task = task_of(data, shape, where=name)
    return shape, task.part(~data.held_out), task.part(data.judged)


def learnt(array: Array, task: Task, plan: TrainingPlan) -> list[Checkpoint]:
    """Train from drawn weights."""
    return list(epochs(array, task, plan, start_weights(array.shape, plan)))


def margin_V(array: Array, task: Task, weights: Weights) -> float:
    """Return the least margin of an array with some weights."""
    array.store(weights)
    return float(task.margins_V(answers(array, task)).min())


def resolution(boards: int) -> Iterator[str]:
    """XOR with coarser and coarser readings, single conversions with noise of half a step."""
    yield "| step of a reading | learnt, H = 4 | learnt, H = 6 | epochs until then, median |"
    yield "|---|---|---|---|"
    for step_V in RESOLUTIONS_V:
        counts, first = [], []
        for hidden in (4, 6):
            shape, task, _ = lesson_of("xor", hidden)
            good = 0
            for number in range(boards):
                array = drawn(shape, number, Converters(step_V, step_V / 2))
                true = drawn(shape, number, TRUE)
                done = learnt(array, task, TrainingPlan(seed=number))
                good += margin_V(true, task, best_of(done).weights) > ENOUGH_V
                if hidden == 4:
                    past = (e.epoch for e in done if margin_V(true, task, e.weights) > ENOUGH_V)
                    first.append(next(past, np.inf))
            counts.append(good)
        median = np.median(first)
        shown = f"{median:.0f}" if np.isfinite(median) else "never"
        yield (
            f"| {1e3 * step_V:g} mV | {counts[0]} of {boards} | {counts[1]} of {boards} | {shown} |"
        )


def damage(boards: int) -> Iterator[str]:
    """XOR, H = 4, before and after three synapses drawn at random are switched off."""
    shape, task, _ = lesson_of("xor", 4)
    board, _ = described(shape)
    margins_V = []
    for number in range(boards):
        array, true = drawn(shape, number, Converters()), drawn(shape, number, TRUE)
        plan = TrainingPlan(seed=number)
        before = best_of(learnt(array, task, plan)).weights
        stores = list(held(board, before))
        gone = np.random.default_rng(number).choice(stores, GONE, replace=False).tolist()
        damaged, left = (DamagedArray(one, board, gone) for one in (array, true))
        again = best_of(list(epochs(damaged, task, plan, before))).weights
        anew = best_of(learnt(damaged, task, plan)).weights
        whole_V = margin_V(true, task, before)
        margins_V.append((whole_V, *(margin_V(left, task, one) for one in (before, again, anew))))
    found = np.array(margins_V)
    yield "| | all right | all beyond 50 mV | least margin, median |"
    yield "|---|---|---|---|"
    names = ("trained", f"{GONE} synapses gone", "trained on", "trained anew")
    for name, column in zip(names, found.T, strict=True):
        right, beyond = (column > 0).sum(), (column > ENOUGH_V).sum()
        yield (
            f"| {name} | {right} of {boards} | {beyond} of {boards} | "
            f"{1e3 * np.median(column):.0f} mV |"
        )


def tasks(boards: int) -> Iterator[str]:
    """Larger tasks, read as the fixture reads four conversions."""
    yield "| data | array | synapses | right of those held out, each board | mean |"
    yield "|---|---|---|---|---|"
    for lesson in LESSONS:
        shape, seen, judged = lesson_of(lesson.data, lesson.hidden)
        shares = []
        for number in range(boards):
            array = drawn(shape, number, Converters(average=4))
            best = best_of(learnt(array, seen, replace_seed(lesson.plan, number)))
            array.store(best.weights)
            shares.append((judged.margins_V(answers(array, judged)) > 0).mean())
        synapses = sum(len(rows) * len(columns) for rows, columns in shape.layers)
        each = ", ".join(f"{share:.3f}" for share in shares)
        size = f"{shape.inputs}-{shape.hidden}-{shape.outputs}"
        yield f"| {lesson.data} | {size} | {synapses} | {each} | {np.mean(shares):.3f} |"


def replace_seed(plan: TrainingPlan, seed: int) -> TrainingPlan:
    """Return a plan with another seed."""
    import msgspec

    return msgspec.structs.replace(plan, seed=seed)


STUDIES = {"resolution": resolution, "damage": damage, "tasks": tasks}


if __name__ == "__main__":
    chosen = sys.argv[1] if len(sys.argv) > 1 else "resolution"
    for line in STUDIES[chosen](int(sys.argv[2]) if len(sys.argv) > 2 else BOARDS):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
