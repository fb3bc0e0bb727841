"""PDF files: what a reader finds in them, and that it finds it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from realnet_hw.export.pdf import Page, document, text_width


def drawn() -> bytes:
    page = Page(210.0, 297.0)
    page.lines([(10, 10), (50, 10), (50, 40), (10, 10)])
    page.disc((100, 100), 5.0, colour=(0.5, 0.5, 0.5))
    page.polygon([(10, 50), (20, 50), (20, 60)], fill=(1, 0, 0), edge=(0, 0, 0))
    page.text("R12 (18.7k) \\ 5 µ ±", 20, 100, 3.0)
    page.text("upwards", 150, 200, 3.0, upright=False, bold=True, centred=True)
    return document([page, Page(297.0, 210.0)], title="Résumé Ω")


def test_cross_references_lead_to_their_objects() -> None:
    """Ref: ISO 32000-1, 7.5.4 (cross-reference table), 7.5.5 (trailer)."""
    made = drawn()
    table = int(re.findall(rb"startxref\n(\d+)\n%%EOF\n$", made)[0])
    assert made[table:].startswith(b"xref\n0 ")
    places = [int(each) for each in re.findall(rb"(\d{10}) 00000 n ", made[table:])]
    for number, place in enumerate(places, 1):
        assert made[place:].startswith(b"%d 0 obj\n" % number)
    for length, content in re.findall(
        rb"/Length (\d+) >>\nstream\n(.*?)\nendstream", made, re.DOTALL
    ):
        assert int(length) == len(content)


def test_readers_find_the_text(tmp_path: Path) -> None:
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) is not installed")
    (tmp_path / "drawn.pdf").write_bytes(drawn())
    done = subprocess.run(
        ["pdftotext", "-layout", str(tmp_path / "drawn.pdf"), "-"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stderr == ""
    assert "R12 (18.7k) \\ 5 µ ±" in done.stdout
    assert "upwards" in done.stdout


def test_same_drawing_same_bytes_and_no_date() -> None:
    assert drawn() == drawn()
    assert b"Date" not in drawn()


def test_width_is_helveticas() -> None:
    """Ref: Adobe Core 14 font metrics: digits are 556 wide, capitals 718 high."""
    assert text_width("0123456789", 0.718) == pytest.approx(5.56)
    assert text_width("W", 0.718) == pytest.approx(0.944)
    assert text_width("W", 0.718, bold=True) == pytest.approx(0.944)
    assert text_width("m", 7.18, bold=True) == pytest.approx(8.89)
