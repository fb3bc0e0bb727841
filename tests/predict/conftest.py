"""The engine under test, ngspice itself, and two decks: one made by hand, one of a board."""

from __future__ import annotations

import pytest

from realnet_hw import project
from realnet_hw.board import Board
from realnet_hw.export.deck import Deck, Source, Spread, deck_from, model_card
from realnet_hw.export.netlist import Netlist, from_board
from realnet_hw.predict.ngspice import NgspiceEngine


@pytest.fixture(scope="session")
def engine() -> NgspiceEngine:
    return NgspiceEngine()


@pytest.fixture(scope="session")
def summer() -> Deck:
    """An inverting summer, -R3 (x1 / R1 + x2 / R2), and a peak detector behind it."""
    ohms = {"r1": 10e3, "r2": 40e3, "r3": 20e3}
    spreads = [
        Spread(name, name.upper(), ohm, "uniform", ohm * 0.99, ohm * 1.01)
        for name, ohm in ohms.items()
    ]
    return Deck(
        title="* summer",
        elements=(
            "c1 hold 0 1e-9",
            "d1 out hold d1n4148",
            "r1 x1 sum 10000",
            "r2 x2 sum 40000",
            "r3 sum out 20000",
            "r4 hold 0 100000",
            "xu1 out sum 0 p12v 0 f2 f2 f3 f3 0 n12v 0 f4 f4 tl074",
            "v_p12v p12v 0 12",
            "v_n12v n12v 0 -12",
            "v_x1 x1 0 0",
            "v_x2 x2 0 0",
        ),
        models=model_card("tl074.lib") + model_card("1n4148.lib"),
        supplies={"+12V": Source("v_p12v", "p12v", 12), "-12V": Source("v_n12v", "n12v", -12)},
        inputs={"X1": Source("v_x1", "x1", 0.0), "X2": Source("v_x2", "x2", 0.0)},
        nodes={"X1": "x1", "X2": "x2", "OUT": "out", "HOLD": "hold", "GND": "0"},
        spreads=(
            Spread("c1", "C1", 1e-9, "uniform", 0.9e-9, 1.1e-9),
            Spread("d1 area", "D1", 1.0, "uniform", 0.5, 2.0),
            *spreads,
            Spread("v.xu1.vos1", "U1", 0.0, "normal", -10e-3, 10e-3, 3e-3),
            Spread("v_p12v", "+12V", 12.0, "uniform", 11.4, 12.6),
            Spread("v_n12v", "-12V", -12.0, "uniform", -12.6, -11.4),
        ),
    )


@pytest.fixture(scope="session")
def xor() -> tuple[Board, Netlist, Deck]:
    """The board ``xor_opamp`` as it is shipped."""
    board: Board = project.load_module(project.board_file("xor_opamp")).board()
    netlist = from_board(board)
    return board, netlist, deck_from(netlist, board)
