"""The package as a whole: what importing it loads, what it leaves behind, what a wheel carries."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import realnet_hw

HERE = Path(__file__).parents[1]
PACKAGE = HERE / "realnet_hw"
# Each costs more to load than all that `realnet --help` may take.
SLOW = {"numpy", "scipy", "skidl", "matplotlib", "pyvisa", "serial", "PySpice", "InSpice", "torch"}


def _loaded_by(statement: str, folder: Path) -> set[str]:
    """The top-level modules that a statement loads in a Python of its own."""
    script = f"import sys\n{statement}\nsys.stderr.write(' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in done.stderr.split()}


@pytest.mark.parametrize(
    "statement",
    [
        "import realnet_hw",
        "from realnet_hw.cli import main; main(['--help'])",
        "from realnet_hw.cli import main; main(['measure', '--help'])",
        "from realnet_hw import doctor; doctor.examine()",
    ],
)
def test_slow_libraries_are_loaded_only_where_they_are_used(statement: str, tmp_path: Path) -> None:
    loaded = _loaded_by(statement, tmp_path)
    assert "realnet_hw" in loaded
    assert not loaded & SLOW
    # SKiDL writes logs into the working folder as soon as it is loaded.
    assert list(tmp_path.iterdir()) == []


def _modules() -> Iterator[str]:
    for path in sorted(PACKAGE.rglob("*.py")):
        if "_bundled" not in path.parts:
            yield ".".join(path.relative_to(HERE).with_suffix("").parts).removesuffix(".__init__")


def test_no_module_needs_a_library_that_nobody_installed(tmp_path: Path) -> None:
    names = [name for name in _modules() if not name.endswith("__main__")]
    loaded = _loaded_by("import " + ", ".join(names), tmp_path)
    assert loaded & SLOW <= {"numpy"}
    assert list(tmp_path.iterdir()) == []


def test_only_two_modules_know_that_a_bench_may_be_virtual() -> None:
    """The server's own package and the command that starts it; nothing else imports the twin."""
    users = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if "emulate" not in path.parts and _imports(path, "realnet_hw.emulate")
    }
    assert users <= {"cli/commands.py"}


def _imports(path: Path, package: str) -> bool:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        if any(name == package or name.startswith(package + ".") for name in names):
            return True
    return False


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=HERE,
        capture_output=True,
        check=True,
    )
    (file,) = folder.glob("*.whl")
    return file


def test_a_wheel_carries_boards_firmware_procedures_and_models(wheel: Path) -> None:
    assert wheel.name.startswith(f"realnet_hw-{realnet_hw.__version__}-")
    names = set(zipfile.ZipFile(wheel).namelist())
    bundled = "realnet_hw/_bundled"
    for wanted in (
        "realnet_hw/py.typed",
        "realnet_hw/parts/catalogue.toml",
        "realnet_hw/emulate/layout.c",
        f"{bundled}/boards/xor_opamp/board.py",
        f"{bundled}/boards/xor_opamp/network.json",
        f"{bundled}/firmware/fixture/Makefile",
        f"{bundled}/bench/procedures/truth_table.py",
        f"{bundled}/bench/stations/virtual.toml",
        f"{bundled}/sim/models/tl074.lib",
    ):
        assert wanted in names
    # Records are a user's own, caches nobody's, and the names below are too general to take.
    assert not [name for name in names if "records/" in name or "__pycache__" in name]
    assert {Path(name).suffix for name in names if "/build/" in name} <= {".elf", ".hex"}
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"realnet_hw", f"realnet_hw-{realnet_hw.__version__}.dist-info"}


def test_an_installed_wheel_needs_no_repository_and_is_never_written_to(
    wheel: Path, tmp_path: Path
) -> None:
    installed, work = tmp_path / "installed", tmp_path / "work"
    zipfile.ZipFile(wheel).extractall(installed)
    work.mkdir()
    before = sorted(installed.rglob("*"))

    def realnet(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "realnet_hw", *arguments],
            env={**os.environ, "PYTHONPATH": str(installed), "PYTHONDONTWRITEBYTECODE": "1"},
            cwd=work,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    boards = json.loads(realnet("list", "--json"))["boards"]
    assert "xor_opamp" in {board["name"] for board in boards}
    findings = json.loads(realnet("doctor", "--json"))["findings"]
    places = {finding["name"]: finding["where"] for finding in findings}
    assert places["fixture firmware"].startswith(str(installed))
    if shutil.which("kicad-cli"):
        realnet("build", "xor_opamp")
        assert (work / "boards" / "xor_opamp" / "generated" / "xor_opamp.kicad_sch").is_file()
    assert sorted(installed.rglob("*")) == before
