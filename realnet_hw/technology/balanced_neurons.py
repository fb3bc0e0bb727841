"""A network's balanced neurons: one amplifier each, whatever the signs of its weights.

Hidden signals are scaled (by a positive factor, undone in the next layer, which ReLU allows) so
that each uses the same span and none saturates. A bias takes the reference; outputs that may be
negative ride on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from realnet_hw.board import Logic
from realnet_hw.cells.balanced_neuron import BalancedNeuron
from realnet_hw.errors import CircuitRefused
from realnet_hw.network.network import Network
from realnet_hw.parts.catalogue import part_type
from realnet_hw.technology import resistors
from realnet_hw.technology.cases import full_scale_of
from realnet_hw.technology.rules import hidden_name
from realnet_hw.technology.scaling import Scaled
from realnet_hw.technology.shown import Shown
from realnet_hw.technology.summer import Summer

AMPLIFIER = "mcp6004"
REFERENCE = "lm4040_2v5"
REFERENCE_NET = "VREF"

# Less loads the other amplifiers more than they drive close to their rails, and far more than the
# inputs' bias current needs; above, strays and leakage count.
_FEEDBACK_OHM = (10e3, 200e3)


@dataclass(frozen=True)
class Source:
    """A signal that neurons may take: its net, its volts per logic unit, its greatest voltage."""

    net: str
    volts_per_unit: float
    peak_V: float


@dataclass(frozen=True)
class Output:
    """The voltage of 0 at the outputs, which is 0 V or the reference's, and of one logic unit."""

    zero_V: float
    unit_V: float


def balanced_neurons(
    network: Network,
    scaled: Scaled,
    samples: Sequence[Sequence[float]],
    logic: Logic,
    span_V: float,
    output: Output,
    resistor: str = "resistor",
) -> tuple[list[Summer], int]:
    """Return every neuron from the inputs to the outputs, and how many weights are missing.

    Args:
        network: relu in hidden layers.
        scaled: the same without what has no effect.
        samples: input vectors at which the resistors are chosen to fit, in logic units.
        logic: voltages of 0 (which is 0 V) and 1 at the inputs.
        span_V: the greatest voltage that a hidden signal may reach.
        output: voltages at the outputs.
        resistor: the part's key in the catalogue.

    Returns:
        The neurons, and the number of weights too weak for any resistor.

    Raises:
        CircuitRefused: weights that no resistors make, or an output that depends on nothing.
    """
    reference_V = part_type(REFERENCE).limits["volts"]
    reference = Source(REFERENCE_NET, reference_V, reference_V)
    sources = [Source(net, logic.high_V, logic.high_V) for net in network.inputs]
    found: list[Summer] = []
    missing = 0
    shown = Shown(network, samples, logic.high_V, {REFERENCE_NET: reference_V})
    full_scale = full_scale_of(network, samples)
    for depth in range(len(network.layers)):
        last = depth == len(network.layers) - 1
        made = []
        for index, peak in enumerate(scaled.peaks[depth]):
            net = network.outputs[index] if last else hidden_name(network, depth, index)
            unit_V = output.unit_V if last else span_V / (peak or 1.0)
            top_V = output.zero_V + max(0.0, scaled.greatest[index]) * unit_V if last else span_V
            made.append(Source(net, unit_V, top_V))
            terms = [
                (source, weight * unit_V / source.volts_per_unit)
                for source, weight in zip(sources, scaled.weights[depth][index], strict=True)
            ]
            lift_V = scaled.biases[depth][index] * unit_V + (output.zero_V if last else 0.0)
            terms = [(source, gain) for source, gain in terms if gain]
            if lift_V:
                terms.append((reference, lift_V / reference_V))
            if not terms:
                if last:
                    raise CircuitRefused(f"{net} depends on nothing", mend="leave that output out")
                continue
            wanted_V = shown.ideal(depth, index) * unit_V + (output.zero_V if last else 0.0)
            range_V = unit_V * full_scale if last else span_V
            title = f"{'Output' if last else 'Hidden'} neuron {net}"
            cell, count = _neuron(
                made[-1], terms, shown, wanted_V, range_V, resistor, title, depth + 1, last
            )
            shown.add(cell)
            missing += count
            found.append(Summer(cell, top_V))
        sources = made
    return found, missing


def _neuron(
    output: Source,
    terms: list[tuple[Source, float]],
    shown: Shown,
    wanted_V: npt.NDArray[np.float64],
    range_V: float,
    resistor: str,
    title: str,
    layer: int,
    is_output: bool,
) -> tuple[BalancedNeuron, int]:
    """Return one neuron from its sources and gains, and how many of them have no resistor."""
    up = [(source, gain) for source, gain in terms if gain > 0]
    down = [(source, -gain) for source, gain in terms if gain < 0]
    goal = resistors.Goal(
        shown.at([source.net for source, _ in (*up, *down)]),
        np.maximum(wanted_V, 0.0),
        1,
        range_V,
        output.net,
        is_output,
    )
    chosen = resistors.balanced(
        [gain for _, gain in up],
        [gain for _, gain in down],
        goal,
        part_type(resistor),
        _FEEDBACK_OHM,
    )
    positive, negative = (
        {source.net: ohm for (source, _), ohm in zip(side, ohms, strict=True) if ohm is not None}
        for side, ohms in ((up, chosen.positive), (down, chosen.negative))
    )
    cell = BalancedNeuron(
        output.net,
        title,
        output=output.net,
        positive=positive,
        negative=negative,
        feedback_ohm=chosen.feedback_ohm,
        positive_balance_ohm=chosen.positive_balance_ohm,
        negative_balance_ohm=chosen.negative_balance_ohm,
        amplifier=AMPLIFIER,
        resistor=resistor,
        layer=layer,
    )
    gains = cell.gains().items()
    text = " ".join(f"{'+' if gain > 0 else '-'} {abs(gain):.3f} {net}" for net, gain in gains)
    cell.formula = f"{output.net} = max(0, {text.removeprefix('+ ')})"
    return cell, len(terms) - len(cell.inputs)
