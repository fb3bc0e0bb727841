"""Random networks, 1-4 layers and up to 16 wide, become boards that can be ordered: how many, when.

``python tests/benchmarks/run.py pcb`` takes hours, ``... pcb 0 3`` builds networks 0 to 2 alone,
``... pcb 0 3 smd home`` with surface-mounted parts, for etching at home; ``... pcb 4-6-3`` takes
one network of that shape in each technology. Every file is made and proved as `realnet build` does,
twice, and the copper in the Gerbers is compared with the circuit.
Prints a line a network: its seed, shape and technology; parts; the board's size; vias; seconds of
the processor and on the clock for one build; what became of it.
"""

from __future__ import annotations

import io
import resource
import tempfile
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from realnet_hw.drawing import sexpr
from realnet_hw.drawing.geometry import Box
from realnet_hw.errors import CircuitRefused
from realnet_hw.export import netlist
from realnet_hw.export.assembly import assembled
from realnet_hw.export.build import build
from realnet_hw.export.profile import DEFAULT, PROFILES, Profile
from realnet_hw.parts.catalogue import Assembly
from tests.export.pcb.gerbers import copper_nets
from tests.random_networks import COUNT, Wish, board_of, shaped, wishes

WIDEST = 16


def report(arguments: Sequence[str]) -> bool:
    """Print what became of each network; return whether every board is right.

    Args:
        arguments: the first network's number and that after the last one's, or shapes, empty for
            all; how parts are assembled; who makes the board.
    """
    numbers = [int(each) for each in arguments if each.isdigit()]
    shapes = [list(map(int, each.split("-"))) for each in arguments if "-" in each]
    first, last = numbers or (0, 0 if shapes else COUNT)
    asked = [shaped(seed, shape) for shape in shapes for seed in (0, 1)]
    assembly: Assembly = "smd" if "smd" in arguments else "tht"
    profile = next((PROFILES[each] for each in arguments if each in PROFILES), DEFAULT)
    counts = {"built": 0, "refused": 0, "wrong": 0}
    print("network, parts, board, vias, seconds of processor and clock", flush=True)
    for wish in [*wishes(WIDEST)[first:last], *asked]:
        outcome, words = _outcome_of(wish, profile, assembly)
        counts[outcome] += 1
        print(f"{wish!s:46} {words} {outcome}", flush=True)
    print(", ".join(f"{count} {outcome}" for outcome, count in counts.items()), flush=True)
    return not counts["wrong"]


def _outcome_of(
    wish: Wish, profile: Profile, assembly: Assembly
) -> tuple[Literal["built", "refused", "wrong"], str]:
    board = board_of(wish)
    if isinstance(board, CircuitRefused):
        return "refused", f"no circuit: {board}:"
    with tempfile.TemporaryDirectory() as folder:
        one, two = Path(folder) / "one", Path(folder) / "two"
        started, before = time.perf_counter(), _processor_s()
        try:
            result = build(board, one, profile=profile, assembly=assembly)
        except CircuitRefused as refusal:
            return "refused", f"{_processor_s() - before:.0f} s, no board: {refusal}:"
        words = f"{result.parts:4} parts"
        if result.violations:
            return "wrong", f"{words}; {'; '.join(result.violations[:3])}:"
        words += (
            f" {_board_words((one / f'{board.name}.kicad_pcb').read_text('utf-8'))}"
            f" {_processor_s() - before:4.0f} s {time.perf_counter() - started:4.0f} s"
        )
        circuit = assembled(netlist.from_board(board), assembly).nets().values()
        packed = (one / "fabrication" / f"{board.name}_gerbers.zip").read_bytes()
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        copper = copper_nets(files, board.name)
        if {net for net in copper if len(net) > 1} != {net for net in circuit if len(net) > 1}:
            return "wrong", f"{words}; the copper in the Gerbers is another circuit:"
        build(board, two, profile=profile, assembly=assembly)
        unlike = [name for name in result.files if (one / name).read_bytes() != _read(two / name)]
        if unlike:
            return "wrong", f"{words}; not the same twice: {', '.join(unlike[:3])}:"
    return "built", words


def _board_words(text: str) -> str:
    """Say how large a board is and how many vias it has."""
    tree = sexpr.parse(text)
    edge = Box.around(
        (x, y)
        for line in sexpr.children(tree, "gr_line")
        if sexpr.word(line, "layer") == "Edge.Cuts"
        for x, y in (sexpr.numbers(line, "start"), sexpr.numbers(line, "end"))
    )
    size = f"{edge.width:.0f} x {edge.height:.0f} mm"
    area_cm2 = edge.width * edge.height / 100
    return f"{size:12} {area_cm2:4.0f} cm2 {len(sexpr.children(tree, 'via')):4} vias"


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def _processor_s() -> float:
    """Return the processor's time of this process and of all that it has run."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)
