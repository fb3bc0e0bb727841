"""The cells of a board of 555 neurons: where each net comes from, and each block's place.

A layer takes four columns of the page: what starts pulses and makes levels, the monostables, the
sums, and room.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from realnet_hw.cells.buffered_divider import BufferedDivider
from realnet_hw.cells.cell import Cell
from realnet_hw.cells.connector import Connector
from realnet_hw.cells.doubled_reference import DoubledReference
from realnet_hw.cells.level_complement import LevelComplement
from realnet_hw.cells.level_shift import LevelShift
from realnet_hw.cells.output_divider import OutputDivider
from realnet_hw.cells.pull_ups import PullUps
from realnet_hw.cells.supply import SupplyEntry
from realnet_hw.cells.timer_inverter import TimerInverter
from realnet_hw.cells.timer_monostable import Monostable
from realnet_hw.cells.timer_threshold import TimerThreshold
from realnet_hw.cells.timer_trigger_edge import TriggerEdge
from realnet_hw.network.network import Network
from realnet_hw.parts.catalogue import part_type
from realnet_hw.technology import limits
from realnet_hw.technology.timer_margins import RAIL_TOLERANCE, Margins
from realnet_hw.technology.timer_neuron import (
    HIGH_V,
    LOW_V,
    MIDDLE_OHM,
    PULLDOWN_OHM,
    RAIL_V,
    REFERENCE_V,
    SHIFT_OHM,
    Source,
    TimerNeuron,
)
from realnet_hw.technology.timer_parts import (
    AMPLIFIER,
    CAPACITOR,
    DIODE,
    REFERENCE,
    RESISTOR,
    TIMER,
)
from realnet_hw.technology.timer_tasks import NeuronTask

RAIL = "+15V"
TRIGGER, RESET = "TRIG", "RST"
OUTPUT_OHM = (20e3, 10e3)
"""The divider that brings an output to 5 V."""

_REFERENCE_NET = "VREF"
_MIDDLE_NET = "VMID"
# What starts the next pulse. While a timer's output rises, the series resistor keeps what charges
# the capacitor, into the clamp of the next trigger, far below the 15 mA that it may deliver.
_EDGE_CAPACITOR = "capacitor_c0g_1n"
_EDGE_OHM, _EDGE_SERIES_OHM = 100e3, 10e3
# Where pulses meet. What it still gives to the integrator after the last one is less than 20 mV,
# which the laws leave out.
_FILTER = "capacitor_c0g_1n"


@dataclass(frozen=True)
class PlannedNeuron:
    """A neuron with its values and margins.

    Args:
        task: what it is for.
        neuron: its values.
        margins: that they leave.
    """

    task: NeuronTask
    neuron: TimerNeuron
    margins: Margins

    @property
    def name(self) -> str:
        """H1, or the output's."""
        return self.task.name

    @property
    def depth(self) -> int:
        """Of its layer, from 0."""
        return self.task.depth

    @property
    def answer_net(self) -> str:
        """The net of its last timer."""
        return f"{self.name}_OUT"


def board_cells(
    network: Network, planned: Sequence[PlannedNeuron], delays_ohm: Sequence[float]
) -> tuple[Cell, ...]:
    """Return all cells of a board.

    Args:
        network: with the names of inputs and outputs.
        planned: its neurons, from the inputs to the outputs.
        delays_ohm: of the monostables that wait for each layer but the last.

    Raises:
        CircuitRefused: more neurons than the reference can feed.
    """
    # A leading underscore keeps these names apart from the network's.
    depths = len(network.layers)
    cells: list[Cell] = [
        Connector("_inputs", "Inputs", nets=network.inputs, side="left", test_points=True),
        Connector("_control", "Control", nets=(TRIGGER, RESET), side="left", test_points=True),
        SupplyEntry("_supply", "Supply", rails=(RAIL, "GND")),
        PullUps("_control_pull_ups", "Control lines", nets=(TRIGGER, RESET), rail=RAIL),
        _reference(planned),
    ]
    for depth in range(depths):
        mine = [each for each in planned if each.depth == depth]
        cells += _level_cells(mine, depth)
        for each in mine:
            cells += _neuron_cells(each)
        if depth < depths - 1:
            cells += _delay_cells(depth, delays_ohm[depth])
    for each in planned:
        if each.depth == depths - 1:
            cells += _terminal_cells(each)
    cells.append(
        Connector(
            "_outputs", "Outputs", nets=network.outputs, side="right", layer=_column(depths) + 1
        )
    )
    return tuple(cells)


def _column(depth: int) -> int:
    """Return the first of the four columns that a layer takes on the page."""
    return 1 + 4 * depth


def _trigger_net(depth: int) -> str:
    return TRIGGER if depth == 0 else f"{TRIGGER}{depth + 1}"


def _level_net(source: Source) -> str:
    """Return the net that carries a source's level to CONT."""
    if source.is_inverted:
        return f"{source.net}_NOT"
    return f"{source.net}_LEVEL" if source.is_inner else source.net


def _reference(planned: Sequence[PlannedNeuron]) -> DoubledReference:
    """Return the reference of the first layer's thresholds."""
    neurons = [each.neuron for each in planned if not each.neuron.is_inner]
    load_ohm = [each.upper_ohm + each.lower_ohm for each in neurons]
    load_ohm += [sum(MIDDLE_OHM)]
    load_A = sum(REFERENCE_V / ohm for ohm in [*load_ohm, 2 * PULLDOWN_OHM])
    lowest_V = RAIL_V * (1 - RAIL_TOLERANCE)
    limits.refuse_above(
        lowest_V - limits.saturation_V(part_type(AMPLIFIER), load_A),
        REFERENCE_V,
        "must deliver {:.2f} V",
        _REFERENCE_NET,
    )
    return DoubledReference(
        "_reference",
        "Reference of the first layer",
        output=_REFERENCE_NET,
        rail=RAIL,
        series_ohm=limits.series_ohm(
            0.0,
            RAIL_V,
            RAIL_TOLERANCE,
            reference=part_type(REFERENCE),
            resistor=part_type(RESISTOR),
        ),
        gain_ohm=PULLDOWN_OHM,
        reference=REFERENCE,
        amplifier=AMPLIFIER,
        formula=f"{_REFERENCE_NET} = {REFERENCE_V:g} V",
    )


def _sources(planned: Sequence[PlannedNeuron]) -> list[Source]:
    return list(dict.fromkeys(source for each in planned for source in each.neuron.sources))


def _level_cells(planned: Sequence[PlannedNeuron], depth: int) -> Iterator[Cell]:
    """Yield what brings a layer's sources to levels for CONT."""
    place = {"layer": _column(depth), "stage": depth + 1}
    sources = _sources(planned)
    for source in (source for source in sources if source.is_inner):
        carrier = f"{source.net}_OUT"
        if source.is_inverted:
            carrier = f"{source.net}_INV"
            yield _inverter(source.net, depth, _column(depth))
        level = _level_net(source)
        yield LevelShift(
            level,
            f"Level of {carrier}",
            source=carrier,
            output=level,
            resistor_ohm=SHIFT_OHM,
            rail=RAIL,
            amplifier=AMPLIFIER,
            formula=f"{level} = ({carrier} + {RAIL_V:g} V)/3",
            **place,
        )
    inverted = [source for source in sources if source.is_inverted and not source.is_inner]
    if inverted:
        yield BufferedDivider(
            _MIDDLE_NET,
            "Middle of the levels",
            output=_MIDDLE_NET,
            source=_REFERENCE_NET,
            upper_ohm=MIDDLE_OHM[0],
            lower_ohm=MIDDLE_OHM[1],
            amplifier=AMPLIFIER,
            resistor="resistor",
            formula=f"{_MIDDLE_NET} = {(LOW_V + HIGH_V) / 2:g} V",
            **place,
        )
    for source in inverted:
        yield LevelComplement(
            _level_net(source),
            f"Complement of {source.net}",
            source=source.net,
            output=_level_net(source),
            middle=_MIDDLE_NET,
            resistor_ohm=SHIFT_OHM,
            amplifier=AMPLIFIER,
            formula=f"{_level_net(source)} = {LOW_V + HIGH_V:g} V - {source.net}",
            **place,
        )


def _inverter(name: str, depth: int, column: int) -> TimerInverter:
    """Return the timer that makes the complement of a neuron's output."""
    return TimerInverter(
        f"{name}_INV",
        f"Complement of {name}_OUT",
        source=f"{name}_OUT",
        output=f"{name}_INV",
        reset=RESET,
        timer=TIMER,
        rail=RAIL,
        layer=column,
        stage=depth + 1,
    )


def _neuron_cells(planned: PlannedNeuron) -> Iterator[Cell]:
    """Yield a neuron's threshold, its monostables and what triggers them, and the last timer."""
    name, neuron, depth = planned.name, planned.neuron, planned.depth
    stage, column = depth + 1, _column(depth)
    threshold = f"{name}_V3"
    yield BufferedDivider(
        threshold,
        f"Threshold of {name}",
        output=threshold,
        source=RAIL if neuron.is_inner else _REFERENCE_NET,
        upper_ohm=neuron.upper_ohm,
        lower_ohm=neuron.lower_ohm,
        amplifier=AMPLIFIER,
        formula=f"{threshold} = {neuron.threshold_V:.2f} V",
        layer=column + 2,
        stage=stage,
    )
    trigger = _trigger_net(depth)
    pulses = [f"{name}_P{number}" for number in range(1, len(neuron.ohm) + 1)]
    for number, (pulse, source, ohm) in enumerate(
        zip(pulses, neuron.sources, neuron.ohm, strict=True), 1
    ):
        if number > 1:
            trigger = f"{name}_T{number}"
            yield TriggerEdge(
                trigger,
                f"Start of {pulse}",
                source=pulses[number - 2],
                output=trigger,
                capacitor=_EDGE_CAPACITOR,
                resistor_ohm=_EDGE_OHM,
                series_ohm=_EDGE_SERIES_OHM,
                rail=RAIL,
                diode=DIODE,
                layer=column,
                stage=stage,
            )
        yield Monostable(
            pulse,
            f"{name}: weight of {source.net}",
            output=pulse,
            level=_level_net(source),
            trigger=trigger,
            reset=RESET,
            resistor_ohm=ohm,
            timer=TIMER,
            rail=RAIL,
            capacitor=CAPACITOR,
            formula="t = RC ln(V/(V - CONT))",
            layer=column + 1,
            stage=stage,
        )
    yield TimerThreshold(
        f"{name}_SUM",
        f"{name}: sum and threshold" + (", shows the complement" * planned.task.is_complement),
        output=planned.answer_net,
        pulses=pulses,
        threshold=threshold,
        trigger=_trigger_net(depth),
        reset=RESET,
        integrator_ohm=neuron.integrator_ohm,
        pulldown_ohm=PULLDOWN_OHM,
        filter=_FILTER,
        timer=TIMER,
        rail=RAIL,
        capacitor=CAPACITOR,
        diode=DIODE,
        formula=f"{planned.answer_net} falls above {threshold}",
        layer=column + 2,
        stage=stage,
    )


def _terminal_cells(planned: PlannedNeuron) -> Iterator[Cell]:
    """Yield what brings an output to its terminal."""
    name, column = planned.name, _column(planned.depth + 1)
    carrier = planned.answer_net
    if planned.task.is_complement:
        carrier = f"{name}_INV"
        yield _inverter(name, planned.depth, column)
    yield OutputDivider(
        f"{name}_TERMINAL",
        f"Output {name}",
        source=carrier,
        output=name,
        upper_ohm=OUTPUT_OHM[0],
        lower_ohm=OUTPUT_OHM[1],
        formula=f"{name} = {carrier}/3",
        layer=column,
        stage=planned.depth + 1,
    )


def _delay_cells(depth: int, ohm: float) -> Iterator[Cell]:
    """Yield the monostable that outlasts a layer's pulses, and what its end triggers."""
    wait, column, stage = f"WAIT{depth + 1}", _column(depth), depth + 1
    yield Monostable(
        wait,
        f"Wait for layer {depth + 1}",
        output=wait,
        level="",
        trigger=_trigger_net(depth),
        reset=RESET,
        resistor_ohm=ohm,
        timer=TIMER,
        rail=RAIL,
        capacitor=CAPACITOR,
        formula="t = RC ln 3",
        layer=column + 1,
        stage=stage,
    )
    trigger = _trigger_net(depth + 1)
    yield TriggerEdge(
        trigger,
        f"Start of layer {depth + 2}",
        source=wait,
        output=trigger,
        capacitor=_EDGE_CAPACITOR,
        resistor_ohm=_EDGE_OHM,
        series_ohm=_EDGE_SERIES_OHM,
        rail=RAIL,
        diode=DIODE,
        layer=column + 2,
        stage=stage,
    )
