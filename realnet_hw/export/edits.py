"""What somebody edited among the files of a build: found, and kept before it is replaced.

A build knows its own files by their hashes in its manifest. Whatever else stands where it would
write is somebody's work.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

_SEAL = b"\n<!-- sha256 of all above: %s -->\n"
_SEAL_LENGTH = len(_SEAL % (b"0" * 64))


def sealed(page: bytes) -> bytes:
    """Return an HTML page with its own hash at its end, for one that no manifest can name."""
    return page + _SEAL % hashlib.sha256(page).hexdigest().encode()


def is_sealed(content: bytes) -> bool:
    """Return whether a sealed page is as it was sealed."""
    return sealed(content[:-_SEAL_LENGTH]) == content


def edited(
    folder: Path, known: Mapping[str, str], replaced: Mapping[str, Path], pages: Iterable[str]
) -> list[str]:
    """Return the files in a folder that are somebody's work: neither a build's nor what comes.

    Args:
        folder: where they are.
        known: the path of each file that a build made, and its SHA-256.
        replaced: paths where something is to be written, and the files that come there.
        pages: sealed pages, which are not among the known.
    """
    pages = {*pages}
    return sorted(
        name
        for name in {*known, *replaced, *pages}
        if _is_within(folder / name, folder)
        and not _is_own((folder / name).read_bytes(), known.get(name), sealed=name in pages)
        and not (name in replaced and replaced[name].read_bytes() == (folder / name).read_bytes())
    )


def _is_within(path: Path, folder: Path) -> bool:
    """Whether a path is a file in its folder: anybody may have written the manifest."""
    return path.is_file() and folder.resolve() in path.resolve().parents


def _is_own(content: bytes, digest: str | None, *, sealed: bool) -> bool:
    return is_sealed(content) if sealed else hashlib.sha256(content).hexdigest() == digest


def keep(folder: Path, names: Iterable[str]) -> Path:
    """Copy files of a folder into a new one beside it, and return that.

    Args:
        folder: such as ``generated``; the copies go to ``generated.edited-1``, or the next number
            that is free.
        names: their paths in it.

    Raises:
        OSError: the copies cannot be written.
    """
    number = 1
    while True:
        target = folder.with_name(f"{folder.name}.edited-{number}")
        try:
            target.mkdir()
            break
        except FileExistsError:
            number += 1
    for name in names:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(folder / name, target / name)
    return target
