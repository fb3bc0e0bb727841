"""The virtual bench with the real firmware, as a process that the tests may stop or kill."""

import contextlib
import ctypes.util
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from realnet_hw import project
from realnet_hw.errors import ToolMissing
from realnet_hw.measure.link import Link
from realnet_hw.parts.skidl_parts import symbol_folder

BOARD = "xor_opamp"


@dataclass(frozen=True)
class Server:
    """A virtual bench that is running."""

    address: str
    process: "subprocess.Popen[bytes]"

    def ask(self, line: str) -> str:
        """Ask the firmware itself, past the driver and without changing anything."""
        with Link(self.address, 115200) as link:
            return link.query(line)

    def tell(self, line: str) -> None:
        """Tell the firmware something behind the driver's back."""
        with Link(self.address, 115200) as link:
            link.write(line)

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        """Freeze it, as a hung USB adapter does."""
        os.kill(self.process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.process.pid, signal.SIGCONT)


@contextlib.contextmanager
def serving(station: Path) -> Iterator[Server]:
    for needed in ("simavr", "ngspice"):
        if ctypes.util.find_library(needed) is None:
            pytest.skip(f"lib{needed} is not installed")
    try:
        project.firmware()
        symbol_folder()
    except ToolMissing as error:
        pytest.skip(str(error))
    command = [sys.executable, "-m", "realnet_hw", "bench", "serve", BOARD, "--station", station]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as process:
        try:
            assert process.stdout is not None
            address = msgspec.json.decode(process.stdout.readline())["fixture"]
            yield Server(address, process)
        finally:
            process.kill()


@pytest.fixture(scope="session")
def virtual_station(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("station") / "virtual.toml"
    path.write_text('name = "virtual"\n[virtual]\nseed = 7\n')
    return path


@pytest.fixture(scope="session")
def server(virtual_station: Path) -> Iterator[Server]:
    """One bench for all tests that leave it alive."""
    with serving(virtual_station) as running:
        yield running


@pytest.fixture
def own_server(virtual_station: Path) -> Iterator[Server]:
    """A bench that the test may kill."""
    with serving(virtual_station) as running:
        yield running
