"""The supply pins of a package between their rails, with the capacitors left of them."""

from __future__ import annotations

from realnet_hw.drawing.pad import GROUND, Pad
from realnet_hw.export.plain.pieces import down_to_grid
from realnet_hw.export.plain.roles import Roles
from realnet_hw.export.plain.units import Unit

_HALF_mm = 10.16
_COLUMN_mm = 12.7


def draw_ladder(pad: Pad, main: Unit, roles: Roles) -> bool:
    """Draw a package's supply: its rails above and below, ground between them.

    Args:
        pad: an empty one.
        main: the unit of the supply pins.
        roles: the parts around it; those that are drawn are taken.

    Returns:
        False, with nothing drawn, where the pins are not one above and one below on two rails.
    """
    ways = main.ways("")
    ends = {ways[pin.number]: pin.number for pin in main.pins()}
    if len(main.pins()) != 2 or set(ends) != {"up", "down"}:
        return False
    positive, negative = main.net(ends["up"]), main.net(ends["down"])
    if positive == negative or not (pad.is_rail(positive) and pad.is_rail(negative)):
        return False
    level = {GROUND: 0.0, positive: -_HALF_mm, negative: _HALF_mm}
    pins = pad.put(main.part.reference, 2.54, 0, texts="right", unit=main.number)
    x = pins[ends["up"]].x
    columns: list[set[float]] = []
    reached = dict.fromkeys(level, x)
    for unit in list(roles.left):
        nets = unit.nets()
        if not unit.is_pair or len(nets) != 2 or not set(nets) <= set(level):
            continue
        roles.take([unit])
        upper, lower = sorted(nets, key=level.__getitem__)
        halves = {half for half in (-1.0, 1.0) if level[upper] <= half <= level[lower]}
        column = next((c for c, used in enumerate(columns) if not used & halves), len(columns))
        columns += [set()] * (column == len(columns))
        columns[column] = columns[column] | halves
        at = down_to_grid(x - _COLUMN_mm * (column + 1))
        _capacitor(pad, unit, at, upper, lower, level)
        reached = {net: min(at, reached[net]) if net in nets else reached[net] for net in reached}
    for net, pin in ((positive, pins[ends["up"]]), (negative, pins[ends["down"]])):
        pad.wire(pin, (x, level[net]), (reached[net], level[net]))
        pad.power(net, x, level[net], "up" if net == positive else "down")
    if level[GROUND] == 0.0 and reached[GROUND] < x:
        pad.wire((reached[GROUND], 0), (x - _COLUMN_mm / 2, 0))
        pad.power(GROUND, x - _COLUMN_mm / 2, 0, "down")
    return True


def _capacitor(
    pad: Pad, unit: Unit, x: float, upper: str, lower: str, level: dict[str, float]
) -> None:
    """Draw a part upright in the middle between two rails."""
    top, bottom = unit.end_at(upper), unit.end_at(lower)
    turn = unit.turned(top, "up")
    places = unit.places(turn)
    first, last = places[top.number], places[bottom.number]
    middle = (level[upper] + level[lower]) / 2
    pins = pad.put(
        unit.part.reference,
        x - first.x,
        middle - (first.y + last.y) / 2,
        rotation=turn,
        texts="left",
        unit=unit.number,
    )
    pad.wire((x, level[upper]), pins[top.number])
    pad.wire(pins[bottom.number], (x, level[lower]))
