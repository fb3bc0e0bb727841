"""SKiDL circuits from catalogue parts, with SKiDL kept from leaving traces.

Importing SKiDL takes a while and writes log files where it runs, so it happens here, on
demand and in a temporary folder.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import re
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from realnet_hw import project
from realnet_hw.errors import InputError, ToolMissing
from realnet_hw.parts.catalogue import part_type

_OWN_SYMBOLS = Path(__file__).parent / "symbols"
_SYMBOL_FOLDERS = (Path("/usr/share/kicad/symbols"), Path("/usr/local/share/kicad/symbols"))


@functools.cache
def symbol_folder() -> Path:
    """Return the folder of KiCad 9's symbol libraries.

    ``KICAD9_SYMBOL_DIR`` names another one than the system's.

    Raises:
        ToolMissing: there is none.
    """
    named = os.environ.get("KICAD9_SYMBOL_DIR")
    for folder in (Path(named),) if named else _SYMBOL_FOLDERS:
        if (folder / "Device.kicad_sym").is_file():
            return folder
    raise ToolMissing(
        "KiCad 9's symbol libraries are not installed",
        mend=f"run: {project.system_mend('kicad-symbols')}",
    )


def symbol_library(name: str) -> Path:
    """Return the file of a symbol library: our own, or KiCad's.

    Raises:
        InputError: there is no such library.
        ToolMissing: KiCad's libraries are not installed.
    """
    own = _OWN_SYMBOLS / f"{name}.kicad_sym"
    path = own if own.is_file() else symbol_folder() / own.name
    if not path.is_file():
        raise InputError(f"no symbol library {name!r}", where=str(symbol_folder()))
    return path


@contextlib.contextmanager
def _elsewhere() -> Iterator[None]:
    """Work in a temporary folder, so that what SKiDL drops goes with it."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)


@contextlib.contextmanager
def _missing(package: str) -> Iterator[None]:
    """Let a package look as if it were not installed.

    SKiDL does without InSpice, which simulates, and then needs a quarter of the time to import: it
    brings matplotlib.
    """
    kept = sys.modules.get(package)
    sys.modules[package] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[package]
        if kept is not None:
            sys.modules[package] = kept


@functools.cache
def _skidl() -> Any:
    """Import SKiDL once, set to KiCad 9's own libraries and silent."""
    folder = symbol_folder()
    os.environ.setdefault("KICAD9_SYMBOL_DIR", str(folder))
    logger_class = logging.getLoggerClass()
    silent = contextlib.redirect_stderr(None), contextlib.redirect_stdout(None)
    with _elsewhere(), _missing("InSpice"), silent[0], silent[1]:
        import skidl

        skidl.set_default_tool(skidl.KICAD9)
        skidl.lib_search_paths[skidl.KICAD9][:] = [str(folder)]
        for logger in (skidl.logger.rt_logger, skidl.erc_logger):
            logger.stop_file_output()
            logger.handlers[:] = [logging.NullHandler()]
        skidl.config.query_backup_lib = False
    # SKiDL sets its own class for everybody's loggers, and it can't log what numba's do.
    logging.setLoggerClass(logger_class)
    return skidl


def connect(parts: Iterable[tuple[str, str, str, Mapping[str, str]]], supply_nets: set[str]) -> Any:
    """Return a SKiDL circuit of catalogue parts.

    Args:
        parts: reference, key in the catalogue, value, and pin number to net name; the other pins
            stay unconnected.
        supply_nets: nets that a supply drives.
    """

    def describe(circuit: Any) -> None:
        nets: dict[str, Any] = {}
        skidl = _skidl()
        for reference, key, value, pins in parts:
            part = catalogue_part(circuit, key, reference, value)
            for pin, net in pins.items():
                if net not in nets:
                    nets[net] = skidl.Net(net, circuit=circuit)
                part[pin] += nets[net]
            # Where that was not meant, the drawing has no mark at the pin and KiCad complains.
            for number in {pin.num for pin in part.pins} - set(pins):
                part[number] += circuit.NC

    return fill(describe, supply_nets)


def fill(describe: Callable[[Any], None], supply_nets: set[str]) -> Any:
    """Return a fresh SKiDL circuit that ``describe`` has filled."""
    skidl = _skidl()
    with _elsewhere(), _excerpts_for_libraries(skidl), _untraced(skidl):
        circuit = skidl.Circuit()
        circuit.no_files = True
        describe(circuit)
        circuit.merge_nets()
        for net in circuit.nets:
            if net.name in supply_nets:
                net.drive = skidl.POWER
    return circuit


def catalogue_part(circuit: Any, key: str, reference: str, value: str = "") -> Any:
    """Add a part of the catalogue to a SKiDL circuit and return it, a ``skidl.Part``.

    Args:
        circuit: the SKiDL circuit.
        key: its key in the catalogue.
        reference: "R7".
        value: as printed; empty for the catalogue's own.

    Raises:
        InputError: the catalogue or KiCad's libraries have no such part.
    """
    kind = part_type(key)
    part = _template(kind.symbol)(
        ref=reference,
        value=value or kind.value or kind.symbol.rpartition(":")[2],
        footprint=kind.footprint,
        tag=reference,
        circuit=circuit,
    )
    for field, text in part_fields(key, value).items():
        part.fields[field] = text
    return part


def symbol_of(part: Any) -> str:
    """Return the KiCad symbol of a ``skidl.Part``, as ``Library:Name``."""
    library = str(getattr(part.lib, "filename", part.lib))
    return f"{library.rsplit('/', 1)[-1].removesuffix('.kicad_sym')}:{part.name}"


def is_no_element(symbol: str) -> bool:
    """Return whether a KiCad symbol is of no circuit element, which SPICE need not model.

    Such are connectors, test points, mounting holes: the libraries Connector* and Mechanical.
    """
    return symbol.startswith(("Connector:", "Connector_", "Mechanical:"))


def imported_quietly(path: Path) -> None:
    """Import SKiDL here first if a program does, so that it leaves no file where that one runs."""
    if re.search(r"^\s*(?:from|import)\s+skidl\b", path.read_text("utf-8"), re.MULTILINE):
        _skidl()


@functools.cache
def _template(symbol: str) -> Any:
    """Return a part to copy, ``skidl.Part``, for a KiCad symbol ``Library:Name``.

    KiCad's libraries hold hundreds of symbols and SKiDL reads each whole: it gets an excerpt.
    """
    library, _, name = symbol.partition(":")
    text = _excerpt(symbol_library(library), name)
    skidl = _skidl()
    with _elsewhere():
        folder = Path.cwd()
        path = folder / f"{library}.kicad_sym"
        path.write_text(text, encoding="utf-8")
        kept, skidl.config.pickle_dir = skidl.config.pickle_dir, str(folder)
        try:
            with warnings.catch_warnings():
                # SKiDL leaves the library's file to the garbage collector.
                warnings.simplefilter("ignore", ResourceWarning)
                return skidl.Part(str(path), name, dest=skidl.TEMPLATE)
        finally:
            skidl.config.pickle_dir = kept


class _Library:
    """One of KiCad's libraries as SKiDL asks for it, of which only what is used gets read."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __getitem__(self, symbol: str) -> Any:
        return _template(f"{self.name}:{symbol}")


@contextlib.contextmanager
def _excerpts_for_libraries(skidl: Any) -> Iterator[None]:
    """Let ``Part("Device", "R")`` read one symbol; SKiDL reads the library whole, for seconds."""
    whole = skidl.SchLib

    def library(filename: str = "", *arguments: Any, **keywords: Any) -> Any:
        name = filename.removesuffix(".kicad_sym")
        if "/" not in name:
            with contextlib.suppress(InputError):
                symbol_library(name)
                return _Library(name)
        return whole(filename, *arguments, **keywords)

    skidl.SchLib = library
    try:
        yield
    finally:
        skidl.SchLib = whole


@contextlib.contextmanager
def _untraced(skidl: Any) -> Iterator[None]:
    """Have SKiDL not note which lines of Python made each part: most of a circuit's time."""
    module: Any = sys.modules[skidl.Circuit.__module__]
    traced = module.get_skidl_trace
    module.get_skidl_trace = list
    try:
        yield
    finally:
        module.get_skidl_trace = traced


# KiCad takes the CONT pin of a 555 for an open collector, and what drives it for an error; and a
# converter's reference for a supply, which nothing but another supply may feed.
_MISTAKEN_PIN = re.compile(
    r"\(pin (?:open_collector|power_in)"
    r'( line\s+\(at [^)]*\)\s+\(length [^)]*\)\s+\(name "(?:CONT|Vref)")'
)


def library_text(path: Path) -> str:
    """Return the text of one of KiCad's symbol libraries, without two mistakes.

    The CONT pin of 555 timers and the reference of converters are passive.

    Raises:
        OSError: the file can't be read.
    """
    return _MISTAKEN_PIN.sub(r"(pin passive\1", path.read_text(encoding="utf-8"))


def _excerpt(path: Path, name: str) -> str:
    """Return a symbol library with one symbol and those that it extends."""
    try:
        text = library_text(path)
    except OSError:
        text = ""
    symbols: list[str] = []
    while name:
        start = text.find(f'\n\t(symbol "{name}"')
        end = text.find("\n\t)", start)
        if start < 0 or end < 0:
            raise InputError(f"KiCad has no symbol {name!r}", where=str(path))
        symbols.insert(0, text[start:end] + "\n\t)")
        extends = re.search(r'\n\t\t\(extends "([^"]+)"\)', symbols[0])
        name = extends.group(1) if extends else ""
    head = '(kicad_symbol_lib\n\t(version 20241209)\n\t(generator "realnet_hw")'
    return head + "".join(symbols) + "\n)\n"


def part_fields(key: str, value: str = "") -> dict[str, str]:
    """Return the fields that a catalogue part carries through every file, in a fixed order.

    Args:
        key: its key in the catalogue.
        value: as printed; empty for the catalogue's own.
    """
    kind = part_type(key)
    fields = {"Catalogue": key}
    if kind.is_bought:
        fields["Manufacturer"] = kind.manufacturer
        # What nobody makes has no part number.
        if kind.is_made(value):
            fields["MPN"] = kind.part_number(value or kind.value)
    if kind.tolerance is not None:
        fields["Tolerance"] = f"{kind.tolerance * 100:g} %"
    return fields | kind.sim


def electrical_rules(circuit: Any) -> list[str]:
    """Run SKiDL's electrical rules check and return its errors and warnings."""
    skidl = _skidl()
    found: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.levelno >= logging.WARNING:
                found.append(record.getMessage())

    handler = Collector()
    skidl.erc_logger.addHandler(handler)
    try:
        with _elsewhere(), contextlib.redirect_stderr(None), contextlib.redirect_stdout(None):
            circuit.ERC()
    finally:
        skidl.erc_logger.removeHandler(handler)
    return found
