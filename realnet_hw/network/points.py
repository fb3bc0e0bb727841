"""Input vectors from a table: which points a board is tried with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from realnet_hw.errors import InputError
from realnet_hw.network import table
from realnet_hw.network.ranges import Range

MOST_POINTS = 1000
"""Each is simulated on every drawn board, and measured."""


def load_points(
    path: Path, names: Sequence[str], within: Range | None = None
) -> list[tuple[float, ...]]:
    """Return the points of a CSV file in logic units.

    Its first row may name the inputs, in any order; otherwise columns are in the inputs' order.

    Args:
        path: the file.
        names: of the inputs.
        within: the range that its values are in; 0 to 1 if not given.

    Raises:
        InputError: a row that is no point, with its line; no points, or too many.
    """
    within = within or Range()
    rows = table.rows(path)
    columns = list(range(len(names)))
    if rows and not any(map(table.is_number, rows[0][1])):
        line, header = rows.pop(0)
        if sorted(header) != sorted(names):
            raise InputError(
                f"columns {', '.join(header)[:80]}",
                where=f"{path}:{line}",
                allowed=f"{', '.join(names)} in any order, or no header",
            )
        columns = [header.index(name) for name in names]
    found: dict[tuple[float, ...], int] = {}
    for line, cells in rows:
        where = f"{path}:{line}"
        if len(cells) != len(names):
            raise InputError(
                f"{len(cells)} values",
                where=where,
                allowed=f"{len(names)}: {', '.join(names)}, with commas between",
            )
        point = tuple(_value(cells[column], within, where) for column in columns)
        if point in found:
            raise InputError(
                f"the same point as in line {found[point]}", where=where, mend="name each once"
            )
        found[point] = line
    if not 1 <= len(found) <= MOST_POINTS:
        raise InputError(f"{len(found)} points", where=str(path), allowed=f"1 to {MOST_POINTS}")
    return list(found)


def text(points: Sequence[Sequence[float]], names: Sequence[str]) -> str:
    """Return points in logic units as a file's text, which :func:`load_points` reads."""
    rows = [",".join(f"{value:.12g}" for value in point) for point in points]
    return "\n".join([",".join(names), *rows]) + "\n"


def _value(cell: str, within: Range, where: str) -> float:
    value = float(cell) if table.is_number(cell) else math.nan
    if not within.low <= value <= within.high:
        raise InputError(
            f"{cell[:40]!r}",
            where=where,
            allowed=f"numbers from {within.low:g} to {within.high:g}",
            mend="--input-range LOW,HIGH says what the network was trained on"
            if math.isfinite(value)
            else "",
        )
    return within.to_logic(value)
