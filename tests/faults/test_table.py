"""The page on safety names its tests."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "explanation" / "safety.md"


def test_every_test_that_the_page_names_is_there() -> None:
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 12
    for row in rows:
        named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row)
        assert named, row
        for file, test in named:
            assert f"\ndef {test}(" in (ROOT / file).read_text("utf-8"), f"{file}::{test}"


def test_every_fault_of_the_campaign_is_on_the_page() -> None:
    page = PAGE.read_text("utf-8")
    for file in ("test_campaign.py", "test_wrong_board.py"):
        text = (Path(__file__).parent / file).read_text("utf-8")
        for test in re.findall(r"(?m)^def (test_\w+)\(", text):
            assert f"tests/faults/{file}::{test}`" in page, test
