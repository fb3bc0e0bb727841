"""The router: pads and nets in, tracks and vias out. It knows nothing of KiCad.

Every net takes its cheapest path and may cross others at a price that rises from pass to pass, and
where there was trouble before, until no two nets claim one place. Nets without a conflict stay.

Ref: L. McMurchie, C. Ebeling, "PathFinder: A Negotiation-Based Performance-Driven Router for
FPGAs", FPGA '95.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from realnet_hw.drawing.geometry import Box, Point

if TYPE_CHECKING:
    from realnet_hw.export.pcb.search import Ground

GRID_mm = 0.3175
"""A quarter of a sixteenth of an inch: pads of through-hole parts lie on it."""

MARGIN_mm = 0.05
"""More than the clearance: rounding of positions in files must not turn it into a violation."""

_GRAIN = 0.25
_PRESSURE = (0.5, 1.35, 40.0)  # at first, its growth each pass, at most
_FOUGHT_OVER = {"track": 0.35, "via": 0.5}
# Old trouble makes detours; but without a memory the last few nets would fight for ever.
_FORGET_AT = (12, 24, 36)  # passes
_MOST_PASSES = 120
# A board with this share of the first pass's conflicts left after so many passes has too little
# room, as has one that grew no better for so many: they would take the rest and still have some.
_HOPELESS = (20, 0.05)
_NO_BETTER = 25


@dataclass(frozen=True)
class Pad:
    """A pad or a hole.

    Args:
        at: its middle, mm.
        width, height: of its copper before it is turned, mm.
        round: whether its ends are round.
        rotation: degrees, anticlockwise as KiCad counts.
        net: its net, empty for a hole or a pad that nothing is connected to.
        layers: the layers with its copper, from 0 at the top.
    """

    at: Point
    width: float
    height: float
    round: bool
    rotation: float
    net: str
    layers: tuple[int, ...]


@dataclass(frozen=True)
class NetClass:
    """The width of a net's tracks and the diameters of its vias, mm."""

    track_mm: float
    via_mm: float
    drill_mm: float


@dataclass(frozen=True)
class Rules:
    """What a fab asks for, mm: between coppers, and from copper to the board's edge."""

    clearance_mm: float
    edge_mm: float


@dataclass(frozen=True)
class Track:
    """A straight piece of copper."""

    net: str
    layer: int
    start: Point
    end: Point
    width: float


@dataclass(frozen=True)
class Via:
    """A plated hole through all layers."""

    net: str
    at: Point
    diameter: float
    drill: float


@dataclass(frozen=True)
class Routing:
    """What came out.

    Args:
        tracks, vias: by net.
        unrouted: the nets that found no way, or none without touching another.
        passes: how many it took.
    """

    tracks: tuple[Track, ...]
    vias: tuple[Via, ...]
    unrouted: tuple[str, ...]
    passes: int


@dataclass
class _Route:
    """A net's copper on the grid, and whose way it is in."""

    paths: list[list[int]]
    cells: npt.NDArray[np.int64]
    vias: npt.NDArray[np.int64]
    keeps_tracks_off: list[npt.NDArray[np.int64]] = field(default_factory=list)
    keeps_vias_off: list[npt.NDArray[np.int64]] = field(default_factory=list)


def route(
    outline: Box,
    pads: Sequence[Pad],
    classes: Mapping[str, NetClass],
    rules: Rules,
    *,
    prices: tuple[float, ...] = (1.0, 1.0),
    via_price_mm: float = 3.0,
    passes: int = _MOST_PASSES,
) -> Routing:
    """Join the pads of every net.

    Args:
        outline: the board's edge, mm.
        pads: of all parts, and the holes.
        classes: for each net that is to be routed; others are left alone.
        rules: distances to keep.
        prices: of a track's length on each layer of copper, from the top; the least is 1.
        via_price_mm: the length of track that a via costs as much as.
        passes: after how many to give up.

    Returns:
        The best of all passes: the fewest nets without a way, then the fewest in conflict. A net
        that touches another is left out and named in ``unrouted``.
    """
    return _Router(outline, pads, classes, rules, prices, via_price_mm).run(passes)


class _Router:
    def __init__(
        self,
        outline: Box,
        pads: Sequence[Pad],
        classes: Mapping[str, NetClass],
        rules: Rules,
        prices: tuple[float, ...],
        via_price_mm: float,
    ) -> None:
        # numba takes a second to import.
        from realnet_hw.export.pcb import search

        self._search = search
        self.outline = outline
        self.width = int((outline.right - outline.left) / GRID_mm + 1e-6) + 1
        self.height = int((outline.bottom - outline.top) / GRID_mm + 1e-6) + 1
        self.area = self.width * self.height
        self.layers = len(prices)
        self.prices = np.array(prices)
        self.via_price = via_price_mm / GRID_mm
        self.rules = rules
        self.classes = tuple(dict.fromkeys(classes.values()))
        self.class_of = {net: self.classes.index(kind) for net, kind in classes.items()}
        self.number = {net: index for index, net in enumerate(sorted(classes), 1)}
        self.pads: dict[str, list[Pad]] = {}
        for pad in pads:
            if pad.net in classes:
                self.pads.setdefault(pad.net, []).append(pad)
        shape = (self.layers, self.height, self.width)
        self.history = np.zeros(shape)
        self.grounds = [self._ground(kind, pads) for kind in self.classes]
        self.memory = search.scratch(self.layers * self.area)
        self.stamp = np.zeros(self.layers * self.area, np.int32)
        self.turn = 0
        self.stamp_turn = 0
        self.routes: dict[str, _Route] = {}

    # ------------------------------------------------------------------------------- the board

    def _ground(self, kind: NetClass, pads: Sequence[Pad]) -> Ground:
        """Return the cells that pads and edges leave to the middle of a track or via of a class."""
        rows, columns = np.mgrid[0 : self.height, 0 : self.width]
        x = self.outline.left + columns * GRID_mm
        y = self.outline.top + rows * GRID_mm
        edge = np.minimum(
            np.minimum(x - self.outline.left, self.outline.right - x),
            np.minimum(y - self.outline.top, self.outline.bottom - y),
        )
        owner = np.zeros((self.layers, self.height, self.width), np.int32)
        owner[:, edge < self.rules.edge_mm + kind.track_mm / 2] = self._search.BLOCKED
        no_via = edge < self.rules.edge_mm + kind.via_mm / 2
        keep = self.rules.clearance_mm + MARGIN_mm
        for pad in pads:
            reach = math.hypot(pad.width, pad.height) / 2 + keep + kind.via_mm
            top, left = self._cell(Point(pad.at.x - reach, pad.at.y - reach))
            bottom, right = self._cell(Point(pad.at.x + reach, pad.at.y + reach))
            box = (slice(max(0, top), bottom + 2), slice(max(0, left), right + 2))
            distance = _distance_to(pad, x[box], y[box])
            own = self.number.get(pad.net, self._search.BLOCKED)
            near = distance < keep + kind.track_mm / 2
            for layer in pad.layers:
                cells = owner[layer][box]
                cells[near & (cells != 0) & (cells != own)] = self._search.BLOCKED
                cells[near & (cells == 0)] = own
            no_via[box] |= distance < keep + kind.via_mm / 2
        return self._search.Ground(
            owner,
            no_via,
            np.zeros(owner.shape, np.int32),
            np.zeros((self.height, self.width), np.int32),
            self.history,
        )

    def _cell(self, point: Point) -> tuple[int, int]:
        return (
            round((point.y - self.outline.top) / GRID_mm),
            round((point.x - self.outline.left) / GRID_mm),
        )

    def _point(self, cell: int) -> Point:
        row, column = divmod(cell % self.area, self.width)
        return Point(
            round(self.outline.left + column * GRID_mm, 6),
            round(self.outline.top + row * GRID_mm, 6),
        )

    def _pad_cells(self, pad: Pad) -> list[int]:
        row, column = self._cell(pad.at)
        return [layer * self.area + row * self.width + column for layer in pad.layers]

    # --------------------------------------------------------------------------------- passes

    def run(self, passes: int) -> Routing:
        nets = sorted(
            (net for net, pads in self.pads.items() if len(pads) > 1),
            key=lambda net: (self._half_perimeter(net), net),
        )
        waiting = set(nets)
        pressure, growth, most = _PRESSURE
        best: tuple[tuple[int, int, int], dict[str, _Route], set[str]] | None = None
        done = best_pass = first_fights = 0
        for done in range(1, passes + 1):
            failed = set()
            for net in nets:
                if net in waiting:
                    self._rip_up(net)
                    made = self._route(net, pressure)
                    if made is None:
                        failed.add(net)
                    else:
                        self._put_down(net, made)
            fighting, fights = self._conflicts()
            waiting = failed | fighting
            score = (len(failed), len(fighting), fights)
            if best is None or score < best[0]:
                best = (score, dict(self.routes), set(waiting))
                best_pass = done
            # Others' tracks only make a way dearer: a net that found none never will.
            if not waiting or failed:
                break
            first_fights = first_fights or fights
            if done == _HOPELESS[0] and fights > _HOPELESS[1] * first_fights:
                break
            if done - best_pass >= _NO_BETTER:
                break
            pressure = min(pressure * growth, most)
            if done in _FORGET_AT:
                self.history *= 0.5
        if best is None:
            return Routing((), (), (), 0)
        _, routes, left = best
        kept = {net: made for net, made in sorted(routes.items()) if net not in left}
        return Routing(
            tuple(itertools.chain.from_iterable(self._tracks(n, r) for n, r in kept.items())),
            tuple(itertools.chain.from_iterable(self._vias(n, r) for n, r in kept.items())),
            tuple(sorted(left)),
            done,
        )

    def _half_perimeter(self, net: str) -> float:
        xs, ys = zip(*(pad.at for pad in self.pads[net]), strict=True)
        return float(max(xs) - min(xs) + max(ys) - min(ys))

    def _rip_up(self, net: str) -> None:
        made = self.routes.pop(net, None)
        if made is not None:
            self._claim(made, -1)

    def _put_down(self, net: str, made: _Route) -> None:
        own = self.classes[self.class_of[net]]
        keep = self.rules.clearance_mm + MARGIN_mm
        through = np.concatenate([made.vias + layer * self.area for layer in range(self.layers)])
        for kind in self.classes:
            for others, found in (
                (kind.track_mm, made.keeps_tracks_off),
                (kind.via_mm, made.keeps_vias_off),
            ):
                tracks = self._around(made.cells, own.track_mm / 2 + keep + others / 2)
                vias = self._around(through, own.via_mm / 2 + keep + others / 2)
                found.append(np.union1d(tracks, vias))
        made.keeps_vias_off = [np.unique(cells % self.area) for cells in made.keeps_vias_off]
        self._claim(made, 1)
        self.routes[net] = made

    def _around(self, cells: npt.NDArray[np.int64], reach_mm: float) -> npt.NDArray[np.int64]:
        self.stamp_turn += 1
        return self._search.around(
            cells, self.height, self.width, reach_mm / GRID_mm, self.stamp, self.stamp_turn
        )

    def _claim(self, made: _Route, nets: int) -> None:
        for ground, tracks, vias in zip(
            self.grounds, made.keeps_tracks_off, made.keeps_vias_off, strict=True
        ):
            ground.crowd.reshape(-1)[tracks] += nets
            ground.via_crowd.reshape(-1)[vias] += nets

    def _conflicts(self) -> tuple[set[str], int]:
        """Return the nets that come too close to another, and at how many cells; remember these."""
        fighting = set()
        fights = 0
        flat = self.history.reshape(-1)
        for net, made in self.routes.items():
            ground = self.grounds[self.class_of[net]]
            # Every net is in its own way once.
            tracks = made.cells[ground.crowd.reshape(-1)[made.cells] > 1]
            vias = made.vias[ground.via_crowd.reshape(-1)[made.vias] > 1]
            flat[tracks] += _FOUGHT_OVER["track"]
            for layer in range(self.layers):
                flat[vias + layer * self.area] += _FOUGHT_OVER["via"]
            if tracks.size or vias.size:
                fighting.add(net)
                fights += tracks.size + vias.size
        return fighting, fights

    # ------------------------------------------------------------------------------- one net

    def _route(self, net: str, pressure: float) -> _Route | None:
        """Grow a tree from the middlemost pad, always to the pad that is nearest to it."""
        search = self._search
        pads = self.pads[net]
        middle = Point(
            sum(pad.at.x for pad in pads) / len(pads), sum(pad.at.y for pad in pads) / len(pads)
        )
        waiting = sorted(pads, key=lambda pad: (_apart(pad.at, middle), pad.at))
        tree = set(self._pad_cells(waiting.pop(0)))
        paths: list[list[int]] = []
        vias: set[int] = set()
        costs = search.Costs(self.via_price, _GRAIN, pressure, self.prices)
        while waiting:
            target = self._nearest(waiting, tree)
            waiting.remove(target)
            row, column = self._cell(target.at)
            self.turn += 1
            end = search.search(
                self.grounds[self.class_of[net]],
                costs,
                self.memory,
                self.turn,
                self.number[net],
                np.array(sorted(tree), np.int64),
                row,
                column,
                sum(1 << layer for layer in target.layers),
            )
            if end < 0:
                return None
            path = [int(end)]
            while (before := int(self.memory.came_from[path[-1]])) >= 0:
                path.append(before)
            paths.append(path[::-1])
            tree.update(path)
            tree.update(self._pad_cells(target))
            for one, other in itertools.pairwise(path):
                if one // self.area != other // self.area:
                    vias.add(one % self.area)
                    tree.update(one % self.area + k * self.area for k in range(self.layers))
        cells = np.array(sorted(set(itertools.chain.from_iterable(paths))), np.int64)
        return _Route(paths, cells, np.array(sorted(vias), np.int64))

    def _nearest(self, pads: Sequence[Pad], tree: set[int]) -> Pad:
        flat = np.array(sorted(tree), np.int64) % self.area
        rows, columns = flat // self.width, flat % self.width

        def away(pad: Pad) -> tuple[float, Point]:
            row, column = self._cell(pad.at)
            down, across = np.abs(rows - row), np.abs(columns - column)
            return float(
                (np.maximum(down, across) + 0.414 * np.minimum(down, across)).min()
            ), pad.at

        return min(pads, key=away)

    # ------------------------------------------------------------------------------- copper

    def _tracks(self, net: str, made: _Route) -> list[Track]:
        """Return straight tracks from joint to joint; one more where a pad is off the grid.

        KiCad takes a short track's end for open that lies in the middle of another one.
        """
        width = self.classes[self.class_of[net]].track_mm
        found = []
        joints = {cell for path in made.paths for cell in (path[0], path[-1])}
        for path in made.paths:
            start = 0
            while start < len(path) - 1:
                step = path[start + 1] - path[start]
                layer = path[start] // self.area
                if path[start + 1] // self.area != layer:
                    start += 1
                    continue
                end = start + 1
                while (
                    end < len(path) - 1
                    and path[end] not in joints
                    and path[end + 1] - path[end] == step
                    and path[end + 1] // self.area == layer
                ):
                    end += 1
                ends = self._point(path[start]), self._point(path[end])
                found.append(Track(net, layer, *ends, width))
                start = end
        for pad in self.pads[net]:
            for cell in self._pad_cells(pad):
                point = self._point(cell)
                if cell in joints and _apart(point, pad.at) > 1e-4:
                    found.append(Track(net, cell // self.area, point, pad.at, width))
        return found

    def _vias(self, net: str, made: _Route) -> list[Via]:
        kind = self.classes[self.class_of[net]]
        return [Via(net, self._point(int(cell)), kind.via_mm, kind.drill_mm) for cell in made.vias]


def _apart(one: Point, other: Point) -> float:
    return math.hypot(one.x - other.x, one.y - other.y)


def _distance_to(
    pad: Pad, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return the distance of points from a pad's copper, 0 or less inside."""
    angle = math.radians(pad.rotation)
    dx, dy = x - pad.at.x, y - pad.at.y
    along = np.abs(dx * math.cos(angle) - dy * math.sin(angle))
    across = np.abs(dx * math.sin(angle) + dy * math.cos(angle))
    radius = min(pad.width, pad.height) / 2 if pad.round else 0.0
    outside = np.hypot(
        np.maximum(along - (pad.width / 2 - radius), 0.0),
        np.maximum(across - (pad.height / 2 - radius), 0.0),
    )
    distance: npt.NDArray[np.float64] = outside - radius
    return distance
