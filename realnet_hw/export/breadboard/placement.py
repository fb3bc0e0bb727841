"""Which part goes into which holes: found by a search, and written down as a layout."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from realnet_hw.errors import CircuitRefused
from realnet_hw.export.breadboard.arrange import (
    FIRST,
    ROOM,
    Arrangement,
    Task,
    Thing,
    arrange,
)
from realnet_hw.export.breadboard.holes import Hole, Strip, strip_of
from realnet_hw.export.breadboard.parts import kind_of, ways
from realnet_hw.export.groups import Group
from realnet_hw.export.netlist import Netlist, NetlistPart

MOST_BOARDS = 3
_SEEDS = 4


@dataclass(frozen=True)
class Placed:
    """A part in its holes, by pin number; ``turned`` where it is turned round."""

    reference: str
    holes: Mapping[str, Hole]
    turned: bool = False


@dataclass(frozen=True)
class Bridge:
    """A wire over the channel: one net on both sides of a column."""

    net: str
    upper: Hole
    lower: Hole


@dataclass(frozen=True)
class Layout:
    """What is in the holes but for wires along the rows; ``used`` says the net of each strip."""

    parts: tuple[Placed, ...]
    bridges: tuple[Bridge, ...]
    boards: int
    used: Mapping[Strip, str]


def layouts(
    netlist: Netlist,
    groups: Sequence[Group],
    sides: Mapping[str, str],
    taps: Iterable[str],
) -> Iterator[Iterator[Layout]]:
    """Yield, for each number of boards from the least on, layouts found in different ways.

    Args:
        netlist: the circuit.
        groups: which parts belong together: they stand so before the search.
        sides: "upper", "lower" or "both": where each supply net has a rail.
        taps: the nets of the signals, one for each signal.

    Raises:
        CircuitRefused: a part that fits no breadboard, or more than three boards hold.
    """
    parts = _in_line(netlist, groups)
    nets = sorted({net for part in parts for net in part.pins.values()})
    task = _task(parts, nets, sides, taps, _beside(parts, groups))
    columns = sum(thing.columns for thing in task.things[: task.parts])
    fits = False
    for boards in range(-(-columns // ROOM), MOST_BOARDS + 1):
        first = arrange(task, boards, 0)
        if not first.is_too_wide:
            fits = True
            others = (arrange(task, boards, seed) for seed in range(1, _SEEDS))
            yield (
                _layout(arranged, parts, nets)
                for arranged in itertools.chain([first], others)
                if not arranged.is_too_wide
            )
    if not fits:
        raise CircuitRefused(
            f"takes {columns} columns for its parts, and too many more for wires over the channel",
            allowed=f"{MOST_BOARDS * ROOM} columns on {MOST_BOARDS} breadboards",
            mend="build it on a printed circuit board, or divide it into boards of fewer neurons",
        )


def _in_line(netlist: Netlist, groups: Sequence[Group]) -> list[NetlistPart]:
    """Return what stands on the boards, group by group from the inputs to the outputs."""
    names = [
        name
        for group in sorted(groups, key=lambda group: group.layer)
        for name in ((group.package, *group.parts) if group.package else group.parts)
    ]
    return [
        netlist.parts[name]
        for name in dict.fromkeys(names)
        if kind_of(netlist.parts[name]).shape != "outside"
    ]


def _beside(parts: Sequence[NetlistPart], groups: Sequence[Group]) -> list[int]:
    """Return for each part the number of the package that it decouples, -1 for none."""
    number = {part.reference: index for index, part in enumerate(parts)}
    packages = {
        name: number[group.package]
        for group in groups
        if group.package and not group.pins
        for name in group.parts
    }
    return [packages.get(part.reference, -1) for part in parts]


def _task(
    parts: Sequence[NetlistPart],
    nets: Sequence[str],
    sides: Mapping[str, str],
    taps: Iterable[str],
    beside: Sequence[int],
) -> Task:
    number = {net: index for index, net in enumerate(nets)}
    things = [
        Thing(
            kind_of(part).columns,
            tuple(
                tuple(
                    sorted(
                        (
                            (2 * number[part.pins[pin]] + (half == "lower"), at)
                            for pin, (half, at) in way.items()
                            if pin in part.pins
                        ),
                        key=lambda lead: lead[1],
                    )
                )
                for way in ways(part)
            ),
            beside=package,
        )
        for part, package in zip(parts, beside, strict=True)
    ]
    bridges = [Thing(1, (((2 * net, 0), (2 * net + 1, 0)),), net) for net in number.values()]
    halves = {"upper": (0,), "lower": (1,), "both": (0, 1)}
    counted = [number[net] for net in taps]
    return Task(
        (*things, *bridges),
        frozenset(
            2 * number[net] + half for net in sides if net in number for half in halves[sides[net]]
        ),
        frozenset(number[net] for net in sides if net in number),
        {net: counted.count(net) for net in sorted(set(counted))},
    )


def _layout(arranged: Arrangement, parts: Sequence[NetlistPart], nets: Sequence[str]) -> Layout:
    placed: list[Placed] = []
    bridges: list[Bridge] = []
    used: dict[Strip, str] = {}
    for board, order in enumerate(arranged.boards):
        column = FIRST
        for index in order:
            if index < len(parts):
                part, turned = parts[index], bool(arranged.way[index])
                holes = dict(_holes(part, board, column, turned))
                placed.append(Placed(part.reference, holes, turned))
                used |= {
                    strip_of(hole): part.pins[pin]
                    for pin, hole in holes.items()
                    if pin in part.pins
                }
                column += kind_of(part).columns
            else:
                net = nets[index - len(parts)]
                bridge = Bridge(net, Hole(board, "e", column), Hole(board, "f", column))
                bridges.append(bridge)
                used |= {strip_of(bridge.upper): net, strip_of(bridge.lower): net}
                column += 1
    return Layout(tuple(placed), tuple(bridges), len(arranged.boards), used)


def _holes(part: NetlistPart, board: int, column: int, turned: bool) -> Iterator[tuple[str, Hole]]:
    for pin, (half, at) in ways(part)[turned].items():
        yield pin, Hole(board, "e" if half == "upper" else "f", column + at)
