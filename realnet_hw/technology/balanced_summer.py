"""Technology ``balanced_summer``: one rail-to-rail op-amp a neuron on a single 5 V supply.

A balanced adder-subtractor takes weights of either sign; its lower rail is the ReLU, so there are
neither inverters nor diodes. What would not work is refused here, before anything is soldered.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from realnet_hw.board import Board, Logic, Port, Supply
from realnet_hw.cells.buffered_reference import BufferedReference
from realnet_hw.cells.cell import Cell
from realnet_hw.cells.connector import Connector
from realnet_hw.cells.supply import SupplyEntry
from realnet_hw.network.network import Network
from realnet_hw.parts.catalogue import PartType, part_type
from realnet_hw.technology import limits, margins, rules
from realnet_hw.technology.balanced_neurons import (
    AMPLIFIER,
    REFERENCE,
    REFERENCE_NET,
    Output,
    balanced_neurons,
)
from realnet_hw.technology.cases import Answer, Inputs, cases, full_scale_of, look_at
from realnet_hw.technology.scaling import Levels, Scaled, hidden_V, scaled
from realnet_hw.technology.summer import Summer

RAIL_V = 5.0
RAIL_TOLERANCE = 0.05
RAIL_MAX_A = 0.1
LOGIC = Logic(low_V=0.0, high_V=2.5, threshold_low_V=0.75, threshold_high_V=1.75)

_RAILS = ("+5V", "GND")
# Hidden signals and values use up to this share of what the outputs surely reach.
_USED = 0.9
_LOWEST_V = RAIL_V * (1 - RAIL_TOLERANCE)


def compile_network(
    network: Network,
    name: str,
    title: str,
    *,
    answer: Answer = "level",
    inputs: Inputs = "bits",
    at: Sequence[Sequence[float]] | None = None,
    logic: Logic = LOGIC,
    resistor: str = "resistor",
) -> Board:
    """Return the board of a network.

    Args:
        network: relu in hidden layers, relu or linear in the last.
        name: the board's name.
        title: one line for people.
        answer: how the outputs are read. As levels, they show 0 V for what is negative; otherwise
            outputs that may be negative ride on the reference.
        inputs: what the inputs are.
        at: input vectors that the board is tried with, 0 to 1 each; None for ``cases.points``.
        logic: voltages of 0 (which must be 0 V) and 1.
        resistor: the key in the catalogue of those that make the weights.

    Raises:
        CircuitRefused: the network can't become a circuit that works; says which limit and where.
        InputError: a network or points that are none.
    """
    network.check(name)
    return rules.or_another_answer(
        lambda chosen: _compile(network, name, title, chosen, inputs, at, logic, resistor), answer
    )


def _compile(
    network: Network,
    name: str,
    title: str,
    answer: Answer,
    inputs: Inputs,
    at: Sequence[Sequence[float]] | None,
    logic: Logic,
    kind: str,
) -> Board:
    rules.refuse_unsuitable(network, logic, answer)
    points = look_at(at, network, inputs)
    amplifier, resistor = part_type(AMPLIFIER), part_type(kind)
    volts = levels(network, answer, inputs, logic)
    ranges, headroom_V = volts.ranges, volts.headroom_V
    output = Output(volts.zero_V, volts.unit_V)
    made, missing = balanced_neurons(network, ranges, points.all, logic, volts.span_V, output, kind)
    neurons = [summer.cell for summer in made]
    used = any(REFERENCE_NET in cell.inputs for cell in neurons)
    rules.refuse_shared_nets(
        rules.owned_nets(_RAILS, network.inputs, neurons, REFERENCE_NET, f"{REFERENCE_NET}_SHUNT")
    )
    node_V = max(logic.high_V, *(summer.peak_V for summer in made))
    settle_s = limits.check_summers(
        made,
        network.inputs,
        logic=logic,
        rail_V=_LOWEST_V,
        amplifier=amplifier,
        resistor=resistor,
        node_V=node_V,
    )
    loads_S = limits.load_S(made)
    reference_V = part_type(REFERENCE).limits["volts"]
    limits.refuse_above(
        amplifier.limits["output_A"],
        max(reference_V, node_V - reference_V) * loads_S.get(REFERENCE_NET, 0.0),
        "must deliver {:.2g} A",
        REFERENCE_NET,
    )
    ports = _ports(network, logic, output, headroom_V)
    asked = cases(network, ports, points.all, answer)
    judged = margins.judged(
        asked,
        points,
        lambda volts: _outcome(made, volts, node_V, loads_S, resistor),
        logic,
        answer,
        output.unit_V * full_scale_of(network, points.all),
    )
    outputs = [cell.output for cell in neurons]
    return Board(
        name=name,
        title=title,
        technology="balanced_summer",
        ports=ports,
        supplies=(Supply(_RAILS[0], RAIL_V, RAIL_TOLERANCE, RAIL_MAX_A, 0),),
        test_points=rules.test_points(network, [*outputs, *([REFERENCE_NET] if used else [])]),
        cases=judged.cases,
        logic=logic,
        cells=_cells(network, made, used),
        network=network,
        limits={"headroom_V": headroom_V, "settle_s": settle_s},
        notes=rules.notes(
            network,
            logic,
            f"{RAIL_V:g} V"
            + (
                f"; outputs {output.zero_V:g} V at 0, plus {output.unit_V:.3g} V a unit"
                if output != Output(logic.low_V, logic.high_V)
                else ""
            ),
            "; ".join(judged.notes),
            rules.left_out(ranges.left_out + missing, network),
        ),
    )


def levels(network: Network, answer: Answer, inputs: Inputs, logic: Logic = LOGIC) -> Levels:
    """Return the voltages of a network's signals; arguments as of :func:`compile_network`."""
    headroom_V = _LOWEST_V - limits.saturation_V(part_type(AMPLIFIER), 0.0)
    span_V = _USED * headroom_V
    ranges = scaled(network, inputs)
    output = _output(ranges, logic, span_V, answer)
    return Levels(
        ranges, hidden_V(ranges, span_V), output.zero_V, output.unit_V, span_V, headroom_V
    )


def _output(ranges: Scaled, logic: Logic, span_V: float, answer: Answer) -> Output:
    """Return the outputs' voltages: as at the inputs where that fits, else what fits the rails."""
    if answer == "level":
        return Output(logic.low_V, logic.high_V)
    least, greatest = min(ranges.least), max(1e-9, *ranges.greatest)
    if least >= 0:
        return Output(0.0, min(logic.high_V, span_V / greatest))
    reference_V = part_type(REFERENCE).limits["volts"]
    fits_V = min((span_V - reference_V) / greatest, _USED * reference_V / -least)
    return Output(reference_V, min(logic.high_V, fits_V))


def _outcome(
    made: Sequence[Summer],
    inputs: Sequence[Mapping[str, float]],
    node_V: float,
    loads_S: dict[str, float],
    resistor: PartType,
) -> margins.Outcome:
    """Return what the circuit shows for each set of input voltages."""
    amplifier, reference = part_type(AMPLIFIER), part_type(REFERENCE)
    idle_V = {}
    for cell in (summer.cell for summer in made):
        sunk_A = node_V * (loads_S.get(cell.output, 0.0) + 1.0 / cell.feedback_ohm)
        idle_V[cell.output] = limits.saturation_V(amplifier, sunk_A)
    errors = margins.Errors.of(amplifier, resistor, idle_V)
    volts = reference.limits["volts"]
    # The reference itself and the offset of the amplifier that follows it.
    known = {
        REFERENCE_NET: (
            volts,
            math.hypot(volts * (reference.tolerance or 0.0), amplifier.limits["offset_V"]),
        )
    }
    return margins.outcome(made, inputs, known, errors)


def _ports(network: Network, logic: Logic, output: Output, headroom_V: float) -> tuple[Port, ...]:
    high_V = logic.high_V
    return (
        *(Port(net, net, "input", max_V=high_V, unit_V=high_V) for net in network.inputs),
        *(
            Port(
                net,
                net,
                "output",
                min_V=0.0,
                max_V=headroom_V,
                zero_V=output.zero_V,
                unit_V=output.unit_V,
            )
            for net in network.outputs
        ),
    )


def _cells(network: Network, made: Sequence[Summer], used: bool) -> tuple[Cell, ...]:
    # A leading underscore keeps these names apart from the network's.
    cells: list[Cell] = [
        Connector("_inputs", "Inputs", nets=network.inputs, side="left", test_points=True),
        SupplyEntry("_supply", "Supply", rails=_RAILS),
        *(summer.cell for summer in made),
    ]
    if used:
        reference = part_type(REFERENCE)
        # The amplifier behind it carries the load.
        series_ohm = limits.series_ohm(
            0.0, RAIL_V, RAIL_TOLERANCE, reference=reference, resistor=part_type("resistor")
        )
        cells.append(
            BufferedReference(
                "_reference",
                "Bias reference",
                output=REFERENCE_NET,
                rail=_RAILS[0],
                series_ohm=series_ohm,
                reference=REFERENCE,
                amplifier=AMPLIFIER,
                formula=f"{REFERENCE_NET} = {reference.limits['volts']:g} V",
            )
        )
    last = max(summer.cell.layer for summer in made) + 1
    cells.append(Connector("_outputs", "Outputs", nets=network.outputs, side="right", layer=last))
    return tuple(cells)
