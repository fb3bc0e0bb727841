"""The resistance of a net's copper, of the tracks and vias in a board's file."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from realnet_hw.drawing import sexpr
from realnet_hw.drawing.geometry import Point
from realnet_hw.export.pcb.footprints import turned

# Copper at 20 °C, on a board of 1 ounce a square foot.
RESISTIVITY_ohm_m, THICKNESS_m = 1.72e-8, 35e-6
# A board's thickness of plated wall; the thinnest that IPC-6012 lets pass, from memory, is 20 um.
BARREL_m, PLATING_m = 1.6e-3, 20e-6
LAYERS = ("F.Cu", "B.Cu")
_SAME_mm = 1e-3

Place = tuple[float, float, str]


@dataclass(frozen=True)
class Copper:
    """A net's copper.

    Args:
        pads: its pads, "R7.2".
        transfer_ohm: of each pair of them, shape (pads, pads): by how much the first one's voltage
            against ``held`` rises with the current that flows into the net at the second.
        length_mm: of all tracks.
    """

    pads: tuple[str, ...]
    transfer_ohm: npt.NDArray[np.float64]
    length_mm: float

    def between(self, first: str, second: str) -> float:
        """Return the transfer resistance of two pads in ohms."""
        return float(self.transfer_ohm[self.pads.index(first), self.pads.index(second)])


def copper_of(tree: sexpr.Node, net: str, held: str) -> Copper:
    """Solve a net's copper as a network of resistors.

    Tracks are as wide as drawn and meet where their middles meet; pads have no resistance.

    Args:
        tree: of a ``.kicad_pcb`` file.
        net: its name there, "/VREF".
        held: the pad that takes the currents, an amplifier's output that feeds back at this pad.

    Raises:
        AssertionError: a pad that no track reaches.
    """
    (number,) = (each[1] for each in sexpr.children(tree, "net") if each[2] == net)
    pads = dict(_pads(tree, net))
    vias = [
        (*sexpr.numbers(via, "at"), sexpr.word(via, "drill"))
        for via in sexpr.children(tree, "via")
        if sexpr.word(via, "net") == number
    ]
    tracks = [
        (
            sexpr.word(track, "layer"),
            Point(*sexpr.numbers(track, "start")),
            Point(*sexpr.numbers(track, "end")),
            sexpr.numbers(track, "width")[0],
        )
        for track in sexpr.children(tree, "segment")
        if sexpr.word(track, "net") == number
    ]

    def node(layer: str, at: Point) -> str | Place:
        for name, (middle, radius_mm) in pads.items():
            if math.dist(at, middle) < radius_mm:
                return name
        return (round(at.x, 4), round(at.y, 4), layer)

    siemens: dict[frozenset[str | Place], float] = {}
    for layer, start, end, width in tracks:
        meeting = [p for own, *ends, _ in tracks if own == layer for p in ends]
        meeting += [Point(x, y) for x, y, _ in vias] + [middle for middle, _ in pads.values()]
        cuts = sorted({_along(start, end, p) for p in meeting} - {None})
        for one, other in itertools.pairwise(cuts):
            ends = [_between(start, end, share) for share in (one, other)]
            pair = frozenset(node(layer, p) for p in ends)
            if len(pair) == 2:
                ohm = RESISTIVITY_ohm_m / THICKNESS_m * math.dist(*ends) / width
                siemens[pair] = 1 / ohm
    for x, y, drill in vias:
        pair = frozenset(node(layer, Point(x, y)) for layer in LAYERS)
        wall_m2 = math.pi * float(drill) * 1e-3 * PLATING_m
        if len(pair) == 2:
            siemens[pair] = wall_m2 / (RESISTIVITY_ohm_m * BARREL_m)
    length_mm = sum(math.dist(start, end) for _, start, end, _ in tracks)
    return Copper(tuple(pads), _transfer_ohm(tuple(pads), siemens, held), length_mm)


def _transfer_ohm(
    pads: tuple[str, ...], siemens: Mapping[frozenset[str | Place], float], held: str
) -> npt.NDArray[np.float64]:
    reached = {each for pair in siemens for each in pair}
    assert set(pads) <= reached, set(pads) - reached
    free = {each: index for index, each in enumerate(sorted(reached - {held}, key=str))}
    matrix = np.zeros((len(free), len(free)))
    for pair, value in siemens.items():
        inside = [free[each] for each in pair if each != held]
        for index in inside:
            matrix[index, index] += value
        if len(inside) == 2:
            matrix[inside[0], inside[1]] -= value
            matrix[inside[1], inside[0]] -= value
    inverse = np.linalg.inv(matrix)
    found = np.zeros((len(pads), len(pads)))
    own = [index for index, name in enumerate(pads) if name != held]
    rows = [free[pads[index]] for index in own]
    found[np.ix_(own, own)] = inverse[np.ix_(rows, rows)]
    return found


def _pads(tree: sexpr.Node, net: str) -> Iterator[tuple[str, tuple[Point, float]]]:
    """Yield the pads of a net, their middles and half their smaller sizes, mm."""
    for part in sexpr.children(tree, "footprint"):
        x, y, *turn = sexpr.numbers(part, "at")
        fields = sexpr.children(part, "property")
        (reference,) = (str(each[2]) for each in fields if each[1] == "Reference")
        for pad in sexpr.children(part, "pad"):
            own = sexpr.child(pad, "net")
            if own is None or own[2] != net:
                continue
            px, py, *_ = sexpr.numbers(pad, "at")
            at = turned(Point(px, py), turn[0] if turn else 0.0).moved(x, y)
            yield f"{reference}.{pad[1]}", (at, min(sexpr.numbers(pad, "size")) / 2)


def _along(start: Point, end: Point, at: Point) -> float | None:
    """Return which share of the way from start to end a point on it is at, else None."""
    dx, dy = end.x - start.x, end.y - start.y
    length = math.hypot(dx, dy)
    share = ((at.x - start.x) * dx + (at.y - start.y) * dy) / length**2
    beside = abs((at.x - start.x) * dy - (at.y - start.y) * dx) / length
    slack = _SAME_mm / length
    if beside > _SAME_mm or not -slack <= share <= 1 + slack:
        return None
    return round(min(max(share, 0.0), 1.0), 9)


def _between(start: Point, end: Point, share: float) -> Point:
    return Point(start.x + share * (end.x - start.x), start.y + share * (end.y - start.y))


def board_tree(path: Path) -> sexpr.Node:
    """Read a ``.kicad_pcb`` file."""
    return sexpr.parse(path.read_text("utf-8"))
