"""Where the blocks of a schematic stand on the page.

Blocks of the signal path form columns from inputs at the left to outputs at the right. What is
not in the signal path (supply, decoupling, references, spares) stands in a row at the bottom; what
the row can't hold fills columns that have room, or further rows. Sizes are measured on the
drawings, and the smallest page that holds everything is taken.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from realnet_hw.board import Board
from realnet_hw.cells.cell import Cell
from realnet_hw.drawing import text
from realnet_hw.drawing.geometry import Box, GRID_mm, snapped
from realnet_hw.drawing.pad import Drawing, Pad, PadPart, PadUnit
from realnet_hw.export.plain.draw import draw_plain
from realnet_hw.parts.catalogue import part_type

PAGES = {
    "A4": (297.0, 210.0),
    "A3": (420.0, 297.0),
    "A2": (594.0, 420.0),
    "A1": (841.0, 594.0),
}
"""Width and height in mm of the pages that may be chosen, smallest first."""

READABLE = ("A4", "A3")
"""The pages that many people can print and read on a screen."""

TITLE_SIZE_mm = 1.8
FORMULA_SIZE_mm = 1.5

# KiCad's page frame ends 12 mm from the paper's edge; the title block is 108 mm x 32 mm, inside it.
_EDGE_mm = 15.24
_TITLE_BLOCK_mm = (122.0, 47.0)
_GAP_mm = 5.08
# So many blocks are better below others than in a row of their own.
_FEW = 2
_WIDEST_GAP_mm = {"across": 38.1, "down": 25.4}
_PADDING_mm = 2.54
_TITLE_STRIP_mm = 6.35
_FORMULA_LINE_mm = 2.54


@dataclass(frozen=True)
class Block:
    """A cell as drawn, around an origin of its own."""

    cell: Cell
    drawing: Drawing
    extent: Box
    width: float
    height: float
    formula: tuple[str, ...]


@dataclass(frozen=True)
class PlacedBlock:
    """A block on the page: its frame, and its drawing moved there."""

    block: Block
    frame: Box
    drawing: Drawing


@dataclass(frozen=True)
class Layout:
    """A page and the blocks on it."""

    paper: str
    blocks: tuple[PlacedBlock, ...]


def draw_cells(board: Board) -> list[Block]:
    """Draw every cell of a board, or every group of a plain circuit, on a scratch page."""
    if board.plain_circuit is not None:
        return [measured(cell, drawing) for cell, drawing in draw_plain(board)]
    assembly = board.assembly
    rails = board.rail_nets
    packages = [_pad_part(board, reference) for reference in assembly.packages]
    blocks = []
    for cell in assembly.cells:
        parts = {key: _pad_part(board, assembly.references[cell.name, key]) for key in cell.parts}
        units = {}
        for key, request in cell.units.items():
            reference, index = assembly.units[cell.name, key]
            units[key] = PadUnit(_pad_part(board, reference), part_type(request.type).units[index])
        pad = Pad(parts, units, packages, rails)
        cell.draw(pad)
        blocks.append(measured(cell, pad.drawing))
    return blocks


def _pad_part(board: Board, reference: str) -> PadPart:
    part = board.assembly.parts[reference]
    kind = part_type(part.type)
    return PadPart(reference, kind.symbol, part.value or kind.value)


def measured(cell: Cell, drawing: Drawing) -> Block:
    """Return what a cell drew as a block: with its frame's size, title and formula."""
    extent = drawing.extent()
    title = text.width(cell.title, TITLE_SIZE_mm) * 1.1
    terms = [text.width(piece, FORMULA_SIZE_mm) for piece in text.pieces(cell.formula)]
    width = snapped(max(extent.width, title, *terms) + 2 * _PADDING_mm)
    formula = tuple(text.wrapped(cell.formula, width - 2 * _PADDING_mm, FORMULA_SIZE_mm))
    below = len(formula) * _FORMULA_LINE_mm + (1.27 if formula else 0)
    height = snapped(extent.height + _TITLE_STRIP_mm + below + _PADDING_mm)
    return Block(cell, drawing, extent, width, height, formula)


def fit(
    blocks: Sequence[Block], papers: Sequence[str] = READABLE, *, mixed: bool = False
) -> Layout | None:
    """Place blocks on the smallest page that holds them, None where even the largest is too small.

    Args:
        blocks: in any order; those of the signal path are sorted by layer.
        papers: the pages that may be taken, smallest first.
        mixed: whether a column may hold blocks of several layers where that saves a larger page.
    """
    for paper in papers:
        page = _Page(*PAGES[paper])
        placed = _on_page(blocks, page, mixed=False)
        if placed is None and mixed:
            placed = _on_page(blocks, page, mixed=True)
        if placed is not None:
            return Layout(paper, placed)
    return None


@dataclass(frozen=True)
class _Page:
    """The room for blocks on a page."""

    width: float
    height: float

    @property
    def room(self) -> Box:
        """Where blocks may stand."""
        return Box(_EDGE_mm, _EDGE_mm, self.width - _EDGE_mm, self.height - _EDGE_mm)

    @property
    def title_block(self) -> Box:
        """Where they may not: KiCad's title block and a margin around it."""
        width, height = _TITLE_BLOCK_mm
        return Box(self.width - width, self.height - height, self.width, self.height)


def _on_page(
    blocks: Sequence[Block], page: _Page, *, mixed: bool
) -> tuple[PlacedBlock, ...] | None:
    """Return the blocks placed on a page, None where they don't fit."""
    others = [block for block in blocks if not block.cell.in_signal_path]
    path = sorted(
        (block for block in blocks if block.cell.in_signal_path), key=lambda block: block.cell.layer
    )
    row = len(_row(others, page.title_block.left - page.room.left))
    ways = [(others[:row], others[row:]), (others, [])]
    if len(others) - row > _FEW:
        ways.reverse()
    for shelved, hung in ways:
        shelf = _shelf(shelved, page)
        if shelf is None:
            continue
        floors = _Floors(page)
        if shelf:
            floors = _Floors(page, min(placed.frame.top - _GAP_mm for placed in shelf))
        columns = _split(path, page, floors, mixed=mixed)
        if columns is not None and _hang(hung, columns, page, floors):
            return (*_columns(columns, page, floors), *shelf)
    return None


def _hang(
    blocks: Sequence[Block], columns: list[list[Block]], page: _Page, floors: _Floors
) -> bool:
    """Add blocks to the ends of the columns that have most room; tell whether all fit."""
    room = floors.under(page.room.right) - page.room.top
    for block in blocks:
        lowest = min(columns, key=_height, default=None)
        if lowest is None:
            return False
        lowest.append(block)
        total = sum(_width(column) + _GAP_mm for column in columns) - _GAP_mm
        if _height(lowest) > room or total > page.room.width:
            return False
    return True


@dataclass(frozen=True)
class _Floors:
    """How far down columns may reach: to the shelf's top, else to the title block or the edge."""

    page: _Page
    shelf: float | None = None

    def under(self, right: float) -> float:
        """Return the floor of a column whose right edge is here."""
        beside = right <= self.page.title_block.left and self.shelf is None
        floor = self.page.room.bottom if beside else self.page.title_block.top
        return floor if self.shelf is None else min(floor, self.shelf)


def _width(column: Sequence[Block]) -> float:
    return max(block.width for block in column)


def _height(column: Sequence[Block]) -> float:
    return sum(block.height for block in column) + _GAP_mm * (len(column) - 1)


def _split(
    blocks: Sequence[Block], page: _Page, floors: _Floors, *, mixed: bool
) -> list[list[Block]] | None:
    """Split blocks into columns that fit a page, alike in height; None where they can't.

    Unless mixed, a column holds blocks of one layer. They are alike when they are as low as they
    can be; above a shelf, without more columns than need be.
    """
    if not blocks:
        return []
    best = _narrowest(blocks, page, floors, math.inf, mixed=mixed)
    if best is None:
        return None
    low, high = 0.0, page.room.height
    while high - low > GRID_mm:
        middle = (low + high) / 2
        found = _narrowest(blocks, page, floors, middle, mixed=mixed)
        if found is not None and (floors.shelf is None or len(found) <= len(best)):
            best, high = found, middle
        else:
            low = middle
    return best


def _narrowest(
    blocks: Sequence[Block], page: _Page, floors: _Floors, highest: float, *, mixed: bool
) -> list[list[Block]] | None:
    """Return the columns, each up to a height, that reach least far to the right."""
    # For every number of blocks placed: where their last column ends, and where it starts.
    ends: list[tuple[float, int]] = [(page.room.left - _GAP_mm, 0)]
    for stop in range(1, len(blocks) + 1):
        reached = (math.inf, 0)
        for start in range(stop - 1, -1, -1):
            column = blocks[start:stop]
            if not mixed and column[0].cell.layer != column[-1].cell.layer:
                break
            right = ends[start][0] + _GAP_mm + _width(column)
            room = min(floors.under(right) - page.room.top, highest)
            if right <= page.room.right and _height(column) <= room:
                reached = min(reached, (right, start))
        ends.append(reached)
    if math.isinf(ends[-1][0]):
        return None
    columns: list[list[Block]] = []
    stop = len(blocks)
    while stop:
        start = ends[stop][1]
        columns.insert(0, list(blocks[start:stop]))
        stop = start
    return columns


def _shelf(blocks: Sequence[Block], page: _Page) -> list[PlacedBlock] | None:
    """Place blocks in rows along the bottom edge, beside the title block and above it.

    Each row takes as many as fit; the frames of a row are alike in height.
    """
    waiting = list(blocks)
    bottom = page.room.bottom
    placed: list[PlacedBlock] = []
    while waiting:
        over = bottom <= page.title_block.top
        right = page.room.right if over else page.title_block.left
        row = _row(waiting, right - page.room.left)
        top = bottom - max((block.height for block in row), default=0.0)
        if not row or top < page.room.top:
            return None
        left = page.room.left
        gap = _spread(right - left - sum(block.width for block in row), len(row) - 1, "across")
        for block in row:
            frame = Box(left, top, left + block.width, bottom)
            placed.append(PlacedBlock(block, frame, _inside(block, frame)))
            left += block.width + gap
        waiting = waiting[len(row) :]
        bottom = top - _GAP_mm
    return placed


def _row(blocks: Sequence[Block], room: float) -> list[Block]:
    """Return the first blocks that fit side by side."""
    row: list[Block] = []
    for block in blocks:
        room -= block.width + (_GAP_mm if row else 0.0)
        if room < 0:
            break
        row.append(block)
    return row


def _spread(spare: float, gaps: int, direction: Literal["across", "down"]) -> float:
    """Return the gap that uses up the room to spare, within reason."""
    wanted = spare / gaps if gaps else 0.0
    return max(_GAP_mm, min(wanted, _WIDEST_GAP_mm[direction]))


def _columns(columns: Sequence[Sequence[Block]], page: _Page, floors: _Floors) -> list[PlacedBlock]:
    """Place columns, each around its middle height; the frames of a column are alike in width."""
    left, gap = _spacing(columns, page, floors)
    placed = []
    for column in columns:
        width, height = _width(column), sum(block.height for block in column)
        room = floors.under(left + width) - page.room.top
        step = _spread(room - height, len(column) - 1, "down")
        height += step * (len(column) - 1)
        top = page.room.top + (room - height) / 2
        for block in column:
            frame = Box(left, top, left + width, top + block.height)
            placed.append(PlacedBlock(block, frame, _inside(block, frame)))
            top += block.height + step
        left += width + gap
    return placed


def _spacing(
    columns: Sequence[Sequence[Block]], page: _Page, floors: _Floors
) -> tuple[float, float]:
    """Return where columns begin and the gap between them: evenly, where none meets its floor."""
    total = sum(_width(column) for column in columns)
    widest = _spread(page.room.width - total, len(columns) - 1, "across")
    steps = 8
    for step in range(steps + 1):
        gap = widest - (widest - _GAP_mm) * step / steps
        spare = page.room.width - total - gap * (len(columns) - 1)
        left = page.room.left + spare / 2
        if _stand(columns, page, floors, left, gap):
            return left, gap
    return page.room.left, _GAP_mm


def _stand(
    columns: Sequence[Sequence[Block]], page: _Page, floors: _Floors, left: float, gap: float
) -> bool:
    """Whether columns that begin here with this gap are all above their floors."""
    for column in columns:
        right = left + _width(column)
        if page.room.top + _height(column) > floors.under(right):
            return False
        left = right + gap
    return True


def _inside(block: Block, frame: Box) -> Drawing:
    """Return a block's drawing moved to the middle of its frame, on the grid."""
    dx = (frame.left + frame.right - block.extent.left - block.extent.right) / 2
    dy = frame.top + _TITLE_STRIP_mm - block.extent.top + (frame.height - block.height) / 2
    return block.drawing.moved(snapped(dx - GRID_mm / 2), snapped(dy - GRID_mm / 2))
