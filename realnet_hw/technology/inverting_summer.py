"""Technology ``inverting_summer``: one inverting op-amp summer a neuron on a split supply.

ReLU is a precision rectifier; biases come from a shunt reference on the rail that saves an
inverter. What would not work is refused here, by closed-form limits, before anything is soldered.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from realnet_hw.board import Board, Logic, Port, Supply, TestPoint
from realnet_hw.cells.cell import Cell
from realnet_hw.cells.connector import Connector
from realnet_hw.cells.shunt_reference import ShuntReference
from realnet_hw.cells.summing_neuron import SummingNeuron
from realnet_hw.cells.supply import SupplyEntry
from realnet_hw.errors import CircuitRefused
from realnet_hw.network.network import Network
from realnet_hw.parts.catalogue import part_type
from realnet_hw.technology import limits
from realnet_hw.technology.cases import cases, points
from realnet_hw.technology.summers import AMPLIFIER, DIODE, REFERENCE, Source, summers

RAIL_V = 12.0
RAIL_TOLERANCE = 0.05
RAIL_MAX_A = 0.1
LOGIC = Logic(low_V=0.0, high_V=5.0, threshold_low_V=1.5, threshold_high_V=3.5)

_RAILS = ("+12V", "GND", "-12V")
# Nets that the board makes up itself when an amplifier is left over.
_MADE_UP = re.compile(r"u[0-9]+_spare[0-9]+_out")


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
    amplifier, diode, resistor = part_type(AMPLIFIER), part_type(DIODE), part_type("resistor")
    lowest_V = rail_V * (1 - RAIL_TOLERANCE)
    headroom_V = limits.swing_V(amplifier, lowest_V, 0.0)
    span_V = min(logic.high_V, headroom_V - diode.limits["forward_V"])
    reference, made = summers(network, logic, span_V)
    neurons = [summer.cell for summer in made]
    ports = _ports(network, logic, headroom_V)
    tried = cases(network, ports, points(len(network.inputs)), "level")
    _refuse_shared_nets(network, reference, neurons)
    settle_s = limits.check_summers(
        made,
        network.inputs,
        logic=logic,
        rail_V=lowest_V,
        amplifier=amplifier,
        diode=diode,
        resistor=resistor,
    )
    reference_V = reference.polarity * reference.peak_V
    reference_error_V = reference.peak_V * (part_type(REFERENCE).tolerance or 0.0)
    for case in tried:
        known = {net: (volts, 0.0) for net, volts in case.inputs.items()}
        known[reference.net] = (reference_V, reference_error_V)
        limits.check_margins(
            made, known, case.expected, logic=logic, amplifier=amplifier, resistor=resistor
        )
    return Board(
        name=name,
        title=title,
        technology="inverting_summer",
        ports=ports,
        supplies=(
            Supply(_RAILS[0], rail_V, RAIL_TOLERANCE, RAIL_MAX_A, 0),
            Supply(_RAILS[2], -rail_V, RAIL_TOLERANCE, RAIL_MAX_A, 0),
        ),
        test_points=_test_points(network, reference, neurons),
        cases=tried,
        logic=logic,
        cells=_cells(network, reference, neurons, rail_V),
        network=network,
        limits={"headroom_V": headroom_V, "settle_s": settle_s},
        notes=(
            f"Network {'-'.join(map(str, network.shape))}, weights {network.sha256()[:12]}",
            f"Logic {logic.low_V:g} V / {logic.high_V:g} V, supply ±{rail_V:g} V",
            *_left_out(network, neurons),
        ),
    )


def _ports(network: Network, logic: Logic, headroom_V: float) -> tuple[Port, ...]:
    unit_V = logic.high_V
    return (
        *(Port(net, net, "input", max_V=unit_V, unit_V=unit_V) for net in network.inputs),
        *(
            Port(net, net, "output", min_V=-headroom_V, max_V=headroom_V, unit_V=unit_V)
            for net in network.outputs
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


def _refuse_shared_nets(
    network: Network, reference: Source, neurons: Sequence[SummingNeuron]
) -> None:
    """Refuse names that would join two sources: a net is what everything else agrees on."""
    owners = [
        *((net, "a supply rail") for net in _RAILS),
        (reference.net, "the bias reference"),
        *((net, "an input") for net in network.inputs),
        *itertools.chain.from_iterable(
            ((cell.output, cell.title), *((net, cell.title) for net in cell.inner_nets))
            for cell in neurons
        ),
    ]
    seen: dict[str, str] = {}
    for net, owner in owners:
        other = seen.setdefault(net.casefold(), owner)
        if other is not owner or _MADE_UP.fullmatch(net.casefold()):
            raise CircuitRefused(
                f"{net} would name a net of {owner} and of {other}"
                if other is not owner
                else f"{net} is a name that the board keeps for itself",
                mend="give that input or output of the network another name",
            )


def _left_out(network: Network, neurons: Sequence[SummingNeuron]) -> tuple[str, ...]:
    """Say how many weights have no resistor: too weak to matter, or of a neuron never on."""
    given = sum(
        sum(weight != 0.0 for weight in (*bias, *itertools.chain.from_iterable(rows)))
        for rows, bias in ((layer.weight, layer.bias) for layer in network.layers)
    )
    made = sum(len(cell.inputs) for cell in neurons if cell.layer % 2 == 0)
    return (f"{given - made} of {given} weights have no effect: left out",) if made < given else ()


def _uses_reference(reference: Source, neurons: Sequence[SummingNeuron]) -> bool:
    return any(reference.net in cell.inputs for cell in neurons)


def _test_points(
    network: Network, reference: Source, neurons: Sequence[SummingNeuron]
) -> tuple[TestPoint, ...]:
    """Return every summer's output that is no port, and the reference.

    Neurons, in even columns, come before inverters, in odd ones: where the fixture runs out of
    channels, a neuron tells more.
    """
    ordered = sorted(neurons, key=lambda cell: cell.layer % 2)
    nets = [cell.output for cell in ordered if cell.output not in network.outputs]
    if _uses_reference(reference, neurons):
        nets.append(reference.net)
    return tuple(TestPoint(net, net) for net in nets)


def _cells(
    network: Network, reference: Source, neurons: Sequence[SummingNeuron], rail_V: float
) -> tuple[Cell, ...]:
    # A leading underscore keeps these names apart from the network's.
    cells: list[Cell] = [
        Connector("_inputs", "Inputs", nets=network.inputs, side="left", test_points=True),
        SupplyEntry("_supply", "Supply", rails=_RAILS),
    ]
    if _uses_reference(reference, neurons):
        load_A = sum(
            reference.peak_V / cell.inputs[reference.net]
            for cell in neurons
            if reference.net in cell.inputs
        )
        series_ohm = limits.series_ohm(
            load_A,
            rail_V,
            RAIL_TOLERANCE,
            reference=part_type(REFERENCE),
            resistor=part_type("resistor"),
        )
        cells.append(
            ShuntReference(
                "_reference",
                "Bias reference",
                output=reference.net,
                rail=_RAILS[0] if reference.polarity > 0 else _RAILS[2],
                series_ohm=series_ohm,
                formula=f"{reference.net} = {reference.polarity * reference.peak_V:g} V",
            )
        )
    last = max(cell.layer for cell in neurons) + 1
    outputs = Connector("_outputs", "Outputs", nets=network.outputs, side="right", layer=last)
    return (*cells, *neurons, outputs)
