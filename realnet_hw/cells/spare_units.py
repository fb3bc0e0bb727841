"""What nobody uses of a package of amplifiers or transistors, tied so that it stays quiet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realnet_hw.cells.cell import AmplifierRequest, Cell, TransistorRequest
from realnet_hw.parts.catalogue import part_type

if TYPE_CHECKING:
    from realnet_hw.drawing.pad import Pad


def spare(name: str, *, type: str, rails: tuple[str, str], layer: int) -> Cell:
    """Return the cell of a unit that nobody uses.

    Args:
        name: the cell's.
        type: the package's key in the parts catalogue.
        rails: the package's positive and negative rail.
        layer: its column on the page.
    """
    kind = part_type(type)
    if kind.transistors:
        return SpareTransistor(name, "Spare transistor", type=type, rail=rails[1], layer=layer)
    if kind.open_collector:
        return SpareComparator(name, "Spare comparator", type=type, rail=rails[0], layer=layer)
    return SpareAmplifier(name, "Spare amplifier", type=type, layer=layer)


class SpareAmplifier(Cell):
    """An amplifier that nobody uses, tied as a follower of ground so that it stays quiet.

    Ref: Texas Instruments SBOA204, "The Unused Op Amp - What to Do?".
    """

    in_signal_path = False

    def __init__(self, name: str, title: str, *, type: str, layer: int = 0) -> None:
        super().__init__(name, title, layer=layer)
        output = f"{name}_OUT"
        self.amplifiers["amplifier"] = AmplifierRequest(type, "GND", output, output)

    def draw(self, pad: Pad) -> None:
        """Draw the follower."""
        pins = pad.amplifier("amplifier", 0, 0)
        output = self.amplifiers["amplifier"].output
        x, y = pins.non_inverting
        pad.wire((x, y), (x - 1.27, y), (x - 1.27, y + 2.54))
        pad.power("GND", x - 1.27, y + 2.54, "down")
        x, y = pins.inverting
        pad.wire((x, y), (x - 1.27, y), (x - 1.27, -7.62), (10.16, -7.62), (10.16, 0), pins.output)
        pad.small_label(output, x + 1.27, -7.62)


class SpareComparator(Cell):
    """A comparator that nobody uses, its inputs apart, so that it rests with its output low."""

    in_signal_path = False

    def __init__(self, name: str, title: str, *, type: str, rail: str, layer: int = 0) -> None:
        super().__init__(name, title, layer=layer)
        self.rail = rail
        self.amplifiers["comparator"] = AmplifierRequest(type, "GND", rail, "")

    def draw(self, pad: Pad) -> None:
        """Draw it with its inputs apart and nothing at its output."""
        pins = pad.amplifier("comparator", 0, 0)
        x, y = pins.non_inverting
        pad.wire((x, y), (x - 1.27, y), (x - 1.27, y + 2.54))
        pad.power("GND", x - 1.27, y + 2.54, "down")
        x, y = pins.inverting
        pad.wire((x, y), (x - 1.27, y), (x - 1.27, y - 2.54))
        pad.power(self.rail, x - 1.27, y - 2.54, "up")
        pad.no_connect(*pins.output)


class SpareTransistor(Cell):
    """A transistor that nobody uses, all of it at the substrate."""

    in_signal_path = False

    def __init__(self, name: str, title: str, *, type: str, rail: str, layer: int = 0) -> None:
        super().__init__(name, title, layer=layer)
        self.rail = rail
        self.transistors["transistor"] = TransistorRequest(type, rail, rail, rail)

    def draw(self, pad: Pad) -> None:
        """Draw it with its three pins joined."""
        pins = pad.transistor("transistor", 0, 0)
        left = pins.gate.x - 2.54
        pad.wire(pins.drain, (pins.drain.x, pins.drain.y - 1.27), (left, pins.drain.y - 1.27))
        pad.wire((left, pins.drain.y - 1.27), (left, pins.gate.y), pins.gate)
        low = pins.source.y + 1.27
        pad.wire((left, pins.gate.y), (left, low), (pins.source.x, low), pins.source)
        pad.wire((left, low), (left, low + 2.54))
        pad.power(self.rail, left, low + 2.54, "down")
