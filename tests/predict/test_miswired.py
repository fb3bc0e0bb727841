"""Faults of joints, legs and outputs: what they do follows from the circuit around them."""

from __future__ import annotations

import pytest

from realnet_hw.board import Board
from realnet_hw.errors import InputError
from realnet_hw.export.deck import Deck
from realnet_hw.export.netlist import Netlist
from realnet_hw.predict import faults
from realnet_hw.predict.compiled.engine import CompiledEngine

Xor = tuple[Board, Netlist, Deck]
ENGINE = CompiledEngine()
# The first hidden neuron: R2, R3 of 18.7k from the inputs, R4 of 10.7k from -5 V, R5 of 10.7k back.
WEIGHT, BIAS_V = 10.7 / 18.7, 5.0


def read(deck: Deck, node: str, x1: float = 0.0, x2: float = 0.0) -> float:
    volts = {deck.inputs["X1"].element: x1, deck.inputs["X2"].element: x2}
    return float(ENGINE.operating_point(deck, [volts], [node])[0, 0])


def test_a_sound_board_is_where_the_next_tests_start_from(xor: Xor) -> None:
    assert read(xor[2], "h1", x1=5.0) == pytest.approx(BIAS_V - 5 * WEIGHT, abs=0.02)


@pytest.mark.parametrize(
    ("fault", "x1", "x2", "expected_V"),
    [
        # The leg from X1 hangs on X2: that counts twice, X1 not at all.
        ("R2.1 at X2", 5.0, 0.0, BIAS_V),
        ("R2.1 at X2", 0.0, 4.0, BIAS_V - 8 * WEIGHT),
        ("R4 is 21.4k", 0.0, 0.0, BIAS_V / 2),
        ("R4 is 53.5k", 0.0, 0.0, BIAS_V / 5),
        ("input X1 missing", 5.0, 0.0, BIAS_V),
        # 65 pA over the 1 Gohm of the joint are an offset, seen through 1 + 10.7k / 4.99k.
        ("U1.2 open", 0.0, 0.0, BIAS_V + 0.065 * 3.14),
    ],
)
def test_what_a_neuron_then_adds_up(
    xor: Xor, fault: str, x1: float, x2: float, expected_V: float
) -> None:
    faulty = faults.apply(xor[2], fault)
    assert read(faulty, "h1", x1, x2) == pytest.approx(max(expected_V, 0.0), abs=0.05)


def test_a_bridge_makes_one_net_of_two(xor: Xor) -> None:
    faulty = faults.apply(xor[2], "H1 H2 bridged")
    assert read(faulty, "h1") == pytest.approx(read(faulty, "h2"), abs=1e-3)
    assert read(faults.apply(xor[2], "GND Y bridged"), "y", x1=5.0) == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize(("level", "sign"), [("low", -1), ("high", 1)])
def test_a_failed_output_stays_near_a_supply(xor: Xor, level: str, sign: int) -> None:
    faulty = faults.apply(xor[2], f"U1.14 stuck {level}")
    for x1 in (0.0, 5.0):
        assert 9.5 < sign * read(faulty, "y", x1=x1) < 12.0


def test_an_input_that_drifts_takes_the_output_with_it(xor: Xor) -> None:
    """Pin 13 is the inverting input of the output's amplifier."""
    low = read(faults.apply(xor[2], "U1.13 open low"), "y")
    high = read(faults.apply(xor[2], "U1.13 open high"), "y")
    assert low > 9.0
    assert high < -9.0


@pytest.mark.parametrize(
    "fault",
    [
        "H1 H1 bridged",
        "H1 NOWHERE bridged",
        "+12V GND bridged",
        "X1 X2 bridged",
        "U1.15 open",
        "U9.1 open",
        "U1.1 stuck",
        "U1.1 stuck middle",
        "R2.1 at X1",
        "R2.3 at X2",
        "R2.1 at NOWHERE",
        "input Y missing",
        "R2 is nothing",
        "R99 is 1k",
    ],
)
def test_what_can_not_be_is_refused(xor: Xor, fault: str) -> None:
    with pytest.raises(InputError):
        faults.apply(xor[2], fault)
