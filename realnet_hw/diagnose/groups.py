"""Which faults the readings at hand can't tell apart: never a lone name where there are two."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from realnet_hw.diagnose.inference import Posterior, likelihood, moments, untimed_chances
from realnet_hw.diagnose.responses import Array

# Two normal distributions so many standard deviations apart are taken for each other one time in
# nine; and odds of less than 300 to one are not taken for proof.
_APART, _ODDS = 2.5, 300.0
_MOST, _LEAST = 60, 1e-4
# A pulse that surely comes in one piece and one that surely does not are more than that apart.
_PIECES_u = 0.3


@dataclass(frozen=True)
class Group:
    """Faults that look alike.

    Args:
        probability: of all of them together.
        faults: numbers of the faults with the probability of each, the most probable first.
    """

    probability: float
    faults: tuple[tuple[int, float], ...]


def groups(found: Posterior, *, least: float = _LEAST) -> list[Group]:
    """Return the faults in groups that the readings can't tell apart, the most probable first.

    Each group is gathered around its most probable fault. Beside what would look alike on most
    boards it holds what explains these very readings nearly as well, however improbable it was
    before. That nothing is wrong is no fault.

    Args:
        found: how probable everything is.
        least: share of all faults' probability below which a fault is in no group.
    """
    shares = found.faults.copy()
    shares[0] = 0.0
    order = [int(f) for f in np.argsort(-shares)[:_MOST] if shares[f] > least * shares.sum()]
    if not order:
        return []
    apart = distances(found, order)
    explains = found.log_likelihood[best_hypotheses(found, order)]
    left = list(range(len(order)))
    made = []
    while left:
        leader = left[0]
        inside = [
            one
            for one in left
            if apart[leader, one] < _APART or explains[one] > explains[leader] - math.log(_ODDS)
        ]
        left = [one for one in left if one not in inside]
        faults = tuple((order[one], float(shares[order[one]])) for one in inside)
        made.append(Group(sum(share for _, share in faults), faults))
    return sorted(made, key=lambda group: -group.probability)


def best_hypotheses(found: Posterior, faults: list[int]) -> list[int]:
    """Return the most probable hypothesis of each fault."""
    hypotheses = found.predictor.dictionary.universe.hypotheses
    best: dict[int, int] = {}
    for number, hypothesis in enumerate(hypotheses):
        known = best.get(hypothesis.fault)
        if known is None or found.weights[number] > found.weights[known]:
            best[hypothesis.fault] = number
    return [best[fault] for fault in faults]


def distances(found: Posterior, faults: list[int]) -> Array:
    """Return how many standard deviations apart faults are at the readings, faults x faults."""
    count = len(faults)
    if not found.evidence.probes:
        return np.zeros((count, count))
    rows = best_hypotheses(found, faults)
    predictor, evidence = found.predictor, found.evidence
    mean, spread = moments(predictor.predicted(evidence.probes, rows), evidence)
    pieces = untimed_chances(predictor, evidence, np.array(rows)) / _PIECES_u
    apart = np.zeros((count, count))
    for one in range(count):
        between = (spread[one] + spread) / 2
        beside = ((pieces - pieces[one]) ** 2).sum(axis=1)
        apart[one] = np.sqrt(likelihood(mean - mean[one], between)[0] + beside)
    return apart
