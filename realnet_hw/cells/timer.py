"""What every block around a 555 timer has in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realnet_hw import units
from realnet_hw.cells.cell import Cell, CellPart
from realnet_hw.parts.catalogue import part_type

if TYPE_CHECKING:
    from realnet_hw.drawing.geometry import Point
    from realnet_hw.drawing.pad import Pad

# Where the drawing has the timing node's column, in mm; the timer itself is at the origin.
NODE_X = -22.86
_SUPPLY_Y = -15.24
_LEVEL_Y = -17.78
_STEADY_Y = -20.32
_TRIGGER_Y = 12.7
_NAME_X = -12.7


class TimerCell(Cell):
    """A timer with its bypass capacitor and a test point on its output.

    While TRIG is below half of CONT the output goes high; it stays so until THRES passes CONT,
    which turns it low again and DISCH on. RESET goes before both.

    Args:
        output: net of OUT.
        level: net of CONT; empty leaves it at its own 2/3 of the rail, with a capacitor to ground.
        trigger: net of TRIG.
        threshold: net of THRES.
        discharge: net of DISCH.
        reset: net of RESET.
        timer: the timer's key in the parts catalogue.
        rail: net of its supply.

    Ref: Texas Instruments SLFS022 (NE555), "Function table", "Monostable operation".
    """

    package_key = "timer"

    def __init__(
        self,
        name: str,
        title: str,
        *,
        output: str,
        level: str,
        trigger: str,
        threshold: str,
        discharge: str,
        reset: str,
        timer: str,
        rail: str,
        formula: str,
        layer: int,
        stage: int | None,
    ) -> None:
        super().__init__(name, title, formula=formula, layer=layer, stage=stage)
        self.output = output
        self.level = level
        self.trigger = trigger
        self.reset = reset
        self.rail = rail
        self.inner_nets: tuple[str, ...] = () if level else (f"{name}_CONT",)
        control = level or f"{name}_CONT"
        pins = ("GND", trigger, output, reset, control, threshold, discharge, rail)
        self.parts["timer"] = CellPart(
            timer, {str(number): net for number, net in enumerate(pins, 1)}
        )
        self.parts["bypass"] = CellPart("capacitor_ceramic", {"1": rail, "2": "GND"})
        if not level:
            self.parts["steady"] = CellPart("capacitor_c0g_10n", {"1": control, "2": "GND"})
        self.parts["test_point"] = CellPart("test_point", {"1": output}, output)

    def draw_timer(self, pad: Pad) -> dict[str, Point]:
        """Draw the timer with everything but what is on THRES and DISCH; return its pins."""
        pins = pad.put("timer", 0, 0, texts="corner")
        pad.power("GND", *pins["1"], "down")
        pad.wire(pins["4"], (_NAME_X, pins["4"].y))
        pad.label(self.reset, _NAME_X, pins["4"].y, "left")
        pad.wire(pins["2"], (_NAME_X, pins["2"].y), (_NAME_X, _TRIGGER_Y))
        pad.label(self.trigger, _NAME_X, _TRIGGER_Y, "left")

        bypass = pad.put("bypass", 12.7, _SUPPLY_Y + 3.81, texts="right")
        pad.wire(pins["8"], (pins["8"].x, _SUPPLY_Y), (12.7, _SUPPLY_Y))
        pad.power(self.rail, 12.7, _SUPPLY_Y, "up")
        pad.power("GND", *bypass["2"], "down")
        self._draw_level(pad, pins["5"])

        pad.wire(pins["3"], (30.48, 0))
        pad.test_point("test_point", 22.86, 0)
        pad.label(self.output, 30.48, 0)
        return pins

    def _draw_level(self, pad: Pad, control: Point) -> None:
        """Draw what is on CONT: the level's name, or the capacitor that keeps it steady."""
        if self.level:
            pad.wire(control, (control.x, _LEVEL_Y), (-5.08, _LEVEL_Y))
            pad.end(self.level, -5.08, _LEVEL_Y, "left")
            return
        steady = pad.put("steady", -7.62, _STEADY_Y + 3.81, texts="left")
        pad.wire(control, (control.x, _STEADY_Y), steady["1"])
        pad.small_label(self.inner_nets[0], -6.35, _STEADY_Y)
        pad.power("GND", *steady["2"], "down")

    def capacitance_F(self, key: str) -> float:
        """Return the capacitance of one of its capacitors in farads."""
        part = self.parts[key]
        return units.parse(part.value or part_type(part.type).value, "F")
