"""Every board's nominal prediction is its cells' ideal law plus what the offsets make of it."""

from __future__ import annotations

import pytest

from realnet_hw import project
from realnet_hw.board import Board, load_board
from realnet_hw.cells.summing_neuron import SummingNeuron
from realnet_hw.export import netlist
from realnet_hw.export.deck import deck_from
from realnet_hw.predict.ngspice import NgspiceEngine

AGREEMENT_V = 1e-3


def law_with_offsets(
    board: Board, known_V: dict[str, float], offsets_V: dict[str, float]
) -> dict[str, float]:
    """Apply the cells' laws in order, each amplifier's offset times its noise gain added.

    A rectifier that is off shows its summing node through the feedback resistor: the offset alone.
    """
    volts = dict(known_V)
    for cell in board.cells:
        if not isinstance(cell, SummingNeuron):
            continue
        offset_V = offsets_V[cell.name]
        ideal_V = cell.law(volts)
        on = cell.rectifier == "none" or ideal_V != 0.0
        volts[cell.output] = ideal_V + offset_V * (cell.noise_gain() if on else 1.0)
    return volts


@pytest.mark.parametrize("name", sorted(project.board_files()))
def test_nominal_prediction_is_the_ideal_law_plus_offsets(name: str) -> None:
    board = load_board(name)
    deck = deck_from(netlist.from_board(board), board)
    engine = NgspiceEngine()
    points = [point.net for point in (*board.outputs, *board.test_points)]
    neurons = [cell for cell in board.cells if isinstance(cell, SummingNeuron)]
    references = [net for net in points if net not in {cell.output for cell in neurons}]
    offsets_V = {}
    for cell in neurons:
        reference, unit = board.assembly.amplifiers[cell.name, "amplifier"]
        parameter = f"v.x{reference.lower()}.vos{unit + 1}"
        offsets_V[cell.name] = next(s.nominal for s in deck.spreads if s.parameter == parameter)
    assert offsets_V
    for case in board.cases:
        parameters = {deck.inputs[port].element: volts for port, volts in case.inputs.items()}
        nodes = [deck.nodes[net] for net in points]
        found = dict(zip(points, engine.operating_point(deck, [parameters], nodes)[0], strict=True))
        known = dict(case.inputs) | {net: found[net] for net in references}
        # The offset's sign is the model's: either may be what this amplifier has.
        bounds = [
            law_with_offsets(board, known, {k: sign * v for k, v in offsets_V.items()})
            for sign in (1, -1)
        ]
        for cell in neurons:
            low, high = sorted(bound[cell.output] for bound in bounds)
            assert low - AGREEMENT_V < found[cell.output] < high + AGREEMENT_V, (name, cell.name)
