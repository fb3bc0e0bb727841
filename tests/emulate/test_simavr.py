"""The binding to libsimavr: what it needs, keeps, and how it says that something is missing."""

from __future__ import annotations

import ctypes.util
import shutil
from pathlib import Path

import pytest

from realnet_hw.emulate import simavr
from realnet_hw.errors import ToolMissing

load_anew = simavr.load.__wrapped__


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


@pytest.mark.usefixtures("simulator")
def test_the_layout_is_compiled_once_and_kept(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load_anew().layout
    assert len(list(cache.rglob("simavr_layout_*.json"))) == 1
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    assert load_anew().layout == first


@pytest.mark.usefixtures("simulator")
def test_a_cache_that_cannot_be_written_is_done_without(
    cache: Path,
) -> None:
    cache.write_text("a file where the folder should be")
    assert load_anew().layout == simavr.load().layout


@pytest.mark.usefixtures("simulator")
def test_a_broken_cache_is_made_again(cache: Path) -> None:
    load_anew()
    (kept,) = cache.rglob("simavr_layout_*.json")
    kept.write_text("{")
    assert load_anew().layout == simavr.load().layout
    assert kept.read_text() != "{"


@pytest.mark.usefixtures("simulator")
def test_offsets_lead_to_an_atmega328p() -> None:
    """Against figures of the chip: 32 KiB of flash, and no cycle run."""
    sim = simavr.load()
    avr = sim.library.avr_make_mcu_by_name(b"atmega328p")
    sim.library.avr_init(avr)
    assert simavr.number32(avr + sim.layout["flashend"]).value == 0x7FFF
    assert simavr.number64(avr + sim.layout["cycle"]).value == 0
    assert simavr.number32(avr + sim.layout["state"]).value == sim.layout["state_running"]
    flash = simavr.pointer(avr + sim.layout["flash"])
    assert {simavr.byte(flash + place).value for place in (0, 0x7FFF)} == {0xFF}


def test_a_missing_library_is_told_with_its_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes.util, "find_library", lambda _name: None)
    with pytest.raises(ToolMissing, match="run: make setup"):
        load_anew()


@pytest.mark.usefixtures("simulator", "cache")
def test_a_missing_compiler_is_told_with_its_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with pytest.raises(ToolMissing, match=r"C compiler .* run: make setup"):
        load_anew()
