"""Compiling networks to inverting summers: the law of the circuit is the network's."""

from __future__ import annotations

import contextlib
import itertools
import math
import random

import pytest

from realnet_hw import units
from realnet_hw.board import Board, load_board
from realnet_hw.cells.shunt_reference import ShuntReference
from realnet_hw.cells.summing_neuron import SummingNeuron
from realnet_hw.errors import CircuitRefused
from realnet_hw.network.network import Layer, Network
from realnet_hw.technology import inverting_summer


def volts(board: Board, inputs: dict[str, float]) -> dict[str, float]:
    """Return every net's ideal voltage by applying the cells' laws in order."""
    found = dict(inputs)
    for cell in board.cells:
        if isinstance(cell, ShuntReference):
            found[cell.output] = -5.0 if cell.rail.startswith("-") else 5.0
        if isinstance(cell, SummingNeuron):
            found[cell.output] = cell.law(found)
    return found


def network_of(*layers: Layer) -> Network:
    inputs = tuple(f"X{i + 1}" for i in range(len(layers[0].weight[0])))
    outputs = tuple(f"Y{i + 1}" for i in range(layers[-1].width))
    return Network("realnet-network", 1, inputs, outputs, layers)


def random_network(seed: int) -> Network:
    """Weights and widths at random, of the size that trained networks have."""
    rng = random.Random(seed)
    widths = [rng.randint(1, 5) for _ in range(rng.randint(2, 4))]
    layers = []
    for depth, (a, b) in enumerate(itertools.pairwise(widths)):
        last = depth == len(widths) - 2
        scale = 0.5 / a if last else 1.5 / math.sqrt(a)
        layers.append(
            Layer(
                tuple(tuple(rng.gauss(0, scale) for _ in range(a)) for _ in range(b)),
                tuple(rng.gauss(0, 0.3) for _ in range(b)),
                "linear" if last else "relu",
            )
        )
    return network_of(*layers)


@pytest.mark.parametrize("seed", range(40))
def test_the_circuits_law_is_the_networks(seed: int) -> None:
    network = random_network(seed)
    try:
        board = inverting_summer.compile_network(network, "random_network", "Random")
    except CircuitRefused:
        return  # counted below
    for case in board.cases:
        bits = [case.inputs[name] / 5.0 for name in network.inputs]
        found = volts(board, dict(case.inputs))
        for name, answer in zip(network.outputs, network.forward(bits), strict=True):
            # Two layers of E96 rounding, 1.25 % each at worst, weighed by the signals' size.
            assert found[name] == pytest.approx(5.0 * answer, abs=0.25)


def test_most_random_networks_become_boards() -> None:
    made = 0
    for seed in range(40):
        with contextlib.suppress(CircuitRefused):
            inverting_summer.compile_network(random_network(seed), "random_network", "Random")
            made += 1
    assert made >= 35


def test_xor_board_is_right_and_takes_one_package() -> None:
    board = load_board("xor_opamp")
    assert [case.expected["Y"] for case in board.cases] == [0, 1, 1, 0]
    assert len(board.assembly.packages) == 1
    for case in board.cases:
        found = volts(board, dict(case.inputs))
        assert found["Y"] == pytest.approx(5.0 * (case.expected["Y"] or 0), abs=0.05)
        assert board.logic.level(found["Y"]) == case.expected["Y"]


def test_hidden_signals_use_the_span_and_no_more() -> None:
    board = load_board("xor_opamp")
    peaks = {"H1": 0.0, "H2": 0.0}
    for case in board.cases:
        found = volts(board, dict(case.inputs))
        peaks = {net: max(peak, abs(found[net])) for net, peak in peaks.items()}
    assert all(4.5 < peak < 5.5 for peak in peaks.values())


def test_a_neuron_that_is_never_on_is_left_out() -> None:
    network = network_of(
        Layer(((1.0,), (-1.0,)), (0.0, -0.5), "relu"), Layer(((0.8, 3.0),), (0.0,), "linear")
    )
    board = inverting_summer.compile_network(network, "with_dead", "One neuron never on")
    assert "H2" not in {cell.name for cell in board.cells}
    assert volts(board, {"X1": 5.0})["Y1"] == pytest.approx(4.0, abs=0.05)


def linear(weight: float, bias: float = 0.0, count: int = 1) -> Network:
    return network_of(Layer(((weight,) * count,), (bias,), "linear"))


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (linear(3.0), "reaches 15.00 V"),
        (network_of(Layer(((1.0,),), (0.0,), "threshold")), "layer 1 is threshold"),
        (network_of(Layer(((1.0,),), (0.0,), "linear"), Layer(((1.0,),), (0.0,), "linear")),
         "layer 1 is linear"),
        (linear(0.1, count=9), "512 cases"),
        (linear(0.0), "depends on nothing"),
        (network_of(Layer(((1.0,), (200.0,)), (0.0, 0.0), "relu"),
                    Layer(((60.0, -0.2949),), (0.0,), "linear")), "."),
    ],
)  # fmt: skip
def test_refuses_what_would_not_work(network: Network, message: str) -> None:
    with pytest.raises(CircuitRefused, match=message):
        inverting_summer.compile_network(network, "refused", "Refused")


def test_the_reference_keeps_regulating_at_the_lowest_rail() -> None:
    board = load_board("xor_opamp")
    reference = next(cell for cell in board.cells if isinstance(cell, ShuntReference))
    load_A = sum(
        5.0 / cell.inputs[reference.output]
        for cell in board.cells
        if isinstance(cell, SummingNeuron) and reference.output in cell.inputs
    )
    series_ohm = units.parse(reference.parts["series"].value, "ohm") * 1.01
    # LM4040: least regulating current of the worst 5 V grade is 80 uA at 25 C.
    assert (12.0 * 0.95 - 5.0) / series_ohm - load_A > 80e-6 * 5
    assert (12.0 * 1.05 - 5.0) / (series_ohm / 1.02) < 15e-3
