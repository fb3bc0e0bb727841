"""The complement of a level, for weights below zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realnet_hw import units
from realnet_hw.cells.cell import AmplifierRequest, Cell, CellPart

if TYPE_CHECKING:
    from realnet_hw.drawing.pad import Pad


class LevelComplement(Cell):
    """An inverting amplifier about the middle of both levels: ``2 V_middle - v``.

    A negative weight is a positive one of the complement: ``w x = |w| (1 - x) - |w|``; the constant
    goes into the threshold.

    Args:
        source: net of the level.
        output: net of its complement.
        middle: net half way between the two levels.
        resistor_ohm: each of the two.
        amplifier: the package's key in the parts catalogue.
    """

    def __init__(
        self,
        name: str,
        title: str,
        *,
        source: str,
        output: str,
        middle: str,
        resistor_ohm: float = 30.1e3,
        amplifier: str = "tl074",
        formula: str = "",
        layer: int = 0,
        stage: int | None = None,
    ) -> None:
        super().__init__(name, title, formula=formula, layer=layer, stage=stage)
        summing = f"{name}_SUM"
        self.inner_nets = (summing,)
        self.source = source
        self.output = output
        self.middle = middle
        value = units.compact(resistor_ohm)
        self.parts["input"] = CellPart("resistor", {"1": source, "2": summing}, value)
        self.parts["feedback"] = CellPart("resistor", {"1": summing, "2": output}, value)
        self.parts["test_point"] = CellPart("test_point", {"1": output}, output)
        self.amplifiers["amplifier"] = AmplifierRequest(amplifier, middle, summing, output)

    def law(self, source_V: float, middle_V: float) -> float:
        """Return the output in volts for the source's and the middle's volts."""
        return 2 * middle_V - source_V

    def draw(self, pad: Pad) -> None:
        """Draw the input resistor at the left, the feedback above the amplifier."""
        request = self.amplifiers["amplifier"]
        pins = pad.amplifier("amplifier", 0, 0)
        x, y = pins.inverting
        source = pad.put("input", x - 10.16, y, rotation=90)
        pad.wire(source["2"], pins.inverting)
        pad.wire(source["1"], (x - 16.51, y))
        pad.label(self.source, x - 16.51, y, "left")
        loop, top = x - 2.54, y - 7.62
        named = loop + pad.label_width(request.inverting)
        middle = max(
            0.0, round((named + 1.5 + pad.caption_width("feedback") / 2) / 1.27 + 0.5) * 1.27
        )
        right = max(12.7, middle + 5.08)
        feedback = pad.put("feedback", middle, top, rotation=90)
        pad.wire((loop, y), (loop, top), feedback["1"])
        pad.small_label(request.inverting, loop, top)
        pad.wire(feedback["2"], (right, top), (right, 0))
        pad.wire(pins.output, (right + 10.16, 0))
        pad.test_point("test_point", right + 5.08, 0)
        pad.label(self.output, right + 10.16, 0)
        x, y = pins.non_inverting
        pad.wire((x, y), (x - 2.54, y))
        pad.label(self.middle, x - 2.54, y, "left")
