"""One unit of a part as the drawing of a plain circuit knows it: its pins, sides and nets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from realnet_hw.drawing import symbols
from realnet_hw.drawing.geometry import Mirror, Point, Rotation
from realnet_hw.drawing.symbols import Pin, Symbol
from realnet_hw.export.netlist import Netlist, NetlistPart

Way = Literal["left", "right", "up", "down"]

_STEPS: dict[Way, Point] = {
    "left": Point(-1, 0),
    "right": Point(1, 0),
    "up": Point(0, -1),
    "down": Point(0, 1),
}
_WAYS = {step: way for way, step in _STEPS.items()}
_DRIVING = ("output", "tri_state", "open_collector", "open_emitter", "power_out")
_TURNS: tuple[Rotation, ...] = (0, 90, 180, 270)


@dataclass(frozen=True)
class Unit:
    """One unit of a part: most parts have one, a quad op-amp has five."""

    part: NetlistPart
    number: int

    @property
    def key(self) -> tuple[str, int]:
        """What it is told apart by."""
        return self.part.reference, self.number

    @property
    def symbol(self) -> Symbol:
        """Its symbol."""
        return symbols.load(self.part.symbol)

    @property
    def name(self) -> str:
        """Its reference as printed: with a letter where the part has several units."""
        letter = chr(ord("A") + self.number - 1) if len(self.symbol.units()) > 1 else ""
        return self.part.reference + letter

    def pins(self) -> tuple[Pin, ...]:
        """Return its pins."""
        return self.symbol.pins(self.number)

    def net(self, pin: str) -> str:
        """Return the net of a pin; empty if it is unconnected."""
        return self.part.pins.get(pin, "")

    def nets(self) -> tuple[str, ...]:
        """Return the nets of its connected pins, each once."""
        found = (self.net(pin.number) for pin in self.pins())
        return tuple(dict.fromkeys(net for net in found if net))

    def driven(self) -> set[str]:
        """Return the nets that it drives: those of its outputs.

        What has inputs and no outputs by name, such as a transistor, drives its other pins.
        """
        pins = [pin for pin in self.pins() if self.net(pin.number)]
        outputs = {self.net(pin.number) for pin in pins if pin.kind in _DRIVING}
        if outputs or not any(pin.kind == "input" for pin in pins):
            return outputs
        return {self.net(pin.number) for pin in pins if pin.kind != "input"}

    @property
    def has_outputs(self) -> bool:
        """Whether any of its pins is an output by name."""
        return any(pin.kind in _DRIVING for pin in self.pins())

    @property
    def is_connector(self) -> bool:
        """Whether it joins the board to the world outside."""
        return self.part.symbol.startswith("Connector") and not self.is_test_point

    @property
    def is_test_point(self) -> bool:
        """Whether it is a point to touch with a probe."""
        return self.part.symbol.startswith("Connector:TestPoint") and len(self.pins()) == 1

    @property
    def is_supply(self) -> bool:
        """Whether it is the supply pins of a package of several units."""
        pins = self.pins()
        return len(pins) > 1 and all(pin.kind == "power_in" for pin in pins)

    @property
    def is_pair(self) -> bool:
        """Whether it has two pins that lie on one line and point away from each other."""
        pins = self.pins()
        if len(pins) != 2 or self.is_connector or self.is_supply:
            return False
        one, two = pins
        apart = (one.outward.x == -two.outward.x) and (one.outward.y == -two.outward.y)
        along = one.at.x == two.at.x if one.outward.y else one.at.y == two.at.y
        return apart and along and one.at != two.at and all(self.net(pin.number) for pin in pins)

    def ends(self) -> tuple[Pin, Pin]:
        """Return the two pins of a pair."""
        one, two = self.pins()
        return one, two

    def opposite(self, pin: Pin) -> Pin:
        """Return the other pin of a pair."""
        one, two = self.ends()
        return two if pin.number == one.number else one

    def end_at(self, net: str) -> Pin:
        """Return the pin of a pair that is on a net."""
        one, two = self.ends()
        return one if self.net(one.number) == net else two

    def turned(self, pin: Pin, way: Way) -> Rotation:
        """Return the rotation by which a pin points in a direction."""
        return next(
            turn
            for turn in _TURNS
            if self.symbol.placed_outward(self.number, turn)[pin.number] == _STEPS[way]
        )

    def ways(self, mirror: Mirror) -> dict[str, Way]:
        """Return where each pin points when the symbol stands upright, mirrored or not."""
        return {
            number: _WAYS[step]
            for number, step in self.symbol.placed_outward(self.number, 0, mirror).items()
        }

    def places(self, rotation: Rotation, mirror: Mirror = "") -> dict[str, Point]:
        """Return where the pins lie around the symbol's origin."""
        return self.symbol.placed_pins(self.number, Point(0, 0), rotation, mirror)


def units(netlist: Netlist) -> Iterator[Unit]:
    """Yield every unit of every part, unused ones too."""
    for part in netlist.parts.values():
        for number in symbols.load(part.symbol).units():
            yield Unit(part, number)
