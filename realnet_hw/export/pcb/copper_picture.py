"""Pictures of the copper of a board, SVG: what is joined to what, for the eye and for a page.

Drawn from the ``.kicad_pcb`` file as KiCad filled it. The bottom is shown as it is seen by who
turns the board over. Pours are pale, tracks and pads strong; the pointer shows a
net's name.
"""

from __future__ import annotations

import html
import itertools
import math
from collections import defaultdict
from collections.abc import Iterator
from typing import Literal

from realnet_hw.drawing import sexpr
from realnet_hw.drawing.geometry import Point
from realnet_hw.drawing.sexpr import Node
from realnet_hw.export.pcb.footprints import arc_through, turned

Side = Literal["top", "bottom"]
SIDES: tuple[Side, ...] = ("top", "bottom")

_LAYERS: dict[Side, str] = {"top": "F.Cu", "bottom": "B.Cu"}
_COLOURS: dict[Side, tuple[str, str]] = {
    "top": ("#c0392b", "#f3d3cd"),
    "bottom": ("#1f5fa8", "#cfdff2"),
}
"""Of tracks and pads, and of pours."""

_ROUND_CORNER = 0.25
_MARGIN_mm = 1.0
# Steps of 10 um in whole numbers keep the file small.
_UNITS_PER_mm = 100


def copper_picture(tree: Node, side: Side) -> str:
    """Return the picture of one side.

    Args:
        tree: the ``.kicad_pcb`` file, parsed.
        side: seen from there.
    """
    layer = _LAYERS[side]
    strong, pale = _COLOURS[side]
    edge = list(_edge(tree))
    left, right = (f(p.x for path in edge for p in path) for f in (min, max))
    top, bottom = (f(p.y for path in edge for p in path) for f in (min, max))
    width, height = right - left + 2 * _MARGIN_mm, bottom - top + 2 * _MARGIN_mm

    def place(point: Point) -> tuple[int, int]:
        x = point.x - left if side == "top" else right - point.x
        return _units(x + _MARGIN_mm), _units(point.y - top + _MARGIN_mm)

    def path(points: list[Point]) -> str:
        places = [place(point) for point in points]
        steps = (f"{bx - ax} {by - ay}" for (ax, ay), (bx, by) in itertools.pairwise(places))
        return f"M{places[0][0]} {places[0][1]}l{' '.join(steps)}".replace(" -", "-")

    nets = {str(net[1]): str(net[2]) for net in sexpr.children(tree, "net")}
    tracks: dict[tuple[str, int], list[str]] = defaultdict(list)
    for segment in sexpr.children(tree, "segment"):
        if sexpr.word(segment, "layer") == layer:
            ends = [Point(*sexpr.numbers(segment, name)) for name in ("start", "end")]
            wide = _units(float(sexpr.word(segment, "width")))
            tracks[nets[sexpr.word(segment, "net")], wide].append(path(ends))
    body = [f'<g fill="{pale}" stroke="{pale}" stroke-width="10">']
    for zone in sexpr.children(tree, "zone"):
        body += [
            f'<path d="{path(_points(filled))}Z"/>'
            for filled in sexpr.children(zone, "filled_polygon")
            if sexpr.word(filled, "layer") == layer
        ]
    body.append(f'</g>\n<g fill="none" stroke="{strong}" stroke-linecap="round">')
    for (net, wide), paths in sorted(tracks.items()):
        body.append(
            f'<path stroke-width="{wide}" d="{"".join(paths)}">'
            f"<title>{html.escape(net)}</title></path>"
        )
    body.append(f'</g>\n<g fill="{strong}">')
    holes = []
    for points, net, drill in _pads(tree, layer):
        title = f"<title>{html.escape(net)}</title>" if net else ""
        if points:
            body.append(f'<path d="{path(points)}Z">{title}</path>')
        if drill:
            holes.append(f'<path d="{path(drill)}Z"/>')
    body.append('</g>\n<g fill="#ffffff" stroke="#555555" stroke-width="5">')
    body += holes
    body.append('</g>\n<g fill="none" stroke="#222222" stroke-width="20">')
    body += [f'<path d="{path(each)}"/>' for each in edge]
    body.append("</g>")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.2f}mm" height="{height:.2f}mm" '
        f'viewBox="0 0 {_units(width)} {_units(height)}">\n'
        f"<title>Copper, {side}{' (seen from below)' if side == 'bottom' else ''}</title>\n"
        '<rect width="100%" height="100%" fill="#ffffff"/>\n' + "\n".join(body) + "\n</svg>\n"
    )


def _units(length_mm: float) -> int:
    return round(length_mm * _UNITS_PER_mm)


def _points(node: Node) -> list[Point]:
    corners = sexpr.children(sexpr.child(node, "pts") or [], "xy")
    return [Point(float(str(corner[1])), float(str(corner[2]))) for corner in corners]


def _edge(tree: Node) -> Iterator[list[Point]]:
    """Yield the lines and arcs of the board's edge."""
    for item in tree:
        if not isinstance(item, list) or sexpr.word(item, "layer") != "Edge.Cuts":
            continue
        names = [name for name in ("start", "mid", "end") if sexpr.child(item, name)]
        points = [sexpr.numbers(item, name) for name in names]
        through = arc_through(*points) if len(points) == 3 else points
        yield [Point(*point) for point in through]


def _pads(tree: Node, layer: str) -> Iterator[tuple[list[Point], str, list[Point]]]:
    """Yield the outline of each pad and via on a layer, its net, and the outline of its hole."""
    for via in sexpr.children(tree, "via"):
        at = Point(*sexpr.numbers(via, "at"))
        outer, inner = (float(sexpr.word(via, name)) for name in ("size", "drill"))
        yield _oval(at, outer, outer, 0.0), "", _oval(at, inner, inner, 0.0)
    for part in sexpr.children(tree, "footprint"):
        x, y, *turn = sexpr.numbers(part, "at")
        for pad in sexpr.children(part, "pad"):
            layers = {str(each) for each in sexpr.child(pad, "layers") or []}
            bare = pad[2] == "np_thru_hole"
            if not bare and not layers & {layer, "*.Cu"}:
                continue
            px, py, *angle = sexpr.numbers(pad, "at")
            at = turned(Point(px, py), turn[0] if turn else 0.0).moved(x, y)
            # A pad's angle counts from the board's axes, not from its footprint's.
            degrees = angle[0] if angle else 0.0
            width, height = sexpr.numbers(pad, "size")
            drill = _drill(pad, at, degrees)
            net = sexpr.child(pad, "net")
            name = str(net[2]) if net else ""
            if bare:
                yield [], name, drill
            elif pad[3] in ("circle", "oval"):
                yield _oval(at, width, height, degrees), name, drill
            else:
                corner = _ROUND_CORNER if pad[3] == "roundrect" else 0.0
                yield _rectangle(at, width, height, degrees, corner), name, drill


def _drill(pad: Node, at: Point, degrees: float) -> list[Point]:
    node = sexpr.child(pad, "drill")
    if node is None:
        return []
    sizes = [float(str(each)) for each in node[1:] if _is_number(each)]
    return _oval(at, sizes[0], sizes[-1], degrees)


def _is_number(item: Node | str) -> bool:
    return not isinstance(item, list) and str(item).replace(".", "", 1).isdigit()


def _oval(at: Point, width: float, height: float, degrees: float) -> list[Point]:
    """Return points around a shape whose shorter sides are half circles."""
    return _rectangle(at, width, height, degrees, 0.5, steps=8)


def _rectangle(
    at: Point, width: float, height: float, degrees: float, corner: float, *, steps: int = 3
) -> list[Point]:
    """Return points around a rectangle; ``corner`` is its radius over the shorter side."""
    radius = corner * min(width, height)
    dx, dy = width / 2 - radius, height / 2 - radius
    found = []
    for quarter, (sx, sy) in enumerate(((1, 1), (-1, 1), (-1, -1), (1, -1))):
        for step in range(steps + 1 if radius else 1):
            angle = (quarter + step / steps) * math.pi / 2
            corner_at = Point(
                sx * dx + radius * math.cos(angle), sy * dy + radius * math.sin(angle)
            )
            found.append(turned(corner_at, degrees).moved(*at))
    return found
