"""A layer of 2T1C synapses: write transistor, storage capacitor and read transistor a crossing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from realnet_hw.cells.cell import Cell, CellPart, TransistorRequest
from realnet_hw.errors import InputError

if TYPE_CHECKING:
    from realnet_hw.drawing.pad import Pad

# Where a crossing has its lines, from its own origin, and how far crossings are apart, in mm.
_ACROSS, _DOWN = 50.8, 33.02
_COLUMN_X = 45.72
_ROW_Y = 25.4
_STORE_X = 17.78
_STORE_Y = 10.16
_READ_X = 30.48
_END = 5.08


@dataclass(frozen=True)
class Write:
    """How a synapse's capacitor is written: the lines of its word and of its data."""

    word: str
    data: str


def store_net(array: str, row: int, column: int) -> str:
    """Return the net of a crossing's capacitor."""
    return f"{array}_{row}_{column}"


class SynapseArray(Cell):
    """Synapses between rows and columns, drawn as the array that they are.

    The conductance from a row to a column is that of the read transistor, whose gate voltage
    ``V_G`` the capacitor holds. For small voltages between row and column, both about ``V``::

        G = beta (V_G - V - V_T(V)),  V_T(V) = V_T0 + gamma (sqrt(phi + V - V_SS) - sqrt(phi))

    A high word line connects the capacitor to the data line through the write transistor.

    Args:
        rows: nets of the rows, from above.
        columns: nets of the columns, from the left.
        writes: row by row, how each crossing is written; the data line of a column is one.
        transistor: key of the transistors' package in the catalogue.
        capacitor: the storage capacitor's key.

    Attributes:
        stores: the net of each crossing's capacitor, row by row.

    Raises:
        InputError: no rows or columns, or a column with two data lines.

    Ref: H. Shichman, D. A. Hodges, "Modeling and simulation of insulated-gate field-effect
    transistor switching circuits", IEEE J. Solid-State Circuits 3 (1968), 285-289.
    """

    def __init__(
        self,
        name: str,
        title: str,
        *,
        rows: Sequence[str],
        columns: Sequence[str],
        writes: Sequence[Sequence[Write]],
        transistor: str = "ald1106",
        capacitor: str = "capacitor_c0g_1n",
        formula: str = "",
        layer: int = 0,
    ) -> None:
        super().__init__(name, title, formula=formula, layer=layer)
        if not rows or not columns:
            raise InputError("an array without rows or columns", where=title)
        self.rows, self.columns = tuple(rows), tuple(columns)
        self.writes = tuple(tuple(row) for row in writes)
        for column, net in enumerate(self.columns):
            data = {row[column].data for row in self.writes}
            if len(data) > 1:
                raise InputError(f"column {net} has data lines {sorted(data)}", where=title)
        self.stores = tuple(
            tuple(store_net(name, row, column) for column in range(len(columns)))
            for row in range(len(rows))
        )
        for row, column, store in self._crossings():
            write = self.writes[row][column]
            self.transistors[f"write_{row}_{column}"] = TransistorRequest(
                transistor, write.data, write.word, store
            )
            self.transistors[f"read_{row}_{column}"] = TransistorRequest(
                transistor, self.columns[column], store, self.rows[row]
            )
            self.parts[f"store_{row}_{column}"] = CellPart(capacitor, {"1": store, "2": "GND"})

    def _crossings(self) -> list[tuple[int, int, str]]:
        return [
            (row, column, store)
            for row, stores in enumerate(self.stores)
            for column, store in enumerate(stores)
        ]

    def draw(self, pad: Pad) -> None:
        """Draw data and columns downwards, words and rows across, a synapse at each crossing."""
        bottom = (len(self.rows) - 1) * _DOWN
        right = (len(self.columns) - 1) * _ACROSS
        for column, net in enumerate(self.columns):
            x = column * _ACROSS
            pad.wire((x, -_END), (x, bottom + _STORE_Y))
            pad.label(self.writes[0][column].data, x, -_END)
            pad.wire((x + _COLUMN_X, -_END), (x + _COLUMN_X, bottom + _END))
            pad.label(net, x + _COLUMN_X, -_END, "left")
        for row, net in enumerate(self.rows):
            y = row * _DOWN
            pad.wire((-_END, y + _ROW_Y), (right + _READ_X + 2.54, y + _ROW_Y))
            pad.label(net, -_END, y + _ROW_Y, "left")
            self._draw_words(pad, row, y)
        for row, column, store in self._crossings():
            self._draw_synapse(pad, f"{row}_{column}", store, column * _ACROSS, row * _DOWN)

    def _draw_words(self, pad: Pad, row: int, y: float) -> None:
        """Draw a row's word lines: one, or several after one another."""
        words = [write.word for write in self.writes[row]]
        starts = [i for i, word in enumerate(words) if i == 0 or words[i - 1] != word]
        for start, after in zip(starts, [*starts[1:], len(words)], strict=True):
            end = ((after - 1) * _ACROSS + _STORE_Y, y)
            if start == 0:
                pad.wire((-_END, y), end)
                pad.label(words[start], -_END, y, "left")
            else:
                # It begins behind the data line, whose wire it would only cross.
                pad.wire((start * _ACROSS + 1.27, y), end)
                pad.small_label(words[start], start * _ACROSS + 1.27, y)

    def _draw_synapse(self, pad: Pad, key: str, store: str, x: float, y: float) -> None:
        write = pad.transistor(
            f"write_{key}", x + _STORE_Y, y + 7.62, rotation=270, mirror="y", texts="below"
        )
        pad.wire(write.gate, (write.gate.x, y))
        pad.wire((x, y + _STORE_Y), write.drain)
        read = pad.transistor(f"read_{key}", x + _READ_X, y + _STORE_Y)
        pad.wire(write.source, (x + _STORE_X, y + _STORE_Y), read.gate)
        capacitor = pad.put(f"store_{key}", x + _STORE_X, y + _STORE_Y + 5.08, texts="right")
        pad.wire((x + _STORE_X, y + _STORE_Y), capacitor["1"])
        pad.power("GND", *capacitor["2"], "down")
        pad.small_label(store, x + _STORE_X, y + _STORE_Y)
        pad.wire(read.drain, (x + _COLUMN_X, y + _END))
        pad.wire(read.source, (read.source.x, y + _ROW_Y))
