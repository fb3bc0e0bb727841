"""Reading files that somebody else may have made: no larger than a network for a board needs."""

from __future__ import annotations

from pathlib import Path

from realnet_hw.errors import InputError

LARGEST_BYTES = 4_000_000
"""Ten thousand weights, each written out in decimal, take a tenth of this."""


def contents(path: Path) -> bytes:
    """Return a file's bytes.

    Raises:
        InputError: it can't be read, is no file, or is larger than any network for a board.
    """
    try:
        if path.exists() and not path.is_file():
            raise InputError("not a file", where=str(path), mend="name the network's file")
        with path.open("rb") as file:
            data = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise InputError(
            error.strerror or str(error),
            where=str(path),
            mend="give the path of a file that can be read",
        ) from None
    if len(data) > LARGEST_BYTES:
        raise InputError(
            f"{path.stat().st_size / 1e6:.0f} MB is more than a network for a board takes",
            where=str(path),
            allowed=f"up to {LARGEST_BYTES // 1_000_000} MB",
            mend="train a smaller network, save the weights alone",
        )
    return data


def name_of(path: Path) -> str:
    """Return a file's name as text: bytes in it that are no UTF-8 become question marks."""
    return path.name.encode("utf-8", "replace").decode()
