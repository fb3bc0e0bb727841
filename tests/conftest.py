"""What tests of several folders share: KiCad and the simulated controller, where installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from realnet_hw.emulate import simavr
from realnet_hw.errors import ToolMissing
from realnet_hw.export import kicad_cli
from realnet_hw.parts.skidl_parts import symbol_folder

FIRMWARE = Path(__file__).parents[1] / "firmware" / "fixture"


@pytest.fixture(scope="session")
def kicad() -> str:
    """Return KiCad's version; without KiCad or its symbols the test is skipped."""
    try:
        symbol_folder()
        return kicad_cli.version()
    except ToolMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def simulator() -> None:
    """The AVR compiler and simulator; without them the test is skipped."""
    for tool in ("avr-gcc", "make"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    try:
        simavr.load()
    except ToolMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def firmware_source() -> Path:
    """The folder of the fixture's firmware."""
    return FIRMWARE


@pytest.fixture(scope="session")
def firmware(simulator: None) -> Path:
    """The ELF file of the fixture's firmware, made if it is not up to date."""
    subprocess.run(["make", "-C", str(FIRMWARE)], check=True, capture_output=True)
    return FIRMWARE / "build" / "fixture.elf"
