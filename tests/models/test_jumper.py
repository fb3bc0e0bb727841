"""The jumper's model: what the lead through it loses."""

from __future__ import annotations

import pytest

from realnet_hw.export.deck import Deck, model_card
from realnet_hw.predict.ngspice import NgspiceEngine


def test_resistance(engine: NgspiceEngine) -> None:
    deck = Deck("* jumper", ("i_1 0 a 1", "xjp1 a 0 jumper"), models=model_card("jumper.lib"))
    assert engine.operating_point(deck, [{}], ["a"])[0, 0] == pytest.approx(20e-3)
