"""The resistors of a summer: values that can be bought, chosen so that its answers are off least.

What counts is not how far each ratio is off, but how far that moves the output, in volts, at sample
inputs of the network, with the sources as they really come: so a summer makes up for what those
before it are off. A resistor beyond the greatest that can be bought is left out where that is
nearer.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from realnet_hw.errors import CircuitRefused, InputError
from realnet_hw.parts.catalogue import PartType, catalogue
from realnet_hw.preferred_values import values

# Shares of the output's range: values are improved until the worst error is as small as the first,
# and refused beyond the second, or beyond a resistor's tolerance where that is more.
_GOOD = 0.002
_WORST = 0.01
# Of a balanced summer's thousands of choices, so many that are best for any input are looked at,
# and those within this share of the output's range of each other count as equal.
_LOOKED_AT = 48
_ALIKE = 5e-4
# What feeds a summer should not be loaded by less, if that can be helped.
_LIGHT_OHM = 10e3
# Stands for no gain at all, where something is divided by it.
_NONE = 1e-12
# Every move of resistors is tried at so many samples, the best so many moves at all of them.
_WORST_SAMPLES = 128
_MOVES_TRIED = 32

_Floats = npt.NDArray[np.float64]


def kind_of(series: str, tolerance: float | None = None) -> str:
    """Return the key in the catalogue of the resistors of a series.

    Args:
        series: "E24".
        tolerance: as a fraction; None for that of the catalogue's first ones.

    Raises:
        InputError: the catalogue has none of that series, or of that tolerance.
    """
    sold = [
        (key, kind)
        for key, kind in catalogue().items()
        if kind.prefix == "R" and kind.series and not key.endswith("_smd")
    ]
    for key, kind in sold:
        if kind.series == series and tolerance in (None, kind.tolerance):
            return key
    allowed = ", ".join(f"{kind.series} {100 * (kind.tolerance or 0.0):g} %" for _, kind in sold)
    what = series if tolerance is None else f"{series} {100 * tolerance:g} %"
    raise InputError(f"no resistors {what} in the catalogue", allowed=allowed)


@dataclass(frozen=True)
class Goal:
    """What a summer should show.

    Args:
        volts: its sources' voltages, samples x sources.
        wanted_V: its output's, one a sample.
        polarity: the sign of what passes, 0 if it does not rectify.
        range_V: its greatest magnitude.
        net: the output, for a refusal.
        is_output: whether it is an output of the network: what others are off can be made up for.
    """

    volts: _Floats
    wanted_V: _Floats
    polarity: int
    range_V: float
    net: str
    is_output: bool

    def anywhere_V(self, off: _Floats) -> _Floats:
        """Return how far gains that are off move the output at most, whatever the sources do.

        Args:
            off: sets x sources; each source goes from 0 to its greatest sample.
        """
        moved_V = off * np.abs(self.volts).max(axis=0) * np.sign(self.volts.sum(axis=0))
        up_V, down_V = np.maximum(moved_V, 0.0), np.maximum(-moved_V, 0.0)
        return np.asarray(np.maximum(up_V.sum(axis=1), down_V.sum(axis=1)))

    def errors_V(self, gains: _Floats) -> _Floats:
        """Return the error at each sample of each set of gains, sets x sources or one set."""
        made_V = gains @ self.volts.T
        if self.polarity:
            made_V = self.polarity * np.maximum(self.polarity * made_V, 0.0)
        return np.asarray(np.abs(made_V - self.wanted_V))

    def error_V(self, gains: _Floats) -> _Floats:
        """Return the worst error of each set of gains, sets x sources or one set."""
        return np.asarray(self.errors_V(gains).max(axis=-1))

    def where_worst(self, gains: _Floats) -> Goal:
        """Return the same asked only at the samples where a set of gains errs most."""
        worst = np.argsort(-self.errors_V(gains), kind="stable")[:_WORST_SAMPLES]
        return replace(self, volts=self.volts[worst], wanted_V=self.wanted_V[worst])


@dataclass(frozen=True)
class Balanced:
    """The resistors of a balanced adder-subtractor in ohms; None where there is none."""

    feedback_ohm: float
    positive: tuple[float | None, ...]
    negative: tuple[float | None, ...]
    positive_balance_ohm: float | None
    negative_balance_ohm: float | None


def inverting(
    gains: Sequence[float], goal: Goal, resistor: PartType, feedback_ohm: tuple[float, float]
) -> tuple[float, tuple[float | None, ...]]:
    """Choose the feedback resistor and the summing resistors of an inverting summer.

    Args:
        gains: magnitudes wanted, ``R_f / R_i``, in the order of the goal's sources.
        goal: what it should show.
        resistor: the catalogue's.
        feedback_ohm: from which to which value the feedback resistor may be.

    Returns:
        The feedback resistance, and the summing resistances in the order of ``gains``, None for
        one that is left out.

    Raises:
        CircuitRefused: no choice comes near enough for an output.
    """
    feedback = _table(resistor, *feedback_ohm)
    ohms = _nearest(feedback[:, None] / np.array(gains), resistor)
    anywhere_V = goal.anywhere_V(-feedback[:, None] / ohms + np.array(gains))
    heavy = ohms.min(axis=1) < _LIGHT_OHM
    order = np.lexsort((_from_middle(feedback), np.round(anywhere_V, 9), heavy))
    best = _first_good(order, goal.error_V(-feedback[order, None] / ohms[order]), goal)
    chosen = _improved(ohms[best], lambda tried: -feedback[best] / tried, goal, resistor)
    return float(feedback[best]), _bought(chosen)


def balanced(
    positive: Sequence[float],
    negative: Sequence[float],
    goal: Goal,
    resistor: PartType,
    feedback_ohm: tuple[float, float],
) -> Balanced:
    """Choose the resistors of a balanced adder-subtractor.

    The non-inverting side is a divider, so its resistance as a whole is free: it is searched with
    the feedback resistor.

    Args:
        positive, negative: gains wanted, above 0.
        goal: what it should show; its sources are the positive ones, then the negative ones.
        resistor: the catalogue's.
        feedback_ohm: from which to which value the feedback resistor may be.

    Raises:
        CircuitRefused: no choice comes near enough for an output.
    """
    up, down = np.array(positive), np.array(negative)
    count = len(up) + 1
    feedback = _table(resistor, *feedback_ohm)
    surplus = max(0.0, float(up.sum() - 1.0 - down.sum()))
    below = _nearest(feedback[:, None] / np.append(down, max(surplus, _NONE)), resistor)
    noise_gain = 1.0 + (feedback[:, None] / below).sum(axis=1, keepdims=True)
    shares = up / noise_gain
    shares = np.append(shares, np.maximum(_NONE, 1.0 - shares.sum(axis=1, keepdims=True)), axis=1)
    # Feedback along the first axis, the divider's resistance along the second, resistors the third.
    whole = _table(resistor, feedback_ohm[0] / 4, feedback_ohm[1] / 4)
    above = _nearest(whole[None, :, None] / shares[:, None, :], resistor)
    below = np.broadcast_to(below[:, None, :], (*above.shape[:2], below.shape[1]))
    ohms = np.concatenate([above, below], axis=2).reshape(-1, count + below.shape[2])
    feedbacks = np.repeat(feedback, len(whole))
    far = (_from_middle(feedback)[:, None] + _from_middle(whole)[None, :]).ravel()

    def gains(tried: _Floats, feedback_ohm: _Floats) -> _Floats:
        plus_S, minus_S = 1.0 / tried[..., :count], 1.0 / tried[..., count:]
        both = 1.0 + feedback_ohm * minus_S.sum(axis=-1, keepdims=True)
        taken = both * plus_S / plus_S.sum(axis=-1, keepdims=True)
        return np.concatenate([taken[..., :-1], -feedback_ohm * minus_S[..., :-1]], axis=-1)

    anywhere_V = goal.anywhere_V(gains(ohms, feedbacks[:, None]) - np.append(up, -down))
    heavy = ohms.min(axis=1) < _LIGHT_OHM
    steps = np.floor(anywhere_V / (_ALIKE * goal.range_V))
    order = np.lexsort((far, steps, heavy))[:_LOOKED_AT]
    best = _first_good(order, goal.error_V(gains(ohms[order], feedbacks[order, None])), goal)
    chosen = _improved(
        ohms[best], lambda tried: gains(tried, feedbacks[best : best + 1]), goal, resistor
    )
    *pluses, plus_balance = _bought(chosen[:count])
    *minuses, minus_balance = _bought(chosen[count:])
    return Balanced(
        float(feedbacks[best]), tuple(pluses), tuple(minuses), plus_balance, minus_balance
    )


def _first_good(order: npt.NDArray[np.intp], errors_V: _Floats, goal: Goal) -> int:
    """Return the first choice of an order that is good at the samples, or the best of them."""
    good = np.flatnonzero(errors_V <= _GOOD * goal.range_V)
    return int(order[good[0] if len(good) else np.argmin(errors_V)])


def _improved(
    ohms: _Floats, gains: Callable[[_Floats], _Floats], goal: Goal, resistor: PartType
) -> _Floats:
    """Move one or two resistors by a step of their series until the worst error is small.

    Raises:
        CircuitRefused: it stays too great for an output.
    """
    table = _table(resistor, resistor.limits["min_ohm"], resistor.limits["max_ohm"])
    bought = np.flatnonzero(np.isfinite(ohms))
    moves = _moves(len(bought))
    error_V = float(goal.error_V(gains(ohms)))
    while error_V > _GOOD * goal.range_V:
        places = np.searchsorted(table, ohms[bought]) + moves
        tried = np.repeat(ohms[None, :], len(moves), axis=0)
        tried[:, bought] = table[places.clip(0, len(table) - 1)]
        # A move that does not help where it matters most need not be tried everywhere.
        helpful = np.argsort(goal.where_worst(gains(ohms)).error_V(gains(tried)), kind="stable")
        tried = tried[helpful[:_MOVES_TRIED]]
        errors_V = goal.error_V(gains(tried))
        best = int(np.argmin(errors_V))
        if errors_V[best] >= error_V:
            break
        ohms, error_V = tried[best], float(errors_V[best])
    worst = max(_WORST, resistor.tolerance or 0.0)
    if goal.is_output and error_V > worst * goal.range_V:
        raise CircuitRefused(
            f"would be {error_V / goal.range_V:.2%} of full scale off with real resistors",
            where=goal.net,
            allowed=f"at most {worst:.0%}",
            mend="train with weight decay, so that weights differ less",
        )
    return ohms


@functools.cache
def _moves(count: int) -> npt.NDArray[np.intp]:
    """Return every way to move one or two of some resistors by a step up or down."""
    single = [step * np.eye(count, dtype=np.intp)[i] for i in range(count) for step in (-1, 1)]
    pairs = [one + other for one, other in itertools.combinations(single, 2) if (one + other).any()]
    return np.array([*single, *pairs])


def _table(resistor: PartType, low: float, high: float) -> _Floats:
    return np.array(values(resistor.series or "E96", low, high))


def _nearest(ohms: _Floats, resistor: PartType) -> _Floats:
    """Return the nearest values by ratio; infinity where leaving a resistor out is nearer."""
    low, high = resistor.limits["min_ohm"], resistor.limits["max_ohm"]
    table = _table(resistor, low, high)
    middles = np.sqrt(table[1:] * table[:-1])
    found = table[np.searchsorted(middles, ohms)]
    return np.asarray(np.where(ohms > 2 * high, np.inf, found))


def _from_middle(ohms: _Floats) -> _Floats:
    logs = np.log(ohms)
    return np.asarray(np.abs(logs - (logs[0] + logs[-1]) / 2))


def _bought(ohms: _Floats) -> tuple[float | None, ...]:
    return tuple(float(ohm) if np.isfinite(ohm) else None for ohm in ohms)
