"""Fifty random networks, up to three layers and 12 neurons wide, made into boards and all proved.

``python tests/benchmarks/run.py networks [SEED ...]`` takes minutes. Prints a line a network and
the counts.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from realnet_hw.errors import CircuitRefused
from realnet_hw.export.build import build
from realnet_hw.predict.ngspice import NgspiceEngine
from tests.random_networks import ACCURACY, Wish, board_of, wishes, worst_error


def report(arguments: list[str]) -> bool:
    """Build every board, or those of the seeds given; return whether all are built or refused."""
    every = wishes()
    if not set(arguments) <= {str(wish.seed) for wish in every}:
        print(f"seeds are 0 to {len(every) - 1}", file=sys.stderr)
        return False
    engine = NgspiceEngine()
    counts = {"built": 0, "refused": 0, "wrong": 0}
    for wish in every:
        if arguments and str(wish.seed) not in arguments:
            continue
        outcome, words = _outcome_of(wish, engine)
        counts[outcome] += 1
        print(f"{outcome:8} {wish}: {words}", flush=True)
    print(", ".join(f"{count} {outcome}" for outcome, count in counts.items()), flush=True)
    return not counts["wrong"]


def _outcome_of(wish: Wish, engine: NgspiceEngine) -> tuple[str, str]:
    board = board_of(wish)
    if isinstance(board, CircuitRefused):
        return "refused", str(board)
    error = worst_error(wish, board, engine)
    try:
        with tempfile.TemporaryDirectory() as folder:
            result = build(board, Path(folder) / "generated")
    except CircuitRefused as refusal:
        return "refused", str(refusal)
    words = f"{result.parts} parts on {result.paper}, {error:.2%} of full scale off"
    if result.violations or error > ACCURACY:
        return "wrong", f"{words}; {'; '.join(result.violations[:3])}"
    return "built", words
