"""The XOR network as op-amp summers and precision rectifiers: 2-2-1, trained by train.py."""

from pathlib import Path

from realnet_hw.board import Board
from realnet_hw.network.files import load
from realnet_hw.technology.inverting_summer import compile_network


def board() -> Board:
    """Return the board."""
    network = load(Path(__file__).with_name("network.json"))
    return compile_network(network, "xor_opamp", "XOR with op-amps, 2-2-1")
