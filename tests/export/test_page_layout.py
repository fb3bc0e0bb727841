"""The page: blocks apart from each other, in the signal's order, on the smallest page."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from realnet_hw.board import Board
from realnet_hw.drawing.geometry import Box
from realnet_hw.export.page_layout import PAGES, arrange, draw_cells

pytestmark = pytest.mark.usefixtures("kicad")


@pytest.mark.parametrize("seed", range(40))
def test_blocks_stand_apart_and_inside(seed: int, random_board: Callable[[int], Board]) -> None:
    layout = arrange(random_board(seed))
    width, height = PAGES[layout.paper]
    page = Box(12, 12, width - 12, height - 12)
    title_block = Box(width - 120, height - 44, width, height)
    for one, other in itertools.combinations(layout.blocks, 2):
        assert one.frame.overlap(other.frame) <= -5
    for placed in layout.blocks:
        frame, content = placed.frame, placed.drawing.extent()
        assert page.left < frame.left
        assert page.top < frame.top
        assert frame.right < page.right
        assert frame.bottom < page.bottom
        assert frame.overlap(title_block) <= 0
        assert frame.left < content.left
        assert frame.top < content.top
        assert content.right < frame.right
        assert content.bottom < frame.bottom


@pytest.mark.parametrize("seed", range(40))
def test_signal_flows_from_left_to_right(seed: int, random_board: Callable[[int], Board]) -> None:
    blocks = [each for each in arrange(random_board(seed)).blocks if each.block.cell.in_signal_path]
    for one, other in itertools.permutations(blocks, 2):
        if one.block.cell.layer < other.block.cell.layer:
            assert one.frame.right < other.frame.left


@pytest.mark.parametrize("seed", range(12))
def test_drawings_are_on_the_grid(seed: int, random_board: Callable[[int], Board]) -> None:
    for placed in arrange(random_board(seed)).blocks:
        for wire in placed.drawing.wires:
            for length in (*wire.start, *wire.end):
                assert abs(length / 1.27 - round(length / 1.27)) < 1e-3


def test_every_cell_is_placed_once(random_board: Callable[[int], Board]) -> None:
    board = random_board(5)
    names = sorted(placed.block.cell.name for placed in arrange(board).blocks)
    assert names == sorted(cell.name for cell in board.assembly.cells)
    assert len(draw_cells(board)) == len(names)


def test_small_networks_get_small_pages(random_board: Callable[[int], Board]) -> None:
    papers = {seed: arrange(random_board(seed)).paper for seed in range(40)}
    cells = {seed: len(random_board(seed).assembly.cells) for seed in range(40)}
    assert {"A4", "A3"} <= set(papers.values())
    smallest = min(cells, key=lambda seed: cells[seed])
    assert papers[smallest] == "A4"
