"""What tests of several folders share: KiCad and the simulated controller, where installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from realnet_hw.emulate import simavr
from realnet_hw.errors import ToolMissing
from realnet_hw.export import kicad_cli
from realnet_hw.parts.skidl_parts import symbol_folder

# Files that take more than 15 s: begun first, so that no core is left with one of them at the end.
LONG = (
    "test_docs.py",
    "test_build.py",
    "test_wheel.py",
    "test_virtual_boards.py",
    "test_bench.py",
    "test_command.py",
    "test_sheets.py",
    "test_cli.py",
    "test_new.py",
    "test_missing_tools.py",
    "test_report.py",
    "test_agreement.py",
    "test_board_file.py",
    "test_fired_waveforms.py",
    "test_calibration.py",
)

FIRMWARE = Path(__file__).parents[1] / "firmware" / "fixture"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put long files first; what is in a file keeps its order."""
    rank = {name: index for index, name in enumerate(LONG)}
    items.sort(key=lambda item: rank.get(item.path.name, len(LONG)))


def pytest_xdist_auto_num_workers() -> int:
    """One process more than cores: instruments are waited for, in the time on the wall."""
    return (os.cpu_count() or 1) + 1


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
