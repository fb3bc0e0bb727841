"""Circuits in plain SKiDL: a user's function fills one, and it is made fit for everything after.

Ordinary ``Part`` and ``Net`` land in the board's own circuit. What SKiDL would do without a word
(rename a second R1, call a net N$1, take a part without footprint) is refused or put right here.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from realnet_hw import project
from realnet_hw.errors import InputError
from realnet_hw.parts import skidl_parts
from realnet_hw.parts.catalogue import catalogue, part_type, smd_key

_REFERENCE = re.compile(r"[A-Z]+[1-9][0-9]*")
_RENAMED = re.compile(r"(.+?)_[0-9]+")
_NET = re.compile(r"[A-Za-z0-9_+.\-]+")
_FIELD = re.compile(r"[A-Z][A-Za-z0-9_. ]*")
_LIBRARY = re.compile(r"models/[A-Za-z0-9_.\-]+\.lib")
_MADE_UP = re.compile(r"[NB]\$")
# What a part and its entry in the catalogue must agree on, beside symbol, value and model.
_OWN = ("Manufacturer", "MPN", "Tolerance")


def fill(describe: Callable[[Any], None], supply_nets: set[str], board: str) -> Any:
    """Return a fresh circuit that a user's function has filled, completed and checked.

    Inside the function the circuit is SKiDL's default one. A part whose symbol is that of a single
    catalogue entry, such as ``Part("Diode", "1N4148")``, gets that entry's model, spread and part
    number, and may not contradict it; attributes with a capital, as in
    ``Part(..., Tolerance="5 %")``, become fields; nets without a name get one from what drives
    them.

    Args:
        describe: called with the circuit.
        supply_nets: nets that a supply drives.
        board: the board's name, for messages.

    Raises:
        InputError: whatever the function raises, with its line, and what can't become a board.
        ToolMissing: KiCad's symbol libraries are not installed.
    """
    path = Path(getattr(getattr(describe, "__code__", None), "co_filename", board))

    def within(circuit: Any) -> None:
        with circuit, project.running(path):
            describe(circuit)

    circuit = skidl_parts.fill(within, supply_nets)
    if not circuit.parts:
        raise InputError("the plain circuit has no parts", where=board)
    _check_references(circuit, board)
    for part in circuit.parts:
        _complete(part)
    _name_nets(circuit)
    _check_nets(circuit, board)
    return circuit


def _check_references(circuit: Any, board: str) -> None:
    references = {part.ref for part in circuit.parts}
    for part in circuit.parts:
        renamed = _RENAMED.fullmatch(part.ref)
        if renamed and renamed.group(1) in references:
            raise InputError(
                f"two parts have the reference {renamed.group(1)}",
                where=board,
                mend="give each its own, or none and SKiDL numbers them",
            )
        if part.ref.startswith("#"):
            raise InputError(
                f"{part.ref} is a drawing's symbol, not a part",
                where=board,
                mend="name a net after the rail; the drawing gets its power symbols and flags",
            )
        if not _REFERENCE.fullmatch(part.ref):
            raise InputError(
                f"{part.ref!r} is no reference",
                where=board,
                allowed="capital letters and a number, such as R7",
            )


def _complete(part: Any) -> None:
    """Give a part its fields, tag, footprint and model where it has none; refuse what is missing.

    Raises:
        InputError: no footprint, a strange model library, or something that is not as the part's
            entry of the catalogue has it.
    """
    part.tag = part.ref
    for name, text in vars(part).items():
        if _FIELD.fullmatch(name) and isinstance(text, str) and text:
            part.fields[name] = text
    symbol = skidl_parts.symbol_of(part)
    key = part.fields.get("Catalogue", "")
    modelled = any(name.startswith("Sim.") for name in dict(part.fields))
    if key := key or ("" if modelled else _entry_of(symbol)):
        _adopt(part, symbol, key)
    elif not modelled and skidl_parts.is_no_element(symbol):
        part.fields["Sim.Enable"] = "0"
    library = part.fields.get("Sim.Library", "")
    if library and not _LIBRARY.fullmatch(str(library)):
        raise InputError(
            f"{library!r} is no model library",
            where=part.ref,
            allowed="models/NAME.lib, a file of that name in sim/models",
        )
    if not str(part.footprint):
        raise InputError(
            f"{symbol} has no footprint", where=part.ref, mend='give it footprint="Library:Name"'
        )


@functools.cache
def _entry_of(symbol: str) -> str:
    """Return the key of the one catalogue entry with a symbol; empty if none or several have it."""
    forms = {smd_key(key) for key in catalogue()}
    keys = [
        key
        for key, kind in catalogue().items()
        if kind.symbol == symbol and kind.sim and key not in forms
    ]
    return keys[0] if len(keys) == 1 else ""


def _adopt(part: Any, symbol: str, key: str) -> None:
    """Give a part the fields of its entry of the catalogue.

    Raises:
        InputError: the part says something else than its entry: it would be bought as the one and
            simulated as the other.
    """
    kind, value = part_type(key), str(part.value)
    own = skidl_parts.part_fields(key, value)
    told = {name: str(text) for name, text in part.fields.items() if str(text)}
    pairs = {"symbol": (symbol, kind.symbol)}
    if kind.value and value != symbol.rpartition(":")[2]:
        pairs["value"] = (value, kind.value)
    for name in (*_OWN, *(name for name in {**told, **own} if name.startswith("Sim."))):
        if name in told:
            pairs[name] = (told[name], own.get(name, "none"))
    for name, (said, entry) in pairs.items():
        if said.casefold() != entry.casefold():
            raise InputError(
                f"{name} {said!r} is not that of the catalogue's {key}",
                where=part.ref,
                allowed=entry,
                mend="use another entry, or a plain Part with a model of its own",
            )
    for name, text in own.items():
        part.fields[name] = text
    part.footprint = str(part.footprint) or kind.footprint


def _name_nets(circuit: Any) -> None:
    """Give every net that SKiDL numbered a name that a reader can place: U1A_OUT, or R3_2."""
    taken = {net.name for net in circuit.nets}
    for net in circuit.nets:
        pins = sorted(net.pins, key=lambda pin: (not _drives(pin), pin.part.ref, str(pin.num)))
        if not _MADE_UP.match(net.name) or not pins:
            continue
        base = f"{pins[0].part.ref}_{pins[0].num}"
        if _drives(pins[0]):
            base += "_OUT"
        name, count = base, 1
        while name in taken:
            count += 1
            name = f"{base}_{count}"
        taken.add(name)
        net.name = name


def _drives(pin: Any) -> bool:
    return bool(pin.func.name in ("OUTPUT", "PWROUT"))


def _check_nets(circuit: Any, board: str) -> None:
    """Refuse pins that KiCad leaves out, and names that can't be drawn or that SPICE confuses."""
    for part in circuit.parts:
        for pin in part.pins:
            if pin.func.name == "NOCONNECT" and pin.is_connected():
                raise InputError(
                    f"pin {pin.num} ({pin.name}) is not to be connected", where=part.ref
                )
    names = {net.name for net in circuit.nets if net.pins and net is not circuit.NC}
    if "GND" not in names:
        raise InputError("no net is called GND", where=board, mend='Net("GND") is the reference')
    seen: dict[str, str] = {}
    for name in sorted(names):
        if not _NET.fullmatch(name):
            raise InputError(
                f"net {name!r} can't be written on a drawing",
                where=board,
                allowed="letters, digits and _ + - .",
            )
        folded = "gnd" if name.upper() in ("GNDA", "0") else name.casefold()
        other = seen.setdefault(folded, name)
        if other != name:
            raise InputError(
                f"nets {other} and {name} would be one in SPICE", where=board, mend="rename one"
            )
