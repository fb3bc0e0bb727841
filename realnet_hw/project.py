"""Where things are: boards, procedures, stations, models and firmware.

A name is looked for in the user's own project first (the working folder and its parents up to one
that has a ``boards`` folder), then in what is bundled: the repository when installed as editable,
``realnet_hw/_bundled`` in a wheel.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import shlex
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from realnet_hw.errors import InputError, RealnetError, ToolMissing

_PACKAGE = Path(__file__).parent


@functools.cache
def bundle() -> Path:
    """Return the folder that holds the boards, models and procedures shipped with this package."""
    wheel = _PACKAGE / "_bundled"
    return wheel if wheel.is_dir() else _PACKAGE.parent


def is_checkout() -> bool:
    """Return whether this is a checkout of the repository, where ``make`` sets up what is missing.

    What a wheel installed carries neither the Makefile nor the tests.
    """
    return (bundle() / "Makefile").is_file()


def system_mend(*packages: str) -> str:
    """Return the command that installs packages of the distribution, of a version that serves.

    ``scripts/setup-system.sh`` knows which suite has KiCad 9, which ``apt-get install kicad`` alone
    does not on Debian 12.
    """
    if is_checkout():
        return "make setup"
    script = bundle() / "scripts" / "setup-system.sh"
    return shlex.join(["bash", str(script), *packages])


def own_project(start: Path | None = None) -> Path | None:
    """Return the user's project: the nearest folder, upwards from ``start``, with ``boards``.

    A board.py is a program, so a folder that belongs to somebody else is none of the user's.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        boards = folder / "boards"
        if boards.is_dir() and boards.stat().st_uid == os.getuid():
            return folder
    return None


def _roots() -> list[Path]:
    own = own_project()
    roots = [own] if own else []
    return roots if bundle() in roots else [*roots, bundle()]


def board_files() -> dict[str, Path]:
    """Return the board.py of every board by name, the user's own first where names are equal."""
    found: dict[str, Path] = {}
    for root in _roots():
        for path in sorted((root / "boards").glob("*/board.py")):
            found.setdefault(path.parent.name, path)
    return found


def board_file(name: str) -> Path:
    """Return the board.py for a board's name, its folder or its path.

    Raises:
        InputError: there is no such board.
    """
    given = Path(name)
    if given.is_dir() and (given / "board.py").is_file():
        return (given / "board.py").resolve()
    if given.suffix == ".py" and given.is_file():
        return given.resolve()
    files = board_files()
    if name not in files:
        raise InputError(
            f"no board {name!r}",
            allowed=", ".join(sorted(files)) or "none is here",
            mend="give a name in boards/ or the path of a board.py",
        )
    return files[name]


def load_module(path: Path) -> ModuleType:
    """Run a Python file of the project and return it as a module.

    Raises:
        InputError: it can't be read, or what it does ends in an exception.
    """
    spec = importlib.util.spec_from_file_location(f"realnet_{path.parent.name}_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise InputError("not a Python file", where=str(path))
    module = importlib.util.module_from_spec(spec)
    with running(path), _leaving_no_trace():
        spec.loader.exec_module(module)
    return module


@contextmanager
def _leaving_no_trace() -> Iterator[None]:
    """Import without a ``__pycache__`` in the user's folder or in an installed package."""
    before = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before


@contextmanager
def running(path: Path) -> Iterator[None]:
    """Turn whatever a user's program raises into an InputError that names its line.

    What realnet_hw itself refuses in it passes as it is.
    """
    try:
        yield
    except RealnetError:
        raise
    except (Exception, SystemExit) as error:
        lines = [
            frame.lineno
            for frame in traceback.extract_tb(error.__traceback__)
            if Path(frame.filename) == path
        ]
        line = error.lineno if isinstance(error, SyntaxError) else (lines or [None])[-1]
        raise InputError(
            f"{type(error).__name__}: {error}", where=f"{path}:{line}" if line else str(path)
        ) from error


def output_folder(board: str) -> Path:
    """Return where a board's files go by default: beside its board.py, or below ``./boards``.

    What is shipped is left alone unless one works in it: a shipped board that is built elsewhere
    goes to ``./boards/NAME/generated``.

    Args:
        board: a board's name, its folder, or the path of its board.py.

    Raises:
        InputError: there is no such board.
    """
    folder = board_file(board).parent
    if bundle() in folder.parents and own_project() != bundle():
        folder = Path.cwd() / "boards" / folder.name
    return folder / "generated"


def records_folder(board: str) -> Path:
    """Return where a board's journals and records go by default; ``board`` is its name."""
    return (own_project() or Path.cwd()) / "bench" / "records" / board


def page(name: str) -> Path:
    """Return a page of the reference, which a wheel carries too; ``name`` as in docs/reference."""
    return bundle() / "docs" / "reference" / name


def model_files() -> dict[str, Path]:
    """Return the SPICE model cards by file name, the user's own first where names are equal."""
    found: dict[str, Path] = {}
    for root in _roots():
        for path in sorted((root / "sim" / "models").glob("*.lib")):
            found.setdefault(path.name, path)
    return found


def procedure_files() -> dict[str, Path]:
    """Return the measuring procedures by name, the user's own first where names are equal."""
    found: dict[str, Path] = {}
    for root in _roots():
        for path in sorted((root / "bench" / "procedures").glob("*.py")):
            found.setdefault(path.stem, path)
    return found


def station_files() -> dict[str, Path]:
    """Return the stations by name, the user's own first where names are equal."""
    found: dict[str, Path] = {}
    for root in _roots():
        for path in sorted((root / "bench" / "stations").glob("*.toml")):
            found.setdefault(path.stem, path)
    return found


def station_file(given: str | Path) -> Path:
    """Return a station's file for its path or its name.

    A path that is not there is looked for below the user's project and the bundle too, so that
    ``bench/stations/virtual.toml`` means the same everywhere.

    Raises:
        InputError: there is no such station.
    """
    path = Path(given)
    places = [path] if path.is_absolute() else [path, *(root / path for root in _roots())]
    for place in places:
        if place.is_file():
            return place
    files = station_files()
    if str(given) not in files:
        raise InputError(
            "no such station",
            where=str(given),
            allowed=", ".join(sorted(files)) or "none is here",
            mend="give a name or the path of a station file",
        )
    return files[str(given)]


def firmware(ending: str = "elf") -> Path:
    """Return the fixture's compiled firmware.

    Args:
        ending: ``elf`` for the simulator, ``hex`` for a programmer.

    Raises:
        ToolMissing: it has not been compiled.
    """
    path = bundle() / "firmware" / "fixture" / "build" / f"fixture.{ending}"
    if not path.is_file():
        raise ToolMissing("the fixture's firmware is not compiled", mend=firmware_mend())
    return path


def torch_mend() -> str:
    """Return what brings PyTorch, and what its usual build costs."""
    command = shlex.join([sys.executable, "-m", "pip", "install", "torch>=2.6"])
    return (
        f"{command} (on Linux the usual build brings gigabytes of CUDA along; the far smaller one "
        "for the CPU alone comes from the --index-url that pytorch.org gives)"
    )


def firmware_mend() -> str:
    """Return what brings the fixture's firmware where it is missing."""
    return "make firmware" if is_checkout() else "install realnet_hw anew: its wheel carries it"
