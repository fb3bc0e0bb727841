"""The commands and files shown in a page of the documentation, and running them as a reader would.

What stands behind a block's language says what it is:

- ``sh``: commands to be run here, one a line; ``sh exits 1``: of which the last ends with that
  status;
- ``sh checkout``, ``sh root``, ``sh hardware``: commands that need a checkout to be set up, rights,
  or a fixture; they are not run;
- ``python NAME``, ``toml NAME``, ``json NAME``: a file to be saved under that name;
- ``python`` alone: a program to be run;
- ``text``, ``console``, ``json``, ``toml``, ``c``: something to look at.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from realnet_hw.cli import main

ROOT = Path(__file__).parents[1]
# Not run: see above.
ELSEWHERE = ("checkout", "root", "hardware")
LOOKED_AT = ("text", "console", "json", "toml", "c")
# Words that a line begins with which is a part of something longer.
_PARTS = ("for", "while", "until", "do", "done", "if", "then", "else", "fi", "case", "esac")

_BLOCK = re.compile(r"^( *)```([^\n]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, what else stands behind that, its lines."""

    language: str
    note: str
    text: str

    @property
    def status(self) -> int:
        """The exit status that its commands end with."""
        return int(self.note.removeprefix("exits ")) if self.note.startswith("exits ") else 0

    @property
    def is_run(self) -> bool:
        """Whether these are commands, or a program, that run anywhere."""
        if self.language == "sh":
            return self.note not in ELSEWHERE
        return self.language == "python" and not self.note

    @property
    def file(self) -> str | None:
        """The name of the file that it shows."""
        if self.language in ("python", "toml", "json") and self.note:
            return self.note
        return None

    @property
    def is_known(self) -> bool:
        """Whether it says in one of the ways above what it is."""
        return self.is_run or self.file is not None or self.language in ("sh", *LOOKED_AT)


def blocks(text: str) -> Iterator[Block]:
    """The fenced blocks of a page, in order."""
    for indent, words, body in _BLOCK.findall(text):
        language, _, note = words.strip().partition(" ")
        lines = (line.removeprefix(indent) for line in body.splitlines())
        yield Block(language, note, "\n".join(lines) + "\n")


def commands(text: str) -> list[str]:
    """The commands of a block ``sh``: one a line, or in several that end with a backslash.

    Raises:
        ValueError: a line that is no command by itself, as of a loop or a here-document.
    """
    lines = [line.strip() for line in text.replace("\\\n", " ").splitlines()]
    found = [line for line in lines if line and not line.startswith("#")]
    for line in found:
        if "<<" in line or line.split()[0].rstrip(";") in _PARTS:
            raise ValueError(f"a loop, condition or here-document is not run line by line: {line}")
    return found


def run(page: Path, folder: Path) -> None:
    """Do what a page says, in a folder.

    Its commands ``realnet`` run within this process, which takes a second or two less each.

    Raises:
        RuntimeError: a command ended with another status than the page says; it is printed why.
        ValueError: as ``commands``.
    """
    # `python` is the one that runs this.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "MPLBACKEND": "agg"}

    def status(line: str) -> int:
        words = shlex.split(line)
        if words[0] == "realnet":
            with contextlib.chdir(folder):
                return main(words[1:])
        return run_program(["bash", "-euc", line])

    def run_program(program: list[str], given: str = "") -> int:
        return subprocess.run(
            program, input=given, text=True, cwd=folder, env=environment, check=False
        ).returncode

    for block in blocks(page.read_text("utf-8")):
        if block.file:
            file = folder / block.file
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text, "utf-8")
        elif block.is_run and block.language == "python":
            _expect(page, block.text, run_program([sys.executable, "-"], block.text), 0)
        elif block.is_run:
            *before, last = commands(block.text)
            for line in before:
                _expect(page, line, status(line), 0)
            _expect(page, last, status(last), block.status)


def _expect(page: Path, command: str, status: int, expected: int) -> None:
    if status != expected:
        raise RuntimeError(f"{page.name}: exit status {status}, not {expected}: {command}")
