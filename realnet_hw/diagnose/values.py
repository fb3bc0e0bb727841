"""The value that a wrong resistor or capacitor has, with its uncertainty.

The steps of the dictionary that are probable are searched again in finer ones. Any value is taken
as equally probable on a logarithmic scale.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np

from realnet_hw import preferred_values, units
from realnet_hw.diagnose import exact
from realnet_hw.diagnose.inference import Posterior, likelihood, moments
from realnet_hw.diagnose.responding import Responding
from realnet_hw.diagnose.responses import Array
from realnet_hw.diagnose.twins import Twin
from realnet_hw.diagnose.universe import values_alike
from realnet_hw.errors import SimulationFailed
from realnet_hw.export.deck import Deck

# Steps with less than that of a fault's probability are not searched again.
_LEAST = 1e-3
_FINE = 13
# Where to solve takes long, the ends and the middle of a step are solved, and a line drawn through
# them for so many values.
_COARSE, _DRAWN = 3, 49
# In a range that is wider by this ratio too many values lie.
_NARROW = 1.25


@dataclass(frozen=True)
class Value:
    """A part's value, in ohms or farads.

    Args:
        value: the median.
        low, high: where it lies with a probability of 95 %.
        words: what it may be: a multiplier band misread, or the value of another part.
    """

    value: float
    low: float
    high: float
    words: str


def value_of(found: Posterior, responder: Responding, fault: int) -> Value | None:
    """Return the value of a part that may be wrong; None where there is no solution.

    Args:
        found: how probable everything is.
        responder: with the dictionary's cases.
        fault: number of a fault of the kind "wrong value".
    """
    predictor, evidence = found.predictor, found.evidence
    universe = predictor.dictionary.universe
    rows = np.array([n for n, one in enumerate(universe.hypotheses) if one.fault == fault])
    weights = found.weights[rows]
    # A step's weight is rough where it saturates something: those beside it are searched too.
    probable = np.flatnonzero(weights >= _LEAST * weights.max())
    rows = rows[max(probable[0] - 1, 0) : probable[-1] + 2]
    element = universe.faults[fault].parts[0].lower()
    nominal = float(predictor.deck.element(element).split()[3])
    count = _DRAWN if responder.is_slow else _FINE
    logs, scores = [], []
    for row in rows:
        factors = universe.hypotheses[row].factors
        assert factors is not None
        fine = np.exp(np.linspace(math.log(factors[0]), math.log(factors[1]), count))
        score = _scores(found, responder, int(row), element, nominal * fine)
        if score is not None:
            logs.append(np.log(nominal * fine))
            scores.append(score)
    if not logs or not len(evidence.values):
        return None
    log, score = np.concatenate(logs), np.concatenate(scores)
    order = np.argsort(log)
    log, score = log[order], score[order]
    weight = np.exp(score - score.max())
    reached = np.cumsum(weight) / weight.sum()
    low, middle, high = (float(np.exp(np.interp(p, reached, log))) for p in (0.025, 0.5, 0.975))
    return Value(middle, low, high, words(predictor.deck, element, low, high))


def _scores(
    found: Posterior, responder: Responding, row: int, element: str, values: Array
) -> Array | None:
    """Return the logarithmic likelihood of some values within one step."""
    predictor, evidence = found.predictor, found.evidence
    twin = Twin(predictor.deck, {}, predictor.deck.spreads)
    solved = values[:: (len(values) - 1) // (_COARSE - 1)] if responder.is_slow else values
    changes = [{element: float(value)} for value in solved]
    try:
        read = exact.read(predictor, responder, twin, evidence.probes, changes)
    except SimulationFailed:
        return None
    # What bends between the few that were solved, or flips, tells as little of the value.
    straight = np.column_stack([np.interp(solved, solved[[0, -1]], y[[0, -1]]) for y in read.T])
    bends = np.abs(read - straight).max(axis=0) if responder.is_slow else 0.0
    read = np.column_stack([np.interp(values, solved, answers) for answers in read.T])
    step = predictor.predicted(evidence.probes, [row])
    linear = step.linear.copy()
    # Its own value is what is asked for: within the step it is no uncertainty.
    linear[..., predictor.dictionary.parameters.index(element)] = 0.0
    own = step.own + np.square(bends)
    linear, own = (np.repeat(part, len(values), axis=0) for part in (linear, own))
    slopes = np.repeat(step.slopes, len(values), axis=1)
    mean, spread = moments(
        dataclasses.replace(step, mean=read, linear=linear, own=own, slopes=slopes), evidence
    )
    return likelihood(evidence.values - mean, spread)[1]


def words(deck: Deck, element: str, low: float, high: float) -> str:
    """Return how a part may have come by a value in a range, empty if nothing is known.

    Args:
        deck: of the sound board.
        element: the part's.
        low, high: the range, in ohms or farads.
    """
    values = values_alike(deck, element)
    nominal = values[element]
    if high > _NARROW * low:
        return ""

    def within(value: float) -> bool:
        return 0.99 * low <= value <= 1.01 * high

    for power in (-2, -1, 1, 2):
        if within(nominal * 10.0**power):
            misread = "of another decade" if element[0] == "c" else "the multiplier band misread"
            return f"{units.compact(nominal * 10.0**power)}, {misread}"
    alike = [name.upper() for name, value in values.items() if name != element and within(value)]
    if alike:
        return f"{units.compact(values[alike[0].lower()])}, the value of {', '.join(alike)}"
    series = preferred_values.values("E24", nominal / 2, nominal * 2)
    beside = [value for value in series if within(value)]
    return f"{units.compact(beside[0])}, of the series E24" if len(beside) == 1 else ""
