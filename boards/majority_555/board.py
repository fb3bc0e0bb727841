"""The majority of three inputs, of 555 timers."""

from pathlib import Path

from realnet_hw.board import Board
from realnet_hw.network.files import load
from realnet_hw.technology.timer_555 import compile_network


def board() -> Board:
    """Return the board."""
    network = load(Path(__file__).with_name("network.json"))
    return compile_network(network, "majority_555", "Majority of three with 555 timers")
