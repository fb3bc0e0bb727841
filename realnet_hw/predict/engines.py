"""The simulators by name."""

from __future__ import annotations

import ctypes.util
import os
from collections.abc import Mapping

from realnet_hw.board import Board
from realnet_hw.predict.compiled.engine import CompiledEngine
from realnet_hw.predict.ngspice import NgspiceEngine
from realnet_hw.predict.workers import Maker

ENGINES: Mapping[str, Maker] = {"ngspice": NgspiceEngine, "compiled": CompiledEngine}
"""What ``--engine`` may be; each raises ToolMissing where its simulator is not installed."""


_MOST_PARTS = 200


def usual_for(board: Board) -> str:
    """Return the engine that predicts a board where nobody names one.

    A board that is fired or learns is left to the compiled engine: ngspice needs hours for ten
    timers, and minutes for the boards of an array that the other solves in a second. So is a large
    one of cells: ngspice takes a fifth of a second for each case of 250 parts.
    """
    plain = board.firing is None and board.synapses is None
    large = bool(board.cells) and board.part_count > _MOST_PARTS
    return usual() if plain and not large else "compiled"


def usual() -> str:
    """Return the engine that is taken where nobody names one: ngspice where it is installed.

    The compiled engine needs nothing but this package.
    """
    found = os.environ.get("NGSPICE_LIBRARY_PATH") or ctypes.util.find_library("ngspice")
    return "ngspice" if found else "compiled"
