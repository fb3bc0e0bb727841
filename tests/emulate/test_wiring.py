"""The wires between fixture and board: what they mean, and what can't be wired."""

from __future__ import annotations

import pytest

from realnet_hw.emulate.wiring import Wiring
from realnet_hw.errors import InputError

INPUTS = ("X1", "X2")
NODES = {"Y": "y", "H1": "h1"}


def test_a_table_becomes_wires() -> None:
    table = {"X1": "dac1", "X2": "dac0", "X2.sense": "adc6", "Y": "adc0", "H1": "adc1"}
    wiring = Wiring.of(table, inputs=INPUTS, nodes=NODES)
    assert wiring.inputs == {1: "X1", 0: "X2"}
    assert wiring.nodes == {0: "y", 1: "h1"}
    assert wiring.senses == {6: 0}


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"X1": "dac6"}, "no terminal 'dac6'"),
        ({"X1": "adc0"}, "no terminal 'adc0'"),
        ({"Y": "dac0"}, "no terminal 'dac0'"),
        ({"Y": "adc7"}, "no terminal 'adc7'"),
        ({"Y": "adc0", "H1": "adc0"}, "adc0 is wired to Y too"),
        ({"Z": "adc0"}, "no terminal Z "),
        ({"A": "dac0", "B": "dac1", "Y": "adc0"}, r"no terminal A, B \(allowed: X1, X2, Y, H1, "),
        ({"H1.sense": "adc0"}, r"no terminal H1\.sense "),
        ({"X1.sense": "adc0"}, "X1 has no source"),
    ],
)
def test_what_cannot_be_wired_is_refused(table: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Wiring.of(table, inputs=INPUTS, nodes=NODES)
