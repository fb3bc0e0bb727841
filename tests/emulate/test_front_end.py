"""The analogue front end of exact parts: its map, its limits, and what is drawn of converters."""

from __future__ import annotations

import math
import statistics

import pytest

from realnet_hw.emulate.converters import InlShape, Mcp3208, Mcp4922
from realnet_hw.emulate.front_end import (
    INPUTS,
    MID_CHANNEL,
    Errors,
    FrontEnd,
    Relay,
    RELAY_MAX_s,
    ideal,
)
from realnet_hw.emulate.truths import draw_errors
from realnet_hw.measure import fixture_specification as stated

SEEDS = range(200)
PLACES = [n / 200 for n in range(201)]


def delivered_V(errors: Errors, channel: int, code: int) -> float:
    """From a code to the terminal: converter, shifter, relay on."""
    front_end = FrontEnd(errors)
    inl = errors.outputs[channel].inl
    dac = Mcp4922(reference_V=front_end.reference_V, inl=(inl, inl))
    dac.shutdown(1, 0.0)
    dac.select(0, 0.0)
    dac.transfer(0x30 | code >> 8)
    dac.transfer(code & 0xFF)
    dac.select(1, 1e-6)
    dac.ldac(0, 2e-6)
    return front_end.shifter_V(channel, dac.output_V(0, 1.0), 1.0)


def code_of(errors: Errors, channel: int, terminal_V: float) -> int:
    """From a terminal to a code: input stage, converter."""
    front_end = FrontEnd(errors)
    adc = Mcp3208(
        lambda asked, at_s: front_end.adc_V(asked, terminal_V, at_s),
        reference_V=front_end.reference_V,
        inl=errors.inputs[channel].inl,
    )
    for at_s in (0.0, 1e-3):
        adc.select(0, at_s)
        sent = (0x06 | channel >> 2, channel << 6 & 0xFF, 0)
        answer = [adc.transfer(b, at_s + 1e-6 + k * 4e-6, 0.5e-6) for k, b in enumerate(sent)]
        adc.select(1, at_s + 1e-4)
    return (answer[1] & 0x0F) << 8 | answer[2]


@pytest.mark.parametrize("code", [0, 1, 1048, 2048, 3048, 4095])
def test_ideal_output_is_five_times_the_distance_from_the_middle(code: int) -> None:
    assert delivered_V(Errors(), 0, code) == pytest.approx(5 * (code - 2048) * 1e-3, abs=1e-9)


def test_ideal_input_maps_back_to_the_same_code() -> None:
    for code in range(0, 4096, 63):
        assert code_of(Errors(), 3, delivered_V(Errors(), 0, code)) == code


def test_input_beyond_the_range_reads_the_last_code() -> None:
    assert code_of(Errors(), 0, -11.5) == 0
    assert code_of(Errors(), 0, 11.5) == 4095
    assert code_of(Errors(), 0, 1e6) == 4095


def test_shifter_ends_at_its_rails() -> None:
    assert FrontEnd(Errors()).shifter_V(0, 5.0, 0.0) == 11.0
    assert FrontEnd(Errors()).shifter_V(0, -5.0, 0.0) == -11.0


def test_an_overloaded_source_gives_way_and_one_within_its_rating_does_not() -> None:
    front_end = FrontEnd(Errors())
    assert front_end.shifter_V(0, 3.048, 0.0, 10e-3) == pytest.approx(5.0, abs=1e-9)
    assert front_end.shifter_V(0, 3.048, 0.0, -10e-3) == pytest.approx(5.0, abs=1e-9)
    assert front_end.shifter_V(0, 3.048, 0.0, 30e-3) < -10
    assert front_end.shifter_V(0, 1.048, 0.0, -30e-3) > 10


def test_a_high_reference_delivers_more_and_reads_less() -> None:
    front_end = FrontEnd(Errors(), ideal(reference=0.001))
    assert front_end.delivered_V(0, 4048) == pytest.approx(10.0 * 1.001)
    assert front_end.indicated_V(0, 10.0) == pytest.approx(10.0 / 1.001)
    assert front_end.delivered_V(0, 2048) == pytest.approx(0.0, abs=1e-9)


def test_mid_channel_sees_the_reference_whatever_is_at_the_terminals() -> None:
    """To 3 LSB of the converter's offset, and one of its nonlinearity and rounding each."""
    for seed in (1, 2):
        errors = draw_errors(seed, noise=False)
        for terminal_V in (-7.7, 7.7):
            assert code_of(errors, MID_CHANNEL, terminal_V) == pytest.approx(2048, abs=5)


def test_same_seed_same_fixture() -> None:
    assert draw_errors(7) == draw_errors(7)
    assert draw_errors(7) != draw_errors(8)


def test_noise_does_not_change_what_else_is_drawn() -> None:
    quiet, noisy = draw_errors(7, noise=False), draw_errors(7)
    assert quiet.outputs == noisy.outputs
    assert quiet.inputs == noisy.inputs
    assert quiet.noise_V == 0.0


DRAWN = [draw_errors(seed, noise=False) for seed in SEEDS]


def peak_LSB(inl: InlShape) -> float:
    return max(abs(inl(place)) for place in PLACES)


# What the uncertainty budgets allow for is what the fixtures are drawn from: the bounds come from
# the specification that the measuring side states.
DAC_INL_LSB = stated.DAC_INL_BOUND_V / stated.LSB_V
ADC_INL_LSB = stated.ADC_INL_BOUND_V / stated.LSB_V


def test_drawn_converters_meet_the_specification() -> None:
    """Gain, offset and nonlinearity, each on its own."""
    for errors in DRAWN:
        for own in errors.outputs:
            assert peak_LSB(own.inl) <= DAC_INL_LSB
            assert abs(own.gain) <= stated.DAC_OWN_GAIN_BOUND
            assert abs(own.offset_V) <= stated.DAC_OWN_OFFSET_BOUND_V
        for own in errors.inputs:
            assert peak_LSB(own.inl) <= ADC_INL_LSB
            assert abs(own.gain) <= stated.ADC_OWN_GAIN_BOUND
            assert abs(own.offset_V) <= stated.ADC_OWN_OFFSET_BOUND_V


def test_draws_use_the_specification_up() -> None:
    """No bound that a measurement allows for is never approached, nor one side preferred."""
    sources = [own for e in DRAWN for own in e.outputs]
    converters = [e.inputs[0] for e in DRAWN]
    reached = {
        "DAC gain": ([own.gain for own in sources], stated.DAC_OWN_GAIN_BOUND),
        "DAC offset": ([own.offset_V for own in sources], stated.DAC_OWN_OFFSET_BOUND_V),
        "ADC gain": ([own.gain for own in converters], stated.ADC_OWN_GAIN_BOUND),
        "ADC offset": ([own.offset_V for own in converters], stated.ADC_OWN_OFFSET_BOUND_V),
    }
    for name, (values, bound) in reached.items():
        assert max(values) > 0.9 * bound, name
        assert min(values) < -0.9 * bound, name
        # The mean of n uniform draws lies within four of its own deviations of the middle.
        assert abs(statistics.fmean(values)) < 4 * bound / math.sqrt(3 * len(DRAWN)), name
    assert max(peak_LSB(own.inl) for own in sources) > 0.97 * DAC_INL_LSB
    assert max(peak_LSB(own.inl) for own in converters) > 0.97 * ADC_INL_LSB


def test_nonlinearity_has_another_shape_in_each_channel_of_each_fixture() -> None:
    """Both signs, and its peak anywhere in the range: no code is spared in all fixtures."""
    shapes = [[own.inl(place) for place in PLACES] for e in DRAWN for own in e.outputs]
    for index in range(20, 181, 20):
        here = [shape[index] for shape in shapes]
        assert max(here) > 0.5 * DAC_INL_LSB
        assert min(here) < -0.5 * DAC_INL_LSB


def test_eight_inputs_share_one_converter() -> None:
    errors = draw_errors(3)
    assert len(errors.inputs) == INPUTS
    assert set(errors.inputs) == {errors.inputs[0]}


def test_noise_is_half_a_step_rms() -> None:
    front_end = FrontEnd(draw_errors(5))
    readings = [front_end.adc_V(0, 1.0, 0.0) for _ in range(4000)]
    # The standard deviation of 4000 readings is known to 1.1 %.
    assert statistics.stdev(readings) == pytest.approx(0.5e-3, rel=0.05)


def test_noise_repeats_with_the_seed() -> None:
    one, other = FrontEnd(draw_errors(5)), FrontEnd(draw_errors(5))
    first, second = ([each.adc_V(0, 1.0, 0.0) for _ in range(5)] for each in (one, other))
    assert first == second


def test_relay_connects_and_grounds_after_its_times() -> None:
    relay = Relay(4e-3, 2e-3)
    assert not relay.operated(0.0)
    relay.drive(1, 1.0)
    assert not relay.operated(1.0039)
    assert relay.operated(1.0041)
    relay.drive(0, 2.0)
    assert relay.operated(2.0019)
    assert not relay.operated(2.0021)


def test_a_pulse_shorter_than_the_relay_does_nothing() -> None:
    relay = Relay(4e-3, 2e-3)
    relay.drive(1, 1.0)
    relay.drive(0, 1.003)
    assert not any(relay.operated(1.0 + k * 1e-3) for k in range(20))


def test_drawn_relays_keep_the_stated_time() -> None:
    for errors in DRAWN:
        assert 0 < errors.relay_operate_s <= RELAY_MAX_s
        assert 0 < errors.relay_release_s <= RELAY_MAX_s
