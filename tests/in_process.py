"""The real driver on the real firmware, in this process: time passes when it is waited for."""

from __future__ import annotations

from collections.abc import Callable
from unittest import mock

from realnet_hw.emulate.fixture import VirtualFixture
from realnet_hw.measure import fixture as driver
from realnet_hw.measure.link import NoAnswer


class InProcessLink:
    """What ``measure.link.Link`` is to a serial port, to a fixture in this process."""

    def __init__(self, virtual: VirtualFixture, address: str) -> None:
        self.address = address
        self.virtual = virtual
        self._unread = bytearray()

    def __enter__(self) -> InProcessLink:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def write(self, line: str) -> None:
        """Send a line."""
        self.virtual.send(line.encode("ascii") + b"\n")

    def read(self, *, timeout_s: float | None = None) -> str:
        """Return the next line."""
        self._wait(lambda: b"\n" in self._unread, timeout_s)
        return self._taken(self._unread.index(b"\n") + 1).decode("ascii").strip()

    def query(self, line: str, *, timeout_s: float | None = None) -> str:
        """Send a line and return the one that answers it."""
        self.write(line)
        return self.read(timeout_s=timeout_s)

    def query_block(self, line: str, *, timeout_s: float | None = None) -> bytes:
        """Send a line and return the block that answers it."""
        self.write(line)
        self._wait(self._has_block, timeout_s)
        start = 2 + int(self._unread[1:2])
        return self._taken(start + int(self._unread[2:start]) + 1)[start:-1]

    def clear(self, *, quiet_s: float = 0.05, limit_s: float = 2.0) -> None:
        """Send a device clear and drop what comes."""
        self.virtual.send(b"\x03")
        self.virtual.run_for(min(quiet_s, limit_s))
        self.virtual.receive()
        self._unread.clear()

    def _has_block(self) -> bool:
        start = 2 + int(self._unread[1:2] or b"0")
        return len(self._unread) > start and len(self._unread) > start + int(self._unread[2:start])

    def _taken(self, count: int) -> bytes:
        data = bytes(self._unread[:count])
        del self._unread[:count]
        return data

    def _wait(self, is_there: Callable[[], bool], timeout_s: float | None) -> None:
        def come() -> bool:
            self._unread.extend(self.virtual.receive())
            return is_there()

        if not self.virtual.run_until(come, timeout_s or 2.0):
            raise NoAnswer("no answer in time", where=self.address)


class InProcessFixture(driver.Fixture):
    """The driver on such a link, with waits that let the virtual time pass."""

    def __init__(self, link: InProcessLink, baud: int = 115200, heartbeat_s: float = 10.0) -> None:
        super().__init__(link.address, baud, heartbeat_s)
        self._link = link

    def open(self) -> None:
        """Open it on the link."""
        with mock.patch.object(driver, "Link", return_value=self._link):
            super().open()

    def wait(self, seconds: float) -> None:
        """Let virtual time pass."""
        self._link.virtual.run_for(seconds)
