"""A breadboard guide: the layout with its steps, in the order in which one builds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from realnet_hw import units
from realnet_hw.board import Board
from realnet_hw.errors import CircuitRefused
from realnet_hw.export.breadboard.colours import INK, bands
from realnet_hw.export.breadboard.holes import RAILS, Hole
from realnet_hw.export.breadboard.parts import kind_of
from realnet_hw.export.breadboard.paths import Paths, paths
from realnet_hw.export.breadboard.placement import Layout, Placed, layouts
from realnet_hw.export.breadboard.wiring import Wiring, rails_for, sides_of, wire
from realnet_hw.export.groups import groups
from realnet_hw.export.netlist import Netlist

# Where wires cross more often, other layouts on as many boards are not worth the search.
_MANY = 10


@dataclass(frozen=True)
class Step:
    """One thing to do: what, where, what to look at, and the colours of a resistor's bands."""

    stage: str
    what: str
    where: str
    note: str = ""
    bands: tuple[str, ...] = ()


@dataclass(frozen=True)
class Guide:
    """A circuit on breadboards, with its steps; ``crossings`` counts where wires cross."""

    title: str
    netlist: Netlist
    layout: Layout
    wiring: Wiring
    paths: Paths
    crossings: int
    steps: tuple[Step, ...]


def breadboard_guide(board: Board, netlist: Netlist) -> Guide:
    """Put a board's circuit on solderless breadboards.

    Raises:
        CircuitRefused: parts without wires, too many supplies, or more than three breadboards.
    """
    rails = rails_for([(supply.net, supply.volts) for supply in board.supplies])
    used = {
        net
        for part in netlist.parts.values()
        if kind_of(part).shape != "outside"
        for net in part.pins.values()
    }
    named = [
        *((port.name, port.net) for port in board.ports if port.net in used),
        *((point.name, point.net) for point in board.test_points if point.net in used),
    ]
    crossings, layout, wiring, run = _best(
        layouts(netlist, groups(board, netlist), sides_of(rails), [net for _, net in named]),
        rails,
        named,
    )
    steps = tuple(_steps(board, netlist, layout, wiring))
    return Guide(board.title, netlist, layout, wiring, run, crossings, steps)


def _best(
    tries: Iterable[Iterable[Layout]],
    rails: Mapping[str, str],
    named: Sequence[tuple[str, str]],
) -> tuple[int, Layout, Wiring, Paths]:
    """Return the layout whose wires cross least, as soon as there is one where none do."""
    refusal: CircuitRefused | None = None
    best: tuple[int, Layout, Wiring, Paths] | None = None
    for same_boards in tries:
        for layout in same_boards:
            try:
                wiring = wire(layout, rails, named)
            except CircuitRefused as error:
                refusal = error
                break
            run = paths(layout, wiring)
            crossings = run.crossings()
            if best is None or crossings < best[0]:
                best = crossings, layout, wiring, run
            if not crossings:
                return best
            if best[0] > _MANY:
                break
    if best is None:
        raise refusal or CircuitRefused("found no layout on breadboards")
    return best


def _steps(board: Board, netlist: Netlist, layout: Layout, wiring: Wiring) -> Iterator[Step]:
    def is_loose(part: Placed) -> bool:
        return kind_of(netlist.parts[part.reference]).shape != "dip"

    for part in sorted(layout.parts, key=is_loose):
        yield _part_step(part, netlist)
    for bridge in layout.bridges:
        yield Step("Over the channel", f"wire {bridge.net}", f"{bridge.upper} to {bridge.lower}")
    to_rails = [w for w in wiring.wires if w.one.row in RAILS or w.other.row in RAILS]
    for each in to_rails:
        ends = " to ".join(_named(hole, each.net) for hole in (each.one, each.other))
        yield Step("To the rails", f"wire {each.net}", ends)
    for each in sorted(
        (w for w in wiring.wires if w not in to_rails), key=lambda w: (w.net, w.one)
    ):
        yield Step("Wires", f"wire {each.net}", f"{each.one} to {each.other}")
    for tap in wiring.taps:
        yield Step("Signals", tap.name, str(tap.hole), "to the fixture, or to measure")
    volts = {supply.net: supply.volts for supply in board.supplies}
    for net in ("GND", *(s.net for s in sorted(board.supplies, key=lambda s: s.order))):
        feed = _named(wiring.feeds[net], net)
        yield Step("Power, last of all", f"{volts.get(net, 0.0):g} V", feed)


def _named(hole: Hole, net: str) -> str:
    """Return a hole as one looks for it: a rail by its net and its edge."""
    if hole.row not in RAILS:
        return str(hole)
    edge = "upper" if hole.row.startswith("1") else "lower"
    board = f" of board {hole.board + 1}" if hole.board else ""
    return f"{edge} {net} rail{board}, column {hole.column}"


def _part_step(part: Placed, netlist: Netlist) -> Step:
    about = netlist.parts[part.reference]
    shape = kind_of(about).shape
    what = f"{part.reference} {about.value}"
    if shape == "dip":
        notch = "right" if part.turned else "left"
        return Step("Packages", what, f"pin 1 in {part.holes['1']}", f"notch to the {notch}")
    if shape == "inline":
        flat = "upper" if part.turned else "lower"
        return Step("Parts", what, f"pin 1 in {part.holes['1']}", f"flat side to the {flat} edge")
    hole, other = sorted(part.holes.values())
    note = ""
    if part.reference.startswith("R"):
        colours = resistor_bands(about.value, about.fields)
        inks = tuple(INK[colour] for colour in colours)
        return Step("Parts", what, f"{hole} to {other}", " ".join(colours), inks)
    if part.reference.startswith("D"):
        note = f"band (cathode) at {part.holes['1']}"
    elif shape == "radial":
        note = f"plus (long lead) at {part.holes['1']}"
    return Step("Parts", what, f"{hole} to {other}", note)


def resistor_bands(value: str, fields: Mapping[str, str]) -> tuple[str, ...]:
    """Return the colour bands of a resistor by its value and its field ``Tolerance``."""
    percent = fields.get("Tolerance", "").removesuffix("%").strip()
    return bands(units.parse(value, "ohm"), float(percent) / 100) if percent else ()
