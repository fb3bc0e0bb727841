"""Polarities: signals keep the signs that the weights ask for, with few inverters."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from realnet_hw.technology import signs

weight = st.sampled_from([-1.0, 0.0, 1.0])


@st.composite
def networks(draw, widest: int = 3):
    widths = draw(st.lists(st.integers(1, widest), min_size=2, max_size=4))
    weights = [
        draw(st.lists(st.lists(weight, min_size=a, max_size=a), min_size=b, max_size=b))
        for a, b in itertools.pairwise(widths)
    ]
    biases = [draw(st.lists(weight, min_size=b, max_size=b)) for b in widths[1:]]
    return weights, biases


@given(networks())
@settings(max_examples=60)
def test_every_wish_is_served(network) -> None:
    weights, biases = network
    choice = signs.assign(weights, biases)
    assert set(choice.neurons[-1]) == {1}
    polarity = [1] * len(weights[0][0])
    for matrix, bias, neurons, inverted in zip(
        weights, biases, choice.neurons, choice.inverted, strict=True
    ):
        for row, offset, sign in zip(matrix, bias, neurons, strict=True):
            for source, w in enumerate(row):
                # An inverting summer turns the sign of what it takes.
                available = {polarity[source], *([-polarity[source]] if source in inverted else [])}
                assert w == 0 or any(-taken * sign * w > 0 for taken in available)
            constants = {choice.constant, *([-choice.constant] if choice.constant_inverted else [])}
            assert offset == 0 or any(-taken * sign * offset > 0 for taken in constants)
        polarity = list(neurons)


def test_all_negative_weights_need_no_inverter() -> None:
    assert signs.assign([[[-1.0, -1.0]]], [[0.0]]).inverters == 0


def test_one_inverter_where_one_input_is_wanted_with_both_signs() -> None:
    choice = signs.assign([[[-1.0, -1.0], [1.0, -1.0]]], [[0.0, 0.0]])
    assert choice.inverted == ((0,),)


def test_the_reference_hangs_from_the_rail_that_saves_its_inverter() -> None:
    choice = signs.assign([[[-1.0]]], [[1.0]])
    assert (choice.constant, choice.constant_inverted) == (-1, False)


def test_large_networks_stop_at_a_choice_that_no_single_change_betters() -> None:
    size = 20
    weights = [
        [[(-1.0) ** (i * j % 3) for i in range(3)] for j in range(size)],
        [[(-1.0) ** (j % 2) for j in range(size)]],
    ]
    biases = [[(-1.0) ** j for j in range(size)], [1.0]]
    choice = signs.assign(weights, biases)
    assert len(choice.neurons[0]) == size
    assert choice.inverters <= signs.assign(weights[:1], biases[:1]).inverters + size // 2
