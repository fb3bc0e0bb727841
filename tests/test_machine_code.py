"""Who waits for a compilation is told so, once."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from realnet_hw import machine_code


def test_a_compilation_is_told_once_and_not_where_it_is_in_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def doubled(value: float) -> float:
        return 2 * value

    for told in ([logging.WARNING], []):
        caplog.clear()
        compiled = machine_code.compiler("trial", [Path(__file__)], "Compiling")(doubled)
        assert compiled(2) == 4
        assert compiled(2.5) == 5.0
        assert [one.levelno for one in caplog.records if one.message == "Compiling"] == told
