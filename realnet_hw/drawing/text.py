"""How much room a text takes in KiCad's stroke font.

The advance widths were read from the text lengths that ``kicad-cli sch export svg`` writes (KiCad
9.0.8); tests/drawing compares them with the installed version.
"""

from __future__ import annotations

import re

from realnet_hw.drawing.geometry import Box, Point

SIZE_mm = 1.27
"""The size of KiCad's default text."""

_WIDTHS = {
    8: "`",
    10: "!',.:;Iij",
    11: "l",
    12: "^ft\N{EN DASH}",
    13: "r",
    14: "()[\\]{}",
    15: "~",
    16: ' "*JT_vy\N{MIDDLE DOT}\N{SUPERSCRIPT TWO}',
    17: "Lkxsz",
    18: "?AFVYce\N{GREEK CAPITAL LETTER DELTA}",
    19: "Eabdghnopqu\N{GREEK CAPITAL LETTER SIGMA}",
    20: "$0123456789SXZ|",
    21: "#BCDGKPR",
    22: "/HNOQUw\N{MICRO SIGN}",
    24: "%MW\N{GREEK CAPITAL LETTER OMEGA}",
    25: "\N{SQUARE ROOT}",
    26: "&+-<=>\N{MULTIPLICATION SIGN}\N{MINUS SIGN}\N{PLUS-MINUS SIGN}",
    27: "@",
    28: "m",
}
_ADVANCE = {character: units for units, characters in _WIDTHS.items() for character in characters}
_UNITS_PER_SIZE = 21
_WIDEST = 28


def width(text: str, size: float = SIZE_mm) -> float:
    """Return the width of one line in millimetres; an unknown character counts as the widest."""
    return sum(_ADVANCE.get(character, _WIDEST) for character in text) * size / _UNITS_PER_SIZE


def centred(text: str, at: Point, size: float = SIZE_mm) -> Box:
    """Return the box of one line whose middle lies ``at`` a place."""
    half = width(text, size) / 2
    return Box(at.x - half, at.y - 0.75 * size, at.x + half, at.y + 0.75 * size)


def pieces(words: str) -> list[str]:
    """Return what a line may not break within: the terms of an equation, the words of other text.

    A term stays together with the sign before it.
    """
    return re.split(r" (?=[+-] )", words) if " = " in words else words.split()


def wrapped(words: str, room_mm: float, size: float = SIZE_mm) -> list[str]:
    """Break a text between pieces into lines of at most ``room_mm``; a longer one stays whole."""
    lines: list[str] = []
    for piece in pieces(words):
        if lines and width(f"{lines[-1]} {piece}", size) <= room_mm:
            lines[-1] += f" {piece}"
        else:
            lines.append(piece)
    return lines
