"""The inverting summer: a neuron with or without a precision rectifier, or a sign inverter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from realnet_hw import units
from realnet_hw.cells.cell import AmplifierRequest, Cell, CellPart

if TYPE_CHECKING:
    from realnet_hw.drawing.pad import Pad

Rectifier = Literal["positive", "negative", "none"]


class SummingNeuron(Cell):
    """An inverting summer, ``v = -sum(v_i * R_f / R_i)``, rectified or not.

    With a rectifier, two diodes inside the loop let one polarity pass: ``max(0, v)`` when it is
    "positive", ``min(0, v)`` when it is "negative". The loop takes the forward voltage out of the
    answer, and the second diode keeps the loop closed, so that the inverting node is a virtual
    ground in both states.

    Args:
        output: net of the result.
        inputs: net to summing resistance in ohms.
        feedback_ohm: feedback resistance in ohms.
        rectifier: the polarity that passes.
        amplifier: the package's key in the parts catalogue.

    Ref: P. Horowitz, W. Hill, "The Art of Electronics", 3rd ed., chapter 4 (summing amplifier,
    active rectifier).
    """

    def __init__(
        self,
        name: str,
        title: str,
        *,
        output: str,
        inputs: Mapping[str, float],
        feedback_ohm: float,
        rectifier: Rectifier = "none",
        amplifier: str = "tl074",
        formula: str = "",
        layer: int = 0,
    ) -> None:
        super().__init__(name, title, formula=formula, layer=layer)
        self.output = output
        self.inputs = dict(inputs)
        self.feedback_ohm = feedback_ohm
        self.rectifier = rectifier
        summing = f"{name}_SUM"
        driven = output if rectifier == "none" else f"{name}_DRIVE"
        for index, (net, ohm) in enumerate(inputs.items(), 1):
            self.parts[f"input{index}"] = CellPart(
                "resistor", {"1": net, "2": summing}, units.compact(ohm)
            )
        self.parts["feedback"] = CellPart(
            "resistor", {"1": summing, "2": output}, units.compact(feedback_ohm)
        )
        if rectifier != "none":
            cathode, anode = "1", "2"
            if rectifier == "negative":
                cathode, anode = anode, cathode
            self.parts["pass"] = CellPart("diode_1n4148", {cathode: output, anode: driven})
            self.parts["clamp"] = CellPart("diode_1n4148", {cathode: driven, anode: summing})
        self.parts["test_point"] = CellPart("test_point", {"1": output}, output)
        self.amplifiers["amplifier"] = AmplifierRequest(amplifier, "GND", summing, driven)

    def law(self, volts: Mapping[str, float]) -> float:
        """Return the ideal output in volts for the input nets' voltages in volts."""
        total = -sum(volts[net] * self.feedback_ohm / ohm for net, ohm in self.inputs.items())
        match self.rectifier:
            case "positive":
                return max(0.0, total)
            case "negative":
                return min(0.0, total)
            case "none":
                return total

    def noise_gain(self) -> float:
        """Return the gain for the amplifier's offset voltage, ``1 + R_f / (R_1 || R_2 ...)``."""
        return 1.0 + sum(self.feedback_ohm / ohm for ohm in self.inputs.values())
