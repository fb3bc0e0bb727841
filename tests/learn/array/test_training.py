"""A board learns, goes on where it was, bears damage, and is refused what it could not learn."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np
import pytest

from realnet_hw.board import Board
from realnet_hw.errors import BenchError, InputError
from realnet_hw.learn.array.budget import budget, refuse_hopeless
from realnet_hw.learn.array.damage import DamagedArray
from realnet_hw.learn.array.device import EXACT, Converters, held
from realnet_hw.learn.array.simulated import SimulatedArray
from realnet_hw.learn.array.task import Task
from realnet_hw.learn.array.training import Checkpoint, answers, best_of, epochs, start_weights
from realnet_hw.records import TrainingPlan

Drawn = Callable[[int, Converters], SimulatedArray]

ENOUGH_V = 0.05


def learnt(array: SimulatedArray | DamagedArray, task: Task, plan: TrainingPlan) -> Checkpoint:
    return best_of(list(epochs(array, task, plan, start_weights(array.shape, plan))))


@pytest.mark.parametrize("seed", [1, 4])
def test_xor_is_learnt_on_boards_whose_transistors_differ(
    drawn: Drawn, xor: Task, seed: int
) -> None:
    """Read as the fixture reads, a single conversion each."""
    array = drawn(seed, Converters())
    plan = TrainingPlan(epochs=90, seed=seed)
    array.store(start_weights(array.shape, plan))
    assert xor.margins_V(answers(array, xor)).min() < 0
    best = learnt(array, xor, plan)
    array.store(best.weights)
    assert xor.margins_V(answers(array, xor)).min() > ENOUGH_V


def test_what_comes_after_a_checkpoint_depends_on_it_alone(drawn: Drawn, xor: Task) -> None:
    plan = TrainingPlan(epochs=6, seed=3, batch=3)
    array = drawn(3, EXACT)
    whole = list(epochs(array, xor, plan, start_weights(array.shape, plan)))
    # As it is after a journal: through JSON, in another process, on a board that forgot all.
    known = msgspec.json.decode(msgspec.json.encode(whole[2]), type=Checkpoint)
    other = drawn(3, EXACT)
    rest = list(epochs(other, xor, plan, start_weights(other.shape, plan), known))
    assert [one.epoch for one in rest] == [3, 4, 5, 6]
    for one, two in zip(rest, whole[3:], strict=True):
        same = {"took_s": 0.0, "time_utc": ""}
        assert msgspec.structs.replace(one, **same) == msgspec.structs.replace(two, **same)


def test_a_board_learns_anew_when_three_synapses_are_gone(
    board: Board, drawn: Drawn, xor: Task
) -> None:
    array = drawn(6, Converters())
    plan = TrainingPlan(epochs=90, seed=6)
    before = learnt(array, xor, plan)
    stores = list(held(board, before.weights))
    off = np.random.default_rng(6).choice(stores, 3, replace=False).tolist()
    damaged = DamagedArray(array, board, off)
    damaged.store(before.weights)
    assert xor.margins_V(answers(damaged, xor)).min() < ENOUGH_V, "the damage must be felt"
    after = learnt(damaged, xor, plan)
    damaged.store(after.weights)
    assert xor.margins_V(answers(damaged, xor)).min() > ENOUGH_V


def test_a_synapse_that_is_not_there_cannot_be_gone(board: Board, drawn: Drawn) -> None:
    with pytest.raises(InputError, match="no synapse 'W9_0_0'"):
        DamagedArray(drawn(0, EXACT), board, ["W9_0_0"])


def test_a_budget_says_what_blurs_a_training(drawn: Drawn, xor: Task) -> None:
    plan = TrainingPlan()

    def verdicts(converters: Converters) -> list[str]:
        array = drawn(0, converters)
        found = budget(array, xor, plan, start_weights(array.shape, plan))
        return [line.verdict for line in found]

    # Of nudge and readings, target and readings, nudge, weights and sources' steps, droop.
    assert set(verdicts(Converters(refresh_s=6e-3))) == {"enough"}
    assert verdicts(Converters(5e-3, 2.5e-3))[0] == "tight"
    assert verdicts(Converters(4e-2, 2e-2))[0] == "hopeless"
    assert verdicts(Converters(4e-2, 2e-2, average=64))[0] == "tight", "averaging helps"
    assert verdicts(Converters(source_step_V=0.4))[3] == "hopeless"
    # 10 pA takes a minute to move 1 nF by half a volt.
    assert verdicts(Converters(refresh_s=60.0))[4] == "hopeless"


def test_a_hopeless_training_is_refused_with_what_to_change(drawn: Drawn, xor: Task) -> None:
    array = drawn(0, Converters(4e-2, 2e-2))
    plan = TrainingPlan()
    found = budget(array, xor, plan, start_weights(array.shape, plan))
    with pytest.raises(BenchError, match=r"answer to a nudge.* nothing would be learnt.*average"):
        refuse_hopeless(found, where="bench")


def test_margins_of_one_output_are_its_side_and_of_several_the_lead() -> None:
    one = Task(np.zeros((2, 1)), np.array([[1.0], [-1.0]]))
    assert one.margins_V(np.array([[0.2], [0.1]])).tolist() == [0.2, -0.1]
    three = Task(np.zeros((2, 1)), np.array([[1.0, -1, -1], [-1, -1, 1]]))
    found = three.margins_V(np.array([[0.3, 0.1, 0.2], [0.3, 0.1, 0.2]]))
    assert found == pytest.approx([0.1, -0.1])
