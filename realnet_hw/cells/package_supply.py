"""The supply of a package of amplifiers or transistors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realnet_hw.cells.cell import Cell, CellPart
from realnet_hw.parts.catalogue import part_type

if TYPE_CHECKING:
    from realnet_hw.drawing.pad import Pad


class PackageSupply(Cell):
    """The supply pins of one package with a decoupling capacitor from each rail to ground.

    The board makes one for every package that it fills. Transistors draw nothing from theirs, which
    only bias their substrates: those have no capacitors.

    Args:
        package: index of the package on the board, from 0.
        type: the package's key in the parts catalogue.
        positive: net of the positive rail.
        negative: net of the negative rail.
    """

    in_signal_path = False

    def __init__(
        self,
        name: str,
        title: str,
        *,
        package: int,
        type: str,
        positive: str,
        negative: str,
        layer: int = 0,
    ) -> None:
        super().__init__(name, title, layer=layer)
        self.package = package
        self.type = type
        self.positive = positive
        self.negative = negative
        if part_type(type).transistors:
            return
        self.parts["positive"] = CellPart("capacitor_ceramic", {"1": positive, "2": "GND"})
        if negative != "GND":
            self.parts["negative"] = CellPart("capacitor_ceramic", {"1": "GND", "2": negative})

    def draw(self, pad: Pad) -> None:
        """Draw the supply pins between the rails, the capacitors to the left of them."""
        supply = part_type(self.type).supply_pins
        pins = pad.package_unit(self.package, supply["positive"], 2.54, 0)
        top, bottom = -10.16, 10.16
        left = -12.7 if self.parts else 0.0
        pad.wire(pins[supply["positive"]], (0, top), (left, top))
        pad.power(self.positive, 0, top, "up")
        pad.wire(pins[supply["negative"]], (0, bottom), (left, bottom))
        pad.power(self.negative, 0, bottom, "down")
        if not self.parts:
            return
        if "negative" not in self.parts:
            single = pad.put("positive", -12.7, 0, texts="left")
            pad.wire((-12.7, top), single["1"])
            pad.wire(single["2"], (-12.7, bottom))
            return
        upper = pad.put("positive", -12.7, -5.08, texts="left")
        lower = pad.put("negative", -12.7, 5.08, texts="left")
        pad.wire((-12.7, top), upper["1"])
        pad.wire(upper["2"], (-12.7, 0), lower["1"])
        pad.wire(lower["2"], (-12.7, bottom))
        pad.wire((-12.7, 0), (-6.35, 0))
        pad.power("GND", -6.35, 0, "down")
