"""A chip or module of which every pin has a name: converters, logic, the controller."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from realnet_hw.cells.cell import Cell, CellPart
from realnet_hw.parts.catalogue import part_type

if TYPE_CHECKING:
    from realnet_hw.drawing.geometry import Point
    from realnet_hw.drawing.pad import Pad


class Chip(Cell):
    """One part whose pins carry labels, with a capacitor across its supply.

    Args:
        type: its key in the parts catalogue; where that names supply pins they get the capacitor.
        pins: pin number to net; every other pin stays unconnected.
        mirrored: whether left and right are swapped in the drawing.
        room_mm: how much further below the body than usual its reference and value stand.
    """

    package_key = "chip"

    def __init__(
        self,
        name: str,
        title: str,
        *,
        type: str,
        pins: Mapping[str, str],
        mirrored: bool = False,
        room_mm: float = 0.0,
        layer: int = 0,
        stage: int | None = None,
    ) -> None:
        super().__init__(name, title, layer=layer, stage=stage)
        self.mirrored, self.room_mm = mirrored, room_mm
        self.parts["chip"] = CellPart(type, pins)
        supply = part_type(type).supply_pins
        if supply:
            between = {"1": pins[supply["positive"]], "2": pins[supply["negative"]]}
            self.parts["bypass"] = CellPart("capacitor_ceramic", between)

    def draw(self, pad: Pad) -> None:
        """Draw the chip with a label or a rail at each pin."""
        self.draw_chip(pad, set())

    def draw_chip(self, pad: Pad, bare: set[str]) -> dict[str, Point]:
        """Draw the chip, nothing at its pins on the nets of ``bare``; return its pins."""
        nets = self.parts["chip"].pins
        pins = pad.put(
            "chip", 0, 0, mirror="y" if self.mirrored else "", texts="corner", room_mm=self.room_mm
        )
        left, right = min(pin.x for pin in pins.values()), max(pin.x for pin in pins.values())
        ends: dict[tuple[str, bool], list[Point]] = {}
        for number, pin in pins.items():
            if number not in nets:
                pad.no_connect(*pin)
            elif pin.x in (left, right):
                if nets[number] not in bare:
                    away = -5.08 if pin.x == left else 5.08
                    pad.wire(pin, (pin.x + away, pin.y))
                    pad.end(nets[number], pin.x + away, pin.y, "left" if away < 0 else "right")
            else:
                ends.setdefault((nets[number], pin.y < 0), []).append(pin)
        for (net, above), places in ends.items():
            self._draw_end(pad, net, sorted(places), -1 if above else 1)
        return pins

    def _draw_end(self, pad: Pad, net: str, places: list[Point], down: Literal[-1, 1]) -> None:
        """Draw what pins above or below the body are joined to."""
        x = places[0].x
        y = max(place.y * down for place in places) * down + 2.54 * down
        for place in places:
            pad.wire(place, (place.x, y))
        for one, other in itertools.pairwise(places):
            pad.wire((one.x, y), (other.x, y))
        if not pad.is_rail(net):
            pad.wire((x, y), (x - 2.54, y))
            pad.label(net, x - 2.54, y, "left")
            return
        if down < 0 and "bypass" in self.parts:
            far = x + 12.7
            bypass = pad.put("bypass", far, y - 3.81, texts="right")
            pad.wire((x, y), (x, bypass["1"].y), bypass["1"])
            pad.power("GND", *bypass["2"], "down")
            y = bypass["1"].y
        pad.power(net, x, y, "up" if down < 0 else "down")
