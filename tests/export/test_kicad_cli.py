"""kicad-cli: found or named, its failures told in a line, its output without dates."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from realnet_hw.errors import ToolFailed, ToolMissing
from realnet_hw.export import kicad_cli, kicad_jobs


@pytest.fixture
def forgotten() -> Any:
    """Forget which kicad-cli was found, before and after."""
    for cached in (kicad_cli.program, kicad_cli.version):
        cached.cache_clear()
    yield
    for cached in (kicad_cli.program, kicad_cli.version):
        cached.cache_clear()


@pytest.mark.usefixtures("forgotten")
def test_missing_program_is_named_with_what_mends_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissing, match=r"kicad-cli is not installed.*make setup"):
        kicad_cli.version()


@pytest.mark.usefixtures("forgotten")
def test_older_version_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "kicad-cli"
    program.write_text("#!/bin/sh\necho 7.0.11\n", "utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissing, match=r"7\.0\.11.*9 or later"):
        kicad_cli.version()


def test_version_is_a_version(kicad: str) -> None:
    assert re.match(r"\d+\.\d+\.\d+", kicad)


@pytest.mark.usefixtures("kicad")
def test_unreadable_file_is_told_in_one_line(written: Callable[[str], Path]) -> None:
    with pytest.raises(ToolFailed) as failure:
        kicad_jobs.schematic_exports(written("not a schematic"))
    assert "\n" not in str(failure.value)
    assert "Traceback" not in str(failure.value)


def test_electrical_rules_find_an_open_input(xor: Any, written: Callable[[str], Path]) -> None:
    before, label, after = xor.text.rpartition('(label "X1"')
    assert label
    found = kicad_cli.electrical_rules(written(f'{before}(label "X9"{after}'))
    assert any("X9" in each for each in found)


def test_nothing_carries_a_date(xor: Any, written: Callable[[str], Path]) -> None:
    path = written(xor.text)
    pictures = [kicad_jobs.schematic_exports(path).pictures[""]]
    documents = [kicad_cli.pdf(path)]
    time.sleep(1.1)
    pictures.append(kicad_jobs.schematic_exports(path).pictures[""])
    documents.append(kicad_cli.pdf(path))
    assert pictures[0] == pictures[1]
    assert documents[0] == documents[1]
    assert documents[0].startswith(b"%PDF-")
    assert "<title>" in pictures[0]


def test_users_settings_are_left_alone(
    xor: Any, written: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    kicad_jobs.schematic_exports(written(xor.text))
    assert list(home.iterdir()) == []
