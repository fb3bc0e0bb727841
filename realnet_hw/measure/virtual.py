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

START_S = 60.0
"""How long the virtual bench may take to be ready on a slow machine."""
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
            line = _first_line(process.stdout, START_S)
            try:
                ready = msgspec.json.decode(line, type=Ready)
            except (msgspec.DecodeError, UnicodeDecodeError):
                raise BenchError(
                    f"the virtual bench did not start: {_why(process, said, line)}",
                    where=str(station_file),
                ) from None
            yield ready
        finally:
            _end(process)


def _first_line(pipe: IO[bytes], patience_s: float) -> bytes:
    """Return the first line, or as much of it as came in time or before the end."""
    line = b""
    end = time.monotonic() + patience_s
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while not line.endswith(b"\n") and selector.select(end - time.monotonic()):
            piece = os.read(pipe.fileno(), 4096)
            if not piece:
                break
            line += piece
    return line


def _why(process: subprocess.Popen[bytes], said: IO[bytes], line: bytes) -> str:
    """Return what a server that did not start said last, or how it ended."""
    if line:
        return f"{line[:80]!r} came where its address should"
    try:
        status = process.wait(2)
    except subprocess.TimeoutExpired:
        return f"it was not ready within {START_S:g} s"
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
