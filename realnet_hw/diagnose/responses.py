"""What a hypothesis makes a board answer, and how its parts' tolerances and its inputs move that.

Each parameter is tried at the two points that stand for its distribution, one standard deviation
times the root of three to either side (the bounds, if it is uniform). With y-, y0, y+ the
answers, a = (y+ - y-) / (2 root 3) is the linear part per standard deviation and
b = (y+ + y- - 2 y0) / 6 the bend: b shifts the mean and adds 0.8 b^2 to the variance, which is how
a rectifier's knee shows. The linear parts of one parameter belong together over all answers; the
bends count as independent, but for answers at a corner, see ``_shift``.

Ref: S. J. Julier, J. K. Uhlmann, Proc. IEEE 92 (2004) 401 (sigma points; from memory).
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from realnet_hw.diagnose.twins import Twin, twins, wrong_value
from realnet_hw.diagnose.universe import Hypothesis
from realnet_hw.errors import SimulationFailed
from realnet_hw.export.deck import Deck, Spread
from realnet_hw.predict.engine import Bound, Engine, Parameters

Array = NDArray[np.float64]

# Further than a source of the fixture may be wrong.
INPUT_STEP_V = 0.1
_ROOT3 = math.sqrt(3.0)
# What moves an answer by more, per standard deviation, decides between two ends.
_DECIDED_V, _MOST_SPLITS = 1.0, 2
MOST_RESPONSES = 2 * 2**_MOST_SPLITS
"""So many there are of one hypothesis at most."""
# For every so many steps of a wrong value it is solved what all other parts do.
_STEPS_APART = 8
# By so much what a part itself does differs between two steps that are not alike.
_TELLS_V = 5e-3
# At a corner a bend is 0.58 times the linear part, elsewhere much less. Of max(0, s) with a normal
# s of unit variance the mean is 1 / sqrt(2 pi); a parameter that is all of s bends by root 3 / 6.
_CORNER, _OVER = 0.3, 6 / math.sqrt(6 * math.pi)
# Boards with everything off at once: by one standard deviation, inputs by what a fixture's are.
_OFF_V, _MOST_OFF_V = 0.03, 0.3
_SIGNS = np.random.default_rng(1).choice([-1.0, 1.0], (6, 2000))
# The sound board is what all else is told from: of it so many are drawn, and a corner, or several,
# that so large a share of them is pushed over is a way of its own.
_DRAWN, _LEAST_SHARE = _ROOT3 * np.random.default_rng(2).uniform(-1, 1, (256, 2000)), 0.01
# Within so much of what is said of them, beside one standard deviation, they do as is said.
_CALM_V = 5e-3
# Variance of z^2 for a uniform z of unit variance.
BEND_VARIANCE = 0.8


@dataclass(frozen=True, eq=False)
class Response:
    """What boards with one fault answer, or a share of them.

    Args:
        share: of these boards.
        mean: over boards, shape (cases, answers).
        linear: per standard deviation of each parameter, of the fault's own, and of the greatest
            bend; shape (cases, answers, parameters + 2).
        bend: standard deviation that bends add, shape (cases, answers).
        below, above: slope against each input to either side, shape (cases, answers, inputs).
    """

    share: float
    mean: Array
    linear: Array
    bend: Array
    below: Array
    above: Array


@dataclass(frozen=True, eq=False)
class _Whole(Response):
    """What all boards with one fault answer, before they are parted.

    Args:
        calm: share of the boards that do as their linear parts say.
        pushed: ``bend`` of the others, which are pushed over a corner.
    """

    calm: float
    pushed: Array

    def parted(self) -> list[Response]:
        """Return the response of those that do as is said, and that of the others."""
        said = (self.mean, self.linear, self.bend, self.below, self.above)
        others = (self.mean, self.linear, self.pushed, self.below, self.above)
        shares = (self.share * self.calm, said), (self.share * (1 - self.calm), others)
        return [Response(share, *parts) for share, parts in shares if share]


class Responder:
    """Asks a deck's faulty twins.

    Args:
        deck: of the sound board.
        engine: the simulator.
        cases: for each case the volts of each input, by the port's name.
        answers: nodes, or ``i(source)`` for currents.
    """

    def __init__(
        self,
        deck: Deck,
        engine: Engine,
        cases: Sequence[Mapping[str, float]],
        answers: Sequence[str],
    ) -> None:
        self.deck = deck
        self.cases = tuple(cases)
        self.answers = tuple(answers)
        self._engine = engine
        self._inputs = [source.element for source in deck.inputs.values()]
        self._cases = [
            {deck.inputs[name].element: volts for name, volts in case.items()} for case in cases
        ]
        # No direct voltage depends on a capacitor.
        self.spreads = [spread for spread in deck.spreads if spread.parameter[0] != "c"]
        self._known = {spread.parameter for spread in deck.spreads}
        self._volts = [not name.startswith("i(") for name in answers]
        # By the deck's identity, which is its own as long as it is kept here.
        self._bound: dict[int, _Bound] = {}

    is_slow = False
    """See ``Responding``."""

    @property
    def asked(self) -> str:
        """See ``Responding``."""
        return self._engine.name

    def responses(self, hypotheses: Sequence[Hypothesis]) -> Iterator[list[Response]]:
        """Yield what boards of each hypothesis answer; nothing where there is no solution.

        Where one parameter alone decides to which end an output goes, as an offset does with an
        amplifier without feedback, boards on either side of its middle are taken apart.
        The steps of one resistor's wrong value are taken together where they follow each other.
        """
        spellings = [one.spelling for one in hypotheses if one.factors is None]
        found = twins(self.deck, spellings)
        self.prepare(found.values())
        for is_value, some in itertools.groupby(
            hypotheses, key=lambda one: one.spelling if one.factors else ""
        ):
            if is_value:
                yield from self._values(list(some))
                continue
            for hypothesis in some:
                try:
                    one = found[hypothesis.spelling]
                    yield self._sides(one) if hypothesis.spelling else self._ways(one)
                except SimulationFailed:
                    yield []

    def boards(self, found: Sequence[Twin], like: Sequence[Response]) -> Iterator[list[Response]]:
        """See ``Responding``: everything is found out anew."""
        del like
        self.prepare(found)
        for twin in found:
            try:
                yield self._sides(twin)
            except SimulationFailed:
                yield []

    def means(self, twin: Twin, changes: Sequence[Parameters]) -> Array:
        """Return the answers of boards of a twin, shape (changes, cases, answers).

        Args:
            twin: the board.
            changes: parameters beside those that the fault sets.

        Raises:
            SimulationFailed: no solution.
        """
        every = [{**twin.fixed, **change, **case} for change in changes for case in self._cases]
        return self.volts(twin.deck, every).reshape(
            len(changes), len(self._cases), len(self.answers)
        )

    def volts(self, deck: Deck, every: Sequence[Parameters]) -> Array:
        """Return the answers of boards of a deck, shape (boards, answers).

        Args:
            deck: of them.
            every: their parameters, those of the inputs among them.

        Raises:
            SimulationFailed: no solution.
        """
        return self._bound_to(deck, every).solved(every)

    def prepare(self, found: Iterable[Twin]) -> None:
        """Bind each deck of several boards to all the parameters that these change."""
        names: dict[int, dict[str, None]] = {}
        decks: dict[int, list[Deck]] = {}
        for twin in found:
            decks.setdefault(id(twin.deck), []).append(twin.deck)
            own = names.setdefault(id(twin.deck), {})
            own |= dict.fromkeys((*twin.fixed, *(s.parameter for s in twin.spreads)))
        for key, same in decks.items():
            if len(same) > 1:
                if same[0] is self.deck:
                    names[key] |= dict.fromkeys(_resistors(self.deck))
                self._bound[key] = self._binding(same[0], [*names[key], *self._inputs])

    def _bound_to(self, deck: Deck, every: Sequence[Parameters]) -> _Bound:
        bound = self._bound.get(id(deck))
        names: set[str] = set().union(*every)
        if bound is None:
            return self._binding(deck, sorted(names))
        if more := {name for name in names - bound.places.keys() if name[0] != "c"}:
            bound = self._bound[id(deck)] = self._binding(deck, [*bound.places, *sorted(more)])
        return bound

    def _binding(self, deck: Deck, names: Sequence[str]) -> _Bound:
        changing = [name for name in dict.fromkeys(names) if name[0] != "c"]
        return _Bound(
            deck,
            self._engine.bound(deck, {}, changing=changing, nodes=self.answers),
            {name: place for place, name in enumerate(changing)},
            np.array([own_value(deck, name) for name in changing]),
        )

    def _sides(self, twin: Twin, splits: int = _MOST_SPLITS) -> list[Response]:
        """Return a response, or several, where parameters decide between two ends.

        Raises:
            SimulationFailed: no solution for the nominal board.
        """
        whole = self._whole(twin)
        moved = self._moved(twin)
        effects = np.abs(whole.linear[:, self._volts, :-1]).max(axis=(0, 1))
        deciding = int(np.argmax(effects))
        spread = moved[deciding]
        if splits == 0 or effects[deciding] < _DECIDED_V or spread is None:
            return whole.parted()
        return [
            dataclasses.replace(one, share=one.share / 2)
            for half in _halves(twin, spread)
            for one in self._sides(half, splits - 1)
        ]

    def _whole(self, twin: Twin) -> _Whole:
        """Return a response with everything that moves it tried.

        Raises:
            SimulationFailed: no solution for the nominal board.
        """
        moved = self._moved(twin)
        tried: list[Parameters] = [{}]
        for spread in moved:
            tried += [{name: value} for name, value in sigma_points(spread)]
        answers = self._safely(twin, tried)
        middle = answers[0]
        linear = np.zeros((*middle.shape, len(moved) + 1))
        bends = np.zeros_like(linear)
        place = 1
        for column, spread in enumerate(moved):
            if not sigma_points(spread):
                continue
            moments = line_and_bend(middle, *answers[place : place + 2])
            linear[..., column], bends[..., column] = moments
            place += 2
        shift = _shift(linear, bends)
        bends *= math.sqrt(BEND_VARIANCE)
        # Where two faults have a spread of their own each, the second moves each answer by itself.
        second = np.s_[len(self.spreads) + 1 : -1]
        bends[..., second] = np.hypot(bends[..., second], linear[..., second])
        linear = np.delete(linear, second, axis=-1)
        most = int(np.argmax((bends**2).sum(axis=(0, 1))))
        linear[..., -1] = bends[..., most]
        bends[..., most] = 0.0
        variance = (bends**2).sum(axis=-1)
        below, above = self._slopes(twin, middle)
        whole = Response(1.0, middle + shift, linear, np.sqrt(variance), below, above)
        off = self._together(twin, whole, _SIGNS)
        calm = np.asarray(~_pushed(off, whole).any(axis=(1, 2)), bool)
        share = float(calm.mean()) if len(calm) else 1.0
        if 0 < share < 1:
            # So few boards say that some do, not how many.
            share = (int(calm.sum()) + 1) / (len(calm) + 2)

        def bend(boards: Array) -> Array:
            rms = np.sqrt((boards**2).mean(axis=0)) if len(boards) else np.zeros_like(middle)
            return np.asarray(np.maximum(whole.bend, np.minimum(rms, _MOST_OFF_V)), float)

        return _Whole(
            1.0, whole.mean, linear, bend(off[calm]), below, above, share, bend(off[~calm])
        )

    def _ways(self, twin: Twin) -> list[Response]:
        """Return the responses of the sound board: of those that are pushed over the same corners.

        Raises:
            SimulationFailed: no solution for the nominal board.
        """
        whole = self._sound
        off = self._together(twin, whole, _DRAWN)
        pushed = _pushed(off, whole)
        _, number, counts = np.unique(
            pushed.reshape(len(off), -1), axis=0, return_inverse=True, return_counts=True
        )
        kept = np.argsort(-counts)[: MOST_RESPONSES - 1]
        kept = kept[counts[kept] >= _LEAST_SHARE * len(off)]
        if not len(kept):
            return whole.parted()
        way = np.full(len(off), len(kept))
        for place, one in enumerate(kept):
            way[number.reshape(-1) == one] = place
        found = []
        for place in np.unique(way):
            boards = off[way == place]
            corners = pushed[way == place].any(axis=0)
            shift = np.where(corners, boards.mean(axis=0), 0.0)
            rms = np.minimum(boards.std(axis=0), _MOST_OFF_V)
            # Elsewhere as of all other boards: what is told better is no more probable for that.
            bend = np.where(corners, np.maximum(whole.bend, rms), whole.bend)
            share = len(boards) / len(off)
            said = (whole.mean + shift, whole.linear, bend, whole.below, whole.above)
            found.append(Response(share, *said))
        return found

    def _together(self, twin: Twin, said: Response, places: Array) -> Array:
        """Return how far answers are from what is said of them where everything is off at once.

        A diode that no part alone makes conduct may conduct then. Shape (boards, cases, answers);
        no boards where such have no solution.

        Args:
            twin: the board.
            said: of it.
            places: where parameters and inputs are, in standard deviations, a row a board.
        """
        moved = self._moved(twin)
        signs = places[:, : len(moved)]
        offs_V = _OFF_V * places[:, len(moved) : len(moved) + len(self._inputs)]
        every: list[Parameters] = []
        for row, off_V in zip(signs, offs_V, strict=True):
            change = {
                name: low + (high - low) * (1 + sign / _ROOT3) / 2
                for (name, low), (_, high), sign in (
                    (*sigma_points(spread), sign)
                    for spread, sign in zip(moved, row, strict=True)
                    if spread is not None and sigma_points(spread)
                )
            }
            for case in self._cases:
                inputs = {
                    name: case[name] + off for name, off in zip(self._inputs, off_V, strict=True)
                }
                every.append({**twin.fixed, **change, **inputs})
        try:
            volts = self._bound_to(twin.deck, every).solved(every)
        except SimulationFailed:
            return np.zeros((0, *said.mean.shape))
        answers = volts.reshape(len(signs), *said.mean.shape)
        lines = said.linear[..., :-1]
        expected = said.mean + np.einsum("cap,dp->dca", lines, signs[:, : lines.shape[-1]])
        expected += np.einsum("cai,di->dca", said.above, np.maximum(offs_V, 0.0))
        expected += np.einsum("cai,di->dca", said.below, np.minimum(offs_V, 0.0))
        return np.asarray(answers - expected, float)

    def _values(self, hypotheses: Sequence[Hypothesis]) -> Iterator[list[Response]]:
        """Yield the responses to one resistor's wrong values, step by step.

        What its own value does is solved for each step; what all others do changes slowly from
        step to step: it is solved for some and lies between them for those in between.
        """
        element = hypotheses[0].spelling.split()[0].lower()
        column = next(n for n, each in enumerate(self.spreads) if each.parameter == element)
        steps = [wrong_value(self.deck, element, one.factors or (1, 1)) for one in hypotheses]
        patterns = self._patterns(steps)
        # Between the steps below the right value and those above it is the sound board.
        right = sum(one.factors is not None and one.factors[1] < 1 for one in hypotheses) - 0.5
        patterns[right] = self._sound
        for number, step in enumerate(steps):
            if not min(patterns, default=number) <= number <= max(patterns, default=-1):
                yield []
                continue
            own = step.spreads[self.deck.spreads.index(self.spreads[column])]
            middle, below, above = self._safely(step, [{}, {element: own.low}, {element: own.high}])
            line, bend = line_and_bend(middle, below, above)
            pattern = _between(patterns, number, column, line)
            pattern.linear[..., column] = line
            own_bend = math.sqrt(BEND_VARIANCE) * np.abs(bend)
            whole = dataclasses.replace(
                pattern,
                mean=middle + bend,
                bend=np.hypot(pattern.bend, own_bend),
                pushed=np.hypot(pattern.pushed, own_bend),
            )
            yield whole.parted()

    @cached_property
    def _sound(self) -> _Whole:
        """The response of the sound board."""
        return self._whole(Twin(self.deck, {}, self.deck.spreads))

    def _patterns(self, steps: Sequence[Twin]) -> dict[float, _Whole]:
        """Return the responses of every few steps, of the first and of the last, by number."""
        found: dict[float, _Whole] = {}
        for number in sorted({*range(0, len(steps), _STEPS_APART), len(steps) - 1}):
            with contextlib.suppress(SimulationFailed):
                found[number] = self._whole(steps[number])
        return found

    def _moved(self, twin: Twin) -> list[Spread | None]:
        """Return what varies: each of the sound board's spreads, then the faults' own."""
        named = {spread.parameter: spread for spread in twin.spreads}
        own: list[Spread | None] = [s for name, s in named.items() if name not in self._known]
        return [*(named.get(s.parameter) for s in self.spreads), *(own or [None])]

    def _safely(self, twin: Twin, tried: Sequence[Parameters]) -> Array:
        """Return the answers; a board without a solution counts as the nominal one.

        Raises:
            SimulationFailed: no solution for the nominal board.
        """
        try:
            return self.means(twin, tried)
        except SimulationFailed:
            every = [self.means(twin, tried[:1])]
        for one in tried[1:]:
            try:
                every.append(self.means(twin, [one]))
            except SimulationFailed:
                every.append(every[0])
        return np.concatenate(every)

    def _slopes(self, twin: Twin, middle: Array) -> tuple[Array, Array]:
        """Return the slopes below and above each input."""
        sides = []
        for step_V in (-INPUT_STEP_V, INPUT_STEP_V):
            slopes = np.zeros((*middle.shape, len(self._inputs)))
            for column, element in enumerate(self._inputs):
                moved = [
                    {**twin.fixed, **case, element: case[element] + step_V} for case in self._cases
                ]
                try:
                    volts = self._bound_to(twin.deck, moved).solved(moved)
                except SimulationFailed:
                    continue
                slopes[..., column] = (volts - middle) / step_V
            sides.append(slopes)
        return sides[0], sides[1]


@dataclass(frozen=True, eq=False)
class _Bound:
    """A deck bound to parameters: their places and own values."""

    deck: Deck
    bound: Bound
    places: Mapping[str, int]
    own: Array

    def solved(self, every: Sequence[Parameters]) -> Array:
        """Return the answers of boards, shape (boards, answers).

        Raises:
            SimulationFailed: no solution.
        """
        values = np.repeat(self.own[None], len(every), axis=0)
        for row, chosen in zip(values, every, strict=True):
            for name, value in chosen.items():
                if name[0] != "c":
                    row[self.places[name]] = value
        return self.bound.operating_points(values)


def _between(patterns: Mapping[float, _Whole], number: int, column: int, line: Array) -> _Whole:
    """Return what other parts do at a step between two that were solved.

    An answer saturates somewhere between the two, or it does not: it takes after the one in which
    the part itself moves it as it does here. Where that says nothing, the nearer one counts more.

    Args:
        patterns: the responses of steps, by number.
        number: of the step.
        column: of the part's own value.
        line: what its own value does here, shape (cases, answers).
    """
    below = max(known for known in patterns if known <= number)
    above = min(known for known in patterns if known >= number)
    one, other = patterns[below], patterns[above]
    way = other.linear[..., column] - one.linear[..., column]
    tells = np.abs(way) > _TELLS_V
    place = (number - below) / (above - below or 1)
    share = np.full(line.shape, place)
    share[tells] = np.clip((line - one.linear[..., column])[tells] / way[tells], 0.0, 1.0)

    def mixed(part: str) -> Array:
        ends = getattr(one, part), getattr(other, part)
        some = share.reshape(share.shape + (1,) * (ends[0].ndim - share.ndim))
        return np.asarray((1 - some) * ends[0] + some * ends[1], float)

    return _Whole(
        1.0,
        *(mixed("mean"), mixed("linear"), mixed("bend"), mixed("below"), mixed("above")),
        (1 - place) * one.calm + place * other.calm,
        mixed("pushed"),
    )


def _pushed(off: Array, said: Response) -> NDArray[np.bool_]:
    """Return which answers are further off than what is said of them may be, as ``off``."""
    within = _CALM_V + np.sqrt((said.linear**2).sum(axis=-1) + said.bend**2)
    return np.asarray(np.abs(off) > within, bool)


def _resistors(deck: Deck) -> list[str]:
    return [line.split(None, 1)[0] for line in deck.elements if line[0] == "r"]


def own_value(deck: Deck, name: str) -> float:
    """Return the value that a parameter has in the deck."""
    for spread in deck.spreads:
        if spread.parameter == name:
            return spread.nominal
    element, _, figure = name.partition(" ")
    word = deck.element(element).split()[-1]
    if figure:
        return float(word.removeprefix("area=")) if word.startswith("area=") else 1.0
    return float(word)


def line_and_bend(middle: Array, below: Array, above: Array) -> tuple[Array, Array]:
    """Return the linear part and the bend of what one parameter does."""
    return (above - below) / (2 * _ROOT3), (above + below - 2 * middle) / 6


def _shift(linear: Array, bends: Array) -> Array:
    """Return by how much all bends together shift the mean of each answer.

    Where an answer bends smoothly they add up. Where it sits at a corner, as an output at its rail,
    many parameters push it over the same one: what counts is how far they push it together.

    Args:
        linear, bends: what each parameter does, the last axis.
    """
    cornered = np.abs(bends) > _CORNER * np.abs(linear)
    smooth = np.where(cornered, 0.0, bends).sum(axis=-1)
    up, down = (
        np.sqrt((np.where(cornered & (sign * bends > 0), bends, 0.0) ** 2).sum(axis=-1))
        for sign in (1, -1)
    )
    return np.asarray(smooth + _OVER * (up - down), float)


def _halves(twin: Twin, spread: Spread) -> Iterator[Twin]:
    """Yield the boards on which a parameter is on either side of its middle.

    A normal one counts as even between a fifth of its standard deviation and twice that from the
    middle, which has nearly the same mean and variance.
    """
    middle = spread.nominal
    near, far = 0.2 * spread.sigma, 2 * spread.sigma
    if spread.distribution == "uniform":
        ends = ((spread.low, middle), (middle, spread.high))
    else:
        ends = ((middle - far, middle - near), (middle + near, middle + far))
    for low, high in ends:
        half = Spread(spread.parameter, spread.reference, (low + high) / 2, "uniform", low, high)
        others = (half if each.parameter == spread.parameter else each for each in twin.spreads)
        yield Twin(twin.deck, {**twin.fixed, spread.parameter: half.nominal}, tuple(others))


def sigma_points(spread: Spread | None) -> list[tuple[str, float]]:
    """Return the two values at which a parameter is tried; none where it is fixed."""
    if spread is None or spread.low == spread.high:
        return []
    if spread.distribution == "uniform":
        return [(spread.parameter, spread.low), (spread.parameter, spread.high)]
    reach = min(_ROOT3 * spread.sigma, spread.high - spread.nominal, spread.nominal - spread.low)
    return [(spread.parameter, spread.nominal + sign * reach) for sign in (-1, 1)]
