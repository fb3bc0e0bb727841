"""What an ohmmeter reads between two nets of a board without power.

The meter's voltage is taken as too low for junctions to conduct, as the resistance range of most
meters keeps it below 0.4 V; packages without supply count as open, capacitors as charged, and what
was plugged into inputs and supplies as unplugged. What remains is a net of resistors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from realnet_hw.diagnose.readings import OPEN_ohm
from realnet_hw.diagnose.responses import Array
from realnet_hw.diagnose.twins import Twin

_LEAK_S = 1e-10
# A meter does not tell less from nothing.
_LEAST_ohm = 0.3


@dataclass(frozen=True, eq=False)
class Resistances:
    """Resistances between pairs of nets.

    Args:
        log_mean: natural logarithm of the ohms, shape (pairs).
        log_linear: per standard deviation of each parameter, shape (pairs, parameters).
    """

    log_mean: Array
    log_linear: Array


def resistances(
    twin: Twin, pairs: Sequence[tuple[str, str]], parameters: Sequence[str]
) -> Resistances:
    """Return what one reads between pairs of nodes of a board.

    Args:
        twin: the board.
        pairs: nodes of its deck.
        parameters: that vary, in the order wanted.
    """
    lines = [line.split() for line in twin.deck.elements if line[0] == "r"]
    nodes = {"0": 0}
    for words in lines:
        for node in words[1:3]:
            nodes.setdefault(node, len(nodes))
    for pair in pairs:
        for node in pair:
            nodes.setdefault(node, len(nodes))
    ohm = np.array([twin.fixed.get(words[0], float(words[3])) for words in lines])
    ends = np.array([[nodes[node] for node in words[1:3]] for words in lines]).reshape(-1, 2)
    matrix = np.diag(np.full(len(nodes), _LEAK_S))
    for (one, other), siemens in zip(ends, 1 / ohm, strict=True):
        matrix[[one, other], [one, other]] += siemens
        matrix[[one, other], [other, one]] -= siemens
    flow = np.zeros((len(nodes), len(pairs)))
    for column, (one, other) in enumerate(pairs):
        flow[nodes[one], column] += 1.0
        flow[nodes[other], column] -= 1.0
    volts = np.linalg.solve(matrix, flow)
    read = np.einsum("nk,nk->k", flow, volts)
    # Tellegen: what a resistor adds to the resistance between two nets is its share of the power.
    shares = (volts[ends[:, 0]] - volts[ends[:, 1]]) ** 2 / ohm[:, None] / np.maximum(read, 1e-30)
    relative = _relative(twin)
    linear = np.zeros((len(pairs), len(parameters)))
    columns = {name: column for column, name in enumerate(parameters)}
    for row, words in enumerate(lines):
        if words[0] in columns:
            linear[:, columns[words[0]]] += shares[row] * relative.get(words[0], 0.0)
    beyond = (read > OPEN_ohm) | (read < _LEAST_ohm)
    linear[beyond] = 0.0
    return Resistances(np.log(np.clip(read, _LEAST_ohm, OPEN_ohm)), linear)


def log_read(ohm: float) -> float:
    """Return the logarithm of a reading within what a meter tells apart."""
    return float(np.log(np.clip(ohm, _LEAST_ohm, OPEN_ohm)))


def _relative(twin: Twin) -> Mapping[str, float]:
    """Return the relative standard deviation of each resistor."""
    return {
        spread.parameter: (spread.high - spread.low) / (2 * np.sqrt(3) * spread.nominal)
        for spread in twin.spreads
        if spread.parameter[0] == "r" and spread.nominal
    }
