"""Layout versus schematic: whether two netlists describe the same circuit, pin by pin.

Electrical rules checks do not see a wrong connection that is electrically fine. This does: nets
are compared as sets of pins, then by name, and parts by value, symbol, footprint and fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from realnet_hw.export.netlist import STANDARD_FIELDS, Netlist, NetlistPart

_Pins = frozenset[tuple[str, str]]


def differences(left: Netlist, right: Netlist, *, names: tuple[str, str]) -> list[str]:
    """Return in words how two netlists differ; an empty list says that they are one circuit.

    The path before a net's name, by which KiCad says on which sheet it is, makes no difference.

    Args:
        left, right: the netlists.
        names: what to call them ("SKiDL", "the schematic").
    """
    return [*_part_differences(left, right, names), *_net_differences(left, right, names)]


def _part_differences(left: Netlist, right: Netlist, names: tuple[str, str]) -> Iterator[str]:
    for reference in [*left.parts, *(ref for ref in right.parts if ref not in left.parts)]:
        mine, other = left.parts.get(reference), right.parts.get(reference)
        if mine is None or other is None:
            absent, present = (0, 1) if mine is None else (1, 0)
            yield f"{reference} is in {names[present]} but not in {names[absent]}"
            continue
        seen, told = _described(mine), _described(other)
        for key in sorted(seen.keys() | told.keys()):
            if seen.get(key, "") != told.get(key, ""):
                yield (
                    f"{reference} {key}: {seen.get(key, '')!r} in {names[0]}, "
                    f"{told.get(key, '')!r} in {names[1]}"
                )


# KiCad turns Sim.Enable into an attribute of the symbol, which its netlist leaves out; the
# comparison of the SPICE decks shows whether it has the same effect. The standard fields stand
# apart there; the comparison of the bills of materials sees them.
_NOT_EXPORTED = {"Sim.Enable", *STANDARD_FIELDS}


def _described(part: NetlistPart) -> dict[str, str]:
    return {
        **{name: text for name, text in part.fields.items() if name not in _NOT_EXPORTED},
        "value": part.value,
        "symbol": part.symbol,
        "footprint": part.footprint,
    }


def _net_differences(left: Netlist, right: Netlist, names: tuple[str, str]) -> Iterator[str]:
    mine, other = _by_pins(left), _by_pins(right)
    # An unconnected pin may stand as a net of one pin or not at all.
    for pins in sorted((mine.keys() ^ other.keys()), key=sorted):
        if len(pins) < 2:
            continue
        side = 0 if pins in mine else 1
        net = (mine if side == 0 else other)[pins]
        there = _where(pins, (other, mine)[side])
        yield f"{names[side]} alone has net {net} of {_listed(pins)}{there}"
    for pins in sorted(mine.keys() & other.keys(), key=sorted):
        if public_name(mine[pins]) != public_name(other[pins]):
            yield (
                f"the net of {_listed(pins)} is {mine[pins]!r} in {names[0]}, "
                f"{other[pins]!r} in {names[1]}"
            )


def public_name(net: str) -> str:
    """Return a net's name without the path of sheets that KiCad puts before it."""
    return net.rpartition("/")[2]


def _by_pins(netlist: Netlist) -> dict[_Pins, str]:
    return {pins: net for net, pins in netlist.nets().items()}


def _listed(pins: _Pins) -> str:
    return ", ".join(f"{reference}.{pin}" for reference, pin in sorted(pins))


def _where(pins: _Pins, opposite: Mapping[_Pins, str]) -> str:
    """Say which nets of the other side share these pins."""
    touched = sorted(net for others, net in opposite.items() if others & pins)
    return f" (there: {', '.join(touched)})" if touched else ""
