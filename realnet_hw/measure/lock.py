"""One run at a time on a fixture or a journal, by locks that end with the process that holds them.

The kernel drops an ``flock`` when its holder dies, however it dies: no lock ever goes stale, so
nobody learns to delete lock files by hand. The process id in the file is for the message only.
Whoever gives a lock back removes its file, too, while still holding it; who locked a file that was
removed in the meantime tries again with the new one.

A serial port's lock is a file beside it rather than on it: to open the port would already reset an
Arduino, and with it the run that somebody else has going.
"""

from __future__ import annotations

import fcntl
import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path

from realnet_hw.errors import BenchError


def lock_file(address: str) -> Path:
    """Return the file that stands for an instrument: the same for every name of one port."""
    match = re.fullmatch(r"ASRL(/.+)::INSTR", address)
    device = os.path.realpath(match.group(1)) if match else address
    folder = Path("/run/lock")
    if not os.access(folder, os.W_OK):
        folder = Path(tempfile.gettempdir())
    return folder / f"realnet_hw.{re.sub(r'[^A-Za-z0-9]+', '-', device).strip('-')}"


class FixtureLock:
    """Held from ``acquire`` to ``release`` or to the end of the process."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.path = lock_file(address)
        self._handle: int | None = None

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            BenchError: another run, of this or another process, has it.
        """
        handle = self._locked()
        while not self._is_current(handle):
            os.close(handle)
            handle = self._locked()
        self._handle = handle
        # Another user's file can't be written: the lock holds all the same, only without our name.
        with suppress(OSError):
            self.path.write_text(f"{os.getpid()}\n", encoding="ascii")

    def release(self) -> None:
        """Give the lock back; harmless when it is not held."""
        if self._handle is not None:
            # Where another user left the file, it is not ours to remove.
            with suppress(OSError):
                self.path.unlink()
            os.close(self._handle)
            self._handle = None

    def _locked(self) -> int:
        handle = self._open()
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(handle, 32).decode(errors="replace").strip()
            os.close(handle)
            raise BenchError(
                "this fixture is in use" + (f" by process {holder}" if holder else ""),
                where=self.address,
                mend="wait for that run to end, or stop it",
            ) from None
        return handle

    def _is_current(self, handle: int) -> bool:
        """Whether what was locked is still the file that others would lock."""
        try:
            return os.path.samestat(os.fstat(handle), self.path.stat())
        except FileNotFoundError:
            return False

    def _open(self) -> int:
        # Reading is enough to lock, so that a file which another user left is as good as one's own.
        try:
            return os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return os.open(self.path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
