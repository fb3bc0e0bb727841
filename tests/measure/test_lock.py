"""A lock keeps others off for as long as it is held, and leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys

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


COUNT = """
import sys
from pathlib import Path
from realnet_hw.errors import BenchError
from realnet_hw.measure.lock import FixtureLock

lock, inside = FixtureLock(sys.argv[1]), Path(sys.argv[2])
won = 0
while won < 300:
    try:
        lock.acquire()
    except BenchError:
        continue
    inside.touch(exist_ok=False)
    inside.unlink()
    lock.release()
    won += 1
"""


def test_two_never_hold_it_at_once_though_each_removes_its_file(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    inside = tmp_path_factory.mktemp("lock") / "inside"
    racers = [
        subprocess.Popen([sys.executable, "-c", COUNT, ADDRESS, inside], stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    for racer in racers:
        assert (racer.communicate(timeout=60)[1], racer.returncode) == (b"", 0)
    assert not lock_file(ADDRESS).exists()
