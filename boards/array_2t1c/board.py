"""XOR in an array of 2T1C synapses, 2-4-1: the board that learns, with the weights of train.py."""

import json
from pathlib import Path

from realnet_hw.board import Board
from realnet_hw.technology.array_2t1c import Shape, array_board

PATTERNS_V = ((-1.0, -1.0), (-1.0, 1.0), (1.0, -1.0), (1.0, 1.0))


def board() -> Board:
    """Return the board."""
    weights = json.loads(Path(__file__).with_name("weights.json").read_text("utf-8"))
    return array_board(
        "array_2t1c",
        "XOR in an array that learns, 2-4-1",
        Shape(inputs=2, hidden=4, outputs=1),
        stored_V=weights["stored_V"],
        cases=[{"X1": one, "X2": other} for one, other in PATTERNS_V],
        largest=["O1P" if one != other else "O1N" for one, other in PATTERNS_V],
    )
