"""Fifty random networks, up to three layers and 12 neurons wide, made into boards and all proved.

``python tests/benchmarks/run.py networks`` takes minutes. Prints a line a network and the counts.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from run import Ratio, million_additions_s

from realnet_hw.errors import CircuitRefused
from realnet_hw.export.build import build
from realnet_hw.predict.ngspice import NgspiceEngine

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.random_networks import ACCURACY, Wish, board_of, wishes, worst_error


def measure() -> list[Ratio]:
    """Build every board; the ratio is the mean time of one."""
    engine = NgspiceEngine()
    counts = {"built": 0, "refused": 0, "wrong": 0}
    started = time.perf_counter()
    for wish in wishes():
        outcome, words = _outcome_of(wish, engine)
        counts[outcome] += 1
        print(f"{outcome:8} {wish}: {words}", flush=True)
    print(", ".join(f"{count} {outcome}" for outcome, count in counts.items()), flush=True)
    if counts["wrong"]:
        raise SystemExit(1)
    each_s = (time.perf_counter() - started) / sum(counts.values())
    return [Ratio("one random network / 1e6 additions", each_s, million_additions_s(), 1000)]


def _outcome_of(wish: Wish, engine: NgspiceEngine) -> tuple[str, str]:
    board = board_of(wish)
    if isinstance(board, CircuitRefused):
        return "refused", str(board)
    error = worst_error(board, engine)
    try:
        with tempfile.TemporaryDirectory() as folder:
            result = build(board, Path(folder) / "generated")
    except CircuitRefused as refusal:
        return "refused", str(refusal)
    words = f"{result.parts} parts on {result.paper}, {error:.2%} of full scale off"
    if result.violations or error > ACCURACY:
        return "wrong", f"{words}; {'; '.join(result.violations[:3])}"
    return "built", words
