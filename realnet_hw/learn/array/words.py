"""A training in words, for the terminal and the report."""

from __future__ import annotations

from collections.abc import Sequence

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


def outcome(training: Training) -> str:
    """Return what was learnt, in a sentence."""
    counted = judged(training)
    right = sum(one.margin_V > 0 for one in counted)
    least_V = min(one.margin_V for one in counted)
    which = "held-out patterns" if counted[0].held_out else "patterns"
    return f"{right} of {len(counted)} {which} right, least margin {volts(least_V)}"


def answer_line(one: TrainedPattern) -> str:
    """Return a pattern and its answer."""
    inputs = ", ".join(f"{name} {volts:+.2f} V" for name, volts in one.inputs_V.items())
    outputs = ", ".join(f"{name} {1e3 * volts:+.1f} mV" for name, volts in one.outputs_V.items())
    wanted = [name for name, is_high in one.wanted.items() if is_high]
    asked = f"wanted {', '.join(wanted)} high" if wanted else "wanted low"
    return f"{inputs}: {outputs} ({asked}{'' if one.margin_V > 0 else ', WRONG'})"


def summary_lines(training: Training) -> list[str]:
    """Return what the terminal shows of a training."""
    epochs = len(training.loss) - 1
    wrong_first = sorted(judged(training), key=lambda one: one.margin_V)
    shown = training.patterns if len(training.patterns) <= _SHOWN else wrong_first[:_SHOWN]
    more = len(training.patterns) - len(shown)
    learnt = f"{training.data}: {outcome(training)}, after epoch {training.best} of {epochs}"
    return [
        *map(answer_line, shown),
        *([f"and {more} more; these have the least margins"] if more else []),
        f"{learnt}, {duration(training.epoch_s)} per epoch",
    ]
