"""The binding to libsimavr, the AVR simulator, through ctypes.

The library's structures have no accessor functions. A small C program (``layout.c``), compiled once
against the installed headers and kept in the user's cache folder, tells where their fields lie.

Ref: https://github.com/buserror/simavr (sim_avr.h, sim_irq.h, sim_cycle_timers.h, avr_uart.h)
"""

from __future__ import annotations

import ctypes
import ctypes.util
import functools
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from realnet_hw import project
from realnet_hw.errors import ToolFailed, ToolMissing

_DATA_SPACE_bytes = 0x900

IrqNotify = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p)
IoWrite = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_uint16, ctypes.c_uint8, ctypes.c_void_p)
Reset = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
Sleep = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_uint64)
CycleTimer = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_void_p, ctypes.c_uint64, ctypes.c_void_p)
_Logger = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)

_silent = _Logger(lambda _avr, _level, _text, _arguments: None)


class EepromRequest(ctypes.Structure):
    """simavr's ``avr_eeprom_desc_t``."""

    _fields_ = [
        ("data", ctypes.POINTER(ctypes.c_uint8)),
        ("offset", ctypes.c_uint16),
        ("size", ctypes.c_uint32),
    ]


@dataclass(frozen=True)
class Simavr:
    """The loaded library and the offsets of the fields that are used, in bytes."""

    library: ctypes.CDLL
    layout: Mapping[str, int]


def ioctl_code(name: str) -> int:
    """The four-letter code of a request or of a group of signals (``AVR_IOCTL_DEF``)."""
    return int.from_bytes(name.encode().ljust(4, b"\0"), "big")


def number32(address: int) -> ctypes.c_uint32:
    """The 32-bit number at an address, as a view that can be read and written."""
    return ctypes.c_uint32.from_address(address)


def number64(address: int) -> ctypes.c_uint64:
    """The 64-bit number at an address, as a view that can be read and written."""
    return ctypes.c_uint64.from_address(address)


def byte(address: int) -> ctypes.c_uint8:
    """The byte at an address, as a view that can be read and written."""
    return ctypes.c_uint8.from_address(address)


def memory(address: int) -> ctypes.Array[ctypes.c_uint8]:
    """The controller's data space, registers and RAM, as a view."""
    return (ctypes.c_uint8 * _DATA_SPACE_bytes).from_address(address)


def pointer(address: int) -> int:
    """The pointer stored at an address, 0 if it is null."""
    return ctypes.c_void_p.from_address(address).value or 0


@functools.cache
def load() -> Simavr:
    """Load libsimavr and learn its layout.

    Raises:
        ToolMissing: the library, its headers or the C compiler is not installed.
        ToolFailed: the C program that tells the layout did not compile or run.
    """
    name = ctypes.util.find_library("simavr")
    if name is None:
        raise ToolMissing("libsimavr, the AVR simulator, is not installed", mend=_mend())
    library = ctypes.CDLL(name)
    _declare(library)
    # The library prints its warnings on stdout, which belongs to the caller.
    library.avr_global_logger_set(ctypes.cast(_silent, ctypes.c_void_p))
    return Simavr(library, _layout())


def _declare(library: ctypes.CDLL) -> None:
    address, u16, u32, u64 = (
        ctypes.c_void_p,
        ctypes.c_uint16,
        ctypes.c_uint32,
        ctypes.c_uint64,
    )
    signatures: dict[str, tuple[list[type], type | None]] = {
        "avr_make_mcu_by_name": ([ctypes.c_char_p], address),
        "avr_init": ([address], ctypes.c_int),
        "avr_run": ([address], ctypes.c_int),
        "avr_reset": ([address], None),
        "avr_ioctl": ([address, u32, address], ctypes.c_int),
        "avr_io_getirq": ([address, u32, ctypes.c_int], address),
        "avr_irq_register_notify": ([address, IrqNotify, address], None),
        "avr_raise_irq": ([address, u32], None),
        "avr_register_io_write": ([address, u16, IoWrite, address], None),
        "avr_cycle_timer_register": ([address, u64, address, address], None),
        "avr_extint_set_strict_lvl_trig": ([address, ctypes.c_uint8, ctypes.c_uint8], None),
        "avr_global_logger_set": ([address], None),
        "avr_load_firmware": ([address, address], None),
        "elf_read_firmware": ([ctypes.c_char_p, address], ctypes.c_int),
    }
    for function, (arguments, result) in signatures.items():
        getattr(library, function).argtypes = arguments
        getattr(library, function).restype = result


def _layout() -> dict[str, int]:
    source = resources.files(__package__).joinpath("layout.c").read_bytes()
    include = _headers()
    digest = hashlib.sha256(source)
    for header in sorted(include.rglob("*.h")):
        digest.update(header.read_bytes())
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "realnet_hw"
    kept = cache / f"simavr_layout_{digest.hexdigest()[:16]}.json"
    try:
        layout: dict[str, int] = json.loads(kept.read_text())
    except (OSError, ValueError):
        text = _ask_compiler(source, include.parent)
        layout = json.loads(text)
        _keep(kept, text)
    return layout


def _keep(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False) as scratch:
            scratch.write(text)
        Path(scratch.name).replace(file)
    except OSError:
        # A home that can't be written costs half a second at each start, no more.
        return


def _headers() -> Path:
    for folder in (Path("/usr/include"), Path("/usr/local/include")):
        if (folder / "simavr" / "sim_avr.h").exists():
            return folder / "simavr"
    raise ToolMissing("the headers of libsimavr are not installed", mend=_mend())


def _mend() -> str:
    return f"run: {project.system_mend('libsimavr-dev', 'gcc', 'libc6-dev')}"


def _ask_compiler(source: bytes, include: Path) -> str:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise ToolMissing("a C compiler is not installed", mend=_mend())
    with tempfile.TemporaryDirectory() as folder:
        file, program = Path(folder) / "layout.c", Path(folder) / "layout"
        file.write_bytes(source)
        arguments = [compiler, "-I", str(include), str(file), "-o", str(program)]
        built = subprocess.run(arguments, capture_output=True, text=True, check=False)
        if built.returncode != 0:
            raise ToolFailed(
                built.stderr.strip().splitlines()[0] if built.stderr else "the compiler failed",
                where="layout.c",
                mend=_mend(),
            )
        run = subprocess.run([str(program)], capture_output=True, text=True, check=False)
        if run.returncode != 0:
            raise ToolFailed("it did not run", where="layout.c", mend=_mend())
    return run.stdout
