"""Technology ``inverting_summer``: one inverting op-amp summer a neuron on a split supply.

ReLU is a precision rectifier. Each hidden neuron's polarity is chosen so that few inverters are
needed. Hidden signals are scaled (by a positive factor, undone in the next layer, which ReLU
allows) so that each uses the same span and none saturates. Biases come from a shunt reference.

What would not work is refused here, by closed-form limits, before anything is soldered.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from realnet_hw.board import Board, Logic, Port, Supply, TestPoint
from realnet_hw.cells.cell import Cell
from realnet_hw.cells.connector import Connector
from realnet_hw.cells.shunt_reference import ShuntReference
from realnet_hw.cells.summing_neuron import Rectifier, SummingNeuron
from realnet_hw.cells.supply import SupplyEntry
from realnet_hw.errors import CircuitRefused, InputError
from realnet_hw.network.network import Network
from realnet_hw.parts.catalogue import part_type
from realnet_hw.preferred_values import feedback_and_inputs, values
from realnet_hw.technology import signs
from realnet_hw.technology.cases import truth_table

RAIL_V = 12.0
RAIL_TOLERANCE = 0.05
RAIL_MAX_A = 0.1
LOGIC = Logic(low_V=0.0, high_V=5.0, threshold_low_V=1.5, threshold_high_V=3.5)

_AMPLIFIER = "tl074"
_REFERENCE = "lm4040_5v0"
_DIODE = "diode_1n4148"
_REFERENCE_NET = "VREF"
_RAILS = ("+12V", "GND", "-12V")
# The weakest weights of a neuron are left out while together they move it by less than this share
# of its full scale. With the least feedback and the greatest summing resistor that is one weight.
_NEGLIGIBLE = 0.005
# Below 5 kohm feedback costs current for nothing, above 100 kohm strays and leakage count.
_FEEDBACK_OHM = (5e3, 100e3)
# A neuron that is nearly always off is not amplified without end: its gains add up to this.
_GAIN_MAX = 10.0
# The reference keeps at least this for itself, ten times what it needs to regulate.
_REFERENCE_KEEPS_A = 1e-3
_INVERTER_OHM = 20e3
_INPUT_MAX_A = 10e-3
_BIAS_ERROR_V = 1e-3
_SETTLE_MAX_S = 5e-3
# ln(1e5): the time constants after which a first-order step is within 10 ppm.
_SETTLE_CONSTANTS = 11.5


@dataclass(frozen=True)
class _Source:
    """A signal that neurons may take: its net, the volts of one unit, its greatest magnitude."""

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
class _Amplifier:
    """A summer with the greatest magnitude that its output reaches."""

    cell: SummingNeuron
    peak_V: float


def compile_network(
    network: Network, name: str, title: str, *, logic: Logic = LOGIC, rail_V: float = RAIL_V
) -> Board:
    """Return the board of a network.

    Args:
        network: relu in hidden layers, relu or linear in the last.
        name: the board's name.
        title: one line for people.
        logic: voltages of 0 (which must be 0 V) and 1.
        rail_V: magnitude of both supply rails.

    Raises:
        CircuitRefused: the network can't become a circuit that works; says which limit and where.
    """
    network.check(name)
    _refuse_unsuitable(network, logic)
    cases = truth_table(network, logic)
    headroom_V = rail_V * (1 - RAIL_TOLERANCE) - part_type(_AMPLIFIER).limits["saturation_V"]
    reference, amplifiers = _amplifiers(network, logic, headroom_V)
    settle_s = _check_limits(amplifiers, network.inputs, logic, headroom_V, name)
    neurons = [amplifier.cell for amplifier in amplifiers]
    cells: list[Cell] = [
        Connector("IN", "Inputs", nets=network.inputs, side="left", test_points=True),
        SupplyEntry("PWR", "Supply", rails=_RAILS),
    ]
    points = [cell.output for cell in neurons if cell.output not in network.outputs]
    load_A = sum(reference.peak_V / cell.inputs.get(reference.net, math.inf) for cell in neurons)
    if load_A:
        points.append(reference.net)
        cells.append(
            ShuntReference(
                "REF",
                "Bias reference",
                output=reference.net,
                rail=_RAILS[0] if reference.polarity > 0 else _RAILS[2],
                series_ohm=_series_ohm(load_A, rail_V, name),
                formula=f"{reference.net} = {reference.polarity * reference.peak_V:g} V",
            )
        )
    last = max(cell.layer for cell in neurons) + 1
    cells += [
        *neurons,
        Connector("OUT", "Outputs", nets=network.outputs, side="right", layer=last),
    ]
    return Board(
        name=name,
        title=title,
        technology="inverting_summer",
        ports=(
            *(Port(net, net, "input", max_V=logic.high_V) for net in network.inputs),
            *(
                Port(net, net, "output", min_V=-headroom_V, max_V=headroom_V)
                for net in network.outputs
            ),
        ),
        supplies=(
            Supply(_RAILS[0], rail_V, RAIL_TOLERANCE, RAIL_MAX_A, 0),
            Supply(_RAILS[2], -rail_V, RAIL_TOLERANCE, RAIL_MAX_A, 0),
        ),
        test_points=tuple(TestPoint(net, net) for net in points),
        cases=cases,
        logic=logic,
        cells=tuple(cells),
        network=network,
        limits={"headroom_V": headroom_V, "settle_s": settle_s},
        notes=(
            f"Network {'-'.join(map(str, network.shape))}, weights {network.sha256()[:12]}",
            f"Logic {logic.low_V:g} V / {logic.high_V:g} V, supply ±{rail_V:g} V",
        ),
    )


def _amplifiers(
    network: Network, logic: Logic, headroom_V: float
) -> tuple[_Source, list[_Amplifier]]:
    """Return the bias reference and every summer, from the inputs to the outputs."""
    weights, biases, scales = _prune(network)
    choice = signs.assign(weights, biases)
    reference_V = part_type(_REFERENCE).limits["volts"]
    reference = _Source(_REFERENCE_NET, choice.constant, reference_V, reference_V)
    rectified_V = headroom_V - part_type(_DIODE).limits["forward_V"]
    found = [_inverter(reference, layer=1)] if choice.constant_inverted else []
    sources = [_Source(net, 1, logic.high_V, logic.high_V) for net in network.inputs]
    for depth, layer in enumerate(network.layers):
        last = depth == len(network.layers) - 1
        rectified = layer.activation == "relu"
        limit_V = rectified_V if rectified else headroom_V
        found += [_inverter(sources[i], layer=2 * depth + 1) for i in choice.inverted[depth]]
        outputs = []
        for index, scale in enumerate(scales[depth]):
            net = network.outputs[index] if last else _hidden_name(network, depth, index)
            volts = logic.high_V if last else min(logic.high_V, rectified_V) / (scale or 1.0)
            output = _Source(net, choice.neurons[depth][index], volts, scale * volts)
            outputs.append(output)
            if not scale:
                continue
            if output.peak_V > limit_V:
                raise CircuitRefused(
                    f"reaches {output.peak_V:.2f} V",
                    where=net,
                    allowed=f"up to {limit_V:.2f} V on these rails",
                    mend="train with smaller outputs or take a lower logic level",
                )
            gains = _gains(output, weights[depth][index], biases[depth][index], sources, reference)
            cell = _neuron(
                output,
                gains,
                rectified=rectified,
                title=f"{'Output' if last else 'Hidden'} neuron {net}",
                layer=2 * depth + 2,
            )
            found.append(_Amplifier(cell, output.peak_V))
        sources = outputs
    return reference, sorted(found, key=lambda amplifier: amplifier.cell.layer)


def _refuse_unsuitable(network: Network, logic: Logic) -> None:
    for number, layer in enumerate(network.layers, 1):
        last = number == len(network.layers)
        allowed = ("relu", "linear") if last else ("relu",)
        if layer.activation not in allowed:
            raise CircuitRefused(
                f"layer {number} is {layer.activation}",
                allowed=" or ".join(allowed),
                mend="train with ReLU between the layers",
            )
    if logic.low_V != 0.0:
        raise CircuitRefused(f"logic 0 is {logic.low_V:g} V", allowed="0 V")


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


def _inverter(source: _Source, layer: int) -> _Amplifier:
    """Return the cell that makes the other polarity of a source with two equal resistors."""
    cell = SummingNeuron(
        source.inverse,
        f"Inverter {source.inverse}",
        output=source.inverse,
        inputs={source.net: _INVERTER_OHM},
        feedback_ohm=_INVERTER_OHM,
        formula=f"{source.inverse} = -{source.net}",
        layer=layer,
    )
    return _Amplifier(cell, source.peak_V)


def _gains(
    output: _Source,
    weights: Sequence[float],
    bias: float,
    sources: Sequence[_Source],
    reference: _Source,
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
    output: _Source, gains: Mapping[str, float], *, rectified: bool, title: str, layer: int
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
        amplifier=_AMPLIFIER,
        formula=f"{output.net} = {shape.format(terms.replace('- ', '-', 1))}",
        layer=layer,
    )


def _series_ohm(load_A: float, rail_V: float, name: str) -> float:
    """Return the reference's series resistor: the largest that carries load and reference.

    The load is constant: every bias resistor ends at a virtual ground.
    """
    limits = part_type(_REFERENCE).limits
    resistor = part_type("resistor")
    spare_V = rail_V * (1 - RAIL_TOLERANCE) - limits["volts"]
    most_ohm = spare_V / (load_A + _REFERENCE_KEEPS_A) / (1 + (resistor.tolerance or 0.0))
    fitting = [ohm for ohm in values(resistor.series or "E96", 100.0, 1e6) if ohm <= most_ohm]
    if fitting:
        greatest_A = (rail_V * (1 + RAIL_TOLERANCE) - limits["volts"]) / fitting[-1]
        power_W = greatest_A**2 * fitting[-1]
        if greatest_A < limits["max_A"] and power_W < resistor.limits["max_W"] / 2:
            return fitting[-1]
    raise CircuitRefused(
        f"the biases take {load_A * 1e3:.1f} mA from the reference",
        where=f"{name}, {_REFERENCE_NET}",
        mend="train with smaller biases",
    )


def _check_limits(
    amplifiers: Sequence[_Amplifier],
    inputs: Sequence[str],
    logic: Logic,
    headroom_V: float,
    name: str,
) -> float:
    """Refuse what amplifiers, resistors or fixture can't do; return the settling time in seconds.

    The time to settle is slewing through the headroom plus a first-order step at ``GBW / noise
    gain``, summed along the longest path.

    Ref: Texas Instruments SLOS080, TL074 datasheet (bias current, slew rate, unity-gain bandwidth,
    output swing).
    """
    limits = part_type(_AMPLIFIER).limits
    resistor_W = part_type("resistor").limits["max_W"]
    margin_V = (logic.threshold_high_V - logic.threshold_low_V) / 2
    load_S: dict[str, float] = {}
    for amplifier in amplifiers:
        for net, ohm in amplifier.cell.inputs.items():
            load_S[net] = load_S.get(net, 0.0) + 1.0 / ohm

    def refuse_above(limit: float, value: float, what: str, where: str, mend: str) -> None:
        if value > limit:
            raise CircuitRefused(
                what.format(value),
                where=f"{name}, {where}",
                allowed=f"up to {limit:g}",
                mend=mend,
            )

    for net in inputs:
        current_A = logic.high_V * load_S.get(net, 0.0)
        refuse_above(
            _INPUT_MAX_A, current_A, "draws {:.2g} A", net, "train with smaller first weights"
        )
    arrival_s: dict[str, float] = {}
    for amplifier in amplifiers:
        cell = amplifier.cell
        net = cell.output
        current_A = amplifier.peak_V * (load_S.get(net, 0.0) + 1.0 / cell.feedback_ohm)
        noise_gain = cell.noise_gain()
        least_ohm = min(cell.inputs.values())
        smaller = "train with weight decay, or with fewer neurons a layer"
        refuse_above(limits["output_A"], current_A, "must deliver {:.2g} A", net, smaller)
        refuse_above(
            margin_V, limits["offset_V"] * noise_gain, "offset becomes {:.2g} V", net, smaller
        )
        refuse_above(
            _BIAS_ERROR_V,
            limits["bias_A"] * cell.feedback_ohm,
            "bias current makes {:.2g} V",
            net,
            smaller,
        )
        refuse_above(
            resistor_W / 2, headroom_V**2 / least_ohm, "a resistor takes {:.2g} W", net, smaller
        )
        step_s = 2 * headroom_V / limits["slew_V_per_s"]
        step_s += _SETTLE_CONSTANTS * noise_gain / (2 * math.pi * limits["gbw_Hz"])
        arrival_s[net] = step_s + max(arrival_s.get(source, 0.0) for source in cell.inputs)
    settle_s = max(arrival_s.values())
    refuse_above(_SETTLE_MAX_S, settle_s, "takes {:.2g} s to settle", "outputs", "use fewer layers")
    return settle_s
