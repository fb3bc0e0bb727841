"""The choice of a 555 neuron's values, its margins, and what is refused."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from realnet_hw.errors import CircuitRefused
from realnet_hw.parts.catalogue import part_type
from realnet_hw.technology import timer_laws as laws
from realnet_hw.technology.timer_margins import (
    CORNERS,
    HOLDS,
    Corner,
    Task,
    margins,
    threshold_time_s,
    yield_of,
)
from realnet_hw.technology.timer_neuron import Source, TimerNeuron
from realnet_hw.technology.timer_values import (
    best_weights,
    chosen,
    delay_bounds,
    refuse_narrow,
    weight_ohms,
)


def task_of(weights: tuple[float, ...], bias: float, *, is_inner: bool = False) -> Task:
    """All patterns of a neuron that fires where the sum is above 0."""
    bits = np.array(list(itertools.product((False, True), repeat=len(weights))))
    sources = tuple(Source(f"X{index}", is_inner) for index in range(1, len(weights) + 1))
    return Task.of_bits(sources, bits, bits @ np.array(weights) + bias > 0)


def made(weights: tuple[float, ...], task: Task) -> TimerNeuron:
    return chosen(weight_ohms(weights, "H1"), task)


NAND = task_of((1.0, 1.0), -1.5)


def test_resistors_are_in_proportion_and_can_be_bought() -> None:
    ohm = weight_ohms((0.5, 1.0, 0.2), "H1")
    assert ohm == (49.9e3, 100e3, 20e3)
    # A small weight lifts the others, eight great ones lower them all.
    assert weight_ohms((1.0, 0.05), "H1") == (200e3, 10e3)
    assert sum(weight_ohms((1.0,) * 8, "H1")) < 760e3
    assert all(part_type("resistor").is_made(str(each)) for each in weight_ohms((0.3,) * 8, "H1"))


def test_weights_of_too_different_a_size_are_refused() -> None:
    with pytest.raises(CircuitRefused, match=r"H1: a weight of 0\.01 beside 1"):
        weight_ohms((1.0, 0.01), "H1")


@pytest.mark.parametrize("is_inner", [False, True])
def test_the_threshold_lies_between_one_and_two_high_inputs(is_inner: bool) -> None:
    task = task_of((1.0, 1.0), -1.5, is_inner=is_inner)
    neuron = made((1.0, 1.0), task)
    units = threshold_time_s(neuron) / neuron.unit_s
    assert 1 + laws.LOW_UNITS < units < 2
    found = margins(neuron, task)
    # Sums of 0.74, 1.37 and 2 units: the distances to the threshold add up.
    order = np.argsort(found.units)
    assert found.units[order[0]] + found.units[order[1]] <= 2 - 1 - laws.LOW_UNITS + 1e-6
    assert found.units[~task.fires].min() + found.units[task.fires].min() == pytest.approx(
        1 - laws.LOW_UNITS, abs=5e-3
    )
    assert found.volts.min() > 0.9
    assert found.volts.min() > 3 * found.needed_V.min() > 0.5


def test_a_threshold_of_the_first_layer_stays_right_when_the_rail_moves() -> None:
    """At both ends of the rail's range the pattern nearest to the threshold keeps its distance."""
    neuron = made((1.0, 1.0), NAND)
    nominal_V = Corner(NAND, neuron.ohm).margins_V(neuron).min()
    for rail_V in (14.25, 15.75):
        moved_V = Corner(NAND, neuron.ohm, rail_V=rail_V).margins_V(neuron).min()
        assert moved_V > 0.9 * nominal_V


def test_the_noise_case_holds_on_more_than_95_of_100_boards() -> None:
    """8 V and 9 V count as high; at 1 % parts, at every corner of supply and temperature."""
    levels_V = np.array([[5.0, 5.0], [5.0, 10.0], [10.0, 5.0], [10.0, 10.0], [8.0, 9.0]])
    task = Task(NAND.sources, levels_V, np.array([False, False, False, True, True]))
    neuron = chosen((100e3, 100e3), task)
    for corner in CORNERS:
        assert yield_of(neuron, task, boards=400, seed=7, corner=corner) > 0.95
    assert yield_of(neuron, task, boards=400, seed=7, tolerance=0.05) < 0.95


def test_margins_foretell_the_yield() -> None:
    """A neuron whose margins hold is right on nearly every board; one that is not, is not."""
    held, narrow = NAND, task_of((1.0, 0.9, 0.15), -0.97)
    for task, weights in ((held, (1.0, 1.0)), (narrow, (1.0, 0.9, 0.15))):
        neuron = made(weights, task)
        share = min(yield_of(neuron, task, boards=500, seed=3, corner=corner) for corner in CORNERS)
        assert (share > 0.995) == (margins(neuron, task).sigmas >= HOLDS)


def test_a_narrow_neuron_is_refused_with_weights_that_would_do() -> None:
    task = task_of((1.0, 0.9, 0.15), -0.97)
    neuron = made((1.0, 0.9, 0.15), task)
    with pytest.raises(CircuitRefused, match="tolerances take") as refusal:
        refuse_narrow(neuron, task, (1.0, 0.9, 0.15), "H1")
    assert "1, 0.5, 0.5 instead of 1, 0.9, 0.15 for X1, X2, X3 would do" in str(refusal.value)
    # They do: the same patterns, with margins to spare.
    better = tuple(best_weights(task))
    assert margins(made(better, task), task).sigmas > 2 * HOLDS


def test_a_narrow_neuron_whose_weights_are_best_is_told_the_tolerance() -> None:
    task = task_of((1.0,) * 8, -7.5)
    neuron = made((1.0,) * 8, task)
    with pytest.raises(CircuitRefused, match=r"resistors and capacitors of 0\.5 % would do"):
        refuse_narrow(neuron, task, (1.0,) * 8, "H1")


def test_a_delay_of_an_open_control_pin_spreads_with_the_divider() -> None:
    """TLC555: 9.45 V to 10.55 V of 15 V, and 1 % of R and C each way (SLFS043)."""
    least, greatest = delay_bounds()
    for bound, level_V, off in ((least, 9.45, 1 / 1.01**2), (greatest, 10.55, 1.01**2)):
        assert bound == pytest.approx(1e-7 * off * np.log(15 / (15 - level_V)), rel=5e-3)
