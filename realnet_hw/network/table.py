"""Tables of numbers as people keep them: CSV, with commas between."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path

from realnet_hw.errors import InputError
from realnet_hw.network.contents import contents

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def is_number(cell: str) -> bool:
    """Return whether a cell is a finite number in decimal."""
    return _NUMBER.fullmatch(cell) is not None


def rows(path: Path) -> list[tuple[int, list[str]]]:
    """Return the rows of a CSV file that hold anything, each with its line.

    Raises:
        InputError: the file can't be read, is no table, or has other separators than commas.
    """
    try:
        text = contents(path).decode("utf-8-sig")
        reader = csv.reader(io.StringIO(text), strict=True)
        every = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"not a table: {error}", where=str(path), allowed="CSV, numbers with commas between"
        ) from None
    found = [(line, cells) for line, cells in every if any(cells)]
    _refuse_other_separators(found, path)
    return found


def _refuse_other_separators(rows: Sequence[tuple[int, list[str]]], path: Path) -> None:
    for line, cells in rows:
        values = re.split(r"[\s;]+", cells[0])
        if len(cells) == 1 and len(values) > 1 and all(map(is_number, values)):
            raise InputError(
                f"{cells[0][:40]!r}",
                where=f"{path}:{line}",
                allowed="values separated by commas",
                mend="such as np.savetxt(..., delimiter=',') writes them",
            )
