"""Where every part stands: inputs left, outputs right, layers between, holes in the corners.

Parts come in groups, those of a cell; a group around an amplifier joins its package's tile. Tiles
fill columns, and the number of rows is chosen so that the board comes near to the shape wanted.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from realnet_hw.board import Board
from realnet_hw.cells.amplifier_supply import AmplifierSupply
from realnet_hw.cells.connector import Connector
from realnet_hw.drawing.geometry import Box, Point
from realnet_hw.export.netlist import Netlist
from realnet_hw.export.pcb.tiles import Placed, Tile, Unit, block, near, package_tile, up
from realnet_hw.export.plain.groups import grouped
from realnet_hw.parts.catalogue import part_type

HOLE_mm = 3.2
"""Diameter of the mounting holes, for M3 screws."""

_ORIGIN_mm = 50.8
_ASPECT = 1.5
_MARGIN_mm = 3.81
_HOLE_ROOM_mm = 8.0
_HOLE_INSET_mm = 4.5
_TITLE_ROOM_mm = 5.08
_CHANNEL_mm = 2.54


@dataclass(frozen=True)
class Group:
    """Parts that belong together.

    Args:
        parts: references, in their order.
        layer: from the inputs to the outputs.
        side: the edge where it stands, empty for between.
        package: the reference of the amplifier package that it belongs to, if any.
        pins: the pins of that package that are the group's own; empty for its decoupling.
    """

    parts: tuple[str, ...]
    layer: int
    side: Literal["left", "right", ""] = ""
    package: str = ""
    pins: tuple[str, ...] = ()


@dataclass(frozen=True)
class Floorplan:
    """Parts in their places, the board's edge, and the middles of its mounting holes, mm."""

    parts: Mapping[str, Placed]
    outline: Box
    holes: tuple[Point, ...]


def groups(board: Board, netlist: Netlist) -> tuple[Group, ...]:
    """Return the groups of a board: its cells, or what is connected in a plain circuit."""
    return tuple(_of_cells(board) if board.cells else _of_plain(board, netlist))


def _of_cells(board: Board) -> Iterator[Group]:
    assembly = board.assembly
    for cell in assembly.cells:
        parts = tuple(assembly.references[cell.name, key] for key in cell.parts)
        amplifiers = [(key, *assembly.amplifiers[cell.name, key]) for key in cell.amplifiers]
        if isinstance(cell, AmplifierSupply):
            yield Group(parts, cell.layer, package=assembly.packages[cell.package])
        elif amplifiers:
            key, package, index = amplifiers[0]
            pins = part_type(cell.amplifiers[key].type).amplifiers[index]
            yield Group(parts, cell.layer, package=package, pins=tuple(pins))
        elif isinstance(cell, Connector):
            yield Group(parts, cell.layer, side=cell.side)
        else:
            yield Group(parts, cell.layer, side="left")


def _of_plain(board: Board, netlist: Netlist) -> Iterator[Group]:
    inputs = {port.net for port in board.inputs}
    outputs = {port.net for port in board.outputs}
    rails = {"GND", *(supply.net for supply in board.supplies)}
    for group in grouped(netlist, rails, inputs, outputs):
        members = tuple(unit.part.reference for unit in group.members)
        main = group.main
        if main is None:
            yield Group(members, group.layer)
        elif main.is_connector:
            at_right = bool(outputs & set(main.nets()))
            parts = (main.part.reference, *members)
            yield Group(parts, group.layer, side="right" if at_right else "left")
        else:
            pins = () if main.is_supply else tuple(pin.number for pin in main.pins())
            yield Group(members, group.layer, package=main.part.reference, pins=pins)


def floorplan(netlist: Netlist, found: Sequence[Group]) -> Floorplan:
    """Place every part.

    Args:
        netlist: gives the footprints.
        found: every part in exactly one group.
    """
    left = [block(netlist, group.parts, most_mm=15.24) for group in found if group.side == "left"]
    right = [block(netlist, group.parts, most_mm=15.24) for group in found if group.side == "right"]
    middle = _packages(netlist, found)
    columns = [left, *_columns(middle, _height(left), _height(right)), right]
    columns = [column for column in columns if column]
    height = max(
        _height(column) + 2 * (_HOLE_ROOM_mm if outer else 0.0)
        for column, outer in zip(columns, _outer(columns), strict=True)
    )
    height = up(height + 2 * _MARGIN_mm + _TITLE_ROOM_mm, 1.27)
    x = _ORIGIN_mm + _MARGIN_mm
    parts: dict[str, Placed] = {}
    for column, outer in zip(columns, _outer(columns), strict=True):
        width = up(max(_HOLE_ROOM_mm if outer else 0.0, *(tile.box.width for tile in column)))
        ends = _MARGIN_mm + (_HOLE_ROOM_mm if outer else 0.0)
        room = height - 2 * ends - _TITLE_ROOM_mm
        spare = (room - sum(tile.box.height for tile in column)) / (len(column) + 1)
        y = _ORIGIN_mm + ends + spare
        for tile in column:
            box = tile.box
            moved = tile.moved(near(x + (width - box.width) / 2 - box.left), near(y - box.top))
            parts |= {part.reference: part for part in moved.parts}
            y += box.height + spare
        x += width + _CHANNEL_mm
    right_edge = up(x - _CHANNEL_mm + _MARGIN_mm, 1.27)
    outline = Box(_ORIGIN_mm, _ORIGIN_mm, right_edge, _ORIGIN_mm + height)
    inner = outline.grown(-_HOLE_INSET_mm)
    holes = tuple(Point(x, y) for x in (inner.left, inner.right) for y in (inner.top, inner.bottom))
    return Floorplan(dict(sorted(parts.items())), outline, holes)


def _outer(columns: Sequence[object]) -> list[bool]:
    return [index in (0, len(columns) - 1) for index in range(len(columns))]


def _height(column: Sequence[Tile]) -> float:
    return sum(tile.box.height + _CHANNEL_mm for tile in column)


def _packages(netlist: Netlist, found: Sequence[Group]) -> list[Tile]:
    """Return the tiles of all packages, in the order of their first group's layer, and the rest."""
    names: dict[str, list[Group]] = {}
    rest = []
    for group in found:
        if group.package:
            names.setdefault(group.package, []).append(group)
        elif not group.side and group.parts:
            rest.append((group.layer, block(netlist, group.parts)))
    tiles = [
        (
            min(group.layer for group in members),
            package_tile(
                netlist,
                package,
                [Unit(group.parts, group.pins) for group in members if group.pins],
                [part for group in members if not group.pins for part in group.parts],
            ),
        )
        for package, members in names.items()
    ]
    return [tile for _, tile in sorted([*tiles, *rest], key=lambda item: item[0])]


def _columns(tiles: Sequence[Tile], *edges_mm: float) -> list[list[Tile]]:
    """Split tiles into columns such that the board comes nearest to the aspect wanted."""
    least_mm = max(edge + 2 * _HOLE_ROOM_mm for edge in edges_mm)

    def shape(rows: int) -> float:
        columns = _split(tiles, rows)
        width = sum(max(tile.box.width for tile in column) + _CHANNEL_mm for column in columns)
        height = max(least_mm, *(_height(column) for column in columns))
        return abs(math.log((width + 50.0) / height / _ASPECT))

    if not tiles:
        return []
    return _split(tiles, min(range(1, len(tiles) + 1), key=shape))


def _split(tiles: Sequence[Tile], rows: int) -> list[list[Tile]]:
    """Return columns of at most ``rows`` tiles, alike in number."""
    count = -(-len(tiles) // rows)
    share, more = divmod(len(tiles), count)
    columns = []
    start = 0
    for index in range(count):
        size = share + (index < more)
        columns.append(list(tiles[start : start + size]))
        start += size
    return columns


def overlapping(plan: Floorplan) -> list[tuple[str, str]]:
    """Return the pairs of parts whose courtyards overlap."""
    boxes = sorted(
        ((part.courtyard, part.reference) for part in plan.parts.values()),
        key=lambda item: item[0].left,
    )
    found = []
    for index, (one, name) in enumerate(boxes):
        for other, other_name in boxes[index + 1 :]:
            if other.left >= one.right:
                break
            if one.overlap(other) > 0.01:
                found.append((name, other_name))
    return found
