"""One block of a plain circuit: a unit in the middle, what hangs on its pins, and loose parts.

Parts at the uppermost and lowest pin on the left stand in rows that end on the pin's wire; parts
from there to the output close the loop above or below; parts at the output follow to the right.
Whatever has no such place stands below with the names of its nets.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from realnet_hw.cells.cell import Cell
from realnet_hw.drawing import text
from realnet_hw.drawing.geometry import Box, GRID_mm, Mirror, Point, snapped
from realnet_hw.drawing.pad import GROUND, Drawing, Pad, Side, Texts
from realnet_hw.drawing.symbols import Pin
from realnet_hw.export.plain.groups import Group
from realnet_hw.export.plain.pieces import (
    GAP_mm,
    SLOT_mm,
    STUB_mm,
    between_rails,
    down_to_grid,
    fan,
    hang,
    row,
    stub,
    upright,
)
from realnet_hw.export.plain.units import Unit, Way

_LOOSE_WIDTH_mm = 101.6
_LADDER_mm = 10.16
# How far a net's name reaches above its wire.
_NAME_mm = 2.54


@dataclass
class _Roles:
    """What each part around the unit is drawn as; parts are taken from ``left``."""

    left: list[Unit]
    loops: dict[str, list[Unit]] = field(default_factory=dict)
    rows: dict[str, list[Unit]] = field(default_factory=dict)
    after: list[Unit] = field(default_factory=list)

    def take(self, units: Sequence[Unit]) -> list[Unit]:
        """Take parts out of those that are left."""
        self.left = [unit for unit in self.left if unit not in units]
        return list(units)

    def test_points(self, net: str) -> list[Unit]:
        """Take the test points of a net."""
        return self.take([u for u in self.left if u.is_test_point and net in u.nets()])


class PlainBlock(Cell):
    """A block of a plain circuit.

    Args:
        group: its parts.
        volts: of the rails, ground among them.
        stage: the sheet that it goes to where one page is too small.
    """

    def __init__(self, name: str, group: Group, volts: Mapping[str, float], stage: int) -> None:
        super().__init__(name, group.title, layer=group.layer, stage=stage)
        self.group = group
        self.volts = volts
        self.in_signal_path = group.in_signal_path
        self.is_terminal = group.main is not None and group.main.is_connector

    def used_nets(self) -> set[str]:
        """Return the nets of its parts."""
        return self.group.nets() | set(self.group.flags)

    def draw(self, pad: Pad) -> None:
        """Draw the unit with what hangs on it, then what is left."""
        main = self.group.main
        roles = _Roles(list(self.group.members))
        if main is not None and main.is_supply and self._draw_ladder(pad, main, roles):
            return
        surroundings = pad if self.in_signal_path else pad.scratch()
        if main is not None:
            _Surroundings(surroundings, main, roles, self.group, self.layer > 0).draw()
        if self.group.centre:
            self._draw_star(pad, self.group.centre, roles)
        beside = [] if surroundings is pad else [surroundings.drawing]
        self._draw_loose(pad, roles.left, beside)

    # ------------------------------------------------------------------------- supply of a package

    def _draw_ladder(self, pad: Pad, main: Unit, roles: _Roles) -> bool:
        """Draw supply pins between their rails, capacitors left of them; False if unfit."""
        ways = main.ways("")
        ends = {ways[pin.number]: pin for pin in main.pins()}
        if len(main.pins()) != 2 or set(ends) != {"up", "down"} or not all(main.nets()):
            return False
        positive, negative = main.net(ends["up"].number), main.net(ends["down"].number)
        if not all(map(pad.is_rail, (positive, negative))) or negative == positive:
            return False
        top, bottom = -_LADDER_mm, _LADDER_mm
        level = {positive: top, negative: bottom}
        level.setdefault(GROUND, 0.0)
        pins = pad.put(main.part.reference, 2.54, 0, texts="right", unit=main.number)
        x = pins[ends["up"].number].x
        left = x
        grounded = False
        for unit in list(roles.left):
            nets = unit.nets()
            if not unit.is_pair or len(nets) != 2 or not set(nets) <= set(level):
                continue
            roles.take([unit])
            upper, lower = sorted(nets, key=level.__getitem__)
            turn = unit.turned(unit.end_at(upper), "up")
            if {upper, lower} == {positive, negative} or (not grounded and upper == positive):
                left = down_to_grid(left - 12.7)
            places = unit.places(turn)
            first = places[unit.end_at(upper).number]
            last = places[unit.end_at(lower).number]
            middle = (level[upper] + level[lower]) / 2
            pins_of = pad.put(
                unit.part.reference,
                left - first.x,
                middle - (first.y + last.y) / 2,
                rotation=turn,
                texts="left",
                unit=unit.number,
            )
            pad.wire((left, level[upper]), pins_of[unit.end_at(upper).number])
            pad.wire(pins_of[unit.end_at(lower).number], (left, level[lower]))
            if level[upper] == 0.0 or level[lower] == 0.0:
                grounded = True
        for way, net in (("up", positive), ("down", negative)):
            pin = pins[ends["up" if way == "up" else "down"].number]
            pad.wire(pin, (pin.x, level[net]))
            if left < x:
                pad.wire((left, level[net]), (pin.x, level[net]))
            pad.power(net, pin.x, level[net], "up" if way == "up" else "down")
        if grounded:
            pad.wire((left, 0), (left + 6.35, 0))
            pad.power(GROUND, left + 6.35, 0, "down")
        self._draw_loose(pad, roles.left)
        return True

    # ------------------------------------------------------------------------ parts around one net

    def _draw_star(self, pad: Pad, net: str, roles: _Roles) -> None:
        """Draw the parts that lead to a net as rows, those from it to ground behind them."""
        rows = [
            unit
            for unit in roles.left
            if unit.is_pair
            and len(unit.nets()) == 2
            and all(self.volts.get(other, 1.0) > 0.0 for other in unit.nets() if other != net)
        ]
        pieces = _rows(pad, net, roles.take(rows))
        levels = _levels(pieces)
        middle = snapped((levels[0] + levels[-1]) / 2)
        for piece, level in zip(pieces, levels, strict=True):
            pad.add(piece, 0, level)
        pad.wire((0, levels[0]), (0, levels[-1]))
        tail = pad.scratch()
        _draw_tail(tail, roles, net, 0.0, is_last=True)
        pad.add(tail.drawing, 0, middle)

    # -------------------------------------------------------------------------------- loose parts

    def _draw_loose(self, pad: Pad, units: Sequence[Unit], first: Sequence[Drawing] = ()) -> None:
        """Draw parts and flags in lines below what is drawn, after pieces that come first."""
        pieces = [piece for piece in first if piece.symbols]
        pieces += [self._loose(pad, unit) for unit in units]
        pieces += [_flag(pad, net) for net in self.group.flags]
        drawn = pad.drawing
        start = drawn.extent() if drawn.symbols else Box(0, 0, 0, -SLOT_mm)
        room = max(_LOOSE_WIDTH_mm, start.width)
        x, y, height = start.left, start.bottom + SLOT_mm, 0.0
        line: list[tuple[Drawing, float]] = []

        def put_line() -> None:
            top = min((piece.extent().top for piece, _ in line), default=0.0)
            for piece, at in line:
                pad.add(piece, at, snapped(y - top))

        for piece in pieces:
            box = piece.extent()
            if line and x + box.width > start.left + room:
                put_line()
                y, x, height, line = y + height + SLOT_mm, start.left, 0.0, []
            line.append((piece, snapped(x - box.left)))
            x = snapped(x + box.width + SLOT_mm)
            tops = [each.extent().top for each, _ in line]
            bottoms = [each.extent().bottom for each, _ in line]
            height = max(bottoms) - min(tops)
        put_line()

    def _loose(self, pad: Pad, unit: Unit) -> Drawing:
        """Return one part with the names of its nets."""
        scratch = pad.scratch()
        reference = unit.part.reference
        nets = unit.nets()
        if unit.is_test_point and nets:
            net = nets[0]
            scratch.wire((0, 0), (SLOT_mm, 0))
            scratch.end(net, 0, 0, "left")
            scratch.test_point(reference, SLOT_mm, 0)
        elif unit.is_pair and all(net in self.volts for net in nets):
            one, two = unit.ends()
            higher = self.volts[unit.net(one.number)] >= self.volts[unit.net(two.number)]
            between_rails(scratch, unit, one if higher else two)
        elif unit.is_pair:
            near = _left_end(unit)
            end = row(scratch, unit, near, "right")
            scratch.end(unit.net(near.number), 0, 0, "left")
            scratch.end(unit.net(unit.opposite(near).number), end, 0, "right")
        else:
            scratch.put(reference, 0, 0, unit=unit.number)
            for pin, at in unit.places(0).items():
                if not unit.net(pin):
                    scratch.no_connect(*at)
        return scratch.drawing


def _flag(pad: Pad, net: str) -> Drawing:
    """Return a power flag on a net."""
    scratch = pad.scratch()
    scratch.wire((0, 0), (_LADDER_mm, 0))
    if scratch.is_rail(net):
        scratch.power(net, 0, 0, "down" if net == GROUND or net.startswith("-") else "up")
    else:
        scratch.label(net, 0, 0, "left")
    scratch.flag(_LADDER_mm, 0, "up")
    return scratch.drawing


def _left_end(unit: Unit) -> Pin:
    """Return the pin that a reader expects at the left: an anode, else pin 1."""
    one, two = unit.ends()
    return two if two.name == "A" else one


class _Surroundings:
    """A unit and what hangs on its pins."""

    def __init__(self, pad: Pad, main: Unit, roles: _Roles, group: Group, faces_left: bool) -> None:
        self.pad = pad
        self.group = group
        self.main = main
        self.roles = roles
        self.mirror = self._chosen_mirror(faces_left)
        places = main.places(0, self.mirror)
        self.sides: dict[Way, list[tuple[str, Point]]] = {
            "left": [], "right": [], "up": [], "down": []
        }  # fmt: skip
        used: dict[Point, str] = {}
        for pin, way in main.ways(self.mirror).items():
            net = main.net(pin)
            if net and places[pin] not in used:
                used[places[pin]] = net
                self.sides[way].append((net, places[pin]))
        free = [pin for pin in main.pins() if not pin.hidden and places[pin.number] not in used]
        self.unconnected = sorted({places[p.number] for p in free if p.kind != "no_connect"})
        self.pointing = {main.ways(self.mirror)[pin.number] for pin in free}
        self.pointing |= {way for way, pins in self.sides.items() if pins}
        for way in ("left", "right"):
            self.sides[way].sort(key=lambda item: item[1].y)
        for way in ("up", "down"):
            self.sides[way].sort(key=lambda item: -item[1].x)

    def _chosen_mirror(self, faces_left: bool) -> Mirror:
        """Turn a connector's pins to the circuit, and the pin whose loop is closed upwards."""
        main = self.main
        ways = main.ways("")
        if main.is_connector:
            at_left = list(ways.values()).count("left") > list(ways.values()).count("right")
            return "" if at_left == faces_left else "y"
        lefts = sorted(
            (main.places(0)[pin].y, main.net(pin)) for pin, way in ways.items() if way == "left"
        )
        rights = [main.net(pin) for pin, way in ways.items() if way == "right"]
        if len(lefts) != 2 or len(rights) != 1:
            return ""
        upper, lower = (self._closes(net, rights[0]) for _, net in lefts)
        return "x" if lower and not upper else ""

    def _closes(self, net: str, output: str) -> bool:
        """Whether a loop leads from the output to a net, by a wire or by a part."""
        if not net or net == output:
            return bool(net)
        return any(set(unit.nets()) == {net, output} for unit in self.roles.left if unit.is_pair)

    # ---------------------------------------------------------------------------------------- whole

    def draw(self) -> None:
        """Draw everything that has a place beside the unit."""
        for point in self.unconnected:
            self.pad.no_connect(*point)
        lefts, rights = self.sides["left"], self.sides["right"]
        output = rights[0] if rights and not self.main.is_connector else None
        self._assign(lefts, output)
        core = self._draw_core()
        loop_x = down_to_grid(min([core.left, *(at.x for _, at in lefts)]) - GRID_mm)
        self._draw_left(lefts, loop_x)
        if output is not None:
            self._draw_right(rights, core, loop_x)
        else:
            for net, at in rights:
                self._stub(net, at, "right")

    def _assign(self, lefts: Sequence[tuple[str, Point]], output: tuple[str, Point] | None) -> None:
        """Choose what stands where."""
        if self.main.is_connector:
            return
        roles, pad = self.roles, self.pad
        busy = [net for net in _outer(lefts) if not pad.is_rail(net)]
        for net in busy:
            if output and net != output[0]:
                loops = [u for u in roles.left if u.is_pair and set(u.nets()) == {net, output[0]}]
                if net == lefts[0][0] or len(self.sides["right"]) == 1:
                    roles.loops[net] = roles.take(loops)
        for net in busy:
            rows = [u for u in roles.left if u.is_pair and net in u.nets()]
            roles.rows[net] = roles.take([u for u in rows if len(u.nets()) == 2])
        if output and not pad.is_rail(output[0]):
            after = [u for u in roles.left if u.is_pair and output[0] in u.nets()]
            roles.after = roles.take([u for u in after if len(u.nets()) == 2])

    # ----------------------------------------------------------------------------------- the middle

    def _draw_core(self) -> Box:
        """Draw the unit, its texts and the pins above and below; return the box around them."""
        fans = self.pad.scratch()
        for way in ("up", "down"):
            if nets := self.sides[way]:
                fan(fans, nets, way)
        texts, room = self._texts(fans.drawing)
        self.pad.put(
            self.main.part.reference, 0, 0,
            mirror=self.mirror, texts=texts, unit=self.main.number, room_mm=room,
        )  # fmt: skip
        self.pad.add(fans.drawing, 0, 0)
        return self.pad.drawing.extent()

    def _is_amplifier(self) -> bool:
        """Whether the symbol is a triangle with two pins at the left and one at its tip."""
        counts = tuple(len(self.sides[way]) for way in ("left", "right", "up", "down"))
        named = self.main.part.symbol.startswith(("Amplifier_", "Comparator"))
        return named and counts == (2, 1, 0, 0)

    def _texts(self, fans: Drawing) -> tuple[Texts, float]:
        """Return where the unit's texts have room."""
        sides = self.sides
        if self._is_amplifier():
            return "slopes", 0.0
        if "right" not in self.pointing and self.pointing & {"up", "down"}:
            return "right", 0.0
        outline = self.main.symbol.placed_outline(self.main.number, Point(0, 0), 0, self.mirror)
        top = outline.top if outline else 0.0
        if {"up", "down"} <= self.pointing:
            reach = min(at.y for at in self.main.places(0, self.mirror).values()) - GAP_mm
            if sides["up"]:
                reach = min(reach, fans.extent().top)
            return "above", snapped(top - reach + GAP_mm)
        if "up" in self.pointing:
            return "below", 0.0
        names = [at.y - _NAME_mm for way in ("left", "right") for _, at in sides[way]]
        return "above", max(0.0, top - min(names, default=top))

    # ------------------------------------------------------------------------------------- the left

    def _draw_left(self, lefts: Sequence[tuple[str, Point]], loop_x: float) -> None:
        """Draw short ends at most pins, and the rows of parts left of them."""
        roles = self.roles
        ended = []
        for index, (net, at) in enumerate(lefts):
            first = [n for n, _ in lefts].index(net) == index
            if first and (roles.rows.get(net) or roles.loops.get(net)):
                continue
            if first and self._is_follower(net):
                continue
            ended.append((index, net, at))
        stubs = self.pad.scratch()
        for index, net, at in ended:
            if net == GROUND and self._is_amplifier() and index == 1:
                stubs.wire(at, (at.x - GRID_mm, at.y), (at.x - GRID_mm, at.y + STUB_mm))
                stubs.power(net, at.x - GRID_mm, at.y + STUB_mm, "down")
            else:
                self._stub(net, at, "left", stubs)
        reach = stubs.drawing.extent().left if ended else loop_x
        self.pad.add(stubs.drawing, 0, 0)
        places = dict(reversed(lefts))
        busy = [net for net in dict.fromkeys(n for n, _ in lefts) if roles.rows.get(net)]
        named = max((self.pad.label_width(net) for net in busy), default=0.0)
        bus = down_to_grid(min(reach, loop_x) - STUB_mm - named)
        pieces = {net: _rows(self.pad, net, roles.rows[net]) for net in busy}
        for index, net in enumerate(busy):
            at = places[net]
            levels = _levels(pieces[net])
            if len(busy) == 1:
                start = at.y - snapped((levels[-1] - levels[0]) / 2)
            elif index == 0:
                below = pieces[busy[1]][0].extent().top + places[busy[1]].y
                overlap = at.y + pieces[net][-1].extent().bottom + GAP_mm - below
                start = at.y - (levels[-1] - levels[0]) - snapped(max(0.0, overlap))
            else:
                start = at.y
            heights = [start + level - levels[0] for level in levels]
            for piece, y in zip(pieces[net], heights, strict=True):
                self.pad.add(piece, bus, y)
            closed = bool(roles.loops.get(net)) or self._is_follower(net)
            self.pad.wire((bus, at.y), (loop_x, at.y) if closed else at)
            self.pad.wire((bus, min(*heights, at.y)), (bus, max(*heights, at.y)))
            if not closed:
                self.pad.small_label(net, bus + GRID_mm / 2, at.y)

    def _is_follower(self, net: str) -> bool:
        """Whether the upper left pin is on a net to which a wire leads from the output."""
        lefts, rights = self.sides["left"], self.sides["right"]
        if self.main.is_connector or not lefts or not rights or self.pad.is_rail(net):
            return False
        return net == lefts[0][0] == rights[0][0]

    # ------------------------------------------------------------------------------------ the right

    def _draw_right(self, rights: Sequence[tuple[str, Point]], core: Box, loop_x: float) -> None:
        """Draw the loops, the output's wire with its test points, and the parts that follow."""
        pad, roles = self.pad, self.roles
        output, at = rights[0]
        x = max(core.right + GRID_mm, at.x + STUB_mm)
        if roles.after:
            pad.small_label(output, at.x + GRID_mm / 2, at.y)
            x = max(x, at.x + GRID_mm + pad.label_width(output) + GRID_mm)
        x = self._draw_loops(core, loop_x, snapped(x), at)
        for point in roles.test_points(output):
            x += SLOT_mm
            pad.test_point(point.part.reference, x, at.y)
        stubs = pad.scratch()
        for net, place in rights[1:]:
            self._stub(net, place, "right", stubs)
        pad.add(stubs.drawing, 0, 0)
        if self.group.is_spare and self._is_follower(output):
            pad.wire(at, (x, at.y))
            return
        if not roles.after:
            pad.wire(at, (x + STUB_mm, at.y))
            pad.end(output, x + STUB_mm, at.y, "right")
            return
        if rights[1:]:
            x = max(x, stubs.drawing.extent().right)
        bus = snapped(x + STUB_mm)
        pad.wire(at, (bus, at.y))
        self._draw_after(output, bus, at.y)

    def _draw_loops(self, core: Box, loop_x: float, least_x: float, output: Point) -> float:
        """Close the loops from the output to pins at the left; return where they meet its wire."""
        lefts = self.sides["left"]
        loops = []
        for index, (net, at) in enumerate(_outer(lefts).items()):
            units = self.roles.loops.get(net, [])
            if units or self._is_follower(net):
                loops.append((net, at, index == 0, units))
        rows: dict[str, list[tuple[Drawing, float]]] = {}
        for net, _, _, units in loops:
            rows[net] = []
            for unit in units:
                scratch = self.pad.scratch()
                lead = self.pad.label_width(net) + 2 * GRID_mm if unit is units[-1] else 0.0
                end = row(scratch, unit, unit.end_at(net), "right", lead)
                rows[net].append((scratch.drawing, end))
                least_x = max(least_x, loop_x + end)
            least_x = max(least_x, loop_x + self.pad.label_width(net) + STUB_mm)
        x = snapped(least_x)
        for net, at, upwards, _ in loops:
            y = core.top if upwards else core.bottom
            levels = []
            for piece, end in rows[net]:
                box = piece.extent()
                if upwards:
                    y = down_to_grid(y - GAP_mm - box.bottom)
                    levels.append(y)
                    self.pad.add(piece, loop_x, y)
                    y += box.top
                else:
                    y = snapped(y + GAP_mm - box.top)
                    levels.append(y)
                    self.pad.add(piece, loop_x, y)
                    y += box.bottom
                self.pad.wire((loop_x + end, levels[-1]), (x, levels[-1]))
            if not levels:
                levels = [down_to_grid(y - STUB_mm)]
                self.pad.wire((loop_x, levels[0]), (x, levels[0]))
            self.pad.wire(at, (loop_x, at.y), (loop_x, levels[-1]))
            self.pad.wire((x, levels[-1]), (x, output.y))
            self.pad.small_label(net, loop_x, levels[-1])
        return x

    def _draw_after(self, output: str, bus: float, y: float) -> None:
        """Draw the parts at the output in rows below each other, the last one with what follows."""
        pad, roles = self.pad, self.roles
        units = roles.after
        pieces = []
        for unit in units:
            scratch = pad.scratch()
            end = row(scratch, unit, unit.end_at(output), "right")
            far = unit.net(unit.opposite(unit.end_at(output)).number)
            if pad.is_rail(far):
                scratch.end(far, end, 0, "right")
            else:
                _draw_tail(scratch, roles, far, end, is_last=unit is units[-1])
            pieces.append(scratch.drawing)
        levels = [y + level for level in _levels(pieces)]
        for piece, level in zip(pieces, levels, strict=True):
            pad.add(piece, bus, level)
        pad.wire((bus, levels[0]), (bus, levels[-1]))

    def _stub(self, net: str, at: Point, side: Side, pad: Pad | None = None) -> None:
        """Lead a pin out and say what its net is."""
        rail = self.pad.is_rail(net)
        points = [] if rail else self.roles.test_points(net)
        self.roles.left += points[1:]
        # A power symbol is as high as two rows: it stands beyond the name in the row below.
        beneath = next((n for n, p in self.sides[side] if 0 < p.y - at.y < SLOT_mm), GROUND)
        beyond = 0.0
        if rail and not self.pad.is_rail(beneath):
            beyond = STUB_mm + text.width(beneath) + GRID_mm
        reference = points[0].part.reference if points else ""
        stub(pad or self.pad, net, at, side, test_point=reference, least_mm=beyond)


def _draw_tail(pad: Pad, roles: _Roles, net: str, x: float, *, is_last: bool) -> None:
    """Draw what follows behind a part at the output: test points, parts to a rail, the name."""
    start = x
    for point in roles.test_points(net):
        pad.test_point(point.part.reference, x + STUB_mm, 0)
        x += SLOT_mm
    loads = [
        unit
        for unit in roles.left
        if unit.is_pair
        and net in unit.nets()
        and any(pad.is_rail(other) for other in unit.nets() if other != net)
    ]
    for unit in roles.take(loads) if is_last else ():
        scratch = pad.scratch()
        foot = upright(scratch, unit, unit.end_at(net), STUB_mm)
        scratch.wire(foot, (foot.x, foot.y + STUB_mm))
        rail = unit.net(unit.opposite(unit.end_at(net)).number)
        hang(scratch, rail, foot.x, foot.y + STUB_mm, "down")
        box = scratch.drawing.extent()
        at = snapped(max(x + STUB_mm, x - box.left + GAP_mm))
        pad.add(scratch.drawing, at, 0)
        x = snapped(at + box.right)
    x += STUB_mm
    pad.wire((start, 0), (x, 0))
    pad.end(net, x, 0, "right")


def _rows(pad: Pad, net: str, units: Sequence[Unit]) -> list[Drawing]:
    """Return a net's parts as rows that end at the origin, with the names of the other nets."""
    drawings = []
    for unit in units:
        scratch = pad.scratch()
        near = unit.end_at(net)
        end = row(scratch, unit, near, "left")
        scratch.end(unit.net(unit.opposite(near).number), -end, 0, "left")
        drawings.append(scratch.drawing)
    return drawings


def _outer(pins: Sequence[tuple[str, Point]]) -> dict[str, Point]:
    """Return the nets of the first and the last pin of a side, with their places."""
    found: dict[str, Point] = {}
    for net, at in (*pins[:1], *pins[1:][-1:]):
        found.setdefault(net, at)
    return found


def _levels(pieces: Sequence[Drawing]) -> list[float]:
    """Return the heights of rows below each other, the first one at 0."""
    levels = [0.0] * len(pieces)
    for index, (before, after) in enumerate(itertools.pairwise(pieces), 1):
        above = levels[index - 1] + before.extent().bottom
        levels[index] = snapped(above + GAP_mm - after.extent().top)
    return levels
