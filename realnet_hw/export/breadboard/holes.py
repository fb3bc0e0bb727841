"""The holes of full-size solderless breadboards, and which of them are joined inside.

A board has 63 columns. Rows a to e of a column are joined, and so are f to j on the other side of
the channel. Along each long edge run two rails, each joined over its whole length, with holes in
groups of five.

Ref: the common 830-point solderless breadboard, 2.54 mm pitch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

COLUMNS = 63
UPPER, LOWER = "abcde", "fghij"
RAILS = ("1+", "1-", "2+", "2-")
"""The upper edge's two rails, then the lower edge's, from the top down."""

Half = Literal["upper", "lower"]


@dataclass(frozen=True, order=True)
class Hole:
    """One hole: the number of its board from 0, its row (a letter or a rail), its column from 1."""

    board: int
    row: str
    column: int

    def __str__(self) -> str:
        where = f"{self.row}{self.column}" if len(self.row) == 1 else f"{self.row} at {self.column}"
        return where if self.board == 0 else f"{where} on board {self.board + 1}"


@dataclass(frozen=True, order=True)
class Strip:
    """Holes that are joined: half a column, or a rail (its column is 0)."""

    board: int
    name: str
    column: int

    @property
    def is_rail(self) -> bool:
        """Whether it is a rail."""
        return self.name in RAILS


def strip_of(hole: Hole) -> Strip:
    """Return what a hole is joined with."""
    if hole.row in RAILS:
        return Strip(hole.board, hole.row, 0)
    return Strip(hole.board, "upper" if hole.row in UPPER else "lower", hole.column)


def rail_has_hole(column: int) -> bool:
    """Return whether rails have a hole at a column: after each five one is left out."""
    return 3 <= column <= COLUMNS - 2 and (column - 3) % 6 != 5
