"""The nets that holes, wires and strips make, read back and compared with the circuit.

This looks at nothing but which lead is in which hole: not at what placing and wiring had in mind.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from realnet_hw.export.breadboard.holes import Hole, strip_of
from realnet_hw.export.breadboard.parts import kind_of
from realnet_hw.export.breadboard.placement import Layout
from realnet_hw.export.breadboard.wiring import Wiring
from realnet_hw.export.netlist import Netlist


class _Groups:
    """Things that are joined with each other."""

    def __init__(self) -> None:
        self._next: dict[Hashable, Hashable] = {}

    def of(self, thing: Hashable) -> Hashable:
        while thing in self._next:
            thing = self._next[thing]
        return thing

    def join(self, one: Hashable, other: Hashable) -> None:
        one, other = self.of(one), self.of(other)
        if one != other:
            self._next[one] = other


def differences(netlist: Netlist, layout: Layout, wiring: Wiring) -> list[str]:
    """Return in words where the breadboards are not the circuit; empty if they are.

    Parts that stand outside (connectors, test points) count by their signals' holes.
    """
    found = _shared_holes(layout, wiring)
    joined = _Groups()
    for wire in wiring.wires:
        joined.join(strip_of(wire.one), strip_of(wire.other))
    for bridge in layout.bridges:
        joined.join(strip_of(bridge.upper), strip_of(bridge.lower))
    place = {
        (part.reference, pin): joined.of(strip_of(hole))
        for part in layout.parts
        for pin, hole in part.holes.items()
    }
    for tap in wiring.taps:
        place[tap.name, ""] = joined.of(strip_of(tap.hole))
    want: dict[tuple[str, str], str] = {}
    for reference, pin in place:
        if pin:
            want[reference, pin] = netlist.parts[reference].pins.get(pin, f"{reference}.{pin}")
    want |= {(tap.name, ""): tap.net for tap in wiring.taps}
    missing = {part.reference for part in layout.parts} ^ {
        reference for reference, part in netlist.parts.items() if kind_of(part).shape != "outside"
    }
    found += [f"{reference} is on one side only" for reference in sorted(missing)]
    return found + _compared(place, want)


def _compared(
    place: Mapping[tuple[str, str], Hashable], want: Mapping[tuple[str, str], str]
) -> list[str]:
    """Compare two ways of dividing the same leads."""
    found = []
    net_at: dict[Hashable, tuple[str, str]] = {}
    place_of: dict[str, tuple[Hashable, str]] = {}
    for lead, net in want.items():
        name = ".".join(lead).rstrip(".")
        there = place[lead]
        other_net, other = net_at.setdefault(there, (net, name))
        if other_net != net:
            found.append(f"{name} of {net} is joined with {other} of {other_net}")
        other_place, other = place_of.setdefault(net, (there, name))
        if other_place != there:
            found.append(f"{name} of {net} is not joined with {other}")
    return found


def _shared_holes(layout: Layout, wiring: Wiring) -> list[str]:
    """Return the holes that more than one lead would have to go into."""
    holes: dict[Hole, str] = {}
    found = []
    leads = [
        *((hole, part.reference) for part in layout.parts for hole in part.holes.values()),
        *((hole, f"wire of {w.net}") for w in wiring.wires for hole in (w.one, w.other)),
        *((hole, f"bridge of {b.net}") for b in layout.bridges for hole in (b.upper, b.lower)),
        *((tap.hole, f"signal {tap.name}") for tap in wiring.taps),
    ]
    for hole, what in leads:
        other = holes.setdefault(hole, what)
        if other is not what:
            found.append(f"{other} and {what} are both in {hole}")
    return found
