"""The doctor sees what is there, says what is not, and never trips over what is missing."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from realnet_hw import doctor, project

HERE = Path(__file__).parents[1]


def _doctor_with(**environment: str) -> dict[str, dict[str, object]]:
    """What a doctor of its own finds where only these variables are set, by name."""
    script = "import json; from realnet_hw.doctor import *; print(json.dumps(report(examine())))"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"HOME": os.environ.get("HOME", "/"), **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return {finding["name"]: finding for finding in json.loads(done.stdout)["findings"]}


def test_every_finding_is_either_there_or_says_how_to_mend_it() -> None:
    findings = doctor.examine()
    assert len({finding.name for finding in findings}) == len(findings)
    for finding in findings:
        assert finding.needed_for
        assert bool(finding.where) or not finding.found, finding
        assert bool(finding.mend) != finding.found, finding


def test_packages_are_those_of_the_package_with_the_versions_installed() -> None:
    found = {finding.name: finding for finding in doctor.examine()}
    names = re.findall(r'^    "([A-Za-z0-9-]+)', _dependencies(), re.MULTILINE)
    assert len(names) > 8
    for name in names:
        # Names of packages are equal whatever their case. Ref: PEP 503.
        finding = next(
            f for key, f in found.items() if key.lower() == f"python package {name}".lower()
        )
        assert finding.version == version(name)


def _dependencies() -> str:
    text = (HERE / "pyproject.toml").read_text("utf-8")
    return text[text.index("dependencies = [") : text.index("]", text.index("dependencies = ["))]


def test_programs_are_missing_where_the_search_path_is_empty(tmp_path: Path) -> None:
    found = _doctor_with(PATH=str(tmp_path))
    for name in ("KiCad", "AVR compiler", "AVR binary tools", "C compiler", "Chromium"):
        assert not found[name]["found"]
        assert "make setup" in str(found[name]["mend"])
    # Python itself and its packages are not looked for on the search path.
    assert found["Python"]["found"]
    assert found["Python package numpy"]["found"]


@pytest.mark.parametrize(
    ("program", "says"),
    [("kicad-cli", "echo 7.0.11"), ("kicad-cli", "exit 3"), ("kicad-cli", "echo nonsense")],
)
def test_a_program_that_is_too_old_or_broken_is_not_found(
    tmp_path: Path, program: str, says: str
) -> None:
    file = tmp_path / program
    file.write_text(f"#!/bin/sh\n{says}\n")
    file.chmod(0o755)
    found = _doctor_with(PATH=str(tmp_path))["KiCad"]
    assert not found["found"]
    assert found["mend"]
    assert found["version"] == ("7.0.11" if "7.0" in says else "")


def test_a_library_that_does_not_load_is_not_found(tmp_path: Path) -> None:
    broken = tmp_path / "libngspice.so.0"
    broken.write_bytes(b"\x7fELF and no more")
    done = subprocess.run(
        [sys.executable, "-c", "from realnet_hw.doctor import *; print(text(examine()))"],
        env={**os.environ, "NGSPICE_LIBRARY_PATH": str(broken)},
        capture_output=True,
        text=True,
        check=True,
    )
    line = next(line for line in done.stdout.splitlines() if "ngspice library" in line)
    assert line.startswith("- ")


@pytest.mark.parametrize(
    ("stamp", "found"), [("(version 20211014)", False), ("(version 20241209)", True), ("", False)]
)
def test_libraries_are_dated_by_their_format(tmp_path: Path, stamp: str, found: bool) -> None:
    # 20211014 stands in KiCad 6's libraries, 20241209 in KiCad 9's.
    (tmp_path / "Device.kicad_sym").write_text(f"(kicad_symbol_lib {stamp} )", "utf-8")
    finding = _doctor_with(PATH="/usr/bin:/bin", KICAD9_SYMBOL_DIR=str(tmp_path))
    assert finding["KiCad symbol libraries"]["found"] is found


def test_only_what_is_not_optional_decides() -> None:
    def finding(found: bool, optional: bool) -> doctor.Finding:
        return doctor.Finding(
            "thing", found, "", "/here" if found else "", "x", optional, "mend it"
        )

    def last(*findings: doctor.Finding) -> str:
        return doctor.text(findings).splitlines()[-1]

    there, extra, needed = finding(True, False), finding(False, True), finding(False, False)
    assert doctor.is_well([there, extra])
    assert not doctor.is_well([needed])
    assert last(there) == "all well: nothing is missing"
    assert last(there, extra) == "all well: 1 thing is missing that most people do without"
    assert last(there, needed, needed) == "2 things are missing"
    assert last(needed, extra).startswith("1 thing is missing, and 1 thing")


def test_what_brings_pytorch_is_what_the_package_asks_for() -> None:
    extra = re.search(r'^    "(torch[^"]*)"', (HERE / "pyproject.toml").read_text(), re.MULTILINE)
    assert extra
    assert f"pip install '{extra[1]}' " in project.torch_mend()
