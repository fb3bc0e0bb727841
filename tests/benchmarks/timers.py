"""Whether ngspice fires boards of pulses right, at its own tolerances and at those of our decks.

``python tests/benchmarks/run.py timers``; ``... timers 40`` draws so many boards. Each nand_555
drawn is fired at each of its cases. Its pulses are held against their law with the values drawn,
and its outputs' levels at both tolerances against each other.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import numpy as np

from realnet_hw.board import Board, load_board
from realnet_hw.export import deck as decks
from realnet_hw.export import netlist
from realnet_hw.predict.asking import asking_of
from realnet_hw.predict.ngspice import NgspiceEngine
from realnet_hw.predict.tolerances import draw
from realnet_hw.technology.timer_laws import pulse_s

BOARD = "nand_555"
# The cell of each pulse, its level's source, and what is left on its capacitor.
PULSES = {"P1": ("FIRST", "v_a", 0.5), "P2": ("SECOND", "v_b", 0.0)}
DRAWN = 10
AGREEMENT = 0.02
OPTIONS = {"ours": decks.OPTIONS, "ngspice's own": ".options tnom=27"}


def report(arguments: Sequence[str]) -> bool:
    """Print what was counted; return whether at our tolerances every pulse keeps its law.

    Args:
        arguments: how many boards to draw; 10 if empty.
    """
    count = int(arguments[0]) if arguments else DRAWN
    board = load_board(BOARD)
    deck = decks.deck_from(netlist.from_board(board), board)
    asking, engine = asking_of(board, deck), NgspiceEngine()
    cases = [
        {deck.inputs[name].element: volts for name, volts in case.inputs.items()}
        for case in board.cases
    ]
    sets = [{**drawn, **case} for drawn in draw(deck.spreads, count, 7) for case in cases]
    laws_s = np.array([[law_s(board, name, values) for name in asking.pulses] for values in sets])
    print(f"{board.name}: {count} boards at {len(cases)} cases")
    levels, broken = {}, {}
    for name, options in OPTIONS.items():
        decks.OPTIONS = options
        started = time.process_time()
        try:
            answers = asking.answers(deck, engine, sets)
        finally:
            decks.OPTIONS = OPTIONS["ours"]
        each_s = (time.process_time() - started) / len(sets)
        off = np.abs(answers[:, len(asking.voltages) :] / laws_s - 1)
        broken[name] = int((off > AGREEMENT).sum())
        at = list(asking.voltages).index(board.outputs[0].name)
        levels[name] = [board.logic.level(volts) for volts in answers[:, at]]
        print(
            f"  {name:13} {each_s:.2f} s a firing; pulses off their law by {off.max():.2%} at most,"
            f" {broken[name]} of {off.size} by more than {AGREEMENT:.0%}"
        )
    differing = sum(ours != own for ours, own in zip(*levels.values(), strict=True))
    print(f"  levels that differ: {differing} of {len(sets)}")
    expected = [case.expected[board.outputs[0].name] for case in board.cases] * count
    right = np.equal(levels["ours"], expected).reshape(count, len(cases))
    for case, share in zip(board.cases, right.mean(axis=0), strict=True):
        print(f"  right at {dict(case.inputs)}: {share:.3f}")
    return not broken["ours"]


def law_s(board: Board, pulse: str, values: Mapping[str, float]) -> float:
    """Return how long a pulse lasts with these values of its parts, in seconds.

    What the timer's pins take goes through the resistor: it lowers where the capacitor charges to.
    """
    cell, source, start_V = PULSES[pulse]
    keys = ("resistor", "capacitor", "timer")
    ohm, farad, timer = (board.assembly.references[cell, key].lower() for key in keys)
    taken_A = values[f"i.x{timer}.ithreshold"]
    if not start_V:
        taken_A += values[f"i.x{timer}.ileakage"]
    towards_V = values["v_p15v"] - values[ohm] * taken_A
    level_V = values[source] - values[f"v.x{timer}.vthreshold"]
    return float(pulse_s(values[ohm], values[farad], level_V, towards_V, start_V))
