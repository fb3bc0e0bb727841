"""Values of parts: what people write, read strictly."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realnet_hw import units
from realnet_hw.errors import InputError


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("4k7", "ohm", 4700.0),
        ("4.7k", "ohm", 4700.0),
        ("4K99", "ohm", 4990.0),
        ("4700", "ohm", 4700.0),
        ("4.7e3", "ohm", 4700.0),
        ("10 kohm", "ohm", 10e3),
        ("10k\N{OHM SIGN}", "ohm", 10e3),
        ("0R47", "ohm", 0.47),
        ("470R", "ohm", 470.0),
        ("2M2", "ohm", 2.2e6),
        ("1m", "ohm", 1e-3),
        ("100n", "F", 100e-9),
        ("100nF", "F", 100e-9),
        ("3n3", "F", 3.3e-9),
        ("10\N{MICRO SIGN}F", "F", 10e-6),
        ("22p", "F", 22e-12),
    ],
)
def test_reads_what_people_write(text: str, unit: str, value: float) -> None:
    assert units.parse(text, unit) == value


@pytest.mark.parametrize(
    "text",
    ["", " ", "k", "3,3k", "1meg", "1Meg", "4k7k", "1e3k", "-5", "+5", ".5", "5.", "nan", "inf",
     "1 2", "4k7 x", "10kF", "1_000", "0x10", "١k", "4.7k7", "R"],
)  # fmt: skip
def test_refuses_what_is_not_one_value(text: str) -> None:
    with pytest.raises(InputError, match="is not a value"):
        units.parse(text, "ohm")


@pytest.mark.parametrize("text", ["4R7", "470R", "10k ohm"])
def test_refuses_resistances_as_capacitances(text: str) -> None:
    with pytest.raises(InputError):
        units.parse(text, "F")


values = st.builds(
    lambda mantissa, exponent: float(f"{mantissa}e{exponent}"),
    st.integers(1000, 9999),
    st.integers(-14, 7),
)


@given(values)
def test_four_digits_survive_printing_and_reading(value: float) -> None:
    assert units.parse(units.compact(value)) == pytest.approx(value, rel=1e-12)
    assert units.parse(units.rkm(value)) == pytest.approx(value, rel=1e-12)


@given(st.text(max_size=8))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(InputError):
        assert units.parse(text, "ohm") >= 0


@pytest.mark.parametrize(
    ("value", "compact", "rkm"),
    [(4990.0, "4.99k", "4k99"), (470.0, "470", "470R"), (1e6, "1M", "1M"), (1e-7, "100n", "100n"),
     (999.96, "1k", "1k"), (0.47, "470m", "470m")],
)  # fmt: skip
def test_prints_as_schematics_do(value: float, compact: str, rkm: str) -> None:
    assert units.compact(value) == compact
    assert units.rkm(value) == rkm


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf"), 1e15])
def test_refuses_to_print_what_is_no_part_value(value: float) -> None:
    with pytest.raises(InputError):
        units.compact(value)
