"""The analogue front end: its map, its limits, and that every drawn fixture meets the figures."""

from __future__ import annotations

import math
import statistics

import pytest

from realnet_hw.emulate.converters import Mcp3208, Mcp4922
from realnet_hw.emulate.front_end import (
    INPUTS,
    MID_CHANNEL,
    OUTPUTS,
    Errors,
    FrontEnd,
    Inl,
    Relay,
    RELAY_MAX_s,
    draw_errors,
)

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
    return front_end.shifter_V(channel, dac.output_V(0, 1.0))


def code_of(errors: Errors, channel: int, terminal_V: float) -> int:
    """From a terminal to a code: input stage, converter."""
    front_end = FrontEnd(errors)
    adc = Mcp3208(
        lambda asked, at_s: front_end.adc_V(asked, terminal_V),
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
    assert FrontEnd(Errors()).shifter_V(0, 5.0) == 11.0
    assert FrontEnd(Errors()).shifter_V(0, -5.0) == -11.0


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


@pytest.mark.parametrize("channel", range(OUTPUTS))
def test_drawn_outputs_meet_the_specification(channel: int) -> None:
    """Gain 0.5 %, offset 20 mV, nonlinearity 2 LSB of 5 mV, each on its own."""
    for errors in DRAWN:
        own = errors.outputs[channel]
        assert max(abs(own.inl(place)) for place in PLACES) <= 2.0
        assert abs(errors.reference) <= 0.001
        straight = Errors(
            reference=errors.reference, outputs=(type(own)(own.gain, own.offset_V, Inl()),) * 4
        )
        low_V, high_V = (delivered_V(straight, channel, code) for code in (48, 4048))
        assert abs((high_V - low_V) / 20.0 - 1) <= 0.005
        assert abs((high_V + low_V) / 2) <= 0.020


@pytest.mark.parametrize("channel", range(MID_CHANNEL))
def test_drawn_inputs_meet_the_specification(channel: int) -> None:
    """Gain 0.3 %, offset 15 mV, nonlinearity 1 LSB; readings are in steps of 5 mV."""
    for errors in DRAWN:
        own = errors.inputs[channel]
        assert max(abs(own.inl(place)) for place in PLACES) <= 1.0
        for terminal_V in (-10.0, 0.0, 10.0):
            read_V = 5 * (code_of(errors, channel, terminal_V) * 1e-3 - 2.048)
            bound_V = 0.003 * abs(terminal_V) + 0.015 + 0.005 + 0.0025
            assert abs(read_V - terminal_V) <= bound_V


def test_draws_use_the_specification_up() -> None:
    """No bound that a measurement allows for is never approached, nor one side preferred."""
    offsets = [own.offset_V for errors in DRAWN for own in errors.outputs]
    gains = [own.gain for errors in DRAWN for own in errors.inputs]
    inls = [max(abs(e.outputs[0].inl(place)) for place in PLACES) for e in DRAWN]
    assert max(offsets) > 0.019
    assert min(offsets) < -0.019
    # The mean of n uniform draws lies within four of its own deviations of the middle.
    assert abs(statistics.fmean(offsets)) < 4 * 0.02 / math.sqrt(3 * len(offsets))
    assert max(gains) > 0.0018
    assert min(gains) < -0.0018
    assert max(inls) > 1.0


def test_eight_inputs_share_one_converter() -> None:
    errors = draw_errors(3)
    assert len(errors.inputs) == INPUTS
    assert {own.inl for own in errors.inputs} == {errors.inputs[0].inl}


def test_noise_is_half_a_step_rms() -> None:
    front_end = FrontEnd(draw_errors(5))
    readings = [front_end.adc_V(0, 1.0) for _ in range(4000)]
    # The standard deviation of 4000 readings is known to 1.1 %.
    assert statistics.stdev(readings) == pytest.approx(0.5e-3, rel=0.05)


def test_noise_repeats_with_the_seed() -> None:
    one, other = FrontEnd(draw_errors(5)), FrontEnd(draw_errors(5))
    assert [one.adc_V(0, 1.0) for _ in range(5)] == [other.adc_V(0, 1.0) for _ in range(5)]


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
