"""Uncertainty budgets against the GUM's worked examples and against drawn errors."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realnet_hw.errors import InputError
from realnet_hw.records import Component, Thresholds
from realnet_hw.uncertainty import (
    covariance,
    effective_degrees_of_freedom,
    effects,
    expanded_uncertainty,
    guarded_level,
    standard_uncertainty,
)


def component(
    name: str, u_V: float = 0.0, u_relative: float = 0.0, shared: str = "reading"
) -> Component:
    return Component(
        name=name, kind="B", u_V=u_V, u_relative=u_relative, shared=shared, source="test"
    )


def test_digital_voltmeter_example_of_the_gum() -> None:
    """JCGM 100:2008 5.1.5: 12 uV from repeats and 15 uV / sqrt(3) from the specification."""
    budget = [component("repeats", 12e-6), component("specification", 15e-6 / math.sqrt(3))]
    assert standard_uncertainty(budget, 0.928571) == pytest.approx(math.sqrt(219e-12), rel=1e-3)


def test_end_gauge_example_of_the_gum() -> None:
    """JCGM 100:2008 H.1.4: 25, 9.7, 2.9 and 16.6 combine to 32 (nanometres there)."""
    sizes = {"standard": 25e-9, "comparison": 9.7e-9, "expansion": 2.9e-9, "temperature": 16.6e-9}
    budget = [component(name, u_V=size) for name, size in sizes.items()]
    assert round(standard_uncertainty(budget, 50e-3) * 1e9) == 32
    # H.1.6 takes k = 2.92 for 99 % at 16 degrees of freedom and states 93 nm with u_c = 32 nm.
    assert expanded_uncertainty(budget, 50e-3, k=2.92) * 1e9 == pytest.approx(93, abs=1)


def test_degrees_of_freedom_of_the_end_gauge() -> None:
    """JCGM 100:2008 H.1.6: 16.7 effective degrees of freedom, 2 of them behind 16.6 nm."""
    parts = [(25e-9, 18.0), (9.7e-9, 25.6), (2.9e-9, 50.0), (16.6e-9, 2.0)]
    assert effective_degrees_of_freedom(parts) == pytest.approx(16.7, abs=0.3)
    assert effective_degrees_of_freedom([*parts, (1e-3, None)]) > 1e15
    assert effective_degrees_of_freedom([(1.0, None)]) == math.inf


def test_ten_resistors_example_of_the_gum() -> None:
    """JCGM 100:2008 5.2.2: ten 1 kohm resistors, 100 mohm from one shared standard, sum to 1 ohm.

    Were the errors independent, the sum's would be 0.32 ohm, as the GUM points out.
    """
    ones = np.ones(10)
    readings = [(f"adc{i}", 1000.0) for i in range(10)]
    together = {name: [component("standard", 0.1, shared="fixture")] for name, _ in readings}
    apart = {name: [component("standard", 0.1, shared="channel")] for name, _ in readings}
    assert math.sqrt(ones @ covariance(readings, together) @ ones) == pytest.approx(1.0)
    assert math.sqrt(ones @ covariance(readings, apart) @ ones) == pytest.approx(0.316, abs=5e-4)


def test_covariance_is_that_of_drawn_errors() -> None:
    """Errors drawn as each component says have, over many fixtures, the covariance returned."""
    offset, gain, noise, reference = 4e-3, 2e-3, 1.5e-3, 3e-3
    readings = [("adc0", 5.0), ("adc0", -4.0), ("adc1", 5.0), ("adc1", 0.0), ("adc0", 2.0)]
    budget = [
        component("offset", u_V=offset, shared="channel"),
        component("gain", u_relative=gain, shared="channel"),
        component("noise", u_V=noise),
        component("reference", u_relative=reference, shared="fixture"),
    ]
    random = np.random.default_rng(1)
    fixtures = 200_000
    offsets = {c: random.normal(0, offset, fixtures) for c in ("adc0", "adc1")}
    gains = {c: random.normal(0, gain, fixtures) for c in ("adc0", "adc1")}
    references = random.normal(0, reference, fixtures)
    errors = np.array(
        [
            offsets[c] + v * (gains[c] + references) + random.normal(0, noise, fixtures)
            for c, v in readings
        ]
    )
    expected = covariance(readings, {"adc0": budget, "adc1": budget})
    # A sample covariance of N normal draws has a standard error of sqrt((s_ij^2 + s_ii s_jj)/N).
    spread = np.sqrt((expected**2 + np.outer(np.diag(expected), np.diag(expected))) / fixtures)
    assert np.all(np.abs(np.cov(errors) - expected) < 4.5 * spread)


def test_an_effect_says_whose_it_is_and_what_it_does() -> None:
    draws = Component(name="current", kind="B", u_A=2e-9, shared="channel", source="test")
    budgets = {
        "adc0": [component("reference", u_relative=1e-3, shared="fixture"), draws],
        "adc1": [component("reference", u_relative=1e-3, shared="fixture")],
    }
    readings = [("adc0", 5.0), ("adc1", -2.0), ("adc0", 0.0)]
    found = effects(readings, budgets, [1e5, 1e5, 1e6])
    said = {(each.component.name, each.part, each.channel): each.sizes for each in found}
    assert said.keys() == {("reference", "relative", ""), ("current", "A", "adc0")}
    assert said["reference", "relative", ""] == pytest.approx([5e-3, -2e-3, 0.0])
    assert said["current", "A", "adc0"] == pytest.approx([2e-4, 0.0, 2e-3])
    # A reading that stands by itself knows nothing of the node that it is taken at.
    assert effects(readings, budgets)[0].sizes == pytest.approx([5e-3, -2e-3, 0.0])
    assert standard_uncertainty(budgets["adc0"], 5.0) == pytest.approx(5e-3)


def test_a_gain_error_moves_opposite_readings_apart() -> None:
    budget = {"adc0": [component("gain", u_relative=1e-3, shared="channel")]}
    matrix = covariance([("adc0", 5.0), ("adc0", -5.0)], budget)
    assert matrix[0, 1] == pytest.approx(-25e-6)


budgets = st.lists(
    st.builds(
        component,
        name=st.uuids().map(str),
        u_V=st.floats(0, 1),
        u_relative=st.floats(0, 0.1),
        shared=st.sampled_from(["reading", "channel", "fixture"]),
    ),
    max_size=5,
)
volts = st.floats(-12, 12)


@given(budgets, budgets, st.lists(st.tuples(st.sampled_from(["a", "b"]), volts), max_size=6))
def test_a_covariance_is_symmetric_nonnegative_and_has_the_budget_on_its_diagonal(
    a: list[Component], b: list[Component], readings: list[tuple[str, float]]
) -> None:
    by_channel = {"a": a, "b": b}
    matrix = covariance(readings, by_channel)
    assert matrix.shape == (len(readings), len(readings))
    assert np.array_equal(matrix, matrix.T)
    for i, (channel, value_V) in enumerate(readings):
        assert matrix[i, i] == pytest.approx(
            standard_uncertainty(by_channel[channel], value_V) ** 2, rel=1e-12, abs=1e-15
        )
    if readings:
        assert np.linalg.eigvalsh(matrix).min() > -1e-9


@given(budgets, volts, st.floats(0.1, 5))
def test_uncertainty_is_the_same_at_both_signs_and_scales_with_k(
    budget: list[Component], value_V: float, k: float
) -> None:
    u_V = standard_uncertainty(budget, value_V)
    assert standard_uncertainty(budget, -value_V) == u_V
    assert expanded_uncertainty(budget, value_V, k) == pytest.approx(k * u_V)


def test_guard_bands_leave_doubt_at_and_within_u_of_a_threshold() -> None:
    levels = Thresholds(low_V=1.5, high_V=3.5)
    seen = [guarded_level(v, 0.125, levels) for v in (1.25, 1.375, 1.5, 2.5, 3.5, 3.625, 3.75)]
    assert seen == [0, None, None, None, None, None, 1]


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ([component("noise", u_V=-1e-3)], "noise"),
        ([component("gain", u_relative=math.nan)], "gain"),
        ([component("noise"), component("noise")], "two components"),
        (
            [
                Component(
                    name="noise", kind="A", degrees_of_freedom=0, shared="reading", source="test"
                )
            ],
            "0.* degrees of freedom",
        ),
    ],
)
def test_a_bad_budget_is_refused(bad: list[Component], message: str) -> None:
    with pytest.raises(InputError, match=message):
        standard_uncertainty(bad, 1.0)
    with pytest.raises(InputError, match=rf"adc3.*{message}"):
        covariance([("adc3", 1.0)], {"adc3": bad})


def test_bad_readings_channels_and_factors_are_refused() -> None:
    with pytest.raises(InputError, match=r"adc7.*no uncertainty budget"):
        covariance([("adc7", 1.0)], {"adc0": []})
    with pytest.raises(InputError, match="finite"):
        covariance([("adc0", math.inf)], {"adc0": []})
    with pytest.raises(InputError, match="finite"):
        standard_uncertainty([], math.nan)
    with pytest.raises(InputError, match="coverage factor"):
        expanded_uncertainty([], 1.0, k=0)
