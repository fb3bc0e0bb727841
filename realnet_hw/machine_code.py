"""Functions compiled to machine code, kept in the user's cache, apart for each version of them.

numba would write beside the package, which need not be writable and shall stay as installed, and
looks only at a function's own file for what is new: what it was compiled with from other files
could be old. A folder named after all sources rules that out, and all installations of the same
sources share it.
"""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numba
from numba.core import caching, config, event

_settings: Any = config
_events: Any = event

_Function = TypeVar("_Function", bound=Callable[..., Any])


class Compiler(Protocol):
    """Returns a function compiled, which is called as before."""

    def __call__(self, function: _Function, /) -> _Function:
        """Compile it at its first call."""
        ...


def compiler(name: str, sources: Iterable[Path], told: str = "", **options: Any) -> Compiler:
    """Return a decorator that compiles at the first call, or takes it from the cache.

    Args:
        name: begins the name of the cache's folder.
        sources: all files whose change makes what was compiled old.
        told: is said once, as a warning of this module's logger and so on stderr, where all of it
            has to be compiled while somebody waits.
        options: of ``numba.njit``.
    """
    folder = _folder(name, sources)
    notice = _Notice(Path(folder), told) if told else None
    if notice is not None:
        _events.register("numba:compile", notice)

    def compiled(function: _Function, /) -> _Function:
        if notice is not None:
            notice.functions.add(function)
        usual = _settings.CACHE_DIR, _settings.CACHE_LOCATOR_CLASSES
        _settings.CACHE_DIR = folder
        _settings.CACHE_LOCATOR_CLASSES = f"{__name__}.{SharedFolder.__name__}"
        try:
            made: _Function = numba.njit(cache=True, **options)(function)
            return made
        finally:
            _settings.CACHE_DIR, _settings.CACHE_LOCATOR_CLASSES = usual

    return compiled


class SharedFolder(caching.UserProvidedCacheLocator):
    """Finds what was compiled wherever its source lies; numba looks it up by the source's path.

    Ref: numba 0.68 documentation, "Environment variables", ``NUMBA_CACHE_LOCATOR_CLASSES``.
    """

    @classmethod
    def get_suitable_cache_subpath(cls, py_file: str) -> str:
        """Return the folder, inside that of the cache, of what a file's functions become."""
        return Path(py_file).parent.name


class _Notice:
    """Says once that a long compilation begins."""

    def __init__(self, folder: Path, told: str) -> None:
        self._folder, self._told = folder, told
        self.functions: set[Callable[..., Any]] = set()

    def notify(self, told: Any) -> None:
        """Take note that a compilation begins or ends: of what the cache did not have."""
        if told.data["dispatcher"].py_func not in self.functions:
            return
        self.functions.clear()
        if not any(self._folder.glob("*/*.nbi")):
            logging.getLogger(__name__).warning(self._told)


# numba asks whether it is one of its listeners, of which the types are not known.
_events.Listener.register(_Notice)


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
