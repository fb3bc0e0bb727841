"""The package as a whole: what importing it loads, and what it leaves behind."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parents[1]
PACKAGE = HERE / "realnet_hw"
# Each costs more to load than all that `realnet --help` may take.
SLOW = {
    "numpy",
    "scipy",
    "skidl",
    "matplotlib",
    "pyvisa",
    "serial",
    "PySpice",
    "InSpice",
    "torch",
    "onnx",
}


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
    # with_pcbnew is a program for the system's Python, which alone has KiCad's library; a search is
    # what numba compiles, and so are kernels; they, and the two that call them, are imported with
    # numba when they are used.
    left_out = ("__main__", "with_pcbnew", "pcb.search", "breadboard.search", "machine_code")
    left_out += ("compiled.lanes", "compiled.solver")
    names = [name for name in _modules() if not name.endswith(left_out) and ".kernels." not in name]
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
