"""Two faults at once, where no single one explains what was read.

What two faults do together is first guessed: at each reading the sum of what they do alone, or what
one of them does where it hides the other. The pairs that could be then are solved together.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from realnet_hw.diagnose import exact
from realnet_hw.diagnose.inference import Numbers, Posterior, likelihood, moments
from realnet_hw.diagnose.responses import Array, Responder
from realnet_hw.diagnose.twins import Twin
from realnet_hw.diagnose.universe import Hypothesis
from realnet_hw.errors import SimulationFailed

# So many hypotheses are tried with each other; of their pairs so many are solved.
_MOST_HYPOTHESES, _MOST_PAIRS = 300, 600
# How far sums of two effects may be off, as a share of their sizes; and what a reading counts at
# most, in squared standard deviations, as the guess may be wrong altogether there.
_DOUBT, _MOST_MISFIT = 0.15, 25.0
_GIVEN, _MOST_ALIKE = 12, 150
# What differs by less than so many standard deviations at every reading looks alike.
_APART = 2.5


@dataclass(frozen=True)
class Pair:
    """Two faults, with other pairs that would make one read the same.

    Args:
        faults: their numbers in the universe.
        others: pairs that look alike, the most probable first.
        probability: of all of these, among all pairs that were solved.
    """

    faults: tuple[int, int]
    others: tuple[tuple[int, int], ...]
    probability: float


def pairs(found: Posterior, responder: Responder) -> list[Pair]:
    """Return pairs of faults that explain the readings together, the most probable first."""
    predictor, evidence = found.predictor, found.evidence
    universe = predictor.dictionary.universe
    whole = max((t.deck for t in predictor.twins.values()), key=lambda deck: len(deck.elements))
    fixed = {
        number: twin.fixed
        for number, hypothesis in enumerate(universe.hypotheses)
        if number and ((twin := predictor.twin(hypothesis)).deck in (predictor.deck, whole))
    }
    rows = np.array(list(fixed))
    mean, spread = moments(predictor.predicted(evidence.probes, [0, *rows]), evidence)
    rows, mean, spread = _promising(rows, mean, spread, evidence.values)
    chosen = _guessed(mean, spread, evidence.values, [universe.hypotheses[row] for row in rows])
    sets, kept = [], []
    for one, other in chosen:
        first, second = fixed[int(rows[one])], fixed[int(rows[other])]
        if not first.keys() & second.keys():
            sets.append({**first, **second})
            kept.append((one + 1, other + 1))
    if not kept:
        return []
    twin = Twin(whole, {}, predictor.deck.spreads)
    read = _read(found, responder, twin, sets)
    solved = np.isfinite(read).all(axis=1)
    reach = evidence.range_V
    scores = np.full(len(kept), -np.inf)
    moved = _inputs(mean, found)
    for number in np.flatnonzero(solved):
        one, other = kept[number]
        away = evidence.values - np.clip(read[number] + moved, -reach, reach)
        scores[number] = likelihood(away[None], ((spread[one] + spread[other]) / 2)[None])[1][0]
    best: dict[tuple[int, int], int] = {}
    for number in np.argsort(-scores).tolist():
        ways = [universe.hypotheses[rows[place - 1]] for place in kept[number]]
        scores[number] += sum(float(np.log(way.share)) for way in ways)
        best.setdefault((min(w.fault for w in ways), max(w.fault for w in ways)), number)
    order = sorted(best, key=lambda names: -scores[best[names]])[:_MOST_ALIKE]
    sigma = np.sqrt(np.einsum("hii->hi", spread))
    return _alike(
        order,
        scores[[best[names] for names in order]],
        np.clip(read[[best[names] for names in order]], -reach, reach),
        sigma[[kept[best[names]][0] for names in order]],
    )


def _alike(
    names: Sequence[tuple[int, int]], scores: Array, read: Array, sigma: Array
) -> list[Pair]:
    """Gather pairs that would be read alike around the most probable one of them."""
    weights = np.exp(scores - scores.max())
    weights /= weights.sum()
    left = list(range(len(names)))
    found: list[Pair] = []
    while left and len(found) < _GIVEN:
        leader = left[0]
        apart = np.abs(read - read[leader]) / np.hypot(sigma, sigma[leader])
        inside = [one for one in left if apart[one].max() < _APART]
        left = [one for one in left if one not in inside]
        others = tuple(names[one] for one in inside[1:])
        found.append(Pair(names[leader], others, float(weights[inside].sum())))
    return sorted(found, key=lambda pair: -pair.probability)


def _inputs(mean: Array, found: Posterior) -> Array:
    """Return what the inputs as delivered add to the readings of a sound board."""
    evidence = found.evidence
    sound = found.predictor.predicted(evidence.probes, [0])
    plain = np.clip(sound.mean[0], -evidence.range_V, evidence.range_V)
    return np.asarray(mean[0] - plain, float)


def _promising(
    rows: Numbers, mean: Array, spread: Array, values: Array
) -> tuple[Numbers, Array, Array]:
    """Return the hypotheses that explain most readings, with those of the sound board first."""
    sigma = np.sqrt(np.einsum("hii->hi", spread))
    misfit = np.minimum(((values - mean) / sigma) ** 2, _MOST_MISFIT).sum(axis=1)
    best = np.sort(1 + np.argsort(misfit[1:], kind="stable")[:_MOST_HYPOTHESES])
    kept = np.concatenate([[0], best])
    return rows[best - 1], mean[kept], spread[kept]


def _guessed(
    mean: Array, spread: Array, values: Array, hypotheses: list[Hypothesis]
) -> list[tuple[int, int]]:
    """Return the pairs whose effects could add up to the readings, by their places."""
    effect = mean[1:] - mean[0]
    variance = np.einsum("hii->hi", spread)
    needed = values - mean[0]
    every: list[tuple[float, int, int]] = []
    for one in range(len(effect) - 1):
        others = np.arange(one + 1, len(effect))
        both = effect[one] + effect[others]
        size = np.abs(effect[one]) + np.abs(effect[others])
        doubt = np.maximum(variance[one + 1], variance[others + 1])
        alone = np.minimum(np.abs(needed - effect[one]), np.abs(needed - effect[others]))
        apart = np.minimum(
            (needed - both) ** 2 / (doubt + (_DOUBT * size) ** 2), alone**2 / doubt + 1.0
        )
        misfit = np.minimum(apart, _MOST_MISFIT).sum(axis=1)
        every += [
            (score, one, int(other))
            for score, other in zip(misfit.tolist(), others, strict=True)
            if hypotheses[one].fault != hypotheses[other].fault
        ]
    every.sort()
    return [(one, other) for _, one, other in itertools.islice(every, _MOST_PAIRS)]


def _read(
    found: Posterior, responder: Responder, twin: Twin, sets: list[dict[str, float]]
) -> Array:
    """Return what boards read, one row a set; not a number where there is no solution."""
    probes = found.evidence.probes
    try:
        return exact.read(found.predictor, responder, twin, probes, sets)
    except SimulationFailed:
        if len(sets) == 1:
            return np.full((1, len(probes)), np.nan)
    half = len(sets) // 2
    return np.concatenate(
        [_read(found, responder, twin, some) for some in (sets[:half], sets[half:])]
    )
