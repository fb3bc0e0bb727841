"""Which parts belong together, on a printed circuit board as on a breadboard.

A board of cells says it itself; a plain circuit is divided by what is connected.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from realnet_hw.board import Board
from realnet_hw.cells.connector import Connector
from realnet_hw.cells.package_supply import PackageSupply
from realnet_hw.export.netlist import Netlist
from realnet_hw.export.plain.groups import grouped
from realnet_hw.parts.catalogue import part_type


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


def groups(board: Board, netlist: Netlist) -> tuple[Group, ...]:
    """Return the groups of a board: its cells, or what is connected in a plain circuit."""
    return tuple(_of_cells(board) if board.cells else _of_plain(board, netlist))


def _of_cells(board: Board) -> Iterator[Group]:
    assembly = board.assembly
    for cell in assembly.cells:
        parts = tuple(assembly.references[cell.name, key] for key in cell.parts)
        units = [(key, *assembly.units[cell.name, key]) for key in cell.units]
        if isinstance(cell, PackageSupply):
            yield Group(parts, cell.layer, package=assembly.packages[cell.package])
        elif units:
            key, package, index = units[0]
            pins = part_type(cell.units[key].type).units[index]
            yield Group(parts, cell.layer, package=package, pins=tuple(pins))
        elif isinstance(cell, Connector):
            yield Group(parts, cell.layer, side=cell.side)
        else:
            yield Group(parts, cell.layer, side="left")


def _of_plain(board: Board, netlist: Netlist) -> Iterator[Group]:
    inputs = {port.net for port in board.inputs}
    outputs = {port.net for port in board.outputs}
    rails = board.rail_nets
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
