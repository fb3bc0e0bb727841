"""Where to read next: where one may expect to learn most about which fault it is, for the trouble.

What a reading tells is how much smaller it makes the entropy over faults, on average over what it
may turn out to be. Readings that only say more about one fault's size tell nothing here.

Ref: D. V. Lindley, Ann. Math. Statist. 27 (1956) 986 (expected information; from memory).
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from realnet_hw.diagnose.answers import MS
from realnet_hw.diagnose.inference import Numbers, Posterior, moments
from realnet_hw.diagnose.readings import Probe, Quantity, meter_u
from realnet_hw.diagnose.responses import Array

_MOST_HYPOTHESES = 40
_LEAST_WEIGHT = 1e-4
# Places and weights that integrate over a normal variable.
_PLACES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(5)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()
# How much trouble a reading is, against that of a voltage at the inputs that are set already.
_TROUBLE: Mapping[Quantity, float] = {"volt": 1.0, "ohm": 1.6, "ampere": 2.0, "second": 2.0}
_OTHER_INPUTS = 1.25
# What the fixture reads by itself is hardly any.
_BY_ITSELF = 0.1
# Readings that differ by less than so many standard deviations tell faults not apart.
APART = 2.5
# Beyond so many a reading says something of whether a fault is there.
_TELLING = 1.0


@dataclass(frozen=True)
class Choice:
    """A reading that one may take.

    Args:
        probe: where and how.
        bits: of information that it may be expected to give about which fault it is.
        worth: these for the trouble.
        expected: for the most probable faults what one would read, by the fault's number.
    """

    probe: Probe
    bits: float
    worth: float
    expected: Mapping[int, float]


def candidates(found: Posterior, nets: Sequence[str], rails: Sequence[str]) -> list[Probe]:
    """Return every reading that one may take and has not.

    Voltages of all nets at all cases, supply currents, and resistances across each resistor.

    Args:
        found: how probable everything is, with what was read.
        nets: that can be touched.
        rails: nets of supplies.
    """
    predictor = found.predictor
    every: list[Probe] = []
    names = list(predictor.deck.inputs)
    for case in predictor.dictionary.cases:
        inputs = tuple((name, case[name]) for name in names)
        every += [Probe("volt", inputs, net) for net in nets]
        every += [Probe("ampere", inputs, net) for net in rails]
    every += [Probe("ohm", (), one, other) for one, other in predictor.resistor_nets]
    return untaken(found, every)


def untaken(found: Posterior, every: Sequence[Probe]) -> list[Probe]:
    """Return those readings that have not been taken."""
    taken = {*found.evidence.probes, *(probe for probe, _ in found.evidence.untimed)}
    return [probe for probe in every if probe not in taken]


def best(
    found: Posterior,
    offered: Sequence[Probe],
    *,
    at: tuple[tuple[str, float], ...] | None = None,
    handy: Sequence[str] = (),
    by_itself: Collection[Probe] = (),
) -> list[Choice]:
    """Return the readings offered, the one that is worth most first.

    Args:
        found: how probable everything is.
        offered: what may be read.
        at: the inputs that are set now.
        handy: nets with a test point or terminal, which are a little less trouble.
        by_itself: readings that the fixture takes.
    """
    rows = _considered(found)
    if len(rows) < 2 or not offered:
        return []
    universe = found.predictor.dictionary.universe
    weights = found.weights[rows] / found.weights[rows].sum()
    faults = np.array([universe.hypotheses[row].fault for row in rows])
    mean, sigma = _ahead(found, rows, offered)
    bits = _information(mean, sigma, weights, faults)
    leading = list(dict.fromkeys(int(fault) for fault in faults))[:6]
    choices = []
    for column, probe in enumerate(offered):
        trouble = _TROUBLE[probe.kind]
        if probe.inputs and at is not None and probe.inputs != at:
            trouble *= _OTHER_INPUTS
        if probe in by_itself:
            trouble *= _BY_ITSELF
        if probe.net in handy:
            trouble *= 0.9
        expected = {
            fault: _value(probe, float(mean[int(np.argmax(faults == fault)), column]))
            for fault in leading
        }
        choices.append(Choice(probe, float(bits[column]), float(bits[column]) / trouble, expected))
    return sorted(choices, key=lambda choice: -choice.worth)


def confirming(found: Posterior, offered: Sequence[Probe]) -> list[Choice]:
    """Return the readings that tell the most probable fault from no fault, the best first.

    Args:
        found: how probable everything is.
        offered: what may be read.
    """
    universe = found.predictor.dictionary.universe
    fault = int(np.argmax(found.faults[1:])) + 1
    own = [row for row, one in enumerate(universe.hypotheses) if one.fault == fault]
    row = max(own, key=lambda number: found.weights[number])
    if not offered:
        return []
    mean, sigma = _ahead(found, np.array([row]), offered)
    # What was read fits no sound board, so of these it is what is usual.
    ahead = found.predictor.predicted(offered, [0])
    usual, varies = ahead.mean[0], (ahead.linear[0] ** 2).sum(axis=-1) + ahead.own[0]
    apart = np.abs(mean[0] - usual) / np.sqrt(sigma[0] ** 2 + varies)
    order = [int(i) for i in np.argsort(-apart) if apart[i] >= _TELLING]
    return [
        Choice(
            offered[i],
            0.0,
            float(apart[i]),
            {
                fault: _value(offered[i], float(mean[0, i])),
                0: _value(offered[i], float(usual[i])),
            },
        )
        for i in order
    ]


def alike(found: Posterior, offered: Sequence[Probe], faults: Sequence[int]) -> list[int]:
    """Return which faults no single reading offered would tell from the first of them.

    Args:
        found: how probable everything is.
        offered: what may be read.
        faults: numbers, among those that are probable at all.
    """
    from realnet_hw.diagnose.groups import best_hypotheses

    rows = np.array(best_hypotheses(found, list(faults)))
    if not offered:
        return list(faults)
    mean, sigma = _ahead(found, rows, offered)
    apart = np.abs(mean - mean[0]) / np.hypot(sigma, sigma[0])
    return [f for f, far in zip(faults, apart.max(axis=1), strict=True) if far < APART]


def _value(probe: Probe, mean: float) -> float:
    if probe.kind == "second":
        return max(0.0, mean / MS)
    return float(np.exp(mean)) if probe.kind == "ohm" else mean


def _considered(found: Posterior) -> Numbers:
    """Return the hypotheses that count, the most probable first."""
    order = np.argsort(-found.weights)[:_MOST_HYPOTHESES]
    return order[found.weights[order] >= _LEAST_WEIGHT]


def _ahead(found: Posterior, rows: Numbers, offered: Sequence[Probe]) -> tuple[Array, Array]:
    """Return mean and standard deviation of readings to come, given those taken.

    Returns:
        Shapes (hypotheses, readings offered).
    """
    predictor, evidence = found.predictor, found.evidence
    ahead = predictor.predicted(offered, rows)
    mean = ahead.mean.copy()
    variance = (ahead.linear**2).sum(axis=-1) + ahead.own
    if evidence.probes:
        taken = predictor.predicted(evidence.probes, rows)
        expected, spread = moments(taken, evidence)
        between = ahead.linear @ taken.linear.swapaxes(1, 2)
        weighted = np.linalg.solve(spread, between.swapaxes(1, 2))
        mean += np.einsum("hnk,hn->hk", weighted, evidence.values - expected)
        variance -= np.einsum("hkn,hnk->hk", between, weighted)
    noise = np.column_stack([_noise(p, mean[:, i]) for i, p in enumerate(offered)])
    return mean, np.sqrt(np.maximum(variance, 0.0) + noise**2)


def _noise(probe: Probe, mean: Array) -> Array:
    """Return a meter's standard uncertainty at predicted values."""
    if probe.kind == "second":
        return MS * meter_u(probe, mean / MS)
    return meter_u(probe, np.exp(np.minimum(mean, 20.0)) if probe.kind == "ohm" else mean)


def _information(mean: Array, sigma: Array, weights: Array, faults: Array) -> Array:
    """Return the expected bits about the fault of each reading, shape (readings)."""
    names, group = np.unique(faults, return_inverse=True)
    own = np.bincount(group, weights, len(names))
    before = -(own * np.log2(np.maximum(own, 1e-300))).sum()
    after = np.zeros(mean.shape[1])
    for row, place in itertools.product(range(len(weights)), range(len(_PLACES))):
        value = mean[row] + sigma[row] * _PLACES[place]
        density = np.exp(-(((value - mean) / sigma) ** 2) / 2) / sigma * weights[:, None]
        total = np.zeros((len(names), mean.shape[1]))
        np.add.at(total, group, density)
        share = total / np.maximum(total.sum(axis=0), 1e-300)
        entropy = -(share * np.log2(np.maximum(share, 1e-300))).sum(axis=0)
        after += weights[row] * _WEIGHTS[place] * entropy
    return np.asarray(np.maximum(before - after, 0.0), float)
