"""Examples to train a network on, from a table.

The first row names the columns, the last column is what is to be told. Words there are classes: one
output each, the largest is the answer. Where it holds 0 and 1 alone, the one output is a logic
level. Inputs are bits where all of them are 0 or 1; else each is brought from its own least and
greatest value to 0 and 1, as a sensor is scaled to a board's range. Of such examples every third of
each class is held out from training, to judge by; a table of bits is judged by its own rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from realnet_hw.errors import InputError
from realnet_hw.network import table
from realnet_hw.network.network import is_name
from realnet_hw.network.ranges import Range
from realnet_hw.technology.cases import Answer, Inputs

MOST_EXAMPLES = 10_000
_HELD_OUT = 3
_BITS = {"0", "1"}

_Floats = npt.NDArray[np.float64]
_SHIPPED = Path(__file__).with_name("data")


@dataclass(frozen=True, eq=False)
class DataSet:
    """Examples with what is to be told of them.

    Args:
        name: of its file.
        inputs, outputs: their names.
        ranges: of each input, in the table's unit.
        values: in logic units, shape (examples, inputs).
        wanted: 1 at the output that is right, 0 elsewhere, shape (examples, outputs).
        held_out: which examples training does not see, shape (examples); none where they are bits.
        kind: what the inputs are.
    """

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    ranges: tuple[Range, ...]
    values: _Floats
    wanted: _Floats
    held_out: npt.NDArray[np.bool_]
    kind: Inputs

    @property
    def answer(self) -> Answer:
        """How the outputs are read: one is a level, of several the largest counts."""
        return "level" if len(self.outputs) == 1 else "largest"

    @property
    def judged(self) -> npt.NDArray[np.bool_]:
        """Which examples a network is judged by, shape (examples)."""
        return self.held_out if self.held_out.any() else ~self.held_out

    def right(
        self, outputs: _Floats, examples: npt.NDArray[np.bool_], low: float, high: float
    ) -> npt.NDArray[np.bool_]:
        """Return which answers to some examples are right.

        Args:
            outputs: of shape (..., examples chosen, outputs), in any unit.
            examples: which were asked, shape (examples).
            low, high: below and above which an output is 0 and 1, in that unit; of several outputs
                the largest counts, whatever these are.

        Returns:
            Shape (..., examples chosen).
        """
        wanted = self.wanted[examples] > 0.5
        if self.answer == "largest":
            right = np.where(wanted, outputs, -np.inf).max(axis=-1)
            return np.asarray(right > np.where(wanted, -np.inf, outputs).max(axis=-1))
        is_high, is_low = outputs[..., 0] > high, outputs[..., 0] < low
        return np.asarray(np.where(wanted[:, 0], is_high, is_low))


def shipped() -> dict[str, Path]:
    """Return the data sets that this package brings, by name."""
    return {path.stem: path for path in sorted(_SHIPPED.glob("*.csv"))}


def load(name: str) -> DataSet:
    """Read a data set: a CSV file, or one of those that this package brings.

    Raises:
        InputError: no such file, or a table that nothing can be learnt from; says which line and
            what is expected.
    """
    path = Path(name)
    if not path.suffix and not path.exists():
        if name not in shipped():
            raise InputError(
                f"no data set {name!r}",
                allowed=f"{', '.join(shipped())}, or the path of a CSV file",
            )
        path = shipped()[name]
    rows = table.rows(path)
    header = _header(rows, path)
    examples = rows[1:]
    if not 2 <= len(examples) <= MOST_EXAMPLES:
        raise InputError(
            f"{len(examples)} examples", where=str(path), allowed=f"2 to {MOST_EXAMPLES}"
        )
    cells = [_example(line, row, header, path) for line, row in examples]
    numbers = np.array([numbers for numbers, _ in cells])
    labels = [label for _, label in cells]
    kind: Inputs = "bits" if set(np.unique(numbers)) <= {0.0, 1.0} else "analogue"
    outputs, wanted = _wanted(labels, header[-1], path, [line for line, _ in examples])
    if kind == "bits":
        _refuse_contradictions(numbers, labels, [line for line, _ in examples], path)
    ranges = [_range(name, column, kind, path)
              for name, column in zip(header[:-1], numbers.T, strict=True)]  # fmt: skip
    held_out = np.zeros(len(labels), bool)
    if kind == "analogue":
        held_out = _held_out(labels, path)
    low = np.array([one.low for one in ranges])
    span = np.array([one.span for one in ranges])
    _refuse_twins((*header[:-1], *outputs), path)
    return DataSet(
        path.stem,
        tuple(header[:-1]),
        outputs,
        tuple(ranges),
        (numbers - low) / span,
        wanted,
        held_out,
        kind,
    )


def _header(rows: Sequence[tuple[int, list[str]]], path: Path) -> list[str]:
    if not rows:
        raise InputError("no rows", where=str(path), allowed="a row of names, then the examples")
    line, header = rows[0]
    where = f"{path}:{line}"
    if any(map(table.is_number, header)):
        raise InputError(
            f"the first row has {next(filter(table.is_number, header))} in it",
            where=where,
            allowed="a row of names: those of the inputs, last that of what is to be told",
        )
    if len(header) < 2:
        raise InputError(
            f"the only column is {header[0][:40]!r}",
            where=where,
            allowed="a column for each input, and one for what is to be told, with commas between",
        )
    for name in header:
        if not is_name(name):
            raise InputError(
                f"{name[:40]!r} is no name of a column",
                where=where,
                allowed="a letter, then up to 15 letters, digits, _",
            )
    return header


def _example(
    line: int, row: Sequence[str], header: Sequence[str], path: Path
) -> tuple[list[float], str]:
    """Return the inputs and the label of a row."""
    where = f"{path}:{line}"
    if len(row) != len(header):
        raise InputError(
            f"{len(row)} columns",
            where=where,
            allowed=f"{len(header)}: {', '.join(header)}"[:160],
        )
    for name, cell in zip(header, row, strict=True):
        if not cell:
            raise InputError(
                f"nothing in column {name}",
                where=where,
                mend="leave out the whole line where a value was not measured",
            )
    numbers = []
    for name, cell in zip(header[:-1], row, strict=False):
        value = float(cell) if table.is_number(cell) else math.nan
        if not math.isfinite(value):
            raise InputError(
                f"{cell[:40]!r} in column {name}",
                where=where,
                allowed="a number with a decimal point; only the last column holds words",
            )
        numbers.append(value)
    return numbers, row[-1]


def _wanted(
    labels: Sequence[str], column: str, path: Path, lines: Sequence[int]
) -> tuple[tuple[str, ...], _Floats]:
    """Return the outputs' names and what each should be."""
    classes = list(dict.fromkeys(labels))
    if len(classes) < 2:
        raise InputError(
            f"{column} is {classes[0][:40]!r} in every example",
            where=str(path),
            allowed="two or more different ones",
        )
    if set(classes) == _BITS:
        return (column,), np.array([[float(label)] for label in labels])
    for label, line in zip(labels, lines, strict=True):
        if not is_name(label):
            raise InputError(
                f"{label[:40]!r} in column {column}",
                where=f"{path}:{line}",
                allowed="0 and 1 alone, or words of a letter, then up to 15 letters, digits, _",
                mend="call the classes by names, such as c0, c1, c2"
                if table.is_number(label)
                else "",
            )
    return tuple(classes), np.array([[float(label == one) for one in classes] for label in labels])


def _refuse_contradictions(
    numbers: _Floats, labels: Sequence[str], lines: Sequence[int], path: Path
) -> None:
    seen: dict[tuple[float, ...], tuple[str, int]] = {}
    for row, label, line in zip(numbers.tolist(), labels, lines, strict=True):
        other, first = seen.setdefault(tuple(row), (label, line))
        if other != label:
            raise InputError(
                f"the inputs of line {first}, which is {other}, and {label} here",
                where=f"{path}:{line}",
                mend="no network tells these two apart: leave one out, or add a column",
            )


def _range(name: str, column: _Floats, kind: Inputs, path: Path) -> Range:
    low, high = float(column.min()), float(column.max())
    if low == high:
        raise InputError(
            f"{name} is {low:g} in every example",
            where=str(path),
            mend="leave this column out: it tells nothing, and has no range",
        )
    return Range() if kind == "bits" else Range(low, high)


def _held_out(labels: Sequence[str], path: Path) -> npt.NDArray[np.bool_]:
    """Return every third example of each class."""
    count: dict[str, int] = {}
    found = []
    for label in labels:
        count[label] = count.get(label, 0) + 1
        found.append(count[label] % _HELD_OUT == 0)
    few = [label for label, number in count.items() if number < _HELD_OUT]
    if few:
        raise InputError(
            f"{count[few[0]]} of {few[0]}",
            where=str(path),
            allowed=f"{_HELD_OUT} or more examples of each class, as every third is held out",
        )
    return np.array(found)


def _refuse_twins(names: Sequence[str], path: Path) -> None:
    seen: set[str] = set()
    for name in names:
        if name.casefold() in seen:
            raise InputError(
                f"two inputs or classes are called {name}",
                where=str(path),
                allowed="names that differ, whatever their case",
            )
        seen.add(name.casefold())
