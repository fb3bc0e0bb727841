"""The driver of a word line: from logic to the voltage that turns write transistors on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realnet_hw import units
from realnet_hw.cells.cell import AmplifierRequest, Cell, CellPart

if TYPE_CHECKING:
    from realnet_hw.drawing.pad import Pad


class WordLineDriver(Cell):
    """A comparator with an open collector, not inverting: the word is high while the line is.

    The pull-down holds the line low while nobody drives it, as when the 5 V logic has no supply; a
    resistor pulls the word up to the rail.

    Args:
        line: net of the logic signal.
        word: net of the word line.
        threshold: net of the voltage that parts low from high.
        rail: net that the word line is pulled up to.
        lines: net where the pull-downs of all lines end.
    """

    def __init__(
        self,
        name: str,
        title: str,
        *,
        line: str,
        word: str,
        threshold: str,
        rail: str,
        lines: str,
        pull_up_ohm: float,
        pull_down_ohm: float,
        comparator: str = "lm339",
        layer: int = 0,
    ) -> None:
        super().__init__(name, title, layer=layer)
        self.line, self.word, self.threshold, self.rail = line, word, threshold, rail
        self.lines = lines
        self.parts["pull_down"] = CellPart(
            "resistor", {"1": line, "2": lines}, units.compact(pull_down_ohm)
        )
        self.parts["pull_up"] = CellPart(
            "resistor", {"1": rail, "2": word}, units.compact(pull_up_ohm)
        )
        self.amplifiers["comparator"] = AmplifierRequest(comparator, line, threshold, word)

    def draw(self, pad: Pad) -> None:
        """Draw the comparator, its pull-down at the left and its pull-up at the right."""
        pins = pad.amplifier("comparator", 0, 0)
        x, y = pins.inverting
        pad.wire((x, y), (x - 2.54, y))
        pad.label(self.threshold, x - 2.54, y, "left")
        x, y = pins.non_inverting
        pad.wire((x - 12.7, y), (x, y))
        pad.label(self.line, x - 12.7, y, "left")
        down = pad.put("pull_down", x - 7.62, y + 6.35, texts="right")
        pad.wire((x - 7.62, y), down["1"])
        pad.wire(down["2"], (x - 12.7, down["2"].y))
        pad.label(self.lines, x - 12.7, down["2"].y, "left")
        x, y = pins.output
        pad.wire((x, y), (x + 10.16, y))
        pad.label(self.word, x + 10.16, y)
        up = pad.put("pull_up", x + 5.08, y - 6.35, texts="right")
        pad.wire(up["2"], (x + 5.08, y))
        pad.power(self.rail, *up["1"], "up")
