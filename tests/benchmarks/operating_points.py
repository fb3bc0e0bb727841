"""How fast ngspice solves one drawn board, the step that every prediction repeats."""

from __future__ import annotations

from run import Ratio, fastest_s, million_additions_s

from realnet_hw.board import load_board
from realnet_hw.export.deck import deck_from
from realnet_hw.export.netlist import from_board
from realnet_hw.predict.ngspice import NgspiceEngine
from realnet_hw.predict.tolerances import draw

BOARDS = 200


def measure() -> list[Ratio]:
    board = load_board("xor_opamp")
    deck = deck_from(from_board(board), board)
    drawn = draw(deck.spreads, BOARDS, seed=0)
    nodes = list(deck.nodes.values())
    engine = NgspiceEngine()
    engine.operating_point(deck, drawn[:1], nodes)
    each_s = fastest_s(lambda: engine.operating_point(deck, drawn, nodes), 3) / BOARDS
    return [Ratio("one drawn board / 1e6 additions", each_s, million_additions_s(), 0.2)]
