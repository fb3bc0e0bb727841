"""The drawn schematic: any network of cells is electrically clean, exact and without overlaps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from realnet_hw.board import Board, Logic, Port, Supply
from realnet_hw.cells.cell import Cell
from realnet_hw.cells.connector import Connector
from realnet_hw.cells.shunt_reference import ShuntReference
from realnet_hw.cells.summing_neuron import SummingNeuron
from realnet_hw.cells.supply import SupplyEntry
from realnet_hw.drawing import sexpr
from realnet_hw.export import netlist
from realnet_hw.export.schematic import schematic_files


@pytest.mark.usefixtures("kicad")
@pytest.mark.parametrize("seed", range(8))
def test_random_network_is_drawn_right(
    seed: int, random_board: Callable[[int], Board], prove: Callable[[Board], Any]
) -> None:
    prove(random_board(seed))


@pytest.mark.usefixtures("kicad")
def test_single_supply_is_drawn_right(prove: Callable[[Board], Any]) -> None:
    """The supply pins between one rail and ground, one capacitor each, a terminal of two poles."""
    rails = ("+12V", "GND")
    cells: tuple[Cell, ...] = (
        Connector("IN", "Inputs", nets=["X1"], side="left"),
        SupplyEntry("PWR", "Supply", rails=rails),
        ShuntReference("REF", "Reference", output="VREF", rail="+12V", series_ohm=1e3),
        SummingNeuron(
            "A_NAME_THAT_IS_LONG",
            "Neuron",
            output="AN_OUTPUT_THAT_IS_LONG",
            inputs={"X1": 976e3, "VREF": 976e3},
            feedback_ohm=976e3,
            rectifier="negative",
            layer=1,
        ),
        Connector("OUT", "Outputs", nets=["AN_OUTPUT_THAT_IS_LONG"], side="right", layer=2),
    )
    board = Board(
        name="single",
        title="Single supply",
        technology="inverting_summer",
        ports=(Port("X1", "X1", "input"), Port("Y", "AN_OUTPUT_THAT_IS_LONG", "output")),
        supplies=(Supply("+12V", 12.0, 0.05, 0.1),),
        test_points=(),
        cases=(),
        logic=Logic(0.0, 5.0, 1.5, 3.5),
        cells=cells,
    )
    prove(board)


def test_same_board_gives_same_bytes(xor: Any) -> None:
    again = schematic_files(xor.board, netlist.from_board(xor.board))
    assert again == xor.files


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
