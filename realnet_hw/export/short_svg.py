"""KiCad's drawings as SVG, a third of their size: the same ink.

KiCad writes each stroke of each letter as a path of its own, to a tenth of a micrometre.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

Points = list[tuple[str, str]]

_PATH = re.compile(r'<path d="(M[-\d.\sLZ]*)" />\s*')
_LETTERS = re.compile(r'(<g class="stroked-text"><desc>[^<]*</desc>)(.*?)(?=</g>)', re.DOTALL)
_POINT = re.compile(r"(-?\d+\.?\d*)\s+(-?\d+\.?\d*)")
_GROUP = re.compile("(?=<g style=)")
_LINES = '<g style="fill:none'


def shortened(svg: str) -> str:
    """Return a drawing with coordinates to a hundredth of a millimetre and each text as one path.

    Args:
        svg: as kicad-cli writes it.
    """
    # Strokes that go on from each other must not be joined where what is between would be filled.
    return "".join(
        _PATH.sub(_rounded, _LETTERS.sub(_joined, group) if group.startswith(_LINES) else group)
        for group in _GROUP.split(svg)
    )


def _joined(found: re.Match[str]) -> str:
    """Write the strokes of a text as one path."""
    head, body = found.groups()
    paths = _PATH.findall(body)
    if not paths or _PATH.sub("", body).strip():
        return found[0]
    lines: list[Points] = []
    for path in paths:
        points = _points(path)
        if lines and lines[-1][-1] == points[0]:
            lines[-1] += points[1:]
        else:
            lines.append(points)
    return f'{head}<path d="{"".join(map(_line, lines))}"/>'


def _rounded(found: re.Match[str]) -> str:
    closed = "Z" if found[1].rstrip().endswith("Z") else ""
    return f'<path d="{_line(_points(found[1]))}{closed}"/>\n'


def _points(path: str) -> Points:
    return [(_short(x), _short(y)) for x, y in _POINT.findall(path)]


def _short(number: str) -> str:
    return f"{float(number):.2f}".rstrip("0").rstrip(".")


def _line(points: Iterable[tuple[str, str]]) -> str:
    return "M" + "L".join(f"{x} {y}" for x, y in points)
