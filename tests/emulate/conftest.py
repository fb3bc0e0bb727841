"""Firmware that misbehaves on order."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent

Compile = Callable[..., Path]


@pytest.fixture(scope="session")
def misbehaving(simulator: None, tmp_path_factory: pytest.TempPathFactory) -> Compile:
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
