"""Numbers: exact to the microvolt as Python's Decimal says, and codes as exact arithmetic says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from realnet_hw.emulate.fixture import VirtualFixture
from realnet_hw.emulate.mcu import SpiTransfer

Outcome = Callable[[VirtualFixture, str], str]

_LSB_V = Fraction(5, 1000)
_modest = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def _rounded(text: str, decimals: int) -> Decimal:
    """The nearest number with so many decimals, halves away from zero."""
    with localcontext(prec=3000):
        return Decimal(text).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def _expected(text: str, decimals: int, limit: Decimal) -> str:
    value = _rounded(text, decimals)
    return "-222" if abs(value) > limit else f"{value + 0:f}"


@st.composite
def written_numbers(draw: st.DrawFn) -> str:
    """Numbers around the range, in any spelling: leading zeros, bare points, exponents."""
    sign = draw(st.sampled_from(["", "+", "-"]))
    digits = draw(st.text("0123456789", min_size=1, max_size=24))
    point = draw(st.integers(0, len(digits)) | st.none())
    text = digits if point is None else f"{digits[:point]}.{digits[point:]}"
    magnitude = len(digits) if point is None else point
    if draw(st.booleans()):
        exponent = draw(st.integers(-8, 2)) - magnitude
        spelling = draw(st.sampled_from(["e", "E"])) + draw(st.sampled_from(["", "0", "00"]))
        text += spelling[0] + ("-" if exponent < 0 else "") + spelling[1:] + str(abs(exponent))
    return sign + text


@_modest
@given(written_numbers())
@example("10.2400004999999999999999")
@example("10.2400005")
@example("-10.24")
@example("0.0000005")
@example("-0.0000005")
@example("0.00000049999999999999999999")
@example("-0.0")
@example("1024e-2")
@example("0." + "0" * 60 + "1e61")
@example("1" + "0" * 60 + "e-60")
@example("0e999999")
@example("1e-999999")
@example("2147.483648")
@example("4294.967297")
def test_volts(fixture: VirtualFixture, outcome: Outcome, text: str) -> None:
    fixture.command("*RST")
    assert outcome(fixture, f"SOUR1:VOLT {text};VOLT?") == _expected(text, 6, Decimal("10.24"))


@_modest
@given(st.decimals(-11, 11, places=9))
def test_volts_in_range(fixture: VirtualFixture, outcome: Outcome, value: Decimal) -> None:
    fixture.command("*RST")
    text = f"{value:f}"
    assert outcome(fixture, f"SOUR1:VOLT {text};VOLT?") == _expected(text, 6, Decimal("10.24"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.5", "2"),
        ("63.5", "64"),
        ("64.4999", "64"),
        ("64.5", "-222"),
        ("0.5", "1"),
        ("1.6e1", "16"),
    ],
)
def test_integers_are_rounded(
    fixture: VirtualFixture, outcome: Outcome, text: str, expected: str
) -> None:
    assert outcome(fixture, f"SENS:AVER {text};AVER?") == expected


@_modest
@given(st.integers(50, 60000))
def test_seconds(fixture: VirtualFixture, ms: int) -> None:
    assert fixture.ask(f"SYST:HEAR {ms}e-3;HEAR?") == f"{Decimal(ms) / 1000:.3f}"


@_modest
@given(
    volts=st.decimals("-10.24", "10.24", places=6),
    gain_ppm=st.integers(-10000, 10000),
    offset_V=st.decimals("-0.05", "0.05", places=6),
)
@example(Decimal("10.24"), 0, Decimal(0))
@example(Decimal("-10.24"), 10000, Decimal("-0.05"))
@example(Decimal("10.24"), 10000, Decimal("0.05"))
def test_source_codes(
    fixture: VirtualFixture, volts: Decimal, gain_ppm: int, offset_V: Decimal
) -> None:
    """The code is the nearest to the corrected voltage; the correction is good to 2 uV."""
    fixture.command(f"CAL:SOUR1 {gain_ppm},{offset_V:f};:OUTP ON;:SOUR1:VOLT {volts:f}")
    wanted_V = Fraction(volts) * (1 + Fraction(gain_ppm, 10**6)) + Fraction(offset_V)
    wanted = min(max(wanted_V / _LSB_V + 2048, Fraction(0)), Fraction(4095))
    assert abs(fixture.dacs[0].codes[0] - wanted) <= Fraction(1, 2) + Fraction(2, 5000)


@dataclass
class ConstantAdc:
    """An ADC that always gives the same code, in a fixture of its own."""

    fixture: VirtualFixture
    code: int = 0
    bytes_sent: int = 0

    def __post_init__(self) -> None:
        self.fixture.controller.connect_spi(self.answer)

    def answer(self, _transfer: SpiTransfer) -> int:
        place = self.bytes_sent % 3
        self.bytes_sent += 1
        return (0xFF, 0xE0 | self.code >> 8, self.code & 0xFF)[place]


@pytest.fixture(scope="module")
def constant_adc(new_fixture: Callable[[], VirtualFixture]) -> ConstantAdc:
    return ConstantAdc(new_fixture())


@_modest
@given(
    code=st.integers(0, 4095),
    gain_ppm=st.integers(-10000, 10000),
    offset_V=st.decimals("-0.05", "0.05", places=6),
    average=st.integers(1, 64),
)
def test_readings(
    constant_adc: ConstantAdc, code: int, gain_ppm: int, offset_V: Decimal, average: int
) -> None:
    """A steady code reads as the exact arithmetic says, to 3 uV."""
    fixture, constant_adc.code = constant_adc.fixture, code
    fixture.command(f"SENS:AVER {average};:CAL:SENS5 {gain_ppm},{offset_V:f}")
    reading_V = Fraction(fixture.ask("MEAS5:VOLT?"))
    raw_V = (code - 2048) * _LSB_V
    exact_V = raw_V * (1 + Fraction(gain_ppm, 10**6)) + Fraction(offset_V)
    assert abs(reading_V - exact_V) <= Fraction(3, 10**6)
