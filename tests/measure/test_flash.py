"""avrdude itself writes the firmware through the UNO's own boot loader, which runs in simavr."""

from __future__ import annotations

import os
import select
import shutil
import threading
import tty
from pathlib import Path

import pytest

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


def test_the_firmware_is_written_and_runs(boot_elf: Path, firmware: Path) -> None:
    fixture = arduino.waiting(boot_elf)
    with arduino.on_a_port(fixture) as port:
        said = flash(port, firmware=firmware.with_suffix(".hex"))
    assert said.startswith("realnet_hw,fixture,")


def test_where_something_else_answers_it_says_so(firmware: Path, boot_elf: Path) -> None:
    outside, inside = os.openpty()
    tty.setraw(outside)
    end = threading.Event()

    def babble() -> None:
        while not end.is_set():
            if select.select([outside], [], [], 0.01)[0]:
                os.read(outside, 64)
                os.write(outside, b"?")

    babbling = threading.Thread(target=babble)
    babbling.start()
    try:
        with pytest.raises(BenchError, match="Optiboot"):
            flash(os.ttyname(inside), firmware=firmware.with_suffix(".hex"))
    finally:
        end.set()
        babbling.join()
        os.close(inside)
        os.close(outside)


def test_a_fixture_in_use_is_left_alone(firmware: Path, boot_elf: Path) -> None:
    fixture = arduino.waiting(boot_elf)
    with arduino.on_a_port(fixture) as port:
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
