"""The 555 neuron with its published threshold, which real diodes make too low: kept to learn from.

V3 = 10.09 V is 0.8075 of 12.5 V. A NE555 and a 1N4148 leave 13.0 V on the joined node, so that the
capacitor reaches 10.16 V after a 1 and a 0, and the board answers (1, 0) like (1, 1).
"""

from __future__ import annotations

from pathlib import Path

from realnet_hw import project
from realnet_hw.board import Board

# 10.09 V.
UPPER_ohm, LOWER_ohm = 11e3, 22.6e3


def board() -> Board:
    """Return the board."""
    corrected = project.load_module(Path(__file__).parents[1] / "nand_555" / "board.py")
    made: Board = corrected.neuron(
        "nand_555_original",
        "NAND of three NE555 as published: wrong for A = 1, B = 0",
        UPPER_ohm,
        LOWER_ohm,
        notes=("V3 = 10.09 V as published: predicted to answer A = 1, B = 0 wrong. See nand_555",),
    )
    return made
