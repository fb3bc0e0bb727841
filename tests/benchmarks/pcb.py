"""Random networks, 1-4 layers and up to 16 wide, become boards that can be ordered: how many, when.

``python tests/benchmarks/run.py pcb`` takes hours, ``... pcb 0 3`` builds networks 0 to 2 alone.
Every file is made and proved as `realnet build` does, twice, and the copper in the Gerbers is
compared with the circuit. Prints a line a network with the processor's and the wall's time of one
build.
"""

from __future__ import annotations

import io
import resource
import tempfile
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path

from realnet_hw.errors import CircuitRefused
from realnet_hw.export import netlist
from realnet_hw.export.build import build
from realnet_hw.export.profile import DEFAULT
from tests.export.pcb.gerbers import copper_nets
from tests.random_networks import COUNT, Wish, board_of, wishes

WIDEST = 16


def report(arguments: Sequence[str]) -> bool:
    """Print what became of each network; return whether every board is right.

    Args:
        arguments: the first network's number and that after the last one's; empty for all.
    """
    first, last = map(int, arguments) if arguments else (0, COUNT)
    counts = {"built": 0, "refused": 0, "wrong": 0}
    for wish in wishes(WIDEST)[first:last]:
        outcome, words = _outcome_of(wish)
        counts[outcome] += 1
        print(f"{outcome:8} {wish}: {words}", flush=True)
    print(", ".join(f"{count} {outcome}" for outcome, count in counts.items()), flush=True)
    return not counts["wrong"]


def _outcome_of(wish: Wish) -> tuple[str, str]:
    board = board_of(wish)
    if isinstance(board, CircuitRefused):
        return "refused", str(board)
    with tempfile.TemporaryDirectory() as folder:
        one, two = Path(folder) / "one", Path(folder) / "two"
        started, before = time.perf_counter(), _processor_s()
        try:
            result = build(board, one, profile=DEFAULT)
        except CircuitRefused as refusal:
            return "refused", str(refusal)
        words = (
            f"{result.parts} parts, {_processor_s() - before:.0f} s of processor, "
            f"{time.perf_counter() - started:.0f} s"
        )
        if result.violations:
            return "wrong", f"{words}; {'; '.join(result.violations[:3])}"
        joined = {net for net in netlist.from_board(board).nets().values() if len(net) > 1}
        packed = (one / "fabrication" / f"{board.name}_gerbers.zip").read_bytes()
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        if {net for net in copper_nets(files, board.name) if len(net) > 1} != joined:
            return "wrong", f"{words}; the copper in the Gerbers is another circuit"
        build(board, two, profile=DEFAULT)
        unlike = [name for name in result.files if (one / name).read_bytes() != _read(two / name)]
        if unlike:
            return "wrong", f"{words}; not the same twice: {', '.join(unlike[:3])}"
    return "built", words


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def _processor_s() -> float:
    """Return the processor's time of this process and of all that it has run."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)
