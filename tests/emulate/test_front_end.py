"""The analogue front end: its map, its limits, and that every drawn fixture meets the figures."""

from __future__ import annotations

import math
import statistics

import pytest

from realnet_hw.emulate.converters import InlShape, Mcp3208, Mcp4922, straight
from realnet_hw.emulate.front_end import (
    INPUTS,
    MID_CHANNEL,
    OUTPUTS,
    Errors,
    FrontEnd,
    Relay,
    RELAY_MAX_s,
)
from realnet_hw.emulate.truths import draw_errors
from realnet_hw.measure import fixture_specification as stated
from realnet_hw.uncertainty import standard_uncertainty

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


def test_mid_channel_sees_the_reference_whatever_is_at_the_terminals() -> None:
    for seed in (1, 2):
        errors = draw_errors(seed, noise=False)
        assert code_of(errors, MID_CHANNEL, 7.7) == pytest.approx(2048, abs=2)


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


@pytest.mark.parametrize("channel", range(OUTPUTS))
def test_drawn_outputs_meet_the_specification(channel: int) -> None:
    """Gain, offset and nonlinearity, each on its own."""
    for errors in DRAWN:
        own = errors.outputs[channel]
        assert peak_LSB(own.inl) <= DAC_INL_LSB
        assert abs(errors.reference) <= stated.REFERENCE_BOUND
        alike = (type(own)(own.gain, own.offset_V, straight),) * OUTPUTS
        no_inl = Errors(reference=errors.reference, outputs=alike)
        low_V, high_V = (delivered_V(no_inl, channel, code) for code in (48, 4048))
        assert abs((high_V - low_V) / 20.0 - 1) <= stated.DAC_GAIN_BOUND
        assert abs((high_V + low_V) / 2) <= stated.DAC_OFFSET_BOUND_V


@pytest.mark.parametrize("channel", range(MID_CHANNEL))
def test_drawn_inputs_meet_the_specification(channel: int) -> None:
    """Gain, offset and nonlinearity; readings are in steps of 5 mV."""
    for errors in DRAWN:
        own = errors.inputs[channel]
        assert peak_LSB(own.inl) <= ADC_INL_LSB
        for terminal_V in (-10.0, 0.0, 10.0):
            read_V = 5 * (code_of(errors, channel, terminal_V) * 1e-3 - 2.048)
            bound_V = stated.ADC_GAIN_BOUND * abs(terminal_V) + stated.ADC_OFFSET_BOUND_V
            bound_V += stated.ADC_INL_BOUND_V + stated.LSB_V / 2
            assert abs(read_V - terminal_V) <= bound_V


def test_draws_use_the_specification_up() -> None:
    """No bound that a measurement allows for is never approached, nor one side preferred."""
    reached = {
        "DAC gain": ([e.reference + own.gain for e in DRAWN for own in e.outputs], 0.005),
        "DAC offset": ([own.offset_V for e in DRAWN for own in e.outputs], 0.020),
        "ADC gain": ([own.gain - e.reference for e in DRAWN for own in e.inputs], 0.003),
        "ADC offset": ([own.offset_V for e in DRAWN for own in e.inputs], 0.015),
    }
    for name, (values, bound) in reached.items():
        assert max(values) > 0.9 * bound, name
        assert min(values) < -0.9 * bound, name
        # The mean of n uniform draws lies within four of its own deviations of the middle; the
        # reference is one draw for all channels.
        assert abs(statistics.fmean(values)) < 4 * bound / math.sqrt(3 * len(DRAWN)), name
    assert max(peak_LSB(own.inl) for e in DRAWN for own in e.outputs) > 0.97 * DAC_INL_LSB
    assert max(peak_LSB(e.inputs[0].inl) for e in DRAWN) > 0.97 * ADC_INL_LSB


def test_nonlinearity_has_another_shape_in_each_channel_of_each_fixture() -> None:
    """Both signs, and its peak anywhere in the range: no code is spared in all fixtures."""
    shapes = [[own.inl(place) for place in PLACES] for e in DRAWN for own in e.outputs]
    for index in range(20, 181, 20):
        here = [shape[index] for shape in shapes]
        assert max(here) > 0.5 * DAC_INL_LSB
        assert min(here) < -0.5 * DAC_INL_LSB


def test_budgets_cover_what_drawn_fixtures_do() -> None:
    """Set or read against true, in standard uncertainties: within two in 95 % of all, not idle."""
    of_source, of_sense = [], []
    budget = stated.adc_components(stated.repeatability(0.0, 1, 1))
    for errors in DRAWN:
        for channel in range(OUTPUTS):
            for code in range(48, 4049, 500):
                set_V = 5 * (code - 2048) * 1e-3
                u_V = standard_uncertainty(stated.dac_components(), set_V)
                of_source.append((delivered_V(errors, channel, code) - set_V) / u_V)
        for terminal_V in (-9.87, -3.21, 0.0, 1.23, 6.54):
            read_V = 5 * (code_of(errors, 0, terminal_V) * 1e-3 - 2.048)
            u_V = standard_uncertainty(budget, terminal_V)
            of_sense.append((read_V - terminal_V) / u_V)
    for what, errors_in_u in (("source", of_source), ("sense", of_sense)):
        covered = sum(abs(error) <= 2 for error in errors_in_u) / len(errors_in_u)
        assert covered >= 0.95, what
        assert 0.5 < math.sqrt(statistics.fmean(error**2 for error in errors_in_u)) < 1.05, what


def test_eight_inputs_share_one_converter() -> None:
    errors = draw_errors(3)
    assert len(errors.inputs) == INPUTS
    assert {own.inl for own in errors.inputs} == {errors.inputs[0].inl}


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
