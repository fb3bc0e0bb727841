"""The 2N3904 model against the figures that its card names.

Ref: onsemi 2N3903/D (25 C), from memory.
"""

from __future__ import annotations

import pytest

from realnet_hw.export.deck import Deck, model_card
from realnet_hw.predict.ngspice import NgspiceEngine


def transistor(*elements: str) -> Deck:
    return Deck(
        "* 2N3904 under test", ("xq1 0 b c 2n3904", *elements), models=model_card("2n3904.lib")
    )


def test_current_gain(engine: NgspiceEngine) -> None:
    deck = transistor("v_c c 0 1", "i_b 0 b 66e-6")
    collector_A = -engine.operating_point(deck, [{}], ["i(v_c)"])[0, 0]
    assert 100 < collector_A / 66e-6 < 300


@pytest.mark.parametrize(("collector_A", "most_V"), [(10e-3, 0.2), (50e-3, 0.3)])
def test_saturation(engine: NgspiceEngine, collector_A: float, most_V: float) -> None:
    """With a base current of a tenth."""
    deck = transistor(f"i_c 0 c {collector_A}", f"i_b 0 b {collector_A / 10}")
    collector_V, base_V = engine.operating_point(deck, [{}], ["c", "b"])[0]
    assert 0.02 < collector_V < most_V
    assert 0.65 < base_V < 0.85


def test_without_base_current_it_blocks(engine: NgspiceEngine) -> None:
    deck = transistor("v_c c 0 30", "r_b b 0 10000")
    assert abs(engine.operating_point(deck, [{}], ["i(v_c)"])[0, 0]) < 50e-9
