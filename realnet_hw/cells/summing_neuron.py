"""The inverting summer: a neuron with or without a precision rectifier, or a sign inverter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from realnet_hw import units
from realnet_hw.cells.cell import AmplifierRequest, CellPart
from realnet_hw.cells.neuron import Neuron
from realnet_hw.drawing.geometry import snapped

if TYPE_CHECKING:
    from realnet_hw.drawing.geometry import Point, Rotation
    from realnet_hw.drawing.pad import Pad

Rectifier = Literal["positive", "negative", "none"]

# Where the drawing has the summing node's vertical wires and the driven node's name, and the
# distance of its rows, in mm.
_BUS_X = -12.7
_LOOP_X = -10.16
_DRIVE_X = 2.54
_ROW = 5.08


class SummingNeuron(Neuron):
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
        amplifier, resistor: the parts' keys in the catalogue.

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
        resistor: str = "resistor",
        formula: str = "",
        layer: int = 0,
        stage: int | None = None,
    ) -> None:
        summing = f"{name}_SUM"
        driven = output if rectifier == "none" else f"{name}_DRIVE"
        super().__init__(
            name,
            title,
            output=output,
            inputs=inputs,
            feedback_ohm=feedback_ohm,
            inner_nets=(summing,) if rectifier == "none" else (summing, driven),
            formula=formula,
            layer=layer,
            stage=stage,
        )
        self.rectifier = rectifier
        for index, (net, ohm) in enumerate(inputs.items(), 1):
            self.parts[f"input{index}"] = CellPart(
                resistor, {"1": net, "2": summing}, units.compact(ohm)
            )
        self.parts["feedback"] = CellPart(
            resistor, {"1": summing, "2": output}, units.compact(feedback_ohm)
        )
        if rectifier != "none":
            cathode, anode = "1", "2"
            if rectifier == "negative":
                cathode, anode = anode, cathode
            self.parts["pass"] = CellPart("diode_1n4148", {cathode: output, anode: driven})
            self.parts["clamp"] = CellPart("diode_1n4148", {cathode: driven, anode: summing})
        self.parts["test_point"] = CellPart("test_point", {"1": output}, output)
        self.amplifiers["amplifier"] = AmplifierRequest(amplifier, "GND", summing, driven)

    @property
    def polarity(self) -> int:
        """The sign of what passes: +1 or -1 where it rectifies, 0 where everything passes."""
        return {"positive": 1, "negative": -1, "none": 0}[self.rectifier]

    def gains(self) -> dict[str, float]:
        """Return by net the gain from each input to the output, volts per volt."""
        return {net: -self.feedback_ohm / ohm for net, ohm in self.inputs.items()}

    def noise_gain(self) -> float:
        """Return the gain for the amplifier's offset voltage, ``1 + R_f / (R_1 || R_2 ...)``."""
        return 1.0 + sum(self.feedback_ohm / ohm for ohm in self.inputs.values())

    def resistor_effects(self, volts: Mapping[str, Any]) -> list[Any]:
        """Return for each resistor the output's change, in volts, per relative change of it."""
        terms_V = [gain * volts[net] for net, gain in self.gains().items()]
        return [*(-term for term in terms_V), sum(terms_V)]

    def draw(self, pad: Pad) -> None:
        """Draw the summing resistors in rows, the amplifier, and its feedback above it."""
        request = self.amplifiers["amplifier"]
        pins = pad.amplifier("amplifier", 0, 0)
        summing_y = pins.inverting.y
        self._draw_inputs(pad, summing_y)
        pad.wire((_BUS_X, summing_y), pins.inverting)
        x, y = pins.non_inverting
        pad.wire((x, y), (x - 1.27, y), (x - 1.27, y + 2.54))
        pad.power("GND", x - 1.27, y + 2.54, "down")

        rectified = self.rectifier != "none"
        top = -15.24 if rectified else -10.16
        named = _LOOP_X + pad.label_width(request.inverting)
        middle = snapped(max(named + 1.5 + pad.caption_width("feedback") / 2, _LOOP_X + 10.16))
        right = max(middle + 6.35, 10.16)
        if rectified:
            right = max(right, 22.86, snapped(_DRIVE_X + pad.label_width(request.output) + 0.6))
        feedback = pad.put("feedback", middle, top, rotation=90)
        pad.wire((_LOOP_X, summing_y), (_LOOP_X, top), feedback["1"])
        pad.small_label(request.inverting, _LOOP_X, top)
        pad.wire(feedback["2"], (right, top), (right, 0))
        if rectified:
            self._draw_rectifier(pad, pins.output, right)
        pad.wire((right, 0) if rectified else pins.output, (right + 10.16, 0))
        pad.test_point("test_point", right + 5.08, 0)
        pad.label(self.output, right + 10.16, 0)

    def _draw_inputs(self, pad: Pad, summing_y: float) -> None:
        """Draw the summing resistors around the height of the inverting input."""
        first = summing_y - (len(self.inputs) - 1) * _ROW / 2
        levels = [first + index * _ROW for index in range(len(self.inputs))]
        for index, (net, y) in enumerate(zip(self.inputs, levels, strict=True), 1):
            pins = pad.put(f"input{index}", _BUS_X - 6.35, y, rotation=90)
            pad.wire(pins["2"], (_BUS_X, y))
            pad.wire(pins["1"], (_BUS_X - 12.7, y))
            pad.end(net, _BUS_X - 12.7, y, "left")
        pad.wire((_BUS_X, levels[0]), (_BUS_X, levels[-1]))

    def _draw_rectifier(self, pad: Pad, output: Point, right: float) -> None:
        """Draw the diode in the output and the one that clamps, both in the sense of the signal."""
        driven = self.amplifiers["amplifier"].output
        rotation: Rotation = 180 if self.rectifier == "positive" else 0
        left_pin, right_pin = ("2", "1") if self.rectifier == "positive" else ("1", "2")
        series = pad.put("pass", output.x + 7.62, 0, rotation=rotation)
        pad.wire(output, series[left_pin])
        pad.wire(series[right_pin], (right, 0))
        clamp = pad.put("clamp", -3.81, -8.89, rotation=rotation)
        branch = output.x + 1.27
        pad.wire((_LOOP_X, -8.89), clamp[left_pin])
        pad.wire(clamp[right_pin], (branch, -8.89), (branch, 0))
        pad.small_label(driven, _DRIVE_X, -8.89)
