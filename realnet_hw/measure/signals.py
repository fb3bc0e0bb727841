"""Signals that end a program: first the outputs go safe, then the program ends.

Ref: signal(7); Python's signal module (handlers run in the main thread, between instructions).
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_LEAVING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_USUAL = (signal.SIG_DFL, signal.default_int_handler)
_IMPATIENCE_S = 2.0
"""A further signal so soon means the same as the first, and must not stop what that began."""


@contextmanager
def raising() -> Iterator[None]:
    """Let SIGTERM and SIGHUP leave the block as Ctrl-C does: by an exception, and only by one.

    One that the user or ``nohup`` had set to something else is left alone. Python delivers signals
    to the main thread only; in another thread nothing is changed.
    """
    last_s = -_IMPATIENCE_S

    def leave(number: int, _: FrameType | None) -> None:
        nonlocal last_s
        now_s = time.monotonic()
        if now_s - last_s < _IMPATIENCE_S:
            return
        last_s = now_s
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(128 + number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _LEAVING}
    changed = {number: handler for number, handler in before.items() if handler in _USUAL}
    for number in changed:
        signal.signal(number, leave)
    try:
        yield
    finally:
        for number, handler in changed.items():
            signal.signal(number, handler)


@contextmanager
def put_off() -> Iterator[None]:
    """Put signals off until the end of the block."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _LEAVING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
