"""A share of a voltage, made by two resistors and carried by an amplifier."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realnet_hw import units
from realnet_hw.cells.cell import AmplifierRequest, Cell, CellPart
from realnet_hw.cells.feedback import draw_follower

if TYPE_CHECKING:
    from realnet_hw.drawing.pad import Pad


class BufferedDivider(Cell):
    """A divider and a follower: ``V = V_source R_lower / (R_upper + R_lower)``.

    A timer's CONT has a divider of its own inside, the resistance of which is known to a factor at
    best: it needs a source that does not mind.

    Args:
        output: net of the share.
        source: net of the whole.
        upper_ohm, lower_ohm: from the source to the tap, and from there to ground.
        amplifier: the package's key in the parts catalogue.
        resistor: that of its two resistors.
    """

    in_signal_path = False

    def __init__(
        self,
        name: str,
        title: str,
        *,
        output: str,
        source: str,
        upper_ohm: float,
        lower_ohm: float,
        amplifier: str = "tl074",
        resistor: str = "resistor",
        formula: str = "",
        layer: int = 0,
        stage: int | None = None,
    ) -> None:
        super().__init__(name, title, formula=formula, layer=layer, stage=stage)
        tap = f"{name}_TAP"
        self.inner_nets = (tap,)
        self.output = output
        self.source = source
        self.upper_ohm = upper_ohm
        self.lower_ohm = lower_ohm
        self.parts["upper"] = CellPart(resistor, {"1": source, "2": tap}, units.compact(upper_ohm))
        self.parts["lower"] = CellPart(resistor, {"1": tap, "2": "GND"}, units.compact(lower_ohm))
        self.parts["test_point"] = CellPart("test_point", {"1": output}, output)
        self.amplifiers["amplifier"] = AmplifierRequest(amplifier, tap, output, output)

    def law(self, source_V: float) -> float:
        """Return the output in volts for the source's volts."""
        return source_V * self.lower_ohm / (self.upper_ohm + self.lower_ohm)

    def draw(self, pad: Pad) -> None:
        """Draw the divider, its tap in the line of the follower's input."""
        upper = pad.put("upper", 0, -3.81, texts="left")
        lower = pad.put("lower", 0, 3.81, texts="left")
        if pad.is_rail(self.source):
            pad.power(self.source, *upper["1"], "up")
        else:
            pad.wire(upper["1"], (-2.54, upper["1"].y))
            pad.label(self.source, -2.54, upper["1"].y, "left")
        pad.power("GND", *lower["2"], "down")
        draw_follower(pad, self.amplifiers["amplifier"], 0)
