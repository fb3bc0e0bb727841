"""How many boards would work were their resistors and capacitors of another tolerance."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Sequence

import numpy as np

from realnet_hw import records
from realnet_hw.board import Board, Case
from realnet_hw.errors import InputError
from realnet_hw.export.deck import Deck
from realnet_hw.predict.asking import Answers, asking_of
from realnet_hw.predict.engine import Engine
from realnet_hw.predict.levels import sources
from realnet_hw.predict.monte_carlo import Progress, Run, streamed
from realnet_hw.predict.tally import Tally

USUAL = (0.01, 0.05)
"""The tolerances that resistors are sold with most."""

_VALUE = re.compile(r"[rc][0-9]+")
_SAME_V = 1e-6


def with_tolerance(deck: Deck, tolerance: float) -> Deck:
    """Return a deck whose resistors and capacitors all lie within one tolerance, uniformly.

    Everything else keeps its spread: semiconductors, offsets, supplies.

    Raises:
        InputError: a tolerance that is not 0 to below 1.
    """
    if not 0 <= tolerance < 1:
        raise InputError(f"a tolerance of {100 * tolerance:g} %", allowed="0 % to below 100 %")
    spreads = (
        dataclasses.replace(
            spread,
            distribution="uniform",
            low=spread.nominal * (1 - tolerance),
            high=spread.nominal * (1 + tolerance),
        )
        if _VALUE.fullmatch(spread.parameter)
        else spread
        for spread in deck.spreads
    )
    return dataclasses.replace(deck, spreads=tuple(spreads))


def yields(
    prediction: records.Prediction,
    board: Board,
    deck: Deck,
    engine: Engine,
    tolerances: Sequence[float],
    progress: Progress | None = None,
) -> list[records.TolerancedYield]:
    """Return the yield of the parts as bought, and with each of some tolerances.

    Args:
        prediction: of this board; as many boards are drawn as for it, from its seed.
        board: with its cases.
        deck: the one that was predicted from.
        engine: the simulator.
        tolerances: as fractions.
        progress: told after each of them.

    Raises:
        InputError: nothing is asked of the outputs, or a tolerance that is none.
        SimulationFailed: a board for which there is no solution.
    """
    if prediction.yield_ is None:
        raise InputError("nothing is asked of the outputs: there is no yield", where=board.name)
    asking = asking_of(board, deck)
    cases = [sources(deck, case.inputs) for case in board.cases]
    drawn = np.array(prediction.statistics.boards_V).reshape(-1, len(cases), len(asking.voltages))
    found = [_yield(None, board, [drawn])]
    for tolerance in tolerances:
        spread = with_tolerance(deck, tolerance)
        run = Run(spread, asking, cases, prediction.samples, prediction.seed)
        found.append(_yield(tolerance, board, streamed(run, engine)))
        if progress:
            progress(len(found) - 1, len(tolerances))
    return found


def _yield(
    tolerance: float | None, board: Board, drawn: Iterable[Answers]
) -> records.TolerancedYield:
    at_levels = [index for index, case in enumerate(board.cases) if _is_at_levels(board, case)]
    every = Tally(board, board.cases)
    levels = Tally(board, [board.cases[index] for index in at_levels])
    for answers in drawn:
        every.add(answers)
        levels.add(answers[:, at_levels])
    assert every.yield_ is not None
    return records.TolerancedYield(tolerance=tolerance, levels=levels.yield_, every=every.yield_)


def _is_at_levels(board: Board, case: Case) -> bool:
    """Return whether all inputs of a case are logic levels, none between."""
    return all(
        any(abs(case.inputs[port.name] - level_V) < _SAME_V for level_V in board.levels_V(port))
        for port in board.inputs
    )
