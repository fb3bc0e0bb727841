"""Which nets lie side by side, so that solder or a leg in the wrong hole may join them."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from realnet_hw.board import Board
from realnet_hw.drawing import sexpr
from realnet_hw.drawing.geometry import Point
from realnet_hw.errors import InputError
from realnet_hw.export.netlist import Netlist
from realnet_hw.export.pcb.footprints import turned

Pair = tuple[str, str]

# Pads with a gap no wider than that between the pins of a package can be bridged by solder.
_GAP_mm = 1.0
_ROWS = re.compile(r"(?:DIP|SOIC)-([0-9]+)")


def package_pairs(netlist: Netlist) -> Iterator[Pair]:
    """Yield the nets of pins that follow each other along one side of a package or header."""
    for part in netlist.parts.values():
        count = len(part.pins)
        if count < 3:
            continue
        rows = _ROWS.search(part.footprint)
        corner = int(rows[1]) // 2 if rows else None
        for pin, net in part.pins.items():
            following = part.pins.get(str(int(pin) + 1)) if pin.isdigit() else None
            if following is not None and int(pin) != corner and following != net:
                yield net, following


def pcb_pairs(board_file: Path) -> Iterator[Pair]:
    """Yield the nets of pads that lie close enough for a solder bridge.

    Args:
        board_file: a ``.kicad_pcb`` file.

    Raises:
        InputError: it can't be read.
    """
    try:
        tree = sexpr.parse(board_file.read_text("utf-8"))
    except OSError as error:
        raise InputError(error.strerror or str(error), where=str(board_file)) from None
    pads = list(_pads(tree))
    for (at, size, net), (to, other_size, other) in itertools.combinations(pads, 2):
        gap = math.hypot(at.x - to.x, at.y - to.y) - (size + other_size) / 2
        if net != other and gap <= _GAP_mm:
            yield net, other


def _pads(tree: sexpr.Node) -> Iterator[tuple[Point, float, str]]:
    """Yield where each pad with a net is, its smaller size in mm, and the net."""
    for part in sexpr.children(tree, "footprint"):
        x, y, *turn = sexpr.numbers(part, "at")
        for pad in sexpr.children(part, "pad"):
            net = sexpr.child(pad, "net")
            if net is None:
                continue
            px, py, *_ = sexpr.numbers(pad, "at")
            at = turned(Point(px, py), turn[0] if turn else 0.0).moved(x, y)
            # A schematic's own nets have a slash before their name there.
            yield at, min(sexpr.numbers(pad, "size")), str(net[2]).removeprefix("/")


def breadboard_legs(board: Board, netlist: Netlist) -> Iterator[tuple[str, str, str]]:
    """Yield each leg of a two-legged part with the net of a column beside its own.

    Yields:
        Reference, pin number, net.

    Raises:
        CircuitRefused: the circuit fits no breadboards.
    """
    from realnet_hw.export.breadboard.guide import breadboard_guide
    from realnet_hw.export.breadboard.holes import Strip, strip_of

    layout = breadboard_guide(board, netlist).layout
    for part in layout.parts:
        # No direct voltage shows where a capacitor's leg is.
        if len(part.holes) != 2 or part.reference[0] == "C":
            continue
        for pin, hole in part.holes.items():
            strip = strip_of(hole)
            if strip.is_rail:
                continue
            for step in (-1, 1):
                beside = layout.used.get(Strip(strip.board, strip.name, strip.column + step))
                if beside is not None and beside != netlist.parts[part.reference].pins[pin]:
                    yield part.reference, pin, beside


def distinct(pairs: Iterator[Pair], known: Mapping[str, str]) -> list[Pair]:
    """Return each pair of nets once, of those that a deck has, in alphabetical order."""
    return sorted({(min(p), max(p)) for p in pairs if set(p) <= known.keys()})
