"""The E series against the standard's tables, and the resistors chosen from them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realnet_hw import preferred_values
from realnet_hw.errors import InputError

# IEC 60063:2015, tables of E12 and E96 (the latter's first and last rows and the odd value 9.76).
E12 = (10, 12, 15, 18, 22, 27, 33, 39, 47, 56, 68, 82)
E96_EXCERPT = {100, 102, 105, 107, 110, 113, 115, 118, 121, 243, 499, 931, 953, 976}


def test_e12_and_e96_as_the_standard_lists_them() -> None:
    assert preferred_values.mantissas("E12") == E12
    e96 = preferred_values.mantissas("E96")
    assert len(e96) == 96
    assert set(e96) >= E96_EXCERPT


def test_e192_has_the_standards_one_exception() -> None:
    e192 = preferred_values.mantissas("E192")
    assert 920 in e192
    assert 919 not in e192
    assert set(preferred_values.mantissas("E48")) <= set(preferred_values.mantissas("E96"))
    assert set(preferred_values.mantissas("E96")) <= set(e192)


@given(
    st.floats(1e-9, 1e9, allow_nan=False),
    st.sampled_from(preferred_values.SERIES),
)
def test_nearest_is_within_half_a_step_by_ratio(value: float, series: str) -> None:
    found = preferred_values.nearest(value, series)
    table = preferred_values.mantissas(series)
    steps = [b / a for a, b in zip(table, [*table[1:], table[0] * 10], strict=True)]
    assert abs(math.log(found / value)) <= math.log(max(steps)) / 2 + 1e-12
    # The mantissa must be one of the table's.
    digits = float(f"{found:.2e}") / 10 ** math.floor(math.log10(found) + 1e-12)
    assert any(math.isclose(digits, m / table[0], rel_tol=1e-9) for m in table)


@given(st.lists(st.floats(0.05, 20.0), min_size=1, max_size=6))
def test_ratios_fit_their_gains_within_a_step(gains: list[float]) -> None:
    if max(gains) / min(gains) > 50:
        return
    feedback, inputs = preferred_values.feedback_and_inputs(gains, "E96", 1e3, 1e6, 10e3, 100e3)
    assert 10e3 <= feedback <= 100e3
    for ohm, gain in zip(inputs, gains, strict=True):
        assert 1e3 <= ohm <= 1e6
        assert feedback / ohm == pytest.approx(gain, rel=0.0125)


def test_ratio_search_is_as_good_as_trying_everything() -> None:
    gains = (1.37, 0.42)
    table = preferred_values.values("E24", 1e3, 1e6)

    def error(feedback: float, ohms: tuple[float, ...]) -> float:
        return max(abs(math.log(feedback / o / g)) for o, g in zip(ohms, gains, strict=True))

    best = min(
        max(min(abs(math.log(f / o / g)) for o in table) for g in gains)
        for f in preferred_values.values("E24", 1e4, 1e5)
    )
    feedback, inputs = preferred_values.feedback_and_inputs(gains, "E24", 1e3, 1e6, 1e4, 1e5)
    assert error(feedback, inputs) == pytest.approx(best, abs=1e-9)


@pytest.mark.parametrize("gains", [[], [0.0], [-1.0], [math.inf], [1e-4, 1.0], [1e4]])
def test_refuses_gains_that_no_pair_makes(gains: list[float]) -> None:
    with pytest.raises(InputError):
        preferred_values.feedback_and_inputs(gains, "E96", 1e3, 1e6, 10e3, 100e3)


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_nearest_refuses_what_is_not_positive(value: float) -> None:
    with pytest.raises(InputError):
        preferred_values.nearest(value, "E24")


def test_unknown_series_is_refused_with_the_choices() -> None:
    with pytest.raises(InputError, match="E96"):
        preferred_values.mantissas("E13")
