"""Text extents against the lengths that KiCad itself writes into its pictures."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from realnet_hw.drawing import sexpr, text
from realnet_hw.drawing.geometry import Point
from realnet_hw.drawing.sexpr import Node, Quoted
from realnet_hw.export import kicad_jobs
from tests.kicad_project import write_schematic

SAMPLES = [
    "R12  4.99k",
    "LM4040-5.0",
    "PWR_FLAG",
    "H1 = max(0, -0.572 X1 - 1.396 VREF)",
    "abcdefghijklmnopqrstuvwxyz",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "0123456789 !#$%&()*+,-./:;=?@[]_^",
]


@pytest.mark.parametrize("size", [1.0, text.SIZE_mm, 1.8])
def test_widths_are_kicads(size: float, kicad: str, tmp_path: Path) -> None:
    sheet: Node = ["kicad_sch", ["version", "20250114"], ["generator", Quoted("test")]]
    sheet += [["uuid", Quoted("11111111-0000-5000-8000-000000000000")], ["paper", Quoted("A3")]]
    sheet.append(["lib_symbols"])
    for index, words in enumerate(SAMPLES):
        font: Node = ["font", ["size", str(size), str(size)]]
        place: Node = ["at", "50", str(20 + 10 * index), "0"]
        sheet.append(["text", Quoted(words), place, ["effects", font, ["justify", "left"]]])
    schematic = write_schematic(tmp_path / "text.kicad_sch", sexpr.write(sheet))
    picture = kicad_jobs.schematic_exports(schematic).unframed[""]
    lengths = {
        html.unescape(words).replace("\N{NO-BREAK SPACE}", " "): float(length)
        for length, words in re.findall(r'textLength="([0-9.]+)"[^>]*>([^<]*)</text>', picture)
    }
    # KiCad's box adds a margin to the advance widths that depends on its pen (0.1524 mm) and on the
    # size, and on nothing else.
    margin = 3 * 0.1524 - 0.2 * size
    for words in SAMPLES:
        assert text.width(words, size) + margin == pytest.approx(lengths[words], abs=0.01)


def test_centred_box_is_around_its_place() -> None:
    box = text.centred("R1", Point(10, 20))
    assert (box.left + box.right, box.top + box.bottom) == pytest.approx((20, 40))
    assert box.width == pytest.approx(text.width("R1"))


def test_an_equation_wraps_before_a_sign_only() -> None:
    words = "H1 = max(0, -0.572 X1 - 0.572 X2 + 1.000 VREF)"
    lines = text.wrapped(words, 30.0)
    assert lines == ["H1 = max(0, -0.572 X1", "- 0.572 X2 + 1.000 VREF)"]
    assert text.wrapped(words, 1.0) == ["H1 = max(0, -0.572 X1", "- 0.572 X2", "+ 1.000 VREF)"]


def test_other_text_wraps_at_spaces() -> None:
    words = "Each box is a sheet. Equal names are the signals between them."
    lines = text.wrapped(words, 25.0)
    assert len(lines) > 2
    assert " ".join(lines) == words
    assert all(text.width(line) <= 25.0 for line in lines)
    assert text.wrapped("unbreakable", 1.0) == ["unbreakable"]
