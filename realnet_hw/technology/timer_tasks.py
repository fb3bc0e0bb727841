"""What each 555 neuron of a network must tell apart, and which signals it listens to.

A neuron's output is low where its sum is above the threshold. A weight's pulse is long where its
level is high. So a neuron that answers 1 where ``w x + b > 0`` fires where it answers 0, and wants
a high level where its source is 0: the complement for a positive weight. A hidden neuron may as
well show its answer's complement, which turns what it wants from its own sources; polarities are
chosen so that few complements are made, as for inverting summers; an output that would take several
of them gets an inverter instead.

Of a complement, ``w x = |w| (1 - x) - |w|``: negative weights become positive ones, and the
constants are part of the threshold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from realnet_hw.errors import CircuitRefused
from realnet_hw.network.network import Network
from realnet_hw.technology import rules, signs
from realnet_hw.technology.timer_margins import Task
from realnet_hw.technology.timer_neuron import Source

INPUTS_MAX = 8
"""How many inputs a network or a neuron may have."""

_Bits = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class NeuronTask:
    """A neuron to be made.

    Args:
        name: H1, or the output's.
        depth: of its layer, from 0.
        magnitudes: of its weights.
        task: with their sources, in the same order.
        is_complement: whether its output is high where its answer is 0.
    """

    name: str
    depth: int
    magnitudes: tuple[float, ...]
    task: Task
    is_complement: bool


def neuron_tasks(network: Network, points: Sequence[Sequence[float]]) -> list[NeuronTask]:
    """Return the neurons that a network needs, from the inputs to the outputs.

    Weights that are 0, or whose source never changes, take no part; nor do neurons that nobody
    listens to.

    Args:
        network: of threshold neurons.
        points: the input vectors, of bits, that must be told apart.

    Raises:
        CircuitRefused: an output that is the same for all of them, or too many inputs.
    """
    answers: list[_Bits] = [np.asarray(np.array(points) > 0.5)]
    rows = [network.activations(point) for point in points]
    answers += [np.asarray(np.array(layer) > 0.5) for layer in zip(*rows, strict=True)]
    for name, column in zip(network.outputs, answers[-1].T, strict=True):
        if column.all() or not column.any():
            raise CircuitRefused(
                f"is {int(column[0])} whatever the inputs are",
                where=name,
                mend="train it again, or leave it out",
            )
    weights = _in_play(network, answers)
    polarities = _polarities(weights)
    made: list[NeuronTask] = []
    own: Sequence[int] = (1,) * len(network.inputs)
    nets = list(network.inputs)
    for depth, (matrix, chosen) in enumerate(zip(weights, polarities, strict=True)):
        is_last = depth == len(weights) - 1
        names = [
            network.outputs[index] if is_last else rules.hidden_name(network, depth, index)
            for index in range(len(matrix))
        ]
        for index, row in enumerate(matrix):
            listened = [source for source, weight in enumerate(row) if weight]
            if not listened:
                continue
            if len(listened) > INPUTS_MAX:
                raise CircuitRefused(
                    f"{len(listened)} inputs", where=names[index], allowed=f"up to {INPUTS_MAX}"
                )
            sources = tuple(
                Source(
                    nets[source],
                    is_inner=depth > 0,
                    is_inverted=own[source] * chosen[index] * row[source] > 0,
                )
                for source in listened
            )
            turned = np.array([own[source] < 0 for source in listened])
            carried: _Bits = np.logical_xor(answers[depth][:, listened], turned)
            fires: _Bits = np.logical_xor(answers[depth + 1][:, index], chosen[index] > 0)
            patterns, first = np.unique(carried, axis=0, return_index=True)
            made.append(
                NeuronTask(
                    names[index],
                    depth,
                    tuple(abs(row[source]) for source in listened),
                    Task.of_bits(sources, patterns, fires[first]),
                    chosen[index] < 0,
                )
            )
        own, nets = chosen, names
    return made


def _polarities(weights: Sequence[Sequence[Sequence[float]]]) -> list[Sequence[int]]:
    """Return by layer, for each neuron, 1 if its output is high where its answer is 1, or -1.

    An output of -1 gets an inverter at its terminal; it is chosen where that saves more than one
    complement elsewhere.
    """

    def tried(turned: Sequence[int]) -> tuple[int, list[Sequence[int]]]:
        last = [
            [turn * weight for weight in row] for turn, row in zip(turned, weights[-1], strict=True)
        ]
        found = signs.assign([*weights[:-1], last], [[0.0] * len(layer) for layer in weights])
        return found.inverters + turned.count(-1), [*found.neurons[:-1], turned]

    turned = [1] * len(weights[-1])
    best = tried(turned)
    for index in range(len(turned)):
        other = tried([*turned[:index], -1, *turned[index + 1 :]])
        if other[0] < best[0]:
            best, turned = other, list(other[1][-1])
    return best[1]


def _in_play(network: Network, answers: Sequence[_Bits]) -> list[list[list[float]]]:
    """Return the weights by layer, 0 where they don't matter."""
    found: list[list[list[float]]] = []
    wanted = [True] * len(network.outputs)
    for depth in reversed(range(len(network.layers))):
        varies = [0 < column.sum() < len(column) for column in answers[depth].T]
        rows = [
            [weight if keep and varies[source] else 0.0 for source, weight in enumerate(row)]
            for keep, row in zip(wanted, network.layers[depth].weight, strict=True)
        ]
        found.insert(0, rows)
        wanted = [any(row[source] for row in rows) for source in range(len(varies))]
    return found
