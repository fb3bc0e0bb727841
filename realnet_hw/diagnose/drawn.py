"""What a hypothesis makes a board answer, where not every parameter can be tried with every fault.

Many sound boards give what each parameter moves there. Of a faulty board a few are drawn, besides
the nominal one, and each answer follows the parameters as the sound board's does, times a factor
that fits these best; what is left counts as its own spread, most of which may be the same for an
answer at all cases. Where drawn boards answer differently, an output high or low, a pulse there or
not, each way is a response of its own.

What is asked case by case takes long on some boards: those that nominally answer alike in all of
that share what was found so, if some drawn boards, each at a case of its own, answer alike, too:
there is room for these where boards are computed side by side. What a board is left at afterwards
is drawn with every fault.
"""

from __future__ import annotations

import abc
import contextlib
import dataclasses
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from realnet_hw.diagnose.responses import (
    INPUT_STEP_V,
    MOST_RESPONSES,
    Array,
    Response,
)
from realnet_hw.diagnose.twins import Twin, wrong_value
from realnet_hw.diagnose.universe import Hypothesis
from realnet_hw.errors import SimulationFailed
from realnet_hw.export.deck import Deck, Spread
from realnet_hw.predict.compiled.kernels.memory import LANES
from realnet_hw.predict.engine import Engine, Parameters
from realnet_hw.predict.tolerances import drawn_boards

# Boards drawn with a fault, and without one: some way in which only few of these answer is what a
# fault is taken for.
_DRAWN, _DRAWN_SOUND, _SEED = 6, 64, 1
# What is alike within that many volts or milliseconds is alike.
_ALIKE = 0.02
# What differs by less than that share, or by that much, may be what parts differ in.
_NEARLY = 0.1
# So many steps of a wrong value, all below the right one or all above, have a spread in common.
_STEPS_ALIKE = 10
# What moves less than that, squared, on the boards drawn together, is not followed.
_MOVED = 1e-7
# What a few drawn boards leave open about a spread.
_FEW = 1.5


class DrawnResponder(abc.ABC):
    """Asks a deck's faulty twins: see ``responding.Responding``.

    Args:
        deck: of the sound board.
        engine: the simulator.
        cases: for each case the volts of each input, by the port's name.
    """

    is_slow: bool
    answers: Sequence[str]
    levels: Array
    """What each answer is above or below of; not a number where that says nothing."""
    finest: Array
    """Standard deviation that each answer has at least: what no simulator is better than."""
    together: int
    """So many of the first answers have in common at all cases what is left of their spread."""
    unsettled: Array
    """Standard deviation of each that a board is left at, where it never comes to rest."""

    def __init__(self, deck: Deck, engine: Engine, cases: Sequence[Mapping[str, float]]) -> None:
        self.deck = deck
        self.cases = tuple(cases)
        self.spreads = deck.spreads
        self.engine = engine
        self._sources = [source.element for source in deck.inputs.values()]
        self.sets = [
            {deck.inputs[name].element: volts for name, volts in case.items()} for case in cases
        ]
        """For each case the volts of each input, by the source's element."""
        self._known: dict[bytes, list[_Known]] = {}
        """By what a nominal board answers case by case: what is known of such boards."""

    @abc.abstractmethod
    def prepare(self, spellings: Sequence[str]) -> None:
        """Get ready for faults.

        Args:
            spellings: of all that will be asked for.
        """

    @abc.abstractmethod
    def twin(self, spelling: str) -> Twin:
        """Return the board with a fault."""

    @abc.abstractmethod
    def answers_to(self, twin: Twin, every: Sequence[Parameters]) -> Array:
        """Return the first answers of boards of a twin, shape (boards, these answers).

        Args:
            twin: the board.
            every: for each board the volts of the inputs by the source's element, and parameters
                beside those that the fault sets.

        Raises:
            SimulationFailed: no solution.
        """

    def answered(
        self, twin: Twin, changes: Sequence[Parameters], sets: Sequence[Parameters]
    ) -> Array:
        """Return the first answers of boards of a twin, shape (changes, sets, these answers).

        Args:
            twin: the board.
            changes: parameters beside those that the fault sets.
            sets: volts of the inputs by the source's element.

        Raises:
            SimulationFailed: no solution.
        """
        every = [{**change, **case} for change in changes for case in sets]
        return self.answers_to(twin, every).reshape(len(changes), len(sets), -1)

    @abc.abstractmethod
    def left(self, twin: Twin, changes: Sequence[Parameters]) -> Array:
        """Return the other answers, which are the same at every case, shape (changes, these).

        Args:
            twin: the board.
            changes: parameters beside those that the fault sets.

        Raises:
            SimulationFailed: no solution.
        """

    def means(self, twin: Twin, changes: Sequence[Parameters]) -> Array:
        """See ``Responding``."""
        return self._joined(self.answered(twin, changes, self.sets), self.left(twin, changes))

    def boards(self, found: Sequence[Twin], like: Sequence[Response]) -> Iterator[list[Response]]:
        """See ``Responding``: only the nominal board is asked."""
        for twin, near in zip(found, like, strict=True):
            try:
                yield [dataclasses.replace(near, mean=self.means(twin, [{}])[0])]
            except SimulationFailed:
                yield []

    def _joined(self, answered: Array, left: Array) -> Array:
        """Return all answers, shape (boards, cases, answers)."""
        every = np.repeat(left[:, None], answered.shape[1], axis=1)
        return np.concatenate([answered, every], axis=2)

    def responses(self, hypotheses: Sequence[Hypothesis]) -> Iterator[list[Response]]:
        """See ``Responding``; the steps of one part's wrong value follow each other."""
        self._known.clear()
        self.prepare([one.spelling for one in hypotheses if one.factors is None])
        sound = self._sound()
        for spelling, some in itertools.groupby(hypotheses, key=lambda one: one.spelling):
            if not spelling:
                yield [self._response(way, sound) for way in sound.ways]
                continue
            steps = list(some)
            if steps[0].factors is not None:
                yield from self._values(steps, sound)
                continue
            yield self._faulty(spelling, sound)

    def _faulty(self, spelling: str, sound: _Sound) -> list[Response]:
        try:
            ways = self._ways(self.twin(spelling), sound)
        except SimulationFailed:
            return []
        return [self._response(way, sound) for way in ways]

    def _sound(self) -> _Sound:
        """Return what moves the sound board's answers, and note the ways in which it answers.

        Every parameter is a standard deviation up on half of the boards that are tried and down on
        the others, on each half as many of any other parameter up as down: so the mean difference
        between the halves is its own doing. What flips is counted on boards that are drawn.

        Raises:
            SimulationFailed: no solution.

        Ref: R. L. Plackett, J. P. Burman, Biometrika 33 (1946) 305 (such designs; from memory).
        """
        twin = Twin(self.deck, {}, self.spreads)
        first = self.answered(twin, [{}], self.sets)
        middle = self._joined(first, self.left(twin, [{}]))[0]
        signs = _balanced(len(self.spreads))
        sigmas = np.array([_sigma(spread) for spread in self.spreads])
        values = np.array([_middle(spread) for spread in self.spreads]) + signs * sigmas
        names = [spread.parameter for spread in self.spreads]
        boards = [dict(zip(names, row, strict=True)) for row in values.tolist()]
        read = self.means(twin, boards)
        usual = self._above(middle)
        # What flips is one of several ways, no slope.
        steady = (self._above(read) == usual).all(axis=0)
        linear = _by_side(np.einsum("bca,bp->cap", read, signs) / len(boards), steady, usual)
        below, above = (self._slopes(step_V, middle) for step_V in (-INPUT_STEP_V, INPUT_STEP_V))
        drawn = drawn_boards(self.spreads, range(_DRAWN_SOUND), _SEED).boards()
        every = np.concatenate([middle[None], self.means(twin, drawn)])
        marks = self._above(every)
        follows = _moved(linear, marks, self._standardised(twin, drawn))
        count = first.shape[-1]
        own = _ways_of(
            every[..., :count], follows[..., :count], marks[..., :count], middle[:, :count]
        )
        known = _Known(every[1 : 1 + _DRAWN, :, :count] - first, own)
        self._known[_key(first[0])] = [known]
        left = _all_as_one(every[:, :, count:], follows[:, :, count:], middle[:, count:])
        ways = [_beside(way, left) for way in own]
        return _Sound(middle, linear, below, above, ways)

    def _slopes(self, step_V: float, middle: Array) -> Array:
        """Return how the sound board follows each input, shape (cases, answers, inputs)."""
        slopes = np.zeros((*middle.shape, len(self._sources)))
        twin = Twin(self.deck, {}, self.spreads)
        for column, element in enumerate(self._sources):
            sets = [{**case, element: case[element] + step_V} for case in self.sets]
            left = self.left(twin, [{element: sets[0][element]}])
            moved = self._joined(self.answered(twin, [{}], sets), left)[0]
            steady = self._above(moved) == self._above(middle)
            slopes[..., column] = np.where(steady, (moved - middle) / step_V, 0.0)
        return slopes

    def _above(self, answers: Array) -> NDArray[np.bool_]:
        """Return which answers, all or the first of them, are above the level that they have."""
        levels = self.levels[: answers.shape[-1]]
        return np.asarray(np.where(np.isnan(levels), False, answers > levels), bool)

    def _ways(self, twin: Twin, sound: _Sound) -> list[_Way]:
        """Return the ways in which boards of a twin answer.

        Raises:
            SimulationFailed: no solution for the nominal one.
        """
        boards = drawn_boards(twin.spreads, range(_DRAWN), _SEED).boards()
        standardised = self._standardised(twin, boards)
        first, some = self._looked(twin, boards)
        count = first.shape[-1]
        known = self._alike(first, some)
        if known is None:
            more = self._more(twin, boards, first)
            read = np.concatenate([first, first + more])
            above = self._above(read)
            moved = _moved(sound.linear[..., :count, :], above, standardised[: len(read)])
            known = _Known(more, _ways_of(read, moved, above, sound.middle[:, :count]))
            if len(more):
                self._known.setdefault(_key(first[0]), []).append(known)
        beside = self._beside(twin, boards, standardised, sound, count)
        return [
            _beside(dataclasses.replace(way, mean=first[0] + way.offset), beside)
            for way in known.ways
        ]

    def _looked(self, twin: Twin, boards: Sequence[Parameters]) -> tuple[Array, Array]:
        """Return what the nominal board answers at all cases, and the first drawn ones at one each.

        Args:
            twin: the board.
            boards: drawn.

        Returns:
            Shapes (1, cases, answers) and (boards, answers).

        Raises:
            SimulationFailed: no solution for the nominal one.
        """
        room = -len(self.sets) % LANES or LANES
        some = [{**board, **case} for board, case in zip(boards, self.sets, strict=False)][:room]
        try:
            read = self.answers_to(twin, [*self.sets, *some])
        except SimulationFailed:
            read = self.answers_to(twin, self.sets)
        return read[None, : len(self.sets)], read[len(self.sets) :]

    def _alike(self, first: Array, some: Array) -> _Known | None:
        """Return what is known of boards that answer like these, if anything is.

        Where no drawn board has answered there is nothing to compare: then none is alike.

        Args:
            first, some: see ``_looked``.
        """
        for known in self._known.get(_key(first[0]), []):
            places = range(min(len(some), len(known.more)))
            expected = [first[0, place] + known.more[place, place] for place in places]
            if expected and all(map(_is_nearly, some, expected)):
                return known
        return None

    def _more(self, twin: Twin, boards: Sequence[Parameters], first: Array) -> Array:
        """Return by how much more boards answer case by case than the nominal one.

        Args:
            twin: the board.
            boards: drawn.
            first: what the nominal one answers, shape (1, cases, answers).
        """
        try:
            return self.answered(twin, boards, self.sets) - first
        except SimulationFailed:
            return first[:0]

    def _beside(
        self,
        twin: Twin,
        boards: Sequence[Parameters],
        standardised: Array,
        sound: _Sound,
        count: int,
    ) -> _Way:
        """Return what boards of a twin are left at.

        Args:
            twin: the board.
            boards: drawn.
            standardised: parameters of the nominal one and of these, see ``_standardised``.
            sound: the sound board.
            count: of the answers before these.
        """
        usual = sound.middle[:, count:]
        left = self._left(twin, boards)
        if left is None:
            none = np.zeros_like(usual)
            return _Way(1.0, none, usual, none, none, none + self.unsettled)
        every = np.repeat(left[:, None], len(self.sets), axis=1)
        moved = np.einsum("cap,bp->bca", sound.linear[0, :, count:], standardised[: len(left)])
        return _all_as_one(every, moved, usual)

    def _left(self, twin: Twin, boards: Sequence[Parameters]) -> Array | None:
        """Return what the nominal board is left at and those drawn, if these have solutions.

        None where not even the nominal one comes to rest.
        """
        with contextlib.suppress(SimulationFailed):
            return self.left(twin, [{}, *boards])
        with contextlib.suppress(SimulationFailed):
            return self.left(twin, [{}])
        return None

    def _standardised(self, twin: Twin, boards: Sequence[Parameters]) -> Array:
        """Return parameters in standard deviations, shape (1 + boards, parameters).

        Args:
            twin: whose parts are as on the nominal board first, then as on each of those drawn.
            boards: drawn.
        """
        now = {spread.parameter: spread for spread in twin.spreads}
        found = np.zeros((1 + len(boards), len(self.spreads)))
        for column, spread in enumerate(self.spreads):
            own = now.get(spread.parameter)
            # One that the fault decides moves nothing.
            if own is not None and own.low < own.high:
                values = [own.nominal, *(board[spread.parameter] for board in boards)]
                found[:, column] = (np.array(values) - _middle(own)) / _sigma(own)
        return found

    def _values(self, steps: Sequence[Hypothesis], sound: _Sound) -> Iterator[list[Response]]:
        """Yield the responses to one part's wrong values, step by step, which touch."""
        element = steps[0].spelling.split()[0].lower()
        column = next(i for i, one in enumerate(self.spreads) if one.parameter == element)
        own = self.spreads[column].nominal
        spans = [one.factors or (1.0, 1.0) for one in steps]
        factors = sorted({factor for span in spans for factor in span})
        twin = Twin(self.deck, {}, self.deck.spreads)
        ends = self._at(twin, element, own, (factors[0], factors[-1]))
        if len(ends) == 2 and all(_is_alike(end, sound.middle) for end in ends.values()):
            # Neither far too small nor far too large is seen: nothing between is.
            ends = dict.fromkeys(factors, sound.middle)
        else:
            ends |= self._at(twin, element, own, factors[1:-1])
        for block in _blocks(spans):
            pattern: list[_Way] = []
            known = [ends[factor] for span in block for factor in span if factor in ends]
            if not all(_is_alike(end, sound.middle) for end in known):
                low, high = block[len(block) // 2]
                try:
                    pattern = self._ways(wrong_value(self.deck, element, (low, high)), sound)
                except SimulationFailed:
                    yield from ([] for _ in block)
                    continue
            for low, high in block:
                if low not in ends or high not in ends:
                    yield []
                    continue
                yield [
                    self._response(way, sound, column, reach)
                    for way, reach in self._between(ends[low], ends[high], pattern, sound)
                ]

    def _at(
        self, twin: Twin, element: str, own: float, factors: Sequence[float]
    ) -> dict[float, Array]:
        """Return the answers with an element at multiples of its own value; those there are."""
        changes = [{element: own * factor} for factor in factors]
        try:
            return dict(zip(factors, self.means(twin, changes), strict=True))
        except SimulationFailed:
            if len(factors) < 2:
                return {}
        half = len(factors) // 2
        return self._at(twin, element, own, factors[:half]) | self._at(
            twin, element, own, factors[half:]
        )

    def _between(
        self, low: Array, high: Array, pattern: Sequence[_Way], sound: _Sound
    ) -> list[tuple[_Way, Array]]:
        """Return the ways in which boards between two ends answer, with what the value moves.

        Args:
            low, high: the answers at the ends.
            pattern: ways of boards with a value not far from these.
            sound: the sound board.
        """
        middle, reach = (low + high) / 2, (high - low) / (2 * math.sqrt(3.0))
        known = [*pattern, *sound.ways]
        flips = self._above(low) != self._above(high)
        if flips.any():
            nearer = ((3 * low + high) / 4, (low + 3 * high) / 4)
            means = [
                np.where(flips, end, near) for end, near in zip((low, high), nearer, strict=True)
            ]
            halves = [dataclasses.replace(_like(mean, known), share=0.5) for mean in means]
            return [(half, np.where(flips, 0.0, reach / 2)) for half in halves]
        above = self._above(middle)
        for ways in (pattern, sound.ways):
            # Where most boards answer as these do, as many of these answer otherwise.
            if ways and (self._above(ways[0].mean) == above).all():
                means = [np.where(self._above(way.mean) == above, middle, way.mean) for way in ways]
                return [
                    (dataclasses.replace(_like(mean, known), share=way.share), reach)
                    for way, mean in zip(ways, means, strict=True)
                ]
        return [(_like(middle, known), reach)]

    def _response(
        self, way: _Way, sound: _Sound, column: int | None = None, reach: Array | None = None
    ) -> Response:
        parameters = len(self.spreads)
        linear = np.zeros((*way.mean.shape, parameters + max(2, self.together)))
        own = _on_side(sound.linear, self._above(way.mean))
        linear[..., :parameters] = way.scale[..., None] * own
        if column is not None:
            linear[..., column] = reach
        alone = np.hypot(way.own, self.finest)
        for answer in range(self.together):
            linear[:, answer, parameters + answer] = way.common[:, answer]
        rest = slice(self.together, None)
        alone[:, rest] = np.hypot(alone[:, rest], way.common[:, rest])
        below, above = (way.scale[..., None] * slope for slope in (sound.below, sound.above))
        return Response(way.share, way.mean, linear, alone, below, above)


@dataclass(frozen=True, eq=False)
class _Sound:
    """The sound board.

    Args:
        middle: what the nominal one answers, shape (cases, answers).
        linear: per standard deviation of each parameter where an answer is below its level, or has
            none, and where it is above, shape (2, cases, answers, parameters).
        below, above: slopes against each input, shape (cases, answers, inputs).
        ways: in which sound boards answer.
    """

    middle: Array
    linear: Array
    below: Array
    above: Array
    ways: Sequence[_Way]


@dataclass(frozen=True, eq=False)
class _Known:
    """What is known of boards that nominally answer alike case by case.

    Args:
        more: by how much more than the nominal one those drawn answer, shape (boards, cases,
            answers).
        ways: in which they do.
    """

    more: Array
    ways: Sequence[_Way]


@dataclass(frozen=True, eq=False)
class _Way:
    """One way in which boards answer.

    Args:
        share: of the boards.
        offset: what they answer on average, less what the nominal one does, shape (cases, answers).
        mean: what they answer on average.
        scale: by how much more each follows the parameters than on the sound board.
        common: what is left that is the same at all cases, per standard deviation.
        own: standard deviation that is left then.
    """

    share: float
    offset: Array
    mean: Array
    scale: Array
    common: Array
    own: Array


def _blocks(spans: Sequence[tuple[float, float]]) -> Iterator[Sequence[tuple[float, float]]]:
    """Yield steps of a wrong value, which rise, that have a spread in common."""
    for _, side in itertools.groupby(spans, key=lambda span: span[0] > 1):
        some = list(side)
        for first in range(0, len(some), _STEPS_ALIKE):
            yield some[first : first + _STEPS_ALIKE]


def _by_side(linear: Array, steady: NDArray[np.bool_], above: NDArray[np.bool_]) -> Array:
    """Return what moves answers below their level and above, shape (2, cases, answers, parameters).

    Where no sound board is on a side at a case, it is as at the cases where all are.

    Args:
        linear: per standard deviation of each parameter, shape (cases, answers, parameters).
        steady: at which cases an answer is on one side on all boards.
        above: whether that is the upper one.
    """
    found = []
    for side in (False, True):
        here = (steady & (above == side))[..., None]
        mean = (linear * here).sum(axis=0) / np.maximum(here.sum(axis=0), 1)
        found.append(np.where(here, linear, mean))
    return np.array(found)


def _on_side(linear: Array, above: NDArray[np.bool_]) -> Array:
    """Return what moves answers on the side where they are, shape (..., answers, parameters)."""
    return np.asarray(np.where(above[..., None], linear[1], linear[0]), float)


def _moved(linear: Array, above: NDArray[np.bool_], standardised: Array) -> Array:
    """Return by how much the answers of sound boards move, shape (boards, cases, answers).

    Args:
        linear: see ``_by_side``.
        above: which answers of each board are above their level, shape (boards, cases, answers).
        standardised: parameters in standard deviations, shape (boards, parameters).
    """
    return np.asarray(np.einsum("bcap,bp->bca", _on_side(linear, above), standardised), float)


def _ways_of(read: Array, follows: Array, above: NDArray[np.bool_], usual: Array) -> list[_Way]:
    """Return the ways in which boards answer, those that most of them do first.

    Args:
        read: the nominal one's answers, then those of drawn ones, shape (boards, cases, answers).
        follows: by how much the sound board's would move with these boards' parts.
        above: which answers are above their level.
        usual: the sound board's.
    """
    marks = [row.tobytes() for row in above]
    counts = {mark: marks.count(mark) for mark in dict.fromkeys(marks)}
    kept = sorted(counts, key=lambda mark: -counts[mark])[:MOST_RESPONSES]
    total = sum(counts[mark] for mark in kept)
    ways = []
    for mark in kept:
        inside = [number for number, other in enumerate(marks) if other == mark]
        own, moved = read[inside], follows[inside]
        away, by = own - own.mean(axis=0), moved - moved.mean(axis=0)
        size = (by**2).sum(axis=0)
        scale = _ratio(own.mean(axis=0), usual)
        if len(inside) > 2:
            fitted = (away * by).sum(axis=0) / np.maximum(size, 1e-30)
            scale = np.where(size > _MOVED, fitted, 0.0)
        common, own_spread = _parted(away - scale * by)
        mean = own.mean(axis=0) - scale * moved.mean(axis=0)
        ways.append(
            _Way(
                counts[mark] / total,
                mean - read[0],
                mean,
                scale,
                common,
                own_spread,
            )
        )
    return ways


def _parted(left: Array) -> tuple[Array, Array]:
    """Return what boards have in common at all cases, and the standard deviation beside that.

    Args:
        left: of each board's answers, shape (boards, cases, answers).
    """
    boards = len(left)
    shares, sizes, ways = np.linalg.svd(left.transpose(2, 0, 1), full_matrices=False)
    first = sizes[:, :1] * ways[:, 0]
    beside = left.transpose(2, 0, 1) - shares[:, :, :1] * first[:, None]
    common = first * np.where(first.sum(axis=1) < 0, -1.0, 1.0)[:, None]
    common *= _FEW / math.sqrt(max(1, boards - 2))
    own = _FEW * np.sqrt((beside**2).sum(axis=1) / max(1, boards - 3))
    return common.T, own.T


def _all_as_one(read: Array, follows: Array, usual: Array) -> _Way:
    """Return the one way of boards whose answers have no levels; arguments as of ``_ways_of``."""
    (way,) = _ways_of(read, follows, np.zeros(read.shape, bool), usual)
    return way


def _beside(way: _Way, left: _Way) -> _Way:
    """Return a way of answering case by case with what boards are left at."""
    offset, mean, scale, common, own = (
        np.concatenate([getattr(way, part), getattr(left, part)], axis=-1)
        for part in ("offset", "mean", "scale", "common", "own")
    )
    return _Way(way.share, offset, mean, scale, common, own)


def _like(mean: Array, known: Sequence[_Way]) -> _Way:
    """Return a way of boards of that mean; each answer follows as that of the nearest way known."""
    means = np.array([way.mean for way in known])
    nearest = np.abs(means - mean).argmin(axis=0)[None]

    def taken(every: Sequence[Array]) -> Array:
        return np.asarray(np.take_along_axis(np.array(every), nearest, axis=0)[0], float)

    near = taken([way.mean for way in known])
    grown = np.where(np.abs(near) < _ALIKE, 1.0, _ratio(mean, near))
    scale, common, own = (
        grown * taken([getattr(way, part) for way in known]) for part in ("scale", "common", "own")
    )
    return _Way(1.0, np.zeros_like(mean), mean, scale, common, own)


def _ratio(answers: Array, sound: Array) -> Array:
    """Return by how much more than on the sound board answers follow, if in proportion."""
    return np.clip(answers / np.where(np.abs(sound) < _ALIKE, np.inf, sound), 0.0, 10.0)


def _is_alike(one: Array, other: Array) -> bool:
    return bool((np.abs(one - other) < _ALIKE).all())


def _is_nearly(one: Array, other: Array) -> bool:
    """Return whether boards answer alike but for what their parts differ in."""
    return bool((np.abs(one - other) < _NEARLY * (1 + np.abs(other))).all())


def _key(answers: Array) -> bytes:
    """Return what boards have in common that answer alike."""
    return np.round(answers / _ALIKE).astype(np.int64).tobytes()


def _balanced(parameters: int) -> Array:
    """Return signs of parameters on boards, shape (boards, parameters), orthogonal columns."""
    signs = np.ones((1, 1))
    while signs.shape[1] <= parameters:
        signs = np.block([[signs, signs], [signs, -signs]])
    # The first column is the same on all boards.
    return signs[:, 1 : parameters + 1]


def _middle(spread: Spread) -> float:
    """Return the mean; the usual value of a part may lie to one side of it."""
    if spread.distribution == "uniform":
        return (spread.low + spread.high) / 2
    return spread.nominal


def _sigma(spread: Spread) -> float:
    if spread.distribution == "uniform":
        return (spread.high - spread.low) / (2 * math.sqrt(3.0))
    return spread.sigma
