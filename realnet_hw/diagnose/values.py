"""The value that a wrong resistor has, with its uncertainty.

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
from realnet_hw.diagnose.responses import Array, Responder
from realnet_hw.diagnose.twins import Twin
from realnet_hw.errors import SimulationFailed
from realnet_hw.export.deck import Deck

# Steps with less than that of a fault's probability are not searched again.
_LEAST = 1e-3
_FINE = 13
# In a range that is wider by this ratio too many values lie.
_NARROW = 1.25


@dataclass(frozen=True)
class Value:
    """A resistor's value.

    Args:
        ohm: the median.
        low_ohm, high_ohm: where it lies with a probability of 95 %.
        words: what it may be: a multiplier band misread, or the value of another part.
    """

    ohm: float
    low_ohm: float
    high_ohm: float
    words: str


def value_of(found: Posterior, responder: Responder, fault: int) -> Value | None:
    """Return the value of a resistor that may be wrong; None where there is no solution.

    Args:
        found: how probable everything is.
        responder: with the dictionary's cases.
        fault: number of a fault of the kind "wrong value".
    """
    predictor, evidence = found.predictor, found.evidence
    universe = predictor.dictionary.universe
    rows = np.array([n for n, one in enumerate(universe.hypotheses) if one.fault == fault])
    weights = found.weights[rows]
    rows = rows[weights >= _LEAST * weights.max()]
    element = universe.faults[fault].parts[0].lower()
    nominal = float(predictor.deck.element(element).split()[3])
    logs, scores = [], []
    for row in rows:
        factors = universe.hypotheses[row].factors
        assert factors is not None
        fine = np.exp(np.linspace(math.log(factors[0]), math.log(factors[1]), _FINE))
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
    low, ohm, high = (float(np.exp(np.interp(p, reached, log))) for p in (0.025, 0.5, 0.975))
    return Value(ohm, low, high, words(predictor.deck, element, low, high))


def _scores(
    found: Posterior, responder: Responder, row: int, element: str, ohm: Array
) -> Array | None:
    """Return the logarithmic likelihood of some values within one step."""
    predictor, evidence = found.predictor, found.evidence
    twin = Twin(predictor.deck, {}, predictor.deck.spreads)
    changes = [{element: float(value)} for value in ohm]
    try:
        read = exact.read(predictor, responder, twin, evidence.probes, changes)
    except SimulationFailed:
        return None
    step = predictor.predicted(evidence.probes, [row])
    linear = step.linear.copy()
    # Its own value is what is asked for: within the step it is no uncertainty.
    linear[..., predictor.dictionary.parameters.index(element)] = 0.0
    linear, own = (np.repeat(part, len(ohm), axis=0) for part in (linear, step.own))
    slopes = np.repeat(step.slopes, len(ohm), axis=1)
    mean, spread = moments(
        dataclasses.replace(step, mean=read, linear=linear, own=own, slopes=slopes), evidence
    )
    return likelihood(evidence.values - mean, spread)[1]


def words(deck: Deck, element: str, low_ohm: float, high_ohm: float) -> str:
    """Return how a resistor may have come by a value in a range, empty if nothing is known.

    Args:
        deck: of the sound board.
        element: the resistor's.
        low_ohm, high_ohm: the range.
    """
    values = {
        line.split()[0]: float(line.split()[3])
        for line in deck.elements
        if line[0] == "r" and line.split()[0][1:].isdigit()
    }
    nominal = values[element]
    if high_ohm > _NARROW * low_ohm:
        return ""

    def within(ohm: float) -> bool:
        return 0.99 * low_ohm <= ohm <= 1.01 * high_ohm

    for power in (-2, -1, 1, 2):
        if within(nominal * 10.0**power):
            return f"{units.compact(nominal * 10.0**power)}: the multiplier band misread"
    alike = [name.upper() for name, ohm in values.items() if name != element and within(ohm)]
    if alike:
        return f"{units.compact(values[alike[0].lower()])}: the value of {', '.join(alike)}"
    series = preferred_values.values("E24", nominal / 2, nominal * 2)
    beside = [ohm for ohm in series if within(ohm)]
    return f"{units.compact(beside[0])}: beside it in the series" if len(beside) == 1 else ""
