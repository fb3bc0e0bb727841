"""Whether nearly every board will answer right: errors followed from the parts to the outputs.

Every resistor, every offset, every reference is off by up to its bound. Each such error is followed
to the outputs on its own, to first order, so that what reaches an output on two ways adds with its
signs, and the errors of two outputs can be told from the error of their difference. At an output
they add as squares: a uniform error's bound is 1.7 standard deviations, so 1.5 times that sum holds
about 99 of 100 boards.

Ref: JCGM 100:2008, 5.1.2 (law of propagation); JCGM 102:2011, 6.2.1.3 (covariance of outputs).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from realnet_hw.board import Case, Logic
from realnet_hw.errors import CircuitRefused
from realnet_hw.parts.catalogue import PartType
from realnet_hw.technology.cases import Answer, Inputs
from realnet_hw.technology.summer import Summer

_HOLDS = 1.5
# Resistors can't be bought exactly: an output may be off by this share of its range, and two
# outputs by twice as much from each other.
_ROUNDING = 0.01

_Effects = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Outcome:
    """What a circuit shows in one case: volts by net, and every part's effect at its bound."""

    volts: Mapping[str, float]
    effects: Mapping[str, _Effects]

    def error_V(self, net: str, other: str = "") -> float:
        """Return how far nearly every board is off at most, at a net or between two."""
        effects = self.effects[net] - self.effects[other] if other else self.effects[net]
        return _HOLDS * float(np.linalg.norm(effects))


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


def outcomes(
    summers: Sequence[Summer],
    inputs: Sequence[Mapping[str, float]],
    known: Mapping[str, tuple[float, float]],
    errors: Errors,
) -> list[Outcome]:
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
    effects = {net: np.zeros(shape) for net in (*volts, *known)}
    for index, (net, (value_V, bound_V)) in enumerate(known.items()):
        volts[net] = np.full(len(inputs), value_V)
        effects[net][:, index] = bound_V
    start = len(known)
    for summer, room in zip(summers, own, strict=True):
        cell = summer.cell
        sum_V = np.asarray(cell.sum_V(volts))
        here = np.zeros(shape)
        for net, gain in cell.gains().items():
            here += gain * effects[net]
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
    return [
        Outcome(
            {net: float(values[row]) for net, values in volts.items()},
            {net: values[row] for net, values in effects.items()},
        )
        for row in range(len(inputs))
    ]


def judged(
    cases: Sequence[Case],
    outcomes: Sequence[Outcome],
    logic: Logic,
    answer: Answer,
    inputs: Inputs,
) -> tuple[Case, ...]:
    """Return the cases that nearly every board gets right.

    Analogue inputs lead through the borders between answers. A case that lies nearer to one than
    the circuit can tell, though the circuit be ideal but for its tolerances, says nothing of a
    board and is left out; so is a largest output that is hardly larger.

    Args:
        cases: with what the ideal network answers.
        outcomes: what the circuit shows in each.
        logic: the board's levels.
        answer: how outputs are judged.
        inputs: what the inputs are.

    Raises:
        CircuitRefused: names the output and what it would show, or says how few cases are left.
    """
    kept = []
    for case, shown in zip(cases, outcomes, strict=True):
        asked = case
        if answer == "value":
            _check_windows(case, shown)
        elif answer == "largest":
            if not _is_clear(case, shown):
                continue
            _check_largest(case, shown)
        else:
            if inputs == "analogue":
                asked = _clear_levels(case, shown, logic)
            if set(asked.expected.values()) == {None}:
                continue
            _check_levels(asked, shown, logic)
        kept.append(asked)
    if 2 * len(kept) < len(cases):
        raise CircuitRefused(
            f"{len(cases) - len(kept)} of {len(cases)} cases are too close to call",
            allowed="half of them",
            mend="train until the answers are further apart, with weight decay",
        )
    return tuple(kept)


def _check_levels(case: Case, shown: Outcome, logic: Logic) -> None:
    for net, level in case.expected.items():
        volts, error_V = shown.volts[net], shown.error_V(net)
        if (level == 0 and volts + error_V > logic.threshold_low_V) or (
            level == 1 and volts - error_V < logic.threshold_high_V
        ):
            raise CircuitRefused(
                f"would show {volts:.2f} V ± {error_V:.2f} V where a {level} is due",
                where=net,
                allowed=f"below {logic.threshold_low_V:g} V or above {logic.threshold_high_V:g} V",
                mend="train until the answers are near 0 and 1, with weight decay",
            )


def _clear_levels(case: Case, shown: Outcome, logic: Logic) -> Case:
    """Return the case without a level where the ideal answer is too near the thresholds for one."""
    expected = dict(case.expected)
    for net in expected:
        ideal_V = case.ideal_V[net]
        near_V = shown.error_V(net) + _ROUNDING * logic.high_V
        if logic.threshold_low_V - near_V < ideal_V < logic.threshold_high_V + near_V:
            expected[net] = None
    return replace(case, expected=expected)


def _check_windows(case: Case, shown: Outcome) -> None:
    for net, (low_V, high_V) in case.windows_V.items():
        volts, error_V = shown.volts[net], shown.error_V(net)
        if volts - error_V < low_V or volts + error_V > high_V:
            raise CircuitRefused(
                f"would show {volts:.2f} V ± {error_V:.2f} V",
                where=net,
                allowed=f"{low_V:.2f} V to {high_V:.2f} V",
                mend="train with noise on the weights, with weight decay, or with fewer layers",
            )


def _is_clear(case: Case, shown: Outcome) -> bool:
    """Whether the ideal network's greatest output stands out by more than the circuit's error."""
    widest_V = max(case.ideal_V.values()) - min(case.ideal_V.values())
    return all(
        case.ideal_V[case.largest] - ideal_V
        > shown.error_V(case.largest, net) + 2 * _ROUNDING * widest_V
        for net, ideal_V in case.ideal_V.items()
        if case.largest and net != case.largest
    )


def _check_largest(case: Case, shown: Outcome) -> None:
    if case.largest is None:
        return
    for net in case.expected:
        lead_V = shown.volts[case.largest] - shown.volts[net]
        error_V = shown.error_V(case.largest, net)
        if net != case.largest and lead_V <= error_V:
            raise CircuitRefused(
                f"would lead {net} by {lead_V:.3f} V ± {error_V:.3f} V",
                where=case.largest,
                allowed="more than the error",
                mend="train with weight decay, or with fewer neurons a layer",
            )
