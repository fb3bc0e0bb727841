"""What the command line prints, and where: answers on stdout, progress and errors on stderr."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TextIO

from realnet_hw.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console


class Progress(Protocol):
    """Told what is done, what is to do, and what comes next."""

    def __call__(self, done: int, total: int, doing: str = "", /) -> None:
        """Take note."""


@contextlib.contextmanager
def own_stdout() -> Iterator[TextIO]:
    """Keep stdout for answers alone: what libraries print, in C too, goes to stderr meanwhile."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    answers = os.fdopen(kept, "w", encoding="utf-8", errors="backslashreplace")
    try:
        yield answers
        answers.flush()
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        # What could not be written has been said; it must not be tried again at exit.
        with contextlib.suppress(OSError):
            answers.close()


def refuse_unwritable(path: Path | None, *, is_folder: bool = False) -> None:
    """Refuse an output that could not be written, before the work that it is for.

    Raises:
        InputError: it is of the other kind, or a folder above it is no folder or not writable.
    """
    if path is None:
        return
    if path.is_dir() != is_folder and path.exists():
        raise InputError(
            "a file" if is_folder else "a folder", where=str(path), mend="name another"
        )
    above = path if path.exists() else path.parent
    while not above.exists():
        above = above.parent
    if above != path and not above.is_dir():
        raise InputError("not a folder", where=str(above), mend="name another")
    if not os.access(above, os.W_OK):
        raise InputError("may not be written to", where=str(above), mend="name another")


def console(file: TextIO) -> Console:
    """Return a console on a stream: coloured where it is a terminal, wide enough where not."""
    from rich.console import Console

    return Console(file=file, width=None if file.isatty() else 120, highlight=False)


@contextlib.contextmanager
def progress(what: str) -> Iterator[Progress]:
    """Show a bar on stderr when it is a terminal; elsewhere each piece of work is one line."""
    if not sys.stderr.isatty():
        sys.stderr.write(f"{what} ...\n")
        sys.stderr.flush()
        yield _silently
        return
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Bars(*columns, console=console(sys.stderr), transient=True) as bars:
        task = bars.add_task(what, total=None)

        def advance(done: int, total: int, doing: str = "", /) -> None:
            bars.update(task, completed=done, total=total, description=f"{what} {doing}".rstrip())

        yield advance


def _silently(_done: int, _total: int, _doing: str = "", /) -> None:
    """Where nobody looks at a bar, its steps are not said."""
