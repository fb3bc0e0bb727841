"""What a virtual controller's EEPROM holds outlasts the program, in a file."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from realnet_hw.emulate.eeprom import keep, restore
from realnet_hw.emulate.mcu import VirtualController
from realnet_hw.errors import InputError


@dataclass
class Blank:
    """A controller whose EEPROM was never written."""

    eeprom: bytes = b"\xff" * 1024


def test_what_was_written_is_there_again(firmware: Path, tmp_path: Path) -> None:
    path = tmp_path / "new" / "one.eeprom"
    first, second = VirtualController(firmware), VirtualController(firmware)
    first.eeprom = bytes(range(256)) * 4
    keep(first, path)
    restore(second, path)
    assert second.eeprom == first.eeprom
    assert [each.name for each in path.parent.iterdir()] == ["one.eeprom"]


def test_nothing_is_written_where_nothing_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "one.eeprom"
    keep(Blank(), path)
    path.chmod(0o400)
    before = path.stat()
    keep(Blank(), path)
    assert path.stat().st_mtime_ns == before.st_mtime_ns


def test_without_a_file_a_controller_is_new(tmp_path: Path) -> None:
    controller = Blank()
    restore(controller, None)
    restore(controller, tmp_path / "none")
    keep(controller, None)
    assert controller == Blank()
    assert not list(tmp_path.iterdir())


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "one.eeprom"
    path.write_bytes(b"something")
    with pytest.raises(InputError, match="9 bytes"):
        restore(Blank(), path)


def test_a_folder_in_its_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="directory"):
        restore(Blank(), tmp_path)
    with pytest.raises(InputError):
        keep(Blank(), tmp_path)
