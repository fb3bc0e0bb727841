"""What the drawing tests share: KiCad, where it is installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from realnet_hw.errors import ToolMissing
from realnet_hw.export import kicad_cli


@pytest.fixture(scope="session")
def kicad() -> str:
    """Return KiCad's version."""
    try:
        return kicad_cli.version()
    except ToolMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture
def symbol_library(kicad: str) -> Path:
    """Return the folder of KiCad's symbol libraries."""
    from realnet_hw.parts.skidl_parts import symbol_folder

    try:
        return symbol_folder()
    except ToolMissing as missing:
        pytest.skip(str(missing))
