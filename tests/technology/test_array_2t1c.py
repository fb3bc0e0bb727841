"""Arrays of 2T1C synapses: what is drawn, what is refused, and what the circuit holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from realnet_hw.board import Board, load_board
from realnet_hw.errors import CircuitRefused
from realnet_hw.export.build import build
from realnet_hw.export.deck import deck_from
from realnet_hw.export.netlist import from_board
from realnet_hw.predict.compiled.engine import CompiledEngine
from realnet_hw.predict.ngspice import NgspiceEngine
from realnet_hw.predict.tolerances import draw
from realnet_hw.technology.array_2t1c import (
    STORE_MAX_V,
    X_MAX_V,
    Shape,
    array_board,
    store_nets,
)

XOR = Shape(inputs=2, hidden=4, outputs=1)
FOUR = Shape(inputs=1, hidden=0, outputs=2)


def board(shape: Shape, volts: float = 2.5) -> Board:
    stored = [[[volts] * len(columns) for _ in rows] for rows, columns in shape.layers]
    return array_board("array", "Array under test", shape, stored_V=stored)


def test_rows_come_in_pairs_of_either_sign() -> None:
    assert XOR.rows == ("X1", "X1N", "X2", "X2N", "B", "BN")
    assert XOR.output_columns == ("O1P", "O1N")


def test_every_synapse_has_a_word_and_data_line_of_its_own() -> None:
    """No two capacitors are written by the same pair of lines."""
    for shape in (XOR, FOUR, Shape(7, 0, 4)):
        writes = [
            write
            for cell in board(shape).cells
            for row in getattr(cell, "writes", ())
            for write in row
        ]
        assert len(set(writes)) == len(writes) == sum(len(r) * len(c) for r, c in shape.layers)


def test_every_pin_of_every_transistor_is_connected_once() -> None:
    assembly = board(XOR).assembly
    packages = [part for part in assembly.parts.values() if part.type == "ald1106"]
    assert len(packages) == 16  # two transistors a synapse, 32 synapses, four in a package
    for part in packages:
        assert len(part.pins) == 14
        assert (part.pins["11"], part.pins["4"]) == ("VDD", "VSS")


def test_stored_voltages_out_of_reach_are_refused() -> None:
    with pytest.raises(CircuitRefused, match="5 V"):
        board(XOR, STORE_MAX_V + 0.8)
    with pytest.raises(CircuitRefused, match="shape"):
        array_board("array", "Array", XOR, stored_V=[[[2.0]]])


def test_rails_rows_and_held_capacitors() -> None:
    """The voltages that the parts are to make, each within its parts' tolerance."""
    made = board(XOR, 3.0)
    deck = deck_from(from_board(made), made)
    nets = ["VDD", "VSS", "B", "BN", "X1N", *store_nets(XOR)[0][:2], "WL0"]
    inputs = {source.element: 0.0 for source in deck.inputs.values()}
    inputs[deck.inputs["X1"].element] = X_MAX_V
    engine = NgspiceEngine()
    volts = engine.operating_point(deck, [inputs], [deck.nodes[net] for net in nets])[0]
    expected = [7.5, -2.5, 1.0, -1.0, -1.0, 3.0, 3.0, 0.0]
    assert volts == pytest.approx(expected, abs=0.02)


def test_words_are_low_where_nothing_drives_their_lines() -> None:
    """As when the logic that drives them has no supply: the pull-downs hold them."""
    made = board(FOUR)
    deck = deck_from(from_board(made), made)
    words = [deck.nodes[f"WL{index}"] for index in range(8)]
    volts = NgspiceEngine().operating_point(deck, [{}], words)[0]
    assert (abs(volts) < 0.1).all()


def test_the_shipped_weights_are_right_on_other_boards_than_they_were_trained_on() -> None:
    """XOR by at least 30 mV between the columns, whatever the parts are within their tolerances."""
    shipped = load_board("array_2t1c")
    deck = deck_from(from_board(shipped), shipped)
    senses = shipped.synapses
    assert senses is not None
    nodes = [deck.nodes[senses.senses[column]] for column in XOR.output_columns]
    boards = draw(deck.spreads, 50, seed=77)
    engine = CompiledEngine()
    for case in shipped.cases:
        inputs = {deck.inputs[name].element: volts for name, volts in case.inputs.items()}
        volts = engine.operating_point(deck, [{**inputs, **parts} for parts in boards], nodes)
        difference = (volts[:, 0] - volts[:, 1]) / senses.sense_gain
        odd = case.inputs["X1"] != case.inputs["X2"]
        assert ((difference if odd else -difference) > 0.03).all()


def test_what_cannot_be_driven_is_refused() -> None:
    with pytest.raises(CircuitRefused, match=r"9 columns .*allowed: 8"):
        board(Shape(1, 9, 1))
    with pytest.raises(CircuitRefused, match=r"120 word lines .*allowed: 96"):
        board(Shape(19, 0, 3))


@pytest.mark.parametrize("shape", [FOUR], ids=["4x4"])
def test_it_is_drawn_and_proved(shape: Shape, kicad: str, tmp_path: Path) -> None:
    """ERC, schematic = circuit, deck = KiCad's and overlaps are build's own conditions."""
    result = build(board(shape), tmp_path / "out")
    assert result.violations == ()
