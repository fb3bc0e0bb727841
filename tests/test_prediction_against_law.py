"""Every board's nominal prediction is its cells' ideal law plus what the offsets make of it."""

from __future__ import annotations

import pytest

from realnet_hw import project
from realnet_hw.board import Board, load_board
from realnet_hw.cells.balanced_neuron import BalancedNeuron
from realnet_hw.cells.neuron import Neuron
from realnet_hw.export import netlist
from realnet_hw.export.deck import Deck, deck_from
from realnet_hw.predict.ngspice import NgspiceEngine

AGREEMENT_V = 1e-3
# Microchip DS20001733: the MCP6004's output comes this near to its rails, at least.
RAIL_V = 25e-3

BOARDS = {name: load_board(name) for name in sorted(project.board_files())}
WITH_CELLS = [
    name for name, board in BOARDS.items() if any(isinstance(cell, Neuron) for cell in board.cells)
]


def offsets_V(board: Board, deck: Deck) -> dict[str, float]:
    """Return the nominal offset of every neuron's amplifier."""
    found = {}
    for cell in board.cells:
        if isinstance(cell, Neuron):
            reference, unit = board.assembly.units[cell.name, "amplifier"]
            parameter = f"v.x{reference.lower()}.vos{unit + 1}"
            found[cell.name] = next(s.nominal for s in deck.spreads if s.parameter == parameter)
    return found


@pytest.mark.parametrize("name", WITH_CELLS)
def test_nominal_prediction_is_the_ideal_law_plus_offsets(name: str) -> None:
    board = BOARDS[name]
    deck = deck_from(netlist.from_board(board), board)
    neurons = [cell for cell in board.cells if isinstance(cell, Neuron)]
    offsets = offsets_V(board, deck)
    assert all(offset > 0 for offset in offsets.values())
    nets = sorted({*(cell.output for cell in neurons), *(n for c in neurons for n in c.inputs)})
    sets = [
        {deck.inputs[port].element: volts for port, volts in case.inputs.items()}
        for case in board.cases
    ]
    rows = NgspiceEngine().operating_point(deck, sets, [deck.nodes[net] for net in nets])
    for row in rows:
        found = dict(zip(nets, row, strict=True))
        for cell in neurons:
            law_V, shown_V = cell.law(found), found[cell.output]
            on = not cell.polarity or law_V != 0.0
            if isinstance(cell, BalancedNeuron) and law_V < RAIL_V:
                assert -AGREEMENT_V < shown_V < RAIL_V + AGREEMENT_V, cell.name
                continue
            # A rectifier that is off shows its summing node: the offset alone. The offset's sign
            # is the model's: either may be what this amplifier has.
            reach_V = offsets[cell.name] * (cell.noise_gain() if on else 1.0) + AGREEMENT_V
            assert shown_V == pytest.approx(law_V, abs=reach_V), cell.name
