"""Where the tests of hardware run: on a real station with ``--station``, else the virtual bench.

Each test begins and ends with the outputs off. What they need on the bench is a board, wired as the
station says, with its supply on.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from realnet_hw.board import Board, Port, load_board
from realnet_hw.measure import station as stations
from realnet_hw.measure import virtual
from realnet_hw.measure.fixture import Fixture

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Place:
    """A board on a fixture.

    Args:
        board: what is on the bench.
        file: of the station.
        address, baud: of its fixture.
        wiring: terminal to channel.
        forgets: whether opening the port resets the controller, as an UNO's does.
    """

    board: Board
    file: Path
    address: str
    baud: int
    wiring: dict[str, str]
    forgets: bool

    def fixture(self, heartbeat_s: float = 1.0) -> Fixture:
        """The fixture, to be opened."""
        return Fixture(self.address, self.baud, heartbeat_s)

    @property
    def read_back(self) -> list[Port]:
        """The inputs that are grounded when off, and whose terminal is wired to a sense."""
        return [
            port
            for port in self.board.inputs
            if port.safe == "0V" and f"{port.name}{stations.SENSE_SUFFIX}" in self.wiring
        ]

    def source(self, port: Port) -> str:
        """The channel that drives an input."""
        return self.wiring[port.name]

    def sense(self, port: Port) -> str:
        """The channel that reads an input as it arrives."""
        return self.wiring[f"{port.name}{stations.SENSE_SUFFIX}"]

    @property
    def limits_V(self) -> dict[str, tuple[float, float]]:
        """What each source may give, by channel."""
        return {self.source(port): (port.min_V, port.max_V) for port in self.board.driven}


@pytest.fixture(scope="session")
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """The station of ``--station`` with the board of ``--board`` on it."""
    file = Path(request.config.getoption("--station") or ROOT / "bench/stations/virtual.toml")
    board = load_board(request.config.getoption("--board"))
    station = stations.load(file)
    wiring = stations.wiring_for(station, board, where=str(file))
    with contextlib.ExitStack() as stack:
        if station.fixture is None:
            request.getfixturevalue("simulator")
            address = stack.enter_context(virtual.serve(board.name, file)).fixture
            given = stations.FixtureAddress(address=address)
        else:
            given = station.fixture
        made = Place(
            board, file, given.address, given.baud, wiring, forgets=station.fixture is not None
        )
        if not made.read_back:
            raise pytest.UsageError(
                f"{board.name} has no input that is grounded when off and read where it arrives; "
                "give another --board, or wire X.sense for one of its inputs"
            )
        yield made
