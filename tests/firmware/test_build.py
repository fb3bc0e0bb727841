"""The Makefile: what it builds, its size, other rates, what it says without a compiler."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from realnet_hw.emulate.fixture import VirtualFixture

FLASH_bytes = 32 * 1024
RAM_bytes = 2048


def _make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", "-C", str(folder), *arguments], capture_output=True, text=True, check=False
    )


@pytest.fixture
def copy(firmware_source: Path, tmp_path: Path) -> Path:
    """The sources without what was built from them."""
    target = tmp_path / "fixture"
    shutil.copytree(firmware_source, target, ignore=shutil.ignore_patterns("build"))
    return target


def test_size(firmware: Path) -> None:
    """Half of the flash is free for what is to come, and half of the RAM for the stack."""
    listing = subprocess.run(
        ["avr-size", "-A", str(firmware)], capture_output=True, text=True, check=True
    ).stdout
    sizes = {
        line.split()[0]: int(line.split()[1])
        for line in listing.splitlines()
        if line.startswith(".")
    }
    assert sizes[".text"] + sizes[".data"] <= FLASH_bytes / 2
    assert sizes[".data"] + sizes[".bss"] + sizes[".noinit"] <= RAM_bytes / 2


def test_hex_holds_the_program(firmware: Path) -> None:
    hex_file = firmware.with_suffix(".hex").read_text("ascii")
    data = bytearray()
    for record in hex_file.split():
        content = bytes.fromhex(record[1:])
        assert sum(content) % 256 == 0
        if content[3] == 0:
            data += content[4:-1]
    binary = firmware.with_suffix(".bin")
    subprocess.run(["avr-objcopy", "-O", "binary", str(firmware), str(binary)], check=True)
    assert bytes(data) == binary.read_bytes()


def test_other_rate(firmware: Path, copy: Path) -> None:
    assert firmware.is_file()
    assert _make(copy, "BAUD=1000000").returncode == 0
    fixture = VirtualFixture(copy / "build" / "fixture.elf")
    fixture.run_for(0.03)
    begin_s = fixture.now_s
    assert fixture.ask("*IDN?").startswith("realnet_hw,fixture,")
    assert fixture.now_s - begin_s < 1.5e-3


def test_rate_that_cannot_be_made(firmware: Path, copy: Path) -> None:
    assert firmware.is_file()
    made = _make(copy, "BAUD=1500000")
    assert made.returncode != 0
    assert "BAUD is more than" in made.stderr


def test_without_a_compiler(copy: Path) -> None:
    made = _make(copy, "CC=no-such-avr-gcc")
    assert made.returncode != 0
    assert "apt-get install gcc-avr avr-libc" in made.stderr


def test_clean_needs_no_compiler(copy: Path) -> None:
    (copy / "build").mkdir()
    assert _make(copy, "CC=no-such-avr-gcc", "clean").returncode == 0
    assert not (copy / "build").exists()
