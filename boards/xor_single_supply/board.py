"""XOR with one op-amp a neuron on a single 5 V supply: 2-2-1, the weights those of xor_opamp."""

from pathlib import Path

from realnet_hw.board import Board
from realnet_hw.network.files import load
from realnet_hw.technology.balanced_summer import compile_network


def board() -> Board:
    """Return the board."""
    network = load(Path(__file__).with_name("network.json"))
    return compile_network(network, "xor_single_supply", "XOR on one 5 V supply, 2-2-1")
