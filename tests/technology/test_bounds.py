"""Bounds of signals: never less than what a network does, and not much more."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from realnet_hw.network.network import Layer, Network
from realnet_hw.technology.bounds import answers_to_bits, over_box
from realnet_hw.technology.scaling import scaled
from tests.technology.networks import network_of, random_network


def sums(network: Network, inputs: np.ndarray) -> list[np.ndarray]:
    """Return every layer's sums before activation, samples x neurons."""
    found = []
    values = inputs
    for layer in network.layers:
        found.append(values @ np.array(layer.weight).T + np.array(layer.bias))
        values = np.maximum(found[-1], 0.0)
    return found


@pytest.mark.parametrize("seed", range(20))
def test_no_input_leads_beyond_the_bounds(seed: int) -> None:
    network = random_network(seed)
    count = len(network.inputs)
    inside = np.random.default_rng(seed).random((3000, count))
    inputs = np.vstack([inside, list(itertools.product((0.0, 1.0), repeat=count))])
    for (low, high), reached in zip(over_box(network), sums(network, inputs), strict=True):
        assert np.all(reached.min(axis=0) >= low - 1e-9)
        assert np.all(reached.max(axis=0) <= high + 1e-9)


@pytest.mark.parametrize("seed", range(20))
def test_bounds_are_tighter_than_interval_arithmetic(seed: int) -> None:
    network = random_network(seed)
    low, high = np.zeros(len(network.inputs)), np.ones(len(network.inputs))
    for (tight_low, tight_high), layer in zip(over_box(network), network.layers, strict=True):
        weight, bias = np.array(layer.weight), np.array(layer.bias)
        up, down = np.maximum(weight, 0.0), np.minimum(weight, 0.0)
        low, high = up @ low + down @ high + bias, up @ high + down @ low + bias
        assert (tight_high - tight_low).sum() <= (high - low).sum() + 1e-9
        low, high = np.maximum(low, 0.0), np.maximum(high, 0.0)


def test_the_first_layer_is_exact() -> None:
    network = random_network(5)
    corners = np.array(list(itertools.product((0.0, 1.0), repeat=len(network.inputs))))
    low, high = over_box(network)[0]
    np.testing.assert_allclose(low, sums(network, corners)[0].min(axis=0))
    np.testing.assert_allclose(high, sums(network, corners)[0].max(axis=0))


@pytest.mark.parametrize("seed", range(5))
def test_answers_to_bits(seed: int) -> None:
    network = random_network(seed)
    answers = [
        network.forward(bits) for bits in itertools.product((0.0, 1.0), repeat=len(network.inputs))
    ]
    low, high = answers_to_bits(network)
    np.testing.assert_allclose(low, np.min(answers, axis=0))
    np.testing.assert_allclose(high, np.max(answers, axis=0))


def test_analogue_inputs_may_lead_further_than_bits() -> None:
    """A tent is 0 at both ends and 1 in the middle."""
    tent = network_of(
        Layer(((1.0,), (1.0,)), (0.0, -0.5), "relu"), Layer(((2.0, -4.0),), (0.0,), "linear")
    )
    assert scaled(tent, "bits").greatest == (0.0,)
    assert scaled(tent, "analogue").greatest[0] >= 1.0
