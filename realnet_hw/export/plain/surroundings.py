"""A unit in the middle of its block, with what hangs on its pins.

Parts at the uppermost and lowest pin on the left stand in rows that end on the pin's wire; parts
from there to the output close the loop above or below; parts at the output follow to the right.
"""

from __future__ import annotations

from collections.abc import Sequence

from realnet_hw.drawing import text
from realnet_hw.drawing.geometry import Box, GRID_mm, Mirror, Point, snapped
from realnet_hw.drawing.pad import GROUND, Drawing, Pad, Side, Texts
from realnet_hw.export.plain.group import Group
from realnet_hw.export.plain.pieces import GAP_mm, SLOT_mm, STUB_mm, down_to_grid, fan, row, stub
from realnet_hw.export.plain.roles import Roles
from realnet_hw.export.plain.rows import draw_tail, levels_of, rows_to
from realnet_hw.export.plain.units import Unit, Way

# How far a net's name reaches above its wire.
_NAME_mm = 2.54


class Surroundings:
    """A unit and what hangs on its pins."""

    def __init__(self, pad: Pad, main: Unit, roles: Roles, group: Group, faces_left: bool) -> None:
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
        pieces = {net: rows_to(self.pad, net, roles.rows[net]) for net in busy}
        for index, net in enumerate(busy):
            at = places[net]
            levels = levels_of(pieces[net])
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
                draw_tail(scratch, roles, far, end, is_last=unit is units[-1])
            pieces.append(scratch.drawing)
        levels = [y + level for level in levels_of(pieces)]
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


def _outer(pins: Sequence[tuple[str, Point]]) -> dict[str, Point]:
    """Return the nets of the first and the last pin of a side, with their places."""
    found: dict[str, Point] = {}
    for net, at in (*pins[:1], *pins[1:][-1:]):
        found.setdefault(net, at)
    return found
