"""Every model card says where its figures are from."""

from __future__ import annotations

from pathlib import Path

import pytest

from realnet_hw import project

CARDS = sorted((project.bundle() / "sim" / "models").glob("*.lib"))


@pytest.mark.parametrize("card", CARDS, ids=lambda path: path.stem)
def test_card_has_a_reference_and_plain_text(card: Path) -> None:
    text = card.read_text("ascii")
    header = text.split("\n.", 1)[0]
    assert "Ref:" in header
    assert "Reproduced" in header
    assert all(len(line) <= 200 for line in text.splitlines())


@pytest.mark.parametrize("card", CARDS, ids=lambda path: path.stem)
def test_card_has_a_test_of_its_figures(card: Path) -> None:
    tests = {path.stem.removeprefix("test_") for path in Path(__file__).parent.glob("test_*.py")}
    assert card.stem.split("_")[0] in tests
