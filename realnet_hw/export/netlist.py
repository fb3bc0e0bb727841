"""The netlist: what SKiDL, the drawn schematic and every other form of a board must agree on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from realnet_hw.board import reference_order
from realnet_hw.drawing import sexpr
from realnet_hw.errors import InputError
from realnet_hw.parts.skidl_parts import symbol_of

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
    """Parts and the nets between them.

    Args:
        parts: in the order of references.
        described: the netlist of the board's description where this one is for another way of
            assembly; None if it is the description's own.
    """

    parts: Mapping[str, NetlistPart]
    described: Netlist | None = None

    def nets(self) -> dict[str, frozenset[tuple[str, str]]]:
        """Return the (reference, pin number) pairs of every net."""
        found: dict[str, set[tuple[str, str]]] = {}
        for part in self.parts.values():
            for pin, net in part.pins.items():
                found.setdefault(net, set()).add((part.reference, pin))
        return {net: frozenset(pins) for net, pins in sorted(found.items())}

    def sha256(self) -> str:
        """Return the circuit's hash: parts, values, models and nets, whatever draws them.

        It is the description's, so that it is the same for every way of assembly.
        """
        if self.described is not None:
            return self.described.sha256()
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
            symbol=symbol_of(part),
            footprint=str(part.footprint),
            fields=dict(sorted(fields.items())),
            pins=dict(sorted(pins.items())),
        )
    return Netlist(parts)


STANDARD_FIELDS = {"Footprint", "Datasheet", "Description"}
"""Fields that every KiCad symbol has; its netlist keeps them apart from a part's own."""


def from_kicad(text: str) -> Netlist:
    """Read the netlist that ``kicad-cli sch export netlist --format kicadsexpr`` writes.

    Power flags and power symbols are left out: they are drawing aids, not parts.

    Raises:
        InputError: not such a netlist.
    """
    tree = sexpr.parse(text)
    nets, components = sexpr.child(tree, "nets"), sexpr.child(tree, "components")
    if nets is None or components is None:
        raise InputError("not a KiCad netlist", mend="export it with kicad-cli")
    pins: dict[str, dict[str, str]] = {}
    for net in sexpr.children(nets, "net"):
        for node in sexpr.children(net, "node"):
            reference, pin = sexpr.word(node, "ref"), sexpr.word(node, "pin")
            pins.setdefault(reference, {})[pin] = sexpr.word(net, "name")
    parts = {}
    for component in sexpr.children(components, "comp"):
        reference = sexpr.word(component, "ref")
        if reference.startswith("#"):
            continue
        fields = {
            sexpr.word(field, "name"): str(field[2])
            for field in sexpr.children(sexpr.child(component, "fields") or [], "field")
            if len(field) > 2 and sexpr.word(field, "name") not in STANDARD_FIELDS
        }
        source = sexpr.child(component, "libsource") or []
        parts[reference] = NetlistPart(
            reference=reference,
            value=sexpr.word(component, "value"),
            symbol=f"{sexpr.word(source, 'lib')}:{sexpr.word(source, 'part')}",
            footprint=sexpr.word(component, "footprint"),
            fields=dict(sorted(fields.items())),
            pins=dict(sorted(pins.get(reference, {}).items())),
        )
    return Netlist(dict(sorted(parts.items(), key=lambda item: reference_order(item[0]))))
