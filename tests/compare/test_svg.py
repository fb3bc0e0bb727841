"""What a drawing may bring into the report."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from realnet_hw.compare.svg import element, parse, read
from realnet_hw.drawing.geometry import Box
from realnet_hw.errors import InputError

PLAIN = """<?xml version="1.0" standalone="no"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg xmlns="http://www.w3.org/2000/svg" width="297mm" height="210mm" viewBox="0 0 297 210">
<title>ignored</title>
<g style="fill:none; stroke:#840000" transform="translate(1 2) rotate(-90 3 4)">
<path d="M177 166
L285 166"/><circle cx="1" cy="2" r="3"/>
<text x="5" y="6" textLength="7">R1 &lt; 10k &amp; more</text>
</g>
</svg>
"""


def drawing(path: Path, label: str) -> str:
    shown = read(path)
    return element(shown.content, shown.view, label)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "drawing.svg"


def test_shapes_and_texts_stay(path: Path) -> None:
    path.write_text(PLAIN, encoding="utf-8")
    shown = drawing(path, 'the "board"')
    assert shown.startswith('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 297 210"')
    assert 'aria-label="the &quot;board&quot;"' in shown
    assert '<path d="M177 166L285 166"/>' in shown
    assert 'transform="translate(1 2) rotate(-90 3 4)"' in shown
    assert "R1 &lt; 10k &amp; more</text>" in shown
    assert "ignored" not in shown
    assert shown.count("<g ") == shown.count("</g>") == 1


@pytest.mark.parametrize(
    "bad",
    [
        "<script>alert(1)</script>",
        "<style>@import url(http://example.org/x.css)</style>",
        '<image href="http://example.org/x.png"/>',
        '<use xlink:href="http://example.org/x.svg#a"/>',
        '<a href="javascript:alert(1)"><rect width="1"/></a>',
        "<foreignObject><body onload='alert(1)'>x</body></foreignObject>",
        '<rect onclick="alert(1)"/>',
        '<rect onclick="remove"/>',
        '<rect href="#top"/>',
        '<rect fill="url(http://example.org/x)"/>',
        '<rect style="fill:u\\72l(http://example.org/x)"/>',
        '<rect style="background:url(//example.org)"/>',
        "<svg><script>alert(1)</script></svg>",
        '<animate attributeName="href" values="javascript:alert(1)"/>',
        "<text>&lt;script&gt;alert(1)&lt;/script&gt;</text>",
        "<![CDATA[<script>alert(1)</script>]]>",
        "<!-- --><script>alert(1)</script>",
    ],
)
def test_nothing_that_acts_or_reaches_out_passes(path: Path, bad: str) -> None:
    path.write_text(PLAIN.replace("</g>", f"</g>{bad}<line x1='9'/>"), encoding="utf-8")
    shown = drawing(path, "label").replace("http://www.w3.org/2000/svg", "", 1)
    assert not re.search(
        r"<script|<style|<image|<use|<a |<animate|<foreign|<body", shown, re.IGNORECASE
    )
    assert not re.search(r"\son\w+=|href|url|//|import", shown, re.IGNORECASE)
    assert '<path d="M177 166L285 166"/>' in shown
    assert '<line x1="9"/>' in shown


@given(st.text(alphabet=st.sampled_from(list("<>/='\" \nabghprstxgscript!-[]&;#x3c(:urlon"))))
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example("<![")
@example("<g><g")
def test_whatever_the_file_holds_only_known_shapes_come_out(path: Path, inside: str) -> None:
    path.write_text(f'<svg viewBox="0 0 1 1">{inside}</svg>', encoding="utf-8")
    try:
        shown = drawing(path, "label").replace("http://www.w3.org/2000/svg", "", 1)
    except InputError:
        return
    shapes = "svg|circle|ellipse|g|line|path|polygon|polyline|rect|text|tspan"
    for tag in re.findall(r"<[^>]*>?", shown):
        assert re.fullmatch(rf"</?({shapes})( [\w-]+=\"[^\"<>]*\")*/?>", tag), tag


@pytest.mark.parametrize(
    "text",
    [
        *("", "no drawing", "<svg></svg>", '<svg viewBox="a b"/>', '<svg viewBox="0 0 9"/>'),
        *('<svg viewBox="0 0 0 9"/>', '<svg viewBox="0 0 1e99999 1"/>'),
    ],
)
def test_what_is_no_drawing_is_refused(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="not an SVG"):
        drawing(path, "label")


def test_a_missing_or_unreadable_file_is_refused(path: Path) -> None:
    with pytest.raises(InputError, match=r"drawing\.svg"):
        drawing(path, "label")
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"drawing\.svg"):
        drawing(path, "label")


def test_straight_lines_in_a_row_become_one_path() -> None:
    """Each stays a piece of its own in it, as lines that enclose an area would be filled."""
    lines = '<path d="M1 2 L3.0004 4"/><path d="M3 4\nL5 6\n"/>'
    drawn = parse(
        f'<svg viewBox="0 0 9 9"><g>{lines}<path d="M0 0 L9 9 L9 0"/></g></svg>', where=""
    )
    assert drawn.content == '<g><path d="M1 2L3 4M3 4L5 6"/><path d="M0 0 L9 9 L9 0"/></g>'
    assert drawn.shapes[:2] == [Box(1, 2, 3.0004, 4), Box(3, 4, 5, 6)]


def test_it_is_known_where_everything_stands() -> None:
    drawn = parse(
        """<svg viewBox="10 20 100 50"><rect x="1" y="2" width="30" height="20"/>
        <circle cx="50" cy="40" r="2"/><polygon points="60,30 64,30 62,33"/>
        <text x="20" y="30" font-size="2" textLength="6" text-anchor="end">H1</text>
        <text x="20" y="30" font-size="2" textLength="6">VREF</text>
        <text x="20" y="30" font-size="2" textLength="6" transform="rotate(-90.0 20 30)">Y</text>
        </svg>""",
        where="",
    )
    assert drawn.view == Box(10, 20, 110, 70)
    assert drawn.rectangles == [Box(1, 2, 31, 22)]
    assert [(word.text, word.box, word.ends) for word in drawn.words] == [
        ("H1", Box(14, 28, 20, 30), True),
        ("VREF", Box(20, 28, 26, 30), False),
        ("Y", Box(18, 24, 20, 30), False),
    ]
    assert drawn.shapes == [
        *(Box(1, 2, 31, 2), Box(31, 2, 31, 22), Box(1, 22, 31, 22), Box(1, 2, 1, 22)),
        *(Box(48, 38, 52, 42), Box(60, 30, 64, 33)),
    ]


def test_many_lines_take_time_in_proportion() -> None:
    """A drawing of 50 000 lines is read in seconds, not minutes."""
    lines = '<path d="M1 2 L3 4"/>' * 50_000
    drawn = parse(f'<svg viewBox="0 0 9 9">{lines}</svg>', where="")
    assert len(drawn.shapes) == 50_000
    assert drawn.content.count("<path") == 1
