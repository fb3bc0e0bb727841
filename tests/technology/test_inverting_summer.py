"""Boards compiled from networks, and networks that are refused."""

from __future__ import annotations

import pytest

from realnet_hw.board import load_board
from realnet_hw.cells.shunt_reference import ShuntReference
from realnet_hw.cells.summing_neuron import SummingNeuron
from realnet_hw.errors import CircuitRefused
from realnet_hw.network.network import Layer, Network
from realnet_hw.technology.inverting_summer import compile_network
from tests.technology.networks import exclusive_or, linear, network_of


def test_xor_board_takes_one_package() -> None:
    board = load_board("xor_opamp")
    assert [case.expected["Y"] for case in board.cases] == [0, 1, 1, 0]
    assert len(board.assembly.packages) == 1


def test_every_neuron_has_a_test_point_or_a_port() -> None:
    board = load_board("xor_opamp")
    reached = {point.net for point in (*board.test_points, *board.ports)}
    assert {c.output for c in board.cells if isinstance(c, SummingNeuron)} <= reached


def test_a_network_without_biases_needs_no_reference() -> None:
    network = network_of(Layer(((-1.0,),), (0.0,), "relu"), Layer(((1.0,),), (0.0,), "linear"))
    # relu(-x) is 0 for both inputs: the board shows 0 whatever comes.
    with pytest.raises(CircuitRefused, match="depends on nothing"):
        compile_network(network, "never_on", "Never on")
    board = compile_network(linear(1.0), "follower", "Follower")
    assert not any(isinstance(cell, ShuntReference) for cell in board.cells)
    assert [point.net for point in board.test_points] == ["NX1"]


RAMP = network_of(Layer(((0.1, 0.1),), (0.45,), "linear"))


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (linear(3.0), r"Y1: needs 15\.00 V at its amplifier"),
        (network_of(Layer(((1.0,),), (0.0,), "threshold")), "layer 1 is threshold"),
        (
            network_of(Layer(((1.0,),), (0.0,), "linear"), Layer(((1.0,),), (0.0,), "linear")),
            "layer 1 is linear",
        ),
        (linear(0.0), "depends on nothing"),
        (RAMP, r"Y1: would show 2\.2\d V .* where a 0 is due"),
        (linear(0.0, bias=0.7), r"Y1: would show 3\.50 V"),
    ],
)
def test_refuses_what_would_not_work(network: Network, message: str) -> None:
    with pytest.raises(CircuitRefused, match=message):
        compile_network(network, "refused", "Refused")


@pytest.mark.parametrize(
    "name",
    ["VREF", "vref", "H1", "h1", "H2_SUM", "H1_DRIVE", "GND", "NH1", "NH2", "NVREF", "Y",
     "Y_SUM", "U1_SPARE2_OUT"],
)  # fmt: skip
def test_an_input_named_like_an_inner_net_is_refused_or_kept_apart(name: str) -> None:
    network = exclusive_or(inputs=(name, "X2"), outputs=("Y" if name != "Y" else "Z",))
    try:
        board = compile_network(network, "named", "Named")
    except CircuitRefused as refusal:
        assert "name" in str(refusal)  # noqa: PT017
        return
    drivers = [port.net for port in board.inputs]
    drivers += [cell.output for cell in board.cells if isinstance(cell, SummingNeuron)]
    drivers += [cell.output for cell in board.cells if isinstance(cell, ShuntReference)]
    assert len({net.casefold() for net in drivers}) == len(drivers)


@pytest.mark.parametrize("name", ["VREF", "H1", "GND", "NH1", "H1_SUM"])
def test_names_that_would_short_this_network_are_refused(name: str) -> None:
    own = load_board("xor_opamp").network
    assert own is not None
    network = network_of(*own.layers, inputs=(name, "X2"), outputs=("Y",))
    with pytest.raises(CircuitRefused, match=f"{name} would name a net of"):
        compile_network(network, "shorted", "Shorted")


@pytest.mark.parametrize("name", ["VREF", "H1", "H2", "GND"])
def test_an_output_named_like_an_inner_net_is_refused(name: str) -> None:
    own = load_board("xor_opamp").network
    assert own is not None
    network = network_of(*own.layers, inputs=("X1", "X2"), outputs=(name,))
    with pytest.raises(CircuitRefused, match="would name a net of"):
        compile_network(network, "shorted", "Shorted")


@pytest.mark.parametrize("name", ["IN", "OUT", "REF", "PWR", "supply", "inputs"])
def test_names_of_blocks_are_free_for_signals(name: str) -> None:
    own = load_board("xor_opamp").network
    assert own is not None
    network = network_of(*own.layers, inputs=(name, "X2"), outputs=("Y",))
    board = compile_network(network, "free", "Free")
    assert len(board.assembly.parts) == load_board("xor_opamp").part_count


def test_what_is_left_out_is_said() -> None:
    network = network_of(Layer(((-1.0, 0.001),), (1.0,), "linear"))
    board = compile_network(network, "weak", "Weak")
    assert "1 of 3 weights left out: too weak to matter, or never in play" in board.notes
    assert not any("left out" in note for note in load_board("xor_opamp").notes)
