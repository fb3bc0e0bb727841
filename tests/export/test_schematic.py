"""The drawn schematic: any network of cells is electrically clean, exact and without overlaps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from realnet_hw.board import Board
from realnet_hw.drawing import sexpr
from realnet_hw.export import kicad_cli, lvs, netlist, overlaps
from realnet_hw.export.schematic import schematic_text

LIBRARY_NOTE = "The current configuration does not include the symbol library"


@pytest.mark.usefixtures("kicad")
@pytest.mark.parametrize("seed", range(8))
def test_random_network_is_drawn_right(
    seed: int, random_board: Callable[[int], Board], written: Callable[[str], Path]
) -> None:
    board = random_board(seed)
    expected = netlist.from_board(board)
    text = schematic_text(board, expected)
    path = written(text)
    drawn = netlist.from_kicad(kicad_cli.netlist(path))
    assert lvs.differences(expected, drawn, names=("SKiDL", "the schematic")) == []
    assert overlaps.overlaps(text, kicad_cli.svg(path, frame=False)) == []
    rules = kicad_cli.electrical_rules(path)
    assert [each for each in rules if LIBRARY_NOTE not in each] == []


def test_same_board_gives_same_bytes(xor: Any) -> None:
    again = schematic_text(xor.board, netlist.from_board(xor.board))
    assert again == xor.text


def test_every_object_has_an_identity_of_its_own(xor: Any) -> None:
    def identities(node: sexpr.Node) -> list[str]:
        found = [str(node[1])] if node[0] == "uuid" else []
        for item in node:
            if isinstance(item, list) and item:
                found += identities(item)
        return found

    every = identities(sexpr.parse(xor.text))
    assert len(every) > 200
    assert len(set(every)) == len(every)


def test_symbols_carry_the_parts_fields_hidden(xor: Any) -> None:
    root = sexpr.parse(xor.text)
    seen = set()
    for node in sexpr.children(root, "symbol"):
        fields = sexpr.properties(node)
        part = xor.netlist.parts.get(fields["Reference"])
        if part is None:
            assert fields["Reference"].startswith("#")
            continue
        seen.add(part.reference)
        own = {name: text for name, text in part.fields.items() if name != "Sim.Enable"}
        assert own.items() <= fields.items()
        assert fields["Value"] == part.value
        assert fields["Footprint"] == part.footprint
        for item in sexpr.children(node, "property"):
            hidden = sexpr.word(sexpr.child(item, "effects") or [], "hide") == "yes"
            assert hidden or item[1] in ("Reference", "Value")
        excluded = sexpr.word(node, "exclude_from_sim") == "yes"
        assert excluded == (part.fields.get("Sim.Enable") == "0")
    assert seen == set(xor.netlist.parts)


def test_title_block_names_board_and_circuit(xor: Any) -> None:
    block = sexpr.child(sexpr.parse(xor.text), "title_block")
    assert block is not None
    assert sexpr.word(block, "title") == xor.board.title
    assert xor.netlist.sha256().startswith(sexpr.word(block, "rev"))
    assert sexpr.child(block, "date") is None


def test_every_cell_is_framed_with_title_and_formula(xor: Any) -> None:
    root = sexpr.parse(xor.text)
    texts = " ".join(str(node[1]) for node in sexpr.children(root, "text"))
    cells = xor.board.assembly.cells
    assert len(sexpr.children(root, "rectangle")) == len(cells)
    for cell in cells:
        assert cell.title in texts
        assert cell.formula in texts
