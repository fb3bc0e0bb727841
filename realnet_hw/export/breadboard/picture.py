"""The picture of the breadboards: an SVG with every part, wire and signal in its holes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape

from realnet_hw import units
from realnet_hw.export.breadboard.colours import INK
from realnet_hw.export.breadboard.guide import Guide, resistor_bands
from realnet_hw.export.breadboard.holes import COLUMNS, RAILS, Hole, rail_has_hole
from realnet_hw.export.breadboard.parts import kind_of
from realnet_hw.export.breadboard.paths import PITCH, Flag, Path, Paths
from realnet_hw.export.breadboard.placement import Placed
from realnet_hw.export.netlist import Netlist

_WIDE = COLUMNS + 4
_METAL = "#8f8f8f"
_FLAG_INK = "#334155"
_GROUND_INK, _NEGATIVE_INK = "#1a1a1a", "#2456c9"
_POSITIVE_INKS = ("#c1121f", "#f26419")
# None of these is near a rail's, so that a wire's colour says what it is.
_INKS = (
    "#0b7a75", "#b5179e", "#6a994e", "#7b2cbf", "#8d6e63", "#c9a100", "#e75a9b", "#00a0c6",
    "#5c677d",
)  # fmt: skip
_LONGEST_VALUE = 4


def svg(guide: Guide) -> str:
    """Return the picture of a guide."""
    run = guide.paths
    height = guide.layout.boards * run.tall
    width = _WIDE * PITCH
    pieces = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
            f'font-family="sans-serif" role="img" aria-label="{escape(guide.title)}">'
        ),
        f'<rect width="{width:g}" height="{height:g}" fill="#fff"/>',
    ]
    rail_inks = _rail_inks(guide.wiring.rails)
    for board in range(guide.layout.boards):
        pieces += _board(board, guide.wiring.rails, rail_inks, run)
    for part in guide.layout.parts:
        pieces += _part(part, guide.netlist, run)
    pieces += _wires(guide, rail_inks)
    for flag in run.flags:
        pieces += _flag(flag, run)
    return "\n".join([*pieces, "</svg>"]) + "\n"


def _rail_inks(rails: Mapping[str, str]) -> dict[str, str]:
    positive = [net for net in rails.values() if net != "GND" and not net.startswith("-")]
    inks = dict(zip(dict.fromkeys(positive), _POSITIVE_INKS, strict=False))
    return {net: inks.get(net, _NEGATIVE_INK) for net in rails.values()} | {"GND": _GROUND_INK}


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


def _board(
    board: int, rails: Mapping[str, str], rail_inks: Mapping[str, str], run: Paths
) -> Iterator[str]:
    _, top = run.place(Hole(board, RAILS[0], 1))
    _, bottom = run.place(Hole(board, RAILS[-1], 1))
    _, channel = run.place(Hole(board, "e", 1))
    yield (
        f'<rect x="{PITCH / 2:g}" y="{top - PITCH:g}" width="{(_WIDE - 1) * PITCH:g}" '
        f'height="{bottom - top + 2 * PITCH:g}" rx="6" fill="#f7f5ef" stroke="#cfc9b8"/>'
    )
    yield (
        f'<rect x="{PITCH:g}" y="{channel + 0.8 * PITCH:g}" width="{(_WIDE - 2) * PITCH:g}" '
        f'height="{1.4 * PITCH:g}" fill="#e9e5d8"/>'
    )
    dots = []
    for row in run.levels:
        for column in range(1, COLUMNS + 1):
            if row not in RAILS or rail_has_hole(column):
                x, y = run.place(Hole(board, row, column))
                dots.append(f"M{x:g} {y:g}h0")
    yield (
        f'<path d="{"".join(dots)}" stroke="#b9b3a2" stroke-width="4.5" stroke-linecap="round" '
        'fill="none"/>'
    )
    for rail, net in rails.items():
        x, y = run.place(Hole(board, rail, 1))
        beside = y - 7 if rail.endswith("+") else y + 7
        yield _line(x + PITCH, beside, x + (COLUMNS - 2) * PITCH, beside, rail_inks[net], 1.2)
        yield _text(x, y, 9, net, ink=rail_inks[net])
    for row in "abcdefghij":
        for column in (0, COLUMNS + 1):
            x, y = run.place(Hole(board, row, column))
            yield _text(x, y, 9, row, ink="#777")
    for column in (1, *range(5, COLUMNS + 1, 5)):
        for rail, down in ((RAILS[1], 1), (RAILS[2], -1)):
            x, y = run.place(Hole(board, rail, column))
            yield _text(x, y + down * PITCH, 8, str(column), ink="#777")


def _part(part: Placed, netlist: Netlist, run: Paths) -> Iterator[str]:
    about = netlist.parts[part.reference]
    shape = kind_of(about).shape
    if shape == "dip":
        yield from _package(part, about.value, run)
        return
    if shape == "inline":
        yield from _transistor(part, run)
        return
    (x, y), (_, ey) = sorted((run.place(hole) for hole in part.holes.values()), key=lambda p: p[1])
    middle = (y + ey) / 2
    yield _line(x, y, x, ey, _METAL, 1.6)
    yield _text(x, y - 8.5, 7, part.reference)
    value = (
        units.rkm(units.parse(about.value, "ohm")) if about.symbol == "Device:R" else about.value
    )
    if len(value) <= _LONGEST_VALUE:
        yield _text(x, ey + 8.5, 6, value, ink="#555")
    if shape == "axial":
        yield from _axial(part, netlist, run, x, middle)
    elif shape == "disc":
        yield (
            f'<ellipse cx="{x:g}" cy="{middle:g}" rx="6.4" ry="15" fill="#d9852b" '
            'stroke="#9a5a14"/>'
        )
    else:
        minus = next(hole for pin, hole in part.holes.items() if pin == "2")
        down = 1 if run.place(minus)[1] > middle else -1
        yield f'<circle cx="{x:g}" cy="{middle:g}" r="17" fill="#2f3e6b" stroke="#1c2544"/>'
        yield _line(x - 8, middle + down * 11, x + 8, middle + down * 11, "#cfd6ea", 5)
        yield _text(x, middle + down * 11, 8, "\N{MINUS SIGN}", ink="#1c2544")
        yield _text(x, middle - down * 10, 9, "+", ink="#fff")


def _axial(part: Placed, netlist: Netlist, run: Paths, x: float, middle: float) -> Iterator[str]:
    about = netlist.parts[part.reference]
    diode = part.reference.startswith("D")
    fill = "#3a3a3a" if diode else "#e8d6ae"
    yield (
        f'<rect x="{x - 6.6:g}" y="{middle - 20:g}" width="13.2" height="40" rx="4" '
        f'fill="{fill}" stroke="{"#111" if diode else "#a8925f"}"/>'
    )
    if diode:
        cathode = run.place(part.holes["1"])[1]
        y = middle - 16 if cathode < middle else middle + 12.5
        yield f'<rect x="{x - 6.6:g}" y="{y:g}" width="13.2" height="3.5" fill="#f2f2f2"/>'
    else:
        for index, colour in enumerate(resistor_bands(about.value, about.fields)):
            yield (
                f'<rect x="{x - 6.6:g}" y="{middle - 16 + 6 * index + 3 * (index > 3):g}" '
                f'width="13.2" height="4" fill="{INK[colour]}"/>'
            )


def _package(part: Placed, value: str, run: Paths) -> Iterator[str]:
    places = [run.place(hole) for hole in part.holes.values()]
    left, right = min(x for x, _ in places) - 12, max(x for x, _ in places) + 12
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
    x, y = run.place(part.holes["1"])
    inward = -9 if y > middle else 9
    yield f'<circle cx="{x:g}" cy="{y + inward:g}" r="2.2" fill="#f7f5ef"/>'
    yield _text((left + right) / 2, middle, 9, f"{part.reference} {value}", ink="#fff")


def _transistor(part: Placed, run: Paths) -> Iterator[str]:
    """Three leads in line: a body with its flat side outwards, round towards the channel."""
    places = [run.place(hole) for hole in part.holes.values()]
    left, right = min(x for x, _ in places) - 5, max(x for x, _ in places) + 5
    y = places[0][1]
    # Downwards on the picture where it stands in the upper half.
    down = 1 if part.turned else -1
    flat = y - 5 * down
    yield (
        f'<path d="M{left:g} {flat:g}V{flat + 9 * down:g}'
        f"A{(right - left) / 2:g} 15 0 0 {0 if part.turned else 1} {right:g} {flat + 9 * down:g}"
        f'V{flat:g}Z" fill="#2b2b2b"/>'
    )
    for x, _ in places:
        yield f'<circle cx="{x:g}" cy="{y:g}" r="2" fill="#b9bec6"/>'
    x, _ = run.place(part.holes["1"])
    yield _text(x, flat - 5 * down, 7, "1", ink="#666")
    yield _text((left + right) / 2, y + 11 * down, 8.5, part.reference, ink="#fff")


def _wires(guide: Guide, rail_inks: Mapping[str, str]) -> Iterator[str]:
    wires = [(wire.net, wire.one, wire.other) for wire in guide.wiring.wires]
    wires += [(bridge.net, bridge.upper, bridge.lower) for bridge in guide.layout.bridges]
    nets = sorted({net for net, _, _ in wires} - rail_inks.keys())
    inks = {**rail_inks, **{net: _INKS[index % len(_INKS)] for index, net in enumerate(nets)}}
    every: list[Path] = [*guide.paths.wires, *guide.paths.bridges]
    for (net, one, other), path in zip(wires, every, strict=True):
        line = "M" + "L".join(f"{x:g} {y:g}" for x, y in path)
        yield (
            f'<path d="{line}" stroke="#fff" stroke-width="4.4" stroke-linejoin="round" '
            'fill="none" opacity="0.8"/>'
            f'<path d="{line}" stroke="{inks[net]}" stroke-width="2.8" stroke-linecap="round" '
            f'stroke-linejoin="round" fill="none"><title>{escape(net)}: {escape(str(one))} to '
            f"{escape(str(other))}</title></path>"
        )
        for x, y in (path[0], path[-1]):
            yield f'<circle cx="{x:g}" cy="{y:g}" r="3" fill="{inks[net]}"/>'


def _flag(flag: Flag, run: Paths) -> Iterator[str]:
    (x, y), (_, end) = flag.line
    yield _line(x, y, x, end, _FLAG_INK, 1.4)
    for hole in flag.holes:
        _, y = run.place(hole)
        yield (
            f'<circle cx="{x:g}" cy="{y:g}" r="3.6" fill="#fff" stroke="{_FLAG_INK}" '
            'stroke-width="1.6"/>'
        )
    middle = end + (flag.length / 2 if end > y else -flag.length / 2)
    yield (
        f'<rect x="{x - 6.5:g}" y="{middle - flag.length / 2:g}" width="13" '
        f'height="{flag.length:g}" rx="3" fill="{_FLAG_INK}"/>'
    )
    yield _text(x, middle, 9, flag.names, ink="#fff", turn=-90)
