"""Boards whose outputs are judged as values, or by the greatest, on drawn fixtures."""

from __future__ import annotations

from collections import Counter

import pytest

from realnet_hw.board import Board
from realnet_hw.compare.verdict import Judge
from realnet_hw.emulate.truths import FIXTURES
from realnet_hw.export import netlist
from realnet_hw.export.deck import deck_from
from realnet_hw.measure import station
from realnet_hw.network.network import Layer, Network
from realnet_hw.predict.prediction import predict
from realnet_hw.technology.inverting_summer import compile_network
from tests.bench import runs
from tests.bench.runs import Drawn
from tests.bench.simulated import measurements

AT = [(0.0, 0.0), (0.5, 0.4), (1.0, 1.0), (0.9, 0.2)]
# R is the greatest only where its bias is all there is; Q never.
GREATEST = ["R", "P", "P", "P"]


def three_outputs(answer: str) -> Board:
    first = Layer(((1.0, 0.5), (0.2, 1.0), (-0.6, 0.8)), (0.0, 0.1, 0.3), "relu")
    second = Layer(((1.0, 0.1, 0.0), (0.0, 1.0, 0.0), (0.0, 0.2, 1.0)), (0.0, 0.0, 0.0), "linear")
    network = Network("realnet-network", 1, ("A", "B"), ("P", "Q", "R"), (first, second))
    return compile_network(
        network, "three_outputs", "Three outputs", answer=answer, inputs="analogue", at=AT
    )


@pytest.mark.parametrize("answer", ["value", "largest"])
def test_good_boards_pass_and_faulty_ones_do_not(answer: str, kicad: str) -> None:
    board = three_outputs(answer)
    if answer == "largest":
        assert [case.largest for case in board.cases] == GREATEST
    found = netlist.from_board(board)
    deck = deck_from(found, board)
    predicted = predict(board, deck, found, runs.engine(), 150, 3)
    wiring = station.wiring_for(runs.reading(), board)
    judge = Judge(predicted)

    def verdicts(boards: list[Drawn]) -> list[str]:
        taken = measurements(
            board, deck, found.sha256(), runs.engine(), wiring, runs.reading().reading, boards
        )
        return [judge.judge(record).verdict for record, _ in taken]

    good = [Drawn(seed, truth=truth) for seed, truth in enumerate(3 * list(FIXTURES))]
    assert Counter(verdicts(good)) == {"PASS": len(good)}
    # Each weight of P's neuron, and the rail that all amplifiers need.
    fed_by_p = [
        name for name, part in board.assembly.parts.items() if "P_SUM" in part.pins.values()
    ]
    faults = [f"{name} open" for name in fed_by_p if name.startswith("R")]
    assert len(faults) >= 2
    bad = [Drawn(seed, (fault,)) for seed, fault in enumerate([*faults, "+12V missing"])]
    assert not any(verdict.startswith("PASS") for verdict in verdicts(bad))
