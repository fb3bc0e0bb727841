"""Which part decides: effects computed by hand, and corners that no drawn board passes."""

from __future__ import annotations

import numpy as np
import pytest

from realnet_hw import records
from realnet_hw.board import Board
from realnet_hw.export.deck import Deck
from realnet_hw.export.netlist import Netlist
from realnet_hw.predict.asking import asking_of
from realnet_hw.predict.compiled.engine import CompiledEngine
from realnet_hw.predict.levels import sources
from realnet_hw.predict.sensitivity import sensitivity
from realnet_hw.predict.tolerances import draw


@pytest.fixture(scope="module")
def found(xor: tuple[Board, Netlist, Deck]) -> records.Sensitivity:
    board, _, deck = xor
    cases = [sources(deck, case.inputs) for case in board.cases]
    made = sensitivity(board, deck, CompiledEngine(), asking_of(board, deck), cases)
    assert made is not None
    return made


def test_the_last_summer_moves_the_output_by_its_tolerance(
    found: records.Sensitivity, xor: tuple[Board, Netlist, Deck]
) -> None:
    """The output is in proportion to R14, the feedback of the last summer."""
    _, _, deck = xor
    effects = {one.parameter: one for one in found.parts}
    spread = next(one for one in deck.spreads if one.parameter == "r14")
    output_V = effects["r14"].slope * spread.nominal
    assert effects["r14"].effect_V == pytest.approx(
        abs(output_V) * (spread.high / spread.nominal - 1), rel=1e-2
    )
    assert abs(output_V) == pytest.approx(5.0, abs=0.3)
    ranked = [one.effect_V for one in found.parts]
    assert ranked == sorted(ranked, reverse=True)
    assert all(0 <= one.share <= 1 for one in found.parts)


def test_no_drawn_board_is_beyond_the_corners(
    found: records.Sensitivity, xor: tuple[Board, Netlist, Deck]
) -> None:
    board, _, deck = xor
    node = deck.nodes[board.outputs[0].net]
    assert set(found.corners) == {f"{case}.{board.outputs[0].name}" for case in range(4)}
    for number, case in enumerate(board.cases):
        sets = [{**one, **sources(deck, case.inputs)} for one in draw(deck.spreads, 200, 2)]
        volts = CompiledEngine().operating_point(deck, sets, [node])
        corner = found.corners[f"{number}.{board.outputs[0].name}"]
        assert corner.low_V - 1e-3 <= volts.min()
        assert volts.max() <= corner.high_V + 1e-3
        assert corner.high_V - corner.low_V > np.ptp(volts)


def test_nothing_is_said_where_it_would_take_too_long(xor: tuple[Board, Netlist, Deck]) -> None:
    board, _, deck = xor
    cases = [sources(deck, board.cases[0].inputs)] * 10_000
    asking = asking_of(board, deck)
    assert sensitivity(board, deck, CompiledEngine(), asking, cases) is None


def test_shares_are_those_of_the_variance_over_drawn_boards(
    found: records.Sensitivity, xor: tuple[Board, Netlist, Deck]
) -> None:
    """Resistors are uniform within their bounds, offsets normal and far within theirs."""
    board, _, deck = xor
    node = deck.nodes[board.outputs[0].net]
    inputs = sources(deck, board.cases[0].inputs)
    boards = draw(deck.spreads, 2000, 5)
    volts = CompiledEngine().operating_point(deck, [{**one, **inputs} for one in boards], [node])
    tried = [one for one in found.parts if one.key.startswith("0.")]
    assert {one.parameter[0] for one in tried} >= {"r", "v"}
    for one in tried:
        of = [drawn[one.parameter] for drawn in boards]
        share = float(np.corrcoef(of, volts[:, 0])[0, 1]) ** 2
        assert one.share == pytest.approx(share, abs=0.04)
