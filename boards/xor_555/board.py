"""XOR of 555 timers: 2-2-1, either input but not both."""

from pathlib import Path

from realnet_hw.board import Board
from realnet_hw.network.files import load
from realnet_hw.technology.timer_555 import compile_network


def board() -> Board:
    """Return the board."""
    network = load(Path(__file__).with_name("network.json"))
    return compile_network(network, "xor_555", "XOR with 555 timers, 2-2-1")
