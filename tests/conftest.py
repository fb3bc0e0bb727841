"""What tests of several folders share: KiCad, where it is installed."""

from __future__ import annotations

import pytest

from realnet_hw.errors import ToolMissing
from realnet_hw.export import kicad_cli
from realnet_hw.parts.skidl_parts import symbol_folder


@pytest.fixture(scope="session")
def kicad() -> str:
    """Return KiCad's version; without KiCad or its symbols the test is skipped."""
    try:
        symbol_folder()
        return kicad_cli.version()
    except ToolMissing as missing:
        pytest.skip(str(missing))
