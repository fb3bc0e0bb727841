"""Shortened drawings: the same ink, to a hundredth of a millimetre, in a fraction of the bytes."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

from realnet_hw.export import kicad_jobs
from realnet_hw.export.short_svg import shortened
from tests.export.conftest import Drawn
from tests.kicad_project import write_schematic

POINT = r"(-?[\d.]+) (-?[\d.]+)"


def strokes(svg: str) -> set[tuple[float, ...]]:
    """Return all straight lines between two points, either way round, to 0.01 mm."""
    found = set()
    for path in re.findall(r'<path d="([^"]*)"', svg):
        for line in path.replace("Z", "").split("M")[1:]:
            points = [(round(float(x), 2), round(float(y), 2)) for x, y in re.findall(POINT, line)]
            for one, other in itertools.pairwise(points):
                found.add((*min(one, other), *max(one, other)))
    return found


def test_a_sheet_keeps_every_stroke_and_every_text(xor: Drawn, tmp_path: Path) -> None:
    schematic = write_schematic(tmp_path / "xor_opamp.kicad_sch", xor.text)
    svg = kicad_jobs.schematic_exports(schematic).pictures[""]
    short = shortened(svg)
    assert len(short) < 0.55 * len(svg)
    assert strokes(short) == strokes(svg)
    assert re.findall("(?s)<text.*?</text>", short) == re.findall("(?s)<text.*?</text>", svg)
    assert shortened(short) == short


@pytest.mark.parametrize("fill", ["none", "#009600"])
def test_strokes_are_joined_only_where_nothing_is_filled(fill: str) -> None:
    paths = "".join(
        f'<path d="M{start}\nL{end}\n" />\n'
        for start, end in (("0.0000 0.0000", "1.0000 0.0000"), ("1.0000 0.0000", "1.0000 1.0000"))
    )
    text = f'<g class="stroked-text"><desc>L</desc>\n{paths}</g>'
    svg = f'<svg><g style="fill:{fill}; ">{text}</g></svg>'
    joined = "M0 0L1 0L1 1" in shortened(svg)
    assert joined == (fill == "none")
    assert strokes(shortened(svg)) == strokes(svg)
