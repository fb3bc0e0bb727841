"""Whether nearly every board will answer right: errors followed from the parts to the outputs.

Every resistor, every offset, every reference is off by up to its bound. Each such error is followed
to the outputs on its own, to first order, so that what reaches an output on two ways adds with its
signs, and the errors of two outputs can be told from the error of their difference. At an output
they add as squares: a uniform error's bound is 1.7 standard deviations, so 1.5 times that sum holds
about 99 of 100 boards.

Ref: JCGM 100:2008, 5.1.2 (law of propagation); JCGM 102:2011, 6.2.1.3 (covariance of outputs).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from realnet_hw.board import Case, Logic
from realnet_hw.errors import CircuitRefused
from realnet_hw.parts.catalogue import PartType
from realnet_hw.technology.cases import Answer, Points
from realnet_hw.technology.summer import Summer

_HOLDS = 1.5
# Resistors can't be bought exactly: an output may be off by this share of full scale, and two
# outputs by twice as much from each other.
_ROUNDING = 0.01

# Points followed at a time: every part's effect at each takes room.
_AT_ONCE = 256

_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Outcome:
    """What a circuit shows at some points.

    Args:
        volts: by net, one a point.
        effects: by net that has any, every part's at its bound, points x parts.
    """

    volts: Mapping[str, _Floats]
    effects: Mapping[str, _Floats]

    def error_V(self, net: str, other: str = "") -> _Floats:
        """Return how far nearly every board is off at most, at a net or between two, by point."""
        effects = self.effects[net] - self.effects[other] if other else self.effects[net]
        return np.asarray(_HOLDS * np.linalg.norm(effects, axis=1))


@dataclass(frozen=True)
class Errors:
    """The bounds of what parts add.

    Args:
        resistor: relative, of every resistor.
        offset_V: of every amplifier.
        idle_V: by net, of an output that its rectifier holds at zero.
    """

    resistor: float
    offset_V: float
    idle_V: Mapping[str, float]

    @staticmethod
    def of(amplifier: PartType, resistor: PartType, idle_V: Mapping[str, float]) -> Errors:
        """Return the bounds that the catalogue states."""
        return Errors(resistor.tolerance or 0.0, amplifier.limits["offset_V"], idle_V)


@dataclass(frozen=True)
class Judged:
    """The cases of a board, and what to say of points that are none."""

    cases: tuple[Case, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Found:
    """At one point: the outputs whose answer is worth asking, and why one would not give it."""

    clear: set[str]
    refusal: CircuitRefused | None


def outcome(
    summers: Sequence[Summer],
    inputs: Sequence[Mapping[str, float]],
    known: Mapping[str, tuple[float, float]],
    errors: Errors,
) -> Outcome:
    """Return what a circuit shows, by its cells' laws, for each set of input voltages.

    Args:
        summers: from the inputs to the outputs.
        inputs: net to volts, exact; one or more sets.
        known: net to volts and bound of their error, for a reference.
        errors: of the parts.
    """
    own = [len(summer.cell.parts) + 3 for summer in summers]
    shape = (len(inputs), len(known) + sum(own))
    volts = {net: np.array([one[net] for one in inputs]) for net in inputs[0]}
    effects = {net: np.zeros(shape) for net in known}
    for index, (net, (value_V, bound_V)) in enumerate(known.items()):
        volts[net] = np.full(len(inputs), value_V)
        effects[net][:, index] = bound_V
    start = len(known)
    for summer, room in zip(summers, own, strict=True):
        cell = summer.cell
        sum_V = np.asarray(cell.sum_V(volts))
        here = np.zeros(shape)
        for net, gain in cell.gains().items():
            if net in effects:
                here[:, :start] += gain * effects[net][:, :start]
        for index, effect in enumerate(cell.resistor_effects(volts), start):
            here[:, index] = errors.resistor * effect
        here[:, start + room - 2] = errors.offset_V * cell.noise_gain()
        volts[cell.output] = sum_V
        if cell.polarity:
            above_V = cell.polarity * sum_V
            volts[cell.output] = cell.polarity * np.maximum(0.0, above_V)
            reach_V = np.maximum(_HOLDS * np.linalg.norm(here, axis=1), 1e-12)
            # Off by more than all errors, none of them shows; up to there, less the further off.
            here *= np.clip(1.0 + np.minimum(0.0, above_V) / reach_V, 0.0, 1.0)[:, None]
            idle_V = errors.idle_V[cell.output]
            here[:, start + room - 1] = np.where(above_V < idle_V, idle_V, 0.0)
        effects[cell.output] = here
        start += room
    return Outcome(volts, effects)


def judged(
    asked: Sequence[Case],
    points: Points,
    shown: Callable[[Sequence[Mapping[str, float]]], Outcome],
    logic: Logic,
    answer: Answer,
    full_V: float,
) -> Judged:
    """Return the cases that nearly every board gets right.

    Analogue inputs lead through the borders between answers. An answer that lies nearer to one than
    the circuit can tell, though the circuit be ideal but for its tolerances, says nothing of a
    board and is not asked; nor is a largest output that is hardly larger.

    Args:
        asked: with what the ideal network answers at each of the points, cases first.
        points: where the board is looked at.
        shown: what the circuit shows for sets of input voltages.
        logic: the board's levels.
        answer: how outputs are judged.
        full_V: the outputs' full scale.

    Raises:
        CircuitRefused: names the output and what it would show, or says how many answers are none.
    """
    found: list[_Found] = []
    for start in range(0, len(asked), _AT_ONCE):
        some = asked[start : start + _AT_ONCE]
        outcome = shown([case.inputs for case in some])
        if answer == "value":
            found += _values(some, outcome)
        elif answer == "largest":
            found += _largest(some, outcome, 2 * _ROUNDING * full_V)
        else:
            near_V = _ROUNDING * full_V if points.inputs == "analogue" else None
            found += _levels(some, outcome, logic, near_V)
    required = len(points.cases) if points.chosen else len(asked)
    for one in found[:required]:
        if one.refusal:
            raise one.refusal
    tried = found[: len(points.cases)]
    kept = []
    for case, one in zip(asked, tried, strict=False):
        if one.clear:
            levels = {net: lev if net in one.clear else None for net, lev in case.expected.items()}
            kept.append(replace(case, expected=levels))
    notes = points.coverage(sum(one.refusal is not None for one in found[required:]))
    # Of bits, every pattern counts; between analogue inputs there is always a border.
    counted = found if points.inputs == "bits" else tried
    return Judged(tuple(kept), (*notes, *_unasked(list(asked[0].ideal_V), tried, counted, answer)))


def _unasked(
    nets: Sequence[str], tried: Sequence[_Found], counted: Sequence[_Found], answer: Answer
) -> list[str]:
    """Say how many answers are too close to call; refuse where they are more than half."""
    left_out = {}
    for net in nets:
        left = sum(net not in one.clear for one in tried)
        if 2 * left > len(tried):
            raise CircuitRefused(
                f"{left} of {len(tried)} cases are too close to call",
                where=net if answer == "level" else "",
                allowed="half of them",
                mend="train until the answers are further apart, with weight decay",
            )
        left_out[net] = sum(net not in one.clear for one in counted)
    most = max(left_out.values())
    if most and answer == "level" and len(nets) > 1:
        each = ", ".join(f"{net} {left}" for net, left in left_out.items() if left)
        return [f"too close to call, of {len(counted)} points: {each}"]
    return [f"{most} of {len(counted)} points are too close to call: no cases"] if most else []


def _levels(
    cases: Sequence[Case], shown: Outcome, logic: Logic, near_V: float | None
) -> Iterator[_Found]:
    """Judge levels, except those whose ideal is as near the thresholds as ``near_V`` and errors."""
    error_V = {net: shown.error_V(net) for net in cases[0].expected}
    for row, case in enumerate(cases):
        clear, refusal = set(), None
        for net, level in case.expected.items():
            volts, off_V = shown.volts[net][row], error_V[net][row]
            low_V, high_V = logic.threshold_low_V, logic.threshold_high_V
            ideal_V = case.ideal_V[net]
            if (
                near_V is not None
                and low_V < ideal_V + off_V + near_V
                and (ideal_V - off_V - near_V < high_V)
            ):
                continue
            clear.add(net)
            if volts + off_V > low_V if level == 0 else volts - off_V < high_V:
                refusal = refusal or CircuitRefused(
                    f"would show {volts:.2f} V ± {off_V:.2f} V where a {level} is due",
                    where=net,
                    allowed=f"below {low_V:g} V or above {high_V:g} V",
                    mend="train until the answers are near 0 and 1, with weight decay",
                )
        yield _Found(clear, refusal)


def _values(cases: Sequence[Case], shown: Outcome) -> Iterator[_Found]:
    error_V = {net: shown.error_V(net) for net in cases[0].windows_V}
    for row, case in enumerate(cases):
        refusal = None
        for net, (low_V, high_V) in case.windows_V.items():
            volts, off_V = shown.volts[net][row], error_V[net][row]
            if volts - off_V < low_V or volts + off_V > high_V:
                refusal = refusal or CircuitRefused(
                    f"would show {volts:.2f} V ± {off_V:.2f} V",
                    where=net,
                    allowed=f"{low_V:.2f} V to {high_V:.2f} V",
                    mend="train with noise on the weights, with weight decay, or with fewer layers",
                )
        yield _Found({*case.windows_V}, refusal)


def _largest(cases: Sequence[Case], shown: Outcome, near_V: float) -> Iterator[_Found]:
    """Judge which output leads, where the ideal one does by more than errors and ``near_V``."""
    nets = list(cases[0].ideal_V)
    error_V = {pair: shown.error_V(*pair) for pair in itertools.permutations(nets, 2)}
    for row, case in enumerate(cases):
        first = case.largest or ""
        clear, refusal = True, None
        for net in nets:
            if net == first:
                continue
            off_V = error_V[first, net][row]
            clear &= case.ideal_V[first] - case.ideal_V[net] > off_V + near_V
            lead_V = shown.volts[first][row] - shown.volts[net][row]
            if lead_V <= off_V:
                refusal = refusal or CircuitRefused(
                    f"would lead {net} by {lead_V:.3f} V ± {off_V:.3f} V",
                    where=first,
                    allowed="more than the error",
                    mend="train with weight decay, or with fewer neurons a layer",
                )
        yield _Found({*nets}, refusal) if clear else _Found(set(), None)
