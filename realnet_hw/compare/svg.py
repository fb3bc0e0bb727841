"""A drawing from a file, made safe to stand inside a page.

Only shapes and texts pass, with attributes that place and colour them: no script, no link, no
reference to anything outside, whatever the file holds. Where each stands is read on the way, so
that something can be written beside it.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser
from pathlib import Path

from realnet_hw.drawing.geometry import Box
from realnet_hw.errors import InputError

_SHAPES = {"circle", "ellipse", "g", "line", "path", "polygon", "polyline", "rect", "text", "tspan"}
# HTMLParser gives names in lower case; a browser restores the case of these within <svg>.
_ATTRIBUTES = {
    *("cx", "cy", "d", "dx", "dy", "height", "points", "r", "rx", "ry", "width"),
    *("x", "x1", "x2", "y", "y1", "y2", "transform", "style", "opacity"),
    *("fill", "fill-opacity", "stroke", "stroke-opacity", "stroke-width"),
    *("stroke-linecap", "stroke-linejoin", "stroke-dasharray", "stroke-miterlimit"),
    *("font-family", "font-size", "font-style", "font-weight", "text-anchor"),
    *("textlength", "lengthadjust"),
}
_PLAIN = re.compile(r"[\w\s.,:;#%()+'-]*")
_CALL = re.compile(r"([\w-]*)\(")
_HARMLESS = {"matrix", "rgb", "rotate", "scale", "skewx", "skewy", "translate"}
_EMPTY = re.compile(r"<g[^>]*>\s*</g>")
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,2})?"
_SEGMENT = re.compile(rf"M\s*({_NUMBER})[\s,]+({_NUMBER})\s*L\s*({_NUMBER})[\s,]+({_NUMBER})\s*")
_SMALL = 12.0  # in millimetres as KiCad writes it; a part's body
_ANCHOR = {"start": 0.0, "middle": 0.5, "end": 1.0}


@dataclass(frozen=True)
class Word:
    """A text and where it stands; ``ends`` where it is set to end at its place, as on the left."""

    text: str
    box: Box
    ends: bool = False


@dataclass(frozen=True)
class Drawing:
    """What a file draws.

    Args:
        view: the part of the plane that it shows.
        content: its shapes and texts, safe to stand in a page.
        words: its texts; a shape beside them may draw the same.
        shapes: where its lines and outlines run, each a box. No area but that of small shapes.
        rectangles: its rectangles as they stand.
    """

    view: Box
    content: str
    words: list[Word]
    shapes: list[Box]
    rectangles: list[Box]


def element(content: str, view: Box, label: str) -> str:
    """Return one ``<svg>`` element without size, to be scaled by the page.

    Args:
        content: shapes and texts.
        view: the part of the plane that it shows.
        label: what it shows, for those who can't see it.
    """
    box = " ".join(f"{round(v, 3):g}" for v in (view.left, view.top, view.width, view.height))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" role="img" '
        f'aria-label="{escape(label)}">{content}</svg>'
    )


def read(path: Path) -> Drawing:
    """Return the drawing that a file holds.

    Raises:
        InputError: no such file, or no SVG with a viewBox.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(str(error), where=str(path)) from None
    return parse(text, where=str(path))


def parse(text: str, *, where: str) -> Drawing:
    """Return the drawing that a text holds; ``where`` it is from.

    Raises:
        InputError: it is no SVG with a viewBox.
    """
    cleaner = _Cleaner()
    try:
        cleaner.feed(text)
        cleaner.close()
    except AssertionError:  # what html.parser raises at a broken declaration
        raise InputError("this is not an SVG: a declaration is broken", where=where) from None
    if cleaner.view is None:
        raise InputError("this is not an SVG with a viewBox", where=where)
    return Drawing(
        view=cleaner.view,
        content=cleaner.finish(),
        words=cleaner.words,
        shapes=cleaner.shapes,
        rectangles=cleaner.rectangles,
    )


class _Cleaner(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.view: Box | None = None
        self.words: list[Word] = []
        self.shapes: list[Box] = []
        self.rectangles: list[Box] = []
        self._dropping: list[str] = []
        self._text: dict[str, str] | None = None
        self._in_line = False  # the part last written is a path that may go on

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "svg" and self.view is None:
            numbers = _numbers(dict(attrs).get("viewbox") or "")
            if len(numbers) == 4 and min(numbers[2:]) > 0:
                left, top, width, height = numbers
                self.view = Box(left, top, left + width, top + height)
        elif self._dropping or tag not in _SHAPES:
            self._dropping.append(tag)
        else:
            self._keep(tag, attrs, ">")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if not self._dropping and tag in _SHAPES:
            self._keep(tag, attrs, "/>")

    def handle_endtag(self, tag: str) -> None:
        if self._dropping:
            if self._dropping[-1] == tag:
                self._dropping.pop()
        elif tag in _SHAPES:
            self._write(f"</{tag}>")
            if tag == "text":
                self._text = None

    def handle_data(self, data: str) -> None:
        if self._dropping or self.view is None or not data.strip():
            return
        self._write(escape(data))
        if self._text is not None:
            self.words.append(
                Word(data.strip(), _text_box(self._text), self._text.get("text-anchor") == "end")
            )

    def _keep(self, tag: str, attrs: list[tuple[str, str | None]], end: str) -> None:
        kept = _kept(attrs)
        if tag == "path" and end == "/>" and set(kept) == {"d"}:
            segment = _SEGMENT.fullmatch(kept["d"])
            if segment:
                self._segment(*(float(number) for number in segment.groups()))
                return
        written = "".join(f' {name}="{escape(value)}"' for name, value in kept.items())
        self._write(f"<{tag}{written}{end}")
        if tag == "text":
            self._text = kept if end == ">" else None
        elif tag == "rect":
            self.rectangles.append(_rectangle(kept))
        self.shapes += _boxes(tag, kept)

    def _segment(self, x1: float, y1: float, x2: float, y2: float) -> None:
        """Keep a straight line; with those right before it as one path, a third of their size.

        Each stays a path of its own within it, as lines joined to an area would be filled.
        """
        self.shapes.append(Box.around(((x1, y1), (x2, y2))))
        drawn = "M{:g} {:g}L{:g} {:g}".format(*(round(v, 2) for v in (x1, y1, x2, y2)))
        self.parts.append(drawn if self._in_line else f'<path d="{drawn}')
        self._in_line = True

    def finish(self) -> str:
        """Return all that was kept."""
        self._write("")
        return _EMPTY.sub("", "".join(self.parts))

    def _write(self, part: str) -> None:
        if self._in_line:
            self._in_line = False
            self.parts.append('"/>')
        self.parts.append(part)


def _kept(attrs: Iterable[tuple[str, str | None]]) -> dict[str, str]:
    """The attributes that may pass."""
    kept = {}
    for name, value in attrs:
        plain = " ".join((value or "").split())
        calls = {call.lower() for call in _CALL.findall(plain)}
        if name in _ATTRIBUTES and _PLAIN.fullmatch(plain) and calls <= _HARMLESS:
            kept[name] = plain
    return kept


def _numbers(text: str) -> list[float]:
    return [v for number in re.findall(_NUMBER, text) if math.isfinite(v := float(number))]


def _number(kept: Mapping[str, str], name: str) -> float:
    return (_numbers(kept.get(name, "")) or [0.0])[0]


def _rectangle(kept: Mapping[str, str]) -> Box:
    left, top = _number(kept, "x"), _number(kept, "y")
    return Box(left, top, left + _number(kept, "width"), top + _number(kept, "height"))


def _boxes(tag: str, kept: Mapping[str, str]) -> list[Box]:
    """Where a shape's ink is: all of a small one, the outline of a large one."""
    if tag == "circle":
        x, y, r = (_number(kept, name) for name in ("cx", "cy", "r"))
        return [Box(x - r, y - r, x + r, y + r)]
    if tag == "rect":
        box = _rectangle(kept)
        corners = [box[:2], (box.right, box.top), box[2:], (box.left, box.bottom), box[:2]]
    elif tag in ("path", "polygon", "polyline"):
        numbers = _numbers(kept.get("d") or kept.get("points") or "")
        corners = list(zip(numbers[::2], numbers[1::2], strict=False))
    else:
        return []
    sides = [Box.around(ends) for ends in itertools.pairwise(corners)]
    if not sides:
        return []
    whole = Box.union(sides)
    return sides if max(whole.width, whole.height) > _SMALL else [whole]


def _text_box(kept: Mapping[str, str]) -> Box:
    """Where a text stands, as long as it says it is; upright or turned by a quarter to the left."""
    x, y, size = (_number(kept, name) for name in ("x", "y", "font-size"))
    length = _number(kept, "textlength") or size
    before = _ANCHOR.get(kept.get("text-anchor", ""), 0.0) * length
    if kept.get("transform", "").startswith("rotate(-90"):
        return Box(x - size, y + before - length, x, y + before)
    return Box(x - before, y - size, x - before + length, y)
