"""The set-up scripts: what they do without rights, and where they take the backports suite from."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from importlib.metadata import distributions, version
from pathlib import Path

import pytest

HERE = Path(__file__).parents[1]
SYSTEM = HERE / "scripts" / "setup-system.sh"
needs_apt = pytest.mark.skipif(shutil.which("apt-get") is None, reason="no apt-get here")


def _run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        arguments,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def test_nothing_is_done_where_all_is_there() -> None:
    done = _run(str(SYSTEM), "--print")
    if done.returncode == 2:
        pytest.skip("a system tool is missing here: " + done.stderr.splitlines()[0])
    assert done.returncode == 0
    assert done.stdout == ""
    assert "all there" in done.stderr


@needs_apt
def test_without_rights_the_exact_commands_are_printed(tmp_path: Path) -> None:
    done = _run(str(SYSTEM), "--print", KICAD9_SYMBOL_DIR=str(tmp_path))
    assert done.returncode == 2
    commands = done.stdout.splitlines()
    assert re.fullmatch(
        r"apt-get install .*--no-install-recommends .*\bkicad-symbols(/\S+)?.*", commands[-1]
    )
    assert "apt-get update -q" in commands


ONE_LINE = """\
# the mirror
deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm main
"""
ONE_LINE_BACKPORTS = """\
deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm-backports main
"""
PARAGRAPHS = """\
Types: deb
# a note
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /k.gpg

Types: deb
URIs: http://mirror.example/security
Suites: bookworm-security
Components: main
"""
PARAGRAPHS_BACKPORTS = """\
Types: deb
URIs: http://mirror.example/debian
Suites: bookworm-backports
Components: main contrib
Signed-By: /k.gpg
"""
ONE_IS_OFF = """\
Types: deb
Enabled: no
URIs: http://off.example
Suites: bookworm

Types: deb
URIs: http://on.example
Suites: stable
"""
ONE_IS_OFF_BACKPORTS = """\
Types: deb
URIs: http://on.example
Suites: bookworm-backports
"""


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("sources.list", ONE_LINE, ONE_LINE_BACKPORTS),
        ("sources.list.d/debian.sources", PARAGRAPHS, PARAGRAPHS_BACKPORTS),
        ("sources.list.d/debian.sources", ONE_IS_OFF, ONE_IS_OFF_BACKPORTS),
        ("sources.list", "deb http://mirror.example/other testing main\n", ""),
    ],
)
def test_backports_come_from_the_mirror_that_is_configured(
    tmp_path: Path, name: str, text: str, expected: str
) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / name).write_text(text, "utf-8")
    function = re.compile(r"^(?:backports|every)_source\(\) \{\n.*?^\}$", re.DOTALL | re.MULTILINE)
    functions = function.findall(SYSTEM.read_text("utf-8"))
    assert len(functions) == 2
    script = "\n".join(["set -euo pipefail", *functions, "backports_source"])
    done = _run("bash", "-c", script, apt=str(tmp_path), codename="bookworm")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == expected.strip()


def test_pins_are_exact_and_are_what_is_installed() -> None:
    lines = (HERE / "constraints.txt").read_text("utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if not line.startswith("#"))
    assert len(pins) == len(lines) - 1
    optional = {"torch"} - {found.metadata["Name"] for found in distributions()}
    for name in pins.keys() - optional:
        # What follows "+" names a build of the same version.
        assert version(name).partition("+")[0] == pins[name], f"{name}: run make setup"


def test_every_dependency_is_pinned_and_has_a_reason() -> None:
    pins = (HERE / "constraints.txt").read_text("utf-8").lower()
    project = tomllib.loads((HERE / "pyproject.toml").read_text("utf-8"))["project"]
    text = (HERE / "pyproject.toml").read_text("utf-8")
    for requirement in project["dependencies"] + project["optional-dependencies"]["dev"]:
        name = re.split(r"[=<>]", requirement)[0].lower()
        assert f"\n{name}==" in pins, f"{name}: run scripts/pin.sh"
        assert re.search(rf'"{re.escape(requirement)}",? +# \w', text), f"{name}: why is it needed?"


def test_make_without_a_target_lists_every_target() -> None:
    makefile = (HERE / "Makefile").read_text("utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony
    done = _run("make", "--no-print-directory", "-C", str(HERE), "help")
    assert done.returncode == 0
    listed = {line.split()[1] for line in done.stdout.splitlines()}
    assert listed == set(phony[1].split())


@needs_apt
def test_packages_named_are_looked_for_alone(tmp_path: Path) -> None:
    nothing_there = {"KICAD9_SYMBOL_DIR": str(tmp_path), "KICAD9_FOOTPRINT_DIR": str(tmp_path)}
    done = _run(str(SYSTEM), "--print", "kicad-symbols", **nothing_there)
    assert done.returncode == 2
    assert "kicad-symbols" in done.stdout.splitlines()[-1]
    assert "kicad-footprints" not in done.stdout


def test_a_package_that_is_not_ours_is_refused() -> None:
    done = _run(str(SYSTEM), "--print", "gcc", "no-such-thing")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "no such package here: no-such-thing" in done.stderr
