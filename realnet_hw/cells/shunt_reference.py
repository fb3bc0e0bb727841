"""A shunt voltage reference with its series resistor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realnet_hw import units
from realnet_hw.cells.cell import Cell, CellPart

if TYPE_CHECKING:
    from realnet_hw.drawing.pad import Pad


class ShuntReference(Cell):
    """A shunt reference fed from a rail through a resistor.

    The resistor carries the load and what the reference keeps for itself,
    ``I = (V_rail - V_ref) / R``; the reference regulates while it keeps between its least and its
    greatest current.

    Args:
        output: net of the reference voltage.
        rail: net that feeds it.
        series_ohm: the series resistor in ohms.
        reference: its key in the parts catalogue.

    Ref: Texas Instruments SLOS456, LM4040 datasheet, "Typical Application".
    """

    def __init__(
        self,
        name: str,
        title: str,
        *,
        output: str,
        rail: str,
        series_ohm: float,
        reference: str = "lm4040_5v0",
        formula: str = "",
        layer: int = 0,
    ) -> None:
        super().__init__(name, title, formula=formula, layer=layer)
        self.output = output
        self.rail = rail
        self.parts["series"] = CellPart(
            "resistor", {"1": rail, "2": output}, units.compact(series_ohm)
        )
        self.parts["reference"] = CellPart(reference, {"2": output, "3": "GND"})
        self.parts["bypass"] = CellPart("capacitor_ceramic", {"1": output, "2": "GND"})
        self.parts["test_point"] = CellPart("test_point", {"1": output}, output)
