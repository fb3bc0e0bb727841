"""A network's summers: which there are, between which nets, with which resistors.

Each hidden neuron's polarity is chosen so that few inverters are needed (``signs``). Hidden signals
are scaled (by a positive factor, undone in the next layer, which ReLU allows) so that each uses the
same span and none saturates.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from realnet_hw.board import Logic
from realnet_hw.cells.summing_neuron import Rectifier, SummingNeuron
from realnet_hw.errors import CircuitRefused, InputError
from realnet_hw.network.network import Network
from realnet_hw.parts.catalogue import part_type
from realnet_hw.preferred_values import feedback_and_inputs
from realnet_hw.technology import signs

AMPLIFIER = "tl074"
DIODE = "diode_1n4148"
REFERENCE = "lm4040_5v0"
REFERENCE_NET = "VREF"

# The weakest weights of a neuron are left out while together they move it by less than this share
# of its full scale. With the least feedback and the greatest summing resistor that is one weight.
_NEGLIGIBLE = 0.005
# Below 5 kohm feedback costs current for nothing, above 100 kohm strays and leakage count.
_FEEDBACK_OHM = (5e3, 100e3)
# A neuron that is nearly always off is not amplified without end: its gains add up to this.
_GAIN_MAX = 10.0
_INVERTER_OHM = 20e3


@dataclass(frozen=True)
class Source:
    """A signal that neurons may take.

    Args:
        net: its net.
        polarity: the sign of its voltage, +1 or -1.
        volts_per_unit: its magnitude for one logic unit.
        peak_V: its greatest magnitude.
    """

    net: str
    polarity: int
    volts_per_unit: float
    peak_V: float

    @property
    def inverse(self) -> str:
        """The net on which an inverter makes the other polarity."""
        return f"N{self.net}"

    def net_of(self, polarity: int) -> str:
        """Return the net that carries the polarity asked for."""
        return self.net if polarity == self.polarity else self.inverse


@dataclass(frozen=True)
class Summer:
    """A summer with the greatest magnitude that its output reaches."""

    cell: SummingNeuron
    peak_V: float


def summers(network: Network, logic: Logic, span_V: float) -> tuple[Source, list[Summer]]:
    """Return the bias reference and every summer, from the inputs to the outputs.

    Args:
        network: relu in hidden layers.
        logic: voltages of 0 (which is 0 V) and 1.
        span_V: the greatest magnitude that a hidden signal may reach.

    Raises:
        CircuitRefused: weights that no resistors make, or an output that depends on nothing.
    """
    weights, biases, scales = _prune(network)
    choice = signs.assign(weights, biases)
    reference_V = part_type(REFERENCE).limits["volts"]
    reference = Source(REFERENCE_NET, choice.constant, reference_V, reference_V)
    found = [_inverter(reference, layer=1)] if choice.constant_inverted else []
    sources = [Source(net, 1, logic.high_V, logic.high_V) for net in network.inputs]
    for depth, layer in enumerate(network.layers):
        last = depth == len(network.layers) - 1
        found += [_inverter(sources[i], layer=2 * depth + 1) for i in choice.inverted[depth]]
        outputs = []
        for index, scale in enumerate(scales[depth]):
            net = network.outputs[index] if last else _hidden_name(network, depth, index)
            volts = logic.high_V if last else span_V / (scale or 1.0)
            output = Source(net, choice.neurons[depth][index], volts, scale * volts)
            outputs.append(output)
            if not scale:
                continue
            gains = _gains(output, weights[depth][index], biases[depth][index], sources, reference)
            cell = _neuron(
                output,
                gains,
                rectified=layer.activation == "relu",
                title=f"{'Output' if last else 'Hidden'} neuron {net}",
                layer=2 * depth + 2,
            )
            found.append(Summer(cell, output.peak_V))
        sources = outputs
    return reference, sorted(found, key=lambda summer: summer.cell.layer)


def _hidden_name(network: Network, depth: int, index: int) -> str:
    single = len(network.layers) == 2
    return f"H{index + 1}" if single else f"H{depth + 1}_{index + 1}"


def _prune(
    network: Network,
) -> tuple[list[list[list[float]]], list[list[float]], list[list[float]]]:
    """Return weights and biases without what has no effect, and every neuron's full scale.

    The full scale is the neuron's greatest magnitude in logic units, or a little more where it is
    nearly always off; 0 where it is never on. Bounds are by interval arithmetic over inputs from 0
    to 1, so they hold between the binary inputs too; those of the last layer are taken over the
    binary inputs alone.
    """
    weights, biases, scales = [], [], []
    reach = [1.0] * len(network.inputs)
    for depth, layer in enumerate(network.layers):
        last = depth == len(network.layers) - 1
        matrix, offsets, full = [], [], []
        for index, (row, bias) in enumerate(zip(layer.weight, layer.bias, strict=True)):
            terms = [w * r for w, r in zip(row, reach, strict=True)]
            high = bias + sum(max(0.0, term) for term in terms)
            total = abs(bias) + sum(abs(term) for term in terms)
            if last:
                scale = max(1.0, _greatest_answer(network, index))
            else:
                scale = max(high, total / _GAIN_MAX) if high > 0 else 0.0
            kept = _strongest([*terms, bias], _NEGLIGIBLE * scale if scale else math.inf)
            matrix.append([w if keep else 0.0 for w, keep in zip(row, kept, strict=False)])
            offsets.append(bias if kept[-1] else 0.0)
            full.append(scale)
        weights.append(matrix)
        biases.append(offsets)
        scales.append(full)
        reach = full
    return weights, biases, scales


def _greatest_answer(network: Network, index: int) -> float:
    """Return the greatest magnitude of an output over the binary inputs, in logic units."""
    count = len(network.inputs)
    corners = ([float(case >> bit & 1) for bit in range(count)] for case in range(2**count))
    return max(abs(network.forward(corner)[index]) for corner in corners)


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


def _inverter(source: Source, layer: int) -> Summer:
    """Return the cell that makes the other polarity of a source with two equal resistors."""
    cell = SummingNeuron(
        source.inverse,
        f"Inverter {source.inverse}",
        output=source.inverse,
        inputs={source.net: _INVERTER_OHM},
        feedback_ohm=_INVERTER_OHM,
        formula=f"{source.inverse} = -{source.net}",
        layer=layer,
        stage=(layer + 1) // 2,
    )
    return Summer(cell, source.peak_V)


def _gains(
    output: Source,
    weights: Sequence[float],
    bias: float,
    sources: Sequence[Source],
    reference: Source,
) -> dict[str, float]:
    """Return by net the gain, in volts per volt, that each source must have at an output."""
    terms = [*zip(sources, weights, strict=True), (reference, bias)]
    gains = {
        source.net_of(-output.polarity if weight > 0 else output.polarity): abs(weight)
        * output.volts_per_unit
        / (source.volts_per_unit)
        for source, weight in terms
        if weight
    }
    if not gains:
        raise CircuitRefused(f"{output.net} depends on nothing", mend="leave that output out")
    return gains


def _neuron(
    output: Source, gains: Mapping[str, float], *, rectified: bool, title: str, layer: int
) -> SummingNeuron:
    """Return the summer of one neuron, its resistors chosen from the catalogue's series."""
    resistor = part_type("resistor")
    try:
        feedback_ohm, ohms = feedback_and_inputs(
            tuple(gains.values()),
            resistor.series or "E96",
            resistor.limits["min_ohm"],
            resistor.limits["max_ohm"],
            *_FEEDBACK_OHM,
        )
    except InputError as error:
        raise CircuitRefused(
            error.what,
            where=output.net,
            allowed=error.allowed,
            mend="train with weight decay, so that weights differ less",
        ) from None
    inputs = dict(zip(gains, ohms, strict=True))
    rectifier: Rectifier = "none"
    if rectified:
        rectifier = "positive" if output.polarity > 0 else "negative"
    terms = " ".join(f"- {feedback_ohm / ohm:.3f} {net}" for net, ohm in inputs.items())
    shape = {"positive": "max(0, {})", "negative": "min(0, {})", "none": "{}"}[rectifier]
    return SummingNeuron(
        output.net,
        title,
        output=output.net,
        inputs=inputs,
        feedback_ohm=feedback_ohm,
        rectifier=rectifier,
        amplifier=AMPLIFIER,
        formula=f"{output.net} = {shape.format(terms.replace('- ', '-', 1))}",
        layer=layer,
        stage=layer // 2,
    )
