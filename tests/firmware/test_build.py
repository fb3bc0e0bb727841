"""The Makefile: what it builds, its size, other rates, what it says without a compiler."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from realnet_hw.emulate.fixture import VirtualFixture
from tests.benchmarks.sweep import LEAST_RATIO, Kind, byte_s, points_per_s

_DOCUMENT = Path(__file__).parents[2] / "firmware" / "fixture" / "PROTOCOL.md"
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


def _sizes(firmware: Path) -> tuple[int, int]:
    """Bytes of flash and of RAM, the stack not counted."""
    listing = subprocess.run(
        ["avr-size", "-A", str(firmware)], capture_output=True, text=True, check=True
    ).stdout
    sizes = {
        line.split()[0]: int(line.split()[1])
        for line in listing.splitlines()
        if line.startswith(".")
    }
    data = sizes[".data"]
    return sizes[".text"] + data, data + sizes[".bss"] + sizes[".noinit"]


def test_size(firmware: Path) -> None:
    """A quarter of each is free: of the flash whatever the compiler, of the RAM for the stack."""
    flash, ram = _sizes(firmware)
    assert flash <= 3 * FLASH_bytes / 4
    assert ram <= 3 * RAM_bytes / 4


def test_size_is_the_documents(firmware: Path) -> None:
    """Within 2 %, with the compiler that the document names first: others differ by half."""
    version = subprocess.run(
        ["avr-gcc", "-dumpversion"], capture_output=True, text=True, check=True
    ).stdout.strip()
    if not version.startswith("5.4."):
        pytest.skip(f"avr-gcc 5.4 is not installed, but {version}")
    told = re.search(r"([\d.]+)\s+kB\s+of\s+32\s+kB\s+flash", _DOCUMENT.read_text("utf-8"))
    told_ram = re.search(r"(\d+)\s+of\s+2048\s+bytes\s+of\s+RAM", _DOCUMENT.read_text("utf-8"))
    assert told is not None
    assert told_ram is not None
    flash, ram = _sizes(firmware)
    assert float(told[1]) * 1000 == pytest.approx(flash, rel=0.02)
    assert int(told_ram[1]) == pytest.approx(ram, rel=0.02)


def test_fuses_to_flash_mean_what_the_document_says(firmware: Path) -> None:
    """By avr-libc's bits: the crystal, a calibration that survives, brown-out at 4.3 V."""
    macros = subprocess.run(
        ["avr-gcc", "-mmcu=atmega328p", "-dM", "-E", "-include", "avr/io.h", "-x", "c", "-"],
        input="",
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    bits = {
        name: 1 << int(bit)
        for name, bit in re.findall(r"#define FUSE_(\w+) \(unsigned char\)~_BV\((\d)\)", macros)
    }
    low = ("CKSEL0", "CKSEL1", "CKSEL2", "CKSEL3", "SUT0", "SUT1", "CKOUT", "CKDIV8")
    high = ("BOOTRST", "BOOTSZ0", "BOOTSZ1", "EESAVE", "WDTON", "SPIEN", "DWEN", "RSTDISBL")
    extended = ("BODLEVEL0", "BODLEVEL1", "BODLEVEL2")

    def programmed(value: str, names: tuple[str, ...]) -> set[str]:
        return {name for name in names if not int(value, 16) & bits[name]}

    orders = re.findall(r"(?m)^    (avrdude .*)$", _DOCUMENT.read_text("utf-8"))
    by_loader, fuses_alone, flash_alone, with_loader = orders
    assert " -D " in by_loader
    assert "fuse" not in by_loader
    for order in (by_loader, flash_alone):
        assert order.endswith("-U flash:w:firmware/fixture/build/fixture.hex:i")
    for order, boot in ((fuses_alone, set[str]()), (with_loader, {"BOOTRST"})):
        values = dict(re.findall(r"-U (\w+):w:0x(\w\w):m", order))
        assert "flash" not in order
        assert programmed(values["lfuse"], low) == set()
        assert programmed(values["hfuse"], high) == {"SPIEN", "EESAVE"} | boot
        assert programmed(values["efuse"], extended) == {"BODLEVEL0", "BODLEVEL1"}


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


def test_other_rate_and_how_near_a_sweep_comes_to_it(firmware: Path, copy: Path) -> None:
    assert firmware.is_file()
    assert _make(copy, "BAUD=1000000").returncode == 0
    fixture = VirtualFixture(copy / "build" / "fixture.elf")
    fixture.run_for(0.03)
    # Two bytes of ten bits a point: 50000 points/s. Converters alone could do 71000.
    rate = points_per_s(fixture, Kind())
    assert Kind().limits_s(byte_s(1_000_000))["line"] == pytest.approx(1 / 50_000)
    assert LEAST_RATIO < rate / 50_000 < 1
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
