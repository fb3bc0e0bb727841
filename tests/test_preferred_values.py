"""The E series against the standard's tables."""

from __future__ import annotations

import pytest

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


def test_values_between_two_are_inclusive_and_cross_decades() -> None:
    assert preferred_values.values("E12", 8.2, 22.0) == (8.2, 10.0, 12.0, 15.0, 18.0, 22.0)
    assert preferred_values.values("E24", 1e6, 1e6) == (1e6,)
    for low, high in ((0.0, 1.0), (2.0, 1.0), (1.0, float("inf"))):
        with pytest.raises(InputError, match="no values between"):
            preferred_values.values("E12", low, high)


def test_unknown_series_is_refused_with_the_choices() -> None:
    with pytest.raises(InputError, match="E96"):
        preferred_values.mantissas("E13")
