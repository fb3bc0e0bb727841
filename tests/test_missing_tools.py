"""Machines that lack one tool: what the doctor says there, and which commands then fail or work.

The tool is hidden in a name space of mounts: files and folders are covered by empty ones, and a
library is taken out of what ``ldconfig`` lists. Nothing outside of the test sees it.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from realnet_hw import doctor

HERE = Path(__file__).parents[1]
SITE = Path(pytest.__file__).parents[1]
PYTHON = str(Path(sys.executable).resolve())
COVER = r"""
set -e
scratch=$1; shift
: > "$scratch/empty"
cp "$(command -v ldconfig || echo /sbin/ldconfig)" "$scratch/ldconfig.real"
covered=nothing
while [ "$1" != -- ]; do
    if [ -d "$1" ]; then mount -t tmpfs none "$1"; else mount --bind "$scratch/empty" "$1"; fi
    case $1 in *.so*) covered=$(basename "${1%%.so*}") ;; esac
    shift
done
shift
cat > "$scratch/ldconfig" <<END
#!/bin/sh
"$scratch/ldconfig.real" "\$@" | grep -v $covered
END
chmod +x "$scratch/ldconfig"
mount --bind "$scratch/ldconfig" "$(realpath /sbin/ldconfig)"
exec "$@"
"""


class Lack(NamedTuple):
    """A machine that lacks something.

    Args:
        name: how the doctor calls it.
        hidden: patterns of the files and folders covered, from the root.
        needed_for: what the doctor says that it costs.
        fails: a command that then can't be done, and says so.
        works: a command that works all the same.
        optional: the doctor's exit status is 0 without it.
        mend: the command that brings it.
    """

    name: str
    hidden: Sequence[str]
    needed_for: str
    fails: str = ""
    works: str = ""
    optional: bool = False
    mend: str = "make setup"


BUILD = "build xor_opamp --out built"
PREDICT = "predict xor_opamp --samples 50"
SERVE = "bench serve xor_opamp --station virtual"
LACKS = [
    Lack("KiCad", ["usr/bin/kicad-cli"], "build, demo", BUILD, PREDICT),
    Lack("KiCad symbol libraries", ["usr/share/kicad/symbols"], "build, predict, measure, demo",
         PREDICT),
    Lack("KiCad footprint libraries", ["usr/share/kicad/footprints"], "build, demo", BUILD),
    Lack("ngspice library", ["usr/lib/*-linux-gnu/libngspice.so*"],
         "predict --engine ngspice", f"{PREDICT} --engine ngspice", "list", optional=True),
    Lack("AVR compiler", ["usr/bin/avr-gcc"], "compiling the firmware"),
    Lack("AVR C library", ["usr/lib/avr/include"], "compiling the firmware"),
    Lack("AVR binary tools", ["usr/bin/avr-objcopy"], "compiling the firmware"),
    Lack("fixture firmware", [str(HERE / "firmware/fixture/build")[1:]],
         "measure and demo on the virtual bench; flashing a fixture", SERVE,
         mend="make firmware"),
    Lack("AVR simulator", ["usr/lib/*-linux-gnu/libsimavr.so*"],
         "measure and demo on the virtual bench", SERVE),
    Lack("AVR simulator", ["usr/include/simavr"], "measure and demo on the virtual bench",
         SERVE),
    Lack("C compiler", ["usr/bin/cc", "usr/bin/gcc"],
         "measure and demo on the virtual bench, once", SERVE, "list"),
    Lack("Chromium", ["usr/bin/chromium", "usr/bin/chromium-browser", "usr/bin/google-chrome"],
         "the tests that open the report", optional=True),
]  # fmt: skip


def _may_mount() -> bool:
    unshare = shutil.which("unshare")
    command = ["unshare", "--mount", "--map-root-user", "true"]
    return (
        bool(unshare) and subprocess.run(command, capture_output=True, check=False).returncode == 0
    )


needs_mounts = pytest.mark.skipif(not _may_mount(), reason="unshare may not mount here")


class Machine:
    """Where commands run with some files hidden, in a folder of their own."""

    def __init__(self, folder: Path, hidden: Sequence[str] = ()) -> None:
        self.scratch, self.work = folder / "scratch", folder / "work"
        root = Path("/")
        self.hidden = [str(path) for pattern in hidden for path in sorted(root.glob(pattern))]
        # A project of its own, so that none above it matters.
        for each in (self.scratch, self.work / "boards"):
            each.mkdir(parents=True)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``realnet`` with these arguments."""
        cover = ["unshare", "--mount", "--map-root-user", "sh", "-c", COVER, "sh",
                 str(self.scratch), *self.hidden, "--"]  # fmt: skip
        command = [sys.executable, "-m", "realnet_hw", *arguments]
        return subprocess.run(
            [*cover, *command] if self.hidden else command,
            cwd=self.work,
            # An empty cache: what was found out earlier with the tool at hand is not there.
            env={**os.environ, "XDG_CACHE_HOME": str(self.scratch / "cache")},
            capture_output=True,
            text=True,
            check=False,
        )

    def findings(self) -> tuple[int, dict[str, dict[str, Any]]]:
        """The doctor's exit status and what it finds, by name."""
        done = self.run("doctor", "--json")
        assert done.stderr == ""
        report = json.loads(done.stdout)
        assert report["well"] is (done.returncode == 0)
        return done.returncode, {each["name"]: each for each in report["findings"]}


@pytest.fixture(scope="module")
def complete(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What the doctor finds where nothing is hidden."""
    return Machine(tmp_path_factory.mktemp("complete")).findings()[1]


@needs_mounts
@pytest.mark.parametrize("lack", LACKS, ids=lambda lack: f"{lack.name} {lack.hidden[0]}")
def test_what_is_missing_is_said_with_its_cost_and_mend(
    lack: Lack, complete: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    if not complete.get(lack.name, {}).get("found"):
        pytest.skip(f"{lack.name} is missing here anyway")
    machine = Machine(tmp_path, lack.hidden)
    status, findings = machine.findings()
    changed = {
        name for name, finding in findings.items() if finding["found"] != complete[name]["found"]
    }
    assert changed == {lack.name}
    assert findings[lack.name]["mend"] == lack.mend
    others = [each for each in complete.values() if not each["found"] and not each["optional"]]
    assert status == (0 if lack.optional and not others else 1)
    # What `doctor` prints without --json is written of the same findings.
    text = doctor.text([doctor.Finding(**each) for each in findings.values()])
    lines = [line for line in text.splitlines() if lack.name in line]
    sign = "- " if lack.optional else "NO"
    assert lines[0].startswith(f"{sign}  {lack.name} ")
    assert lines[0].endswith(f"needed for {lack.needed_for}; {lack.mend}")

    if lack.fails:
        done = machine.run(*shlex.split(lack.fails))
        assert done.returncode == 2
        assert done.stdout == ""
        said = done.stderr.splitlines()[-1]
        assert said.startswith("realnet: ")
        assert lack.mend.partition(" '")[0] in said
        assert list(machine.work.rglob("*")) == [machine.work / "boards"]
    if lack.works:
        done = machine.run(*shlex.split(lack.works))
        assert done.returncode == 0, done.stderr


def _without(package: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``realnet`` with a Python that has all the packages installed here but one."""
    site = folder / "site"
    site.mkdir()
    for entry in SITE.iterdir():
        if not re.match(rf"{package}(-.*)?$", entry.name):
            (site / entry.name).symlink_to(entry)
    return subprocess.run(
        [PYTHON, "-S", "-m", "realnet_hw", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{HERE}:{site}"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("package", "cost", "optional"),
    [
        ("msgspec", "everything", False),
        ("onnx", "networks saved as .onnx", False),
        ("torch", "networks saved as .pt", True),
    ],
)
def test_a_missing_package_is_said_with_its_cost_and_mend(
    package: str, cost: str, optional: bool, tmp_path: Path
) -> None:
    report = json.loads(_without(package, tmp_path, "doctor", "--json").stdout)
    missing = {each["name"]: each for each in report["findings"]}[f"Python package {package}"]
    assert not missing["found"]
    assert missing["optional"] is optional
    assert missing["needed_for"] == cost
    project = (HERE / "pyproject.toml").read_text("utf-8")
    requirement = re.search(rf'"({package}[<>=][^"]*)"', project)
    assert requirement
    assert missing["mend"].partition(" (")[0] == f"{PYTHON} -m pip install '{requirement[1]}'"
    assert optional or not report["well"]


@pytest.mark.parametrize(
    ("package", "command"), [("cyclopts", "doctor"), ("msgspec", "predict xor_opamp")]
)
def test_without_a_package_a_command_says_in_one_line_how_it_is_installed(
    package: str, command: str, tmp_path: Path
) -> None:
    done = _without(package, tmp_path, *shlex.split(command))
    assert done.returncode == 2
    assert done.stderr == (
        f"realnet: the Python package {package} is not installed; "
        f"run: {PYTHON} -m pip install {package}\n"
    )


@needs_mounts
def test_a_port_that_may_not_be_opened_is_told_with_its_group(tmp_path: Path) -> None:
    port = tmp_path / "ttyACM0"
    port.touch(mode=0o000)
    script = "import sys; from pathlib import Path; from realnet_hw.measure import ports\n"
    script += "(port,) = ports.serial_ports(ports.Places(devices=Path(sys.argv[1])))\n"
    script += "print(port.mend)"
    done = subprocess.run(
        # Without root's right to open everything.
        ["unshare", "--user", "--map-user=1000", sys.executable, "-c", script, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("sudo usermod -aG ")
    assert done.stdout.endswith(" $USER, then log in anew\n")
