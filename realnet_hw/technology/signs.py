"""Which polarity every signal of an inverting network has, so that inverters are few.

An inverting summer makes ``-sum(g_i v_i)``, so a weight asks for a polarity of its source. A
rectified neuron may keep either polarity (its diodes' direction), which turns what it asks of its
own sources; where two neurons ask for both polarities of one source, an inverter makes the other.
The bias reference may hang from either rail.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

# Up to here every choice is tried; beyond, single changes are made while they help.
_EXHAUSTIVE = 14


@dataclass(frozen=True)
class Polarities:
    """The choice made.

    Args:
        neurons: per layer, per neuron, +1 or -1: the sign of its voltage.
        inverted: per source layer (0 the inputs), the sources of which an inverter makes the
            other polarity too.
        constant: the reference's sign.
        constant_inverted: whether an inverter makes the reference's other polarity too.
    """

    neurons: tuple[tuple[int, ...], ...]
    inverted: tuple[tuple[int, ...], ...]
    constant: int
    constant_inverted: bool

    @property
    def inverters(self) -> int:
        """How many inverters it takes."""
        return sum(len(layer) for layer in self.inverted) + self.constant_inverted


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


def assign(
    weights: Sequence[Sequence[Sequence[float]]], biases: Sequence[Sequence[float]]
) -> Polarities:
    """Choose the polarities that need the fewest inverters.

    Args:
        weights: per layer out x in; a weight of 0 asks for nothing.
        biases: per layer out.

    Returns:
        The best of all choices for up to 14 hidden neurons; a choice that no single change betters
        beyond. The last layer always has positive polarity.
    """
    widths = [len(bias) for bias in biases]
    hidden = sum(widths[:-1])

    def shaped(flat: Sequence[int]) -> tuple[tuple[int, ...], ...]:
        rest = iter(flat)
        layers = [tuple(itertools.islice(rest, width)) for width in widths[:-1]]
        return (*layers, (1,) * widths[-1])

    def made(flat: Sequence[int]) -> Polarities:
        neurons = shaped(flat)
        inverted = []
        own: Sequence[int] = (1,) * len(weights[0][0])
        constants: set[int] = set()
        for matrix, bias, signs in zip(weights, biases, neurons, strict=True):
            asked: list[set[int]] = [set() for _ in own]
            for row, offset, sign in zip(matrix, bias, signs, strict=True):
                for source, weight in enumerate(row):
                    if weight:
                        asked[source].add(-sign * _sign(weight))
                if offset:
                    constants.add(-sign * _sign(offset))
            inverted.append(tuple(i for i, wishes in enumerate(asked) if -own[i] in wishes))
            own = signs
        constant = -1 if constants == {-1} else 1
        return Polarities(neurons, tuple(inverted), constant, len(constants) == 2)

    if hidden <= _EXHAUSTIVE:
        choices = itertools.product((1, -1), repeat=hidden)
        return min((made(flat) for flat in choices), key=lambda choice: choice.inverters)
    flat = [1] * hidden
    best = made(flat)
    improved = True
    while improved:
        improved = False
        for index in range(hidden):
            flat[index] = -flat[index]
            candidate = made(flat)
            if candidate.inverters < best.inverters:
                best, improved = candidate, True
            else:
                flat[index] = -flat[index]
    return best
