"""Technology ``inverting_summer``: one inverting op-amp summer a neuron on a split supply.

ReLU is a precision rectifier; biases come from a shunt reference on the rail that saves an
inverter. What would not work is refused here, by closed-form limits, before anything is soldered.
"""

from __future__ import annotations

from collections.abc import Sequence

from realnet_hw.board import Board, Logic, Port, Supply
from realnet_hw.cells.cell import Cell
from realnet_hw.cells.connector import Connector
from realnet_hw.cells.neuron import Neuron
from realnet_hw.cells.shunt_reference import ShuntReference
from realnet_hw.cells.supply import SupplyEntry
from realnet_hw.network.network import Network
from realnet_hw.parts.catalogue import part_type
from realnet_hw.technology import limits, margins, rules
from realnet_hw.technology.cases import Answer, Inputs, cases, full_scale_of, look_at
from realnet_hw.technology.scaling import Levels, hidden_V, scaled
from realnet_hw.technology.summers import AMPLIFIER, DIODE, REFERENCE, Source, summers

RAIL_V = 12.0
RAIL_TOLERANCE = 0.05
RAIL_MAX_A = 0.1
LOGIC = Logic(low_V=0.0, high_V=5.0, threshold_low_V=1.5, threshold_high_V=3.5)

_RAILS = ("+12V", "GND", "-12V")
# A value uses up to this share of what the output surely reaches.
_USED = 0.9


def compile_network(
    network: Network,
    name: str,
    title: str,
    *,
    answer: Answer = "level",
    inputs: Inputs = "bits",
    at: Sequence[Sequence[float]] | None = None,
    logic: Logic = LOGIC,
    rail_V: float = RAIL_V,
    resistor: str = "resistor",
) -> Board:
    """Return the board of a network.

    Args:
        network: relu in hidden layers, relu or linear in the last.
        name: the board's name.
        title: one line for people.
        answer: how the outputs are read.
        inputs: what the inputs are.
        at: input vectors that the board is tried with, 0 to 1 each; None for ``cases.points``.
        logic: voltages of 0 (which must be 0 V) and 1.
        rail_V: magnitude of both supply rails.
        resistor: the key in the catalogue of those that make the weights.

    Raises:
        CircuitRefused: the network can't become a circuit that works; says which limit and where.
        InputError: a network or points that are none.
    """
    network.check(name)
    return rules.or_another_answer(
        lambda chosen: _compile(network, name, title, chosen, inputs, at, logic, rail_V, resistor),
        answer,
    )


def _compile(
    network: Network,
    name: str,
    title: str,
    answer: Answer,
    inputs: Inputs,
    at: Sequence[Sequence[float]] | None,
    logic: Logic,
    rail_V: float,
    kind: str,
) -> Board:
    rules.refuse_unsuitable(network, logic, answer)
    points = look_at(at, network, inputs)
    amplifier, diode, resistor = part_type(AMPLIFIER), part_type(DIODE), part_type(kind)
    volts = levels(network, answer, inputs, logic, rail_V)
    ranges, headroom_V, unit_V = volts.ranges, volts.headroom_V, volts.unit_V
    reference, made, missing = summers(
        network,
        ranges,
        points.all,
        logic,
        volts.span_V,
        unit_V,
        kind,
    )
    neurons = [summer.cell for summer in made]
    rules.refuse_shared_nets(rules.owned_nets(_RAILS, network.inputs, neurons, reference.net))
    settle_s = limits.check_summers(
        made,
        network.inputs,
        logic=logic,
        rail_V=_lowest_V(rail_V),
        amplifier=amplifier,
        resistor=resistor,
        diode=diode,
    )
    ports = _ports(network, logic, unit_V, headroom_V)
    asked = cases(network, ports, points.all, answer)
    offset_V = amplifier.limits["offset_V"]
    errors = margins.Errors.of(amplifier, resistor, {cell.output: offset_V for cell in neurons})
    reference_V = (
        reference.polarity * reference.peak_V,
        reference.peak_V * (part_type(REFERENCE).tolerance or 0.0),
    )
    judged = margins.judged(
        asked,
        points,
        lambda volts: margins.outcome(made, volts, {reference.net: reference_V}, errors),
        logic,
        answer,
        unit_V * full_scale_of(network, points.all),
    )
    used = _uses_reference(reference, neurons)
    # Neurons, in even columns, come before inverters, in odd ones: where the fixture runs out of
    # channels, a neuron tells more.
    outputs = [cell.output for cell in sorted(neurons, key=lambda cell: cell.layer % 2)]
    return Board(
        name=name,
        title=title,
        technology="inverting_summer",
        ports=ports,
        supplies=(
            Supply(_RAILS[0], rail_V, RAIL_TOLERANCE, RAIL_MAX_A, 0),
            Supply(_RAILS[2], -rail_V, RAIL_TOLERANCE, RAIL_MAX_A, 0),
        ),
        test_points=rules.test_points(network, [*outputs, *([reference.net] if used else [])]),
        cases=judged.cases,
        logic=logic,
        cells=_cells(network, reference, neurons, rail_V),
        network=network,
        limits={"headroom_V": headroom_V, "settle_s": settle_s},
        notes=rules.notes(
            network,
            logic,
            f"±{rail_V:g} V",
            "; ".join(judged.notes),
            rules.left_out(ranges.left_out + missing, network),
        ),
    )


def levels(
    network: Network,
    answer: Answer,
    inputs: Inputs,
    logic: Logic = LOGIC,
    rail_V: float = RAIL_V,
) -> Levels:
    """Return the voltages of a network's signals; arguments as of :func:`compile_network`."""
    headroom_V = _lowest_V(rail_V) - limits.saturation_V(part_type(AMPLIFIER), 0.0)
    rectified_V = headroom_V - part_type(DIODE).limits["forward_V"]
    ranges = scaled(network, inputs)
    unit_V = logic.high_V
    if answer != "level":
        last_V = rectified_V if network.layers[-1].activation == "relu" else headroom_V
        unit_V = min(unit_V, _USED * last_V / max(1e-9, *ranges.peaks[-1]))
    span_V = min(logic.high_V, rectified_V)
    return Levels(ranges, hidden_V(ranges, span_V), 0.0, unit_V, span_V, headroom_V)


def _lowest_V(rail_V: float) -> float:
    return rail_V * (1 - RAIL_TOLERANCE)


def _ports(network: Network, logic: Logic, unit_V: float, headroom_V: float) -> tuple[Port, ...]:
    high_V = logic.high_V
    return (
        *(Port(net, net, "input", max_V=high_V, unit_V=high_V) for net in network.inputs),
        *(
            Port(net, net, "output", min_V=-headroom_V, max_V=headroom_V, unit_V=unit_V)
            for net in network.outputs
        ),
    )


def _uses_reference(reference: Source, neurons: Sequence[Neuron]) -> bool:
    return any(reference.net in cell.inputs for cell in neurons)


def _cells(
    network: Network, reference: Source, neurons: Sequence[Neuron], rail_V: float
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
        # The load is constant: every bias resistor ends at a virtual ground.
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
