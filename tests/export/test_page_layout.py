"""The page: blocks apart from each other, in the signal's order, on the smallest page."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from realnet_hw.board import Board
from realnet_hw.drawing.geometry import Box
from realnet_hw.export.page_layout import PAGES
from realnet_hw.export.sheets import Page, pages

pytestmark = pytest.mark.usefixtures("kicad")

SEEDS = range(24)


@pytest.fixture(scope="module")
def drawn(kicad: str, random_board: Callable[[int], Board]) -> dict[int, tuple[Page, ...]]:
    """Return the pages of many random boards by their seeds."""
    return {seed: pages(random_board(seed)) for seed in SEEDS}


@pytest.mark.parametrize("seed", SEEDS)
def test_blocks_stand_apart_and_inside(seed: int, drawn: dict[int, tuple[Page, ...]]) -> None:
    for layout in (sheet.layout for sheet in drawn[seed]):
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


@pytest.mark.parametrize("seed", SEEDS)
def test_signal_flows_from_left_to_right(seed: int, drawn: dict[int, tuple[Page, ...]]) -> None:
    for sheet in drawn[seed]:
        blocks = [each for each in sheet.layout.blocks if each.block.cell.in_signal_path]
        for one, other in itertools.permutations(blocks, 2):
            if one.block.cell.layer < other.block.cell.layer:
                # Below the root, a column may hold the blocks of two layers.
                limit = other.frame.right if sheet.name else other.frame.left
                assert one.frame.right <= limit


@pytest.mark.parametrize("seed", SEEDS)
def test_drawings_are_on_the_grid(seed: int, drawn: dict[int, tuple[Page, ...]]) -> None:
    for sheet in drawn[seed]:
        for placed in sheet.layout.blocks:
            for wire in placed.drawing.wires:
                for length in (*wire.start, *wire.end):
                    assert abs(length / 1.27 - round(length / 1.27)) < 1e-3


def test_small_networks_get_small_pages(
    drawn: dict[int, tuple[Page, ...]], random_board: Callable[[int], Board]
) -> None:
    cells = {seed: len(random_board(seed).assembly.cells) for seed in SEEDS}
    single = {seed: sheets[0].layout.paper for seed, sheets in drawn.items() if len(sheets) == 1}
    assert set(single.values()) == {"A4", "A3"}
    assert single[min(cells, key=lambda seed: cells[seed])] == "A4"
    assert max(len(sheets) for sheets in drawn.values()) > 2
