"""A file that keeps what a virtual controller's EEPROM holds from one run to the next."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from realnet_hw.errors import InputError

_SIZE_bytes = 1024


class HasEeprom(Protocol):
    """A controller."""

    eeprom: bytes


def restore(controller: HasEeprom, path: Path | None) -> None:
    """Give a controller that has not run yet what a file keeps; a new one's is blank.

    Raises:
        InputError: the file can't be read, or keeps something else.
    """
    if path is None or not path.exists():
        return
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(error.strerror or str(error), where=str(path)) from None
    if len(content) != _SIZE_bytes:
        raise InputError(
            f"{len(content)} bytes",
            where=str(path),
            allowed=f"the {_SIZE_bytes} bytes of an EEPROM",
            mend="remove it, or name another file",
        )
    controller.eeprom = content


def keep(controller: HasEeprom, path: Path | None) -> None:
    """Write what a controller's EEPROM holds to a file, the whole of it or nothing.

    Raises:
        InputError: it can't be written.
    """
    if path is None:
        return
    content, half = controller.eeprom, path.with_name(f".{path.name}.half")
    try:
        if path.exists() and path.read_bytes() == content:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        half.write_bytes(content)
        half.replace(path)
    except OSError as error:
        raise InputError(error.strerror or str(error), where=str(path)) from None
