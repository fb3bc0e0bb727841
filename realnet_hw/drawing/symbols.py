"""Symbols of KiCad's libraries: their definition, pins and outlines.

Ref: KiCad documentation, "Symbol Library File Format"
(dev-docs.kicad.org/en/file-formats/sexpr-symbol-lib).
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from realnet_hw.drawing import sexpr
from realnet_hw.drawing.geometry import Box, Mirror, Point, Rotation, oriented
from realnet_hw.drawing.sexpr import Node, Quoted
from realnet_hw.errors import InputError
from realnet_hw.parts.skidl_parts import library_text, symbol_library


@dataclass(frozen=True)
class Pin:
    """A pin of one unit: its number, name and electrical type, and where a wire meets it.

    ``outward`` points from the body to where the wire comes from, a unit step; y upwards. A hidden
    pin is not drawn.
    """

    number: str
    name: str
    kind: str
    at: Point
    outward: Point
    hidden: bool


class Symbol:
    """One symbol with everything that it inherits written out.

    Args:
        lib_id: "Library:Name".
        node: its definition without ``extends``.
    """

    def __init__(self, lib_id: str, node: Node) -> None:
        self.lib_id = lib_id
        self.node = node
        self.properties = sexpr.properties(node)
        self._pins: dict[int, tuple[Pin, ...]] = {}

    @property
    def is_power(self) -> bool:
        """Whether it is a power symbol."""
        return sexpr.child(self.node, "power") is not None

    def pin_numbers(self) -> tuple[str, ...]:
        """Return the numbers of the pins of all units, sorted."""
        return tuple(sorted({pin.number for unit in self.units() for pin in self.pins(unit)}))

    @functools.cache  # noqa: B019 - symbols live as long as the program
    def units(self) -> tuple[int, ...]:
        """Return the units' numbers, from 1."""
        return tuple(sorted({unit for unit, _, _ in self._bodies() if unit})) or (1,)

    def unit_of(self, pin_number: str) -> int:
        """Return the unit that has a pin.

        Raises:
            InputError: no unit has it.
        """
        for unit in self.units():
            if any(pin.number == pin_number for pin in self.pins(unit)):
                return unit
        raise InputError(
            f"no pin {pin_number}", where=self.lib_id, allowed=", ".join(self.pin_numbers())
        )

    def pins(self, unit: int) -> tuple[Pin, ...]:
        """Return the pins of one unit, in library coordinates (y upwards)."""
        if unit not in self._pins:
            self._pins[unit] = tuple(self._read_pins(unit))
        return self._pins[unit]

    def _read_pins(self, unit: int) -> Iterator[Pin]:
        return (
            Pin(
                number=sexpr.word(node, "number"),
                name=sexpr.word(node, "name"),
                kind=str(node[1]),
                at=Point(*sexpr.numbers(node, "at")[:2]),
                outward=_outward(sexpr.numbers(node, "at")[2]),
                hidden=sexpr.word(node, "hide") == "yes",
            )
            for body in self._drawn(unit)
            for node in sexpr.children(body, "pin")
        )

    def lines(self, unit: int) -> tuple[tuple[Point, Point], ...]:
        """Return what is drawn of a unit besides its pins, as straight lines; y upwards."""
        paths = [path for body in self._drawn(unit) for path in _paths(body)]
        return tuple(line for path in paths for line in itertools.pairwise(path))

    def texts(self, unit: int) -> frozenset[str]:
        """Return the words that are drawn in a unit besides those of its pins."""
        found = (node for body in self._drawn(unit) for node in sexpr.children(body, "text"))
        return frozenset(str(node[1]) for node in found)

    def pin_lines(self, unit: int) -> tuple[tuple[Point, Point], ...]:
        """Return the lines of a unit's pins, each from where wires meet it to the body."""
        found = []
        for body in self._drawn(unit):
            for node in sexpr.children(body, "pin"):
                x, y, angle = sexpr.numbers(node, "at")
                length = sexpr.numbers(node, "length")[0]
                turn = math.radians(angle)
                end = Point(x + length * math.cos(turn), y + length * math.sin(turn))
                found.append((Point(x, y), end.moved(0, 0)))
        return tuple(found)

    def outline(self, unit: int) -> Box | None:
        """Return the box around what is drawn of a unit besides its pins, library coordinates."""
        points = list(itertools.chain(*self.lines(unit)))
        return Box.around(points) if points else None

    def placed_pins(
        self, unit: int, at: Point, rotation: Rotation = 0, mirror: Mirror = ""
    ) -> dict[str, Point]:
        """Return where the pins lie on the page when the symbol stands ``at`` a place."""
        return {
            pin.number: oriented(pin.at.x, pin.at.y, rotation, mirror).moved(at.x, at.y)
            for pin in self.pins(unit)
        }

    def placed_outward(
        self, unit: int, rotation: Rotation = 0, mirror: Mirror = ""
    ) -> dict[str, Point]:
        """Return the step away from the body at each pin on the page; y downwards."""
        return {
            pin.number: oriented(pin.outward.x, pin.outward.y, rotation, mirror)
            for pin in self.pins(unit)
        }

    def placed_outline(
        self, unit: int, at: Point, rotation: Rotation = 0, mirror: Mirror = ""
    ) -> Box | None:
        """Return :meth:`outline` on the page when the symbol stands ``at`` a place."""
        box = self.outline(unit)
        if box is None:
            return None
        turned = (oriented(x, y, rotation, mirror) for x, y in box.corners())
        return Box.around(turned).moved(at.x, at.y)

    def _bodies(self) -> Iterator[tuple[int, int, Node]]:
        """Yield the drawings: the unit (0 = all), the style (1 = the usual one), the node."""
        for body in sexpr.children(self.node, "symbol"):
            _, unit, style = str(body[1]).rsplit("_", 2)
            yield int(unit), int(style), body

    def _drawn(self, unit: int) -> list[Node]:
        return [body for u, style, body in self._bodies() if u in (0, unit) and style in (0, 1)]


def _outward(angle: float) -> Point:
    """Return the step away from the body for a pin's angle, which points into it."""
    turn = math.radians(angle)
    return Point(-math.cos(turn), -math.sin(turn)).moved(0, 0)


def _paths(body: Node) -> Iterator[list[Point]]:
    """Yield the shapes of a drawing as chains of points; curves are broken into short lines."""
    for shape in body:
        if not isinstance(shape, list):
            continue
        if shape[0] == "circle":
            x, y = sexpr.numbers(shape, "center")
            yield _circle(Point(x, y), sexpr.numbers(shape, "radius")[0])
        elif shape[0] in ("polyline", "bezier"):
            points = sexpr.children(sexpr.child(shape, "pts") or [], "xy")
            yield [Point(float(str(point[1])), float(str(point[2]))) for point in points]
        elif shape[0] == "rectangle":
            (x, y), (x2, y2) = sexpr.numbers(shape, "start"), sexpr.numbers(shape, "end")
            yield [Point(x, y), Point(x2, y), Point(x2, y2), Point(x, y2), Point(x, y)]
        elif shape[0] == "arc":
            yield [Point(*sexpr.numbers(shape, name)[:2]) for name in ("start", "mid", "end")]


def _circle(centre: Point, radius: float) -> list[Point]:
    angles = (math.tau * step / 24 for step in range(25))
    return [
        Point(centre.x + radius * math.cos(angle), centre.y + radius * math.sin(angle))
        for angle in angles
    ]


def load(lib_id: str) -> Symbol:
    """Return a symbol of KiCad's libraries, or of our own.

    Args:
        lib_id: "Library:Name".

    Raises:
        InputError: there is no such library or symbol.
        ToolMissing: KiCad's libraries are not installed.
    """
    library, _, name = lib_id.partition(":")
    return _load(symbol_library(library), lib_id, name)


@functools.cache
def _load(path: Path, lib_id: str, name: str) -> Symbol:
    return Symbol(lib_id, _definition(path, name))


@functools.lru_cache(maxsize=4)
def _library_text(path: Path) -> str:
    try:
        return library_text(path)
    except OSError as error:
        raise InputError(f"no symbol library {path.stem!r}", where=str(path.parent)) from error


def _definition(path: Path, name: str) -> Node:
    """Return a symbol's definition, merged with the one that it extends."""
    text = _library_text(path)
    start = text.find(f'\n\t(symbol "{name}"')
    if start < 0:
        raise InputError(f"no symbol {name!r}", where=path.name)
    node = sexpr.parse(text, start)
    parent_name = sexpr.word(node, "extends")
    return _merged(node, _definition(path, parent_name)) if parent_name else node


def _merged(node: Node, parent: Node) -> Node:
    """Return ``parent`` under the name of ``node``, with the properties that ``node`` states."""
    name, parent_name = str(node[1]), str(parent[1])
    own = {str(item[1]): item for item in sexpr.children(node, "property")}
    merged: Node = ["symbol", Quoted(name)]
    bodies: Node = []
    for item in parent[2:]:
        if isinstance(item, list) and item[0] == "property":
            merged.append(own.pop(str(item[1]), item))
        elif isinstance(item, list) and item[0] == "symbol":
            unit_name = name + str(item[1]).removeprefix(parent_name)
            bodies.append(["symbol", Quoted(unit_name), *item[2:]])
        elif isinstance(item, list) and item[0] == "embedded_fonts":
            bodies.append(item)
        else:
            merged.append(item)
    return [*merged, *own.values(), *bodies]
