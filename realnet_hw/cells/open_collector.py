"""A transistor that pulls a terminal to ground or lets it go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realnet_hw import units
from realnet_hw.cells.cell import Cell, CellPart

if TYPE_CHECKING:
    from realnet_hw.drawing.pad import Pad


class OpenCollector(Cell):
    """An NPN transistor behind a resistor.

    A Schottky rectifier in its collector keeps negative voltages off: they would open the
    transistor backwards, and break down its base.

    Args:
        input: net of the logic signal; high pulls.
        output: net of the terminal.
        base_ohm: between the signal and the base.
    """

    def __init__(
        self,
        name: str,
        title: str,
        *,
        input: str,
        output: str,
        base_ohm: float = 10e3,
        layer: int = 0,
        stage: int | None = None,
    ) -> None:
        super().__init__(name, title, layer=layer, stage=stage)
        self.input, self.output = input, output
        base, collector = f"{output}_BASE", f"{output}_LOW"
        self.parts["base"] = CellPart("resistor", {"1": input, "2": base}, units.compact(base_ohm))
        self.parts["transistor"] = CellPart(
            "transistor_2n3904", {"1": "GND", "2": base, "3": collector}
        )
        self.parts["diode"] = CellPart("diode_1n5819", {"1": collector, "2": output})

    def draw(self, pad: Pad) -> None:
        """Draw the transistor, its base resistor at the left."""
        pins = pad.put("transistor", 0, 0, texts="right")
        x, y = pins["2"]
        base = pad.put("base", x - 17.78, y, rotation=90)
        pad.wire(base["2"], (x, y))
        pad.small_label(self.parts["base"].pins["2"], base["2"].x + 1.27, y)
        pad.wire((base["1"].x - 2.54, y), base["1"])
        pad.label(self.input, base["1"].x - 2.54, y, "left")
        pad.power("GND", *pins["1"], "down")
        x, y = pins["3"]
        diode = pad.put("diode", x + 10.16, y - 2.54)
        pad.wire((x, y), (x, y - 2.54), diode["1"])
        pad.small_label(self.parts["diode"].pins["1"], x, y - 2.54, "left")
        pad.wire(diode["2"], (x + 17.78, y - 2.54))
        pad.label(self.output, x + 17.78, y - 2.54)
