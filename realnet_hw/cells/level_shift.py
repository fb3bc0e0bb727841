"""What a timer puts out, brought to the levels that the next layer's timers compare with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realnet_hw import units
from realnet_hw.cells.cell import AmplifierRequest, Cell, CellPart
from realnet_hw.cells.feedback import draw_follower

if TYPE_CHECKING:
    from realnet_hw.drawing.pad import Pad


class LevelShift(Cell):
    """Three equal resistors to rail, source and ground, and a follower: ``(V + v) / 3``.

    A source at ground gives a third of the rail, one at the rail two thirds, 5 V and 10 V of 15 V,
    whatever the rail is: they are levels of a timer as its own divider makes them.

    Args:
        source: net that is at ground or at the rail.
        output: net of the level.
        resistor_ohm: each of the three.
        rail: net of the supply.
        amplifier: the package's key in the parts catalogue.
    """

    def __init__(
        self,
        name: str,
        title: str,
        *,
        source: str,
        output: str,
        resistor_ohm: float = 30.1e3,
        rail: str = "+15V",
        amplifier: str = "tl074",
        formula: str = "",
        layer: int = 0,
        stage: int | None = None,
    ) -> None:
        super().__init__(name, title, formula=formula, layer=layer, stage=stage)
        mean = f"{name}_MEAN"
        self.inner_nets = (mean,)
        self.source = source
        self.output = output
        self.rail = rail
        value = units.compact(resistor_ohm)
        self.parts["upper"] = CellPart("resistor", {"1": rail, "2": mean}, value)
        self.parts["input"] = CellPart("resistor", {"1": source, "2": mean}, value)
        self.parts["lower"] = CellPart("resistor", {"1": mean, "2": "GND"}, value)
        self.parts["test_point"] = CellPart("test_point", {"1": output}, output)
        self.amplifiers["amplifier"] = AmplifierRequest(amplifier, mean, output, output)

    def law(self, source_V: float, rail_V: float) -> float:
        """Return the output in volts for the source's and the rail's volts."""
        return (source_V + rail_V) / 3

    def draw(self, pad: Pad) -> None:
        """Draw the three resistors around their node and the follower behind it."""
        upper = pad.put("upper", 0, -3.81, texts="right")
        lower = pad.put("lower", 0, 3.81, texts="right")
        pad.power(self.rail, *upper["1"], "up")
        pad.power("GND", *lower["2"], "down")
        source = pad.put("input", -10.16, 0, rotation=90)
        pad.wire(source["2"], (0, 0))
        pad.wire(source["1"], (-16.51, 0))
        pad.label(self.source, -16.51, 0, "left")
        draw_follower(pad, self.amplifiers["amplifier"], 0)
