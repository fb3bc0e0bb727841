"""Firmware to run: the fixture's own, and one that misbehaves on order."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from realnet_hw.emulate import simavr
from realnet_hw.errors import ToolMissing

HERE = Path(__file__).parent
FIXTURE = HERE.parents[1] / "firmware" / "fixture"

Compile = Callable[..., Path]


@pytest.fixture(scope="session")
def _simulator() -> None:
    for tool in ("avr-gcc", "make"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    try:
        simavr.load()
    except ToolMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def firmware(_simulator: None) -> Path:
    """The ELF file of the fixture's firmware."""
    subprocess.run(["make", "-C", str(FIXTURE)], check=True, capture_output=True)
    return FIXTURE / "build" / "fixture.elf"


@pytest.fixture(scope="session")
def misbehaving(_simulator: None, tmp_path_factory: pytest.TempPathFactory) -> Compile:
    """Compiles misbehaving.c, with macros as keywords."""

    def compile_with(**macros: int) -> Path:
        elf = tmp_path_factory.mktemp("firmware") / "misbehaving.elf"
        options = [f"-D{name}={value}" for name, value in macros.items()]
        command = ["avr-gcc", "-mmcu=atmega328p", "-Os", "-DF_CPU=16000000UL", *options]
        subprocess.run([*command, str(HERE / "misbehaving.c"), "-o", str(elf)], check=True)
        return elf

    return compile_with


@pytest.fixture(scope="session")
def misbehaving_elf(misbehaving: Compile) -> Path:
    return misbehaving()
