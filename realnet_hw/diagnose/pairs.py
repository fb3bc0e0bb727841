"""Two faults at once, where no single one explains what was read.

What two faults do together is first guessed: at each reading the sum of what they do alone, or what
one of them does where it hides the other. Boards with the pairs that could be then are solved with
nominal parts. From the best of these the search goes on: one fault stays, and every other is tried
beside it; then every value of a part that is wrong. The pairs that come nearest are at last solved
with everything that moves them, as single faults are, and judged by the same rule: they are a small
dictionary of their own, whose faults are pairs.

Where a board takes long to solve, only those guessed are, with nominal parts.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import comb

import numpy as np

from realnet_hw.diagnose import exact
from realnet_hw.diagnose.dictionary import PARTS
from realnet_hw.diagnose.groups import groups
from realnet_hw.diagnose.inference import Posterior, Predictor, moments, posterior
from realnet_hw.diagnose.responding import Responding
from realnet_hw.diagnose.responses import Array, Response, sigma_points
from realnet_hw.diagnose.twins import Twin, both, twins, wrong_value
from realnet_hw.diagnose.universe import AND, Fault, Hypothesis, Universe
from realnet_hw.errors import InputError, SimulationFailed
from realnet_hw.export.deck import Deck
from realnet_hw.predict import faults

Rows = tuple[int, int]
"""The hypotheses of a pair by their numbers, the lower first."""

# So many hypotheses are tried with each other, of each fault so many at most; of their pairs so
# many are solved, and so many at most of the same two faults, lest two wrong values leave no room.
_MOST_HYPOTHESES, _OF_FAULT, _MOST_GUESSED, _OF_TWO = 500, 10, 500, 6
# So often so many faults of the best pairs stay, while of every other fault so many ways are tried,
# and values so many steps apart; and of so many pairs all values are.
_ROUNDS, _STAY, _WAYS, _STEPS_APART, _VALUED = 2, 5, 3, 7, 20
# So many are solved with everything that moves them at a time, three of the same two faults; more
# as long as none fits.
_AT_A_TIME, _MOST_SOLVED, _STEPS = 40, 160, 3
# How far sums of two effects may be off, as a share of their sizes; how far nominal boards may be,
# beside a share of what they read; and what a reading counts at most, in squared standard
# deviations, as any of this may be wrong altogether there.
_DOUBT, _NOMINAL_V, _NOMINAL_SHARE, _MOST_MISFIT = 0.15, 0.01, 0.02, 25.0
# Of pairs that look alike none is left out for being less probable: how probable they are against
# each other hangs on spreads, which of two faults at once are rough.
_GIVEN, _LEAST = 12, 1e-12


@dataclass(frozen=True)
class Pair:
    """Two faults, with other pairs that would make one read the same.

    Args:
        faults: their numbers in the universe.
        others: pairs that look alike, the most probable first.
        probability: of all of these, if two things are wrong; what is left is for something else.
    """

    faults: tuple[int, int]
    others: tuple[tuple[int, int], ...]
    probability: float


def pairs(found: Posterior, responder: Responding) -> list[Pair]:
    """Return pairs of faults that explain the readings together, the most probable first."""
    search = _Search(found, responder)
    guessed = search.guessed()
    chosen = guessed[:_AT_A_TIME] if responder.is_slow else search.nearest(guessed)
    judged = _Judged(found, responder, search)
    for first in range(0, len(chosen), _AT_A_TIME):
        judged.take(chosen[first : first + _AT_A_TIME])
        believed = judged.posterior()
        if not believed.is_unknown:
            break
    return judged.pairs(believed) if chosen else []


class _Search:
    """Looks for pairs that come near to what was read.

    Args:
        found: how probable single faults are.
        responder: with the dictionary's cases.
    """

    def __init__(self, found: Posterior, responder: Responding) -> None:
        self._found, self._responder = found, responder
        self._evidence = found.evidence
        self._predictor = found.predictor
        self.ways = self._predictor.dictionary.universe.hypotheses
        predicted = self._predictor.predicted(self._evidence.probes, np.arange(len(self.ways)))
        self._mean, spread = moments(predicted, self._evidence)
        self._variance = np.einsum("hii->hi", spread)
        self._boards = _Boards(self._predictor)
        self._misfit: dict[Rows, float] = {}
        # A fault that shows in several ways, as an amplifier at either end, is solved as one.
        self._same: dict[tuple[object, ...], list[int]] = {}
        for row, way in enumerate(self.ways):
            self._same.setdefault((way.fault, way.spelling, way.factors), []).append(row)

    @cached_property
    def _of_fault(self) -> list[list[int]]:
        """Of each fault its hypotheses, those that explain most readings first."""
        away = self._evidence.values - self._mean
        misfit = np.minimum(away**2 / self._variance, _MOST_MISFIT).sum(axis=1)
        found: dict[int, list[int]] = {}
        for row in np.argsort(misfit, kind="stable").tolist():
            found.setdefault(self.ways[row].fault, []).append(row)
        return [rows for fault, rows in found.items() if fault]

    def guessed(self) -> list[Rows]:
        """Return the pairs whose effects could add up to the readings, the best first."""
        placed = [(n, row) for rows in self._of_fault for n, row in enumerate(rows[:_OF_FAULT])]
        placed.sort(key=lambda each: each[0])
        rows = np.array([row for _, row in placed[:_MOST_HYPOTHESES]])
        fault = np.array([self.ways[row].fault for row in rows])
        effect, variance = self._mean[rows] - self._mean[0], self._variance[rows]
        needed = self._evidence.values - self._mean[0]
        alone = np.abs(needed - effect)
        scores, ones, others = [np.zeros(0)], [rows[:0]], [rows[:0]]
        for one in range(len(rows) - 1):
            other = one + 1 + np.flatnonzero(fault[one + 1 :] != fault[one])
            apart = needed - effect[one] - effect[other]
            size = np.abs(effect[one]) + np.abs(effect[other])
            doubt = np.maximum(variance[one], variance[other])
            added = apart**2 / (doubt + (_DOUBT * size) ** 2)
            hidden = np.minimum(alone[one], alone[other]) ** 2 / doubt + 1.0
            scores.append(np.minimum(np.minimum(added, hidden), _MOST_MISFIT).sum(axis=1))
            ones.append(np.full(len(other), rows[one]))
            others.append(rows[other])
        order = np.argsort(np.concatenate(scores), kind="stable")
        sides = (np.concatenate(side)[order].tolist() for side in (ones, others))
        return self._varied(zip(*sides, strict=True), _OF_TWO, _MOST_GUESSED)

    def nearest(self, guessed: Sequence[Rows]) -> list[Rows]:
        """Return the pairs that come nearest, the best first, once they are solved."""
        self._solve(guessed)
        some = [
            row
            for rows in self._of_fault
            for row in (*rows[:_WAYS], *self._values(rows[0])[::_STEPS_APART])
        ]
        stayed: set[int] = set()
        for _ in range(_ROUNDS):
            staying: dict[int, int] = {}
            for row in itertools.chain.from_iterable(self._best()):
                if row not in stayed and len(staying) < _STAY:
                    staying.setdefault(self.ways[row].fault, row)
            stayed.update(staying.values())
            self._solve(itertools.product(staying.values(), some))
        for place in (0, 1):
            self._solve(
                (other, rows[1 - place])
                for rows in self._best()[:_VALUED]
                for other in self._values(rows[place])
            )
        return self._varied(
            sorted(self._misfit, key=self._misfit.__getitem__), _STEPS, _MOST_SOLVED
        )

    def twin(self, rows: Rows) -> Twin | None:
        """Return the board with both faults; None where these are in each other's way."""
        one, other = (self.ways[row] for row in rows)
        return self._boards.with_both(one, other)

    def _names(self, rows: Rows) -> tuple[int, int]:
        """Return the faults of a pair, the lower number first."""
        one, other = (self.ways[row].fault for row in rows)
        return min(one, other), max(one, other)

    def _varied(self, every: Iterable[Rows], of_two: int, most: int) -> list[Rows]:
        """Return the first pairs, so many at most of the same two faults, and none twice."""
        taken: Counter[tuple[int, int]] = Counter()
        found: dict[Rows, None] = {}
        for rows in map(self._as_one, every):
            if len(found) == most:
                break
            if rows not in found and taken[self._names(rows)] < of_two:
                taken[self._names(rows)] += 1
                found[rows] = None
        return list(found)

    def _as_one(self, rows: Rows) -> Rows:
        """Return a pair, the lower number first, each fault by the first of its like ways."""
        one, other = (self._alike(row)[0] for row in rows)
        return min(one, other), max(one, other)

    def _alike(self, row: int) -> list[int]:
        way = self.ways[row]
        return self._same[way.fault, way.spelling, way.factors]

    def _best(self) -> list[Rows]:
        """Return the best pair of each two faults, the best first."""
        found: dict[tuple[int, int], Rows] = {}
        for rows in sorted(self._misfit, key=self._misfit.__getitem__):
            found.setdefault(self._names(rows), rows)
        return list(found.values())

    def _values(self, row: int) -> list[int]:
        """Return all steps of a part's wrong value, nothing of another fault."""
        if self.ways[row].factors is None:
            return []
        fault = self.ways[row].fault
        return [row for row, way in enumerate(self.ways) if way.fault == fault]

    def _solve(self, every: Iterable[Rows]) -> None:
        """Find out how far nominal boards with pairs are from the readings."""
        tried: list[tuple[Rows, Twin]] = []
        for rows in dict.fromkeys(map(self._as_one, every)):
            names = self._names(rows)
            if rows in self._misfit or names[0] == names[1]:
                continue
            twin = self.twin(rows)
            if twin is None:
                continue
            tried.append((rows, twin))
            if any(len(self._alike(row)) > 1 and not self.ways[row].factors for row in rows):
                tried += [(rows, side) for side in self._sides(twin)]
        if not tried:
            return
        read = self._read([twin for _, twin in tried])
        probes = self._evidence.probes
        is_volt = np.array([probe.kind == "volt" for probe in probes])
        for (rows, _), values in zip(tried, read, strict=True):
            wide = self._variance[[0, *rows]].max(axis=0)
            wide += np.where(is_volt, _NOMINAL_V + _NOMINAL_SHARE * np.abs(values), 0.0) ** 2
            misfit = np.minimum((self._evidence.values - values) ** 2 / wide, _MOST_MISFIT).sum()
            if np.isfinite(misfit):
                self._misfit[rows] = min(float(misfit), self._misfit.get(rows, np.inf))

    def _sides(self, twin: Twin) -> Iterator[Twin]:
        """Yield boards on which any two amplifiers' offsets are up or down, in all four ways.

        To which end an amplifier goes that has lost its feedback, its offset says.

        Ref: D. J. Kleitman, J. Spencer, Discrete Math. 6 (1973) 255 (as few boards as do that: each
             offset is up on another choice of more than half, on the first one none; from memory).
        """
        points = {
            spread.parameter: sigma_points(spread)
            for spread in twin.spreads
            if spread.parameter in self._boards.offsets - twin.fixed.keys() and sigma_points(spread)
        }
        count = next(n for n in itertools.count(2) if comb(n - 1, (n + 1) // 2) >= len(points))
        choices = itertools.combinations(range(1, count), (count + 1) // 2)
        up = dict(zip(points, choices, strict=False))
        for board in range(count if points else 0):
            offsets = {name: ends[board in up[name]][1] for name, ends in points.items()}
            yield dataclasses.replace(twin, fixed={**offsets, **twin.fixed})

    def _read(self, boards: Sequence[Twin]) -> Array:
        """Return what boards read, one row a board; not a number where there is no solution."""
        evidence = self._evidence
        read = np.full((len(boards), len(evidence.probes)), np.nan)
        of_deck: dict[int, list[int]] = {}
        for number, board in enumerate(boards):
            of_deck.setdefault(id(board.deck), []).append(number)
        for numbers in of_deck.values():
            deck = boards[numbers[0]].deck
            sets = [boards[number].fixed for number in numbers]
            read[numbers] = self._read_of(Twin(deck, {}, deck.spreads), sets)
        return np.clip(read + self._moved, -evidence.range_V, evidence.range_V)

    def _read_of(self, twin: Twin, sets: Sequence[Mapping[str, float]]) -> Array:
        """Return what boards of a deck read, one row a set."""
        probes = self._evidence.probes
        try:
            return exact.read(self._predictor, self._responder, twin, probes, sets)
        except SimulationFailed:
            if len(sets) == 1:
                return np.full((1, len(probes)), np.nan)
        half = len(sets) // 2
        return np.concatenate([self._read_of(twin, some) for some in (sets[:half], sets[half:])])

    @cached_property
    def _moved(self) -> Array:
        """What the inputs as delivered add to the readings of a sound board."""
        evidence = self._evidence
        sound = self._predictor.predicted(evidence.probes, [0]).mean[0]
        return np.asarray(
            self._mean[0] - np.clip(sound, -evidence.range_V, evidence.range_V), float
        )


class _Judged:
    """Pairs that are solved with everything that moves them.

    Args:
        found: how probable single faults are.
        responder: with the dictionary's cases.
        search: that found the pairs.
    """

    def __init__(self, found: Posterior, responder: Responding, search: _Search) -> None:
        self._found, self._responder, self._search = found, responder, search
        self._book = found.predictor.dictionary
        self._names: dict[tuple[int, int], int] = {}
        self._hypotheses = [Hypothesis(0, "")]
        self._responses = [self._known(0)]
        self._twins = {"": Twin(found.predictor.deck, {}, found.predictor.deck.spreads)}

    def _known(self, row: int) -> Response:
        """Return what the dictionary has of a hypothesis."""
        return Response(1.0, *(np.asarray(getattr(self._book, part)[row]) for part in PARTS))

    def take(self, chosen: Sequence[Rows]) -> None:
        """Solve pairs."""
        found = [(rows, self._search.twin(rows)) for rows in chosen]
        possible = [(rows, twin) for rows, twin in found if twin is not None]
        like = [self._between(*rows) for rows, _ in possible]
        answered = self._responder.boards([twin for _, twin in possible], like)
        for (rows, twin), responses in zip(possible, answered, strict=True):
            one, other = (self._search.ways[row] for row in rows)
            names = min(one.fault, other.fault), max(one.fault, other.fault)
            number = self._names.setdefault(names, 1 + len(self._names))
            spelling = f"{_spelled(one)}{AND}{_spelled(other)}"
            self._twins[spelling] = twin
            for response in responses:
                share = one.share * other.share * response.share
                self._hypotheses.append(Hypothesis(number, spelling, share))
                self._responses.append(response)

    def _between(self, one: int, other: int) -> Response:
        """Return what is between two hypotheses."""
        ends = self._known(one), self._known(other)
        middle = ((getattr(ends[0], part) + getattr(ends[1], part)) / 2 for part in PARTS)
        return Response(1.0, *middle)

    def posterior(self) -> Posterior:
        """How probable pairs are: the faults of their own universe."""
        single = self._book.universe.faults
        every = [
            Fault(
                f"{single[one].name}{AND}{single[other].name}",
                single[one].kind,
                weight=single[one].weight * single[other].weight,
            )
            for one, other in self._names
        ]
        universe = Universe((single[0], *every), tuple(self._hypotheses))
        book = dataclasses.replace(
            self._book,
            universe=universe,
            mean=self._column("mean"),
            linear=self._column("linear"),
            bend=self._column("bend"),
            below=self._column("below"),
            above=self._column("above"),
        )
        predictor = Predictor(self._found.predictor.deck, book, self._twins)
        return posterior(predictor, self._found.evidence)

    def _column(self, part: str) -> Array:
        return np.array([getattr(response, part) for response in self._responses])

    def pairs(self, found: Posterior) -> list[Pair]:
        """Return the pairs in groups that the readings can't tell apart, the most probable first.

        Args:
            found: how probable they are.
        """
        names = [*self._names]
        return [
            Pair(
                names[group.faults[0][0] - 1],
                tuple(names[number - 1] for number, _ in group.faults[1:]),
                group.probability,
            )
            for group in groups(found, least=_LEAST)[:_GIVEN]
        ]


class _Boards:
    """Boards with two faults, on as few decks as can be.

    Args:
        predictor: of the board.
    """

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        decks = (twin.deck for twin in predictor.twins.values())
        self._whole = max(decks, key=lambda deck: len(deck.elements))
        self._beside: dict[str, Mapping[str, Twin]] = {}
        self._alone: dict[Hypothesis, Twin] = {}

    @cached_property
    def offsets(self) -> set[str]:
        """Names of the parameters that are amplifiers' offsets."""
        universe = self._predictor.dictionary.universe
        damaged = (
            way for way in universe.hypotheses if universe.faults[way.fault].kind == "offset"
        )
        return {name for way in damaged for name in self._predictor.twin(way).fixed}

    def with_both(self, one: Hypothesis, other: Hypothesis) -> Twin | None:
        """Return the board; None where the faults are in each other's way."""
        sound = self._predictor.deck
        for way in (one, other):
            if way not in self._alone:
                self._alone[way] = self._predictor.twin(way)
        first, second = self._alone[one], self._alone[other]
        for way, twin, added in ((one, first, other), (other, second, one)):
            if not any(twin.deck is deck for deck in (sound, self._whole)):
                return self._added(way.spelling, added)
        if first.fixed.keys() & second.fixed.keys():
            return None
        return both(sound, self._whole, first, second)

    def _added(self, spelling: str, other: Hypothesis) -> Twin | None:
        """Return the board with a fault that needs a deck of its own, and another one."""
        if spelling not in self._beside:
            deck = faults.apply(self._predictor.deck, spelling)
            every = self._predictor.twins
            self._beside[spelling] = twins(deck, [one for one in every if _is_possible(deck, one)])
        beside = self._beside[spelling]
        if other.factors is None:
            return beside.get(other.spelling)
        return wrong_value(beside[""].deck, other.spelling.split()[0].lower(), other.factors)


def _spelled(way: Hypothesis) -> str:
    """Return a spelling that is a hypothesis' own: steps of a wrong value share one."""
    if way.factors is None:
        return way.spelling
    low, high = way.factors
    return f"{way.spelling} of {low} to {high} times"


def _is_possible(deck: Deck, spelling: str) -> bool:
    """Return whether a deck can have a fault."""
    try:
        return spelling == "" or bool(faults.apply(deck, spelling))
    except InputError:
        return False
