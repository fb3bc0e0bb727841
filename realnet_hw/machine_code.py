"""Functions compiled to machine code, kept in the user's cache, apart for each version of them.

numba would write beside the package, which need not be writable and shall stay as installed, and
looks only at a function's own file for what is new: what it was compiled with from other files
could be old. A folder named after all sources rules that out.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numba
from numba.core import config

_settings: Any = config

_Function = TypeVar("_Function", bound=Callable[..., Any])


class Compiler(Protocol):
    """Returns a function compiled, which is called as before."""

    def __call__(self, function: _Function, /) -> _Function:
        """Compile it at its first call."""
        ...


def compiler(name: str, sources: Iterable[Path], **options: Any) -> Compiler:
    """Return a decorator that compiles at the first call, or takes it from the cache.

    Args:
        name: begins the name of the cache's folder.
        sources: all files whose change makes what was compiled old.
        options: of ``numba.njit``.
    """
    folder = _folder(name, sources)

    def compiled(function: _Function, /) -> _Function:
        usual = _settings.CACHE_DIR
        _settings.CACHE_DIR = folder
        try:
            made: _Function = numba.njit(cache=True, **options)(function)
            return made
        finally:
            _settings.CACHE_DIR = usual

    return compiled


def user_cache() -> Path:
    """Return the folder for what can be made again; it need not be there.

    Ref: XDG Base Directory Specification 0.8 (``XDG_CACHE_HOME``; from memory).
    """
    base = os.environ.get("XDG_CACHE_HOME", "")
    cache = Path(base) if base else Path.home() / ".cache"
    return cache / "realnet_hw"


def _folder(name: str, sources: Iterable[Path]) -> str:
    """Return the folder of the cache; one of its own for this process where it can't be written."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
    folder = user_cache() / f"{name}-{digest[:16]}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return tempfile.mkdtemp(prefix=f"realnet_hw-{name}-")
    return str(folder)
