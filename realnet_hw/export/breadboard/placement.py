"""Which part goes where: packages over the channel, and every part with two leads over it, too.

A part with two leads has a column of its own, one lead in the upper half and one in the lower, so
that bodies neither cross nor touch, and the outer rows stay free for wires. A group's own net (a
summing node) stays on the side where its package has it. A net that is needed on both sides of one
board gets a column where a wire joins them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from realnet_hw.errors import CircuitRefused
from realnet_hw.export.breadboard.holes import COLUMNS, Hole, Strip, strip_of
from realnet_hw.export.breadboard.parts import ROWS, kind_of
from realnet_hw.export.groups import Group
from realnet_hw.export.netlist import Netlist, NetlistPart

# The columns behind the last are kept for the wires that join rails.
_FIRST, _LAST = 3, COLUMNS - 6
_MOST_BOARDS = 3
_TURNS = 20


@dataclass(frozen=True)
class Placed:
    """A part in its holes, by pin number; ``turned`` where a package has pin 1 at the top right."""

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


@dataclass(frozen=True)
class _Item:
    """What takes columns: a part, or a bridge of a net where ``part`` is None."""

    part: NetlistPart | None
    columns: int
    upper: str = ""
    net: str = ""
    turned: bool = False


def place(netlist: Netlist, groups: Sequence[Group], sides: Mapping[str, str]) -> Layout:
    """Place every part that stands on the boards.

    Args:
        netlist: the circuit.
        groups: which parts belong together.
        sides: "upper", "lower" or "both": where each supply net has a rail.

    Raises:
        CircuitRefused: a part that fits no breadboard, or more than three boards hold.
    """
    runs = [run for run in _runs(netlist, groups, sides) if run]
    bridges: list[list[str]] = [[] for _ in runs]
    for _ in range(_TURNS):
        filled = [
            [*run, *(_Item(None, 1, net=net) for net in nets)]
            for run, nets in zip(runs, bridges, strict=True)
        ]
        layout, where = _fill(filled)
        missing = _unbridged(layout, sides)
        if not missing:
            return layout
        for net, board in missing:
            # Beside the first group of that board that has the net.
            index = next(
                i
                for i, run in enumerate(runs)
                if where[i] == board
                and any(item.part and net in item.part.pins.values() for item in run)
            )
            bridges[index].append(net)
    raise CircuitRefused("found no way to join the halves of the breadboards")


def _runs(netlist: Netlist, groups: Sequence[Group], sides: Mapping[str, str]) -> list[list[_Item]]:
    """Return what each group puts side by side; a package comes before the first of its groups."""
    seen: dict[str, _Item] = {}
    runs = []
    for group in sorted(groups, key=lambda group: _place_in_line(group, groups)):
        run = []
        if group.package and group.package not in seen:
            part = netlist.parts[group.package]
            seen[group.package] = _package(part, sides)
            run.append(seen[group.package])
        package = seen.get(group.package)
        run += _pairs([netlist.parts[name] for name in group.parts], group, package, sides)
        runs.append(run)
    return runs


def _place_in_line(group: Group, groups: Sequence[Group]) -> tuple[float, int, bool]:
    """Return where a group stands: what only supplies a package, behind its package's first."""
    if group.package and not group.pins:
        layers = [other.layer for other in groups if other.package == group.package and other.pins]
        layer = min(layers, default=group.layer)
        last = max(
            (
                index
                for index, other in enumerate(groups)
                if other.package == group.package and other.pins and other.layer == layer
            ),
            default=groups.index(group),
        )
        return layer, last, True
    return group.layer, groups.index(group), False


def _package(part: NetlistPart, sides: Mapping[str, str]) -> _Item:
    """Return a package, turned such that its supply pins lie on the side of their rails."""
    kind = kind_of(part)
    fits = [
        sum(
            sides.get(net, "both") in ("both", half)
            for pin, net in part.pins.items()
            if (half := _half_of(int(pin), kind.columns, turned=turned))
        )
        for turned in (False, True)
    ]
    return _Item(part, kind.columns, turned=kind.shape == "dip" and fits[1] > fits[0])


def _half_of(pin: int, columns: int, *, turned: bool) -> str:
    return "lower" if (pin <= columns) != turned else "upper"


def _pairs(
    parts: Sequence[NetlistPart], group: Group, package: _Item | None, sides: Mapping[str, str]
) -> list[_Item]:
    """Return the other parts of a group, those that share a net next to each other."""
    kinds = {part.reference: kind_of(part) for part in parts}
    shared = Counter(net for part in parts for net in set(part.pins.values()) if net not in sides)
    own, half = "", "lower"
    if package and package.part and group.pins:
        for pin in group.pins:
            net = package.part.pins.get(pin, "")
            if shared[net] > shared[own]:
                own, half = net, _half_of(int(pin), package.columns, turned=package.turned)

    def key(part: NetlistPart) -> tuple[bool, int]:
        nets = set(part.pins.values())
        return own not in nets, -max((shared[net] for net in nets), default=0)

    return [
        _Item(
            part,
            kinds[part.reference].columns,
            _upper_net(part, own, half, shared, sides) if len(part.pins) == 2 else "",
        )
        for part in sorted(parts, key=key)
        if kinds[part.reference].shape != "outside"
    ]


def _upper_net(
    part: NetlistPart, own: str, half: str, shared: Counter[str], sides: Mapping[str, str]
) -> str:
    """Return which of a part's two nets is in the upper half."""
    one, other = part.pins.values()
    for net, opposite in ((one, other), (other, one)):
        if net == own:
            return net if half == "upper" else opposite
    for net, opposite in ((one, other), (other, one)):
        if sides.get(net) in ("upper", "lower"):
            return net if sides[net] == "upper" else opposite
    return one if shared[one] <= shared[other] else other


def _fill(runs: Sequence[Sequence[_Item]]) -> tuple[Layout, list[int]]:
    """Put runs side by side, each on one board; return the layout and the board of each run."""
    parts: list[Placed] = []
    bridges: list[Bridge] = []
    used: dict[Strip, str] = {}
    where: list[int] = []
    board, column = 0, _FIRST
    for run in runs:
        width = sum(item.columns for item in run)
        if width > _LAST - _FIRST + 1:
            raise CircuitRefused(
                f"a neuron takes {width} columns",
                allowed=f"up to {_LAST - _FIRST + 1} on one breadboard",
                mend="build it on a printed circuit board",
            )
        if column + width - 1 > _LAST:
            board, column = board + 1, _FIRST
        where.append(board)
        for item in run:
            if item.part is None:
                upper, lower = Hole(board, "e", column), Hole(board, "f", column)
                bridges.append(Bridge(item.net, upper, lower))
                used |= {strip_of(upper): item.net, strip_of(lower): item.net}
            else:
                placed = Placed(
                    item.part.reference, _holes(item, item.part, board, column), item.turned
                )
                parts.append(placed)
                used |= {
                    strip_of(hole): item.part.pins[pin]
                    for pin, hole in placed.holes.items()
                    if pin in item.part.pins
                }
            column += item.columns
        column += 1
    if board >= _MOST_BOARDS:
        raise CircuitRefused(
            f"takes {board + 1} breadboards",
            allowed=f"up to {_MOST_BOARDS}",
            mend="build it on a printed circuit board",
        )
    return Layout(tuple(parts), tuple(bridges), board + 1, used), where


def _holes(item: _Item, part: NetlistPart, board: int, column: int) -> dict[str, Hole]:
    kind = kind_of(part)
    if kind.shape == "dip":
        count = kind.columns
        lower, upper = range(1, count + 1), range(2 * count, count, -1)
        if item.turned:
            lower, upper = range(count + 1, 2 * count + 1), range(count, 0, -1)
        return {
            str(pin): Hole(board, row, column + index)
            for row, pins in (("f", lower), ("e", upper))
            for index, pin in enumerate(pins)
        }
    if kind.shape == "to92":
        return {str(pin): Hole(board, "c", column + pin - 1) for pin in (1, 2, 3)}
    rows = ROWS[kind.shape]
    middle = column + kind.columns // 2
    first, second = sorted(part.pins, key=lambda pin: part.pins[pin] != item.upper)
    return {
        first: Hole(board, rows[0], middle),
        second: Hole(board, rows[1], middle),
    }


def _unbridged(layout: Layout, sides: Mapping[str, str]) -> list[tuple[str, int]]:
    """Return the nets that are in both halves of a board with no bridge between them."""
    halves: dict[tuple[str, int], set[str]] = {}
    for strip, net in layout.used.items():
        # A supply net has its rail on each side that it is on, or needs a way to the other.
        if sides.get(net) != "both":
            halves.setdefault((net, strip.board), set()).add(strip.name)
    boards: dict[str, set[int]] = {}
    for net, board in halves:
        boards.setdefault(net, set()).add(board)
    for (net, board), found in halves.items():
        # From board to board a net leaves by the lower half and comes in by the upper one.
        if net not in sides:
            found.update({"lower"} if max(boards[net]) > board else ())
            found.update({"upper"} if min(boards[net]) < board else ())
    for net, side in sides.items():
        if side != "both":
            for (other, _), found in halves.items():
                if other == net:
                    found.add(side)
    there = {(bridge.net, bridge.upper.board) for bridge in layout.bridges}
    return sorted(key for key, found in halves.items() if len(found) > 1 and key not in there)
