"""The sketch pad: what a cell draws on, in millimetres around an origin of its own.

Coordinates are multiples of 1.27 mm, y downwards. A cell never says how large it is: the pad
records what was drawn, and the page layout takes the extent from that.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Literal

from realnet_hw.drawing import symbols, text
from realnet_hw.drawing.geometry import Box, Mirror, Point, Rotation

Side = Literal["left", "right"]
Direction = Literal["up", "left", "down", "right"]
Texts = Literal["above", "below", "left", "right", "around", "slopes", "corner"]
Flow = Literal["input", "output", "passive"]

GROUND = "GND"
POWER_LIBRARY = "power"
FLAG = "power:PWR_FLAG"

_TURNS: tuple[Direction, ...] = ("up", "left", "down", "right")
# By a name of its own: a class below has a field called `text`.
_SIZE_mm = text.SIZE_mm
_GAP_mm = 0.6
_LINE_mm = 2.0
_SMALL_mm = 1.0
_CROSS_mm = 0.635


@dataclass(frozen=True)
class PadPart:
    """What the pad must know of a part: its reference, symbol ("Library:Name") and value."""

    reference: str
    symbol: str
    value: str


@dataclass(frozen=True)
class PadUnit:
    """One amplifier or transistor of a package: the package, and the numbers of its pins.

    They are those of non-inverting input, inverting input and output, or of drain, gate and source.
    """

    package: PadPart
    pins: tuple[str, str, str]


@dataclass(frozen=True)
class AmplifierPins:
    """Where wires meet an amplifier."""

    non_inverting: Point
    inverting: Point
    output: Point


@dataclass(frozen=True)
class TransistorPins:
    """Where wires meet a transistor."""

    drain: Point
    gate: Point
    source: Point


@dataclass(frozen=True)
class PlacedSymbol:
    """A symbol on the page; a field whose place is None is hidden."""

    reference: str
    lib_id: str
    unit: int
    at: Point
    rotation: Rotation
    mirror: Mirror
    value: str
    reference_at: Point | None
    value_at: Point | None

    @property
    def shown_reference(self) -> str:
        """The reference as KiCad prints it: with a letter where the package has several units."""
        if len(symbols.load(self.lib_id).units()) > 1:
            return self.reference + chr(ord("A") + self.unit - 1)
        return self.reference

    def pins(self) -> dict[str, Point]:
        """Return where its pins lie."""
        symbol = symbols.load(self.lib_id)
        return symbol.placed_pins(self.unit, self.at, self.rotation, self.mirror)

    def extent(self) -> Box:
        """Return the box around outline, pins and shown texts."""
        symbol = symbols.load(self.lib_id)
        boxes = [Box.around(self.pins().values())]
        if outline := symbol.placed_outline(self.unit, self.at, self.rotation, self.mirror):
            boxes.append(outline)
        if self.reference_at:
            boxes.append(text.centred(self.shown_reference, self.reference_at))
        if self.value_at:
            boxes.append(text.centred(self.value, self.value_at))
        return Box.union(boxes)


@dataclass(frozen=True)
class Wire:
    """A straight wire."""

    start: Point
    end: Point

    def holds(self, point: Point) -> bool:
        """Whether a point lies on it, not at its ends."""
        if point in (self.start, self.end):
            return False
        box = Box.around((self.start, self.end))
        return box.left <= point.x <= box.right and box.top <= point.y <= box.bottom


@dataclass(frozen=True)
class Label:
    """A net's name at a wire; it reads away from its place towards ``side``.

    Where it has a flow, it stands in a flag and joins the net to the sheet above.
    """

    net: str
    at: Point
    side: Side
    size: float = text.SIZE_mm
    flow: Flow | None = None

    def extent(self) -> Box:
        """Return the box around its text."""
        length = text.width(self.net, self.size)
        if self.flow:
            length += 2.5 * self.size
        left = self.at.x if self.side == "right" else self.at.x - length
        return Box(left, self.at.y - 1.75 * self.size, left + length, self.at.y)


@dataclass(frozen=True)
class Words:
    """One line of text; ``at`` is its lower left end."""

    text: str
    at: Point
    size: float = _SIZE_mm
    bold: bool = False

    def extent(self) -> Box:
        """Return the box around it."""
        length = text.width(self.text, self.size) * (1.1 if self.bold else 1.0)
        return Box(self.at.x, self.at.y - 1.5 * self.size, self.at.x + length, self.at.y)


@dataclass(frozen=True)
class SheetPin:
    """Where a net enters a sheet: the side of the sheet's box and the place on that side."""

    net: str
    at: Point
    side: Literal["left", "right", "down"]
    flow: Flow


@dataclass(frozen=True)
class SheetBox:
    """A sheet as the one above it shows it: a named box with pins.

    Args:
        name: printed above it.
        file: its file's name, printed inside at ``file_at``.
        box: its outline.
        pins: the nets that enter and leave.
        page: its number among the pages.
    """

    name: str
    file: str
    box: Box
    file_at: Point
    pins: tuple[SheetPin, ...]
    page: int

    def extent(self) -> Box:
        """Return the box around it and its name."""
        return Box(self.box.left, self.box.top - 3.81, self.box.right, self.box.bottom)

    def moved(self, dx: float, dy: float) -> SheetBox:
        """Return the sheet's box shifted."""
        pins = tuple(replace(pin, at=pin.at.moved(dx, dy)) for pin in self.pins)
        return replace(
            self, box=self.box.moved(dx, dy), file_at=self.file_at.moved(dx, dy), pins=pins
        )


@dataclass
class Drawing:
    """What was drawn."""

    symbols: list[PlacedSymbol] = field(default_factory=list)
    wires: list[Wire] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    words: list[Words] = field(default_factory=list)
    sheets: list[SheetBox] = field(default_factory=list)
    no_connects: list[Point] = field(default_factory=list)

    def extent(self) -> Box:
        """Return the box around everything."""
        return Box.union(self._extents())

    def _extents(self) -> Iterator[Box]:
        for symbol in self.symbols:
            yield symbol.extent()
        for wire in self.wires:
            yield Box.around((wire.start, wire.end))
        drawn: tuple[Label | Words | SheetBox, ...] = (*self.labels, *self.words, *self.sheets)
        for item in drawn:
            yield item.extent()
        for point in self.no_connects:
            yield Box.around([point]).grown(_CROSS_mm)

    def add(self, other: Drawing) -> None:
        """Take over everything of another drawing."""
        for own in fields(self):
            getattr(self, own.name).extend(getattr(other, own.name))

    def moved(self, dx: float, dy: float) -> Drawing:
        """Return the drawing shifted."""
        return Drawing(
            [
                replace(
                    symbol,
                    at=symbol.at.moved(dx, dy),
                    reference_at=symbol.reference_at and symbol.reference_at.moved(dx, dy),
                    value_at=symbol.value_at and symbol.value_at.moved(dx, dy),
                )
                for symbol in self.symbols
            ],
            [Wire(wire.start.moved(dx, dy), wire.end.moved(dx, dy)) for wire in self.wires],
            [replace(label, at=label.at.moved(dx, dy)) for label in self.labels],
            [replace(words, at=words.at.moved(dx, dy)) for words in self.words],
            [sheet.moved(dx, dy) for sheet in self.sheets],
            [point.moved(dx, dy) for point in self.no_connects],
        )


class Pad:
    """The sketch pad of one cell.

    Args:
        parts: the cell's parts by their keys.
        units: the cell's amplifiers and transistors by their keys.
        packages: the board's packages of such by their indices.
        rails: nets that are drawn with power symbols.

    Attributes:
        drawing: what was drawn so far.
    """

    def __init__(
        self,
        parts: Mapping[str, PadPart],
        units: Mapping[str, PadUnit],
        packages: Sequence[PadPart],
        rails: Collection[str],
    ) -> None:
        self._parts = parts
        self._units = units
        self._packages = packages
        self._rails = frozenset(rails)
        self.drawing = Drawing()

    def scratch(self) -> Pad:
        """Return an empty pad for the same cell, to try out or measure a piece of the drawing."""
        return Pad(self._parts, self._units, self._packages, self._rails)

    def add(self, drawing: Drawing, x: float, y: float) -> None:
        """Put down what was drawn on a scratch pad, its origin here."""
        self.drawing.add(drawing.moved(x, y))

    def put(
        self,
        key: str,
        x: float,
        y: float,
        *,
        rotation: Rotation = 0,
        mirror: Mirror = "",
        texts: Texts = "above",
        unit: int = 1,
        room_mm: float = 0.0,
    ) -> dict[str, Point]:
        """Place a part, or one unit of it.

        Args:
            key: the part's key in the cell.
            x, y: where its symbol's origin comes to lie.
            rotation: counter-clockwise, degrees.
            mirror: "x" swaps up and down, "y" left and right, after turning.
            texts: where reference and value stand: both in one line "above" or "below"; in two
                lines to the "left" or "right"; "around": above and below; "corner": in one line
                below, to the right of a pin in the middle.
            unit: which of the symbol's units.
            room_mm: how much further from the body than usual the texts stand.

        Returns:
            Where wires meet its pins, by pin number.
        """
        return self._place(self._parts[key], unit, Point(x, y), rotation, mirror, texts, room_mm)

    def test_point(self, key: str, x: float, y: float, direction: Direction = "up") -> None:
        """Place a test point that stands on a wire, with its reference beyond its ring."""
        part = self._parts[key]
        self._placed_at_end(part.reference, part.symbol, part.value, x, y, direction, "reference")

    def amplifier(self, key: str, x: float, y: float) -> AmplifierPins:
        """Place one amplifier, its inverting input above the other."""
        own = self._units[key]
        unit = symbols.load(own.package.symbol).unit_of(own.pins[0])
        pins = self._place(own.package, unit, Point(x, y), 0, "x", "slopes")
        return AmplifierPins(*(pins[number] for number in own.pins))

    def transistor(
        self,
        key: str,
        x: float,
        y: float,
        *,
        rotation: Rotation = 0,
        mirror: Mirror = "",
        texts: Texts = "right",
    ) -> TransistorPins:
        """Place one transistor: unturned, its gate is at the left and its drain above."""
        own = self._units[key]
        unit = symbols.load(own.package.symbol).unit_of(own.pins[0])
        pins = self._place(own.package, unit, Point(x, y), rotation, mirror, texts)
        return TransistorPins(*(pins[number] for number in own.pins))

    def package_unit(
        self, package: int, pin: str, x: float, y: float, *, texts: Texts = "right"
    ) -> dict[str, Point]:
        """Place the unit of an amplifier package that has a pin, such as its supply pins."""
        part = self._packages[package]
        unit = symbols.load(part.symbol).unit_of(pin)
        return self._place(part, unit, Point(x, y), 0, "", texts)

    def no_connect(self, x: float, y: float) -> None:
        """Mark a pin that stays unconnected on purpose."""
        self.drawing.no_connects.append(Point(x, y).moved(0, 0))

    def wire(self, *places: tuple[float, float]) -> None:
        """Draw a wire along places, each level with or straight above or below the one before."""
        points = [Point(*place).moved(0, 0) for place in places]
        for start, end in itertools.pairwise(points):
            if start.x != end.x and start.y != end.y:
                raise ValueError(f"a wire from {start} to {end} would be slanting")
            if start != end:
                self.drawing.wires.append(Wire(start, end))

    def label(self, net: str, x: float, y: float, side: Side = "right") -> None:
        """Name the net of a wire; the name reads from here towards ``side``."""
        self.drawing.labels.append(Label(net, Point(x, y).moved(0, 0), side))

    def port(self, net: str, x: float, y: float, side: Side, flow: Flow) -> None:
        """Join a wire's net to the sheet above this one, by a flag that reads towards ``side``."""
        place = Point(x, y).moved(0, 0)
        self.drawing.labels.append(Label(net, place, side, flow=flow))

    def small_label(self, net: str, x: float, y: float, side: Side = "right") -> None:
        """Name a net that does not leave the block, in small letters."""
        self.drawing.labels.append(Label(net, Point(x, y).moved(0, 0), side, _SMALL_mm))

    def power(self, net: str, x: float, y: float, direction: Direction) -> None:
        """Place a rail's power symbol that points away from here."""
        self._placed_at_end("#PWR", f"{POWER_LIBRARY}:{net}", net, x, y, direction, "value")

    def flag(self, x: float, y: float, direction: Direction) -> None:
        """Place a flag that tells KiCad's checks that this net is fed from outside."""
        self._placed_at_end("#FLG", FLAG, "PWR_FLAG", x, y, direction, "value")

    def end(self, net: str, x: float, y: float, side: Side) -> None:
        """End a horizontal wire by what its net is: a power symbol or a label."""
        if net in self._rails:
            self.power(net, x, y, side)
        else:
            self.label(net, x, y, side)

    def is_rail(self, net: str) -> bool:
        """Whether a net is drawn with power symbols."""
        return net in self._rails

    def label_width(self, net: str) -> float:
        """Return the room in millimetres that :meth:`small_label` takes."""
        return text.width(net, _SMALL_mm)

    def caption_width(self, key: str) -> float:
        """Return the room in millimetres that a part's texts take in one line."""
        part = self._parts[key]
        return text.width(f"{part.reference}  {part.value}")

    def _place(
        self,
        part: PadPart,
        unit: int,
        at: Point,
        rotation: Rotation,
        mirror: Mirror,
        texts: Texts,
        room_mm: float = 0.0,
    ) -> dict[str, Point]:
        placed = PlacedSymbol(
            part.reference, part.symbol, unit, at, rotation, mirror, part.value, None, None
        )
        body = symbols.load(part.symbol).placed_outline(unit, at, rotation, mirror)
        if body is None:
            pins = Box.around(placed.pins().values())
            body = Box(pins.left - 1.27, at.y, pins.right + 1.27, at.y)
        reference_at, value_at = _beside(
            placed.shown_reference, part.value, body.grown(room_mm), texts
        )
        placed = replace(placed, reference_at=reference_at, value_at=value_at)
        self.drawing.symbols.append(placed)
        return placed.pins()

    def _placed_at_end(
        self,
        reference: str,
        lib_id: str,
        value: str,
        x: float,
        y: float,
        direction: Direction,
        shown: Literal["reference", "value"],
    ) -> None:
        """Place a symbol with one pin so that it points in a direction, its text beyond it."""
        symbol = symbols.load(lib_id)
        outline = symbol.outline(1)
        assert outline is not None
        natural = 0 if outline.bottom > 0 else 2
        turn: tuple[Rotation, ...] = (0, 90, 180, 270)
        rotation = turn[(_TURNS.index(direction) - natural) % 4]
        at = Point(x, y).moved(0, 0)
        body = symbol.placed_outline(1, at, rotation)
        assert body is not None
        words = value if shown == "value" else reference
        half = text.width(words) / 2
        middle = {
            "up": Point(x, body.top - 1.3),
            "down": Point(x, body.bottom + 1.3),
            "left": Point(body.left - _GAP_mm - half, y),
            "right": Point(body.right + _GAP_mm + half, y),
        }[direction].moved(0, 0)
        self.drawing.symbols.append(
            PlacedSymbol(
                reference,
                lib_id,
                1,
                at,
                rotation,
                "",
                value,
                middle if shown == "reference" else None,
                middle if shown == "value" else None,
            )
        )


def _beside(reference: str, value: str, body: Box, texts: Texts) -> tuple[Point, Point]:
    """Return the middles of reference and value beside a symbol's body."""
    middle = Point((body.left + body.right) / 2, (body.top + body.bottom) / 2)
    wide_reference, wide_value = text.width(reference), text.width(value)
    above, below = body.top - 1.2, body.bottom + 1.2
    match texts:
        case "above" | "below":
            space = text.width("  ")
            left = middle.x - (wide_reference + space + wide_value) / 2
            y = above if texts == "above" else below
            first = Point(left + wide_reference / 2, y)
            second = Point(left + wide_reference + space + wide_value / 2, y)
        case "around":
            first, second = Point(middle.x, above), Point(middle.x, below)
        case "left":
            x = body.left - _GAP_mm
            first = Point(x - wide_reference / 2, middle.y - _LINE_mm / 2)
            second = Point(x - wide_value / 2, middle.y + _LINE_mm / 2)
        case "right":
            x = body.right + _GAP_mm
            first = Point(x + wide_reference / 2, middle.y - _LINE_mm / 2)
            second = Point(x + wide_value / 2, middle.y + _LINE_mm / 2)
        case "corner":
            left = middle.x + 2.54
            first = Point(left + wide_reference / 2, below)
            second = Point(left + wide_reference + text.width("  ") + wide_value / 2, below)
        case "slopes":
            # Beside the tip of a triangle that points to the right.
            x = middle.x + 1.0
            first = Point(x + wide_reference / 2, body.top + 1.1)
            second = Point(x + wide_value / 2, body.bottom - 1.1)
    return first.moved(0, 0), second.moved(0, 0)
