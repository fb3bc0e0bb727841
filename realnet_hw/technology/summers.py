"""A network's inverting summers: which there are, between which nets, with which resistors.

Each hidden neuron's polarity is chosen so that few inverters are needed (``signs``). Hidden signals
are scaled (by a positive factor, undone in the next layer, which ReLU allows) so that each uses the
same span and none saturates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from realnet_hw.board import Logic
from realnet_hw.cells.summing_neuron import Rectifier, SummingNeuron
from realnet_hw.errors import CircuitRefused
from realnet_hw.network.network import Network
from realnet_hw.parts.catalogue import part_type
from realnet_hw.technology import resistors, signs
from realnet_hw.technology.cases import full_scale_of
from realnet_hw.technology.rules import hidden_name
from realnet_hw.technology.scaling import Scaled
from realnet_hw.technology.shown import Shown
from realnet_hw.technology.summer import Summer

AMPLIFIER = "tl074"
DIODE = "diode_1n4148"
REFERENCE = "lm4040_5v0"
REFERENCE_NET = "VREF"

# Below 5 kohm feedback costs current for nothing, above 100 kohm strays and leakage count.
_FEEDBACK_OHM = (5e3, 100e3)
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


def summers(
    network: Network,
    scaled: Scaled,
    samples: Sequence[Sequence[float]],
    logic: Logic,
    span_V: float,
    unit_V: float,
    resistor: str = "resistor",
) -> tuple[Source, list[Summer], int]:
    """Return the bias reference, every summer from the inputs to the outputs, and what is missing.

    Args:
        network: relu in hidden layers.
        scaled: the same without what has no effect.
        samples: input vectors at which the resistors are chosen to fit, in logic units.
        logic: voltages of 0 (which is 0 V) and 1 at the inputs.
        span_V: the greatest magnitude that a hidden signal may reach.
        unit_V: one logic unit at the outputs.
        resistor: the part's key in the catalogue.

    Returns:
        The reference, the summers, and the number of weights too weak for any resistor.

    Raises:
        CircuitRefused: weights that no resistors make, or an output that depends on nothing.
    """
    choice = signs.assign(scaled.weights, scaled.biases)
    reference_V = part_type(REFERENCE).limits["volts"]
    reference = Source(REFERENCE_NET, choice.constant, reference_V, reference_V)
    found = [_inverter(reference, resistor, layer=1)] if choice.constant_inverted else []
    sources = [Source(net, 1, logic.high_V, logic.high_V) for net in network.inputs]
    missing = 0
    shown = Shown(network, samples, logic.high_V, {reference.net: choice.constant * reference_V})
    for summer in found:
        shown.add(summer.cell)
    full_scale = full_scale_of(network, samples)
    for depth, layer in enumerate(network.layers):
        last = depth == len(network.layers) - 1
        inverters = [
            _inverter(sources[i], resistor, layer=2 * depth + 1) for i in choice.inverted[depth]
        ]
        for summer in inverters:
            shown.add(summer.cell)
        found += inverters
        outputs = []
        for index, peak in enumerate(scaled.peaks[depth]):
            net = network.outputs[index] if last else hidden_name(network, depth, index)
            volts = unit_V if last else span_V / (peak or 1.0)
            output = Source(net, choice.neurons[depth][index], volts, peak * volts)
            outputs.append(output)
            terms = [
                *zip(sources, scaled.weights[depth][index], strict=True),
                (reference, scaled.biases[depth][index]),
            ]
            kept = [(source, weight) for source, weight in terms if weight]
            if not kept and last:
                raise CircuitRefused(f"{net} depends on nothing", mend="leave that output out")
            if not kept:
                continue
            cell = _neuron(
                output,
                kept,
                shown,
                shown.ideal(depth, index) * volts * output.polarity,
                volts * full_scale if last else output.peak_V,
                resistor,
                is_output=last,
                rectified=layer.activation == "relu",
                title=f"{'Output' if last else 'Hidden'} neuron {net}",
                layer=2 * depth + 2,
            )
            missing += len(kept) - len(cell.inputs)
            shown.add(cell)
            found.append(Summer(cell, output.peak_V))
        sources = outputs
    return reference, sorted(found, key=lambda summer: summer.cell.layer), missing


def _inverter(source: Source, resistor: str, layer: int) -> Summer:
    """Return the cell that makes the other polarity of a source with two equal resistors."""
    cell = SummingNeuron(
        source.inverse,
        f"Inverter {source.inverse}",
        output=source.inverse,
        inputs={source.net: _INVERTER_OHM},
        feedback_ohm=_INVERTER_OHM,
        resistor=resistor,
        formula=f"{source.inverse} = -{source.net}",
        layer=layer,
        stage=(layer + 1) // 2,
    )
    return Summer(cell, source.peak_V)


def _neuron(
    output: Source,
    terms: Sequence[tuple[Source, float]],
    shown: Shown,
    wanted_V: npt.NDArray[np.float64],
    range_V: float,
    resistor: str,
    *,
    is_output: bool,
    rectified: bool,
    title: str,
    layer: int,
) -> SummingNeuron:
    """Return the summer of one neuron, its resistors chosen from the catalogue's series."""
    nets = [
        source.net_of(-output.polarity if weight > 0 else output.polarity)
        for source, weight in terms
    ]
    gains = [abs(w) * output.volts_per_unit / source.volts_per_unit for source, w in terms]
    goal = resistors.Goal(
        shown.at(nets),
        wanted_V,
        output.polarity if rectified else 0,
        range_V,
        output.net,
        is_output,
    )
    feedback_ohm, ohms = resistors.inverting(gains, goal, part_type(resistor), _FEEDBACK_OHM)
    inputs = {net: ohm for net, ohm in zip(nets, ohms, strict=True) if ohm is not None}
    rectifier: Rectifier = "none"
    if rectified:
        rectifier = "positive" if output.polarity > 0 else "negative"
    terms_text = " ".join(f"- {feedback_ohm / ohm:.3f} {net}" for net, ohm in inputs.items())
    shape = {"positive": "max(0, {})", "negative": "min(0, {})", "none": "{}"}[rectifier]
    return SummingNeuron(
        output.net,
        title,
        output=output.net,
        inputs=inputs,
        feedback_ohm=feedback_ohm,
        rectifier=rectifier,
        amplifier=AMPLIFIER,
        resistor=resistor,
        formula=f"{output.net} = {shape.format(terms_text.replace('- ', '-', 1))}",
        layer=layer,
        stage=layer // 2,
    )
