"""The joint statistic, its limit and its tails against boards drawn from a known truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from realnet_hw.compare.agreement import Delivery, GoodBoards, Reading, good_boards
from realnet_hw.compare.drawn import Drawn
from realnet_hw.compare.power import FALSE_FAIL_RISK
from realnet_hw.compare.readings import actual_readings, pair_cases
from realnet_hw.errors import InputError
from realnet_hw.records import (
    Component,
    MeasuredCase,
    MeasuredInput,
    MeasuredValue,
    Statistics,
)
from tests.compare.worlds import CALIBRATED, UNCALIBRATED, World, normal, uniform

PREDICTIONS = 5
BOARDS = 400


def false_fails(world: World) -> int:
    """Of PREDICTIONS x BOARDS good boards, how many lie beyond the limit."""
    fails = 0
    for seed in range(PREDICTIONS):
        prediction = world.prediction(seed)
        drawn = Drawn.of(prediction.statistics)
        for board in range(BOARDS):
            measurement = world.measurement(BOARDS * seed + board)
            paired = pair_cases(prediction, measurement)
            readings = actual_readings(paired, world.channels, world.wiring)
            good = good_boards(drawn, readings.values, readings.deliveries, world.channels)
            statistic = float(good.statistic([r.value for r in readings.values]))
            # The limit takes longer than all the rest, and is never below that of chi-square.
            if statistic > stats.chi2.isf(FALSE_FAIL_RISK, good.count):
                fails += statistic > good.limit(FALSE_FAIL_RISK)
    return fails


@pytest.mark.parametrize(
    "world",
    [
        pytest.param(
            World(normal(0.01, 3e-3), CALIBRATED, linear=True), id="normal parts, no rectifier"
        ),
        pytest.param(World(uniform(0.01, 3e-3), UNCALIBRATED, source_V=12e-3), id="uniform 1 %"),
        pytest.param(
            World(uniform(0.01, 3e-3), CALIBRATED, source_V=30e-3), id="inputs off beside knees"
        ),
        pytest.param(World(uniform(0.05, 3e-3), CALIBRATED), id="uniform 5 %, values at the knee"),
        pytest.param(World(normal(0.01, 3e-3), CALIBRATED), id="normal 1 %, values at the knee"),
    ],
)
def test_one_good_board_in_a_thousand_fails_at_most(world: World) -> None:
    """Without the boards' own tails the last two worlds fail 0.3 to 0.6 %."""
    most = stats.binom.ppf(0.999, PREDICTIONS * BOARDS, FALSE_FAIL_RISK)
    assert false_fails(world) <= most


def model(
    random: np.random.Generator, boards: int, values: int, noise_V: float = 0.01
) -> GoodBoards:
    mixing = random.normal(size=(values, values))
    deviations_V = 0.02 * random.normal(size=(boards, values)) @ mixing
    return GoodBoards(
        mean=random.normal(size=values),
        deviations=deviations_V - deviations_V.mean(axis=0),
        noise=noise_V**2 * np.eye(values),
        knee=np.diag(random.uniform(0, noise_V**2, values)),
    )


def test_few_boards_raise_the_limit_as_hotelling_says() -> None:
    """With 30 boards for 5 values, chi-square's 1 % limit would fail 4 % of good boards."""
    random = np.random.default_rng(5)
    trials, beyond, beyond_chi2, means = 3000, 0, 0, []
    for _ in range(trials):
        drawn = random.normal(size=(30, 5))
        mean = drawn.mean(axis=0)
        good = GoodBoards(mean, drawn - mean, 1e-6 * np.eye(5), np.zeros((5, 5)))
        found = good.statistic(random.normal(size=(20, 5)))
        means.append(found.mean())
        if found[0] > stats.chi2.isf(0.01, 5):
            beyond_chi2 += 1
            beyond += found[0] > good.limit(0.01)
    assert beyond_chi2 > 0.03 * trials
    assert stats.binom.ppf(0.001, trials, 0.004) <= beyond <= stats.binom.ppf(0.999, trials, 0.01)
    # The mean of Hotelling's distribution, n (N - 1) / (N - n - 2).
    error = np.std(means) / np.sqrt(trials)
    assert np.mean(means) == pytest.approx(5 * 29 / 23, abs=4 * error)
    assert 4 * error < 0.15


def test_tails_are_those_of_boards_not_seen_before() -> None:
    """A board far out widens S, and hides itself by that; a new one does not.

    Uncorrected, 3.4 % of new boards lie beyond this limit of 1 %.
    """
    random = np.random.default_rng(11)
    beyond = total = 0
    for _ in range(60):
        drawn = random.laplace(size=(150, 12))
        mean = drawn.mean(axis=0)
        good = GoodBoards(mean, drawn - mean, 1e-6 * np.eye(12), np.zeros((12, 12)))
        beyond += int((good.statistic(random.laplace(size=(500, 12))) > good.limit(0.01)).sum())
        total += 500
    assert beyond / total < 0.02


def test_exceedance_is_that_of_drawn_noise() -> None:
    random = np.random.default_rng(6)
    boards = 4000
    skewed = np.maximum(0, random.normal(size=(boards, 4))) * [0.02, 0.01, 0.03, 0.0]
    mean_V = skewed.mean(axis=0)
    root = 0.01 * random.normal(size=(4, 4))
    noise_V2 = root @ root.T + 1e-8 * np.eye(4)
    knee_V2 = np.diag([1e-5, 0.0, 0.0, 1e-4])
    good = GoodBoards(mean_V, skewed - mean_V, noise_V2, knee_V2)
    shift_V = np.array([0.02, 0.0, -0.03, 0.01])
    noise_V = random.multivariate_normal(np.zeros(4), noise_V2, (50, boards))
    knee_V = random.multivariate_normal(np.zeros(4), knee_V2, (50, boards))
    for limit in (2.0, 8.0, 20.0):
        healthy = float((good.statistic(skewed + noise_V + knee_V) > limit).mean())
        assert good.exceedance(limit) == pytest.approx(healthy, abs=0.004 + 0.03 * healthy)
        faulty = float((good.statistic(skewed + shift_V + noise_V) > limit).mean())
        assert good.detection(limit, shift_V).mean() == pytest.approx(
            faulty, abs=0.004 + 0.03 * faulty
        )


@pytest.mark.parametrize("values", [1, 3, 12])
@pytest.mark.parametrize("shift", [0.0, 3.0, 5.0])
def test_without_spread_detection_is_a_noncentral_chi_square(values: int, shift: float) -> None:
    good = GoodBoards(
        np.zeros(values), np.zeros((2, values)), np.eye(values), np.zeros((values, values))
    )
    shift_V = np.zeros(values)
    shift_V[0] = shift
    for limit in (values + 4.0, values + 20.0, values + 40.0):
        exact = stats.ncx2.sf(limit, values, shift**2)
        found = good.detection(limit, shift_V).mean()
        assert found == pytest.approx(exact, rel=0.06, abs=0.005)


@given(st.integers(0, 2**32))
@settings(max_examples=25)
def test_statistic_knows_neither_order_nor_sign(seed: int) -> None:
    random = np.random.default_rng(seed)
    good = model(random, 40, 6)
    away_V = random.normal(scale=0.1, size=6)
    statistic = float(good.statistic(good.mean + away_V))
    assert float(good.statistic(good.mean - away_V)) == pytest.approx(statistic)
    order = random.permutation(6)
    turned = GoodBoards(
        good.mean[order],
        good.deviations[:, order],
        good.noise[np.ix_(order, order)],
        good.knee[np.ix_(order, order)],
    )
    assert float(turned.statistic((good.mean + away_V)[order])) == pytest.approx(statistic)
    assert float(good.statistic(good.mean)) == pytest.approx(0.0)


@given(st.integers(0, 2**32))
@settings(max_examples=15)
def test_influence_is_what_the_statistic_loses_without_the_value(seed: int) -> None:
    random = np.random.default_rng(seed)
    good = model(random, 40, 5)
    values_V = good.mean + random.normal(scale=0.1, size=5)
    whole = float(good.statistic(values_V))
    for j, loss in enumerate(good.influence(values_V)):
        rest = np.delete(np.arange(5), j)
        without = GoodBoards(
            good.mean[rest],
            good.deviations[:, rest],
            good.noise[np.ix_(rest, rest)],
            good.knee[np.ix_(rest, rest)],
        )
        assert whole - float(without.statistic(values_V[rest])) == pytest.approx(loss, rel=1e-6)


def test_p_value_agrees_with_the_limit_and_falls() -> None:
    good = model(np.random.default_rng(7), 300, 6)
    for risk in (0.01, 0.001, 1e-6):
        assert good.p_value(good.limit(risk)) == pytest.approx(risk, rel=1e-3)
    p = [good.p_value(t) for t in (0.0, 3.0, 6.0, 12.0, 24.0, 100.0, 1e4)]
    assert p == sorted(p, reverse=True)
    assert p[0] == pytest.approx(1.0)
    assert 0 <= p[-1] < 1e-12


def statistics(boards_V: np.ndarray, below: float = 0.0, above: float = 0.0) -> Drawn:
    count = boards_V.shape[1]
    return Drawn.of(
        Statistics(
            keys=[f"0.V{i}" for i in range(count)],
            boards_V=boards_V.tolist(),
            slope_below={"X": [below] * count},
            slope_above={"X": [above] * count},
        )
    )


def budget(offset_V: float, noise_V: float) -> list[Component]:
    return [
        Component(name="offset", kind="B", u_V=offset_V, shared="channel", source="test"),
        Component(name="noise", kind="A", u_V=noise_V, shared="reading", source="test"),
    ]


def test_no_spread_is_no_division_by_nothing() -> None:
    """At input 0 0 every drawn board shows the same: an offset of the converter is no fault."""
    same = statistics(np.zeros((200, 2)))
    readings = [Reading(key=f"0.V{i}", channel="adc0", value=0.01) for i in range(2)]
    good = good_boards(same, readings, [], {"adc0": budget(9e-3, 2e-3)})
    assert float(good.statistic([0.01, 0.01])) < 2
    exact = good_boards(same, readings, [], {"adc0": []})
    assert np.isfinite(exact.limit(FALSE_FAIL_RISK))
    assert float(exact.statistic([0.01, 0.01])) > exact.limit(FALSE_FAIL_RISK)


def test_what_a_channel_has_in_common_is_counted_once() -> None:
    """Four readings 10 mV high are one offset; up and down in turn they can't be."""
    spread = statistics(1e-3 * np.random.default_rng(8).normal(size=(500, 4)))
    readings = [Reading(key=f"0.V{i}", channel="adc0", value=0.0) for i in range(4)]
    good = good_boards(spread, readings, [], {"adc0": budget(10e-3, 1e-3)})
    assert float(good.statistic(good.mean + 10e-3)) < 2
    assert float(good.statistic(good.mean + 10e-3 * np.array([1, -1, 1, -1]))) > 100


def test_a_reference_common_to_inputs_and_outputs_cancels() -> None:
    """Read 1 % high, both an output that follows its input and the input are 1 % high."""
    boards_V = 5 + 1e-3 * np.random.default_rng(12).normal(size=(500, 1))
    arrived = Delivery(case=0, name="X", channel="adc1", value_V=5.0, offset_V=0.0, reach_V=0.0)
    common = [
        Component(name="reference", kind="B", u_relative=0.01, shared="fixture", source="test")
    ]
    reading = [Reading(key="0.V0", channel="adc0", value=5.0)]
    good = good_boards(
        statistics(boards_V, 1.0, 1.0), reading, [arrived], {"adc0": common, "adc1": common}
    )
    assert np.sqrt(good.noise[0, 0]) < 1e-4
    inverting = good_boards(
        statistics(boards_V, -1.0, -1.0), reading, [arrived], {"adc0": common, "adc1": common}
    )
    assert np.sqrt(inverting.noise[0, 0]) == pytest.approx(2 * 0.05, rel=1e-3)


@pytest.mark.parametrize("delivered_V", [-0.03, 0.03])
def test_the_prediction_follows_the_input_that_was_delivered(delivered_V: float) -> None:
    boards_V = 1e-3 * np.random.default_rng(9).normal(size=(500, 2))
    arrived = Delivery(
        case=0, name="X", channel="adc1", value_V=delivered_V, offset_V=delivered_V, reach_V=0.03
    )
    readings = [Reading(key=f"0.V{i}", channel="adc0", value=0.0) for i in range(2)]
    budgets = {"adc0": budget(1e-3, 1e-3), "adc1": budget(1e-3, 1e-3)}
    straight = good_boards(statistics(boards_V, 2.0, 2.0), readings, [arrived], budgets)
    moved_V = straight.mean - boards_V.mean(axis=0)
    assert moved_V == pytest.approx([2 * delivered_V] * 2)
    # At a knee the value may have followed or not: neither is held against the board.
    knee = good_boards(statistics(boards_V, 0.0, 2.0), readings, [arrived], budgets)
    assert float(knee.statistic([0.0, 0.0])) < 2
    assert float(knee.statistic([2 * delivered_V] * 2)) < 2
    assert float(straight.statistic([0.0, 0.0])) > 100


def test_an_input_read_at_its_set_voltage_may_still_have_turned_a_rectifier_on() -> None:
    """It reads 0 V and is at 25 mV, 2.5 standard uncertainties off: the board is a good one.

    The slope on either side of 0 V is 0 or 2. Without the doubt about it the mean slope of 1
    would leave 10 mV of uncertainty, of which 50 mV are five: T = 25.
    """
    spread = statistics(1e-4 * np.random.default_rng(10).normal(size=(500, 1)), 0.0, 2.0)
    budgets = {"adc0": budget(1e-3, 0.0), "adc1": budget(10e-3, 0.0)}
    case = MeasuredCase(
        inputs={"X": MeasuredInput(set_V=0.0, value_V=0.0, U_V=20e-3, channel="adc1")},
        outputs={"V0": MeasuredValue(value_V=50e-3, U_V=2e-3, channel="adc0")},
        nodes={},
        time_utc="2026-01-01T00:00:00Z",
    )
    found = actual_readings([case], budgets, {"X.sense": "adc1", "V0": "adc0"})
    good = good_boards(spread, found.values, found.deliveries, budgets)
    assert float(good.statistic([50e-3])) < stats.chi2.isf(FALSE_FAIL_RISK, 1)
    sure = [replace(d, reach_V=0.0) for d in found.deliveries]
    without = good_boards(spread, found.values, sure, budgets)
    assert float(without.statistic([50e-3])) > without.limit(FALSE_FAIL_RISK)


def test_too_few_boards_are_refused() -> None:
    readings = [Reading(key=f"0.V{i}", channel="adc0", value=0.0) for i in range(4)]
    with pytest.raises(InputError, match=r"5 boards are too few.*allowed: 6 or more"):
        good_boards(statistics(np.zeros((5, 4))), readings, [], {"adc0": budget(1e-3, 1e-3)})
