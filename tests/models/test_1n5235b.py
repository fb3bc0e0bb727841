"""The 1N5235B model against the table of its JEDEC series.

Ref: 1N5221B to 1N5267B, electrical characteristics (25 C): V_Z at 20 mA, Z_ZT, I_R at 5 V, V_F.
"""

from __future__ import annotations

import numpy as np
import pytest

from realnet_hw.export.deck import Deck, model_card
from realnet_hw.predict.ngspice import NgspiceEngine


def test_breakdown_is_at_6_8_volts(engine: NgspiceEngine) -> None:
    elements = ("i_z 0 k 0.02", "d1 0 k d1n5235b")
    deck = Deck("* 1N5235B under test", elements, model_card("1n5235b.lib"))
    volts = engine.operating_point(
        deck, [{"i_z": current_A} for current_A in (0.019, 0.02, 0.021)], ["k"]
    )
    assert volts[1, 0] == pytest.approx(6.8, abs=0.02)
    assert np.ptp(volts) / 2e-3 <= 5.5


def test_it_takes_next_to_nothing_from_a_5_volt_line_and_clamps_the_other_way(
    engine: NgspiceEngine,
) -> None:
    elements = ("v_z k 0 5", "d1 0 k d1n5235b")
    deck = Deck("* 1N5235B under test", elements, model_card("1n5235b.lib"))
    assert abs(engine.operating_point(deck, [{}], ["i(v_z)"])[0, 0]) < 3e-6
    forward = deck.with_element("v_z", "i_z k 0 0.2")
    assert -1.1 < engine.operating_point(forward, [{}], ["k"])[0, 0] < -0.7
