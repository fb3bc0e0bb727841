"""The netlist: what SKiDL, the drawn schematic and every other form of a board must agree on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from realnet_hw.board import reference_order
from realnet_hw.errors import InputError

if TYPE_CHECKING:
    from realnet_hw.board import Board


@dataclass(frozen=True)
class NetlistPart:
    """A part as a netlist knows it.

    Args:
        reference: "R7".
        value: as printed.
        symbol: KiCad symbol, ``Library:Name``.
        footprint: KiCad footprint, ``Library:Name``.
        fields: further fields by name, without those that are empty.
        pins: pin number to net name; unconnected pins are left out.
    """

    reference: str
    value: str
    symbol: str
    footprint: str
    fields: Mapping[str, str]
    pins: Mapping[str, str]


@dataclass(frozen=True)
class Netlist:
    """Parts and the nets between them; ``parts`` is in the order of references."""

    parts: Mapping[str, NetlistPart]

    def nets(self) -> dict[str, frozenset[tuple[str, str]]]:
        """Return the (reference, pin number) pairs of every net."""
        found: dict[str, set[tuple[str, str]]] = {}
        for part in self.parts.values():
            for pin, net in part.pins.items():
                found.setdefault(net, set()).add((part.reference, pin))
        return {net: frozenset(pins) for net, pins in sorted(found.items())}

    def sha256(self) -> str:
        """Return the circuit's hash: parts, values, models and nets, whatever draws them."""
        content = [
            [part.reference, part.value, part.symbol, sorted(part.fields.items()),
             sorted(part.pins.items())]
            for part in self.parts.values()
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()


def from_board(board: Board) -> Netlist:
    """Return the netlist of a board's SKiDL circuit."""
    return from_skidl(board.circuit())


def from_skidl(circuit: Any) -> Netlist:
    """Return the netlist of a SKiDL circuit."""
    parts = {}
    for part in sorted(circuit.parts, key=lambda part: reference_order(part.ref)):
        fields = {str(name): str(text) for name, text in part.fields.items() if str(text)}
        pins = {
            str(pin.num): str(pin.net.name)
            for pin in part.pins
            if pin.is_connected() and pin.net is not None
        }
        parts[part.ref] = NetlistPart(
            reference=part.ref,
            value=str(part.value),
            symbol=f"{_library(part)}:{part.name}",
            footprint=str(part.footprint),
            fields=dict(sorted(fields.items())),
            pins=dict(sorted(pins.items())),
        )
    return Netlist(parts)


def _library(part: Any) -> str:
    """Return the name of the library that a SKiDL part came from, without folder and ending."""
    name = str(getattr(part.lib, "filename", part.lib))
    return name.rsplit("/", 1)[-1].removesuffix(".kicad_sym")


_STANDARD_FIELDS = {"Footprint", "Datasheet", "Description"}


def from_kicad(text: str) -> Netlist:
    """Read the netlist that ``kicad-cli sch export netlist --format kicadsexpr`` writes.

    Power flags and power symbols are left out: they are drawing aids, not parts.

    Raises:
        InputError: not such a netlist.
    """
    from simp_sexp import Sexp

    tree = Sexp(text)
    if not tree or tree[0] != "export":
        raise InputError("not a KiCad netlist", mend="export it with kicad-cli")
    pins: dict[str, dict[str, str]] = {}
    for net in _children(_child(tree, "nets"), "net"):
        name = str(_child(net, "name")[1])
        for node in _children(net, "node"):
            reference = str(_child(node, "ref")[1])
            pins.setdefault(reference, {})[str(_child(node, "pin")[1])] = name
    parts = {}
    for component in _children(_child(tree, "components"), "comp"):
        reference = str(_child(component, "ref")[1])
        if reference.startswith("#"):
            continue
        fields = {}
        for field in _children(_child(component, "fields"), "field"):
            name = str(_child(field, "name")[1])
            if len(field) > 2 and str(field[2]) and name not in _STANDARD_FIELDS:
                fields[name] = str(field[2])
        source = _child(component, "libsource")
        footprint = _child(component, "footprint")
        parts[reference] = NetlistPart(
            reference=reference,
            value=str(_child(component, "value")[1]),
            symbol=f"{_child(source, 'lib')[1]}:{_child(source, 'part')[1]}",
            footprint=str(footprint[1]) if len(footprint) > 1 else "",
            fields=dict(sorted(fields.items())),
            pins=dict(sorted(pins.get(reference, {}).items())),
        )
    return Netlist(dict(sorted(parts.items(), key=lambda item: reference_order(item[0]))))


def _children(node: Any, key: str) -> list[Any]:
    return [child for child in node if isinstance(child, list) and child and child[0] == key]


def _child(node: Any, key: str) -> Any:
    found = _children(node, key)
    return found[0] if found else []
