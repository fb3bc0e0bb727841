"""What a placement must know of a footprint: its courtyard and its pads.

Ref: KiCad documentation, "Footprint Library File Format" (dev-docs.kicad.org); IPC-7351B, 3.1.5.3
(courtyard).
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

from realnet_hw.drawing import sexpr, text
from realnet_hw.drawing.geometry import Box, Point
from realnet_hw.drawing.sexpr import Node
from realnet_hw.errors import InputError
from realnet_hw.export.project_files import footprint_text

_ROUND = ("circle", "oval")
_SILK_LINE_mm = 0.15
_ARC_PIECES = 16
_LAYERS = {"F.Cu": (0,), "B.Cu": (1,), "*.Cu": (0, 1)}


@dataclass(frozen=True)
class FootprintPad:
    """A pad in the footprint's own coordinates, mm; ``number`` is empty for a bare hole."""

    number: str
    at: Point
    width: float
    height: float
    round: bool
    rotation: float
    layers: tuple[int, ...]


@dataclass(frozen=True)
class Footprint:
    """A footprint around its origin, y downwards, mm.

    ``silk`` are boxes around what is printed, ``fab`` the lines that show the part's body.
    """

    name: str
    courtyard: Box
    pads: tuple[FootprintPad, ...]
    silk: tuple[Box, ...]
    fab: tuple[tuple[Point, ...], ...]

    @property
    def room(self) -> Box:
        """The box around its courtyard and all that it prints."""
        boxes = (self.courtyard, *self.silk)
        return Box(
            min(box.left for box in boxes),
            min(box.top for box in boxes),
            max(box.right for box in boxes),
            max(box.bottom for box in boxes),
        )

    def pad(self, number: str) -> FootprintPad:
        """Return the first pad with a number.

        Raises:
            InputError: there is none.
        """
        for pad in self.pads:
            if pad.number == number:
                return pad
        raise InputError(f"no pad {number!r}", where=self.name)


@functools.cache
def footprint(name: str) -> Footprint:
    """Read a footprint ``Library:Name`` from KiCad's libraries.

    Raises:
        InputError: there is none of that name, or it has no courtyard.
        ToolMissing: the libraries are not installed.
    """
    node = sexpr.parse(footprint_text(name))
    points = list(_courtyard(node))
    if not points:
        raise InputError("the footprint has no courtyard", where=name)
    xs, ys = zip(*points, strict=True)
    return Footprint(
        name,
        Box(min(xs), min(ys), max(xs), max(ys)),
        tuple(_pad(item) for item in sexpr.children(node, "pad")),
        tuple(_silk(node)),
        tuple(_fab(node)),
    )


def turned(point: Point, degrees: float) -> Point:
    """Turn a point around the origin, anticlockwise as KiCad counts."""
    angle = math.radians(degrees)
    cosine, sine = math.cos(angle), math.sin(angle)
    return Point(
        round(point.x * cosine + point.y * sine, 6), round(point.y * cosine - point.x * sine, 6)
    )


def turned_box(box: Box, degrees: float) -> Box:
    """Return the box around a turned box."""
    corners = [
        turned(Point(x, y), degrees) for x in (box.left, box.right) for y in (box.top, box.bottom)
    ]
    xs, ys = zip(*corners, strict=True)
    return Box(min(xs), min(ys), max(xs), max(ys))


def _courtyard(node: Node) -> Iterator[tuple[float, float]]:
    """Yield the points that the outline of the courtyard passes through."""
    for item in node:
        if not isinstance(item, list) or sexpr.word(item, "layer") not in ("F.CrtYd", "B.CrtYd"):
            continue
        if item[0] == "fp_circle":
            (x, y), (ex, ey) = sexpr.numbers(item, "center"), sexpr.numbers(item, "end")
            radius = math.hypot(ex - x, ey - y)
            yield from ((x - radius, y - radius), (x + radius, y + radius))
        elif item[0] == "fp_poly":
            yield from corners(item)
        else:
            for name in ("start", "mid", "end"):
                if sexpr.child(item, name):
                    x, y = sexpr.numbers(item, name)
                    yield x, y


def _silk(node: Node) -> Iterator[Box]:
    """Yield boxes around the lines that are printed; curved ones in short pieces."""
    for item in node:
        if not isinstance(item, list) or sexpr.word(item, "layer") != "F.SilkS":
            continue
        if item[0] == "fp_text" and item[1] == "user":
            x, y, *_ = sexpr.numbers(item, "at")
            size = sexpr.numbers(
                sexpr.child(sexpr.child(item, "effects") or [], "font") or [], "size"
            )
            yield text.centred(str(item[2]), Point(x, y), size[0])
        for line in polylines(item):
            for (x, y), (ex, ey) in itertools.pairwise(line):
                box = Box(min(x, ex), min(y, ey), max(x, ex), max(y, ey))
                yield box.grown(_SILK_LINE_mm / 2)


def _fab(node: Node) -> Iterator[tuple[Point, ...]]:
    for item in node:
        if not isinstance(item, list) or sexpr.word(item, "layer") != "F.Fab":
            continue
        if item[0] == "fp_poly":
            around = corners(item)
            yield (*around, around[0])
        else:
            yield from (tuple(Point(*point) for point in line) for line in polylines(item))


def corners(polygon: Node) -> list[Point]:
    """Return the points that a filled shape has, in its footprint's own measure."""
    points = sexpr.children(sexpr.child(polygon, "pts") or [], "xy")
    return [Point(float(str(point[1])), float(str(point[2]))) for point in points]


def polylines(item: Node) -> list[list[tuple[float, ...]]]:
    """Return what a graphic item draws as lines through points."""
    match item[0]:
        case "fp_line":
            return [[sexpr.numbers(item, "start"), sexpr.numbers(item, "end")]]
        case "fp_rect":
            (x, y), (ex, ey) = sexpr.numbers(item, "start"), sexpr.numbers(item, "end")
            return [[(x, y), (ex, y), (ex, ey), (x, ey), (x, y)]]
        case "fp_circle":
            (x, y), (ex, ey) = sexpr.numbers(item, "center"), sexpr.numbers(item, "end")
            radius = math.hypot(ex - x, ey - y)
            return [_arc((x, y), radius, 0.0, 2 * math.pi)]
        case "fp_arc":
            return [arc_through(*(sexpr.numbers(item, n) for n in ("start", "mid", "end")))]
        case "fp_poly":
            # A filled shape: its whole box is taken.
            xs, ys = zip(*corners(item), strict=True)
            return [[(min(xs), min(ys)), (max(xs), max(ys))]]
        case _:
            return []


def _arc(
    centre: tuple[float, ...], radius: float, start: float, sweep: float
) -> list[tuple[float, ...]]:
    return [
        (
            centre[0] + radius * math.cos(start + sweep * step / _ARC_PIECES),
            centre[1] + radius * math.sin(start + sweep * step / _ARC_PIECES),
        )
        for step in range(_ARC_PIECES + 1)
    ]


def arc_through(*points: tuple[float, ...]) -> list[tuple[float, ...]]:
    """Return the arc from the first point through the second to the third."""
    (ax, ay), (bx, by), (cx, cy) = points
    d = 2 * (ax * (by - cy) + bx * (cy - ay) + cx * (ay - by))
    if abs(d) < 1e-9:
        return [*points]
    squares = [x * x + y * y for x, y in points]
    x = (squares[0] * (by - cy) + squares[1] * (cy - ay) + squares[2] * (ay - by)) / d
    y = (squares[0] * (cx - bx) + squares[1] * (ax - cx) + squares[2] * (bx - ax)) / d
    start, middle, end = (math.atan2(py - y, px - x) for px, py in points)
    sweep, turn = (end - start) % (2 * math.pi), (middle - start) % (2 * math.pi)
    if turn > sweep:
        sweep -= 2 * math.pi
    return _arc((x, y), math.hypot(ax - x, ay - y), start, sweep)


def _pad(node: Node) -> FootprintPad:
    x, y, *angle = sexpr.numbers(node, "at")
    width, height = sexpr.numbers(node, "size")
    names = {str(layer) for layer in sexpr.child(node, "layers") or []}
    layers = {layer for name, found in _LAYERS.items() if name in names for layer in found}
    if node[2] == "np_thru_hole":
        layers = {0, 1}
    return FootprintPad(
        number=str(node[1]),
        at=Point(x, y),
        width=width,
        height=height,
        round=node[3] in _ROUND,
        rotation=angle[0] if angle else 0.0,
        layers=tuple(sorted(layers)),
    )
