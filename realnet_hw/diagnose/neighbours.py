"""Which nets lie side by side, so that solder or a leg in the wrong hole may join them."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from realnet_hw.board import Board
from realnet_hw.diagnose.board_pads import board_pads, board_tree
from realnet_hw.export.netlist import Netlist

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
    pads = [pad for _, some in board_pads(board_tree(board_file)) for pad in some if pad.net]
    for one, other in itertools.combinations(pads, 2):
        gap = math.hypot(one.at.x - other.at.x, one.at.y - other.at.y)
        gap -= (one.size_mm + other.size_mm) / 2
        if one.net != other.net and gap <= _GAP_mm:
            yield one.net, other.net


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
