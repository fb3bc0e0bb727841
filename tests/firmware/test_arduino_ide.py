"""The firmware's folder as a sketch: compiled as the Arduino IDE would, by the core's recipes."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from realnet_hw.emulate.fixture import VirtualFixture
from tests.arduino import CORE


def _properties(path: Path) -> dict[str, str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


@pytest.fixture(scope="module")
def recipes(simulator: None) -> dict[str, str]:
    """The IDE's properties with the UNO chosen."""
    if not CORE.is_dir():
        pytest.skip("arduino-core-avr is not installed")
    found = _properties(CORE / "platform.txt")
    board = _properties(CORE / "boards.txt")
    found |= {key[4:]: value for key, value in board.items() if key.startswith("uno.")}
    return found | {
        "runtime.ide.version": "10819",
        "build.arch": "AVR",
        "compiler.path": "",
        "build.project_name": "fixture",
        "includes": f"-I{CORE}/cores/arduino -I{CORE}/variants/standard",
    }


def _run(recipes: dict[str, str], name: str, folder: Path, **own: str) -> None:
    known = recipes | {"build.path": str(folder)} | own
    command = known[name]
    while (filled := re.sub(r"\{([^{}]+)\}", lambda m: known[m[1]], command)) != command:
        command = filled
    # Debian's avr-gcc 5.4 hides it from C++, and the core's String wants it.
    extra = ["-DDECIMAL_DIG=__DECIMAL_DIG__"] if own.get("source_file", "").endswith("pp") else []
    subprocess.run([*shlex.split(command), *extra], check=True, cwd=folder)


def test_the_ide_compiles_a_firmware_that_answers(
    recipes: dict[str, str], firmware_source: Path, firmware: Path, tmp_path: Path
) -> None:
    sketch = tmp_path / "sketch.ino.cpp"
    text = (firmware_source / "fixture.ino").read_text(encoding="utf-8")
    sketch.write_text(f"#include <Arduino.h>\n{text}", encoding="utf-8")
    objects = []
    for source in (sketch, *sorted(firmware_source.glob("*.c"))):
        made = tmp_path / f"{source.name}.o"
        kind = "cpp" if source.suffix == ".cpp" else "c"
        _run(
            recipes,
            f"recipe.{kind}.o.pattern",
            tmp_path,
            source_file=str(source),
            object_file=str(made),
        )
        objects.append(shlex.quote(str(made)))
    # The linker must take our main(), not the core's, which would call setup() and loop().
    main = tmp_path / "core-main.o"
    _run(
        recipes,
        "recipe.cpp.o.pattern",
        tmp_path,
        source_file=str(CORE / "cores" / "arduino" / "main.cpp"),
        object_file=str(main),
    )
    archive = tmp_path / "core.a"
    _run(
        recipes,
        "recipe.ar.pattern",
        tmp_path,
        archive_file_path=str(archive),
        object_file=str(main),
    )
    _run(
        recipes,
        "recipe.c.combine.pattern",
        tmp_path,
        object_files=" ".join(objects),
        archive_file=archive.name,
    )

    fixture = VirtualFixture(tmp_path / "fixture.elf")
    fixture.run_for(0.05)
    own = VirtualFixture(firmware)
    own.run_for(0.05)
    assert fixture.ask("*IDN?") == own.ask("*IDN?")
    assert fixture.ask("SOUR1:VOLT 1;:OUTP ON;:MEAS1:VOLT?") == "1.000000"
