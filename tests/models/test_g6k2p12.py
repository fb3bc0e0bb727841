"""The relay's model: which contact is closed at which voltage of the coil.

Ref: Omron G6K datasheet, coil ratings, from memory.
"""

from __future__ import annotations

import pytest

from realnet_hw.export.deck import Deck, model_card
from realnet_hw.predict.ngspice import NgspiceEngine

MUST_OPERATE_V, MUST_RELEASE_V = 9.6, 1.2


@pytest.mark.parametrize("sign", [1, -1])
def test_contacts_change_between_the_two_bounds(engine: NgspiceEngine, sign: int) -> None:
    deck = Deck(
        "* G6K under test",
        (
            "xk1 coil nc1 com1 no1 no2 com2 nc2 0 g6k2p12",
            "v_coil coil 0 0",
            *(f"i_{n} 0 com{n} 10e-3" for n in (1, 2)),
            *(f"r_{kind}{n} {kind}{n} 0 100" for n in (1, 2) for kind in ("no", "nc")),
        ),
        models=model_card("g6k2p12.lib"),
    )
    sets = [{"v_coil": sign * volts} for volts in (MUST_RELEASE_V, MUST_OPERATE_V)]
    nodes = ["nc1", "no1", "nc2", "no2", "com1"]
    released, operated = engine.operating_point(deck, sets, nodes)
    assert released[:4] == pytest.approx([1.0, 0.0, 1.0, 0.0], abs=1e-4)
    assert operated[:4] == pytest.approx([0.0, 1.0, 0.0, 1.0], abs=1e-4)
    for contacts in (released, operated):
        assert 0 < contacts[4] - 1.0 < 0.1 * 10e-3


def test_coil(engine: NgspiceEngine) -> None:
    deck = Deck(
        "* G6K coil",
        ("xk1 coil a b c d e f 0 g6k2p12", "v_coil coil 0 12", "r_a a 0 1", "r_d d 0 1"),
        models=model_card("g6k2p12.lib"),
    )
    assert -engine.operating_point(deck, [{}], ["i(v_coil)"])[0, 0] == pytest.approx(9.1e-3, 0.01)
