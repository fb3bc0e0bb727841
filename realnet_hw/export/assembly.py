"""A netlist for another way of assembly: each part in its form for surface mounting.

A board is described once, with through-hole parts. Here alone a part gets another package, with the
part number, symbol and pin numbers that go with it. The circuit stays what it was, and so does its
hash: a prediction or a measurement holds for both.
"""

from __future__ import annotations

from dataclasses import replace

from realnet_hw.export.netlist import Netlist, NetlistPart
from realnet_hw.parts.catalogue import Assembly, part_type, smd_key
from realnet_hw.parts.skidl_parts import part_fields


def assembled(netlist: Netlist, assembly: Assembly) -> Netlist:
    """Return a netlist with the parts that an assembly calls for.

    Args:
        netlist: of a board's description.
        assembly: "tht" leaves it as it is; "smd" gives every catalogue part its form for surface
            mounting. What has none, such as connectors, stays.
    """
    if assembly == "tht":
        return netlist
    parts = {reference: _surface_mounted(part) for reference, part in netlist.parts.items()}
    return Netlist(parts, described=netlist)


def _surface_mounted(part: NetlistPart) -> NetlistPart:
    key = part.fields.get("Catalogue", "")
    form = part_type(key).smd if key else None
    if form is None:
        return part
    own, other = part_fields(key, part.value), part_fields(smd_key(key), part.value)
    kept = {name: text for name, text in part.fields.items() if name not in own}
    pins = {form.pins.get(number, number): net for number, net in part.pins.items()}
    return replace(
        part,
        symbol=form.symbol or part.symbol,
        footprint=form.footprint,
        fields=dict(sorted({**kept, **other}.items())),
        pins=dict(sorted(pins.items())),
    )
