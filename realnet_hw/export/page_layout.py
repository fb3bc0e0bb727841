"""Where the blocks of a schematic stand on the page.

Blocks of the signal path form columns from inputs at the left to outputs at the right. What is
not in the signal path (supply, decoupling, references, spares) fills columns that have room. Sizes
are measured on the drawings, and the smallest page that holds everything is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from realnet_hw.board import Board
from realnet_hw.cells.cell import Cell
from realnet_hw.drawing import text
from realnet_hw.drawing.geometry import Box, snapped
from realnet_hw.drawing.pad import GROUND, Drawing, Pad, PadAmplifier, PadPart
from realnet_hw.errors import CircuitRefused
from realnet_hw.parts.catalogue import part_type

PAGES = {"A4": (297.0, 210.0), "A3": (420.0, 297.0), "A2": (594.0, 420.0), "A1": (841.0, 594.0)}
"""Width and height in mm of the pages that may be chosen, smallest first."""

TITLE_SIZE_mm = 1.8
FORMULA_SIZE_mm = 1.5

# KiCad's page frame ends 12 mm from the paper's edge; the title block is 108 mm x 32 mm, inside it.
_EDGE_mm = 15.24
_TITLE_BLOCK_mm = (122.0, 47.0)
_GAP_mm = 5.08
_WIDEST_GAP_mm = 12.7
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
    """Draw every cell of a board on a scratch page and measure it."""
    assembly = board.assembly
    rails = {GROUND, *(supply.net for supply in board.supplies)}
    packages = [_pad_part(board, reference) for reference in assembly.packages]
    blocks = []
    for cell in assembly.cells:
        parts = {key: _pad_part(board, assembly.references[cell.name, key]) for key in cell.parts}
        amplifiers = {}
        for key, request in cell.amplifiers.items():
            reference, index = assembly.amplifiers[cell.name, key]
            pins = part_type(request.type).amplifiers[index]
            amplifiers[key] = PadAmplifier(_pad_part(board, reference), *pins)
        pad = Pad(parts, amplifiers, packages, rails)
        cell.draw(pad)
        blocks.append(_measured(cell, pad.drawing))
    return blocks


def _pad_part(board: Board, reference: str) -> PadPart:
    part = board.assembly.parts[reference]
    kind = part_type(part.type)
    return PadPart(reference, kind.symbol, part.value or kind.value)


def _measured(cell: Cell, drawing: Drawing) -> Block:
    extent = drawing.extent()
    title = text.width(cell.title, TITLE_SIZE_mm) * 1.1
    width = snapped(max(extent.width, title) + 2 * _PADDING_mm)
    formula = tuple(text.wrapped(cell.formula, width - 2 * _PADDING_mm, FORMULA_SIZE_mm))
    below = len(formula) * _FORMULA_LINE_mm + (1.27 if formula else 0)
    height = snapped(extent.height + _TITLE_STRIP_mm + below + _PADDING_mm)
    return Block(cell, drawing, extent, width, height, formula)


def arrange(board: Board) -> Layout:
    """Draw a board's cells and place them on the smallest page that holds them.

    Raises:
        CircuitRefused: even the largest page is too small.
    """
    blocks = draw_cells(board)
    for paper, (width, height) in PAGES.items():
        placed = _on_page(blocks, width, height)
        if placed is not None:
            return Layout(paper, placed)
    raise CircuitRefused(
        f"{len(blocks)} blocks don't fit one page",
        where=board.name,
        allowed=f"what fits {list(PAGES)[-1]}",
        mend="use fewer neurons",
    )


class _Page:
    """Columns of blocks on a page of a given size."""

    def __init__(self, width: float, height: float) -> None:
        self.width = width - 2 * _EDGE_mm
        self.height = height - 2 * _EDGE_mm
        self.over_title_block = self.height - (_TITLE_BLOCK_mm[1] - _EDGE_mm)
        self.title_block_left = self.width - (_TITLE_BLOCK_mm[0] - _EDGE_mm)

    def gap(self, columns: Sequence[Sequence[Block]]) -> float:
        """Return the gap between columns that fills the page; negative if they don't fit."""
        spare = self.width - sum(_width(column) for column in columns)
        if len(columns) == 1:
            return spare
        gap = spare / (len(columns) - 1)
        return gap if gap >= _GAP_mm - 1e-6 else -1.0

    def limits(self, columns: Sequence[Sequence[Block]]) -> list[float]:
        """Return how high each column may be."""
        gap = min(max(self.gap(columns), _GAP_mm), _WIDEST_GAP_mm)
        limits, right = [], 0.0
        for column in columns:
            right += _width(column)
            over = right > self.title_block_left
            limits.append(self.over_title_block if over else self.height)
            right += gap
        return limits

    def holds(self, columns: Sequence[Sequence[Block]]) -> bool:
        """Whether all columns fit, in width and in height."""
        return self.gap(columns) >= 0 and all(
            _height(column) <= limit + 1e-6
            for column, limit in zip(columns, self.limits(columns), strict=True)
        )


def _width(column: Sequence[Block]) -> float:
    return max(block.width for block in column)


def _height(column: Sequence[Block]) -> float:
    return sum(block.height for block in column) + _GAP_mm * (len(column) - 1)


def _on_page(
    blocks: Sequence[Block], width: float, height: float
) -> tuple[PlacedBlock, ...] | None:
    """Return the blocks placed on a page of this size, None where they don't fit."""
    page = _Page(width, height)
    columns: list[list[Block]] = []
    for layer in sorted({block.cell.layer for block in blocks}):
        inside = [b for b in blocks if b.cell.in_signal_path and b.cell.layer == layer]
        columns += _split(inside, page.height)
    if not page.holds(columns):
        return None
    for block in blocks:
        if not block.cell.in_signal_path and not _fill(page, columns, block):
            return None
    return tuple(_placed(page, columns))


def _split(blocks: Sequence[Block], limit: float) -> list[list[Block]]:
    """Split the blocks of one layer into as few columns as their height allows, alike in height."""
    if not blocks:
        return []
    count = 1
    while True:
        share = sum(block.height + _GAP_mm for block in blocks) / count
        columns: list[list[Block]] = [[]]
        for block in blocks:
            full = columns[-1] and (
                _height([*columns[-1], block]) > limit
                or (_height(columns[-1]) + block.height / 2 > share and len(columns) < count)
            )
            if full:
                columns.append([])
            columns[-1].append(block)
        if len(columns) <= count or count >= len(blocks):
            return columns
        count += 1


def _fill(page: _Page, columns: list[list[Block]], block: Block) -> bool:
    """Put a block into the column with most room, or into a new one; False where none has it."""
    choices = []
    for index, column in enumerate(columns):
        trial = [list(each) for each in columns]
        trial[index].append(block)
        if page.holds(trial):
            wider = max(0.0, block.width - _width(column))
            choices.append((wider > _PADDING_mm, _height(trial[index]), index))
    if choices and not min(choices)[0]:
        columns[min(choices)[2]].append(block)
        return True
    for index in (1, len(columns)):
        trial = [*columns[:index], [block], *columns[index:]]
        if page.holds(trial):
            columns[:] = trial
            return True
    if choices:
        columns[min(choices)[2]].append(block)
        return True
    return False


def _placed(page: _Page, columns: Sequence[Sequence[Block]]) -> list[PlacedBlock]:
    """Return every block with its frame; the frames of a column are alike in width."""
    gap = snapped(min(page.gap(columns), _WIDEST_GAP_mm) - 1.26) if len(columns) > 1 else 0.0
    gap = max(gap, _GAP_mm)
    total = sum(_width(column) for column in columns) + gap * (len(columns) - 1)
    left = _EDGE_mm + snapped(max(0.0, (page.width - total) / 2) - 1.26)
    placed = []
    for column, limit in zip(columns, page.limits(columns), strict=True):
        width = _width(column)
        spare = (limit - _height(column)) / max(1, len(column) - 1)
        step = _GAP_mm + max(0.0, snapped(min(spare, _WIDEST_GAP_mm - _GAP_mm) - 1.26))
        top = _EDGE_mm
        for block in column:
            frame = Box(left, top, left + width, top + block.height)
            placed.append(PlacedBlock(block, frame, _inside(block, frame)))
            top += block.height + step
        left += width + gap
    return placed


def _inside(block: Block, frame: Box) -> Drawing:
    """Return a block's drawing moved to the middle of its frame, on the grid."""
    dx = (frame.left + frame.right - block.extent.left - block.extent.right) / 2
    dy = frame.top + _TITLE_STRIP_mm - block.extent.top
    return block.drawing.moved(snapped(dx - 0.635), snapped(dy - 0.635))
