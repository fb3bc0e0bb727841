"""What is printed on a board: references, the names of pins and signals, the title.

A text goes to the first of a few places near what it names where it covers no pad, no other text
and nothing that a footprint prints; a reference that finds none stays off the board and is on the
assembly drawing alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from realnet_hw.board import Board
from realnet_hw.drawing import text
from realnet_hw.drawing.geometry import Box, Point
from realnet_hw.export.netlist import Netlist
from realnet_hw.export.pcb.floorplan import Floorplan, HOLE_mm
from realnet_hw.export.pcb.footprints import footprint, turned, turned_box
from realnet_hw.export.pcb.router import Via
from realnet_hw.export.pcb.tiles import NAME_mm, Placed

_REFERENCE_mm = 0.9
_SMALL_mm = 0.8  # the least that fabs print
_ASIDE_mm = 0.4
_TITLE_mm = 1.6
_STROKE = 0.15
# What a solder mask leaves free around a pad, and what printing may be off by.
_PAD_CLEAR_mm = 0.2
_CLEAR_mm = 0.15
_EDGE_mm = 0.6


@dataclass(frozen=True)
class Text:
    """A text on the silkscreen: the middle of it, and its size, mm."""

    text: str
    at: Point
    size: float
    rotation: int = 0

    @property
    def stroke(self) -> float:
        """The width of its lines, never finer than fabs print."""
        return max(_STROKE, round(0.15 * self.size, 3))

    @property
    def box(self) -> Box:
        """The box around it."""
        box = text.centred(self.text, Point(0.0, 0.0), self.size)
        return turned_box(box, self.rotation).moved(self.at.x, self.at.y)


@dataclass(frozen=True)
class Silkscreen:
    """The texts on a board.

    Args:
        references: by reference; a part whose reference found no place is missing.
        names: by reference, the value that is printed for it: a test point's signal, and others'
            where they are asked for.
        texts: all others.
    """

    references: Mapping[str, Text]
    names: Mapping[str, Text]
    texts: tuple[Text, ...]


def silkscreen(
    board: Board,
    netlist: Netlist,
    plan: Floorplan,
    vias: Sequence[Via],
    revision: str,
    *,
    values: bool = False,
) -> Silkscreen:
    """Find a place for every text.

    Args:
        board: its title, and the shape of its network.
        netlist: gives the names of connectors' pins.
        plan: where parts stand.
        vias: printed over only where there is no other place.
        revision: printed beside the title.
        values: whether the values of parts are printed too, where there is room.
    """
    sheet = _Sheet(plan, vias)
    texts = [*sheet.title(_titles(board, revision))]
    names: dict[str, Text] = {}
    for reference, placed in plan.parts.items():
        part = netlist.parts[reference]
        if reference.startswith("J"):
            texts += sheet.pin_names(placed, part.pins)
        elif reference.startswith("TP"):
            found = sheet.beside(part.value, placed, NAME_mm)
            if found:
                names[reference] = found
    references = {}
    for reference, placed in plan.parts.items():
        if reference in names:
            continue
        value = netlist.parts[reference].value if values else ""
        both = sheet.both_on(reference, value, placed) if value else None
        if both:
            references[reference], names[reference] = both
            continue
        found = (
            sheet.on(reference, placed, _REFERENCE_mm)
            or sheet.beside(reference, placed, _REFERENCE_mm)
            or sheet.on(reference, placed, _SMALL_mm)
        )
        if found:
            references[reference] = found
    # References first: who looks for a part looks for these.
    for reference in references if values else ():
        if reference not in names:
            value = netlist.parts[reference].value
            found = sheet.beside(value, plan.parts[reference], _REFERENCE_mm)
            if found:
                names[reference] = found
    return Silkscreen(references, names, tuple(texts))


def _titles(board: Board, revision: str) -> list[str]:
    first = f"{board.title}  rev {revision}"
    if board.network is None:
        return [first]
    shape = "-".join(map(str, board.network.shape))
    return [first, f"{board.technology} {shape}, weights {board.network.sha256()[:12]}"]


class _Sheet:
    """What is taken already."""

    def __init__(self, plan: Floorplan, vias: Sequence[Via]) -> None:
        self.plan = plan
        self.vias = [Box(*via.at, *via.at).grown(via.diameter / 2) for via in vias]
        self.room = plan.outline.grown(-_EDGE_mm)
        self.taken: list[Box] = [Box(x, y, x, y).grown(HOLE_mm / 2 + 1.5) for x, y in plan.holes]
        self.own: dict[str, list[Box]] = {}
        for reference, placed in plan.parts.items():
            self.own[reference] = list(_printed(placed))
        self.yards = {reference: placed.courtyard for reference, placed in plan.parts.items()}

    def title(self, lines: Sequence[str]) -> Iterator[Text]:
        """Print lines along the bottom edge, the first one largest, smaller where too long."""
        y = self.room.bottom
        width = self.room.width - 20.0
        for line in reversed(lines):
            size = _TITLE_mm if line is lines[0] else NAME_mm
            size = min(size, max(0.8, size * width / text.width(line, size)))
            made = Text(line, Point(self.plan.outline.left + self.plan.outline.width / 2, 0), size)
            y -= made.box.height / 2
            made = Text(line, Point(round(made.at.x, 3), round(y, 3)), round(size, 2))
            y -= made.box.height / 2 + 0.3
            self.taken.append(made.box)
            yield made

    def pin_names(self, placed: Placed, pins: Mapping[str, str]) -> Iterator[Text]:
        """Print what a connector's pins carry, each name right beside its own pin.

        All names stand on one side, the first where all find room: a name beside another pin than
        its own would be worse than none.
        """
        yard = placed.body
        at = {number: placed.pad(number) for number in pins}
        upright = len({round(place.x, 3) for place in at.values()}) == 1
        for side in (1, -1) if upright else (-1, 1):
            found: list[Text] = []
            before = list(self.taken)
            for number, net in pins.items():
                half = text.width(net, NAME_mm) / 2 + _CLEAR_mm + 0.01
                x, y = at[number]
                if upright:
                    place = Point(yard.right + half if side > 0 else yard.left - half, y)
                    turn = 0
                else:
                    place = Point(x, yard.bottom + half if side > 0 else yard.top - half)
                    turn = 90
                made = self._first(net, [place], NAME_mm, placed.reference, turn)
                if made:
                    found.append(made)
            if len(found) == len(pins):
                yield from found
                return
            self.taken = before

    def beside(self, word: str, placed: Placed, size: float) -> Text | None:
        """Print a word beside a part."""
        yard = placed.courtyard
        half = text.width(word, size) / 2 + 0.1
        x, y = (yard.left + yard.right) / 2, (yard.top + yard.bottom) / 2
        off = 0.75 * size + _CLEAR_mm
        above, below = yard.top - off, yard.bottom + off
        places = [
            Point(x, above),
            Point(x, below),
            Point(yard.right + half, y),
            Point(yard.left - half, y),
            *(Point(x + dx, level) for level in (above, below) for dx in (-1.5, 1.5)),
            *(Point(yard.right + half, level) for level in (above, below)),
            *(Point(yard.left - half, level) for level in (above, below)),
        ]
        return self._first(word, places, size, placed.reference)

    def on(self, word: str, placed: Placed, size: float) -> Text | None:
        """Print a word on a part's body, where it has room among its own pads and lines."""
        x, y = _middle(placed)
        # A diode's band takes one end of its body.
        places = (_rounded(Point(x + dx, y)) for dx in (0.0, -_ASIDE_mm, _ASIDE_mm))
        found = (self._on(placed, Text(word, place, size)) for place in places)
        return next((made for made in found if made), None)

    def both_on(self, one: str, other: str, placed: Placed) -> tuple[Text, Text] | None:
        """Print two words on a part's body, side by side or one above the other, if both fit."""
        x, y = _middle(placed)
        widths = [text.width(word, _SMALL_mm) + 2 * _CLEAR_mm for word in (one, other)]
        shift = (widths[0] - widths[1]) / 2
        down = 0.75 * _SMALL_mm + _CLEAR_mm
        for places in (
            (Point(x + shift - widths[0] / 2, y), Point(x + shift + widths[1] / 2, y)),
            (Point(x, y - down), Point(x, y + down)),
        ):
            first = self._on(placed, Text(one, _rounded(places[0]), _SMALL_mm))
            if first is None:
                continue
            second = self._on(placed, Text(other, _rounded(places[1]), _SMALL_mm))
            if second is not None:
                return first, second
            self.taken.remove(first.box)
        return None

    def _on(self, placed: Placed, made: Text) -> Text | None:
        if _hits(made.box, self.own[placed.reference]) or _hits(made.box, self.taken):
            return None
        self.taken.append(made.box)
        return made

    def _first(
        self, word: str, places: Iterable[Point], size: float, reference: str, turn: int = 0
    ) -> Text | None:
        found = [Text(word, _rounded(place), size, turn) for place in places]
        for made in sorted(found, key=lambda made: _hits(made.box, self.vias)):
            box = made.box
            inside = (
                box.left >= self.room.left
                and box.right <= self.room.right
                and box.top >= self.room.top
                and box.bottom <= self.room.bottom
            )
            others = (yard for name, yard in self.yards.items() if name != reference)
            if (
                inside
                and not _hits(box, self.taken)
                and not _hits(box, others)
                and not _hits(box, self.own[reference])
            ):
                self.taken.append(box)
                return made
        return None


def _middle(placed: Placed) -> Point:
    yard = placed.courtyard
    return Point((yard.left + yard.right) / 2, (yard.top + yard.bottom) / 2)


def _rounded(point: Point) -> Point:
    return Point(round(point.x, 3), round(point.y, 3))


def _hits(box: Box, others: Iterable[Box]) -> bool:
    return any(box.overlap(other) > -_CLEAR_mm for other in others)


def _printed(placed: Placed) -> Iterator[Box]:
    """Yield the boxes of a part's pads and of what its footprint prints."""
    kind = footprint(placed.footprint)
    for pad in kind.pads:
        size = Box(-pad.width / 2, -pad.height / 2, pad.width / 2, pad.height / 2)
        at = turned(pad.at, placed.rotation)
        box = turned_box(size, pad.rotation + placed.rotation)
        yield box.moved(placed.at.x + at.x, placed.at.y + at.y).grown(_PAD_CLEAR_mm)
    for line in kind.silk:
        yield turned_box(line, placed.rotation).moved(placed.at.x, placed.at.y)
