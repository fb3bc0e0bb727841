"""Technology ``inverting_summer``: one inverting op-amp summer a neuron on a split supply.

ReLU is a precision rectifier. Each hidden neuron's polarity is chosen so that few inverters are
needed. Hidden signals are scaled (by a positive factor, undone in the next layer, which ReLU
allows) so that each uses the same span and none saturates. Biases come from a shunt reference.

What would not work is refused here, by closed-form limits, before anything is soldered.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from realnet_hw.board import Board, Logic, Port, Supply, TestPoint
from realnet_hw.cells.cell import Cell
from realnet_hw.cells.connector import Connector
from realnet_hw.cells.shunt_reference import ShuntReference
from realnet_hw.cells.summing_neuron import Rectifier, SummingNeuron
from realnet_hw.cells.supply import SupplyEntry
from realnet_hw.errors import CircuitRefused, InputError
from realnet_hw.network.network import Network
from realnet_hw.parts.catalogue import PartType, part_type
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
# A weight whose whole effect is below this share of the full scale is left out.
_NEGLIGIBLE = 1e-3
# Below 10 kohm feedback costs current for nothing, above 100 kohm strays and leakage count.
_FEEDBACK_OHM = (10e3, 100e3)
# The reference keeps at least this for itself, ten times what it needs to regulate.
_REFERENCE_KEEPS_A = 1e-3
_INPUT_MAX_A = 10e-3
_BIAS_ERROR_V = 1e-3
_SETTLE_MAX_S = 5e-3
# ln(1e5): the time constants after which a first-order step is within 10 ppm.
_SETTLE_CONSTANTS = 11.5


@dataclass(frozen=True)
class _Source:
    """A signal that neurons may take: its net, the volts of one unit, and its greatest magnitude."""

    net: str
    inverse: str
    polarity: int
    volts_per_unit: float
    max_V: float


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
    weights, biases, bounds = _prune(network)
    choice = signs.assign(weights, biases)
    kind = part_type(_AMPLIFIER)
    headroom_V = rail_V * (1 - RAIL_TOLERANCE) - kind.limits["saturation_V"]
    rectified_V = headroom_V - part_type(_DIODE).limits["forward_V"]
    reference_V = part_type(_REFERENCE).limits["volts"]

    inputs = [
        _Source(net, f"N{net}", 1, logic.high_V, logic.high_V) for net in network.inputs
    ]
    reference = _Source(
        _REFERENCE_NET, f"N{_REFERENCE_NET}", choice.constant, reference_V, reference_V
    )
    neurons: list[SummingNeuron] = []
    inverters: list[SummingNeuron] = []
    if choice.constant_inverted:
        inverters.append(_inverter(reference, layer=1))
    sources = inputs
    for depth, layer in enumerate(network.layers):
        last = depth == len(network.layers) - 1
        inverters += [_inverter(sources[i], layer=2 * depth + 1) for i in choice.inverted[depth]]
        outputs = []
        for index, activation_max in enumerate(bounds[depth]):
            net = network.outputs[index] if last else _hidden_name(network, depth, index)
            if not last and activation_max == 0.0:
                outputs.append(_Source(net, f"N{net}", 1, logic.high_V, 0.0))
                continue
            scale = logic.high_V if last else min(logic.high_V, rectified_V) / activation_max
            polarity = choice.neurons[depth][index]
            rectified = layer.activation == "relu"
            neuron = _neuron(
                net, network, depth, weights[depth][index], biases[depth][index],
                sources, reference, scale, polarity, rectified,
            )  # fmt: skip
            limit_V = rectified_V if rectified else headroom_V
            peak_V = activation_max * scale
            if peak_V > limit_V:
                raise CircuitRefused(
                    f"reaches {peak_V:.2f} V",
                    where=f"{name}, {net}",
                    allowed=f"up to {limit_V:.2f} V on ±{rail_V:g} V rails",
                    mend="train with smaller outputs or a lower logic level",
                )
            neurons.append(neuron)
            outputs.append(_Source(net, f"N{net}", polarity, scale, peak_V))
        sources = outputs

    amplifiers = sorted([*inverters, *neurons], key=lambda cell: cell.layer)
    series_ohm = _series_resistor(amplifiers, reference_V, rail_V, name)
    settle_s = _check_limits(amplifiers, network, kind, logic, headroom_V, name)
    deepest = max(cell.layer for cell in amplifiers)
    cells: list[Cell] = [
        Connector("IN", "Inputs", nets=network.inputs, side="left", test_points=True),
        SupplyEntry("PWR", "Supply", rails=_RAILS),
        ShuntReference(
            "REF",
            "Bias reference",
            output=_REFERENCE_NET,
            rail=_RAILS[0] if choice.constant > 0 else _RAILS[2],
            series_ohm=series_ohm,
            formula=f"{_REFERENCE_NET} = {choice.constant * reference_V:g} V",
        ),
        *amplifiers,
        Connector("OUT", "Outputs", nets=network.outputs, side="right", layer=deepest + 1),
    ]
    points = [cell.output for cell in neurons if cell.output not in network.outputs]
    points += [*(cell.output for cell in inverters), _REFERENCE_NET]
    shape = "-".join(str(width) for width in network.shape)
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
        cases=truth_table(network, logic),
        logic=logic,
        cells=tuple(cells),
        network=network,
        limits={"headroom_V": headroom_V, "settle_s": settle_s},
        notes=(
            f"Network {shape}, weights {network.sha256()[:12]}",
            f"Logic {logic.low_V:g} V / {logic.high_V:g} V, supply ±{rail_V:g} V",
        ),
    )


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
    """Return weights and biases without what has no effect, and every neuron's greatest magnitude.

    Bounds are by interval arithmetic over inputs from 0 to 1, so they hold between the binary
    inputs too; those of the last layer are taken over the binary inputs alone.
    """
    weights, biases, bounds = [], [], []
    reach = [1.0] * len(network.inputs)
    for depth, layer in enumerate(network.layers):
        matrix, offsets, highs = [], [], []
        last = depth == len(network.layers) - 1
        for row, bias in zip(layer.weight, layer.bias, strict=True):
            high = bias + sum(max(0.0, w * r) for w, r in zip(row, reach, strict=True))
            low = bias + sum(min(0.0, w * r) for w, r in zip(row, reach, strict=True))
            span = max(abs(high), abs(low))
            floor = _NEGLIGIBLE * span
            matrix.append(
                [w if abs(w * r) > floor else 0.0 for w, r in zip(row, reach, strict=True)]
            )
            offsets.append(bias if abs(bias) > floor else 0.0)
            highs.append(max(0.0, high) if layer.activation == "relu" else span)
        if last:
            answers = [
                network.forward([float(case >> i & 1) for i in range(len(network.inputs))])
                for case in range(2 ** len(network.inputs))
            ]
            highs = [max(abs(answer[j]) for answer in answers) for j in range(layer.width)]
        weights.append(matrix)
        biases.append(offsets)
        bounds.append(highs)
        reach = highs
    return weights, biases, bounds


def _inverter(source: _Source, layer: int) -> SummingNeuron:
    """Return the cell that makes the other polarity of a source with two equal resistors."""
    ohm = 20e3
    return SummingNeuron(
        source.inverse,
        f"Inverter {source.inverse}",
        output=source.inverse,
        inputs={source.net: ohm},
        feedback_ohm=ohm,
        formula=f"{source.inverse} = -{source.net}",
        layer=layer,
    )


def _neuron(
    net: str,
    network: Network,
    depth: int,
    weights: Sequence[float],
    bias: float,
    sources: Sequence[_Source],
    reference: _Source,
    scale: float,
    polarity: int,
    rectified: bool,
) -> SummingNeuron:
    """Return the summer of one neuron, its resistors chosen from the catalogue's series."""
    gains: dict[str, float] = {}
    for source, weight in zip(sources, weights, strict=True):
        if weight and source.max_V:
            wanted = -polarity * int(math.copysign(1, weight))
            key = source.net if wanted == source.polarity else source.inverse
            gains[key] = abs(weight) * scale / source.volts_per_unit
    if bias:
        wanted = -polarity * int(math.copysign(1, bias))
        key = reference.net if wanted == reference.polarity else reference.inverse
        gains[key] = abs(bias) * scale / reference.volts_per_unit
    if not gains:
        raise CircuitRefused(f"{net} depends on nothing", mend="leave that output out")
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
            where=net,
            allowed=error.allowed,
            mend="train with weight decay, so that weights differ less",
        ) from None
    inputs = dict(zip(gains, ohms, strict=True))
    rectifier: Rectifier = "none"
    if rectified:
        rectifier = "positive" if polarity > 0 else "negative"
    terms = " ".join(f"- {feedback_ohm / ohm:.3f} {key}" for key, ohm in inputs.items())
    bound = {"positive": "max(0, {})", "negative": "min(0, {})", "none": "{}"}[rectifier]
    last = depth == len(network.layers) - 1
    return SummingNeuron(
        net,
        f"{'Output' if last else 'Hidden'} neuron {net}",
        output=net,
        inputs=inputs,
        feedback_ohm=feedback_ohm,
        rectifier=rectifier,
        amplifier=_AMPLIFIER,
        formula=f"{net} = {bound.format(terms.replace('- ', '-', 1))}",
        layer=2 * depth + 2,
    )


def _series_resistor(
    cells: Sequence[SummingNeuron], reference_V: float, rail_V: float, name: str
) -> float:
    """Return the reference's series resistor: the largest that carries load and reference."""
    limits = part_type(_REFERENCE).limits
    resistor = part_type("resistor")
    load_A = sum(reference_V / cell.inputs[_REFERENCE_NET] for cell in cells if _REFERENCE_NET in cell.inputs)
    spare_V = rail_V * (1 - RAIL_TOLERANCE) - reference_V
    most_ohm = spare_V / (load_A + _REFERENCE_KEEPS_A) / (1 + (resistor.tolerance or 0.0))
    fitting = values(resistor.series or "E96", 100.0, most_ohm) if most_ohm > 100.0 else ()
    # Unloaded, a virtual ground's resistor still draws its current: the load is always there.
    greatest_A = (rail_V * (1 + RAIL_TOLERANCE) - reference_V) / fitting[-1] if fitting else math.inf
    power_W = greatest_A**2 * fitting[-1] if fitting else math.inf
    if greatest_A > limits["max_A"] or power_W > resistor.limits["max_W"] / 2:
        raise CircuitRefused(
            f"the biases take {load_A * 1e3:.1f} mA from the reference",
            where=f"{name}, {_REFERENCE_NET}",
            mend="train with smaller biases",
        )
    return fitting[-1]


def _check_limits(
    cells: Sequence[SummingNeuron],
    network: Network,
    kind: PartType,
    logic: Logic,
    headroom_V: float,
    name: str,
) -> float:
    """Refuse what the amplifiers, resistors or fixture can't do; return the settling time, s.

    Ref: Texas Instruments SLOS080, TL074 datasheet (bias current, slew rate, GBW, output current);
    the time to settle is slewing through the headroom plus a first-order step at ``GBW / noise
    gain``, summed along the longest path.
    """
    limits = kind.limits
    drawn_A: dict[str, float] = {}
    for cell in cells:
        for net, ohm in cell.inputs.items():
            drawn_A[net] = drawn_A.get(net, 0.0) + 1.0 / ohm
    for net in network.inputs:
        current_A = logic.high_V * drawn_A.get(net, 0.0)
        if current_A > _INPUT_MAX_A:
            raise CircuitRefused(
                f"draws {current_A * 1e3:.1f} mA",
                where=f"{name}, {net}",
                allowed=f"up to {_INPUT_MAX_A * 1e3:g} mA from the fixture",
                mend="train with smaller weights",
            )
    resistor_W = part_type("resistor").limits["max_W"]
    arrival_s: dict[str, float] = {}
    for cell in cells:
        current_A = headroom_V * (drawn_A.get(cell.output, 0.0) + 1.0 / cell.feedback_ohm)
        if current_A > limits["output_A"]:
            raise CircuitRefused(
                f"must deliver {current_A * 1e3:.1f} mA",
                where=f"{name}, {cell.output}",
                allowed=f"up to {limits['output_A'] * 1e3:g} mA from a {kind.value}",
                mend="train with weight decay, or split the layer",
            )
        error_V = limits["bias_A"] * cell.feedback_ohm
        offset_V = limits["offset_V"] * cell.noise_gain()
        margin_V = (logic.threshold_high_V - logic.threshold_low_V) / 2
        if error_V > _BIAS_ERROR_V or offset_V > margin_V:
            raise CircuitRefused(
                f"an offset of {limits['offset_V'] * 1e3:g} mV becomes {offset_V:.2f} V",
                where=f"{name}, {cell.output}",
                allowed=f"up to {margin_V:.2f} V",
                mend="train with smaller weights",
            )
        least_ohm = min(cell.inputs.values())
        if headroom_V**2 / least_ohm > resistor_W:
            raise CircuitRefused(
                f"a resistor of {least_ohm:g} ohm would take more than {resistor_W:g} W",
                where=f"{name}, {cell.output}",
                mend="train with smaller weights",
            )
        bandwidth_Hz = limits["gbw_Hz"] / cell.noise_gain()
        step_s = 2 * headroom_V / limits["slew_V_per_s"]
        step_s += _SETTLE_CONSTANTS / (2 * math.pi * bandwidth_Hz)
        before_s = max(arrival_s.get(net, 0.0) for net in cell.inputs)
        arrival_s[cell.output] = before_s + step_s
    settle_s = max(arrival_s.values())
    if settle_s > _SETTLE_MAX_S:
        raise CircuitRefused(
            f"takes {settle_s * 1e3:.1f} ms to settle",
            where=name,
            allowed=f"up to {_SETTLE_MAX_S * 1e3:g} ms",
            mend="use fewer layers",
        )
    return settle_s
