"""The summers of a network: their law is the network's."""

from __future__ import annotations

import itertools

import pytest

from realnet_hw.errors import CircuitRefused
from realnet_hw.network.network import Layer, Network
from realnet_hw.technology.cases import points
from realnet_hw.technology.inverting_summer import LOGIC
from realnet_hw.technology.scaling import scaled
from realnet_hw.technology.summer import Summer
from realnet_hw.technology.summers import Source
from realnet_hw.technology.summers import summers as summers_of
from tests.technology.networks import exclusive_or, linear, network_of, random_network

SPAN_V = 5.0


def summers(network: Network, span_V: float = SPAN_V) -> tuple[Source, list[Summer]]:
    reference, made, _ = summers_of(
        network,
        scaled(network, "bits"),
        points(len(network.inputs)),
        LOGIC,
        span_V,
        LOGIC.high_V,
    )
    return reference, made


def volts(reference: Source, made: list[Summer], inputs: dict[str, float]) -> dict[str, float]:
    """Return every net's ideal voltage by applying the summers' laws in order."""
    found = inputs | {reference.net: reference.polarity * reference.peak_V}
    for summer in made:
        found[summer.cell.output] = summer.cell.law(found)
    return found


def corners(network: Network):
    for bits in itertools.product((0.0, 1.0), repeat=len(network.inputs)):
        yield bits, {name: 5.0 * bit for name, bit in zip(network.inputs, bits, strict=True)}


def made_or_refused(seed: int) -> tuple[Source, list[Summer]] | None:
    try:
        return summers(random_network(seed))
    except CircuitRefused:
        return None


@pytest.mark.parametrize("seed", range(40))
def test_the_summers_law_is_the_networks(seed: int) -> None:
    network, made = random_network(seed), made_or_refused(seed)
    if made is None:
        return  # counted below
    for bits, inputs in corners(network):
        found = volts(*made, inputs)
        for name, answer in zip(network.outputs, network.forward(bits), strict=True):
            # E96 rounding: the resistors are chosen so that hardly any of it is left.
            full_V = 5.0 * max(1.0, abs(answer))
            assert found[name] == pytest.approx(5.0 * answer, abs=0.01 * full_V)


def test_most_random_networks_can_be_made() -> None:
    assert sum(made_or_refused(seed) is not None for seed in range(40)) >= 37


@pytest.mark.parametrize("seed", range(40))
def test_no_signal_exceeds_its_stated_peak_at_a_corner(seed: int) -> None:
    made = made_or_refused(seed)
    if made is None:
        return
    for _, inputs in corners(random_network(seed)):
        found = volts(*made, inputs)
        for summer in made[1]:
            assert abs(found[summer.cell.output]) <= summer.peak_V * 1.05 + 1e-9


def test_hidden_signals_use_the_span() -> None:
    reference, made = summers(exclusive_or(), 4.0)
    peaks: dict[str, float] = {}
    for _, inputs in corners(exclusive_or()):
        for net, value in volts(reference, made, inputs).items():
            peaks[net] = max(peaks.get(net, 0.0), abs(value))
    assert peaks["H1"] == pytest.approx(4.0, rel=0.02)
    assert peaks["H2"] == pytest.approx(4.0, rel=0.02)


def test_a_neuron_that_is_never_on_is_left_out() -> None:
    network = network_of(
        Layer(((1.0,), (-1.0,)), (0.0, -0.5), "relu"), Layer(((0.8, 3.0),), (0.0,), "linear")
    )
    reference, made = summers(network)
    assert [summer.cell.output for summer in made if summer.cell.output == "H2"] == []
    assert volts(reference, made, {"X1": 5.0})["Y1"] == pytest.approx(4.0, abs=0.05)


def test_a_neuron_that_is_nearly_always_off_is_not_amplified_without_end() -> None:
    # On by 0.01 at one corner only: filling the span would take a gain of 500.
    network = network_of(Layer(((1.0, 1.0),), (-1.99,), "relu"), Layer(((1.0,),), (0.0,), "linear"))
    _, made = summers(network)
    hidden = next(summer.cell for summer in made if summer.cell.output == "H1")
    assert hidden.noise_gain() < 11.5


def test_weak_weights_are_left_out_by_a_fifth_of_a_percent_together() -> None:
    weak = network_of(Layer(((1.0, 0.001, 0.001),), (0.0,), "linear"))
    weaker = network_of(Layer(((1.0, 0.001, 0.006),), (0.0,), "linear"))
    last = [summers(network)[1][-1].cell for network in (weak, weaker)]
    assert len(last[0].inputs) == 1
    assert len(last[1].inputs) == 2


def test_an_output_that_depends_on_nothing_is_refused() -> None:
    with pytest.raises(CircuitRefused, match="depends on nothing"):
        summers(network_of(Layer(((0.0,),), (0.0,), "linear")))


def test_a_gain_that_no_two_resistors_make_is_refused() -> None:
    # 100 kohm over 1 kohm is the greatest.
    with pytest.raises(CircuitRefused, match=r"Y1: would be .* of full scale off"):
        summers(linear(150.0))
