"""The command line ``realnet``.

Exit status: 0 done and agreed, 1 done and disagreed, 2 could not. What could not be done is one
line on stderr.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from realnet_hw.errors import RealnetError

if TYPE_CHECKING:
    from cyclopts import CycloptsError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    try:
        return _run(arguments)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in ("", "realnet_hw"):
            raise
        command = shlex.join([sys.executable, "-m", "pip", "install", package])
        return _could_not(f"the Python package {package} is not installed; run: {command}")


def _run(arguments: Sequence[str] | None) -> int:
    from cyclopts import CycloptsError

    from realnet_hw.cli.commands import app

    try:
        status = app(
            arguments, exit_on_error=False, print_error=False, result_action="return_value"
        )
    except CycloptsError as error:
        return _could_not(_misused(error))
    except RealnetError as error:
        return _could_not(str(error))
    except KeyboardInterrupt:
        return _could_not("interrupted")
    except BrokenPipeError:
        # Whoever read our answers has gone; nothing is left to say, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 2
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _could_not(f"{where}{error.strerror or error}")
    return status if isinstance(status, int) else 0


def _misused(error: CycloptsError) -> str:
    """Return what is wrong with a command line, as one sees it in the command's help."""
    from cyclopts import MissingArgumentError

    command = " ".join(["realnet", *(error.command_chain or ())])
    what = " ".join(str(error).split())
    missing = error.argument if isinstance(error, MissingArgumentError) else None
    if missing is not None and missing.field_info.is_positional and not missing.tokens:
        what = f"{missing.name.lstrip('-').upper()} is missing."
    return f"{what} See {command} --help"


def _could_not(why: str) -> int:
    # It may quote a file that somebody else made: no part of it may steer the terminal.
    line = "".join(letter if letter.isprintable() else "\ufffd" for letter in why)
    sys.stderr.write(f"realnet: {line}\n")
    return 2
