"""The laws of drawn resistors: derivatives, and the spread that the cells' own law foretells.

Ref: JCGM 100:2008 (GUM), 5.1.2, for the spread; a rectangular distribution's standard deviation is
its half width over the square root of 3 (4.3.7).
"""

from __future__ import annotations

import numpy as np
import pytest

from realnet_hw.cells.balanced_neuron import BalancedNeuron
from realnet_hw.cells.neuron import Neuron
from realnet_hw.cells.summing_neuron import SummingNeuron
from realnet_hw.learn.gains import BalancedLaw, Floats, InvertingLaw, Law, Resistors
from realnet_hw.preferred_values import values

LAWS = [InvertingLaw(), BalancedLaw()]
TOLERANCE = 0.05
VOLTS = {"A": 1.3, "B": 2.4, "C": 0.7}


class Unrounded(Resistors):
    """Off, but by nothing that depends on the value: what is differentiated must not jump."""

    def drawn(self, wanted_ohm: Floats) -> Floats:
        return self.random.uniform(0.9, 1.1, wanted_ohm.shape)


def resistors(kind: type[Resistors] = Resistors, series: str = "E192") -> Resistors:
    return kind(series, TOLERANCE, np.random.default_rng(4))


@pytest.mark.parametrize("law", LAWS, ids=lambda law: type(law).__name__)
@pytest.mark.parametrize("scale", [0.3, 3.0], ids=["with balance to ground", "with surplus"])
def test_the_derivative_is_that_of_finite_differences(law: Law, scale: float) -> None:
    random = np.random.default_rng(0)
    gains = random.normal(0.0, scale, (4, 5))
    gains[0] = abs(gains[0])
    slope = random.normal(size=(6, 4, 5))
    found = law.made(gains, resistors(Unrounded), 6).back(slope)
    step = 1e-6
    for place in np.ndindex(gains.shape):
        ends = []
        for sign in (1, -1):
            moved = gains.copy()
            moved[place] += sign * step
            ends.append(float((law.made(moved, resistors(Unrounded), 6).gains * slope).sum()))
        assert found[place] == pytest.approx((ends[0] - ends[1]) / (2 * step), abs=1e-6)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: type(law).__name__)
def test_a_gain_of_nothing_can_grow(law: Law) -> None:
    made = law.made(np.zeros((1, 2)), resistors(), 3)
    assert np.array_equal(made.gains, np.zeros((3, 1, 2)))
    assert (made.back(np.ones((3, 1, 2))) > 2).all()


# A neuron of each kind whose gains are exactly those of its law, all but one of either sign.
NEURONS = {
    "balance to ground": BalancedNeuron(
        "N", "", output="N", positive={"A": 47e3, "B": 100e3}, negative={"C": 68e3},
        feedback_ohm=50e3, positive_balance_ohm=47e3 * 0.7,
    ),
    "surplus": BalancedNeuron(
        "N", "", output="N", positive={"A": 10e3, "B": 22e3}, negative={"C": 68e3},
        feedback_ohm=50e3, negative_balance_ohm=20e3,
    ),
    "inverting": SummingNeuron(
        "N", "", output="N", inputs={"A": 10e3, "B": 33e3, "C": 22e3}, feedback_ohm=20e3,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NEURONS)
def test_gains_spread_as_the_cells_law_foretells(name: str) -> None:
    cell: Neuron = NEURONS[name]
    law = InvertingLaw() if name == "inverting" else BalancedLaw()
    gains = cell.gains()
    volts = np.array([VOLTS[net] for net in gains])
    boards = 4000
    made = law.made(np.array([list(gains.values())]), resistors(), boards).gains[:, 0] @ volts
    effects_V = np.array(cell.resistor_effects(VOLTS))
    foretold_V = float(np.linalg.norm(effects_V)) * TOLERANCE / np.sqrt(3)
    assert made.mean() == pytest.approx(cell.sum_V(VOLTS), abs=0.05 * foretold_V + 5e-3)
    # Half a step of E192, 0.6 %, comes on top; a standard deviation is known to 1.1 %.
    assert made.std() == pytest.approx(foretold_V, rel=0.06)


def test_a_drawn_resistor_is_one_of_the_series_within_its_tolerance() -> None:
    exact = Resistors("E24", 0.0, np.random.default_rng(1))
    wanted = np.geomspace(1.01e3, 990e3, 500)
    made = wanted / exact.drawn(wanted)
    sold = np.array(values("E24", 1e3, 1e6))
    distance = np.abs(np.log(made[:, None] / sold)).min(axis=1)
    assert distance.max() < 1e-12
    # The widest gap of E24 is from 13 to 15.
    assert np.abs(np.log(made / wanted)).max() < np.log(15 / 13) / 2 + 1e-12
    loose = Resistors("E24", TOLERANCE, np.random.default_rng(1))
    off = exact.drawn(wanted) / loose.drawn(wanted) - 1
    assert -TOLERANCE <= off.min() < -0.9 * TOLERANCE
    assert 0.9 * TOLERANCE < off.max() <= TOLERANCE
