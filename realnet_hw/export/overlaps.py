"""The overlap metric of a drawn schematic: what clashes, measured and not looked at.

The boxes of texts are those of the strokes that ``kicad-cli sch export svg`` writes; symbols, wires
and frames are read from the ``.kicad_sch``. Neither comes from the code that placed them.
"""

from __future__ import annotations

import html
import itertools
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

from realnet_hw.drawing import sexpr
from realnet_hw.drawing.geometry import Box, Mirror, Point, Rotation, oriented
from realnet_hw.drawing.sexpr import Node
from realnet_hw.drawing.symbols import Symbol
from realnet_hw.errors import InputError
from realnet_hw.export.page_layout import PAGES

_TOUCH_mm = 0.1
_TILE_mm = 12.0
_FRAME_mm = 12.0
# KiCad's own title block, from the lower right corner of the page: 108 mm x 32 mm inside the frame.
_TITLE_BLOCK_mm = (120.0, 44.0)

_TEXT = re.compile(r'<g class="stroked-text"><desc>(.*?)</desc>(.*?)</g>', re.DOTALL)
_STROKE = re.compile(r"[ML]\s*([-0-9.]+)[ ,]([-0-9.]+)")

Segment = tuple[Point, Point]
_T = TypeVar("_T")


@dataclass(frozen=True)
class _Text:
    """A text as stroked."""

    words: str
    box: Box


@dataclass(frozen=True)
class _Body:
    """A placed symbol: its lines, the box around them, its pins and what it has written on it."""

    name: str
    lines: tuple[Segment, ...]
    box: Box | None
    pins: tuple[Segment, ...]
    pin_ends: frozenset[Point]
    own_texts: frozenset[str]

    @property
    def reach(self) -> Box:
        """The box around its lines and pins."""
        return Box.around(itertools.chain(*self.lines, *self.pins))


def overlaps(schematic: str, svg: str) -> list[str]:
    """Return in words what overlaps on a sheet; an empty list is what is wanted.

    Args:
        schematic: the sheet's ``.kicad_sch`` file.
        svg: its picture by kicad-cli, without the page's frame.

    Raises:
        InputError: the sheet is on a page of unknown size.
    """
    root = sexpr.parse(schematic)
    texts = sorted(set(_stroked(svg)), key=lambda text: (text.box.top, text.box.left))
    bodies = list(_bodies(root))
    wires = [_ends(node) for node in sexpr.children(root, "wire")]
    sheets = [_sheet(node) for node in sexpr.children(root, "sheet")]
    frames = [*(_rectangle(node) for node in sexpr.children(root, "rectangle")), *sheets]
    return [
        *_among_texts(texts),
        *_texts_on_lines(texts, bodies, wires, frames),
        *_among_symbols(bodies),
        *_wires_through_symbols(bodies, wires),
        *_collinear(bodies, wires),
        *_on_sheets(sheets, bodies, wires),
        *_off_page(sexpr.word(root, "paper"), texts, bodies, wires, frames),
    ]


# ------------------------------------------------------------------------------------------ reading


def _stroked(svg: str) -> Iterator[_Text]:
    """Yield the texts; kicad-cli strokes some of them twice, so equal ones are one text."""
    for words, strokes in _TEXT.findall(svg):
        points = [(float(x), float(y)) for x, y in _STROKE.findall(strokes)]
        if points:
            yield _Text(html.unescape(words), Box.around(points))


def _ends(wire: Node) -> Segment:
    start, end = sexpr.children(sexpr.child(wire, "pts") or [], "xy")
    return _point(start), _point(end)


def _point(node: Node) -> Point:
    return Point(float(str(node[1])), float(str(node[2])))


def _rectangle(node: Node) -> Box:
    (x, y), (x2, y2) = sexpr.numbers(node, "start"), sexpr.numbers(node, "end")
    return Box.around(((x, y), (x2, y2)))


def _sheet(node: Node) -> Box:
    (x, y), (width, height) = sexpr.numbers(node, "at"), sexpr.numbers(node, "size")
    return Box(x, y, x + width, y + height)


def _bodies(root: Node) -> Iterator[_Body]:
    library = {
        str(node[1]): Symbol(str(node[1]), node)
        for node in sexpr.children(sexpr.child(root, "lib_symbols") or [], "symbol")
    }
    for node in sexpr.children(root, "symbol"):
        symbol = library[sexpr.word(node, "lib_id")]
        x, y, turn = sexpr.numbers(node, "at")
        unit = int(sexpr.word(node, "unit", "1"))
        rotation = cast(Rotation, int(turn))
        mirror = cast(Mirror, sexpr.word(node, "mirror"))

        def there(
            segment: Segment,
            x: float = x,
            y: float = y,
            rotation: Rotation = rotation,
            mirror: Mirror = mirror,
        ) -> Segment:
            start, end = (oriented(*point, rotation, mirror).moved(x, y) for point in segment)
            return start, end

        lines = tuple(there(line) for line in symbol.lines(unit))
        pins = tuple(there(line) for line in symbol.pin_lines(unit))
        yield _Body(
            name=f"{sexpr.properties(node)['Reference']} unit {unit}",
            lines=lines,
            box=Box.around(itertools.chain(*lines)) if lines else None,
            pins=pins,
            pin_ends=frozenset(start for start, _ in pins),
            own_texts=symbol.texts(unit).union(
                words for pin in symbol.pins(unit) for words in (pin.number, pin.name)
            ),
        )


# ----------------------------------------------------------------------------------------- checking


def _among_texts(texts: Sequence[_Text]) -> Iterator[str]:
    for one, other in _Tiles((text.box, text) for text in texts).pairs():
        if one.box.overlap(other.box) > _TOUCH_mm:
            yield f"text {one.words!r} on text {other.words!r}{_at(one.box)}"


def _texts_on_lines(
    texts: Sequence[_Text],
    bodies: Sequence[_Body],
    wires: Sequence[Segment],
    frames: Sequence[Box],
) -> Iterator[str]:
    lines = _Tiles((Box.around(wire), wire) for wire in wires)
    shapes = _Tiles((body.reach, body) for body in bodies)
    for text in texts:
        for wire in lines.near(text.box):
            if _meets(text.box, wire):
                yield f"text {text.words!r} on a wire{_at(text.box)}"
        for body in shapes.near(text.box):
            if text.words not in body.own_texts:
                yield from _text_on_body(text, body)
        for frame in frames:
            corners = [Point(*corner) for corner in frame.corners()]
            sides = itertools.pairwise([*corners, corners[0]])
            if text.box.overlap(frame) >= 0 and any(_meets(text.box, side) for side in sides):
                yield f"text {text.words!r} on a frame{_at(text.box)}"


def _text_on_body(text: _Text, body: _Body) -> Iterator[str]:
    if body.box is not None and body.box.overlap(text.box) > _TOUCH_mm:
        on_line = any(_meets(text.box, line) for line in body.lines)
        if on_line or _encloses(body.lines, text.box):
            yield f"text {text.words!r} on symbol {body.name}{_at(text.box)}"
    if any(_meets(text.box, pin) for pin in body.pins):
        yield f"text {text.words!r} on a pin of {body.name}{_at(text.box)}"


def _among_symbols(bodies: Sequence[_Body]) -> Iterator[str]:
    for one, other in _Tiles((body.reach, body) for body in bodies).pairs():
        if one.box and other.box and one.box.overlap(other.box) > _TOUCH_mm:
            yield f"symbol {one.name} on symbol {other.name}{_at(one.box)}"


def _wires_through_symbols(bodies: Sequence[_Body], wires: Sequence[Segment]) -> Iterator[str]:
    near = _Tiles((Box.around(wire), wire) for wire in wires)
    for body in bodies:
        for wire in near.near(body.reach):
            crossings = (_crossing(wire, line) for line in body.lines)
            if any(
                crossing and all(math.dist(crossing, end) > _TOUCH_mm for end in body.pin_ends)
                for crossing in crossings
            ):
                yield f"a wire through symbol {body.name}{_at(body.reach)}"


def _collinear(bodies: Sequence[_Body], wires: Sequence[Segment]) -> Iterator[str]:
    named = [("a wire", wire) for wire in wires]
    named += [(f"a pin of {body.name}", pin) for body in bodies for pin in body.pins]
    for along, across in ((0, 1), (1, 0)):
        levels: dict[float, list[tuple[float, float, str, Segment]]] = {}
        for name, line in named:
            if abs(line[0][across] - line[1][across]) < 1e-3:
                low, high = sorted(end[along] for end in line)
                levels.setdefault(round(line[0][across], 2), []).append((low, high, name, line))
        for lines in levels.values():
            for one, other in itertools.pairwise(sorted(lines)):
                if one[1] - other[0] > _TOUCH_mm:
                    yield f"{one[2]} along {other[2]}{_at(Box.around(other[3]))}"


def _on_sheets(
    sheets: Sequence[Box], bodies: Sequence[_Body], wires: Sequence[Segment]
) -> Iterator[str]:
    for sheet in sheets:
        if any(sheet.overlap(other) > _TOUCH_mm for other in sheets if other is not sheet):
            yield f"a sheet on another{_at(sheet)}"
        for body in bodies:
            if body.reach.overlap(sheet) > _TOUCH_mm:
                yield f"symbol {body.name} on a sheet{_at(sheet)}"
        if any(_meets(sheet, wire) for wire in wires):
            yield f"a wire through a sheet{_at(sheet)}"


def _off_page(
    paper: str,
    texts: Sequence[_Text],
    bodies: Sequence[_Body],
    wires: Sequence[Segment],
    frames: Sequence[Box],
) -> Iterator[str]:
    if paper not in PAGES:
        raise InputError(f"page {paper!r} is unknown", allowed=", ".join(PAGES))
    width, height = PAGES[paper]
    page = Box(_FRAME_mm, _FRAME_mm, width - _FRAME_mm, height - _FRAME_mm)
    block = Box(width - _TITLE_BLOCK_mm[0], height - _TITLE_BLOCK_mm[1], width, height)
    things: Iterable[tuple[str, Box]] = [
        *((f"text {text.words!r}", text.box) for text in texts),
        *((f"symbol {body.name}", body.box) for body in bodies if body.box),
        *(("a wire", Box.around(wire)) for wire in wires),
        *(("a frame", frame) for frame in frames),
    ]
    for name, box in things:
        if box.overlap(page) < min(box.width, box.height, page.width, page.height) - 1e-6:
            yield f"{name} leaves the page's frame{_at(box)}"
        if box.overlap(block) > 0:
            yield f"{name} is in the title block{_at(box)}"


# ----------------------------------------------------------------------------------------- geometry


class _Tiles(Generic[_T]):
    """Things by the tiles of the page that their boxes touch, to find neighbours quickly."""

    def __init__(self, things: Iterable[tuple[Box, _T]]) -> None:
        self._things = list(things)
        self._tiles: dict[tuple[int, int], list[int]] = {}
        for index, (box, _) in enumerate(self._things):
            for tile in self._touched(box):
                self._tiles.setdefault(tile, []).append(index)

    def near(self, box: Box) -> Iterator[_T]:
        """Yield the things whose boxes meet a box, in their order."""
        found = {index for tile in self._touched(box) for index in self._tiles.get(tile, ())}
        for index in sorted(found):
            if self._things[index][0].overlap(box) >= -_TOUCH_mm:
                yield self._things[index][1]

    def pairs(self) -> Iterator[tuple[_T, _T]]:
        """Yield every two things whose boxes meet, once."""
        found = {
            pair
            for indices in self._tiles.values()
            for pair in itertools.combinations(sorted(indices), 2)
        }
        for one, other in sorted(found):
            yield self._things[one][1], self._things[other][1]

    @staticmethod
    def _touched(box: Box) -> Iterator[tuple[int, int]]:
        columns = range(int(box.left // _TILE_mm), int(box.right // _TILE_mm) + 1)
        rows = range(int(box.top // _TILE_mm), int(box.bottom // _TILE_mm) + 1)
        return itertools.product(columns, rows)


def _at(box: Box) -> str:
    return f" at ({box.left:.1f}, {box.top:.1f}) mm"


def _meets(box: Box, segment: Segment) -> bool:
    """Whether a line enters a box by more than a touch (Liang-Barsky clipping)."""
    inner = box.grown(-_TOUCH_mm / 2)
    if inner.width <= 0 or inner.height <= 0:
        inner = box
    (x, y), end = segment
    dx, dy = end.x - x, end.y - y
    enter, leave = 0.0, 1.0
    for step, gap in (
        (-dx, x - inner.left),
        (dx, inner.right - x),
        (-dy, y - inner.top),
        (dy, inner.bottom - y),
    ):
        if step == 0:
            if gap <= 0:
                return False
        elif step < 0:
            enter = max(enter, gap / step)
        else:
            leave = min(leave, gap / step)
    return enter < leave


def _crossing(one: Segment, other: Segment) -> Point | None:
    """Return where two lines that are not parallel cross, None where they don't."""
    (p, p2), (q, q2) = one, other
    r = (p2.x - p.x, p2.y - p.y)
    s = (q2.x - q.x, q2.y - q.y)
    cross = r[0] * s[1] - r[1] * s[0]
    if abs(cross) < 1e-9:
        return None
    t = ((q.x - p.x) * s[1] - (q.y - p.y) * s[0]) / cross
    u = ((q.x - p.x) * r[1] - (q.y - p.y) * r[0]) / cross
    if -1e-9 <= t <= 1 + 1e-9 and -1e-9 <= u <= 1 + 1e-9:
        return Point(p.x + t * r[0], p.y + t * r[1])
    return None


def _encloses(lines: Sequence[Segment], box: Box) -> bool:
    """Whether the middle of a box lies inside closed lines (crossings to the right are odd)."""
    middle = Point((box.left + box.right) / 2, (box.top + box.bottom) / 2)
    ray = (middle, Point(middle.x + 1e3, middle.y + 0.7071))
    return sum(_crossing(ray, line) is not None for line in lines) % 2 == 1
