"""Two faults at once, where no single one explains what was read.

What two faults do together is first guessed: at each reading the sum of what they do alone, or what
one of them does where it hides the other. The pairs that could be then are solved together.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from realnet_hw.diagnose import exact
from realnet_hw.diagnose.inference import Numbers, Posterior, Predictor, likelihood, moments
from realnet_hw.diagnose.responding import Responding
from realnet_hw.diagnose.responses import Array, own_value
from realnet_hw.diagnose.twins import Twin
from realnet_hw.diagnose.universe import Hypothesis
from realnet_hw.errors import SimulationFailed
from realnet_hw.export.deck import Deck
from realnet_hw.predict import faults

# So many hypotheses are tried with each other; of their pairs so many are solved, and so many at
# most of the same two faults, lest two wrong values leave no room for any other pair.
_MOST_HYPOTHESES, _MOST_PAIRS, _MOST_OF_TWO = 500, 1200, 6
# That many where each takes long.
_MOST_SLOW_PAIRS = 40
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


def pairs(found: Posterior, responder: Responding) -> list[Pair]:
    """Return pairs of faults that explain the readings together, the most probable first."""
    predictor, evidence = found.predictor, found.evidence
    universe = predictor.dictionary.universe
    rows = np.arange(1, len(universe.hypotheses))
    mean, spread = moments(predictor.predicted(evidence.probes, [0, *rows]), evidence)
    rows, mean, spread = _promising(rows, mean, spread, evidence.values)
    ways = [universe.hypotheses[row] for row in rows]
    most = _MOST_SLOW_PAIRS if responder.is_slow else _MOST_PAIRS
    chosen = _guessed(mean, spread, evidence.values, ways)[:most]
    boards = _Boards(predictor)
    both = [boards.with_both(ways[one], ways[other]) for one, other in chosen]
    kept = [(one + 1, other + 1) for (one, other), twin in zip(chosen, both, strict=True) if twin]
    if not kept:
        return []
    read = _read_all(found, responder, [twin for twin in both if twin])
    solved = np.asarray(np.isfinite(read).all(axis=1))
    reach = evidence.range_V
    scores = np.full(len(kept), -np.inf)
    moved = _inputs(mean, found)
    for number in np.flatnonzero(solved):
        one, other = kept[number]
        away = evidence.values - np.clip(read[number] + moved, -reach, reach)
        scores[number] = likelihood(away[None], ((spread[one] + spread[other]) / 2)[None])[1][0]
    best: dict[tuple[int, int], int] = {}
    for number in np.argsort(-scores).tolist():
        if not solved[number]:
            continue
        two = [ways[place - 1] for place in kept[number]]
        scores[number] += sum(float(np.log(way.share)) for way in two)
        best.setdefault((min(w.fault for w in two), max(w.fault for w in two)), number)
    if not best:
        return []
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
    taken: Counter[tuple[int, int]] = Counter()

    def is_wanted(one: int, other: int) -> bool:
        two = sorted((hypotheses[one].fault, hypotheses[other].fault))
        taken[two[0], two[1]] += 1
        return taken[two[0], two[1]] <= _MOST_OF_TWO

    wanted = ((one, other) for _, one, other in every if is_wanted(one, other))
    return list(itertools.islice(wanted, _MOST_PAIRS))


class _Boards:
    """Boards with two faults, on as few decks as can be.

    Args:
        predictor: of the board.
    """

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        decks = (twin.deck for twin in predictor.twins.values())
        self._whole = max(decks, key=lambda deck: len(deck.elements))
        self._own: dict[str, Deck] = {}

    def with_both(self, one: Hypothesis, other: Hypothesis) -> Twin | None:
        """Return the board; None where the faults are in each other's way."""
        first, second = self._predictor.twin(one), self._predictor.twin(other)
        sharing = (self._predictor.deck, self._whole)
        own = [
            way
            for way, twin in ((one, first), (other, second))
            if not any(twin.deck is deck for deck in sharing)
        ]
        if len(own) > 1 or first.fixed.keys() & second.fixed.keys():
            return None
        deck = self._with(own[0].spelling) if own else self._whole
        return Twin(deck, {**first.fixed, **second.fixed}, deck.spreads)

    def _with(self, spelling: str) -> Deck:
        """Return the deck in which all other faults sleep, with a fault that needs its own."""
        if spelling not in self._own:
            self._own[spelling] = faults.apply(self._whole, spelling)
        return self._own[spelling]


def _read_all(found: Posterior, responder: Responding, boards: Sequence[Twin]) -> Array:
    """Return what boards read, one row a board; not a number where there is no solution."""
    read = np.full((len(boards), len(found.evidence.probes)), np.nan)
    of_deck: dict[int, list[int]] = {}
    for number, board in enumerate(boards):
        of_deck.setdefault(id(board.deck), []).append(number)
    for numbers in of_deck.values():
        names = dict.fromkeys(name for number in numbers for name in boards[number].fixed)
        deck = boards[numbers[0]].deck
        own = {name: own_value(deck, name) for name in names}
        sets = [{**own, **boards[number].fixed} for number in numbers]
        read[numbers] = _read(found, responder, Twin(deck, {}, deck.spreads), sets)
    return read


def _read(
    found: Posterior, responder: Responding, twin: Twin, sets: list[dict[str, float]]
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
