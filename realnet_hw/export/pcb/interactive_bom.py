"""The page of InteractiveHtmlBom, which shows where each part goes, if that program is installed.

It is a program of its own, found as ``generate_interactive_bom`` on the PATH, where ``make setup``
puts it, or as a module of the Python that has KiCad's library.

Ref: github.com/openscopeproject/InteractiveHtmlBom (its wiki, "Usage": command line).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from realnet_hw.errors import ToolFailed
from realnet_hw.export.pcb.board_file import python_with_pcbnew

_PROGRAM = "generate_interactive_bom"
_PACKAGE = "InteractiveHtmlBom"
_TIMEOUT_s = 600
_DATE_s = 946684800  # 2000-01-01, as in all files
# A folder of its own: the environment's other packages are none of KiCad's Python.
_OWN = Path(sys.prefix) / "share" / _PACKAGE


def interactive_bom(board: Path) -> bytes | None:
    """Return the page for a board, None where InteractiveHtmlBom is not installed.

    Args:
        board: the ``.kicad_pcb`` file.

    Raises:
        ToolMissing: KiCad's Python module is not installed.
        ToolFailed: it is installed and made no page.
    """
    found = _found()
    if found is None:
        return None
    command, environment = found
    with tempfile.TemporaryDirectory() as folder:
        # The page shows the date of the file.
        dated = Path(folder) / board.name
        shutil.copyfile(board, dated)
        os.utime(dated, (_DATE_s, _DATE_s))
        page = Path(folder) / "page.html"
        options = ["--no-browser", "--include-tracks", "--dest-dir", folder]
        try:
            done = subprocess.run(
                [*command, *options, "--name-format", page.stem, str(dated)],
                env=environment,
                capture_output=True,
                text=True,
                timeout=_TIMEOUT_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise ToolFailed(f"InteractiveHtmlBom did not end within {_TIMEOUT_s} s") from None
        if not page.is_file():
            said = (done.stderr.strip() or done.stdout.strip() or "without a word").splitlines()[-1]
            raise ToolFailed(f"InteractiveHtmlBom made no page: {said}")
        return page.read_bytes()


def _found() -> tuple[list[str], dict[str, str]] | None:
    """Return what runs InteractiveHtmlBom, and in what environment; None if nothing does."""
    usual = {**os.environ, "INTERACTIVE_HTML_BOM_NO_DISPLAY": "1", "TZ": "UTC"}
    if program := shutil.which(_PROGRAM):
        return [program], usual
    python = python_with_pcbnew()
    module = [python, "-m", f"{_PACKAGE}.{_PROGRAM}"]
    if _OWN.is_dir():
        return module, {**usual, "PYTHONPATH": str(_OWN)}
    # Looked up without importing: its package opens windows.
    code = f"import importlib.util as u, sys; sys.exit(u.find_spec({_PACKAGE!r}) is None)"
    there = subprocess.run([python, "-c", code], capture_output=True, check=False)
    return (module, usual) if there.returncode == 0 else None
