"""Technology ``array_2t1c``: a resistive network of transistors whose weights are charges.

Rows are the inputs, their inverses and a bias of either sign; a synapse is a transistor between a
row and a column, and a network's sign comes from which of two rows conducts more. Hidden columns
have a diode to ground, in turn of either polarity; each output is the difference of two columns.

Ref: B. Scellier, Y. Bengio, "Equilibrium Propagation", Front. Comput. Neurosci. 11:24 (2017);
J. Kendall et al., "Training End-to-End Analog Neural Networks with Equilibrium Propagation",
arXiv 2006.01981 (2020).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from realnet_hw.board import Board, Case, Logic, Port, Supply, Synapse, Synapses, TestPoint
from realnet_hw.cells.buffered_divider import BufferedDivider
from realnet_hw.cells.buffered_input import BufferedInput
from realnet_hw.cells.cell import Cell
from realnet_hw.cells.clamped_line import ClampedLine
from realnet_hw.cells.connector import SIGNALS_MAX, Connector
from realnet_hw.cells.pulse_limit import PulseLimit
from realnet_hw.cells.rail_clamp import RailClamp
from realnet_hw.cells.sensed_node import SensedNode
from realnet_hw.cells.shunt_reference import ShuntReference
from realnet_hw.cells.stacked_reference import StackedReference
from realnet_hw.cells.summing_neuron import SummingNeuron
from realnet_hw.cells.supply import SupplyEntry
from realnet_hw.cells.supply_clamp import SupplyClamp
from realnet_hw.cells.synapse_array import SynapseArray, Write, store_net
from realnet_hw.cells.word_line_driver import WordLineDriver
from realnet_hw.errors import CircuitRefused
from realnet_hw.preferred_values import values

RAIL_V = 12.0
RAIL_TOLERANCE = 0.05
RAIL_MAX_A = 0.2
X_MAX_V = 1.0
"""What an input row may carry: beyond it the transistors are less and less like resistors."""
NUDGE_ohm = 2e3
"""Between an output column and the voltage that nudges it."""
STORE_MIN_V, STORE_MAX_V = 1.2, 4.2
"""Between which gate voltages a synapse works: below it does not conduct, above it can't be written
in one pulse, for the word line is only 7.5 V high."""
WRITE_s = 50e-6
"""How long a word line is high to write its capacitors."""

PULSE_LIMIT_s = 200e-6
"""After what time the board closes its word lines by itself, if a line is still high."""
COLUMNS_MAX = 8
"""A row's amplifier feeds at most 2.6 mA into each column, so 21 mA: less than the 26 mA at which
it typically stops, but from two columns on more than the 5 mA that its datasheet guarantees."""
LINES_MAX = 96
"""Beyond it one high line could not be told from the comparator's offset and bias currents."""

_POSITIVE, _NEGATIVE, _REFERENCE, _THRESHOLD, _LINES = "VDD", "VSS", "VREF", "VTH", "LINES"
_POSITIVE_V, _REFERENCE_V = 7.5, 5.0
_LOGIC_V = 5.0
_DATA_LINES = 2
_WORD_UP_ohm, _LINE_DOWN_ohm, _SUM_ohm = 47.5e3, 100e3, 10e3
_STORE_F = 1e-9


@dataclass(frozen=True)
class Shape:
    """How large a network is: inputs, hidden columns (0 for none), outputs.

    ``rows`` are ``2 inputs + 2``, an output has two columns.
    """

    inputs: int
    hidden: int
    outputs: int

    @property
    def rows(self) -> tuple[str, ...]:
        """The nets of the first layer's rows."""
        names = [f"X{i}" for i in range(1, self.inputs + 1)]
        return tuple(itertools.chain(*((x, f"{x}N") for x in [*names, "B"])))

    @property
    def hidden_columns(self) -> tuple[str, ...]:
        """The nets of the hidden columns."""
        return tuple(f"H{i}" for i in range(1, self.hidden + 1))

    @property
    def output_columns(self) -> tuple[str, ...]:
        """The nets of the outputs' columns, in pairs."""
        pairs = ((f"O{i}P", f"O{i}N") for i in range(1, self.outputs + 1))
        return tuple(itertools.chain(*pairs))

    @property
    def layers(self) -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
        """The rows and columns of each array of synapses."""
        if not self.hidden:
            return ((self.rows, self.output_columns),)
        return (
            (self.rows, self.hidden_columns),
            (self.hidden_columns, self.output_columns),
        )


def store_nets(shape: Shape) -> tuple[tuple[str, ...], ...]:
    """Return the nets of the storage capacitors, layer by layer, row after row."""
    return tuple(
        tuple(
            store_net(_array_name(number), row, column)
            for row, column in itertools.product(range(len(rows)), range(len(columns)))
        )
        for number, (rows, columns) in enumerate(shape.layers, 1)
    )


def _array_name(number: int) -> str:
    return f"W{number}"


def array_board(
    name: str,
    title: str,
    shape: Shape,
    *,
    stored_V: Sequence[Sequence[Sequence[float]]],
    cases: Sequence[Mapping[str, float]] = (),
    largest: Sequence[str] = (),
) -> Board:
    """Return the board of a network of synapses.

    Args:
        name: the board's name.
        title: one line for people.
        shape: how large it is.
        stored_V: gate voltages that the bench holds, layer by layer, each rows x columns.
        cases: volts on the inputs X1, X2, ...
        largest: for each case, the output column that should be the greatest.

    Raises:
        CircuitRefused: a gate voltage out of range, weights of
            another shape.
    """
    _refuse(name, shape, stored_V)
    words = itertools.count()
    arrays: list[SynapseArray] = []
    for number, (rows, columns) in enumerate(shape.layers, 1):
        writes = []
        for _ in rows:
            own = [f"WL{next(words)}" for _ in range(0, len(columns), _DATA_LINES)]
            writes.append(
                [
                    Write(own[column // _DATA_LINES], f"D{column % _DATA_LINES + 1}")
                    for column in range(len(columns))
                ]
            )
        arrays.append(
            SynapseArray(
                _array_name(number),
                f"Synapses, layer {number}: {len(rows)} x {len(columns)}",
                rows=rows,
                columns=columns,
                writes=writes,
                layer=2 * number,
            )
        )
    lines = [f"LINE{index}" for index in range(next(words))]
    inputs = [f"X{i}" for i in range(1, shape.inputs + 1)]
    entries = [f"{name}IN" for name in inputs]
    nudges = [f"N{column[1:]}" for column in shape.output_columns]
    data = [f"DATA{line}" for line in range(1, _DATA_LINES + 1)]
    last = arrays[-1].layer + 1
    senses = {f"S{column}": column for column in shape.hidden_columns}
    outputs = {f"Y{column[1:]}": column for column in shape.output_columns}
    sensed = [
        *(
            SensedNode(
                column,
                f"Hidden column {column}",
                node=column,
                sense=sense,
                clamp="high" if index % 2 == 0 else "low",
                layer=3,
            )
            for index, (sense, column) in enumerate(senses.items())
        ),
        *(
            SensedNode(
                column,
                f"Output column {column}",
                node=column,
                sense=sense,
                nudge=nudge,
                nudge_ohm=NUDGE_ohm,
                layer=last,
            )
            for (sense, column), nudge in zip(outputs.items(), nudges, strict=True)
        ),
    ]
    cells: list[Cell] = [
        *_connectors("INPUTS", "Inputs", [*entries, *data, *nudges], "left", 0),
        *_connectors("LINES", "Lines", lines, "left", 0),
        SupplyEntry("SUPPLY", "Supply", rails=("+12V", "GND", "-12V")),
        StackedReference(
            "RAIL",
            "Positive rail of the transistors",
            output=_POSITIVE,
            middle=_REFERENCE,
            rail="+12V",
            series_ohm=_rail_ohm(len(lines)),
            upper="lm4040_2v5",
            lower="lm4040_5v0",
        ),
        ShuntReference(
            "SUBSTRATE",
            "Substrate",
            output=_NEGATIVE,
            rail="-12V",
            series_ohm=4.75e3,
            reference="lm4040_2v5",
        ),
        BufferedDivider(
            "BIAS",
            "Bias",
            output="B",
            source=_REFERENCE,
            upper_ohm=40.2e3,
            lower_ohm=10e3,
            formula="B = 0.2 VREF",
        ),
        *(
            BufferedInput(net, f"Input {row}", source=net, output=row, upper="B", lower="BN")
            for row, net in zip(inputs, entries, strict=True)
        ),
        *(_inverter(row) for row in [*inputs, "B"]),
        *(
            ClampedLine(
                f"D{i}",
                f"Data line D{i}",
                source=net,
                net=f"D{i}",
                upper=_REFERENCE,
                lower="GND",
                series_ohm=2.21e3,
            )
            for i, net in enumerate(data, 1)
        ),
        _pulse_limit(len(lines)),
        *(
            WordLineDriver(
                f"WL{i}",
                f"Word line WL{i}",
                line=net,
                word=f"WL{i}",
                threshold=_THRESHOLD,
                rail=_POSITIVE,
                lines=_LINES,
                pull_up_ohm=_WORD_UP_ohm,
                pull_down_ohm=_LINE_DOWN_ohm,
                layer=1,
            )
            for i, net in enumerate(lines)
        ),
        *arrays,
        *sensed,
        *(
            RailClamp(
                f"{column}_CLAMP",
                f"Clamp of {column}",
                net=column,
                upper="B",
                lower="BN",
                layer=last,
            )
            for column in shape.output_columns
        ),
        *_connectors("SENSES", "Senses", [*senses, *outputs], "right", last + 1),
        SupplyClamp("SUPPLY_CLAMP", "Clamp of the supply", upper="+12V", lower="-12V"),
    ]
    held = {
        net: float(volts)
        for array, layer in zip(arrays, stored_V, strict=True)
        for nets, row in zip(array.stores, layer, strict=True)
        for net, volts in zip(nets, row, strict=True)
    }
    ports_by_word = {f"WL{index}": line for index, line in enumerate(lines)}
    ports_by_data = {f"D{i}": port for i, port in enumerate(data, 1)}
    synapses = tuple(
        tuple(
            tuple(
                Synapse(row, column, store, ports_by_word[write.word], ports_by_data[write.data])
                for column, store, write in zip(columns, stores, writes, strict=True)
            )
            for row, stores, writes in zip(rows, array.stores, array.writes, strict=True)
        )
        for (rows, columns), array in zip(shape.layers, arrays, strict=True)
    )
    return Board(
        name=name,
        title=title,
        technology="array_2t1c",
        ports=(
            *(
                Port(name, net, "input", min_V=-X_MAX_V, max_V=X_MAX_V)
                for name, net in zip(inputs, entries, strict=True)
            ),
            *(Port(net, net, "data", max_V=5.0) for net in data),
            *(Port(net, net, "nudge", min_V=-X_MAX_V, max_V=X_MAX_V) for net in nudges),
            *(Port(net, net, "line", max_V=5.0) for net in lines),
            *(Port(net, net, "output", min_V=-10.5, max_V=10.5) for net in outputs),
        ),
        supplies=(
            Supply("-12V", -RAIL_V, RAIL_TOLERANCE, RAIL_MAX_A, order=0),
            Supply("+12V", RAIL_V, RAIL_TOLERANCE, RAIL_MAX_A, order=1),
        ),
        test_points=tuple(TestPoint(net, net) for net in senses),
        cases=tuple(
            Case(
                inputs=volts,
                expected=dict.fromkeys(outputs),
                largest=f"Y{column[1:]}",
            )
            for volts, column in zip(cases, largest, strict=True)
        ),
        logic=Logic(low_V=-1.0, high_V=1.0, threshold_low_V=-0.1, threshold_high_V=0.1),
        cells=tuple(cells),
        rails={
            "ald1106": (_POSITIVE, _NEGATIVE),
            "lm339": ("+12V", "GND"),
        },
        held_V=held,
        sheets=_sheets(shape),
        synapses=Synapses(
            layers=synapses,
            nudges=dict(zip(shape.output_columns, nudges, strict=True)),
            senses={column: sense for sense, column in (*senses.items(), *outputs.items())},
            sense_gain=sensed[0].gain,
            nudge_ohm=NUDGE_ohm,
            low_V=STORE_MIN_V,
            high_V=STORE_MAX_V,
            write_s=WRITE_s,
        ),
    )


def _sheets(shape: Shape) -> dict[int, str]:
    """Return the names of the schematic's sheets, by the layer of their cells."""
    columns = ("Hidden columns", "Output columns") if shape.hidden else ("Output columns",)
    synapses = {2 * layer: f"Synapses {layer}" for layer in range(1, len(columns) + 1)}
    read = {2 * layer + 1: title for layer, title in enumerate(columns, 1)}
    return {0: "Rows and data", 1: "Word lines", **synapses, **read}


def _rail_ohm(lines: int) -> float:
    """Return the resistor that feeds the rail's references.

    With the supply at its least they must still have a milliampere beside what the word lines'
    pull-ups and the threshold's divider draw.
    """
    load_A = lines * _POSITIVE_V / _WORD_UP_ohm + _POSITIVE_V / 15e3 + 1e-3
    greatest = (RAIL_V * (1 - RAIL_TOLERANCE) - _POSITIVE_V) / load_A
    return values("E96", greatest / 2, greatest)[-1]


def _pulse_limit(lines: int) -> PulseLimit:
    """Return the cell that bounds a pulse: it watches for half of what one high line makes."""
    one_V = _LOGIC_V / _LINE_DOWN_ohm / (lines / _LINE_DOWN_ohm + 1 / _SUM_ohm)
    lower = 1e3
    upper = lower * (2 * _REFERENCE_V / one_V - 1)
    charge = PULSE_LIMIT_s / _STORE_F / math.log(_POSITIVE_V / (_POSITIVE_V - _REFERENCE_V))
    return PulseLimit(
        "LIMIT",
        "Limit of write pulses",
        lines=_LINES,
        threshold=_THRESHOLD,
        reference=_REFERENCE,
        rail=_POSITIVE,
        sum_ohm=_SUM_ohm,
        level_ohm=(values("E96", upper, 2 * upper)[0], lower),
        charge_ohm=values("E96", charge / 2, charge)[-1],
        formula="t = 1.1 R C",
        layer=1,
    )


def _inverter(row: str) -> SummingNeuron:
    return SummingNeuron(
        row,
        f"Inverse of {row}",
        output=f"{row}N",
        inputs={row: 10e3},
        feedback_ohm=10e3,
        formula=f"{row}N = -{row}",
    )


def _connectors(name: str, title: str, nets: Sequence[str], side: str, layer: int) -> list[Cell]:
    """Return as many headers as the signals need."""
    return [
        Connector(
            f"{name}{start // SIGNALS_MAX + 1}",
            title,
            nets=nets[start : start + SIGNALS_MAX],
            side="left" if side == "left" else "right",
            layer=layer,
        )
        for start in range(0, len(nets), SIGNALS_MAX)
    ]


def _refuse(name: str, shape: Shape, stored_V: Sequence[Sequence[Sequence[float]]]) -> None:
    """Refuse what can't be written or driven."""
    wanted = [(len(rows), len(columns)) for rows, columns in shape.layers]
    given = [(len(layer), len(layer[0]) if layer else 0) for layer in stored_V]
    if wanted != given:
        raise CircuitRefused(f"gate voltages of shape {given}", where=name, allowed=str(wanted))
    if len(shape.layers[0][1]) > COLUMNS_MAX:
        raise CircuitRefused(
            f"rows that feed {len(shape.layers[0][1])} columns",
            where=name,
            allowed=f"{COLUMNS_MAX} columns in the first layer",
        )
    lines = sum(len(rows) * -(-len(columns) // _DATA_LINES) for rows, columns in shape.layers)
    if lines > LINES_MAX:
        raise CircuitRefused(f"{lines} word lines", where=name, allowed=f"{LINES_MAX}")
    for volts in itertools.chain(*itertools.chain(*stored_V)):
        if not STORE_MIN_V <= volts <= STORE_MAX_V:
            raise CircuitRefused(
                f"a gate at {volts:g} V",
                where=name,
                allowed=f"{STORE_MIN_V:g} to {STORE_MAX_V:g} V",
            )
