"""Which parts belong together, on a printed circuit board as on a breadboard.

A board of cells says it itself; a plain circuit is divided by what is connected.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from realnet_hw.board import Assembly, Board
from realnet_hw.cells.cell import Cell
from realnet_hw.cells.connector import Connector
from realnet_hw.cells.controller import Controller
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
        package: the reference of the package that it belongs to, if any.
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
        references = {key: assembly.references[cell.name, key] for key in cell.parts}
        parts = tuple(references.values())
        if isinstance(cell, PackageSupply):
            yield Group(parts, cell.layer, package=assembly.packages[cell.package])
        elif cell.units:
            yield from _around_units(cell, references, assembly)
        elif isinstance(cell, Connector):
            yield Group(parts, cell.layer, side=cell.side)
        elif isinstance(cell, Controller):
            yield Group(parts, cell.layer, side="left")
        elif cell.package_key:
            yield from _around_package(cell, references)
        else:
            yield Group(parts, cell.layer, side="" if cell.in_signal_path else "left")


def _around_units(cell: Cell, references: Mapping[str, str], assembly: Assembly) -> Iterator[Group]:
    """Return what stands beside each package that a cell has units of.

    A part is with the first package that it shares a net with, or with the cell's first one.
    """
    pins: dict[str, tuple[str, ...]] = {}
    nets: dict[str, set[str]] = {}
    for key, request in cell.units.items():
        package, index = assembly.units[cell.name, key]
        pins.setdefault(package, part_type(request.type).units[index])
        nets.setdefault(package, set()).update(set(request.nets) - {"GND"})
    found: dict[str, list[str]] = {package: [] for package in pins}
    for key, reference in references.items():
        own = set(cell.parts[key].pins.values())
        beside = next((package for package in nets if own & nets[package]), next(iter(pins)))
        found[beside].append(reference)
    for package, parts in found.items():
        yield Group(tuple(parts), cell.layer, package=package, pins=pins[package])


def _around_package(cell: Cell, references: Mapping[str, str]) -> Iterator[Group]:
    """Return what stands at each side of a cell's package, and its decoupling.

    A part whose nets no pin has, such as a diode behind a resistor, stands at the second side. That
    one comes first: it has most parts, and the first stays next to its package on a breadboard.
    """
    package = cell.parts[cell.package_key]
    numbers = sorted(package.pins, key=int)
    supply = {package.pins[pin] for pin in part_type(package.type).supply_pins.values()}
    sides = (numbers[: len(numbers) // 2], numbers[len(numbers) // 2 :])
    first = {package.pins[pin] for pin in sides[0]} - supply
    found: tuple[list[str], list[str], list[str]] = ([], [], [])
    for key, reference in references.items():
        nets = set(cell.parts[key].pins.values())
        if key != cell.package_key:
            found[1 if nets & first else 2 if nets <= supply else 0].append(reference)
    for parts, pins in zip(found, (sides[1], sides[0], ()), strict=True):
        own = references[cell.package_key]
        yield Group(tuple(parts), cell.layer, package=own, pins=tuple(pins))


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
