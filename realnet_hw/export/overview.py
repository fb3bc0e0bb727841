"""The overview on the root sheet: a box for every sheet, in the order of the signal, and its wires.

Boxes stand in columns, one for each stage of the signal's way. What one stage hands to the next is
drawn as wires; a signal that goes further, such as a reference, is a line below the boxes that
feeds them from there; everything else is joined by its name.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from realnet_hw.drawing import text
from realnet_hw.drawing.geometry import Box, Point, snapped
from realnet_hw.drawing.pad import Drawing, Flow, Label, SheetBox, SheetPin, Wire, Words

_PITCH_mm = 2.54
_STUB_mm = 5.08
_WORDS_mm = 1.5
_LINE_mm = 2.54
_BETWEEN_mm = 10.16
_MOST_RAILS = 4
# KiCad sets a pin's name this far inside the box.
_PIN_NAME_mm = 2.54


@dataclass(frozen=True)
class Member:
    """A sheet in the overview.

    Args:
        name: printed above its box.
        file: its file's name.
        page: its number among the pages.
        lines: what is said of it.
        enters, leaves: nets that it takes from other sheets and hands to them, in order.
    """

    name: str
    file: str
    page: int
    lines: tuple[str, ...]
    enters: tuple[str, ...]
    leaves: tuple[str, ...]


def overview(stages: Sequence[Sequence[Member]], rows: int, named: Collection[str]) -> Drawing:
    """Draw the sheets of a signal's way.

    Args:
        stages: the sheets of each step, from the inputs to the outputs.
        rows: how many rows the steps are broken into.
        named: the nets that the root sheet has by name, too.
    """
    drawing = Drawing()
    share = -(-len(stages) // rows)
    top = 0.0
    for start in range(0, len(stages), share):
        inside = stages[start : start + share]
        others = [each for each in stages if each not in inside]
        taken = {net for each in others for member in each for net in member.enters}
        row = _Row(inside, {*named, *taken})
        row.draw(drawing, top)
        top = snapped(drawing.extent().bottom + 2 * _BETWEEN_mm)
    return drawing


@dataclass(frozen=True)
class _Shape:
    """A sheet's box: its pins by side, and the size that they and its texts ask for."""

    member: Member
    left: tuple[str, ...]
    right: tuple[str, ...]
    below: tuple[str, ...]

    @property
    def lines(self) -> tuple[str, ...]:
        """What is written in the box, above its pins."""
        return self.member.lines

    @property
    def head(self) -> float:
        """The height of the texts above the pins."""
        return _head(len(self.lines))

    @property
    def foot(self) -> float:
        """The height of the names of the pins at the bottom."""
        names = max((text.width(net) for net in self.below), default=0.0)
        return _grid(names + _PIN_NAME_mm) if self.below else 0.0

    @property
    def height(self) -> float:
        """The height that the box needs."""
        slots = max(len(self.left), len(self.right))
        return self.head + slots * _PITCH_mm + _PITCH_mm + self.foot

    @property
    def width(self) -> float:
        """The width that the box needs."""
        sides = sum(
            max((text.width(net) + _PIN_NAME_mm for net in nets), default=0.0)
            for nets in (self.left, self.right)
        )
        words = max(
            *(text.width(line, _WORDS_mm) for line in self.lines),
            text.width(f"File: {self.member.file}"),
            text.width(self.member.name, 1.8) * 1.1,
        )
        return _grid(max(sides + _STUB_mm, words + 2 * _PITCH_mm, 30.48))


def _head(lines: int) -> float:
    return _grid((lines + 1) * _LINE_mm + _PITCH_mm)


def _grid(length: float) -> float:
    """Return the next multiple of the pins' pitch."""
    return round(-(-(length - 1e-6) // _PITCH_mm) * _PITCH_mm, 4)


class _Row:
    """One row of the overview."""

    def __init__(self, stages: Sequence[Sequence[Member]], named: Collection[str]) -> None:
        self.stages = stages
        self.named = named
        self.rails = _rails(stages)
        self.columns = [self._shapes(index) for index in range(len(stages))]

    def wired(self, index: int) -> set[str]:
        """Return the nets that are drawn as wires from one stage to the next."""
        if index < 0 or index + 1 >= len(self.stages):
            return set()
        given = {net for member in self.stages[index] for net in member.leaves}
        taken = {net for member in self.stages[index + 1] for net in member.enters}
        return (given & taken) - set(self.rails)

    def labelled(self, index: int) -> set[str]:
        """Return the nets of a stage's right side that have a label: others take them by name."""
        elsewhere = {
            net
            for other, stage in enumerate(self.stages)
            if other != index + 1
            for member in stage
            for net in member.enters
        }
        given = {net for shape in self.columns[index] for net in shape.right}
        return {
            net
            for net in given
            if net not in self.wired(index) or net in elsewhere or net in self.named
        }

    def straight(self, index: int) -> bool:
        """Whether the wires that reach a stage can be level: from one box to one box."""
        return index > 0 and len(self.stages[index - 1]) == 1 == len(self.stages[index])

    def _shapes(self, index: int) -> list[_Shape]:
        shapes = []
        for member in self.stages[index]:
            lowest = member is self.stages[index][-1]
            below = [net for net in self.rails if net in (*member.enters, *member.leaves)]
            if not lowest:
                below = []
            left = tuple(net for net in member.enters if net not in below)
            right = tuple(net for net in member.leaves if net not in below)
            shapes.append(_Shape(member, left, right, tuple(below)))
        return shapes

    def draw(self, drawing: Drawing, top: float) -> None:
        """Draw the row; its boxes begin at a height."""
        head = max(shape.head for column in self.columns for shape in column)
        slots = max(max(len(s.left), len(s.right)) for column in self.columns for s in column)
        x = 0.0
        sources: dict[str, Point] = {}
        bottoms: list[tuple[str, Point]] = []
        floor = top
        for index, column in enumerate(self.columns):
            arriving, leaving = self.wired(index - 1), self.wired(index)
            tracks = self._told_room(index)
            x = self._channel(x, index, arriving)
            width = max(shape.width for shape in column)
            y = top
            targets: dict[str, list[Point]] = {}
            found: dict[str, Point] = {}
            lone = len(column) == 1
            for shape in column:
                height = head + slots * _PITCH_mm + _PITCH_mm + shape.foot if lone else shape.height
                room = slots if lone else max(len(shape.left), len(shape.right))
                pins_top = y + (head if lone else shape.head)
                if self.straight(index):
                    left = _level(shape.left, arriving, sources, pins_top, room)
                else:
                    shift = _PITCH_mm / 2 if arriving else 0.0
                    left = _centred(shape.left, pins_top + shift, room)
                right = _centred(shape.right, pins_top, room)
                feet = _draw_box(drawing, shape, x, y, width, height, left, right)
                for net in shape.left:
                    pin = Point(x, left[net]).moved(0, 0)
                    if net in arriving:
                        targets.setdefault(net, []).append(pin)
                    else:
                        _name(drawing, net, pin, "left")
                for net in shape.right:
                    pin = Point(x + width, right[net]).moved(0, 0)
                    if net in leaving:
                        found[net] = pin
                        if net in self.labelled(index):
                            drawing.labels.append(Label(net, pin.moved(1.27, 0), "right"))
                    else:
                        _name(drawing, net, pin, "right")
                bottoms += feet
                floor = max(floor, y + height)
                y += height + _BETWEEN_mm
            _wire(drawing, sources, targets, first=None if self.straight(index) else tracks)
            sources = found
            x += width
        _draw_rails(drawing, self.rails, bottoms, floor)

    def _channel(self, x: float, index: int, arriving: Collection[str]) -> float:
        """Return where a column begins: beyond the wires and names between it and the last."""
        if index == 0:
            return x
        named = [net for shape in self.columns[index] for net in shape.left if net not in arriving]
        room = 3 * _STUB_mm if self.straight(index) else (len(arriving) + 3) * _PITCH_mm
        return x + self._told_room(index) + _grid(room + _room_of(named))

    def _told_room(self, index: int) -> float:
        """Return the room of the names on the right of the column before."""
        return _grid(_room_of(self.labelled(index - 1))) if index else 0.0


def _room_of(named: Collection[str]) -> float:
    return _STUB_mm + max(text.width(net) for net in named) if named else 0.0


def _rails(stages: Sequence[Sequence[Member]]) -> tuple[str, ...]:
    """Return the nets that several stages take though none, or one further back, hands them on.

    Where there are many of them, names are clearer than lines: there are none then.
    """
    found = []
    order = [
        net for stage in stages for member in stage for net in (*member.enters, *member.leaves)
    ]
    for net in dict.fromkeys(order):
        given = [i for i, stage in enumerate(stages) for m in stage if net in m.leaves]
        taken = [i for i, stage in enumerate(stages) for m in stage if net in m.enters]
        shared = not given and len(set(taken)) > 1
        if shared or (given and any(index - given[0] > 1 for index in taken)):
            found.append(net)
    return tuple(found) if len(found) <= _MOST_RAILS else ()


def _centred(nets: Sequence[str], top: float, room: int) -> dict[str, float]:
    """Return the heights of pins in the middle of so many places."""
    first = (room - len(nets)) // 2
    return {net: top + (first + i + 0.5) * _PITCH_mm for i, net in enumerate(nets)}


def _level(
    nets: Sequence[str],
    arriving: Collection[str],
    sources: Mapping[str, Point],
    top: float,
    room: int,
) -> dict[str, float]:
    """Return the heights of pins: those of the wires that reach them, then the places left."""
    found = {net: sources[net].y for net in nets if net in arriving}
    places = [top + (i + 0.5) * _PITCH_mm for i in range(room)]
    taken = {round(y, 2) for y in found.values()}
    free = iter(y for y in reversed(places) if round(y, 2) not in taken)
    for net in reversed([net for net in nets if net not in found]):
        found[net] = next(free)
    return found


def _draw_box(
    drawing: Drawing,
    shape: _Shape,
    x: float,
    y: float,
    width: float,
    height: float,
    left: Mapping[str, float],
    right: Mapping[str, float],
) -> list[tuple[str, Point]]:
    """Draw a sheet's box; return its pins at the bottom."""
    member = shape.member
    pins = [_pin(member, net, x, left[net], "left") for net in shape.left]
    pins += [_pin(member, net, x + width, right[net], "right") for net in shape.right]
    first = x + _grid(width / 2) - (len(shape.below) - 1) * _PITCH_mm / 2
    feet = [
        (net, Point(first + i * _PITCH_mm, y + height).moved(0, 0))
        for i, net in enumerate(shape.below)
    ]
    pins += [_pin(member, net, *place, "down") for net, place in feet]
    for number, line in enumerate(shape.lines):
        place = Point(x + 1.905, y + 3.175 + number * _LINE_mm).moved(0, 0)
        drawing.words.append(Words(line, place, _WORDS_mm))
    file_at = Point(x + 1.905, y + 3.175 + len(shape.lines) * _LINE_mm).moved(0, 0)
    box = Box(x, y, x + width, y + height)
    drawing.sheets.append(
        SheetBox(member.name, member.file, box, file_at, tuple(pins), member.page)
    )
    return feet


def _pin(
    member: Member, net: str, x: float, y: float, side: Literal["left", "right", "down"]
) -> SheetPin:
    flow: Flow = "output" if net in member.leaves else "input"
    return SheetPin(net, Point(x, y).moved(0, 0), side, flow)


def _name(drawing: Drawing, net: str, pin: Point, side: Literal["left", "right"]) -> None:
    """Draw a short wire from a pin and name it."""
    end = pin.moved(-_STUB_mm if side == "left" else _STUB_mm, 0)
    drawing.wires.append(Wire(pin, end))
    drawing.labels.append(Label(net, end, side))


def _wire(
    drawing: Drawing,
    sources: Mapping[str, Point],
    targets: Mapping[str, Sequence[Point]],
    *,
    first: float | None,
) -> None:
    """Draw the wires between two stages.

    Args:
        drawing: gets them.
        sources: where each net leaves the one stage.
        targets: where it enters the other.
        first: how far to the right of the sources the first of their vertical lines stands; None
            where every wire is level. Sources lie half a pitch above or below targets, so that no
            two wires can touch.
    """
    for number, net in enumerate(_in_turn(sources, targets)):
        pin, ends = sources[net], targets[net]
        if first is None:
            drawing.wires.append(Wire(pin, ends[0]))
            continue
        x = pin.x + first + (number + 1) * _PITCH_mm
        heights = [pin.y, *(end.y for end in ends)]
        drawing.wires.append(Wire(pin, Point(x, pin.y).moved(0, 0)))
        drawing.wires.append(Wire(Point(x, min(heights)), Point(x, max(heights))))
        drawing.wires += [Wire(Point(x, end.y).moved(0, 0), end) for end in ends]


def _in_turn(sources: Mapping[str, Point], targets: Mapping[str, Sequence[Point]]) -> list[str]:
    """Return the nets in the order of their vertical lines: so nested that few wires cross."""
    down: list[str] = []
    up: list[str] = []
    for net, ends in targets.items():
        mean = sum(end.y for end in ends) / len(ends)
        (down if mean > sources[net].y else up).append(net)
    down.sort(key=lambda net: -sources[net].y)
    up.sort(key=lambda net: sources[net].y)
    return [*down, *up]


def _draw_rails(
    drawing: Drawing, rails: Sequence[str], bottoms: Sequence[tuple[str, Point]], floor: float
) -> None:
    """Draw the lines below the boxes, each from its name to the last box that it feeds."""
    for number, net in enumerate(rails):
        pins = [place for name, place in bottoms if name == net]
        if not pins:
            continue
        y = floor + _STUB_mm + number * _PITCH_mm
        left = min(pin.x for pin in pins) - 2 * _STUB_mm - number * _PITCH_mm
        start, end = Point(left, y).moved(0, 0), Point(max(pin.x for pin in pins), y).moved(0, 0)
        drawing.wires.append(Wire(start, end))
        drawing.wires += [Wire(pin, Point(pin.x, y).moved(0, 0)) for pin in pins]
        drawing.labels.append(Label(net, start, "left"))
