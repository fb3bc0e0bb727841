"""The page of InteractiveHtmlBom, which shows where each part goes, if that program is installed.

It is a program of its own, found as ``generate_interactive_bom`` on the PATH or as a module of the
Python that has KiCad's library.

Ref: github.com/openscopeproject/InteractiveHtmlBom (its wiki, "Usage": command line).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from realnet_hw.errors import ToolFailed
from realnet_hw.export.pcb.board_file import python_with_pcbnew

_PROGRAM = "generate_interactive_bom"
_MODULE = "InteractiveHtmlBom.generate_interactive_bom"
_TIMEOUT_s = 120


def interactive_bom(board: Path) -> bytes | None:
    """Return the page for a board, None where InteractiveHtmlBom is not installed.

    Args:
        board: the ``.kicad_pcb`` file.

    Raises:
        ToolMissing: KiCad's Python module is not installed.
        ToolFailed: it is installed and made no page.
    """
    command = _command()
    if command is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        options = ["--no-browser", "--include-tracks", "--dest-dir", folder]
        try:
            done = subprocess.run(
                [*command, *options, "--name-format", page.stem, str(board)],
                env={**os.environ, "INTERACTIVE_HTML_BOM_NO_DISPLAY": "1"},
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


def _command() -> list[str] | None:
    """Return what runs InteractiveHtmlBom, None if nothing does."""
    if program := shutil.which(_PROGRAM):
        return [program]
    python = python_with_pcbnew()
    # Looked up without importing: its package opens windows.
    code = "import importlib.util as u, sys; sys.exit(u.find_spec('InteractiveHtmlBom') is None)"
    found = subprocess.run([python, "-c", code], capture_output=True, check=False)
    return [python, "-m", _MODULE] if found.returncode == 0 else None
