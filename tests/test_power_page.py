"""docs/reference/power.md is of the boards as they are: circuits, and how many faults of a kind."""

from __future__ import annotations

import re

import pytest

from realnet_hw.board import load_board
from realnet_hw.export import netlist
from realnet_hw.export.deck import deck_from
from realnet_hw.predict.faults import single_faults
from tests.benchmarks.verdict import PAGE, boards_at_rest, kinds

MEND = "make bench BENCH='verdict --seeds 0 --otherwise 0 --draws 0 --calibrated 0 --write'"


def sections() -> dict[str, str]:
    text = PAGE.read_text("utf-8")
    return dict(re.findall(r"^## (.+)\n((?:(?!## ).*\n)*)", text, re.MULTILINE))


def test_every_board_that_is_read_at_rest_is_there() -> None:
    assert list(sections()) == boards_at_rest(), MEND


@pytest.mark.parametrize("name", boards_at_rest())
def test_the_page_is_of_this_circuit_and_its_faults(name: str, kicad: str) -> None:
    board = load_board(name)
    found = netlist.from_board(board)
    section = sections()[name]
    assert f"Circuit `{found.sha256()}`" in section, MEND
    rows = re.findall(r"^\| ([^|]+) \| ([0-9]+) \| ([0-9]+) \|(.*)\|$", section, re.MULTILINE)
    listed = single_faults(deck_from(found, board))
    assert {kind: int(count) for kind, count, *_ in rows} == {
        kind: len(faults) for kind, faults in kinds(listed).items()
    }, MEND
    for _, count, each_time, missed in rows:
        assert int(count) - int(each_time) == len(re.findall(r"\([0-9]+ of [0-9]+\)", missed))
