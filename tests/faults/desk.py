"""A desk whose faults can be made: a fixture, the cable to the host, and what was seen of both.

The fixture is the virtual one with its real firmware, in real time; the host is the real program.
"""

from __future__ import annotations

import contextlib
import os
import pty
import select
import threading
import time
import tty
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from realnet_hw.emulate.fixture import OUTPUT_ENABLE, VirtualFixture
from realnet_hw.emulate.front_end import RELAY_MAX_s
from realnet_hw.emulate.mcu import ResetCause
from realnet_hw.emulate.server import BenchServer

BYTE_s = 10 / 115200


class Cable:
    """The serial cable from a fixture's pseudo-terminal to a port of the host.

    Args:
        device: the fixture's end.
        port: where the host finds its end: a link, as udev makes them.
    """

    def __init__(self, device: str, port: Path) -> None:
        self.port = port
        self._fixture = os.open(device, os.O_RDWR | os.O_NOCTTY)
        self._bell, self._rope = os.pipe()
        self._lock = threading.Lock()
        self._host: int | None = None
        self._hold: int | None = None
        self.plug_in()
        self._thread = threading.Thread(target=self._carry, name="cable", daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """The VISA resource name of the host's end."""
        return f"ASRL{self.port}::INSTR"

    def plug_in(self) -> None:
        """Connect the cable: a new port appears."""
        with self._lock:
            self._host, self._hold = pty.openpty()
            tty.setraw(self._hold)
            self.port.symlink_to(os.ttyname(self._hold))
        os.write(self._rope, b"!")

    def pull_out(self) -> None:
        """Pull the cable: the port is gone, whoever has it open."""
        with self._lock:
            self.port.unlink()
            self._cut()
        os.write(self._rope, b"!")

    def to_fixture(self, data: bytes) -> None:
        """Put bytes on the line towards the fixture, as noise or another program does."""
        os.write(self._fixture, data)

    def to_host(self, data: bytes) -> None:
        """Put bytes on the line towards the host."""
        with self._lock:
            if self._host is not None:
                os.write(self._host, data)

    def close(self) -> None:
        """Take it away."""
        os.write(self._rope, b".")
        self._thread.join(5)
        for end in (self._fixture, self._bell, self._rope):
            os.close(end)
        if self._host is not None:
            self._cut()

    def _cut(self) -> None:
        for end in (self._host, self._hold):
            assert end is not None
            os.close(end)
        self._host = self._hold = None

    def _carry(self) -> None:
        while True:
            ends = [self._fixture, self._bell]
            if self._host is not None:
                ends.append(self._host)
            with contextlib.suppress(OSError, ValueError):
                ready, _, _ = select.select(ends, [], [], 0.2)
                if self._bell in ready and os.read(self._bell, 1) == b".":
                    return
                if self._fixture in ready:
                    self.to_host(os.read(self._fixture, 4096))
                with self._lock:
                    if self._host is not None and self._host in ready:
                        os.write(self._fixture, os.read(self._host, 4096))


class NotedFixture(VirtualFixture):
    """A fixture that notes when it was spoken to, and when its relays were switched."""

    def __init__(self, firmware: Path, **rest: Any) -> None:
        super().__init__(firmware, **rest)
        self.heard_s = 0.0
        self.switched: list[tuple[float, int]] = []
        self.controller.watch(
            OUTPUT_ENABLE, lambda level: self.switched.append((self.now_s, level))
        )

    def send(self, data: bytes) -> None:
        """Put bytes on the line to the controller; the last of them arrives at ``heard_s``."""
        self.heard_s = self.now_s + len(data) * BYTE_s
        super().send(data)

    @property
    def grounded_s(self) -> float:
        """When the terminals were grounded last: the slowest relay's time after its release."""
        at_s, level = self.switched[-1]
        assert level == 0, "the relays are not released"
        return at_s + RELAY_MAX_s


class Desk:
    """A fixture that is served, and its cable."""

    def __init__(self, fixture: NotedFixture, folder: Path) -> None:
        self.fixture = fixture
        self._server = BenchServer(fixture)
        device = self._server.address.removeprefix("ASRL").removesuffix("::INSTR")
        self.cable = Cable(device, folder / "port")
        self._thread = threading.Thread(target=self._server.run, name="bench", daemon=True)
        self._thread.start()

    def station(self, folder: Path, *, settle_s: float = 0.02, heartbeat_s: float = 1.0) -> Path:
        """Write a station file for it."""
        path = folder / "station.toml"
        path.write_text(
            f'name = "desk"\n[fixture]\naddress = "{self.cable.address}"\n'
            f"heartbeat_s = {heartbeat_s}\n[reading]\nsettle_s = {settle_s}\nrepeats = 2\n"
            "average = 4\n"
        )
        return path

    def wait_until(self, condition: Callable[[], bool], limit_s: float = 60.0) -> None:
        """Wait in the time on the wall."""
        end_s = time.monotonic() + limit_s
        while not condition():
            assert time.monotonic() < end_s, "waited in vain"
            time.sleep(0.005)

    def restart(self, starts_s: float = 0.1) -> None:
        """Take the fixture's supply away for a moment, and wait so long from its return."""
        self.fixture.reset(ResetCause.POWER_ON)
        back_s = self.fixture.now_s + starts_s
        self.wait_until(lambda: self.fixture.now_s >= back_s)

    def wait_until_grounded(self) -> None:
        """Wait until the relays are released and have had their time."""
        self.wait_until(lambda: bool(self.fixture.switched) and self.fixture.switched[-1][1] == 0)
        self.wait_until(lambda: self.fixture.now_s > self.fixture.grounded_s)
        with self.fixture.held():
            assert not self.fixture.connected
            assert [self.fixture.terminal_V(channel) for channel in range(6)] == [0.0] * 6

    def close(self) -> None:
        """Stop serving and take all of it away."""
        self._server.stop()
        self._thread.join(10)
        self.cable.close()
        self._server.close()


@contextlib.contextmanager
def desk(fixture: NotedFixture, folder: Path) -> Iterator[Desk]:
    """Set up a desk and clear it away."""
    made = Desk(fixture, folder)
    try:
        yield made
    finally:
        made.close()
