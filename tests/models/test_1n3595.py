"""The 1N3595 model within the bounds that its card names.

Ref: onsemi 1N3595 (25 C), from memory.
"""

from __future__ import annotations

import numpy as np

from realnet_hw.export.deck import Deck, model_card
from realnet_hw.predict.ngspice import NgspiceEngine


def test_forward_voltages(engine: NgspiceEngine) -> None:
    deck = Deck("* 1N3595", ("i_f 0 a 1", "d1 a 0 d1n3595"), models=model_card("1n3595.lib"))
    currents_A = [1e-3, 10e-3, 200e-3]
    found = engine.sweep(deck, [{}], ["a"], source="i_f", values=currents_A)[0, :, 0]
    assert np.all(found > [0.52, 0.65, 0.83])
    assert np.all(found < [0.68, 0.80, 1.0])


def test_leakage(engine: NgspiceEngine) -> None:
    deck = Deck("* 1N3595", ("v_r k 0 125", "d1 0 k d1n3595"), models=model_card("1n3595.lib"))
    assert 0 < -engine.operating_point(deck, [{}], ["i(v_r)"])[0, 0] <= 1e-9
