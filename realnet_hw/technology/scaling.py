"""A network made ready for a circuit: how far its signals go, and without what has no effect."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from realnet_hw.network.network import Network
from realnet_hw.technology.bounds import answers_to_bits, over_box
from realnet_hw.technology.cases import Inputs

# The weakest weights of a neuron are left out while together they move it by less than this share
# of its full scale.
_NEGLIGIBLE = 0.002
# A neuron that is nearly always off is not amplified without end: its gains add up to this.
_GAIN_MAX = 10.0


@dataclass(frozen=True)
class Scaled:
    """A network's weights with the range of its signals, in logic units.

    Args:
        weights: per layer out x in, 0 where one has no effect.
        biases: per layer out.
        peaks: per layer the greatest value of each neuron, or a little more where it is nearly
            always off; 0 where it is never on. Of an output that may be negative, the greatest
            magnitude.
        least, greatest: between which values each output stays.
        left_out: how many weights other than 0 have no effect.
    """

    weights: list[list[list[float]]]
    biases: list[list[float]]
    peaks: list[list[float]]
    least: tuple[float, ...]
    greatest: tuple[float, ...]
    left_out: int


@dataclass(frozen=True)
class Levels:
    """The voltages that a technology gives a network's signals.

    Args:
        ranges: of the signals, in logic units.
        hidden_V: of one logic unit at every hidden neuron, by layer.
        zero_V, unit_V: of 0, and of one logic unit, at the outputs.
        span_V: the greatest that a hidden signal reaches.
        headroom_V: the greatest that an amplifier surely reaches.
    """

    ranges: Scaled
    hidden_V: tuple[tuple[float, ...], ...]
    zero_V: float
    unit_V: float
    span_V: float
    headroom_V: float


def hidden_V(ranges: Scaled, span_V: float) -> tuple[tuple[float, ...], ...]:
    """Return the voltage of one logic unit at hidden neurons that all use the same span."""
    return tuple(tuple(span_V / (peak or 1.0) for peak in peaks) for peaks in ranges.peaks[:-1])


def scaled(network: Network, inputs: Inputs) -> Scaled:
    """Return a network's weights and ranges.

    Hidden signals are bounded over all inputs from 0 to 1, so that they keep their range on the way
    from one bit to another too; outputs over what the inputs are said to be.

    Args:
        network: relu in hidden layers, relu or linear in the last.
        inputs: whether they are bits or anything from 0 to 1.
    """
    reaches = over_box(network)
    least, greatest = answers_to_bits(network) if inputs == "bits" else reaches[-1]
    if network.layers[-1].activation == "relu":
        least, greatest = least.clip(min=0.0), greatest.clip(min=0.0)
    weights, biases, peaks = [], [], []
    given = 0
    sources = [1.0] * len(network.inputs)
    for depth, layer in enumerate(network.layers):
        last = depth == len(network.layers) - 1
        matrix, offsets, full = [], [], []
        for index, (row, bias) in enumerate(zip(layer.weight, layer.bias, strict=True)):
            terms = [w * peak for w, peak in zip(row, sources, strict=True)]
            if last:
                peak = max(abs(float(least[index])), abs(float(greatest[index])))
                kept = _strongest([*terms, bias], _NEGLIGIBLE * max(1.0, peak))
            else:
                total = abs(bias) + sum(abs(term) for term in terms)
                peak = max(float(reaches[depth][1][index]), total / _GAIN_MAX)
                kept = _strongest([*terms, bias], _NEGLIGIBLE * peak)
                if not any(k and term > 0 for k, term in zip(kept, [*terms, bias], strict=True)):
                    peak, kept = 0.0, [False] * len(kept)
            given += sum(value != 0.0 for value in (*row, bias))
            matrix.append([w if keep else 0.0 for w, keep in zip(row, kept, strict=False)])
            offsets.append(bias if kept[-1] else 0.0)
            full.append(peak)
        weights.append(matrix)
        biases.append(offsets)
        peaks.append(full)
        sources = full
    made = sum(
        value != 0.0
        for matrix, offsets in zip(weights, biases, strict=True)
        for value in (*offsets, *itertools.chain.from_iterable(matrix))
    )
    return Scaled(
        weights,
        biases,
        peaks,
        tuple(float(value) for value in least),
        tuple(float(value) for value in greatest),
        given - made,
    )


def _strongest(terms: Sequence[float], budget: float) -> list[bool]:
    """Return which terms to keep when the weakest may go as long as they sum to the budget."""
    kept = [True] * len(terms)
    spent = 0.0
    for index in sorted(range(len(terms)), key=lambda index: abs(terms[index])):
        spent += abs(terms[index])
        if spent > budget:
            break
        kept[index] = False
    return kept
