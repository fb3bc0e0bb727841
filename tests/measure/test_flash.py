"""avrdude itself writes the firmware through the UNO's own boot loader, which runs in simavr."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import threading
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from realnet_hw.emulate.fixture import VirtualFixture
from realnet_hw.errors import BenchError, InputError, ToolMissing
from realnet_hw.measure import flash as flashing
from realnet_hw.measure.flash import flash
from realnet_hw.measure.lock import FixtureLock
from tests import arduino


@pytest.fixture(scope="module")
def boot_elf(simulator: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("avrdude") is None or not arduino.CORE.is_dir():
        pytest.skip("avrdude or arduino-core-avr is not installed")
    return arduino.boot_loader(tmp_path_factory.mktemp("boot"))


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flashing, "_ANSWERS_S", 0.4)
    monkeypatch.setattr(flashing, "_ASKED_S", 0.2)


def test_the_firmware_is_written_and_runs(boot_elf: Path, firmware: Path) -> None:
    with arduino.on_a_port(VirtualFixture(boot_elf)) as port:
        flashed = flash(port, firmware=firmware.with_suffix(".hex"))
    assert flashed.before == "", "a boot loader says nothing of itself"
    assert flashed.now.startswith("realnet_hw,fixture,")


@contextlib.contextmanager
def answering(answer: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """Something that gives one answer to whatever comes; also gives what came."""
    outside, inside = os.openpty()
    tty.setraw(outside)
    end = threading.Event()
    heard: list[bytes] = []

    def serve() -> None:
        while not end.is_set():
            if select.select([outside], [], [], 0.01)[0]:
                heard.append(os.read(outside, 64))
                os.write(outside, answer)

    serving = threading.Thread(target=serve)
    serving.start()
    try:
        yield os.ttyname(inside), heard
    finally:
        end.set()
        serving.join()
        os.close(inside)
        os.close(outside)


@pytest.mark.parametrize("answer", [b"?", b"Hello from my sketch\r\n"])
def test_where_no_boot_loader_is_it_says_so(firmware: Path, boot_elf: Path, answer: bytes) -> None:
    with answering(answer) as (port, _), pytest.raises(BenchError, match="Optiboot"):
        flash(port, firmware=firmware.with_suffix(".hex"))


def test_another_instrument_is_left_alone(firmware: Path, boot_elf: Path) -> None:
    with (
        answering(b"KEITHLEY INSTRUMENTS INC.,MODEL 2400,1234567,C32\r\n") as (port, heard),
        pytest.raises(BenchError, match=rf"{port}: another instrument is on .*MODEL 2400"),
    ):
        flash(port, firmware=firmware.with_suffix(".hex"))
    assert b"".join(heard) == b"*IDN?\n", "it was asked who it is, and nothing else was sent"


def test_a_fixture_that_is_there_says_so_before_it_is_written(
    firmware: Path, boot_elf: Path
) -> None:
    # In the simulator its flash has no boot loader besides, so that it is only asked.
    with arduino.on_a_port(VirtualFixture(firmware)) as port:
        assert flashing._answers(f"ASRL{port}::INSTR").startswith("realnet_hw,fixture,")


def test_a_fixture_in_use_is_left_alone(firmware: Path, boot_elf: Path) -> None:
    with arduino.on_a_port(VirtualFixture(boot_elf)) as port:
        lock = FixtureLock(f"ASRL{port}::INSTR")
        lock.acquire()
        try:
            with pytest.raises(BenchError, match="in use"):
                flash(port, firmware=firmware.with_suffix(".hex"))
        finally:
            lock.release()


def test_what_can_not_be_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="no such serial port"):
        flash(str(tmp_path / "ttyACM0"), firmware=tmp_path / "fixture.hex")
    monkeypatch.setattr(flashing.shutil, "which", lambda _name: None)
    with pytest.raises(ToolMissing, match="avrdude"):
        flash("/dev/null", firmware=tmp_path / "fixture.hex")
