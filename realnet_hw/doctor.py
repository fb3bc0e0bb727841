"""What is installed, found or missing of all that realnet_hw uses, and the command that mends it.

It looks without trusting: nothing that is missing stops it, and nothing is started but programs
that print their version. It imports none of the libraries that it reports on.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import dataclasses
import functools
import importlib.metadata
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from realnet_hw import project
from realnet_hw.errors import ToolMissing
from realnet_hw.measure import ports

_OLDEST_PYTHON = (3, 11)
_OLDEST_KICAD = 9
_OLDEST_NGSPICE = 43
# The date of the file format that KiCad 9's libraries are written in.
_OLDEST_LIBRARY = 20240900
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
_INCLUDE = ("/usr/include", "/usr/local/include")
_VERSION_TIMEOUT_s = 20
# What a package is for where that is not everything.
_USED_BY = {
    "jinja2": "demo, compare --report",
    "matplotlib": "demo, compare --report",
    "onnx": "networks saved as .onnx",
    "safetensors": "networks saved as .safetensors",
    "torch": "networks saved as .pt",
}
_VIRTUAL_BENCH = "measure and demo on the virtual bench"


@dataclass(frozen=True)
class Finding:
    """One thing that is used, and what was found of it.

    Args:
        name: what it is called.
        found: it is there and new enough.
        version: the version found, "" where it has none or is missing.
        where: the file, folder or port, "" where it is missing.
        needed_for: what does not work without it.
        optional: everything that most people need works without it.
        mend: the command that installs it, "" where it was found.
    """

    name: str
    found: bool
    version: str
    where: str
    needed_for: str
    optional: bool
    mend: str


@dataclass(frozen=True)
class _Look:
    """What a look for one thing brought: None for a thing that is not there."""

    where: str | None
    version: str = ""
    too_old: bool = False
    mend: str = ""
    """What mends it where it is not what is usually missing."""


def examine() -> list[Finding]:
    """Look for everything that realnet_hw uses. Takes about a second; raises nothing.

    Returns:
        One finding for each: Python, its packages, the system's tools, the serial ports.
    """
    return [
        _finding("Python", _python, "everything", f"install Python {_dotted(_OLDEST_PYTHON)}"),
        *_packages(),
        _system("KiCad", _kicad, "build, demo", "kicad"),
        _system("KiCad symbol libraries", _symbols, "build, predict, measure, demo",
                "kicad-symbols"),
        _system("KiCad footprint libraries", _footprints, "build, demo", "kicad-footprints"),
        _system("ngspice library", _ngspice, "predict --engine ngspice", "libngspice0",
                optional=True),
        *_avr_tools(),
        _finding("fixture firmware", _firmware, f"{_VIRTUAL_BENCH}; flashing a fixture",
                 project.firmware_mend()),
        _system("AVR programmer", _program("avrdude"), "flashing a fixture", "avrdude",
                optional=True),
        _system("AVR simulator", _simavr, _VIRTUAL_BENCH, "libsimavr-dev"),
        _system("C compiler", _c_compiler, f"{_VIRTUAL_BENCH}, once",
                "gcc", "libc6-dev"),
        _system("Chromium", _program(*_CHROMIUM), "the tests that open the report", "chromium",
                optional=True),
        *_ports("serial port", ports.serial_ports(), "measuring a real board",
                "plug the fixture in"),
        *_ports("USB oscilloscope", ports.usb_scopes(), "waveforms of a real board through USB",
                "plug it in, or use its LAN port"),
    ]  # fmt: skip


def is_well(findings: Sequence[Finding]) -> bool:
    """Return whether all that is not optional was found."""
    return all(finding.found or finding.optional for finding in findings)


def report(findings: Sequence[Finding]) -> dict[str, Any]:
    """Return the findings as what ``realnet doctor --json`` prints."""
    return {
        "well": is_well(findings),
        "findings": [dataclasses.asdict(finding) for finding in findings],
    }


def text(findings: Sequence[Finding]) -> str:
    """Return the findings as lines: a sign, the name, version and place, or how to mend it.

    The last line says whether all is well.
    """
    width = max(len(finding.name) for finding in findings)
    lines = []
    for finding in findings:
        if finding.found:
            said = f"{finding.version}  {finding.where}".strip()
        else:
            old = f"{finding.version}: " if finding.version else ""
            said = f"{old}needed for {finding.needed_for}; {finding.mend}"
        sign = "ok" if finding.found else "- " if finding.optional else "NO"
        lines.append(f"{sign}  {finding.name.ljust(width)}  {said}")
    return "\n".join([*lines, "", _summary(findings)])


def _summary(findings: Sequence[Finding]) -> str:
    """Return whether all is well in one line."""
    needed = sum(not finding.found and not finding.optional for finding in findings)
    optional = sum(not finding.found and finding.optional for finding in findings)
    beside = f"{_things(optional)} missing that most people do without"
    if needed:
        return f"{_things(needed)} missing" + (f", and {beside}" if optional else "")
    return f"all well: {beside if optional else 'nothing is missing'}"


def _things(count: int) -> str:
    return "1 thing is" if count == 1 else f"{count} things are"


def _finding(
    name: str, look: Callable[[], _Look], needed_for: str, mend: str, *, optional: bool = False
) -> Finding:
    try:
        seen = look()
    except (OSError, subprocess.SubprocessError, ValueError):
        seen = _Look(None, version="does not run")
    found = seen.where is not None and not seen.too_old
    return Finding(
        name=name,
        found=found,
        version=seen.version,
        where=seen.where or "",
        needed_for=needed_for,
        optional=optional,
        mend="" if found else seen.mend or mend,
    )


def _system(
    name: str, look: Callable[[], _Look], needed_for: str, *packages: str, optional: bool = False
) -> Finding:
    """A finding that packages of the distribution mend."""
    return _finding(name, look, needed_for, project.system_mend(*packages), optional=optional)


# ----------------------------------------------------------------------------------------- Python


def _python() -> _Look:
    version = sys.version_info
    return _Look(sys.executable, _dotted(version[:3]), version[:2] < _OLDEST_PYTHON)


def _packages() -> Iterator[Finding]:
    """One finding for each dependency that the package's own metadata names."""
    for line in importlib.metadata.requires("realnet_hw") or []:
        requirement, _, condition = (part.strip() for part in line.partition(";"))
        optional = "extra ==" in condition
        if optional and not re.search(r"extra == .torch.", condition):
            continue
        name = re.split(r"[^A-Za-z0-9_.-]", requirement, maxsplit=1)[0]
        yield _finding(
            f"Python package {name}",
            functools.partial(_package, name),
            _USED_BY.get(name.lower(), "everything"),
            project.torch_mend()
            if name == "torch"
            else shlex.join([sys.executable, "-m", "pip", "install", requirement]),
            optional=optional,
        )


def _package(name: str) -> _Look:
    try:
        distribution = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return _Look(None)
    return _Look(str(distribution.locate_file("")), distribution.version)


# ------------------------------------------------------------------------------ programs, libraries


def _program(*names: str) -> Callable[[], _Look]:
    """The first of some programs that is on the search path."""

    def look() -> _Look:
        path = next(filter(None, map(shutil.which, names)), None)
        return _Look(path, _first_number(_said(path, "--version"))) if path else _Look(None)

    return look


def _said(*command: str) -> str:
    """What a program prints of itself; nothing that hangs stops the examination."""
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=_VERSION_TIMEOUT_s,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    return done.stdout


def _first_number(text: str) -> str:
    found = re.search(r"\d+(\.\d+)+", text)
    return found[0] if found else ""


def _c_compiler() -> _Look:
    """A compiler and the C library's headers, both of which are used."""
    if not any(Path(each, "stdio.h").is_file() for each in _INCLUDE):
        return _Look(None, "no headers of the C library")
    return _program("cc", "gcc")()


def _avr_tools() -> Iterator[Finding]:
    """What compiles the firmware, which a wheel carries compiled."""
    for name, look, package in (
        ("AVR compiler", _program("avr-gcc"), "gcc-avr"),
        ("AVR C library", _avr_libc, "avr-libc"),
        ("AVR binary tools", _program("avr-objcopy"), "binutils-avr"),
    ):
        optional = not project.is_checkout()
        yield _system(name, look, "compiling the firmware", package, optional=optional)


def _kicad() -> _Look:
    path = shutil.which("kicad-cli")
    if path is None:
        return _Look(None)
    version = _first_number(_said(path, "version"))
    return _Look(path, version, _major(version) < _OLDEST_KICAD)


def _symbols() -> _Look:
    return _library("KICAD9_SYMBOL_DIR", "symbols", "Device.kicad_sym")


def _footprints() -> _Look:
    return _library(
        "KICAD9_FOOTPRINT_DIR", "footprints", "Resistor_SMD.pretty/R_0805_2012Metric.kicad_mod"
    )


def _library(variable: str, kind: str, sample: str) -> _Look:
    """A folder of KiCad's libraries, dated by the file format of one file that all have."""
    named = os.environ.get(variable)
    usual = [f"/usr/share/kicad/{kind}", f"/usr/local/share/kicad/{kind}"]
    for folder in [named] if named else usual:
        file = Path(folder, sample)
        if file.is_file():
            with file.open(encoding="utf-8") as text:
                stamp = re.search(r"\(version (\d{8})\)", text.read(400))
            date = stamp[1] if stamp else ""
            return _Look(folder, date, not date or int(date) < _OLDEST_LIBRARY)
    return _Look(None)


def _ngspice() -> _Look:
    name = os.environ.get("NGSPICE_LIBRARY_PATH") or ctypes.util.find_library("ngspice")
    if name is None:
        return _Look(None)
    # In a process of its own: a library that fails to load may take the process with it.
    version = _first_integer(_said(sys.executable, "-c", _ASK_NGSPICE, name))
    return _Look(name, version, _major(version) < _OLDEST_NGSPICE)


# ngspice tells its version to a callback only. Ref: ngspice manual, "Shared library", ngSpice_Init.
_ASK_NGSPICE = """
import ctypes, os, sys
text = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_void_p)
ended = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_int, ctypes.c_bool, ctypes.c_bool, ctypes.c_int, ctypes.c_void_p)
hear = text(lambda line, _id, _data: print(line.decode('ascii', 'replace')) or 0)
end = ended(lambda *_: 0)
library = ctypes.CDLL(sys.argv[1])
library.ngSpice_Init(hear, hear, end, None, None, None, None)
library.ngSpice_Command(b'version -f')
sys.stdout.flush()
os._exit(0)
"""


def _first_integer(text: str) -> str:
    found = re.search(r"ngspice-(\d+)", text)
    return found[1] if found else ""


def _major(version: str) -> int:
    digits = version.partition(".")[0]
    return int(digits) if digits.isdigit() else 0


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _avr_libc() -> _Look:
    for folder in ("/usr/lib/avr/include", "/usr/avr/include", "/usr/local/avr/include"):
        header = Path(folder, "avr", "version.h")
        if header.is_file():
            stamp = re.search(r'__AVR_LIBC_VERSION_STRING__\s+"([^"]+)"', header.read_text())
            return _Look(folder, stamp[1] if stamp else "")
    return _Look(None)


def _simavr() -> _Look:
    """The library and its headers, both of which are used."""
    name = ctypes.util.find_library("simavr")
    if name is None or not any(Path(each, "simavr", "sim_avr.h").is_file() for each in _INCLUDE):
        return _Look(None)
    return _Look(name, ".".join(name.partition(".so.")[2:]))


def _firmware() -> _Look:
    try:
        return _Look(str(project.firmware()))
    except ToolMissing:
        return _Look(None)


def _ports(
    kind: str, found: Sequence[ports.FoundPort], needed_for: str, mend: str
) -> Iterator[Finding]:
    """One finding for each port of a kind, or that there is none."""
    if not found:
        yield Finding(kind, False, "", "", needed_for, True, mend)
    for port in found:
        yield Finding(
            name=f"{kind} {port.device}",
            found=not port.trouble,
            version=port.trouble or port.what,
            where=port.address,
            needed_for=needed_for,
            optional=True,
            mend=port.mend,
        )
