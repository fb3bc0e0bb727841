from __future__ import annotations
from realnet_hw import units
from realnet_hw.cells.cell import AmplifierRequest, Cell, CellPart


class BufferedDivider(Cell):
    """tmp"""

    def __init__(self, name, title, *, output, source, upper_ohm, lower_ohm, amplifier="tl074", formula="", layer=0):
        super().__init__(name, title, formula=formula, layer=layer)
        self.output, self.source = output, source
        mid = f"{output}_DIVIDED"
        self.parts["upper"] = CellPart("resistor", {"1": source, "2": mid}, units.compact(upper_ohm))
        self.parts["lower"] = CellPart("resistor", {"1": mid, "2": "GND"}, units.compact(lower_ohm))
        self.amplifiers["amplifier"] = AmplifierRequest(amplifier, mid, output, output)

    def draw(self, pad):
        pins = pad.amplifier("amplifier", 20.32, 0)
        x, y = pins.non_inverting
        up = pad.put("upper", 0, y - 6.35, texts="left")
        pad.wire(up["2"], (0, y), (x, y))
        pad.end(self.source, *up["1"], "left")
        lo = pad.put("lower", 0, y + 6.35, texts="left")
        pad.wire((0, y), lo["1"])
        pad.power("GND", *lo["2"], "down")
        xi, yi = pins.inverting
        r = pins.output.x + 2.54
        pad.wire((xi, yi), (xi - 1.27, yi), (xi - 1.27, yi - 7.62), (r, yi - 7.62), (r, pins.output.y))
        pad.wire(pins.output, (r + 5.08, pins.output.y))
        pad.label(self.output, r + 5.08, pins.output.y); pad.small_label(f"{self.output}_DIVIDED", x - 12.7, y)
