"""Whether both engines give the same yield: within the confidence interval, on three boards.

``python tests/benchmarks/run.py yields``; ``... yields 100`` draws fewer boards than 1000. Each
engine draws boards of its own, from different seeds, so that agreement is no matter of course; and
the same ones, so that it is. Resistors and capacitors have a tolerance at which some boards fail.
"""

from __future__ import annotations

from collections.abc import Sequence

from realnet_hw.board import Board, load_board
from realnet_hw.export import netlist
from realnet_hw.export.deck import deck_from
from realnet_hw.predict.asking import asking_of
from realnet_hw.predict.compiled.engine import CompiledEngine
from realnet_hw.predict.engine import Engine
from realnet_hw.predict.levels import sources
from realnet_hw.predict.monte_carlo import Run, streamed
from realnet_hw.predict.ngspice import NgspiceEngine
from realnet_hw.predict.tally import Tally
from realnet_hw.predict.yields import with_tolerance
from realnet_hw.records import Yield

# Board to tolerance, and to the share of the boards that is drawn: ngspice fires one in seconds.
BOARDS = {"xor_realnet": (0.1, 1.0), "xor_single_supply": (0.2, 1.0), "nand_555": (0.1, 0.05)}


def report(arguments: Sequence[str]) -> bool:
    """Print yields; return whether intervals overlap and the same boards count the same.

    Args:
        arguments: the number of boards, or nothing for 1000.
    """
    samples = int(arguments[0]) if arguments else 1000
    agreed = True
    for name, (tolerance, part) in BOARDS.items():
        board = load_board(name)
        ngspice, other, same = (
            counted(board, tolerance, engine, max(2, round(part * samples)), seed)
            for engine, seed in ((NgspiceEngine(), 1), (CompiledEngine(), 2), (CompiledEngine(), 1))
        )
        overlap = ngspice.low <= other.high and other.low <= ngspice.high
        agreed &= overlap and abs(same.good - ngspice.good) <= 1
        print(
            f"{name:14} {tolerance:4.0%}: ngspice {_told(ngspice)}, compiled {_told(other)}, "
            f"compiled on the same boards {same.good}{'' if overlap else '  APART'}",
            flush=True,
        )
    return agreed


def counted(board: Board, tolerance: float, engine: Engine, samples: int, seed: int) -> Yield:
    """Return the yield of a board whose resistors and capacitors have a tolerance."""
    deck = with_tolerance(deck_from(netlist.from_board(board), board), tolerance)
    cases = [sources(deck, case.inputs) for case in board.cases]
    tally = Tally(board, board.cases)
    for answers in streamed(Run(deck, asking_of(board, deck), cases, samples, seed), engine):
        tally.add(answers)
    assert tally.yield_ is not None
    return tally.yield_


def _told(found: Yield) -> str:
    return f"{found.value:.1%} ({found.low:.1%} to {found.high:.1%})"
