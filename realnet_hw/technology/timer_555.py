"""Technology ``timer_555``: threshold neurons of 555 timers that answer with the widths of pulses.

Inputs are bits, 5 V and 10 V. A weight is a monostable, whose pulse is R C ln 1.5 or R C ln 3 long;
a neuron fires its monostables one after another, joins their pulses with diodes, integrates them,
and compares the sum with a threshold that has the bias and the complements' constants in it. A
layer is triggered by a monostable that outlasts the pulses of the layer before: one trigger and one
reset fire the whole board.

The laws are in ``timer_laws``, the choice of values in ``timer_values``, and what the parts may do
to the margins in ``timer_margins``. A network whose margins tolerances could eat up is refused.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from realnet_hw.board import Board, Firing, Logic, Port, Supply, TestPoint
from realnet_hw.cells.buffered_divider import BufferedDivider
from realnet_hw.cells.cell import Cell
from realnet_hw.cells.connector import SIGNALS_MAX
from realnet_hw.cells.doubled_reference import DoubledReference
from realnet_hw.cells.level_complement import LevelComplement
from realnet_hw.cells.level_shift import LevelShift
from realnet_hw.cells.timer import TimerCell
from realnet_hw.cells.timer_monostable import Monostable
from realnet_hw.cells.timer_threshold import TimerThreshold
from realnet_hw.errors import CircuitRefused
from realnet_hw.network.network import Network
from realnet_hw.technology import rules
from realnet_hw.technology.cases import Answer, Inputs, Points, cases, look_at
from realnet_hw.technology.timer_cells import (
    OUTPUT_OHM,
    RAIL,
    RESET,
    TRIGGER,
    PlannedNeuron,
    board_cells,
)
from realnet_hw.technology.timer_laws import pulse_s
from realnet_hw.technology.timer_margins import RAIL_TOLERANCE
from realnet_hw.technology.timer_neuron import (
    HIGH_V,
    LOW_V,
    RAIL_V,
    TimerNeuron,
)
from realnet_hw.technology.timer_parts import (
    CAPACITOR,
    RESISTOR,
    bound_of,
    capacitor_F,
)
from realnet_hw.technology.timer_tasks import INPUTS_MAX, NeuronTask, neuron_tasks
from realnet_hw.technology.timer_values import (
    chosen,
    delay_bounds,
    delay_ohm,
    refuse_narrow,
    weight_ohms,
)

LOGIC = Logic(low_V=0.0, high_V=5.0, threshold_low_V=1.5, threshold_high_V=3.5)

# Nine times what empties the capacitors that pass edges on, 1 nF at 110 kohm.
_RESET_S = _RECOVER_S = 1e-3
# Shorter than the shortest pulse, 0.4 ms of 10 kohm.
_TRIGGER_S = 1e-4
_SETTLE_S = 2e-3
# What errors of levels and comparators may add to a pulse, beside those of R and C.
_LEVEL_ERROR_V = 0.15
_TIMER_A, _AMPLIFIER_A, _REST_A = 2e-3, 12e-3, 20e-3


def compile_network(
    network: Network,
    name: str,
    title: str,
    *,
    answer: Answer = "level",
    inputs: Inputs = "bits",
    at: Sequence[Sequence[float]] | None = None,
) -> Board:
    """Return the board of a network.

    Args:
        network: of threshold neurons only; any signs, up to 8 inputs.
        name: the board's name.
        title: one line for people.
        answer: "level", which is all that a latch shows.
        inputs: "bits".
        at: input vectors, of bits, that the board is tried with and made for; None for all.

    Raises:
        CircuitRefused: the network can't become a circuit that works; says which limit and where,
            and which weights or tolerance would do.
        InputError: a network or points that are none.
    """
    network.check(name)
    _refuse_unsuitable(network, answer, inputs)
    points = look_at(at, network, "bits")
    tried = points.cases if points.chosen else points.all
    planned = [_plan(task) for task in neuron_tasks(network, tried)]
    longest_s = [
        max(_longest_s(each.neuron) for each in planned if each.depth == depth)
        for depth in range(len(network.layers))
    ]
    delays_ohm = [delay_ohm(each) for each in longest_s[:-1]]
    cells = board_cells(network, planned, delays_ohm)
    rules.refuse_shared_nets(_owners(network, cells))
    ports = _ports(network)
    return Board(
        name=name,
        title=title,
        technology="timer_555",
        ports=ports,
        supplies=(Supply(RAIL, RAIL_V, RAIL_TOLERANCE, _supply_A(cells)),),
        test_points=tuple(_test_points(cells)),
        cases=cases(network, ports, points.cases, "level"),
        logic=LOGIC,
        cells=cells,
        network=network,
        limits={"margin_V": min(float(each.margins.volts.min()) for each in planned)},
        firing=_firing(cells, delays_ohm, longest_s[-1]),
        notes=_notes(network, points, planned),
    )


def _refuse_unsuitable(network: Network, answer: Answer, inputs: Inputs) -> None:
    for number, layer in enumerate(network.layers, 1):
        if layer.activation != "threshold":
            raise CircuitRefused(
                f"layer {number} is {layer.activation}",
                allowed="threshold",
                mend="train with steps, or take a technology of op-amps",
            )
    if inputs != "bits":
        raise CircuitRefused(f"{inputs} inputs", allowed="bits: 5 V and 10 V")
    if answer != "level":
        raise CircuitRefused(f"an answer read as {answer}", allowed="level: outputs are latches")
    if len(network.inputs) > INPUTS_MAX:
        raise CircuitRefused(f"{len(network.inputs)} inputs", allowed=f"up to {INPUTS_MAX}")
    if len(network.outputs) > SIGNALS_MAX:
        raise CircuitRefused(f"{len(network.outputs)} outputs", allowed=f"up to {SIGNALS_MAX}")


def _plan(task: NeuronTask) -> PlannedNeuron:
    neuron = chosen(weight_ohms(task.magnitudes, task.name), task.task)
    return PlannedNeuron(task, neuron, refuse_narrow(neuron, task.task, task.magnitudes, task.name))


def _longest_s(neuron: TimerNeuron) -> float:
    """Return how long a neuron's pulses last together at most, in seconds.

    All levels are high; given from outside, they make longer pulses the lower the rail is.
    """
    rail_V = RAIL_V if neuron.is_inner else RAIL_V * (1 - RAIL_TOLERANCE)
    off = (1 + bound_of(RESISTOR)) * (1 + bound_of(CAPACITOR))
    ohm = sum(neuron.ohm) * off
    return float(pulse_s(ohm, capacitor_F(), HIGH_V + _LEVEL_ERROR_V, rail_V))


def _firing(cells: Sequence[Cell], delays_ohm: Sequence[float], last_s: float) -> Firing:
    _, longest = delay_bounds()
    settled_s = sum(delays_ohm) * longest + last_s + _SETTLE_S
    return Firing(
        reset_s=_RESET_S,
        recover_s=_RECOVER_S,
        trigger_s=_TRIGGER_S,
        read_after_s=math.ceil(settled_s * 1e3) / 1e3,
        thresholds={cell.node: cell.level for cell in cells if isinstance(cell, TimerThreshold)},
    )


def _ports(network: Network) -> tuple[Port, ...]:
    step_V = HIGH_V - LOW_V
    share = OUTPUT_OHM[1] / sum(OUTPUT_OHM)
    highest_V = RAIL_V * (1 + RAIL_TOLERANCE) * share
    return (
        *(
            Port(net, net, "input", max_V=HIGH_V, safe="open", zero_V=LOW_V, unit_V=step_V)
            for net in network.inputs
        ),
        Port(TRIGGER, TRIGGER, "trigger", kind="pulse", max_V=RAIL_V, safe="open"),
        Port(RESET, RESET, "reset", kind="pulse", max_V=RAIL_V, safe="open"),
        *(
            Port(net, net, "output", max_V=highest_V, unit_V=LOGIC.high_V)
            for net in network.outputs
        ),
    )


def _test_points(cells: Sequence[Cell]) -> Iterator[TestPoint]:
    """Yield the pulses, then what keeps its voltage from a firing to the next."""
    for cell in cells:
        if isinstance(cell, Monostable):
            yield TestPoint(cell.output, cell.output, kind="pulse", level_V=RAIL_V / 2)
    for cell in cells:
        if isinstance(cell, DoubledReference | BufferedDivider | LevelShift | LevelComplement):
            yield TestPoint(cell.output, cell.output)


def _notes(network: Network, points: Points, planned: Sequence[PlannedNeuron]) -> tuple[str, ...]:
    nearest = min(planned, key=lambda each: each.margins.sigmas)
    worst = nearest.margins.worst
    return (
        f"Network {'-'.join(map(str, network.shape))}, weights {network.sha256()[:12]}",
        (
            f"Inputs {LOW_V:g} V / {HIGH_V:g} V, outputs {LOGIC.low_V:g} V / {LOGIC.high_V:g} V,"
            f" supply {RAIL_V:g} V"
        ),
        (
            f"Nearest to its threshold: {nearest.name}, by {nearest.margins.volts[worst]:.2f} V;"
            f" tolerances take up to {nearest.margins.needed_V[worst]:.2f} V"
        ),
        *points.coverage(0),
    )


def _supply_A(cells: Sequence[Cell]) -> float:
    """Return what the rail delivers at most, in tenths of amperes."""
    timers = sum(isinstance(cell, TimerCell) for cell in cells)
    packages = math.ceil(sum(len(cell.amplifiers) for cell in cells) / 4)
    return math.ceil(10 * (timers * _TIMER_A + packages * _AMPLIFIER_A + _REST_A)) / 10


def _owners(network: Network, cells: Sequence[Cell]) -> Iterator[tuple[str, str]]:
    """Yield every net with who makes its voltage."""
    yield from ((net, "a supply rail") for net in (RAIL, "GND"))
    yield from ((net, "an input") for net in network.inputs)
    yield from ((net, "the board's control") for net in (TRIGGER, RESET))
    for cell in cells:
        nets = (getattr(cell, "output", ""), *getattr(cell, "inner_nets", ()))
        yield from ((net, cell.title) for net in nets if net)
