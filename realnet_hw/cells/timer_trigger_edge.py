"""The end of one pulse made the start of the next: a differentiator of falling edges."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from realnet_hw import units
from realnet_hw.cells.cell import Cell, CellPart
from realnet_hw.parts.catalogue import part_type

if TYPE_CHECKING:
    from realnet_hw.drawing.pad import Pad


class TriggerEdge(Cell):
    """A short low pulse for every falling edge.

    The capacitor passes the edge, the resistor brings the output back to the rail: after a step of
    height h it is below a level v for ``RC ln(h / (V - v))``. With 1 nF, 10 kohm and a step of 15 V
    that is 4 us for 5 V and 1.8 us for 2.5 V. A rising edge would lift the output by as much above
    the rail: the diode takes it away, and with it the charge of the capacitor out of the source. A
    resistor in series keeps that current below h/R_s and leaves a share R/(R + R_s) of the step:
    ``(R + R_s) C ln(h R / (R + R_s) / (V - v))``.

    Args:
        source: net whose falling edges count.
        output: net that goes low; trigger inputs of any number of timers.
        capacitor, diode: keys in the parts catalogue.
        resistor_ohm: to the rail.
        series_ohm: between the source and the capacitor; 0 for a source that needs none.
        rail: net of the supply.
    """

    def __init__(
        self,
        name: str,
        title: str,
        *,
        source: str,
        output: str,
        capacitor: str = "capacitor_c0g_1n",
        resistor_ohm: float = 10e3,
        series_ohm: float = 0.0,
        rail: str = "+15V",
        diode: str = "diode_1n4148",
        formula: str = "",
        layer: int = 0,
        stage: int | None = None,
    ) -> None:
        super().__init__(name, title, formula=formula, layer=layer, stage=stage)
        self.source = source
        self.output = output
        self.rail = rail
        self.resistor_ohm = resistor_ohm
        self.series_ohm = series_ohm
        self.capacitance_F = units.parse(part_type(capacitor).value, "F")
        passed = f"{name}_EDGE" if series_ohm else source
        self.inner_nets: tuple[str, ...] = (passed,) if series_ohm else ()
        if series_ohm:
            self.parts["series"] = CellPart(
                "resistor", {"1": source, "2": passed}, units.compact(series_ohm)
            )
        self.parts["capacitor"] = CellPart(capacitor, {"1": passed, "2": output})
        self.parts["resistor"] = CellPart(
            "resistor", {"1": rail, "2": output}, units.compact(resistor_ohm)
        )
        self.parts["clamp"] = CellPart(diode, {"1": rail, "2": output})

    def draw(self, pad: Pad) -> None:
        """Draw series resistor and capacitor in the line, resistor and diode up to the rail."""
        capacitor = pad.put("capacitor", 0, 0, rotation=90)
        start, x = capacitor["1"], -7.62
        if self.series_ohm:
            named = self.inner_nets[0]
            room = 2.54 + 1.27 * math.ceil(pad.label_width(named) / 1.27)
            series = pad.put("series", start.x - room - 3.81, 0, rotation=90)
            pad.wire(series["2"], start)
            pad.small_label(named, series["2"].x + 1.27, 0)
            start, x = series["1"], series["1"].x - 3.81
        pad.wire(start, (x, 0))
        pad.label(self.source, x, 0, "left")
        pad.wire(capacitor["2"], (30.48, 0))
        pad.label(self.output, 30.48, 0)
        resistor = pad.put("resistor", 8.89, -5.08, texts="right")
        clamp = pad.put("clamp", 22.86, -5.08, rotation=270, texts="right")
        pad.wire(resistor["2"], (8.89, 0))
        pad.wire(clamp["2"], (22.86, 0))
        pad.wire(resistor["1"], clamp["1"])
        pad.power(self.rail, 15.24, -8.89, "up")
