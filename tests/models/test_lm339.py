"""The LM339 model in the datasheet's conditions.

Ref: Texas Instruments SLCS006, LM339; see the model card for what is from memory.
"""

from __future__ import annotations

import numpy as np
import pytest

from realnet_hw.export.deck import Deck, model_card
from realnet_hw.predict.ngspice import NgspiceEngine


def comparator(*elements: str, vcc_V: float = 5.0) -> Deck:
    """The first comparator with 1 mA out of 5 V at its output; the others' inputs at ground."""
    return Deck(
        "* LM339 under test",
        (
            *elements,
            f"v_cc vcc 0 {vcc_V}",
            "xu1 o2 out vcc m p 0 0 0 0 0 0 0 o4 o3 lm339",
            "r_2 o2 0 1e6",
            "r_3 o3 0 1e6",
            "r_4 o4 0 1e6",
        ),
        models=model_card("lm339.lib"),
    )


def test_not_inverting(engine: NgspiceEngine) -> None:
    deck = comparator("v_p p 0 0", "v_m m 0 2.5", "v_l l 0 5", "r_l l out 4700")
    low, high = engine.operating_point(deck, [{"v_p": 2.49}, {"v_p": 2.51}], ["out"])[:, 0]
    assert low < 0.2
    assert high == pytest.approx(5.0, abs=1e-2)


def test_output_saturation_and_sink_current(engine: NgspiceEngine) -> None:
    deck = comparator("v_p p 0 0", "v_m m 0 1", "i_l 0 out 4e-3")
    assert engine.operating_point(deck, [{}], ["out"])[0, 0] == pytest.approx(0.15, abs=0.02)
    short = comparator("v_p p 0 0", "v_m m 0 1", "v_o out 0 5")
    assert -engine.operating_point(short, [{}], ["i(v_o)"])[0, 0] == pytest.approx(16e-3, rel=0.05)


def test_bias_current_flows_out_of_the_inputs(engine: NgspiceEngine) -> None:
    deck = comparator("r_p p 0 100000", "v_m m 0 2.5", "i_l 0 out 1e-3")
    assert engine.operating_point(deck, [{}], ["p"])[0, 0] == pytest.approx(2.5e-3, rel=0.1)


def test_without_supply_it_does_not_pull(engine: NgspiceEngine) -> None:
    deck = comparator("v_p p 0 0", "v_m m 0 2.5", "v_l l 0 5", "r_l l out 4700", vcc_V=0.0)
    assert engine.operating_point(deck, [{}], ["out"])[0, 0] == pytest.approx(5.0, abs=1e-2)


def test_response_time(engine: NgspiceEngine) -> None:
    """From a step with 5 mV of overdrive to half of the output's way."""
    deck = comparator("v_p p 0 0", "v_m m 0 0.1", "v_l l 0 5", "r_l l out 4700", "c_l out 0 1e-12")
    deck = deck.with_waveform("v_p", [(0.0, 0.2), (1e-6, 0.2), (1.001e-6, 0.095)])
    volts = engine.transient(deck, [{}], ["out"], end_s=4e-6, step_s=1e-8)[0, :, 0]
    assert volts[90] > 4.9
    fallen = np.flatnonzero(volts < 2.5)[0] * 1e-8
    assert 5e-8 < fallen - 1e-6 < 1.3e-6
