"""Compiles functions and keeps them in the user's cache, apart for each version of the sources.

numba looks only at a function's own file for what is new, so what it was compiled with from other
files could be old; a folder named after all sources rules that out.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba.core import config

_settings: Any = config
_HERE = Path(__file__).parent
_SOURCES = (*sorted(_HERE.glob("*.py")), _HERE.parent / "tapes.py", _HERE.parent / "expressions.py")


def _folder() -> str:
    """Return the folder of the cache; one of its own for this process where it can't be written."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in _SOURCES)).hexdigest()
    base = os.environ.get("XDG_CACHE_HOME", "")
    cache = Path(base) if base else Path.home() / ".cache"
    folder = cache / "realnet_hw" / f"kernels-{digest[:16]}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return tempfile.mkdtemp(prefix="realnet_hw-kernels-")
    return str(folder)


_FOLDER = _folder()


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a function at its first call, or take it from the cache."""
    usual = _settings.CACHE_DIR
    _settings.CACHE_DIR = _FOLDER
    try:
        return numba.njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})(
            function
        )
    finally:
        _settings.CACHE_DIR = usual


def inlined(function: Callable[..., Any]) -> Any:
    """Compile a function into whatever calls it."""
    return numba.njit(inline="always")(function)
