"""The router, judged by geometry alone: what is joined, and how far apart everything else is."""

from __future__ import annotations

import itertools
import math
import random

import pytest

from realnet_hw.drawing.geometry import Box, Point
from realnet_hw.export.pcb.router import NetClass, Pad, Routing, Rules, route

RULES = Rules(clearance_mm=0.2, edge_mm=0.5)
FINE = NetClass(0.3, 0.8, 0.4)
WIDE = NetClass(0.5, 0.8, 0.4)
BOARD = Box(0.0, 0.0, 60.96, 50.8)

# A piece of copper as a thick line: layers, both ends, half of its width.
Copper = tuple[tuple[int, ...], Point, Point, float]


def coppers(pads: list[Pad], routing: Routing, net: str) -> list[Copper]:
    return [
        *((pad.layers, pad.at, pad.at, pad.width / 2) for pad in pads if pad.net == net),
        *(
            ((track.layer,), track.start, track.end, track.width / 2)
            for track in routing.tracks
            if track.net == net
        ),
        *(((0, 1), via.at, via.at, via.diameter / 2) for via in routing.vias if via.net == net),
    ]


def gap(one: Copper, other: Copper) -> float:
    """The distance between two pieces, infinite where they share no layer."""
    if not set(one[0]) & set(other[0]):
        return math.inf
    return _between(one[1], one[2], other[1], other[2]) - one[3] - other[3]


def _between(a: Point, b: Point, c: Point, d: Point) -> float:
    if _cross(a, b, c, d):
        return 0.0
    return min(_to_line(a, c, d), _to_line(b, c, d), _to_line(c, a, b), _to_line(d, a, b))


def _cross(a: Point, b: Point, c: Point, d: Point) -> bool:
    def side(p: Point, q: Point, r: Point) -> float:
        return (q.x - p.x) * (r.y - p.y) - (q.y - p.y) * (r.x - p.x)

    return side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0


def _to_line(p: Point, a: Point, b: Point) -> float:
    dx, dy = b.x - a.x, b.y - a.y
    length = dx * dx + dy * dy
    share = 0.0 if length == 0 else ((p.x - a.x) * dx + (p.y - a.y) * dy) / length
    share = min(1.0, max(0.0, share))
    return math.hypot(p.x - a.x - share * dx, p.y - a.y - share * dy)


def pieces(found: list[Copper]) -> int:
    """In how many pieces a net's copper is."""
    owner = list(range(len(found)))

    def root(i: int) -> int:
        while owner[i] != i:
            i = owner[i]
        return i

    for i, j in itertools.combinations(range(len(found)), 2):
        if gap(found[i], found[j]) <= 0:
            owner[root(i)] = root(j)
    return len({root(i) for i in range(len(found))})


def scattered(seed: int, nets: int) -> tuple[list[Pad], dict[str, NetClass]]:
    """Pads of random nets, some off the router's grid, some on one layer alone."""
    chance = random.Random(seed)
    spots = [Point(5.08 * x, 5.08 * y) for x in range(1, 12) for y in range(1, 10)]
    chance.shuffle(spots)
    pads, classes = [], {}
    for number in range(nets):
        name = f"N{number}"
        classes[name] = chance.choice([FINE, FINE, WIDE])
        for _ in range(chance.choice([2, 2, 3, 4])):
            layers = chance.choice([(0, 1), (0, 1), (0,)])
            at = spots.pop().moved(chance.choice([0.0, 0.0, 0.11]), chance.choice([0.0, 0.07]))
            pads.append(Pad(at, 1.6, 1.6, True, 0.0, name, layers))
    pads.append(Pad(spots.pop(), 3.2, 3.2, True, 0.0, "", (0, 1)))
    return pads, classes


@pytest.mark.parametrize("seed", range(6))
def test_every_net_is_one_piece_and_keeps_away_from_all_others(seed: int) -> None:
    pads, classes = scattered(seed, nets=20)
    routing = route(BOARD, pads, classes, RULES)
    assert routing.unrouted == ()
    copper = {net: coppers(pads, routing, net) for net in (*classes, "")}
    for net in classes:
        assert pieces(copper[net]) == 1, net
    for one, other in itertools.combinations(copper, 2):
        nearest = min(gap(a, b) for a in copper[one] for b in copper[other])
        assert nearest >= RULES.clearance_mm, (one, other)
    for _, start, end, half in itertools.chain.from_iterable(copper.values()):
        for point in (start, end):
            edge = min(point.x, point.y, BOARD.right - point.x, BOARD.bottom - point.y)
            assert edge - half >= RULES.edge_mm


def test_same_pads_same_copper() -> None:
    pads, classes = scattered(7, nets=12)
    assert route(BOARD, pads, classes, RULES) == route(BOARD, pads, classes, RULES)


def test_a_crossing_takes_the_other_layer() -> None:
    pads = [
        Pad(Point(x, y), 1.6, 1.6, True, 0.0, net, (0,))
        for net, x, y in (
            ("A", 10.16, 25.4),
            ("A", 50.8, 25.4),
            ("B", 30.48, 5.08),
            ("B", 30.48, 45.72),
        )
    ]
    routing = route(BOARD, pads, {"A": FINE, "B": FINE}, RULES)
    assert routing.unrouted == ()
    # Around the other net's ends would be twice as long as through the board and back.
    assert len(routing.vias) == 2


def test_what_cannot_be_joined_is_named_and_leaves_no_copper() -> None:
    wall = [Pad(Point(30.48, y * 1.27), 1.6, 1.6, False, 0.0, "", (0, 1)) for y in range(41)]
    ends = [Pad(Point(x, 25.4), 1.6, 1.6, True, 0.0, "A", (0, 1)) for x in (10.16, 50.8)]
    routing = route(BOARD, [*wall, *ends], {"A": FINE}, RULES, passes=3)
    assert routing.unrouted == ("A",)
    assert routing.tracks == ()
    assert routing.vias == ()


def test_a_board_with_too_little_room_is_given_up_early() -> None:
    """Two nets that cross, and no layer to go to: no pass will ever be better than the others."""
    pads = [
        Pad(Point(x, y), 1.0, 1.0, True, 0.0, net, (0,))
        for net, places in {"A": ((5, 10), (15, 10)), "B": ((10, 5), (10, 15))}.items()
        for x, y in places
    ]
    fence = [
        Pad(Point(10 + x, 10 + y), 0.8, 0.8, True, 0.0, "", (0,))
        for x, y in itertools.product(range(-6, 7), repeat=2)
        if max(abs(x), abs(y)) == 6
    ]
    routing = route(BOARD, [*pads, *fence], {"A": FINE, "B": FINE}, RULES, prices=(1.0,))
    assert len(routing.unrouted) == 2
    assert routing.passes < 40


def test_a_track_ends_where_another_one_joins_it() -> None:
    """KiCad takes the end of a short track in the middle of another one for open."""
    pads, classes = scattered(11, nets=20)
    routing = route(BOARD, pads, classes, RULES)
    at_pads = {pad.at for pad in pads}
    for one, other in itertools.permutations(routing.tracks, 2):
        if one.net == other.net and one.layer == other.layer:
            for point in (one.start, one.end):
                if point not in (other.start, other.end, *at_pads):
                    assert _to_line(point, other.start, other.end) > 1e-6, (one, other)
