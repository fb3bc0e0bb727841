"""A printed board with its suspects, as on an assembly drawing, from above and from below.

Copper is pale, so that outlines, names and marks stand out; parts that are suspected are filled,
the fuller the more probable, and so is the copper of nets; rings show what to touch next.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from html import escape
from pathlib import Path

from realnet_hw.compare.svg import element
from realnet_hw.diagnose.board_pads import Pad, board_pads, board_tree, placed, reference_of
from realnet_hw.drawing import sexpr
from realnet_hw.drawing.geometry import Box, Point
from realnet_hw.export.pcb.copper_picture import SIDES, Side, copper_picture
from realnet_hw.export.pcb.footprints import corners, polylines

# As ``copper_picture`` draws: units in a millimetre, and the margin around the board.
_PER_mm, _MARGIN_mm = 100.0, 1.0
_TITLES: Mapping[Side, str] = {
    "top": "Board, from above",
    "bottom": "Board, from the solder side",
}
# Tracks and pads, pours: pale in place of the colours of a copper picture.
_PALE = {
    "top": (("#c0392b", "#c9b3ae"), ("#f3d3cd", "#f6f1f0")),
    "bottom": (("#1f5fa8", "#aebccd"), ("#cfdff2", "#f0f3f7")),
}
_OUTLINE, _NAME = "#3b4a5a", "#1d2733"
_LINE_mm, _RING_mm, _AROUND_mm = 0.12, 1.25, 0.5
# Letters of a browser against those of a board, of the same size.
_LETTER = 1.3


def board_pictures(
    board_file: Path, marked: Mapping[str, float], pins: Mapping[str, float], touch: Collection[str]
) -> dict[str, str]:
    """Return a board from both sides, ``<svg>`` by title.

    Args:
        board_file: a ``.kicad_pcb`` file.
        marked: how probable it is that something is wrong, by part or net.
        pins: the same by pin, "U1.3".
        touch: nets that are to be read next.

    Raises:
        InputError: it can't be read.
    """
    tree = board_tree(board_file)
    return {_TITLES[side]: _View(tree, side).drawn(marked, pins, touch) for side in SIDES}


class _View:
    """A board as it is seen from one side."""

    def __init__(self, tree: sexpr.Node, side: Side) -> None:
        self._tree, self._side = tree, side
        svg = copper_picture(tree, side)
        for colour, pale in _PALE[side]:
            svg = svg.replace(colour, pale)
        width, height = (float(v) for v in re.findall(r'viewBox="0 0 (\S+) (\S+)"', svg)[0])
        self._view = Box(0.0, 0.0, width, height)
        self._copper = svg.partition(">")[2].rpartition("</svg>")[0]
        edge = [
            sexpr.numbers(item, name)
            for item in tree
            if isinstance(item, list) and sexpr.word(item, "layer") == "Edge.Cuts"
            for name in ("start", "mid", "end")
            if sexpr.child(item, name)
        ]
        self._corner = Point(*(min(end[axis] for end in edge) for axis in (0, 1)))

    def drawn(
        self, marked: Mapping[str, float], pins: Mapping[str, float], touch: Collection[str]
    ) -> str:
        parts = sexpr.children(self._tree, "footprint")
        content = [self._nets(marked)]
        content += [self._body(part, marked.get(reference_of(part), 0.0)) for part in parts]
        content += [self._outline(part) for part in parts]
        content += [self._ring(at, "suspect", pins[name]) for name, at in self._pins(pins)]
        content += [self._ring(pad.at, "touch") for pad in self._touched(set(touch))]
        content += [self._words(part, marked) for part in parts]
        content += [
            self._text(item, str(item[1])) for item in sexpr.children(self._tree, "gr_text")
        ]
        return element(self._copper + "".join(content), self._view, _TITLES[self._side])

    def _place(self, point: Point) -> Point:
        x, y = (
            _PER_mm * (at - corner + _MARGIN_mm)
            for at, corner in zip(point, self._corner, strict=True)
        )
        return Point(x if self._side == "top" else self._view.width - x, y)

    def _line(self, points: Iterable[Point]) -> str:
        places = (self._place(point) for point in points)
        return "M" + "L".join(f"{at.x:.0f} {at.y:.0f}" for at in places)

    def _nets(self, marked: Mapping[str, float]) -> str:
        """Draw the tracks of nets that are suspected."""
        names = {
            str(net[1]): str(net[2]).removeprefix("/") for net in sexpr.children(self._tree, "net")
        }
        layer = "F.Cu" if self._side == "top" else "B.Cu"
        drawn = []
        for track in sexpr.children(self._tree, "segment"):
            p = marked.get(names[sexpr.word(track, "net")], 0.0)
            if p and sexpr.word(track, "layer") == layer:
                ends = [Point(*sexpr.numbers(track, end)) for end in ("start", "end")]
                wide = _PER_mm * (float(sexpr.word(track, "width")) + 0.2)
                drawn.append(
                    f'<path class="suspect net" d="{self._line(ends)}" stroke-width="{wide:.0f}" '
                    f'style="stroke-opacity:{_opacity(p):.2f}"/>'
                )
        return "".join(drawn)

    def _body(self, part: sexpr.Node, p: float) -> str:
        """Fill the outline of a part that is suspected."""
        lines = [line for layer in ("F.Fab", "F.SilkS") for line in _graphics(part, layer)]
        if not p or not lines:
            return ""
        every = [point for line in lines for point in line]
        every += [Point(*sexpr.numbers(pad, "at")[:2]) for pad in sexpr.children(part, "pad")]
        box = Box.union([Box(at.x, at.y, at.x, at.y) for at in every]).grown(_AROUND_mm)
        around = [(box.left, box.top), (box.right, box.top), (box.right, box.bottom)]
        around.append((box.left, box.bottom))
        path = self._line(placed(part, Point(*corner)) for corner in around)
        return (
            f'<path class="suspect" d="{path}Z" stroke-width="{2 * _PER_mm * _LINE_mm:.0f}" '
            f'stroke-linejoin="round" '
            f'style="fill-opacity:{_opacity(p):.2f};stroke-opacity:{0.3 + 0.7 * p:.2f}"/>'
        )

    def _outline(self, part: sexpr.Node) -> str:
        lines = list(_graphics(part, "F.SilkS")) or list(_graphics(part, "F.Fab"))
        path = "".join(self._line(placed(part, point) for point in line) for line in lines)
        # From the solder side parts are behind the board.
        dashes = "" if self._side == "top" else ' stroke-dasharray="40 25"'
        return (
            f'<path d="{path}" fill="none" stroke="{_OUTLINE}" '
            f'stroke-width="{_PER_mm * _LINE_mm:.0f}"{dashes}/>'
        )

    def _touched(self, nets: set[str]) -> list[Pad]:
        """Return the pads to touch: of a net, or of the parts that join two."""
        return [
            pad
            for _, pads in board_pads(self._tree)
            if len(nets) < 2 or {pad.net for pad in pads} == nets
            for pad in pads
            if pad.net in nets
        ]

    def _pins(self, pins: Mapping[str, float]) -> list[tuple[str, Point]]:
        return [
            (name, pad.at)
            for reference, pads in board_pads(self._tree)
            for pad in pads
            if (name := f"{reference}.{pad.number}") in pins
        ]

    def _ring(self, at: Point, kind: str, p: float = 1.0) -> str:
        place = self._place(at)
        return (
            f'<circle class="{kind} ring" cx="{place.x:.0f}" cy="{place.y:.0f}" '
            f'r="{_PER_mm * _RING_mm:.0f}" stroke-width="45" '
            f'style="stroke-opacity:{0.4 + 0.6 * p:.2f}"/>'
        )

    def _words(self, part: sexpr.Node, marked: Mapping[str, float]) -> str:
        """Write what is printed beside a part: its reference or name, and those of pins."""
        said = []
        for each in sexpr.children(part, "property"):
            is_suspect = each[1] == "Reference" and each[2] in marked
            said.append(self._text(each, str(each[2]), part, "suspect" if is_suspect else ""))
        said += [self._text(each, str(each[2]), part) for each in sexpr.children(part, "fp_text")]
        return "".join(said)

    def _text(
        self, item: sexpr.Node, words: str, part: sexpr.Node | None = None, kind: str = ""
    ) -> str:
        """Write what stands on the upper side, where it stands and as large."""
        if sexpr.word(item, "hide") == "yes" or sexpr.word(item, "layer") != "F.SilkS":
            return ""
        x, y, *_ = sexpr.numbers(item, "at")
        font = sexpr.child(sexpr.child(item, "effects") or [], "font") or []
        at = self._place(placed(part, Point(x, y)) if part else Point(x, y))
        size = _LETTER * _PER_mm * sexpr.numbers(font, "size")[0]
        style = ' class="suspect"' if kind else f' fill="{_NAME}"'
        return (
            f'<text{style} x="{at.x:.0f}" y="{at.y + 0.36 * size:.0f}" font-size="{size:.0f}" '
            f'font-family="sans-serif" text-anchor="middle">{escape(words)}</text>'
        )


def _opacity(p: float) -> float:
    return 0.15 + 0.6 * p


def _graphics(part: sexpr.Node, layer: str) -> Iterable[list[Point]]:
    """Yield what a footprint shows on a layer as lines through points, in its own measure."""
    for item in part:
        if not isinstance(item, list) or sexpr.word(item, "layer") != layer:
            continue
        if item[0] == "fp_poly":
            around = corners(item)
            yield [*around, around[0]]
        else:
            yield from ([Point(*at) for at in line] for line in polylines(item))
