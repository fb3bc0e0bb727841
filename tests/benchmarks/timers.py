"""Whether boards of pulses answer alike at ngspice's own tolerances and ours, and how often right.

``python tests/benchmarks/run.py timers``; ``... timers BOARD 100`` draws 100 of one board.
Every drawn board is fired at each of its cases, with ngspice's default tolerances and with those of
every deck here; a level that differs is counted.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from realnet_hw.board import Board, load_board
from realnet_hw.export import deck as decks
from realnet_hw.export import netlist
from realnet_hw.predict.asking import asking_of
from realnet_hw.predict.engine import Parameters
from realnet_hw.predict.ngspice import NgspiceEngine
from realnet_hw.predict.tolerances import draw

BOARDS = ("nand_555", "nand_555_original")
DRAWN = 40
LOOSE = ".options tnom=27"


def report(arguments: Sequence[str]) -> bool:
    """Print what was counted; return whether no level differed.

    Args:
        arguments: a board and how many are drawn; empty for both boards here and 40 each.
    """
    names = arguments[:1] or BOARDS
    count = int(arguments[1]) if len(arguments) > 1 else DRAWN
    alike = [compared(load_board(name), count) for name in names]
    return all(alike)


def compared(board: Board, count: int) -> bool:
    """Print how the two tolerances compare on one board; return whether no level differs."""
    deck = decks.deck_from(netlist.from_board(board), board)
    asking, engine = asking_of(board, deck), NgspiceEngine()
    cases = [
        {deck.inputs[name].element: volts for name, volts in case.inputs.items()}
        for case in board.cases
    ]
    sets: list[Parameters] = [
        {**drawn, **case} for drawn in draw(deck.spreads, count, 7) for case in cases
    ]
    print(f"{board.name}: {count} boards at {len(cases)} cases", flush=True)
    answers = {}
    tight = decks.OPTIONS
    for name, options in (("tight", tight), ("default", LOOSE)):
        decks.OPTIONS = options
        started = time.process_time()
        try:
            answers[name] = asking.answers(deck, engine, sets)
        finally:
            decks.OPTIONS = tight
        each_s = (time.process_time() - started) / len(sets)
        print(f"  {name:8} {each_s:.2f} s of processor a firing", flush=True)

    outputs = [list(asking.voltages).index(port.name) for port in board.outputs]
    levels = {
        name: [[board.logic.level(row[at]) for at in outputs] for row in found]
        for name, found in answers.items()
    }
    differing = sum(a != b for a, b in zip(levels["tight"], levels["default"], strict=True))
    widths = {name: found[:, len(asking.voltages) :] for name, found in answers.items()}
    off_s = np.abs(widths["tight"] - widths["default"]).max()
    right = np.array(
        [
            [
                level in (None, shown)
                for level, shown in zip(case.expected.values(), row, strict=True)
            ]
            for case, row in zip([*board.cases] * count, levels["tight"], strict=True)
        ]
    ).all(axis=1)
    by_case = right.reshape(count, len(cases))
    print(
        f"  levels that differ: {differing} of {len(sets)}; widths by {off_s * 1e6:.1f} us at most"
    )
    for case, share in zip(board.cases, by_case.mean(axis=0), strict=True):
        print(f"  right at {dict(case.inputs)}: {share:.3f}")
    print(f"  right at all cases: {by_case.all(axis=1).mean():.3f}")
    return differing == 0
