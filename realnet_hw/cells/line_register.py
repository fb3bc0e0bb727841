"""Eight digital lines that leave the board: a shift register with a resistor in each line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from realnet_hw.cells.cell import CellPart
from realnet_hw.cells.chip import Chip

if TYPE_CHECKING:
    from realnet_hw.drawing.pad import Pad

_OUTPUTS = ("15", "1", "2", "3", "4", "5", "6", "7")


class LineRegister(Chip):
    """A 74HC595, a pull-down on each output, and a resistor from there to the line.

    The resistors bound what a line that is pulled to another voltage drives into a register
    without supply. The pull-downs hold every line at 0 V while the outputs are off.

    Args:
        control: nets of the register's other pins, by number.
        outputs: nets of the register's outputs, lowest bit first.
        lines: nets of the lines.
    """

    def __init__(
        self,
        name: str,
        title: str,
        *,
        control: Mapping[str, str],
        outputs: Sequence[str],
        lines: Sequence[str],
        layer: int = 0,
        stage: int | None = None,
    ) -> None:
        pins = {**control, **dict(zip(_OUTPUTS, outputs, strict=True))}
        super().__init__(name, title, type="hc595", pins=pins, layer=layer, stage=stage)
        self.outputs, self.lines = tuple(outputs), tuple(lines)
        series = {str(number): net for number, net in enumerate(outputs, 1)}
        series |= {str(16 - number): net for number, net in enumerate(lines)}
        self.parts["series"] = CellPart("resistors_8x10k", series)
        pulled = {str(number): net for number, net in enumerate(outputs, 2)}
        self.parts["pull_down"] = CellPart("resistors_8x100k", {"1": "GND", **pulled})

    def draw(self, pad: Pad) -> None:
        """Draw the register, its lines straight through the resistors, the pull-downs below."""
        pins = self.draw_chip(pad, set(self.outputs))
        first = pins[_OUTPUTS[0]]
        series = pad.put("series", first.x + 17.78, first.y + 10.16, rotation=270, texts="around")
        far = series["16"].x + 2.54
        for number, (output, line) in enumerate(zip(self.outputs, self.lines, strict=True), 1):
            near, end = series[str(number)], series[str(17 - number)]
            pad.wire(pins[_OUTPUTS[number - 1]], near)
            pad.small_label(output, first.x + 1.27, near.y)
            pad.wire(end, (far, end.y))
            pad.label(line, far, end.y)
        pulled = pad.put(
            "pull_down", first.x + 17.78, first.y + 40.64, rotation=270, texts="around"
        )
        for number, output in enumerate(self.outputs, 2):
            place = pulled[str(number)]
            pad.wire(place, (place.x - 2.54, place.y))
            pad.label(output, place.x - 2.54, place.y, "left")
        pad.power("GND", *pulled["1"], "right")
