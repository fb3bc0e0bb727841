"""How probable each fault is, given what was read.

Given a hypothesis, readings are normal: their mean and their covariance come from the dictionary,
the readings' own covariance from the budgets, and what the inputs as delivered make of them from
the slopes. A sound board is as probable as a faulty one before anything is read.

Three things keep it from being sure of what is wrong. Covariances are inflated, for simulators
flatter each other. What follows a supply, as a saturated output does, may be off by what op-amps
differ in. And goodness of fit comes first: where not even the best hypothesis explains the
readings, no list of faults is believed, and some probability is always left for what is in no list.

Ref: C. M. Bishop, Pattern Recognition and Machine Learning (2006) 4.2 (normal class densities; from
     memory); T. Sellke, M. J. Bayarri, J. O. Berger, Am. Stat. 55 (2001) 62 (the most that a
     goodness of fit of p says against a hypothesis, 1 / (-e p ln p); from memory).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from realnet_hw.diagnose.answers import MS, answer_of, plain, untimed, width
from realnet_hw.diagnose.dictionary import Dictionary
from realnet_hw.diagnose.ohms import log_read, resistances
from realnet_hw.diagnose.readings import Probe, Reading, Readings
from realnet_hw.diagnose.responses import Array
from realnet_hw.diagnose.twins import Twin, twins, wrong_value
from realnet_hw.diagnose.universe import AND, Hypothesis
from realnet_hw.errors import InputError
from realnet_hw.export.deck import Deck, subcircuit_ports
from realnet_hw.uncertainty import covariance

Numbers = NDArray[np.int64]

PRIOR_HEALTHY = 0.5
SOUND = 0.85
"""So probable nothing is wrong with a board that is called sound."""
OTHERWISE = 0.05
"""Of faulty boards so many have two things wrong, or one that is not in the list: an even guess."""
OTHERWISE_TIMED = 0.15
"""The same where pulses are timed, with how often the answer is wrong there: of 126 boards of two
kinds on which a fault was named after firings, 2 had another and 2 had none, which is 3 %, and may
be 8 % (the end of a 95 % interval); other kinds may be twice as bad."""
INFLATION = 1.3
"""What variances are multiplied by."""
# By how much op-amps differ in how close to a supply they come, also those from rail to rail, and
# in their share of its current.
_SATURATION_V, _RAIL_V, _SUPPLY_SHARE = 0.4, 0.05, 0.3
# Readings that the best hypothesis explains worse than one in twenty boards would are unknown; with
# covariances inflated these are far fewer.
_UNLIKELY = 0.05
# So far out in its tails a normal distribution is not believed.
_LEAST_FIT = 1e-4
_LEAST_u_V = 50e-6
# A rail whose supply does not arrive is about 0 V: parts pull it to the other side, inputs to its
# own, both by a share of its volts (a standard deviation).
_UNDRIVEN_SHARE = 1 / 3
# At a corner a slope to one side is less than that share of the slope to the other.
_CORNER = 0.3
# No simulator is surer than that of whether a pulse can be timed as one.
_PIECES_DOUBT = 1e-3
# How often an output of a board that is fired has flipped at a case where none of those drawn has:
# of sound boards some 2 % do so at one of five cases.
_FLIPS = 0.003
# Beyond so many standard deviations of what it reads when it is so, an output has not flipped.
_FLIPPED_u = 4.0
_CHUNK = 64


@dataclass(frozen=True, eq=False)
class Predicted:
    """What hypotheses predict at some probes.

    Args:
        mean: shape (hypotheses, probes); of resistances the logarithm, widths in milliseconds.
        linear: shape (hypotheses, probes, effects that readings have in common).
        own: variance of each alone, shape (hypotheses, probes).
        slopes: below and above each input, shape (2, hypotheses, probes, inputs).
    """

    mean: Array
    linear: Array
    own: Array
    slopes: Array


class Predictor:
    """Predicts readings of a board from its dictionary.

    Args:
        deck: of the sound board.
        dictionary: of the board.
        twins: the faulty board of each spelling, if not as ``twins`` makes them.
    """

    def __init__(
        self, deck: Deck, dictionary: Dictionary, twins: Mapping[str, Twin] | None = None
    ) -> None:
        self.deck = deck
        self.dictionary = dictionary
        self._twins = twins
        self._ohms: dict[tuple[int, str, str], tuple[float, Array]] = {}
        # How far a timer stays below its supply is a parameter of the deck, and how it spreads.
        supplies = [] if deck.drivers else _feeding(deck)
        rails = [name for name in dictionary.parameters if name.endswith((".vlow", ".vhigh"))]
        slack_V = dict.fromkeys(supplies, _SATURATION_V) | dict.fromkeys(rails, _RAIL_V)
        # Column of each, and by how many of its standard deviations op-amps differ.
        self._rails = [
            (dictionary.parameters.index(name), slack / _sigma(deck, name))
            for name, slack in slack_V.items()
            if name in dictionary.parameters and _sigma(deck, name) > 0
        ]
        self._held = {source.node for source in (*deck.supplies.values(), *deck.inputs.values())}

    @property
    def otherwise(self) -> float:
        """How probable it is that the fault named is not the one, however well it fits."""
        answers = self.dictionary.columns
        is_timed = any(width(node) in answers for node in self.deck.nodes.values())
        return OTHERWISE_TIMED if is_timed else OTHERWISE

    @cached_property
    def _undriven(self) -> dict[str, NDArray[np.bool_]]:
        """By a supply's net, which hypotheses are that it does not arrive."""
        spellings = [one.spelling for one in self.dictionary.universe.hypotheses]
        return {
            net: np.array([f"{net} missing" in spelling.split(AND) for spelling in spellings])
            for net in self.deck.supplies
        }

    @cached_property
    def resistor_nets(self) -> list[tuple[str, str]]:
        """The pairs of nets that resistors join, in alphabetical order."""
        net_of = {node: net for net, node in self.deck.nodes.items()}
        ends = (line.split()[1:3] for line in self.deck.elements if line[0] == "r")
        pairs = {(net_of[a], net_of[b]) for a, b in ends if a in net_of and b in net_of}
        return sorted({(min(pair), max(pair)) for pair in pairs})

    @cached_property
    def _ends(self) -> list[tuple[str, str]]:
        return [(self.deck.nodes[a], self.deck.nodes[b]) for a, b in self.resistor_nets]

    @cached_property
    def twins(self) -> Mapping[str, Twin]:
        """The faulty board of each spelling."""
        if self._twins is not None:
            return self._twins
        hypotheses = self.dictionary.universe.hypotheses
        return twins(self.deck, [one.spelling for one in hypotheses if one.factors is None])

    def twin(self, hypothesis: Hypothesis) -> Twin:
        """Return the faulty board of a hypothesis."""
        if hypothesis.factors is None:
            return self.twins[hypothesis.spelling]
        element = hypothesis.spelling.split()[0].lower()
        return wrong_value(self.deck, element, hypothesis.factors)

    def place(self, probe: Probe) -> tuple[int, int] | None:
        """Return case and column of a probe in the dictionary; None for a resistance.

        Raises:
            InputError: a case or net that the dictionary does not have.
        """
        if probe.kind == "ohm":
            return None
        case = self.dictionary.case(dict(probe.inputs))
        if case is None:
            raise InputError("no such case was solved", where=str(dict(probe.inputs)))
        column = self.dictionary.columns.get(answer_of(probe, self.deck))
        if column is None:
            raise InputError(f"nothing is known of {probe.net!r}", where="readings")
        return case, column

    def predicted(self, probes: Sequence[Probe], hypotheses: Sequence[int] | Numbers) -> Predicted:
        """Return what hypotheses predict at probes.

        Args:
            probes: where and how.
            hypotheses: their numbers.
        """
        book, rows = self.dictionary, np.asarray(hypotheses)
        base = book.linear.shape[-1]
        effects = base + len(self._rails)
        shape = (len(rows), len(probes))
        mean, own = np.zeros(shape), np.zeros(shape)
        linear = np.zeros((*shape, effects))
        slopes = np.zeros((2, *shape, book.below.shape[-1]))
        for column, probe in enumerate(probes):
            place = self.place(probe)
            if place is None:
                found = [self._ohm(int(row), probe) for row in rows]
                mean[:, column] = [log for log, _ in found]
                linear[:, column, : len(book.parameters)] = [part for _, part in found]
                continue
            part = (rows, *place)
            mean[:, column] = book.mean[part]
            linear[:, column, :base] = book.linear[part]
            own[:, column] = np.asarray(book.bend[part], float) ** 2
            slopes[0, :, column] = book.below[part]
            slopes[1, :, column] = book.above[part]
            if probe.kind == "ampere":
                # Of a source the deck counts what flows into it.
                mean[:, column] *= -1
                linear[:, column] *= -1
                slopes[:, :, column] *= -1
                typical = abs(float(book.mean[(0, *place)]))
                own[:, column] += (_SUPPLY_SHARE * typical) ** 2
                continue
            if probe.kind == "second":
                continue
            if probe.net in self._undriven:
                lost = self._undriven[probe.net][rows]
                mean[lost, column] = 0.0
                linear[lost, column] = slopes[:, lost, column] = 0.0
                own[lost, column] = (_UNDRIVEN_SHARE * self.deck.supplies[probe.net].volts) ** 2
            if plain(book.answers[place[1]]) not in self._held:
                for number, (rail, times) in enumerate(self._rails):
                    linear[:, column, base + number] = times * linear[:, column, rail]
        return Predicted(mean, linear, own, slopes)

    def _ohm(self, row: int, probe: Probe) -> tuple[float, Array]:
        pair = (self.deck.nodes[probe.net], self.deck.nodes[probe.other])
        if (row, *pair) not in self._ohms:
            # All that may be asked for later, at once.
            pairs = list(dict.fromkeys([pair, *self._ends]))
            twin = self.twin(self.dictionary.universe.hypotheses[row])
            found = resistances(twin, pairs, self.dictionary.parameters)
            for ends, log, linear in zip(pairs, found.log_mean, found.log_linear, strict=True):
                self._ohms[row, *ends] = (float(log), linear)
        return self._ohms[row, *pair]


def _sigma(deck: Deck, parameter: str) -> float:
    for spread in deck.spreads:
        if spread.parameter == parameter:
            return (spread.high - spread.low) / (2 * float(np.sqrt(3)))
    return 0.0


def _feeding(deck: Deck) -> list[str]:
    """Return the sources that packages are fed by: no other's volts does an output follow."""
    fed = {
        node
        for line in deck.elements
        if line[0] == "x"
        for port, node in zip(
            subcircuit_ports(deck.models, line.split()[-1]), line.split()[1:], strict=False
        )
        if not port.startswith(("in", "out"))
    }
    return [source.element for source in deck.supplies.values() if source.node in fed]


@dataclass(frozen=True, eq=False)
class Evidence:
    """What was read, as numbers.

    Args:
        probes: of each reading.
        values: read; of resistances the logarithm, widths in milliseconds.
        errors: covariance of the readings' errors and of those of the inputs delivered.
        inputs: for each input delivered: which readings are of its case, its column, and by how
            much it is off.
        range_V: of each reading, infinite where none is known.
        untimed: for each pulse that was looked at whether it could not be timed as one.
        level_V: that an output flips at, of each reading; not a number where there is none.
    """

    probes: tuple[Probe, ...]
    values: Array
    errors: Array
    inputs: tuple[tuple[Numbers, int, float], ...]
    range_V: Array
    untimed: tuple[tuple[Probe, bool], ...]
    level_V: Array

    @classmethod
    def of(
        cls, readings: Readings, inputs: Sequence[str], flips_V: Mapping[str, float]
    ) -> Evidence:
        """Return readings as numbers.

        Args:
            readings: what was read.
            inputs: names of the board's inputs, in the order of the dictionary's slopes.
            flips_V: by net the level that an output flips at, of a board that is fired.
        """
        values = readings.values
        indicated = [(r.channel, r.value) for r in values]
        indicated += [(d.channel, d.value_V) for d in readings.delivered]
        errors = covariance(indicated, readings.budgets)
        scale = np.ones(len(errors))
        for i, reading in enumerate(values):
            if reading.probe.kind == "ohm":
                scale[i] = 1 / max(reading.value, 0.5)
            elif reading.probe.kind == "second":
                scale[i] = MS
        errors = errors * np.outer(scale, scale)
        errors[np.diag_indices(len(values))] += _LEAST_u_V**2
        cases: dict[tuple[tuple[str, float], ...], list[int]] = {}
        for i, reading in enumerate(values):
            if reading.probe.kind != "ohm":
                cases.setdefault(reading.probe.inputs, []).append(i)
        return cls(
            tuple(reading.probe for reading in values),
            np.array([_number(reading) for reading in values]),
            errors,
            tuple(
                (
                    np.array(cases.get(one.inputs, []), np.int64),
                    list(inputs).index(one.name),
                    one.value_V - dict(one.inputs)[one.name],
                )
                for one in readings.delivered
            ),
            np.array([readings.range_V.get(reading.channel, np.inf) for reading in values]),
            (
                *((r.probe, False) for r in values if r.probe.kind == "second"),
                *((probe, True) for probe in readings.untimed),
            ),
            np.array([_level_V(reading.probe, flips_V) for reading in values]),
        )


def _level_V(probe: Probe, flips_V: Mapping[str, float]) -> float:
    return flips_V.get(probe.net, np.nan) if probe.kind == "volt" and not probe.held else np.nan


def _number(reading: Reading) -> float:
    if reading.probe.kind == "second":
        return MS * reading.value
    return log_read(reading.value) if reading.probe.kind == "ohm" else reading.value


@dataclass(frozen=True, eq=False)
class Posterior:
    """How probable hypotheses and faults are.

    Args:
        predictor: of the board.
        evidence: that was read.
        weights: of the hypotheses, adding up to 1.
        log_likelihood: of the hypotheses.
        misfit: squared distance of each hypothesis from the readings.
        flips: how many outputs have flipped that each hypothesis does not foresee.
    """

    predictor: Predictor
    evidence: Evidence
    weights: Array
    log_likelihood: Array
    misfit: Array
    flips: Numbers

    @cached_property
    def faults(self) -> Array:
        """Probability of each fault of the universe; the first is that nothing is wrong.

        With that of something else they add up to 1.
        """
        return (1 - self.other) * self._listed

    @cached_property
    def _listed(self) -> Array:
        """Probability of each fault, if it is one of the list."""
        numbers = [one.fault for one in self._hypotheses]
        faults = len(self.predictor.dictionary.universe.faults)
        return np.asarray(np.bincount(numbers, self.weights, faults), float)

    @cached_property
    def other(self) -> float:
        """Probability that two things are wrong, or one that is not in the list.

        The worse the best hypothesis fits, the more speaks for that.
        """
        fit = min(max(self.fit, _LEAST_FIT), 1 / math.e)
        otherwise = self.predictor.otherwise
        odds = otherwise / (1 - otherwise) / (-math.e * fit * math.log(fit))
        odds *= 1 - float(self._listed[0])
        return odds / (1 + odds)

    @property
    def healthy(self) -> float:
        """Probability that nothing is wrong."""
        return float(self.faults[0])

    @cached_property
    def fit(self) -> float:
        """Probability that a board with the hypothesis that fits best is as far from it."""
        from scipy.special import chdtrc

        count = len(self.evidence.values)
        return float(chdtrc(count, self.misfit.min())) if count else 1.0

    @property
    def is_sound(self) -> bool:
        """Whether the board is called sound: never where an output has flipped unforeseen."""
        sound = [n for n, one in enumerate(self._hypotheses) if one.fault == 0]
        is_foreseen = self.flips[max(sound, key=lambda n: self.weights[n])] == 0
        return bool(is_foreseen and not self.is_unknown and self.healthy > SOUND)

    @property
    def _hypotheses(self) -> Sequence[Hypothesis]:
        return self.predictor.dictionary.universe.hypotheses

    @property
    def is_unknown(self) -> bool:
        """Whether no hypothesis explains the readings."""
        return self.fit < _UNLIKELY


def posterior(predictor: Predictor, evidence: Evidence) -> Posterior:
    """Return how probable everything is, given what was read."""
    universe = predictor.dictionary.universe
    count = len(universe.hypotheses)
    log_likelihood, misfit = np.zeros(count), np.zeros(count)
    flips = np.zeros(count, np.int64)
    if len(evidence.values):
        for first in range(0, count, _CHUNK):
            rows = np.arange(first, min(first + _CHUNK, count))
            mean, spread = moments(predictor.predicted(evidence.probes, rows), evidence)
            flipped = _flipped(predictor, evidence, rows, mean)
            away = np.where(flipped, 0.0, evidence.values - mean)
            misfit[rows], log_likelihood[rows] = likelihood(away, spread)
            flips[rows] = flipped.sum(axis=1)
    log_likelihood += flips * math.log(_FLIPS)
    misfit -= 2 * flips * math.log(_FLIPS)
    if evidence.untimed:
        chance = untimed_chances(predictor, evidence, np.arange(count))
        seen = np.where([was for _, was in evidence.untimed], chance, 1 - chance)
        log_likelihood += np.log(seen).sum(axis=1)
        misfit -= 2 * np.log(seen / np.maximum(chance, 1 - chance)).sum(axis=1)
    logs = log_likelihood + np.log(_priors(predictor))
    weights = np.exp(logs - logs.max())
    return Posterior(predictor, evidence, weights / weights.sum(), log_likelihood, misfit, flips)


def _flipped(
    predictor: Predictor, evidence: Evidence, rows: Numbers, mean: Array
) -> NDArray[np.bool_]:
    """Return which outputs have flipped that hypotheses do not foresee, (hypotheses, readings).

    Such an output reads about what it does at other cases where it is so, with the same hypothesis
    or on a sound board; one that is dragged half way there has not flipped.

    Args:
        predictor: of the board.
        evidence: that was read.
        rows: numbers of the hypotheses.
        mean: what these predict.
    """
    values, levels = evidence.values, evidence.level_V
    found = ((values > levels) & (mean < levels)) | ((values < levels) & (mean > levels))
    book = predictor.dictionary
    sound = [n for n, one in enumerate(book.universe.hypotheses) if one.fault == 0]
    asked = np.concatenate([rows, np.array(sound, np.int64)])
    for column in np.flatnonzero(found.any(axis=0)):
        probe = evidence.probes[column]
        probes = [dataclasses.replace(probe, inputs=tuple(case.items())) for case in book.cases]
        there = predictor.predicted(probes, asked)
        variance = (there.linear**2).sum(-1) + there.own + evidence.errors[column, column]
        is_near = (there.mean > levels[column]) == (values[column] > levels[column])
        is_near &= (there.mean - values[column]) ** 2 < _FLIPPED_u**2 * INFLATION * variance
        found[:, column] &= is_near[: len(rows)].any(axis=1) | is_near[len(rows) :].any()
    return np.asarray(found, bool)


def _priors(predictor: Predictor) -> Array:
    universe = predictor.dictionary.universe
    total = sum(fault.weight for fault in universe.faults)
    faulty = [(1 - PRIOR_HEALTHY) * fault.weight / total for fault in universe.faults]
    faulty[0] = PRIOR_HEALTHY
    return np.array([faulty[one.fault] * one.share for one in universe.hypotheses])


def untimed_chances(predictor: Predictor, evidence: Evidence, hypotheses: Numbers) -> Array:
    """Return how probable it is that each pulse looked at can't be timed, (hypotheses, pulses).

    Raises:
        InputError: a case that the dictionary does not have, or what is no pulse.
    """
    book, deck = predictor.dictionary, predictor.deck
    chance = np.zeros((len(hypotheses), len(evidence.untimed)))
    for column, (probe, _) in enumerate(evidence.untimed):
        place = predictor.place(probe)
        if place is None:
            raise InputError("a resistance is no pulse", where="readings")
        answer = book.columns[untimed(deck.nodes[probe.net])]
        chance[:, column] = book.mean[hypotheses, place[0], answer]
    return np.clip(chance, _PIECES_DOUBT, 1 - _PIECES_DOUBT)


def moments(predicted: Predicted, evidence: Evidence) -> tuple[Array, Array]:
    """Return the mean and covariance of readings under each hypothesis.

    Returns:
        Shapes (hypotheses, readings) and (hypotheses, readings, readings).
    """
    hypotheses, count = predicted.mean.shape
    mean = predicted.mean.copy()
    onto = np.zeros((hypotheses, count, count + len(evidence.inputs)))
    onto[:, np.arange(count), np.arange(count)] = 1.0
    off_V = np.zeros((count, predicted.slopes.shape[-1]))
    for place, (rows, column, offset_V) in enumerate(evidence.inputs, count):
        off_V[rows, column] = offset_V
        onto[:, rows, place] = -predicted.slopes[:, :, rows, column].mean(axis=0)
    moved, active, doubt = _delivered(predicted, off_V)
    linear = active[..., None] * predicted.linear
    variance = (linear**2).sum(-1) + predicted.own + doubt
    mean, share, variance = _clipped(mean + moved, variance, evidence.range_V)
    linear *= share[..., None]
    spread = linear @ linear.swapaxes(1, 2)
    own = np.maximum(variance - np.einsum("hii->hi", spread), 0.0)
    spread[:, np.arange(count), np.arange(count)] += own
    return mean, INFLATION * (spread + onto @ evidence.errors @ onto.swapaxes(1, 2))


def _delivered(predicted: Predicted, off_V: Array) -> tuple[Array, Array, Array]:
    """Return what inputs that are off as delivered do to readings.

    A reading at a corner, as that of an output at its rail, moves one way only: what counts is how
    far all inputs push it together, and tolerances with them.

    Args:
        predicted: at the inputs as set.
        off_V: by which each input is off at each reading, shape (readings, inputs).

    Returns:
        How far each reading moves, what that multiplies the linear parts by, and the variance by
        which no normal variable is what a corner makes of one; each of the shape (hypotheses,
        readings).
    """
    from scipy.special import ndtr

    below, above = predicted.slopes
    rises = np.abs(above) >= np.abs(below)
    strong, weak = np.where(rises, above, below), np.where(rises, below, above)
    cornered = np.abs(weak) < _CORNER * np.abs(strong)
    ways = np.where(rises, strong, -strong)
    way = np.sign(np.where(cornered, ways, 0.0).sum(-1))
    cornered &= ways * way[..., None] > 0
    straight = np.where(cornered, 0.0, np.where(off_V > 0, above, below) * off_V).sum(-1)
    pushed = way * np.where(cornered, strong * off_V, 0.0).sum(-1)
    # At a corner the linear part of what tolerances do is half of what it is beyond.
    sigma = np.maximum(2 * np.sqrt((predicted.linear**2).sum(-1)), _LEAST_u_V)
    inside = ndtr(pushed / sigma)
    density = (np.exp(-((pushed / sigma) ** 2) / 2) - 1) / np.sqrt(2 * np.pi)
    moved = straight + way * (pushed * inside + sigma * density)
    # Of max(0, s) beside its mean and half of s there is left 1/4 - 1 / 2 pi of the variance of s.
    doubt = np.where(way == 0, 0.0, (1 - 2 / np.pi) * inside * (1 - inside) * sigma**2)
    return moved, np.where(way == 0, 1.0, 2 * inside), doubt


def _clipped(mean: Array, variance: Array, range_V: Array) -> tuple[Array, Array, Array]:
    """Return what a channel of a limited range makes of normal values.

    Returns:
        The mean of what it reads, the share of the values within its range, which is also what
        remains of their covariance with anything else, and the variance of what it reads.

    Ref: C. M. Stein, Ann. Statist. 9 (1981) 1135 (covariance with a function of a normal variable;
         from memory).
    """
    from scipy.special import ndtr

    limited = np.isfinite(range_V)
    if not limited.any():
        return mean, np.ones_like(mean), variance
    reach = np.where(limited, range_V, 1e6)
    sigma = np.sqrt(np.maximum(variance, _LEAST_u_V**2))
    low, high = (-reach - mean) / sigma, (reach - mean) / sigma
    below, inside = ndtr(low), ndtr(high) - ndtr(low)
    above = 1 - below - inside
    at_low, at_high = (np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) for z in (low, high))
    first = reach * (above - below) + mean * inside - sigma * (at_high - at_low)
    second = (
        reach**2 * (above + below)
        + (mean**2 + sigma**2) * inside
        - 2 * mean * sigma * (at_high - at_low)
        + sigma**2 * (low * at_low - high * at_high)
    )
    return first, inside, np.maximum(second - first**2, 0.0)


def likelihood(away: Array, spread: Array) -> tuple[Array, Array]:
    """Return squared distances and logarithms of normal densities.

    Args:
        away: readings less their mean, shape (hypotheses, readings).
        spread: their covariance, shape (hypotheses, readings, readings).
    """
    root = np.linalg.cholesky(spread)
    scaled = np.linalg.solve(root, away[..., None])[..., 0]
    misfit = (scaled**2).sum(-1)
    size = 2 * np.log(np.einsum("hii->hi", root)).sum(-1)
    return misfit, -(misfit + size) / 2
