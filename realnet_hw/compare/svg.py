"""A drawing from a file, made safe to stand inside a page.

Only shapes and texts pass, with attributes that place and colour them: no script, no link, no
reference to anything outside, whatever the file holds.
"""

from __future__ import annotations

import re
from html import escape
from html.parser import HTMLParser
from pathlib import Path

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


def drawing(path: Path, label: str) -> str:
    """Return the drawing as one ``<svg>`` element without size, to be scaled by the page.

    Args:
        path: an SVG file with a viewBox.
        label: what it shows, for those who can't see it.

    Raises:
        InputError: no such file, or no SVG with a viewBox.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(str(error), where=str(path)) from None
    cleaner = _Cleaner()
    try:
        cleaner.feed(text)
        cleaner.close()
    except AssertionError:  # what html.parser raises at a broken declaration
        raise InputError("this is not an SVG: a declaration is broken", where=str(path)) from None
    if cleaner.view_box is None:
        raise InputError("this is not an SVG with a viewBox", where=str(path))
    content = _EMPTY.sub("", "".join(cleaner.parts))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{cleaner.view_box}" role="img" '
        f'aria-label="{escape(label)}">{content}</svg>'
    )


class _Cleaner(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.view_box: str | None = None
        self._dropping: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "svg" and self.view_box is None:
            box = dict(attrs).get("viewbox") or ""
            if re.fullmatch(r"[-+\d.eE\s,]+", box):
                self.view_box = box
        elif self._dropping or tag not in _SHAPES:
            self._dropping.append(tag)
        else:
            self.parts.append(f"<{tag}{_attributes(attrs)}>")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if not self._dropping and tag in _SHAPES:
            self.parts.append(f"<{tag}{_attributes(attrs)}/>")

    def handle_endtag(self, tag: str) -> None:
        if self._dropping:
            if self._dropping[-1] == tag:
                self._dropping.pop()
        elif tag in _SHAPES:
            self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if not self._dropping and self.view_box is not None:
            self.parts.append(escape(data) if data.strip() else "\n" if "\n" in data else "")


def _attributes(attrs: list[tuple[str, str | None]]) -> str:
    kept = ""
    for name, value in attrs:
        plain = " ".join((value or "").split())
        calls = {call.lower() for call in _CALL.findall(plain)}
        if name in _ATTRIBUTES and _PLAIN.fullmatch(plain) and calls <= _HARMLESS:
            kept += f' {name}="{escape(plain)}"'
    return kept
