"""Resistors chosen from what can be bought."""

from __future__ import annotations

import numpy as np
import pytest

from realnet_hw.errors import CircuitRefused
from realnet_hw.parts.catalogue import part_type
from realnet_hw.preferred_values import values
from realnet_hw.technology import resistors
from realnet_hw.technology.resistors import Balanced, Goal

RESISTOR = part_type("resistor")
E96 = set(values("E96", 1e3, 1e6))


def goal(gains: list[float], *, polarity: int = 0, is_output: bool = True) -> Goal:
    """Ask for these gains at random source voltages up to 4 V."""
    volts = np.random.default_rng(0).random((64, len(gains))) * 4.0
    wanted = volts @ np.array(gains)
    if polarity:
        wanted = polarity * np.maximum(polarity * wanted, 0.0)
    return Goal(volts, wanted, polarity, float(np.abs(wanted).max()), "Y", is_output)


def gains_of(chosen: Balanced) -> list[float]:
    """Return the gains by Millman's theorem at each input of the amplifier."""

    def total(ohms: tuple[float | None, ...], balance: float | None) -> float:
        return sum(1 / ohm for ohm in (*ohms, balance) if ohm)

    plus_S = total(chosen.positive, chosen.positive_balance_ohm)
    minus_S = total(chosen.negative, chosen.negative_balance_ohm)
    both = 1 + chosen.feedback_ohm * minus_S
    return [
        *(both / (ohm * plus_S) if ohm else 0.0 for ohm in chosen.positive),
        *(-chosen.feedback_ohm / ohm if ohm else 0.0 for ohm in chosen.negative),
    ]


@pytest.mark.parametrize("seed", range(12))
def test_balanced_gains_are_made_with_bought_resistors(seed: int) -> None:
    rng = np.random.default_rng(seed)
    up, down = (rng.uniform(0.05, 1.5, rng.integers(1, 7)).tolist() for _ in range(2))
    wanted = [*up, *(-gain for gain in down)]
    asked = goal(wanted)
    chosen = resistors.balanced(up, down, asked, RESISTOR, (10e3, 200e3))
    every = (*chosen.positive, *chosen.negative, chosen.feedback_ohm)
    assert {ohm for ohm in every if ohm} <= E96
    assert {chosen.positive_balance_ohm, chosen.negative_balance_ohm} - {None} <= E96
    assert asked.error_V(np.array(gains_of(chosen))) < 0.005 * asked.range_V


@pytest.mark.parametrize(
    ("up", "down", "side"), [([2.0], [0.5], "negative"), ([0.5], [0.5], "positive")]
)
def test_the_side_that_lacks_conductance_is_balanced(
    up: list[float], down: list[float], side: str
) -> None:
    wanted = [*up, *(-gain for gain in down)]
    chosen = resistors.balanced(up, down, goal(wanted), RESISTOR, (10e3, 200e3))
    has = {
        "positive": chosen.positive_balance_ohm is not None,
        "negative": chosen.negative_balance_ohm is not None,
    }
    assert has[side]


def test_what_no_resistor_can_make_is_left_out_or_refused() -> None:
    tiny = [0.5, 0.0005]
    chosen = resistors.balanced(tiny, [], goal(tiny), RESISTOR, (10e3, 200e3))
    assert chosen.positive[1] in (None, 1e6)
    huge = [300.0]
    with pytest.raises(CircuitRefused, match=r"Y: would be .* of full scale off"):
        resistors.inverting(huge, goal([-300.0]), RESISTOR, (5e3, 100e3))


def test_a_hidden_neuron_may_be_off_since_the_next_layer_makes_up_for_it() -> None:
    asked = goal([-300.0], is_output=False)
    feedback_ohm, (ohm,) = resistors.inverting([300.0], asked, RESISTOR, (5e3, 100e3))
    assert ohm is not None
    assert feedback_ohm / ohm == pytest.approx(100.0)


@pytest.mark.parametrize("seed", range(12))
def test_many_inverting_gains_together_are_hardly_off(seed: int) -> None:
    wanted = np.random.default_rng(seed).uniform(0.05, 0.8, 12)
    asked = goal((-wanted).tolist())
    feedback_ohm, ohms = resistors.inverting(wanted.tolist(), asked, RESISTOR, (5e3, 100e3))
    made = np.array([-feedback_ohm / ohm if ohm else 0.0 for ohm in ohms])
    # 1 % steps at random are off by up to 0.5 %.
    assert asked.error_V(made) < 0.0021 * asked.range_V
