"""A lock keeps others off for as long as it is held, and leaves nothing behind."""

from __future__ import annotations

import fcntl
import os

import pytest

from realnet_hw.errors import BenchError, LinkLost
from realnet_hw.measure.fixture import Fixture
from realnet_hw.measure.lock import FixtureLock, lock_file

ADDRESS = f"ASRL/dev/no-port-of-{os.getpid()}::INSTR"


def test_a_port_that_is_not_there_leaves_no_lock_file() -> None:
    with pytest.raises(LinkLost, match="no such port"), Fixture(ADDRESS):
        pass
    assert not lock_file(ADDRESS).exists()


def test_who_loses_leaves_the_holders_file_in_place() -> None:
    held, other = FixtureLock(ADDRESS), FixtureLock(ADDRESS)
    held.acquire()
    try:
        for _ in range(2):
            with pytest.raises(BenchError, match=f"in use by process {os.getpid()}"):
                other.acquire()
            other.release()
    finally:
        held.release()
    assert not held.path.exists()
    other.acquire()
    other.release()


def test_a_file_removed_between_opening_and_locking_it_is_no_lock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else two would hold locks, each on a file of its own."""
    first, second, third = (FixtureLock(ADDRESS) for _ in range(3))
    first.acquire()
    real = fcntl.flock

    def late(handle: int, operation: int) -> None:
        # The third has opened the first's file; before it locks that, the lock changes hands.
        monkeypatch.setattr(fcntl, "flock", real)
        first.release()
        second.acquire()
        real(handle, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    with pytest.raises(BenchError, match="in use"):
        third.acquire()
    second.release()
    third.acquire()
    third.release()
