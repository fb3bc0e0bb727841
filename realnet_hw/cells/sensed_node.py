"""A node of a resistive network, with the amplifier that reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from realnet_hw import units
from realnet_hw.cells.cell import AmplifierRequest, Cell, CellPart

if TYPE_CHECKING:
    from realnet_hw.drawing.pad import Pad

Clamp = Literal["high", "low", "none"]


class SensedNode(Cell):
    """A node with an amplifier of gain ``1 + R_f / R_g`` that does not load it.

    A hidden node has a Schottky diode to ground, which clamps it when it is high or when it is
    low. An output node has a resistor through which it is nudged.

    Args:
        node: its net.
        sense: net of the amplified voltage.
        clamp: which voltages the diode clamps.
        nudge: net that nudges it; empty for none.
    """

    def __init__(
        self,
        name: str,
        title: str,
        *,
        node: str,
        sense: str,
        clamp: Clamp = "none",
        nudge: str = "",
        nudge_ohm: float = 2e3,
        ground_ohm: float = 1e3,
        feedback_ohm: float = 9.09e3,
        amplifier: str = "tl074",
        formula: str = "",
        layer: int = 0,
    ) -> None:
        super().__init__(name, title, formula=formula, layer=layer)
        self.node, self.sense, self.clamp, self.nudge = node, sense, clamp, nudge
        self.gain = 1 + feedback_ohm / ground_ohm
        inverting = f"{sense}_IN"
        self.parts["ground"] = CellPart(
            "resistor", {"1": inverting, "2": "GND"}, units.compact(ground_ohm)
        )
        self.parts["feedback"] = CellPart(
            "resistor", {"1": inverting, "2": sense}, units.compact(feedback_ohm)
        )
        if clamp != "none":
            cathode, anode = ("GND", node) if clamp == "high" else (node, "GND")
            self.parts["diode"] = CellPart("diode_1n5711", {"1": cathode, "2": anode})
        if nudge:
            self.parts["nudge"] = CellPart(
                "resistor", {"1": nudge, "2": node}, units.compact(nudge_ohm)
            )
        self.parts["test_point"] = CellPart("test_point", {"1": sense}, sense)
        self.amplifiers["amplifier"] = AmplifierRequest(amplifier, node, inverting, sense)

    def draw(self, pad: Pad) -> None:
        """Draw what the node carries at the left, then the amplifier with its feedback above."""
        pins = pad.amplifier("amplifier", 0, 0)
        x, y = pins.non_inverting
        left = x - 15.24
        pad.wire((left, y), (x, y))
        pad.label(self.node, left, y, "left")
        if self.clamp != "none":
            rotation: Literal[90, 270] = 90 if self.clamp == "high" else 270
            upper, lower = ("2", "1") if self.clamp == "high" else ("1", "2")
            diode = pad.put("diode", left + 5.08, y + 6.35, rotation=rotation, texts="right")
            pad.wire((left + 5.08, y), diode[upper])
            pad.power("GND", *diode[lower], "down")
        if self.nudge:
            resistor = pad.put("nudge", left + 5.08, y + 6.35, rotation=180, texts="right")
            pad.wire((left + 5.08, y), resistor["2"])
            pad.wire(resistor["1"], (left + 5.08, y + 12.7), (left, y + 12.7))
            pad.label(self.nudge, left, y + 12.7, "left")
        request = self.amplifiers["amplifier"]
        x, y = pins.inverting
        bus, top, right = x - 2.54, y - 10.16, pins.output.x + 5.08
        pad.wire((x, y), (bus, y), (bus, top))
        ground = pad.put("ground", bus - 6.35, top, rotation=270)
        pad.wire(ground["1"], (bus, top))
        pad.wire(ground["2"], (ground["2"].x - 1.27, top), (ground["2"].x - 1.27, top + 1.27))
        pad.power("GND", ground["2"].x - 1.27, top + 1.27, "down")
        feedback = pad.put("feedback", bus + 10.16, top, rotation=90)
        pad.wire((bus, top), feedback["1"])
        pad.small_label(request.inverting, bus, top)
        pad.wire(feedback["2"], (right, top), (right, 0))
        pad.wire(pins.output, (right + 10.16, 0))
        pad.test_point("test_point", right + 5.08, 0)
        pad.label(self.sense, right + 10.16, 0)
