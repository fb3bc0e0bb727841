"""What is installed without the repository: wheel, source distribution, link; and what they do.

Nothing is downloaded: the packages that realnet_hw needs are those of the environment that runs the
tests, made visible to a fresh one. The wheel under test is made from the source distribution, so
that whatever the latter lacks, the former lacks too.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

import realnet_hw
from realnet_hw import records

HERE = Path(__file__).parents[1]
BUNDLED = "realnet_hw/_bundled"
VERSION = realnet_hw.__version__
Run = Callable[..., subprocess.CompletedProcess[str]]

needs_avr = pytest.mark.skipif(
    shutil.which("avr-gcc") is None and not (HERE / "firmware/fixture/build/fixture.elf").is_file(),
    reason="the fixture's firmware is not compiled, and avr-gcc is not installed",
)
pytestmark = needs_avr


def _environment() -> dict[str, str]:
    """This one, with nothing in it that leads to the checkout."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def _path_without(folder: Path, *names: str) -> str:
    """A search path with all programs of this one but some."""
    folder.mkdir()
    for place in reversed(os.environ["PATH"].split(os.pathsep)):
        for program in Path(place).glob("*"):
            link = folder / program.name
            link.unlink(missing_ok=True)
            if program.name not in names:
                link.symlink_to(program)
    return str(folder)


def _build(source: Path, target: str, into: Path, **environment: str) -> Path:
    done = _hatchling(source, target, into, **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = into.glob("*.whl" if target == "wheel" else "*.tar.gz")
    return made


def _hatchling(
    source: Path, target: str, into: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(into)],
        cwd=source,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution, unpacked."""
    folder = tmp_path_factory.mktemp("sdist")
    # Python 3.11.2 does not know the filters that later versions ask for.
    subprocess.run(["tar", "-xf", _build(HERE, "sdist", folder), "-C", folder], check=True)
    return folder / f"realnet_hw-{VERSION}"


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel made from the source distribution where there is no AVR compiler."""
    folder = tmp_path_factory.mktemp("wheel")
    path = _path_without(folder / "bin", "avr-gcc")
    return _build(source, "wheel", folder, PATH=path)


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh virtual environment with the wheel installed, and what it depends on visible."""
    folder = tmp_path_factory.mktemp("venv")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin" / "python"
    found = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    site = Path(found.stdout.strip())
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check",
         "install", "--quiet", "--no-index", "--no-deps", wheel],
        env=_environment(), check=True,
    )  # fmt: skip
    # The path alone: .pth files in it, such as the link to the checkout, are not followed.
    (site / "needed.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    return site


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of its own with nothing in it, far from the repository."""
    folder = tmp_path_factory.mktemp("work")
    (folder / "boards").mkdir()
    return folder


@pytest.fixture(scope="module")
def realnet(site: Path, work: Path) -> Run:
    """Run the installed command in that folder."""
    program = site.parents[2] / "bin" / "realnet"

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, *arguments],
            cwd=work,
            env={**_environment(), **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


# ----------------------------------------------------------------------------------- what is inside


def test_a_wheel_carries_what_a_user_without_the_repository_needs(wheel: Path) -> None:
    assert wheel.name == f"realnet_hw-{VERSION}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    ours = [path for path in (HERE / "boards").iterdir() if (path / "board.py").is_file()]
    for wanted in (
        "realnet_hw/py.typed",
        "realnet_hw/parts/catalogue.toml",
        "realnet_hw/emulate/layout.c",
        f"{BUNDLED}/firmware/fixture/build/fixture.elf",
        f"{BUNDLED}/firmware/fixture/build/fixture.hex",
        f"{BUNDLED}/firmware/fixture/Makefile",
        f"{BUNDLED}/bench/procedures/truth_table.py",
        f"{BUNDLED}/bench/stations/virtual.toml",
        f"{BUNDLED}/scripts/setup-system.sh",
        f"{BUNDLED}/docs/reference/network.md",
        *(f"{BUNDLED}/boards/{path.name}/board.py" for path in ours),
        *(f"{BUNDLED}/sim/models/{path.name}" for path in (HERE / "sim" / "models").iterdir()),
    ):
        assert wanted in names
    # Records are a user's own, caches nobody's, and what is generated is made where it is used.
    assert not [name for name in names if "bench/records/" in name or "__pycache__" in name]
    assert not [name for name in names if "/generated/" in name or name.endswith(".o")]
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"realnet_hw", f"realnet_hw-{VERSION}.dist-info"}


def test_a_source_distribution_carries_the_tests_and_no_records(source: Path) -> None:
    for wanted in ("LICENSE", "Makefile", "constraints.txt", "tests/conftest.py", "docs/README.md"):
        assert (source / wanted).is_file()
    for unwanted in (".ci", "bench/records", "build", ".venv"):
        assert not (source / unwanted).exists()


def test_a_wheel_without_firmware_is_refused(source: Path, tmp_path: Path) -> None:
    bare = tmp_path / "source"
    shutil.copytree(source, bare)
    shutil.rmtree(bare / "firmware" / "fixture" / "build")
    path = _path_without(tmp_path / "bin", "avr-gcc")
    done = _hatchling(bare, "wheel", tmp_path, PATH=path)
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert "it is not compiled" in said
    assert "apt-get install make gcc-avr avr-libc binutils-avr" in said
    assert "Traceback" not in said
    assert not list(tmp_path.glob("*.whl"))


def test_a_wheel_with_firmware_older_than_its_source_is_refused(
    source: Path, tmp_path: Path
) -> None:
    edited = tmp_path / "source"
    shutil.copytree(source, edited)
    compiled = (edited / "firmware" / "fixture" / "build" / "fixture.elf").stat().st_mtime
    os.utime(edited / "firmware" / "fixture" / "main.c", (compiled + 10, compiled + 10))
    path = _path_without(tmp_path / "bin", "avr-gcc")
    done = _hatchling(edited, "wheel", tmp_path, PATH=path)
    assert done.returncode != 0
    assert "older than its source" in done.stdout + done.stderr


@pytest.mark.skipif(shutil.which("avr-gcc") is None, reason="avr-gcc is not installed")
def test_firmware_that_is_missing_is_compiled(source: Path, tmp_path: Path) -> None:
    bare = tmp_path / "source"
    shutil.copytree(source, bare)
    shutil.rmtree(bare / "firmware" / "fixture" / "build")
    wheel = _build(bare, "wheel", tmp_path)
    with zipfile.ZipFile(wheel) as archive:
        elf = archive.read(f"{BUNDLED}/firmware/fixture/build/fixture.elf")
    assert elf.startswith(b"\x7fELF")
    # The machine of the code: 83 is Atmel's AVR. Ref: ELF specification, e_machine.
    assert int.from_bytes(elf[18:20], "little") == 83


# ---------------------------------------------------------------------------------- what it can do


def test_what_is_installed_is_the_wheel_and_not_the_checkout(site: Path) -> None:
    script = "import realnet_hw; print(realnet_hw.__file__)"
    done = subprocess.run(
        [site.parents[2] / "bin" / "python", "-P", "-c", script],
        env=_environment(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert Path(done.stdout.strip()) == site / "realnet_hw" / "__init__.py"


def test_it_lists_the_boards_that_came_with_it(realnet: Run, work: Path) -> None:
    done = realnet("list", "--json")
    assert done.returncode == 0, done.stderr
    listed = {board["name"] for board in json.loads(done.stdout)["boards"]}
    assert listed == {path.parent.name for path in (HERE / "boards").glob("*/board.py")}
    assert list(work.rglob("*")) == [work / "boards"]


def test_the_doctor_mends_without_the_repository(realnet: Run, site: Path, tmp_path: Path) -> None:
    report = json.loads(realnet("doctor", "--json", PATH=str(tmp_path)).stdout)
    findings = {each["name"]: each for each in report["findings"]}
    assert findings["fixture firmware"]["where"].startswith(str(site))
    assert not report["well"]
    kicad = findings["KiCad"]
    assert kicad["mend"] == f"bash {site}/realnet_hw/_bundled/scripts/setup-system.sh kicad"
    # What it carries compiled needs no compiler.
    assert findings["AVR compiler"]["optional"]
    assert not [each for each in report["findings"] if "make" in each["mend"].split()]
    # The command exists, and where all is there it does nothing.
    command = kicad["mend"].replace(" kicad", " --print gcc").split()
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 2)
    assert "setup: " in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("kicad", "simulator")
def test_from_an_empty_folder_to_a_verdict(realnet: Run, work: Path, site: Path) -> None:
    before = sorted(site.rglob("*"))
    done = realnet("demo", PYTHONDONTWRITEBYTECODE="1")
    assert done.returncode == 0, done.stderr
    assert "PASS" in done.stdout
    made = work / "realnet-demo"
    report = made / "report.html"
    assert str(report) in done.stdout
    text = report.read_text("utf-8")
    assert "<svg" in text
    assert "XOR with op-amps" in text
    comparison = records.read(made / "comparison.json", records.Comparison)
    assert comparison.verdict == "PASS"
    assert (made / "board" / "xor_opamp.kicad_sch").is_file()
    # Nothing is ever written beside the package.
    assert sorted(site.rglob("*")) == before


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("kicad", "simulator")
def test_step_by_step(realnet: Run, work: Path) -> None:
    """What the demo leaves out: the printed circuit board, and a station by its path."""
    for command in (
        "build xor_opamp",
        "measure xor_opamp --station bench/stations/virtual.toml --out measured",
    ):
        done = realnet(*command.split())
        assert done.returncode == 0, f"{command}: {done.stderr}"
    generated = work / "boards" / "xor_opamp" / "generated"
    assert (generated / "xor_opamp.kicad_sch").is_file()
    # What is built there is found there: the next build knows the board by the same name.
    assert realnet("list").returncode == 0


def test_a_message_names_no_file_of_the_repository(realnet: Run) -> None:
    done = realnet("measure", "xor_opamp", "--station", "nowhere")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].endswith(
        "no such station (allowed: meter, scope, uno, virtual, virtual_array); give a name or "
        "the path of a station file"
    )
    assert realnet("build", "nothing").returncode == 2


# -------------------------------------------------------------------------------- a linked checkout


def test_a_link_to_a_checkout_carries_nothing_and_finds_all(tmp_path: Path) -> None:
    script = "from hatchling.build import build_editable; build_editable(r'{}')"
    subprocess.run(
        [sys.executable, "-c", script.format(tmp_path)],
        cwd=HERE,
        env={**os.environ, "PATH": _path_without(tmp_path / "bin", "avr-gcc")},
        capture_output=True,
        check=True,
    )
    (link,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(link) as archive:
        names = archive.namelist()
        (pth,) = (name for name in names if name.endswith(".pth"))
        assert str(HERE) in archive.read(pth).decode()
    assert not [name for name in names if "_bundled" in name]
