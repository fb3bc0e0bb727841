"""A breadboard guide: the layout with its steps, in the order in which one builds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from realnet_hw import units
from realnet_hw.board import Board
from realnet_hw.export.breadboard.check import differences
from realnet_hw.export.breadboard.colours import bands
from realnet_hw.export.breadboard.holes import RAILS
from realnet_hw.export.breadboard.parts import kind_of
from realnet_hw.export.breadboard.placement import Layout, Placed, place
from realnet_hw.export.breadboard.wiring import Wiring, rails_for, sides_of, wire
from realnet_hw.export.netlist import Netlist
from realnet_hw.export.pcb.floorplan import groups


@dataclass(frozen=True)
class Step:
    """One thing to do: what, where, and what to look at."""

    stage: str
    what: str
    where: str
    note: str = ""


@dataclass(frozen=True)
class Guide:
    """A circuit on breadboards, with its steps."""

    title: str
    netlist: Netlist
    layout: Layout
    wiring: Wiring
    steps: tuple[Step, ...]


def breadboard_guide(board: Board, netlist: Netlist) -> Guide:
    """Put a board's circuit on solderless breadboards.

    Raises:
        CircuitRefused: parts without wires, too many supplies, or more than three breadboards; or
            the holes do not make the circuit.
    """
    rails = rails_for([(supply.net, supply.volts) for supply in board.supplies])
    layout = place(netlist, groups(board, netlist), sides_of(rails))
    used = set(layout.used.values())
    named = [
        *((port.name, port.net) for port in board.ports),
        *((point.name, point.net) for point in board.test_points),
    ]
    wiring = wire(layout, rails, [(name, net) for name, net in named if net in used])
    wrong = differences(netlist, layout, wiring)
    if wrong:
        raise AssertionError(f"{board.name}: {'; '.join(wrong)}")
    return Guide(board.title, netlist, layout, wiring, tuple(_steps(board, netlist, layout, wiring)))


def _steps(board: Board, netlist: Netlist, layout: Layout, wiring: Wiring) -> Iterator[Step]:
    tall = sorted(layout.parts, key=lambda part: kind_of(netlist.parts[part.reference]).shape != "dip")
    for part in tall:
        yield _part_step(part, netlist)
    for bridge in layout.bridges:
        yield Step("Bridges", f"wire {bridge.net}", f"{bridge.upper} to {bridge.lower}")
    to_rails = [w for w in wiring.wires if w.one.row in RAILS or w.other.row in RAILS]
    for each in to_rails:
        yield Step("Rails", f"wire {each.net}", f"{each.one} to {each.other}")
    for each in sorted(
        (w for w in wiring.wires if w not in to_rails), key=lambda w: (w.net, w.one)
    ):
        yield Step("Wires", f"wire {each.net}", f"{each.one} to {each.other}")
    for tap in wiring.taps:
        yield Step("Signals", tap.name, str(tap.hole), "to the fixture, or to measure")
    for supply in sorted(board.supplies, key=lambda supply: supply.order):
        rail = next(name for name, net in wiring.rails.items() if net == supply.net)
        yield Step("Power, last of all", f"{supply.volts:g} V", f"rail {rail}", supply.net)


def _part_step(part: Placed, netlist: Netlist) -> Step:
    about = netlist.parts[part.reference]
    shape = kind_of(about).shape
    what = f"{part.reference} {about.value}"
    if shape == "dip":
        notch = "right" if part.turned else "left"
        return Step("Packages", what, f"pin 1 in {part.holes['1']}", f"notch to the {notch}")
    if shape == "to92":
        return Step("Parts", what, f"pin 1 in {part.holes['1']}", "flat side down in the picture")
    (pin, hole), (_, other) = part.holes.items()
    note = ""
    if part.reference.startswith("R"):
        note = " ".join(resistor_bands(about.value, about.fields))
    elif part.reference.startswith("D"):
        note = f"band (cathode) at {part.holes['1']}"
    elif shape == "radial":
        note = f"plus (long lead) at {part.holes['1']}"
    return Step("Parts", what, f"{hole} to {other}", note)


def resistor_bands(value: str, fields: Mapping[str, str]) -> tuple[str, ...]:
    """Return the colour bands of a resistor by its value and its field ``Tolerance``."""
    percent = fields.get("Tolerance", "").removesuffix("%").strip()
    return bands(units.parse(value, "ohm"), float(percent) / 100) if percent else ()
