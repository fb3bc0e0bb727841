"""The pads of a routed board as its ``.kicad_pcb`` file has them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from realnet_hw.drawing import sexpr
from realnet_hw.drawing.geometry import Point
from realnet_hw.errors import InputError
from realnet_hw.export.pcb.footprints import turned


@dataclass(frozen=True)
class Pad:
    """A pad of a part.

    Args:
        number: of the pin.
        at: its middle, mm.
        size_mm: the smaller of its two.
        net: empty where it is on none.
    """

    number: str
    at: Point
    size_mm: float
    net: str


def board_tree(board_file: Path) -> sexpr.Node:
    """Return a ``.kicad_pcb`` file, parsed.

    Raises:
        InputError: it can't be read.
    """
    try:
        return sexpr.parse(board_file.read_text("utf-8"))
    except OSError as error:
        raise InputError(error.strerror or str(error), where=str(board_file)) from None


def reference_of(part: sexpr.Node) -> str:
    """Return the reference of a footprint, empty if it has none."""
    return sexpr.properties(part).get("Reference", "")


def placed(part: sexpr.Node, point: Point) -> Point:
    """Return where a point of a footprint is on the board, mm."""
    x, y, *turn = sexpr.numbers(part, "at")
    return turned(point, turn[0] if turn else 0.0).moved(x, y)


def board_pads(tree: sexpr.Node) -> Iterator[tuple[str, list[Pad]]]:
    """Yield the reference of each footprint that has pads, and its pads."""
    for part in sexpr.children(tree, "footprint"):
        pads = []
        for pad in sexpr.children(part, "pad"):
            x, y, *_ = sexpr.numbers(pad, "at")
            net = sexpr.child(pad, "net")
            # A schematic's own nets have a slash before their name there.
            name = str(net[2]).removeprefix("/") if net else ""
            at = placed(part, Point(x, y))
            pads.append(Pad(str(pad[1]), at, min(sexpr.numbers(pad, "size")), name))
        if pads:
            yield reference_of(part), pads
