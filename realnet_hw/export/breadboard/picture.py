"""The picture of the breadboards: an SVG with every part, wire and signal in its holes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from html import escape

from realnet_hw.export.breadboard.colours import INK
from realnet_hw.export.breadboard.guide import Guide, resistor_bands
from realnet_hw.export.breadboard.holes import (
    COLUMNS,
    RAILS,
    Hole,
    Strip,
    rail_has_hole,
    strip_of,
)
from realnet_hw.export.breadboard.parts import kind_of
from realnet_hw.export.breadboard.placement import Placed
from realnet_hw.export.netlist import Netlist

PITCH = 16.0
# Rows from the upper edge; the room between rows and rails is wider than it is, for the wires.
_LEVELS: Mapping[str, float] = {
    "1+": 1.5, "1-": 2.5,
    "a": 8.6, "b": 9.6, "c": 10.6, "d": 11.6, "e": 12.6,
    "f": 15.6, "g": 16.6, "h": 17.6, "i": 18.6, "j": 19.6,
    "2+": 25.7, "2-": 26.7,
}  # fmt: skip
_TALL = 28.2
_LANE = 5.0
_WIDE = COLUMNS + 4
_INKS = (
    "#0b7a75", "#b5179e", "#e07a00", "#3a5a9b", "#6a994e", "#7b2cbf", "#c1121f", "#0077b6",
    "#8d6e63", "#588157",
)  # fmt: skip


def svg(guide: Guide) -> str:
    """Return the picture of a guide."""
    height = guide.layout.boards * _TALL * PITCH
    width = _WIDE * PITCH
    pieces = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
            f'font-family="sans-serif" role="img" aria-label="{escape(guide.title)}">'
        ),
        f'<rect width="{width:g}" height="{height:g}" fill="#fff"/>',
    ]
    for board in range(guide.layout.boards):
        pieces += _board(board, guide.wiring.rails)
    for part in guide.layout.parts:
        pieces += _part(part, guide.netlist)
    pieces += _wires(guide)
    for tap in guide.wiring.taps:
        pieces += _tap(tap.name, tap.hole)
    return "\n".join([*pieces, "</svg>"]) + "\n"


def place(hole: Hole) -> tuple[float, float]:
    """Return where a hole's middle is."""
    return (hole.column + 1.5) * PITCH, (hole.board * _TALL + _LEVELS[hole.row]) * PITCH


def _line(x: float, y: float, ex: float, ey: float, ink: str, width: float) -> str:
    return (
        f'<path d="M{x:g} {y:g}L{ex:g} {ey:g}" stroke="{ink}" stroke-width="{width:g}" '
        'stroke-linecap="round" fill="none"/>'
    )


def _text(x: float, y: float, size: float, what: str, *, ink: str = "#333", turn: int = 0) -> str:
    turned = f' transform="rotate({turn} {x:g} {y:g})"' if turn else ""
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" fill="{ink}" text-anchor="middle" '
        f'dominant-baseline="central"{turned}>{escape(what)}</text>'
    )


def _board(board: int, rails: Mapping[str, str]) -> Iterator[str]:
    top = board * _TALL * PITCH
    yield (
        f'<rect x="{PITCH / 2:g}" y="{top + PITCH / 2:g}" width="{(_WIDE - 1) * PITCH:g}" '
        f'height="{(_TALL - 1) * PITCH:g}" rx="6" fill="#f7f5ef" stroke="#cfc9b8"/>'
    )
    yield (
        f'<rect x="{PITCH:g}" y="{top + 13.4 * PITCH:g}" width="{(_WIDE - 2) * PITCH:g}" '
        f'height="{1.4 * PITCH:g}" fill="#e9e5d8"/>'
    )
    dots = []
    for row in _LEVELS:
        for column in range(1, COLUMNS + 1):
            if row not in RAILS or rail_has_hole(column):
                x, y = place(Hole(board, row, column))
                dots.append(f"M{x:g} {y:g}h0")
    yield (
        f'<path d="{"".join(dots)}" stroke="#b9b3a2" stroke-width="4.5" stroke-linecap="round" '
        'fill="none"/>'
    )
    for rail, net in rails.items():
        x, y = place(Hole(board, rail, 1))
        ink = _rail_ink(net)
        beside = y - 7 if rail.endswith("+") else y + 7
        yield _line(x + PITCH, beside, x + (COLUMNS - 2) * PITCH, beside, ink, 1.2)
        yield _text(x, y, 9, net, ink=ink)
    for row in "abcdefghij":
        for column in (0, COLUMNS + 1):
            x, y = place(Hole(board, row, column))
            yield _text(x, y, 8, row, ink="#888")
    for column in (1, *range(5, COLUMNS + 1, 5)):
        x, y = place(Hole(board, "a", column))
        yield _text(x, y - 5.1 * PITCH, 7, str(column), ink="#888")
        x, y = place(Hole(board, "j", column))
        yield _text(x, y + 5.1 * PITCH, 7, str(column), ink="#888")
        x, y = place(Hole(board, "e", column))
        yield _text(x, y + 1.5 * PITCH, 7, str(column), ink="#aaa")


def _rail_ink(net: str) -> str:
    if net == "GND":
        return "#1a1a1a"
    return "#2456c9" if net.startswith("-") else "#c1121f"


def _part(part: Placed, netlist: Netlist) -> Iterator[str]:
    about = netlist.parts[part.reference]
    shape = kind_of(about).shape
    if shape == "dip":
        yield from _package(part, about.value)
        return
    if shape == "to92":
        yield from _transistor(part)
        return
    (x, y), (_, ey) = sorted((place(hole) for hole in part.holes.values()), key=lambda p: p[1])
    middle = (y + ey) / 2
    yield _line(x, y, x, ey, "#8f8f8f", 1.6)
    if shape == "axial":
        yield from _axial(part, netlist, x, middle)
    elif shape == "disc":
        yield (
            f'<ellipse cx="{x:g}" cy="{middle:g}" rx="6.4" ry="15" fill="#d9852b" '
            'stroke="#9a5a14"/>'
        )
        yield _text(x, middle, 5.2, part.reference, ink="#fff")
    else:
        minus = next(hole for pin, hole in part.holes.items() if pin == "2")
        down = 1 if place(minus)[1] > middle else -1
        yield f'<circle cx="{x:g}" cy="{middle:g}" r="17" fill="#2f3e6b" stroke="#1c2544"/>'
        yield _line(x - 8, middle + down * 12, x + 8, middle + down * 12, "#cfd6ea", 4)
        yield _text(x, middle + down * 12, 7, "\N{MINUS SIGN}", ink="#1c2544")
        yield _text(x, middle - down * 2, 6.5, part.reference, ink="#fff")


def _axial(part: Placed, netlist: Netlist, x: float, middle: float) -> Iterator[str]:
    about = netlist.parts[part.reference]
    diode = part.reference.startswith("D")
    fill = "#3a3a3a" if diode else "#e8d6ae"
    yield (
        f'<rect x="{x - 6.6:g}" y="{middle - 20:g}" width="13.2" height="40" rx="4" '
        f'fill="{fill}" stroke="{"#111" if diode else "#a8925f"}"/>'
    )
    if diode:
        cathode = place(part.holes["1"])[1]
        y = middle - 16 if cathode < middle else middle + 12.5
        yield f'<rect x="{x - 6.6:g}" y="{y:g}" width="13.2" height="3.5" fill="#f2f2f2"/>'
    else:
        for index, colour in enumerate(resistor_bands(about.value, about.fields)):
            yield (
                f'<rect x="{x - 6.6:g}" y="{middle - 17 + 4.6 * index:g}" width="13.2" '
                f'height="3" fill="{INK[colour]}"/>'
            )
    y = middle if diode else middle + 13.5
    yield _text(x, y, 5.2, part.reference, ink="#fff" if diode else "#222")


def _package(part: Placed, value: str) -> Iterator[str]:
    places = [place(hole) for hole in part.holes.values()]
    left, right = min(x for x, _ in places) - 7, max(x for x, _ in places) + 7
    top, bottom = min(y for _, y in places) + 4, max(y for _, y in places) - 4
    for x, y in places:
        yield f'<rect x="{x - 2.4:g}" y="{y - 5:g}" width="4.8" height="10" fill="#b9bec6"/>'
    yield (
        f'<rect x="{left:g}" y="{top:g}" width="{right - left:g}" height="{bottom - top:g}" '
        'rx="3" fill="#2b2b2b"/>'
    )
    end = right if part.turned else left
    middle = (top + bottom) / 2
    yield f'<circle cx="{end:g}" cy="{middle:g}" r="5" fill="#f7f5ef"/>'
    x, y = place(part.holes["1"])
    inward = -9 if y > middle else 9
    yield f'<circle cx="{x:g}" cy="{y + inward:g}" r="2.2" fill="#f7f5ef"/>'
    yield _text((left + right) / 2, middle, 9, f"{part.reference} {value}", ink="#fff")


def _transistor(part: Placed) -> Iterator[str]:
    (x, y), _, (ex, _) = (place(part.holes[pin]) for pin in ("1", "2", "3"))
    for hole in part.holes.values():
        hx, hy = place(hole)
        yield _line(hx, hy, hx, hy - 6, "#8f8f8f", 1.6)
    yield (
        f'<path d="M{x - 5:g} {y + 5:g}L{x - 5:g} {y - 2:g}A{(ex - x) / 2 + 5:g} 14 0 0 1 '
        f'{ex + 5:g} {y - 2:g}L{ex + 5:g} {y + 5:g}Z" fill="#2b2b2b"/>'
    )
    yield _text((x + ex) / 2, y - 2, 7, part.reference, ink="#fff")
    yield f'<circle cx="{x:g}" cy="{y + 2:g}" r="1.6" fill="#fff"/>'


def _wires(guide: Guide) -> Iterator[str]:
    nets = sorted({wire.net for wire in guide.wiring.wires} - set(guide.wiring.rails.values()))
    inks = {net: _INKS[index % len(_INKS)] for index, net in enumerate(nets)}
    lines = [(wire.net, wire.one, wire.other) for wire in guide.wiring.wires]
    lines += [(bridge.net, bridge.upper, bridge.lower) for bridge in guide.layout.bridges]
    lanes = _lanes(guide)
    for net, one, other in lines:
        ink = inks.get(net) or _rail_ink(net)
        (x, y), (ex, ey) = place(one), place(other)
        path = f"M{x:g} {y:g}L{ex:g} {ey:g}"
        if (one, other) in lanes:
            level = lanes[one, other]
            path = f"M{x:g} {y:g}V{level:g}H{ex:g}V{ey:g}"
        yield (
            f'<path d="{path}" stroke="#fff" stroke-width="4" stroke-linejoin="round" '
            'fill="none" opacity="0.8"/>'
            f'<path d="{path}" stroke="{ink}" stroke-width="2.4" stroke-linecap="round" '
            f'stroke-linejoin="round" fill="none"><title>{escape(net)}: {escape(str(one))} to '
            f"{escape(str(other))}</title></path>"
        )
        for px, py in ((x, y), (ex, ey)):
            yield f'<circle cx="{px:g}" cy="{py:g}" r="2.8" fill="{ink}"/>'


def _lanes(guide: Guide) -> dict[tuple[Hole, Hole], float]:
    """Return the height at which each long wire runs beside the rows: no two on one another."""
    taken: dict[tuple[Strip, int], list[tuple[int, int]]] = {}
    found = {}
    long = [
        wire
        for wire in guide.wiring.wires
        if _half(wire.one) == _half(wire.other) and wire.one.row not in RAILS and not wire.flat
    ]
    for wire in sorted(long, key=lambda wire: abs(wire.one.column - wire.other.column)):
        low, high = sorted((wire.one.column, wire.other.column))
        half = _half(wire.one)
        lane = 0
        while any(a <= high and b >= low for a, b in taken.setdefault((half, lane), [])):
            lane += 1
        taken[half, lane].append((low, high))
        upper = half.name == "upper"
        edge = place(Hole(half.board, "a" if upper else "j", 1))[1]
        away = 8 + lane * _LANE
        found[wire.one, wire.other] = edge - away if upper else edge + away
    return found


def _half(hole: Hole) -> Strip:
    """Return the half of a board that a hole is in, as its strip at column 0."""
    return replace(strip_of(hole), column=0)


def _tap(name: str, hole: Hole) -> Iterator[str]:
    x, y = place(hole)
    upper = hole.row in "abcde"
    edge = place(Hole(hole.board, "a" if upper else "j", hole.column))[1]
    end = edge + (-3.7 if upper else 3.7) * PITCH
    yield _line(x, y, x, end, "#c1121f", 1.2)
    yield f'<circle cx="{x:g}" cy="{y:g}" r="3.6" fill="#fff" stroke="#c1121f" stroke-width="1.6"/>'
    long = 6.2 * len(name) + 6
    y = end + (-long / 2 if upper else long / 2)
    yield (
        f'<rect x="{x - 6:g}" y="{y - long / 2:g}" width="12" height="{long:g}" rx="3" '
        'fill="#c1121f"/>'
    )
    yield _text(x, y, 8.5, name, ink="#fff", turn=-90)
