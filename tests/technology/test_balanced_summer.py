"""Boards with one rail-to-rail amplifier a neuron, and networks that are refused."""

from __future__ import annotations

import itertools

import pytest

from realnet_hw.board import Board, load_board
from realnet_hw.cells.balanced_neuron import BalancedNeuron
from realnet_hw.cells.buffered_reference import BufferedReference
from realnet_hw.errors import CircuitRefused, InputError
from realnet_hw.network.network import Layer, Network
from realnet_hw.technology import inverting_summer
from realnet_hw.technology.balanced_summer import compile_network
from tests.technology.networks import exclusive_or, linear, network_of

DIFFERENCE = network_of(Layer(((1.0, -1.0), (-0.6, 0.9)), (0.0, 0.2), "linear"))


def shown(board: Board, inputs: dict[str, float]) -> dict[str, float]:
    """Return every net's ideal voltage by applying the cells' laws in order."""
    found = inputs | {"VREF": 2.5}
    for cell in board.cells:
        if isinstance(cell, BalancedNeuron):
            found[cell.output] = cell.law(found)
    return found


def neurons(board: Board) -> list[BalancedNeuron]:
    return [cell for cell in board.cells if isinstance(cell, BalancedNeuron)]


def test_law_of_a_differential_amplifier() -> None:
    # The textbook's difference amplifier: R2/R1 times the difference.
    cell = BalancedNeuron(
        "Y", "Y", output="Y", positive={"A": 10e3}, negative={"B": 10e3}, feedback_ohm=20e3,
        positive_balance_ohm=20e3,
    )  # fmt: skip
    assert cell.gains() == pytest.approx({"A": 2.0, "B": -2.0})
    assert cell.law({"A": 2.5, "B": 1.0}) == pytest.approx(3.0)
    assert cell.law({"A": 1.0, "B": 2.5}) == 0.0
    assert cell.noise_gain() == pytest.approx(3.0)


def test_law_of_a_non_inverting_amplifier() -> None:
    cell = BalancedNeuron(
        "Y", "Y", output="Y", positive={"A": 33e3}, negative={}, feedback_ohm=30e3,
        negative_balance_ohm=20e3,
    )  # fmt: skip
    assert cell.gains() == pytest.approx({"A": 2.5})


def test_xor_takes_one_package_and_no_diodes() -> None:
    board = load_board("xor_single_supply")
    assert [case.expected["Y"] for case in board.cases] == [0, 1, 1, 0]
    assert len(board.assembly.packages) == 1
    assert len(neurons(board)) == 3
    assert not any(part.type.startswith("diode") for part in board.assembly.parts.values())
    assert [supply.net for supply in board.supplies] == ["+5V"]


def test_hidden_signals_use_nine_tenths_of_the_guaranteed_swing() -> None:
    board = load_board("xor_single_supply")
    peaks: dict[str, float] = {}
    for case in board.cases:
        for net, volts in shown(board, dict(case.inputs)).items():
            peaks[net] = max(peaks.get(net, 0.0), volts)
    # 4.75 V less 25 mV.
    assert peaks["H1"] == pytest.approx(0.9 * 4.725, rel=0.01)
    assert peaks["H2"] == pytest.approx(0.9 * 4.725, rel=0.01)


def test_without_biases_there_is_no_reference() -> None:
    board = compile_network(linear(1.0), "follower", "Follower")
    assert not any(isinstance(cell, BufferedReference) for cell in board.cells)
    assert any(
        isinstance(cell, BufferedReference) for cell in load_board("xor_single_supply").cells
    )


@pytest.mark.parametrize("answer", ["value", "largest"])
def test_outputs_that_may_be_negative_ride_on_the_reference(answer: str) -> None:
    board = compile_network(DIFFERENCE, "signed", "Signed", answer=answer)
    for port in board.outputs:
        assert port.zero_V == 2.5
        assert port.unit_V is not None
        # The greatest answer is 1.1 and the least -1.
        assert port.volts(1.1) <= 0.9 * 4.725 + 1e-9
        assert port.volts(-1.0) >= 0.2
    for bits in itertools.product((0.0, 1.0), repeat=2):
        volts = shown(board, {"X1": 2.5 * bits[0], "X2": 2.5 * bits[1]})
        for port, value in zip(board.outputs, DIFFERENCE.forward(bits), strict=True):
            assert volts[port.net] == pytest.approx(port.volts(value), abs=0.02)


def test_as_levels_outputs_stay_at_ground() -> None:
    network = network_of(Layer(((1.0, -1.0),), (0.0,), "linear"))
    board = compile_network(network, "levels", "Levels")
    assert [case.ideal_V["Y1"] for case in board.cases] == [0.0, 0.0, 2.5, 0.0]
    assert {port.zero_V for port in board.outputs} == {0.0}


def test_values_are_scaled_down_to_what_the_rails_allow() -> None:
    board = compile_network(linear(30.0), "large", "Large", answer="value")
    (port,) = board.outputs
    assert port.volts(30.0) == pytest.approx(0.9 * 4.725)


def test_a_neuron_that_is_always_off_is_made_as_such() -> None:
    network = network_of(Layer(((1.0,), (-1.0,)), (0.0, -0.1), "relu"))
    board = compile_network(network, "dead", "Dead", answer="value")
    assert [shown(board, {"X1": volts})["Y2"] for volts in (0.0, 2.5)] == [0.0, 0.0]


def test_points_given_are_the_cases() -> None:
    at = [(0.1, 0.9), (0.7, 0.2)]
    board = compile_network(DIFFERENCE, "given", "Given", answer="value", inputs="analogue", at=at)
    assert [tuple(case.inputs.values()) for case in board.cases] == [(0.25, 2.25), (1.75, 0.5)]
    for wrong in ([(0.0,)], [(0.1, 1.0)], [(0.0, float("nan"))], []):
        with pytest.raises(InputError, match="point"):
            compile_network(DIFFERENCE, "given", "Given", answer="value", at=wrong)


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (linear(3.0), r"Y1: needs 7\.50 V at its amplifier"),
        (linear(0.7), r"Y1: would show 1\.75 V ± .* where a 1 is due"),
        (network_of(Layer(((1.0,),), (0.0,), "threshold")), "layer 1 is threshold"),
        (linear(0.0), "depends on nothing"),
        (linear(1 / 17, count=17), "17 inputs .allowed: up to 16"),
        (network_of(Layer(((1.0,),) * 17, (0.0,) * 17, "relu")), "17 outputs"),
    ],
)
def test_refuses_what_would_not_work(network: Network, message: str) -> None:
    with pytest.raises(CircuitRefused, match=message):
        compile_network(network, "refused", "Refused")


@pytest.mark.parametrize("name", ["VREF", "H1", "GND", "H1_NEG", "H1_POS", "VREF_SHUNT", "h1"])
def test_names_that_would_short_are_refused(name: str) -> None:
    network = exclusive_or(inputs=(name, "X2"), outputs=("Y",))
    own = load_board("xor_single_supply").network
    assert own is not None
    for layers in (network.layers, own.layers):
        named = network_of(*layers, inputs=(name, "X2"), outputs=("Y",))
        with pytest.raises(CircuitRefused, match="would name a net of"):
            compile_network(named, "shorted", "Shorted")


@pytest.mark.parametrize("make", [compile_network, inverting_summer.compile_network])
def test_a_refusal_says_which_other_answer_would_do(make) -> None:
    ramp = network_of(Layer(((0.3, 0.1), (0.1, 0.5)), (0.3, 0.2), "linear"))
    with pytest.raises(CircuitRefused, match=r"read the outputs with --answer value"):
        make(ramp, "ramp", "Ramp")
    steep = linear(3.0)
    with pytest.raises(CircuitRefused, match=r"--answer value$"):
        make(steep, "steep", "Steep")


@pytest.mark.parametrize("make", [compile_network, inverting_summer.compile_network])
def test_one_output_is_never_the_largest(make) -> None:
    with pytest.raises(CircuitRefused, match="one output can't be the largest"):
        make(linear(1.0), "one", "One", answer="largest")


@pytest.mark.parametrize("make", [compile_network, inverting_summer.compile_network])
def test_sixteen_inputs_and_outputs_have_their_pins(make) -> None:
    rows = tuple(tuple(float(i == j) for i in range(16)) for j in range(16))
    board = make(network_of(Layer(rows, (0.0,) * 16, "relu")), "wide", "Wide")
    pins = [len(part.pins) for part in board.assembly.parts.values() if "connector" in part.type]
    assert pins == [17, 17]
