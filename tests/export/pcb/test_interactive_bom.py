"""The page of InteractiveHtmlBom: made where the program is, and only there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from realnet_hw import project
from realnet_hw.errors import ToolFailed
from realnet_hw.export.pcb import interactive_bom as page

pytestmark = pytest.mark.usefixtures("kicad")


@pytest.fixture
def board() -> Path:
    return project.bundle() / "boards" / "xor_opamp" / "generated" / "xor_opamp.kicad_pcb"


def test_page_shows_the_board_and_not_when_it_was_made(board: Path, tmp_path: Path) -> None:
    made = page.interactive_bom(board)
    if made is None:
        pytest.skip("InteractiveHtmlBom is not installed: run make setup")
    assert b"var pcbdata" in made
    other = tmp_path / board.name
    other.write_bytes(board.read_bytes())
    os.utime(other, (1e9, 1e9))
    assert page.interactive_bom(other) == made


def test_no_page_without_the_program(
    board: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "_OWN", tmp_path / "nothing")
    monkeypatch.setattr(page, "_PACKAGE", "no_such_package")
    assert page.interactive_bom(board) is None


def test_program_on_the_path_that_makes_no_page_is_told(
    board: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where it was installed into an environment that KiCad's library is not in."""
    program = tmp_path / "generate_interactive_bom"
    program.write_text("#!/bin/sh\necho no module named pcbnew >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(ToolFailed, match="made no page: no module named pcbnew"):
        page.interactive_bom(board)
