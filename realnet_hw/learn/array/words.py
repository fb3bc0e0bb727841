"""A training in words, for the terminal and the report."""

from __future__ import annotations

import math
from collections.abc import Sequence

from realnet_hw.learn.array.budget import READING
from realnet_hw.learn.array.training import Checkpoint
from realnet_hw.records import BudgetLine, TrainedPattern, Training

_SHOWN, _FEW = 8, 4


def volts(value_V: float) -> str:
    """Return a voltage in millivolts or microvolts."""
    size = abs(value_V)
    return f"{1e6 * value_V:.3g} µV" if 0 < size < 1e-4 else f"{1e3 * value_V:.3g} mV"


def duration(seconds: float) -> str:
    """Return a time in seconds, or in milliseconds below one."""
    return f"{seconds:.3g} s" if seconds >= 0.9995 else f"{1e3 * seconds:.3g} ms"


def budget_lines(lines: Sequence[BudgetLine]) -> list[str]:
    """Return a budget, a line each."""
    said = []
    for line in lines:
        against = f"{volts(line.size_V)} against {volts(line.blur_V)}"
        times = "" if line.ratio is None else f", {line.ratio:.3g} times"
        mend = "" if line.verdict == "enough" else f"; {line.mend}"
        said.append(f"{line.verdict:8}  {line.name}: {against}{times}{mend}")
    return said


def short_line(one: Checkpoint) -> str:
    """Return where a training is, in as few words as stand beside a bar."""
    few = [f"{1e3 * volt:+.0f}" for answer in one.outputs_V[:_FEW] for volt in answer][:_FEW]
    more = " ..." if len(one.outputs_V) > len(few) else ""
    return f"loss {1e6 * one.loss:.0f} mV², outputs {' '.join(few)}{more} mV"


def epoch_line(one: Checkpoint) -> str:
    """Return where a training is."""
    least = f"{one.right:.0%} right, least margin {1e3 * one.margin_V:.0f} mV"
    return f"epoch {one.epoch}: {least}, {short_line(one)}"


def judged(training: Training) -> list[TrainedPattern]:
    """Return the patterns that a training is judged by: those held out, or all where none is."""
    return [one for one in training.patterns if one.held_out] or list(training.patterns)


def undecided_V(training: Training) -> float:
    """Return the expanded uncertainty (k = 2) of a margin as it was read: below it none is right.

    The margin of several outputs is the difference of two of them.
    """
    u_V = max((line.blur_V for line in training.budget if line.name == READING), default=0.0)
    return 2 * u_V * math.sqrt(min(2, len(training.patterns[0].wanted)))


def outcome(training: Training) -> str:
    """Return what was learnt, in a sentence."""
    counted = judged(training)
    margins_V = [one.margin_V for one in counted]
    right = sum(margin_V > undecided_V(training) for margin_V in margins_V)
    undecided = sum(margin_V > 0 for margin_V in margins_V) - right
    which = "held-out patterns" if counted[0].held_out else "patterns"
    doubt = f", {undecided} undecided" if undecided else ""
    return f"{right} of {len(counted)} {which} right{doubt}, least margin {volts(min(margins_V))}"


def answer_line(one: TrainedPattern, undecided_V: float) -> str:
    """Return a pattern and its answer, which is undecided where its margin is no more than that."""
    inputs = ", ".join(f"{name} {volts:+.2f} V" for name, volts in one.inputs_V.items())
    outputs = ", ".join(f"{name} {1e3 * volts:+.1f} mV" for name, volts in one.outputs_V.items())
    wanted = [name for name, is_high in one.wanted.items() if is_high]
    asked = f"wanted {', '.join(wanted)} high" if wanted else "wanted low"
    doubt = "" if one.margin_V > undecided_V else ", undecided" if one.margin_V > 0 else ", WRONG"
    return f"{inputs}: {outputs} ({asked}{doubt})"


def summary_lines(training: Training) -> list[str]:
    """Return what the terminal shows of a training."""
    epochs = len(training.loss) - 1
    wrong_first = sorted(judged(training), key=lambda one: one.margin_V)
    shown = training.patterns if len(training.patterns) <= _SHOWN else wrong_first[:_SHOWN]
    more = len(training.patterns) - len(shown)
    learnt = f"{training.data}: {outcome(training)}, after epoch {training.best} of {epochs}"
    return [
        *(answer_line(one, undecided_V(training)) for one in shown),
        *([f"and {more} more; these have the least margins"] if more else []),
        f"{learnt}, {duration(training.epoch_s)} per epoch",
    ]
