"""The assembly drawing, PDF: where each part goes and what it is, for whoever solders by hand.

First the board from above, as large as the page allows, each part with its reference and its value;
pin 1 has a dark pad. Then the parts as a list to tick off, low ones first, which is the order in
which they are best soldered.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from realnet_hw.board import Board
from realnet_hw.drawing.geometry import Box, Point
from realnet_hw.export import bom
from realnet_hw.export.netlist import Netlist
from realnet_hw.export.pcb.floorplan import Floorplan, HOLE_mm
from realnet_hw.export.pcb.footprints import FootprintPad, footprint, turned
from realnet_hw.export.pcb.tiles import Placed
from realnet_hw.export.pdf import Colour, Page, document, text_width

_PAGES_mm = ((297.0, 210.0), (420.0, 297.0))
"""A4 and A3, landscape; A3 where a board on A4 would be less than twice its size."""

_ENOUGH = 2.0
_LARGEST = 5.0
_MARGIN_mm = 12.0
_HEAD_mm = 10.0
_TITLE_mm = 4.0
_TEXT_mm = 2.2
_LARGEST_TEXT_mm = 2.6
_LEAD = 1.45
_ROW_mm = 5.0
_PAD: Colour = (0.87, 0.87, 0.87)
_PIN_1: Colour = (0.62, 0.62, 0.62)
_BODY: Colour = (0.45, 0.45, 0.45)
_VALUE: Colour = (0.1, 0.25, 0.55)
_FINE: Colour = (0.75, 0.75, 0.75)

_ORDER = ("R", "D", "L", "C", "U", "Q", "RV", "J")
"""Prefixes of references by the usual height of the parts; what is in no place here comes last."""

_EITHER_WAY = ("R", "C", "L")

# Columns of the list: where each begins, and its head.
_COLUMNS = ((0.0, "done"), (14.0, "count"), (28.0, "value"), (62.0, "what"), (158.0, "where"))


def assembly_drawing(board: Board, netlist: Netlist, plan: Floorplan) -> bytes:
    """Return the drawing and the list as a PDF file.

    Args:
        board: gives the title.
        netlist: values and what is bought.
        plan: where parts stand.
    """
    outline = plan.outline
    sheet, scale = _page(outline)
    revision = netlist.sha256()[:8]
    page = Page(*sheet)
    page.text(f"{board.title}: assembly", _MARGIN_mm, _MARGIN_mm + _TITLE_mm, _TITLE_mm, bold=True)
    about = (
        f"{board.name}, revision {revision}; {outline.width:g} x {outline.height:g} mm, "
        f"seen from above, {scale:g} : 1; pin 1 has a dark pad"
    )
    page.text(about, _MARGIN_mm, _MARGIN_mm + _HEAD_mm, _TEXT_mm)
    room = sheet[1] - _MARGIN_mm - _HEAD_mm
    left = (sheet[0] - scale * outline.width) / 2
    top = _MARGIN_mm + _HEAD_mm + (room - scale * outline.height) / 2
    _View(page, scale, Point(left - scale * outline.left, top - scale * outline.top)).draw(
        netlist, plan
    )
    return document([page, *_list_pages(board.title, netlist)], title=board.title)


def _page(outline: Box) -> tuple[tuple[float, float], float]:
    """Return the page's size and how much larger than the board the drawing is."""
    for sheet in _PAGES_mm:
        across = (sheet[0] - 2 * _MARGIN_mm) / outline.width
        down = (sheet[1] - 2 * _MARGIN_mm - _HEAD_mm) / outline.height
        scale = min(across, down, _LARGEST)
        if scale >= _ENOUGH:
            break
    return sheet, math.floor(scale * 10) / 10


class _View:
    """A board on a page."""

    def __init__(self, page: Page, scale: float, origin: Point) -> None:
        self.page = page
        self.scale = scale
        self.origin = origin

    def place(self, point: Point) -> Point:
        return Point(self.origin.x + self.scale * point.x, self.origin.y + self.scale * point.y)

    def draw(self, netlist: Netlist, plan: Floorplan) -> None:
        self.page.lines([self.place(p) for p in _corners(plan.outline)], width=0.4)
        for hole in plan.holes:
            self.page.lines([self.place(p) for p in _ring(hole, HOLE_mm, HOLE_mm)])
        for part in plan.parts.values():
            self._part(part)
        for reference, part in plan.parts.items():
            self._words(part, reference, netlist.parts[reference].value)

    def _on_board(self, part: Placed, points: Sequence[Point]) -> list[Point]:
        return [self.place(turned(p, part.rotation).moved(*part.at)) for p in points]

    def _part(self, part: Placed) -> None:
        shape = footprint(part.footprint)
        first = _first_pad(part)
        for pad in shape.pads:
            colour = _PIN_1 if pad is first else _PAD
            if pad.round and pad.width == pad.height:
                (middle,) = self._on_board(part, [pad.at])
                self.page.disc(middle, self.scale * pad.width, colour=colour)
            else:
                self.page.polygon(self._on_board(part, _pad_outline(pad)), fill=colour)
        for line in shape.fab:
            self.page.lines(self._on_board(part, line), width=0.15, colour=_BODY)

    def _words(self, part: Placed, reference: str, value: str) -> None:
        """Write the reference and the value into a part's body, along its longer side."""
        shape = footprint(part.footprint)
        points = [point for line in shape.fab for point in line] or _corners(shape.courtyard)
        xs, ys = zip(*self._on_board(part, points), strict=True)
        width, height = max(xs) - min(xs), max(ys) - min(ys)
        upright = width > 0.99 * height
        along, across = (width, height) if upright else (height, width)
        longest = max(text_width(reference, 1.0, bold=True), text_width(value, 1.0))
        size = min(_LARGEST_TEXT_mm, 0.92 * along / longest, 0.9 * across / (1 + _LEAD))
        x, y = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
        for word, bold, off in ((reference, True, -0.5), (value, False, 0.5)):
            shift = off * _LEAD * size
            at = (x, y + shift) if upright else (x + shift, y)
            colour = (0.0, 0.0, 0.0) if bold else _VALUE
            self.page.text(word, *at, size, bold=bold, upright=upright, centred=True, colour=colour)


def _first_pad(part: Placed) -> FootprintPad | None:
    """Return the pad of pin 1 where it matters which one that is."""
    pads = [pad for pad in footprint(part.footprint).pads if pad.number]
    if len(pads) < 2:
        return None
    # Footprints of polarised capacitors have a square first pad, all others have two alike.
    same = pads[0].round == pads[-1].round
    return None if same and _prefix(part.reference) in _EITHER_WAY else pads[0]


def _prefix(reference: str) -> str:
    return reference.rstrip("0123456789")


def _corners(box: Box) -> list[Point]:
    return [
        Point(x, y)
        for x, y in (
            (box.left, box.top),
            (box.right, box.top),
            (box.right, box.bottom),
            (box.left, box.bottom),
            (box.left, box.top),
        )
    ]


def _ring(middle: Point, width: float, height: float) -> list[Point]:
    return [
        middle.moved(
            width / 2 * math.cos(step * math.pi / 16), height / 2 * math.sin(step * math.pi / 16)
        )
        for step in (*range(32), 0)
    ]


def _pad_outline(pad: FootprintPad) -> list[Point]:
    x, y = pad.width / 2, pad.height / 2
    around = _ring(Point(0.0, 0.0), pad.width, pad.height)
    points = around if pad.round else _corners(Box(-x, -y, x, y))
    return [turned(point, pad.rotation).moved(*pad.at) for point in points]


def _list_pages(title: str, netlist: Netlist) -> list[Page]:
    """Return pages with a line to tick off for each different part."""
    wide, high = _PAGES_mm[0]
    pages: list[Page] = []
    y = high
    lines = sorted(bom.used_parts(netlist), key=lambda line: _rank(line.references[0]))
    for line in lines:
        room = wide - 2 * _MARGIN_mm - _COLUMNS[-1][0]
        where = _wrapped(line.references, room)
        if y + len(where) * _ROW_mm > high - _MARGIN_mm:
            pages.append(Page(wide, high))
            y = _head(pages[-1], f"{title}: parts")
        page = pages[-1]
        x = _MARGIN_mm + _COLUMNS[0][0]
        page.lines(_corners(Box(x, y - 3.0, x + 3.0, y)), width=0.2)
        cells = (str(len(line.references)), line.value, line.description)
        for (start, _), cell, bold in zip(_COLUMNS[1:4], cells, (False, True, False), strict=True):
            page.text(cell, _MARGIN_mm + start, y, _TEXT_mm, bold=bold)
        for row in where:
            page.text(row, _MARGIN_mm + _COLUMNS[4][0], y, _TEXT_mm)
            y += _ROW_mm
        rule = y - _ROW_mm + 1.5
        page.lines([(_MARGIN_mm, rule), (wide - _MARGIN_mm, rule)], width=0.1, colour=_FINE)
        y += 0.5
    return pages


def _rank(reference: str) -> int:
    prefix = _prefix(reference)
    return _ORDER.index(prefix) if prefix in _ORDER else len(_ORDER)


def _wrapped(references: Sequence[str], room: float) -> list[str]:
    rows = [references[0]]
    for reference in references[1:]:
        longer = f"{rows[-1]} {reference}"
        if text_width(longer, _TEXT_mm) <= room:
            rows[-1] = longer
        else:
            rows.append(reference)
    return rows


def _head(page: Page, title: str) -> float:
    """Write a list's title and head and return where its first line goes."""
    page.text(title, _MARGIN_mm, _MARGIN_mm + _TITLE_mm, _TITLE_mm, bold=True)
    y = _MARGIN_mm + _TITLE_mm + 8.0
    for start, name in _COLUMNS:
        page.text(name, _MARGIN_mm + start, y, _TEXT_mm, colour=_BODY)
    return y + _ROW_mm + 1.0
