"""The converters against the figures of their datasheets."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realnet_hw.emulate.converters import Mcp3208, Mcp4922, ShiftRegister

LSB_V = 0.001
LATER_s = 1e-3


class Complaints(list[str]):
    def __call__(self, rule: str, at_s: float) -> None:
        self.append(rule)


def write(dac: Mcp4922, word: int, at_s: float, *, latch: bool = True) -> None:
    dac.select(0, at_s)
    dac.transfer(word >> 8)
    dac.transfer(word & 0xFF)
    dac.select(1, at_s + 2e-6)
    if latch:
        dac.ldac(0, at_s + 3e-6)
        dac.ldac(1, at_s + 3.2e-6)


def powered_dac(**options: object) -> Mcp4922:
    dac = Mcp4922(**options)  # type: ignore[arg-type]
    dac.shutdown(1, 0.0)
    return dac


def settled_code(code: int, channel: int = 0) -> float:
    dac = powered_dac()
    write(dac, channel << 15 | 0x3000 | code, 0.0)
    return dac.output_V(channel, LATER_s)


# ------------------------------------------------------------------- MCP4922


@given(st.integers(0, 4095), st.integers(0, 1))
def test_dac_output_is_code_times_one_millivolt(code: int, channel: int) -> None:
    assert settled_code(code, channel) == pytest.approx(code * 4.096 / 4096, abs=1e-9)


def test_dac_settles_from_quarter_to_three_quarters_in_the_datasheets_4_5_us() -> None:
    dac = powered_dac()
    write(dac, 0x3000 | 1024, 0.0)
    write(dac, 0x3000 | 3072, LATER_s)
    step_s = LATER_s + 3e-6
    within = [
        tenths / 10
        for tenths in range(100)
        if abs(dac.output_V(0, step_s + tenths * 1e-7) - 3.072) < LSB_V / 2
    ]
    assert within[0] == pytest.approx(4.5, abs=0.2)


def test_dac_slews_0_55_volts_per_microsecond() -> None:
    dac = powered_dac()
    write(dac, 0x3000, 0.0)
    write(dac, 0x3FFF, LATER_s)
    step_s = LATER_s + 3e-6
    rise_V = dac.output_V(0, step_s + 3e-6) - dac.output_V(0, step_s + 1e-6)
    assert rise_V == pytest.approx(1.1, rel=1e-6)


def test_dac_never_overshoots_and_only_rises() -> None:
    dac = powered_dac()
    write(dac, 0x3000, 0.0)
    write(dac, 0x3FFF, LATER_s)
    course = [dac.output_V(0, LATER_s + 3e-6 + k * 5e-8) for k in range(400)]
    assert all(later >= earlier for earlier, later in itertools.pairwise(course))
    assert course[-1] == pytest.approx(4.095)


def test_a_new_code_on_the_way_starts_where_the_output_is() -> None:
    dac = powered_dac()
    write(dac, 0x3000, 0.0)
    write(dac, 0x3FFF, LATER_s)
    turn_s = LATER_s + 3e-6 + 2e-6
    there_V = dac.output_V(0, turn_s)
    write(dac, 0x3000, turn_s - 3e-6)
    assert dac.output_V(0, turn_s) == pytest.approx(there_V)
    assert 0 < there_V < 2


def test_nothing_moves_before_ldac() -> None:
    dac = powered_dac()
    write(dac, 0x3000 | 1000, 0.0)
    write(dac, 0x3000 | 2000, LATER_s, latch=False)
    assert dac.output_V(0, 2 * LATER_s) == pytest.approx(1.0)
    dac.ldac(0, 2 * LATER_s)
    assert dac.output_V(0, 3 * LATER_s) == pytest.approx(2.0)


def test_one_ldac_moves_both_channels_at_once() -> None:
    dac = powered_dac()
    write(dac, 0x3000 | 1000, 0.0, latch=False)
    write(dac, 0xB000 | 3000, 1e-5, latch=False)
    dac.ldac(0, 2e-5)
    assert dac.output_V(0, LATER_s) == pytest.approx(1.0)
    assert dac.output_V(1, LATER_s) == pytest.approx(3.0)


def test_gain_of_two_ends_at_the_supply() -> None:
    dac = powered_dac()
    write(dac, 0x1000 | 1000, 0.0)
    assert dac.output_V(0, LATER_s) == pytest.approx(2.0)
    write(dac, 0x1FFF, LATER_s)
    assert dac.output_V(0, 2 * LATER_s) == 5.0


def test_an_output_that_is_off_would_be_the_negative_rail_without_its_resistor() -> None:
    bare = Mcp4922(bias_V=2.048, bias_ohm=math.inf)
    assert 5 * (bare.output_V(0, 0.0) - 2.048) == pytest.approx(-10.24)
    fitted = Mcp4922(bias_V=2.048, bias_ohm=10e3)
    assert abs(5 * (fitted.output_V(0, 0.0) - 2.048)) < 0.21


def test_shutdown_lasts_until_a_word_after_the_pin() -> None:
    dac = powered_dac()
    write(dac, 0x3000 | 4000, 0.0)
    off_V = Mcp4922().output_V(0, 0.0)
    dac.shutdown(0, LATER_s)
    assert dac.output_V(0, LATER_s) == pytest.approx(off_V)
    write(dac, 0x3000 | 4000, 2 * LATER_s)
    assert not dac.active[0]
    dac.shutdown(1, 3 * LATER_s)
    assert dac.output_V(0, 4 * LATER_s) == pytest.approx(off_V)
    write(dac, 0x3000 | 4000, 5 * LATER_s)
    assert dac.output_V(0, 6 * LATER_s) == pytest.approx(4.0)
    write(dac, 0x2000 | 4000, 7 * LATER_s)
    assert dac.output_V(0, 8 * LATER_s) == pytest.approx(off_V)


def test_a_short_frame_is_dropped_and_said() -> None:
    said = Complaints()
    dac = powered_dac(complain=said)
    write(dac, 0x3000 | 1000, 0.0)
    dac.select(0, LATER_s)
    dac.transfer(0x3F)
    dac.select(1, LATER_s + 1e-6)
    dac.ldac(0, LATER_s + 2e-6)
    dac.ldac(1, LATER_s + 3e-6)
    assert dac.output_V(0, 2 * LATER_s) == pytest.approx(1.0)
    assert said == ["MCP4922: a frame that is not 16 bits long"]


def test_only_the_first_16_bits_of_a_long_frame_count() -> None:
    said = Complaints()
    dac = powered_dac(complain=said)
    dac.select(0, 0.0)
    for sent in (0x33, 0xE8, 0xFF):
        dac.transfer(sent)
    dac.select(1, 1e-6)
    dac.ldac(0, 2e-6)
    assert dac.codes[0] == 1000
    assert len(said) == 1


@pytest.mark.parametrize(
    ("after_select_s", "low_s", "rule"),
    [
        (30e-9, 125e-9, "MCP4922: /LDAC less than 40 ns after /CS"),
        (125e-9, 62.5e-9, "MCP4922: /LDAC low for less than 100 ns"),
    ],
)
def test_ldac_times_are_checked(after_select_s: float, low_s: float, rule: str) -> None:
    said = Complaints()
    dac = powered_dac(complain=said)
    write(dac, 0x3000, 0.0, latch=False)
    dac.ldac(0, 2e-6 + after_select_s)
    dac.ldac(1, 2e-6 + after_select_s + low_s)
    assert said == [rule]


def test_ldac_as_the_firmware_times_it_is_allowed() -> None:
    said = Complaints()
    dac = powered_dac(complain=said)
    write(dac, 0x3000, 0.0, latch=False)
    dac.ldac(0, 2e-6 + 125e-9)
    dac.ldac(1, 2e-6 + 250e-9)
    assert said == []


# ------------------------------------------------------------------- MCP3208


def convert(adc: Mcp3208, channel: int, at_s: float, *, clock_s: float = 0.5e-6) -> int:
    """One single-ended conversion in three bytes, as figure 6-1 of the datasheet shows it."""
    frame = (0x06 | channel >> 2, channel << 6 & 0xFF, 0)
    return _frame(adc, frame, at_s, clock_s)


def _frame(adc: Mcp3208, frame: tuple[int, ...], at_s: float, clock_s: float) -> int:
    adc.select(0, at_s)
    answer = 0
    for index, sent in enumerate(frame):
        answer = answer << 8 | adc.transfer(sent, at_s + 1e-6 + index * 8 * clock_s, clock_s)
    adc.select(1, at_s + 2e-6 + len(frame) * 8 * clock_s)
    return answer & 0x1FFF


@given(st.floats(-0.5, 5.0), st.integers(0, 7))
def test_adc_code_is_4096_times_input_over_reference(volts: float, channel: int) -> None:
    adc = Mcp3208(lambda asked, at_s: volts if asked == channel else -1.0)
    convert(adc, channel, 0.0)
    # The 13th bit of the answer is the null bit, which is always 0.
    code = convert(adc, channel, 1e-3)
    ideal = 4096 * volts / 4.096
    assert code == pytest.approx(min(max(ideal, 0), 4095), abs=0.5 + 1e-6)


def test_adc_is_ready_half_a_step_around_each_code() -> None:
    level_V = 0.0
    adc = Mcp3208(lambda channel, at_s: level_V)
    for code in (1, 2, 2047, 2048, 4094):
        for place, expected in ((-0.49, code), (0.49, code), (0.51, code + 1)):
            level_V = (code + place) * LSB_V
            convert(adc, 0, 0.0)
            assert convert(adc, 0, 1e-3) == expected


def test_sampling_capacitor_is_full_behind_a_follower() -> None:
    adc = Mcp3208(lambda channel, at_s: 4.095 if channel else 0.0, source_ohm=100.0)
    convert(adc, 1, 0.0)
    assert convert(adc, 0, 1e-3) == 0


@pytest.mark.parametrize(("source_ohm", "left_LSB"), [(8e3, 64), (20e3, 687)])
def test_sampling_capacitor_remembers_the_channel_before(
    source_ohm: float, left_LSB: float
) -> None:
    adc = Mcp3208(lambda channel, at_s: 4.095 if channel else 0.0, source_ohm=source_ohm)
    for again in range(20):
        convert(adc, 1, again * 1e-3)
    assert convert(adc, 0, 1.0) == pytest.approx(left_LSB, abs=1)


def test_a_slower_clock_samples_longer() -> None:
    adc = Mcp3208(lambda channel, at_s: 4.095 if channel else 0.0, source_ohm=8e3)
    for again in range(20):
        convert(adc, 1, again * 1e-3)
    # 1.5 clocks of 1 us against (8 + 1) kohm x 20 pF = 0.18 us: 4095 exp(-8.33).
    assert convert(adc, 0, 1.0, clock_s=1e-6) == round(4095 * math.exp(-1.5 / 0.18))


def test_the_sample_is_taken_at_the_end_of_the_fifth_clock_after_the_start_bit() -> None:
    adc = Mcp3208(lambda channel, at_s: at_s * 1e5)
    convert(adc, 0, 0.0)
    # Frame at 1 us; the start bit is the sixth clock, so the sample ends with the eleventh.
    assert convert(adc, 0, 0.0) * LSB_V == pytest.approx((1e-6 + 11 * 0.5e-6) * 1e5, abs=LSB_V)


def test_adc_reads_differences() -> None:
    adc = Mcp3208(lambda channel, at_s: (3.0, 1.0)[channel])
    for again in range(2):
        plus = _frame(adc, (0x04, 0x00, 0), again * 1e-3, 0.5e-6)
    minus = _frame(adc, (0x04, 0x40, 0), 1.0, 0.5e-6)
    assert plus == 2000
    assert minus == 0


def test_adc_repeats_the_word_backwards_and_then_sends_zeros() -> None:
    adc = Mcp3208(lambda channel, at_s: 2.5)
    convert(adc, 0, 0.0)
    adc.select(0, 1e-3)
    bits = ""
    for index, sent in enumerate((0x06, 0, 0, 0, 0)):
        bits += f"{adc.transfer(sent, 1.1e-3 + index * 4e-6, 0.5e-6):08b}"
    word = f"{2500:012b}"
    assert bits[12:24] == word
    assert bits[24:35] == word[-2::-1]
    assert bits[35:] == "00000"


def test_adc_select_high_time_is_checked() -> None:
    said = Complaints()
    adc = Mcp3208(lambda channel, at_s: 0.0, complain=said)
    convert(adc, 0, 0.0)
    end_s = 2e-6 + 24 * 0.5e-6
    adc.select(0, end_s + 0.4e-6)
    assert said == ["MCP3208: /CS high for less than 500 ns"]
    adc.select(1, 1.0)
    adc.select(0, 1.0 + 0.5e-6)
    assert len(said) == 1


def test_adc_set_up_time_and_slow_conversions_are_checked() -> None:
    said = Complaints()
    adc = Mcp3208(lambda channel, at_s: 0.0, complain=said)
    adc.select(0, 0.0)
    adc.transfer(0x06, 0.0, 0.1e-6)
    assert said == ["MCP3208: clock less than 100 ns after /CS"]
    said.clear()
    convert(adc, 0, 1.0, clock_s=110e-6)
    assert said == ["MCP3208: more than 1.2 ms from sample to last bit"]


# ------------------------------------------------------------------- 74HC595


def test_lines_change_at_the_latch_alone_and_only_when_enabled() -> None:
    lines = ShiftRegister()
    lines.transfer(0x81)
    lines.transfer(0x02)
    assert (lines.pattern, lines.lines) == (0, 0)
    lines.latch(1)
    assert (lines.pattern, lines.lines) == (0x8102, 0)
    lines.enable(0)
    assert lines.lines == 0x8102
    lines.transfer(0xFF)
    lines.latch(1)
    assert lines.lines == 0x8102
    lines.latch(0)
    lines.latch(1)
    assert lines.lines == 0x02FF
    lines.enable(1)
    assert lines.lines == 0
