"""The pieces that blocks of a plain circuit are made of, each drawn on a scratch pad of its own.

A piece begins at the origin and is measured once it is drawn; whoever puts it down chooses the
place from its extent, so that pieces never touch whatever symbols and texts they hold.
"""

from __future__ import annotations

from collections.abc import Sequence

from realnet_hw.drawing import text
from realnet_hw.drawing.geometry import GRID_mm, Point, snapped
from realnet_hw.drawing.pad import Pad, Side
from realnet_hw.drawing.symbols import Pin
from realnet_hw.export.plain.units import Unit

GAP_mm = 0.6
STUB_mm = 2.54
SLOT_mm = 5.08


def down_to_grid(length: float) -> float:
    """Return the next multiple of the grid that is not above a length."""
    return -snapped(-length)


def row(pad: Pad, unit: Unit, near: Pin, side: Side, lead_mm: float = 0.0) -> float:
    """Draw a part with two pins level, from the origin towards a side.

    Args:
        pad: an empty one.
        unit: the part.
        near: its pin at the origin.
        side: where the other one lies.
        lead_mm: least length of the wire before it.

    Returns:
        How far the wire behind it reaches.
    """
    step = 1.0 if side == "right" else -1.0
    turn = unit.turned(near, "left" if side == "right" else "right")
    places = unit.places(turn)
    first, last = places[near.number], places[unit.opposite(near).number]
    length = abs(last.x - first.x)
    # The texts stand above the middle of what is drawn, which need not be that of the pins.
    outline = unit.symbol.placed_outline(unit.number, Point(0, 0), turn)
    middle = (outline.left + outline.right) / 2 if outline else (first.x + last.x) / 2
    half = text.width(f"{unit.name}  {unit.part.value}") / 2 + GAP_mm
    lead = snapped(max(STUB_mm, lead_mm, half - abs(middle - first.x)))
    tail = snapped(max(STUB_mm, half - abs(last.x - middle)))
    pad.put(
        unit.part.reference,
        step * lead - first.x,
        -first.y,
        rotation=turn,
        unit=unit.number,
    )
    pad.wire((0, 0), (step * lead, 0))
    end = lead + length + tail
    pad.wire((step * (lead + length), 0), (step * end, 0))
    return end


def upright(pad: Pad, unit: Unit, top: Pin, below_mm: float) -> Point:
    """Draw a part with two pins upright, its upper pin below the origin; return the lower pin.

    Args:
        pad: where it is drawn.
        unit: the part.
        top: its upper pin.
        below_mm: length of the wire from the origin to that pin.
    """
    turn = unit.turned(top, "up")
    first = unit.places(turn)[top.number]
    pins = pad.put(
        unit.part.reference,
        -first.x,
        below_mm - first.y,
        rotation=turn,
        texts="right",
        unit=unit.number,
    )
    pad.wire((0, 0), (0, below_mm))
    return pins[unit.opposite(top).number]


def between_rails(pad: Pad, unit: Unit, top: Pin) -> None:
    """Draw a part between two rails, upright, with a power symbol or a name at both ends."""
    nets = [unit.net(pin.number) for pin in (top, unit.opposite(top))]
    if nets[0] == "GND":
        # A ground symbol hangs, even where ground is the upper end.
        pad.wire((0, 0), (-SLOT_mm, 0), (-SLOT_mm, STUB_mm))
        hang(pad, nets[0], -SLOT_mm, STUB_mm, "down")
        x, y = upright(pad, unit, top, GRID_mm)
    else:
        hang(pad, nets[0], 0, 0, "up")
        x, y = upright(pad, unit, top, STUB_mm)
    pad.wire((x, y), (x, y + STUB_mm))
    hang(pad, nets[1], x, y + STUB_mm, "down")


def hang(pad: Pad, net: str, x: float, y: float, way: str) -> None:
    """End an upright wire: a rail by its power symbol, any other net by a name to the right."""
    if pad.is_rail(net):
        pad.power(net, x, y, "up" if way == "up" else "down")
    else:
        pad.wire((x, y), (x + STUB_mm, y))
        pad.label(net, x + STUB_mm, y)


def stub(
    pad: Pad, net: str, at: Point, side: Side, *, test_point: str = "", least_mm: float = 0.0
) -> None:
    """Lead a pin out level and say what its net is, with a test point at the end if any.

    Args:
        pad: where to.
        net: the pin's net.
        at: the pin's place.
        side: where to.
        test_point: reference of a test point on a net that is no rail; empty for none.
        least_mm: least length of the wire.
    """
    step = 1.0 if side == "right" else -1.0
    if not test_point:
        reach = snapped(max(STUB_mm, least_mm))
        pad.wire(at, (at.x + step * reach, at.y))
        pad.end(net, at.x + step * reach, at.y, side)
        return
    reach = snapped(STUB_mm + text.width(net) + STUB_mm)
    pad.wire(at, (at.x + step * reach, at.y))
    pad.label(net, at.x + step * GRID_mm, at.y, side)
    pad.test_point(test_point, at.x + step * reach, at.y, side)


def fan(pad: Pad, nets: Sequence[tuple[str, Point]], way: str) -> None:
    """Lead pins at the top or bottom of a symbol out: one rail straight, more as a staircase.

    Args:
        pad: where to.
        nets: net and place of each pin, the rightmost first.
        way: "up" or "down".
    """
    step = -1.0 if way == "up" else 1.0
    if len(nets) == 1 and pad.is_rail(nets[0][0]):
        net, at = nets[0]
        pad.wire(at, (at.x, at.y + step * STUB_mm))
        pad.power(net, at.x, at.y + step * STUB_mm, "up" if way == "up" else "down")
        return
    for index, (net, at) in enumerate(nets):
        level = at.y + step * (STUB_mm + index * 3.81)
        right = nets[0][1].x + STUB_mm
        pad.wire(at, (at.x, level), (right, level))
        pad.end(net, right, level, "right")
