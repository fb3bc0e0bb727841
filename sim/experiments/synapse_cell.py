"""What a synapse of the array conducts, how fast it is written and how well it holds.

The board of a network with one input is simulated whole, with its references, its clamps and the
drivers of its word lines, and beside every figure stands what the closed form says. Run it to write
the tables of docs/explanation/learning-array.md, and with a folder its pictures:

    python sim/experiments/synapse_cell.py [FOLDER]
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from realnet_hw.export.deck import Deck, deck_from
from realnet_hw.export.netlist import from_board
from realnet_hw.predict.ngspice import NgspiceEngine
from realnet_hw.technology.array_2t1c import (
    STORE_MAX_V,
    STORE_MIN_V,
    Shape,
    array_board,
    store_nets,
)
from realnet_hw.technology.array_laws import SynapseLaw

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = npt.NDArray[np.float64]

SHAPE = Shape(inputs=1, hidden=0, outputs=1)
STORES_F = (1e-9, 2.2e-9)
PULSES_s = (1e-6, 2e-6, 5e-6, 10e-6, 20e-6, 40e-6, 70e-6, 100e-6)
WRITES_V = (
    (STORE_MIN_V, STORE_MAX_V),
    (STORE_MAX_V, STORE_MIN_V),
    (STORE_MIN_V, 3.0),
    (3.0, 3.1),
)
"""What is held before, and what is written."""
GATES_V = np.arange(1.2, 5.01, 0.2)
REFRESH_s = 1e-2
PULSE_s = 40e-6
_HIGH_V = 5.0
_EDGE_s = 1e-7
_STEP_s = 1e-7
# The smallest conductance that a simulator adds to junctions is as large as what they leak here.
_LEAKS_ALONE = ".options gmin=1e-15"


class Cell:
    """The synapse between the input's row and the output's first column, on its board."""

    def __init__(self) -> None:
        rows, columns = SHAPE.layers[0]
        stored_V = [[[STORE_MIN_V] * len(columns) for _ in rows]]
        board = array_board("cell", "A synapse on its board", SHAPE, stored_V=stored_V)
        self._board = board
        self._engine = NgspiceEngine()
        self._nets = store_nets(SHAPE)[0]
        free = dataclasses.replace(board, held_V={})
        self._free = deck_from(from_board(free), free)
        self.store = self._free.nodes[self._nets[0]]
        self.word = self._free.nodes["WL0"]
        self.column = self._free.nodes[SHAPE.output_columns[0]]
        at_store = [self.store, "0"]
        lines = map(str.split, self._free.elements)
        self._capacitor = next(line[0] for line in lines if line[1:3] == at_store)

    def conductance_S(self, gates_V: Floats, row_V: float) -> Floats:
        """Return the conductance at gate voltages, row and column about one voltage."""
        column = SHAPE.output_columns[0]
        held = dict.fromkeys(self._nets, 0.0) | {column: row_V}
        board = dataclasses.replace(self._board, held_V=held)
        deck = deck_from(from_board(board), board)
        at_column, at_gate = deck.held[column].element, deck.held[self._nets[0]].element
        slope_V = 5e-3
        sets = [
            {deck.inputs["X1"].element: row_V + side * slope_V, at_column: row_V, at_gate: gate}
            for gate in (*map(float, gates_V), -1.0)
            for side in (1, -1)
        ]
        nodes = [f"i({at_column})", deck.nodes["X1"]]
        # The row is a little less than its input, whose clamp begins to conduct there.
        amperes, volts = self._engine.operating_point(deck, sets, nodes).T
        changes_A, changes_V = (each[0::2] - each[1::2] for each in (amperes, volts))
        slopes = changes_A / changes_V
        found: Floats = np.abs(slopes[:-1] - slopes[-1])
        return found

    def waves(
        self,
        lines: Sequence[tuple[float, float]],
        data: Sequence[tuple[float, float]],
        nodes: Sequence[str],
        *,
        store_F: float,
        end_s: float,
        step_s: float = _STEP_s,
        others: Sequence[tuple[float, float]] = ((0.0, 0.0),),
        row: Sequence[tuple[float, float]] = ((0.0, 0.0),),
    ) -> Floats:
        """Return nodes, shape (times, nodes), while lines, data and the input follow waves.

        Args:
            lines: volts of the logic of the cell's word line, by seconds.
            data: of its data line.
            nodes: of the deck.
            store_F: the capacitor.
            end_s, step_s: of the times.
            others: of the logic of the next word line.
            row: of the input.
        """
        deck = self._free
        waves = {"LINE0": lines, "DATA1": data, "LINE1": others}
        for port, points in waves.items():
            deck = deck.with_waveform(deck.writers[port].element, points)
        deck = deck.with_waveform(deck.inputs["X1"].element, row)
        deck = _leaking_alone(deck)
        sets = [{self._capacitor: store_F}]
        found: Floats = self._engine.transient(deck, sets, nodes, end_s=end_s, step_s=step_s)[0]
        return found


def _leaking_alone(deck: Deck) -> Deck:
    return dataclasses.replace(deck, elements=(*deck.elements, _LEAKS_ALONE))


def pulses(*spans: tuple[float, float], high_V: float = _HIGH_V) -> list[tuple[float, float]]:
    """Return a wave that is high in some spans of time, given as start and length."""
    points = [(0.0, 0.0)]
    for start_s, length_s in spans:
        end_s = start_s + length_s
        points += [(start_s, 0.0), (start_s + _EDGE_s, high_V)]
        points += [(end_s, high_V), (end_s + _EDGE_s, 0.0)]
    return points


@dataclass(frozen=True)
class Written:
    """How a voltage was written.

    Args:
        start_V, data_V: held before, and written.
        late_s: from the logic's edge until the word line has risen to 90 %.
        error_V: left so long after that as ``PULSES_s`` say.
        law_V: the same by the closed form.
        injected_V: by how much the voltage moves when the word line falls.
    """

    start_V: float
    data_V: float
    late_s: float
    error_V: Floats
    law_V: Floats
    injected_V: float


def written(cell: Cell, store_F: float, start_V: float, data_V: float) -> Written:
    """Return how one voltage is written over another."""
    first_s, second_s, long_s = 1e-5, 2e-4, 1.5e-4
    lines = pulses((first_s, long_s), (second_s, long_s))
    change_s = first_s + long_s + 2e-5
    data = [(0.0, start_V), (change_s, start_V), (change_s + _EDGE_s, data_V)]
    end_s = second_s + long_s + 2e-5
    found = cell.waves(lines, data, [cell.store, cell.word], store_F=store_F, end_s=end_s)
    volts, word = found.T
    times_s = np.arange(len(volts)) * _STEP_s
    law = SynapseLaw(store_F)
    up = (times_s > second_s) & (word > 0.9 * law.word_V)
    late_s = float(times_s[np.argmax(up)]) - second_s
    pulse_s = np.array(PULSES_s)
    error = np.abs(np.interp(second_s + late_s + pulse_s, times_s, volts) - data_V)
    before_V, last_V, after_V = np.interp([second_s, second_s + long_s, end_s], times_s, volts)
    expected = np.asarray(law.write_error_V(pulse_s, data_V, before_V))
    return Written(start_V, data_V, late_s, error, expected, float(after_V - last_V))


@dataclass(frozen=True)
class Held:
    """How a voltage is held: simulated and by the closed form.

    Args:
        stored_V: what was written.
        droop_V: how far it fell in ``REFRESH_s``.
        law_V: the same by the closed form.
        ripple_V: between highest and lowest value from one refresh to the next, but for the
            pulses, refreshed every ``REFRESH_s``.
        offset_V: the mean there less what was written.
        disturbed_V: by how much more it moved while the next row was written 20 times, from one
            bound to the other, on the same data line.
        followed_V: how it moves when its row moves by a volt.
        coupled_V: the same by the closed form, from how far row and column move.
    """

    stored_V: float
    droop_V: float
    law_V: float
    ripple_V: float
    offset_V: float
    disturbed_V: float
    followed_V: float
    coupled_V: float


def held(cell: Cell, store_F: float, stored_V: float) -> Held:
    """Return how a voltage is held."""
    starts_s = [1e-5, REFRESH_s, 2 * REFRESH_s]
    lines = pulses(*((start, PULSE_s) for start in starts_s))
    steady = [(0.0, stored_V)]
    step_s = 1e-5
    end_s = 3 * REFRESH_s - step_s
    volts = cell.waves(lines, steady, [cell.store], store_F=store_F, end_s=end_s, step_s=step_s)
    whole = volts[:, 0]
    after, before = (round(time / step_s) for time in (REFRESH_s + 1e-4, 2 * REFRESH_s - 1e-5))
    cycle = whole[after:before]
    droop = float(cycle[0] - cycle[-1]) * REFRESH_s / (step_s * (len(cycle) - 1))

    # The next row is written in spans of which a quarter is the pulse.
    span_s, times = 100e-6, 20
    first_s = 1e-4
    spans = [(first_s + span_s * number + span_s / 4, span_s / 4) for number in range(times)]
    moved: list[tuple[float, float]] = [(0.0, stored_V), (first_s - 1e-5, stored_V)]
    for number in range(times):
        volt = (STORE_MIN_V, STORE_MAX_V)[number % 2]
        moved += [(first_s + span_s * number, volt), (first_s + span_s * (number + 0.9), volt)]
    last_s = first_s + span_s * times
    own = pulses((1e-5, PULSE_s))

    def end(data: Sequence[tuple[float, float]], others: Sequence[tuple[float, float]]) -> float:
        found = cell.waves(
            own, data, [cell.store], store_F=store_F, end_s=last_s, step_s=step_s, others=others
        )
        return float(found[-1, 0])

    disturbed = end(moved, pulses(*spans)) - end(steady, [(0.0, 0.0)])
    row = [(0.0, 0.0), (2e-4, 0.0), (2.1e-4, 1.0)]
    nodes = [cell.store, cell.column]
    follows = cell.waves(own, steady, nodes, store_F=store_F, end_s=3e-4, row=row)
    followed, column = follows[round(2.5e-4 / _STEP_s)] - follows[round(1.9e-4 / _STEP_s)]
    law = SynapseLaw(store_F)
    return Held(
        stored_V,
        droop,
        float(law.droop_V(stored_V, REFRESH_s)),
        float(np.ptp(cycle)),
        float(cycle.mean()) - stored_V,
        disturbed,
        float(followed),
        float(law.coupled_V(1.0 + column)),
    )


# ------------------------------------------------------------------------------------------ tables


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def conductance_table(cell: Cell) -> str:
    """Return the conductance by gate voltage, simulated and by the law, as Markdown."""
    gates_V = np.array([1.2, 2.0, 3.0, 4.0, 4.2, 5.0])
    law = SynapseLaw()
    rows = []
    for end_V in (-1.0, 0.0, 1.0):
        found = cell.conductance_S(gates_V, end_V) * 1e6
        expected = np.asarray(law.conductance_S(gates_V, end_V)) * 1e6
        cells = [f"{f:.0f} ({e:.0f})" for f, e in zip(found, expected, strict=True)]
        rows.append([f"{end_V:g} V", *cells])
    return _table(["row and column at", *(f"{gate:g} V" for gate in gates_V)], rows)


def write_table(found: Sequence[tuple[float, Written]]) -> str:
    """Return what is left after pulses, simulated and by the law, in mV, as Markdown."""
    heads = [f"{pulse * 1e6:.0f} µs" for pulse in PULSES_s]
    rows = []
    for store_F, each in found:
        pairs = zip(each.error_V * 1e3, each.law_V * 1e3, strict=True)
        cells = [f"{_short(error)} ({_short(law)})" for error, law in pairs]
        least, greatest = SynapseLaw(store_F).injected_V(each.data_V)
        fall = f"{each.injected_V * 1e3:.1f} ({least * 1e3:.1f} to {greatest * 1e3:.1f})"
        name = f"{store_F * 1e9:g} nF, {each.start_V:g} to {each.data_V:g} V"
        rows.append([name, *cells, fall])
    return _table(["write", *heads, "the word line falls"], rows)


def held_table(found: Sequence[tuple[float, Held]]) -> str:
    """Return how voltages are held, in mV, as Markdown."""
    heads = (
        "held",
        "droop in 10 ms",
        "at 50 °C, by the law",
        "ripple",
        "mean less written",
        "next row written 20 times",
        "row moves by 1 V",
    )
    rows = []
    for store_F, each in found:
        law = SynapseLaw(store_F)
        warm = float(law.droop_V(each.stored_V, REFRESH_s, 50.0))
        rows.append(
            [
                f"{store_F * 1e9:g} nF, {each.stored_V:g} V",
                f"{each.droop_V * 1e3:.2f} ({each.law_V * 1e3:.2f})",
                f"{warm * 1e3:.2f}",
                f"{each.ripple_V * 1e3:.2f}",
                f"{each.offset_V * 1e3:.2f}",
                f"{abs(each.disturbed_V) * 1e3:.3f}",
                f"{each.followed_V * 1e3:.2f} ({each.coupled_V * 1e3:.2f})",
            ]
        )
    return _table(heads, rows)


def _short(millivolts: float) -> str:
    if millivolts < 0.1:
        return "< 0.1"
    return f"{millivolts:.0f}" if millivolts >= 100 else f"{millivolts:.3g}"


# ---------------------------------------------------------------------------------------- pictures


def conductance_picture(cell: Cell) -> Figure:
    """Draw the conductance against the gate voltage: dots simulated, lines by the law."""
    figure, axes = _empty("gate voltage, V", "conductance, mS")
    gates_V = GATES_V
    for end_V in (-1.0, 0.0, 1.0):
        law = np.asarray(SynapseLaw().conductance_S(gates_V, end_V))
        (line,) = axes.plot(gates_V, law * 1e3, label=f"row at {end_V:g} V")
        found = cell.conductance_S(gates_V, end_V)
        axes.plot(gates_V, found * 1e3, "o", markersize=3, color=line.get_color())
    axes.legend(frameon=False)
    return figure


def write_picture(found: Sequence[tuple[float, Written]]) -> Figure:
    """Draw what is left against the pulse's width: dots simulated, lines by the law."""
    figure, axes = _empty("word line high, µs", "error left, mV")
    pulse_s = np.geomspace(PULSES_s[0], PULSES_s[-1], 100)
    from_bound_to_bound = [pair for pair in found if abs(pair[1].data_V - pair[1].start_V) > 2.5]
    for store_F, each in from_bound_to_bound:
        law = SynapseLaw(store_F).write_error_V(pulse_s, each.data_V, each.start_V)
        label = f"{store_F * 1e9:g} nF, {each.start_V:g} to {each.data_V:g} V"
        (line,) = axes.plot(pulse_s * 1e6, np.asarray(law) * 1e3, label=label)
        axes.plot(
            np.array(PULSES_s) * 1e6,
            each.error_V * 1e3,
            "o",
            markersize=3,
            color=line.get_color(),
        )
    axes.set(xscale="log", yscale="log", ylim=(0.05, 4e3))
    axes.legend(frameon=False)
    return figure


def refresh_picture(cell: Cell) -> Figure:
    """Draw a held voltage through three refreshes."""
    figure, axes = _empty("time, ms", "held less written, mV")
    stored_V, step_s = 3.0, 1e-5
    lines = pulses((1e-5, PULSE_s), (REFRESH_s, PULSE_s), (2 * REFRESH_s, PULSE_s))
    for store_F in STORES_F:
        volts = cell.waves(
            lines,
            [(0.0, stored_V)],
            [cell.store],
            store_F=store_F,
            end_s=2.5 * REFRESH_s,
            step_s=step_s,
        )[10:, 0]
        times_ms = (np.arange(len(volts)) + 10) * step_s * 1e3
        axes.plot(times_ms, (volts - stored_V) * 1e3, label=f"{store_F * 1e9:g} nF")
    axes.legend(frameon=False)
    return figure


def _empty(across: str, up: str) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure as NewFigure

    figure = NewFigure(figsize=(5.0, 3.2), layout="constrained")
    axes = figure.subplots()
    axes.set(xlabel=across, ylabel=up)
    axes.grid(alpha=0.3)
    return figure, axes


def main(folder: Path | None) -> None:
    """Print the tables, and draw into the folder if there is one."""
    cell = Cell()
    writes = [
        (store_F, written(cell, store_F, start_V, data_V))
        for store_F in STORES_F
        for start_V, data_V in WRITES_V
    ]
    holds = [(store_F, held(cell, store_F, volts)) for store_F in STORES_F for volts in (1.5, 4.0)]
    tables = [conductance_table(cell), write_table(writes), held_table(holds)]
    sys.stdout.write("\n\n".join(tables) + "\n")
    if folder is None:
        return
    drawings: dict[str, Callable[[], Figure]] = {
        "synapse-conductance": lambda: conductance_picture(cell),
        "synapse-write": lambda: write_picture(writes),
        "synapse-refresh": lambda: refresh_picture(cell),
    }
    for name, draw in drawings.items():
        draw().savefig(folder / f"{name}.svg", metadata={"Date": None})


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
