"""Starting the virtual bench in place of hardware: a process of its own, and just an address.

Ref: the command line's ``realnet bench serve``, which prints one JSON line when it is ready.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO

import msgspec

from realnet_hw.errors import BenchError
from realnet_hw.measure import signals

START_S, BUSY_START_S = 60.0, 180.0
"""How long the virtual bench may take to be ready, and how long where it is still computing."""
_LOOK_S = 10.0
"""A process that computes uses some CPU in that time, on however busy a machine."""
_ORPHAN_S = 5.0
"""How long it stays when we died without ending it."""


class Ready(msgspec.Struct, frozen=True):
    """What the server says when it is ready; it may say more.

    Args:
        fixture: VISA address of the fixture.
        scopes: by the station's name for a scope and how it is reached, its VISA address.
        meter: by how it is reached, the VISA address of the multimeter, where there is one.
    """

    fixture: str
    scopes: dict[str, dict[str, str]] = {}
    meter: dict[str, str] = {}


def serve(board: str, station_file: Path) -> AbstractContextManager[Ready]:
    """Run the virtual bench with a board behind the fixture; see ``_serving``.

    Args:
        board: name or path of the board behind the fixture.
        station_file: with a ``[virtual]`` table.
    """
    return _serving(["serve", board], station_file)


def serve_meter(station_file: Path) -> AbstractContextManager[Ready]:
    """Run the virtual bench with a multimeter in place of a board; see ``_serving``.

    Args:
        station_file: with a ``[virtual]`` and a ``[dmm]`` table.
    """
    return _serving(["meter"], station_file)


@contextlib.contextmanager
def _serving(words: Sequence[str], station_file: Path) -> Iterator[Ready]:
    """Run the virtual bench and give the VISA addresses of its instruments.

    It has a session of its own, so that Ctrl-C in a terminal reaches the measuring program alone,
    which then makes the outputs safe before it ends this process. SIGTERM and SIGHUP end it as
    well, from its start on.

    Raises:
        BenchError: it did not start; what it said is in the message.
    """
    # -P: else a queue.py or struct.py in the working folder would stand before Python's own.
    command = [sys.executable, "-P", "-m", "realnet_hw", "bench", *words]
    command += ["--station", str(station_file), "--idle-s", f"{_ORPHAN_S:g}"]
    with (
        signals.raising(),
        tempfile.TemporaryFile("w+b") as said,
        subprocess.Popen(
            command,
            # Never written to: it breaks when we die, and so tells the server.
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            start_new_session=True,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            begun = time.monotonic()
            line = first_line(process, process.stdout)
            try:
                ready = msgspec.json.decode(line, type=Ready)
            except (msgspec.DecodeError, UnicodeDecodeError):
                raise BenchError(
                    f"the virtual bench did not start: {_why(process, said, line, begun)}",
                    where=str(station_file),
                ) from None
            yield ready
        finally:
            _end(process)


def first_line(process: subprocess.Popen[bytes], pipe: IO[bytes]) -> bytes:
    """Return the first line, or as much of it as came in time or before the end."""
    line = b""
    begun = time.monotonic()
    used_s = cpu_s(process.pid)
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while not line.endswith(b"\n"):
            if selector.select(_LOOK_S):
                piece = os.read(pipe.fileno(), 4096)
                if not piece:
                    break
                line += piece
                continue
            before_s, used_s = used_s, cpu_s(process.pid)
            is_computing = used_s is None or used_s != before_s
            if time.monotonic() - begun > (BUSY_START_S if is_computing else START_S):
                break
    return line


def cpu_s(pid: int) -> float | None:
    """Return how long a process has computed; None where the system does not say.

    Ref: proc(5), /proc/pid/stat: utime and stime, fields 14 and 15, in clock ticks.
    """
    try:
        # The name, in brackets, may hold anything; what follows it is field 3.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _why(process: subprocess.Popen[bytes], said: IO[bytes], line: bytes, begun: float) -> str:
    """Return what a server that did not start said last, or how it ended."""
    if line:
        return f"{line[:80]!r} came where its address should"
    try:
        status = process.wait(2)
    except subprocess.TimeoutExpired:
        waited = f"it was not ready within {time.monotonic() - begun:.0f} s"
        return f"{waited}; the machine may be busy: try again"
    said.seek(0)
    last = said.read().decode(errors="replace").strip().splitlines()[-1:]
    return last[0].removeprefix("realnet: ") if last else f"its process ended with status {status}"


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the server, gently first."""
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
