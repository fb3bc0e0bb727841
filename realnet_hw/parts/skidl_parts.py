"""SKiDL circuits from catalogue parts, with SKiDL kept from leaving traces.

Importing SKiDL takes most of a second and writes log files where it runs, so it happens here, on
demand and in a temporary folder.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from realnet_hw.errors import InputError, ToolMissing
from realnet_hw.parts.catalogue import part_type

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
    raise ToolMissing("KiCad 9's symbol libraries are not installed", mend="run `make setup`")


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


@functools.cache
def _skidl() -> Any:
    """Import SKiDL once, set to KiCad 9's own libraries and silent."""
    folder = symbol_folder()
    os.environ.setdefault("KICAD9_SYMBOL_DIR", str(folder))
    with _elsewhere(), contextlib.redirect_stderr(None), contextlib.redirect_stdout(None):
        import skidl

        skidl.set_default_tool(skidl.KICAD9)
        skidl.lib_search_paths[skidl.KICAD9][:] = [str(folder)]
        for logger in (skidl.logger.rt_logger, skidl.erc_logger):
            logger.stop_file_output()
            logger.handlers.clear()
    return skidl


def connect(parts: Iterable[tuple[str, str, str, Mapping[str, str]]], supply_nets: set[str]) -> Any:
    """Return a SKiDL circuit of catalogue parts.

    Args:
        parts: reference, key in the catalogue, value, and pin number to net name.
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

    return fill(describe, supply_nets)


def fill(describe: Callable[[Any], None], supply_nets: set[str]) -> Any:
    """Return a fresh SKiDL circuit that ``describe`` has filled."""
    skidl = _skidl()
    with _elsewhere():
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
    skidl = _skidl()
    kind = part_type(key)
    library, _, name = kind.symbol.partition(":")
    try:
        part = skidl.Part(
            library,
            name,
            ref=reference,
            value=value or kind.value or name,
            footprint=kind.footprint,
            tag=reference,
            circuit=circuit,
        )
    except (ValueError, FileNotFoundError) as error:
        raise InputError(f"KiCad has no symbol {kind.symbol}", where=reference) from error
    for field, text in part_fields(key, value).items():
        part.fields[field] = text
    return part


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
