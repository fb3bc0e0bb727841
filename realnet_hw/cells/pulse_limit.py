"""What closes all word lines when one has been open for too long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realnet_hw import units
from realnet_hw.cells.cell import AmplifierRequest, Cell, CellPart

if TYPE_CHECKING:
    from realnet_hw.drawing.pad import Pad


class PulseLimit(Cell):
    """Two comparators that raise the drivers' threshold out of the logic's reach.

    Every driver's pull-down ends at ``lines`` instead of ground. While one of ``n`` lines is high,
    it carries ``V_high g / (n g + G)``, ``g`` a pull-down's conductance and ``G`` that of the
    resistor to ground. While that is more than ``V_ref R_lower / (R_upper + R_lower)``, the first
    comparator lets a capacitor charge. If this reaches the reference before every line is low
    again, which takes ``t = R C ln(V_rail / (V_rail - V_ref))``, the second one lets the drivers'
    threshold go up to the rail: every word falls, and stays low until no line is high any more.

    Args:
        lines: net of the pull-downs' common end.
        threshold: net that parts low from high for the drivers, a third of the rail.
        reference: net that the capacitor is compared with.
        rail: net that charges it.
        sum_ohm: from the pull-downs' common end to ground.
        level_ohm: the upper and the lower resistor of the first comparator's level.
        charge_ohm: what the capacitor is charged through.
    """

    def __init__(
        self,
        name: str,
        title: str,
        *,
        lines: str,
        threshold: str,
        reference: str,
        rail: str,
        sum_ohm: float,
        level_ohm: tuple[float, float],
        charge_ohm: float,
        capacitor: str = "capacitor_c0g_1n",
        comparator: str = "lm339",
        formula: str = "",
        layer: int = 0,
    ) -> None:
        super().__init__(name, title, formula=formula, layer=layer)
        self.lines, self.threshold, self.reference, self.rail = lines, threshold, reference, rail
        level, timer, hold = f"{name}_LEVEL", f"{name}_TIME", f"{name}_HOLD"
        resistors = {
            "sum": (lines, "GND", sum_ohm),
            "level_upper": (reference, level, level_ohm[0]),
            "level_lower": (level, "GND", level_ohm[1]),
            "charge": (rail, timer, charge_ohm),
            "threshold_upper": (rail, threshold, 10e3),
            "threshold_lower": (threshold, hold, 4.99e3),
        }
        for key, (first, second, ohm) in resistors.items():
            self.parts[key] = CellPart("resistor", {"1": first, "2": second}, units.compact(ohm))
        self.parts["timing"] = CellPart(capacitor, {"1": timer, "2": "GND"})
        self.parts["smoothing"] = CellPart(capacitor, {"1": threshold, "2": "GND"})
        self.amplifiers["watch"] = AmplifierRequest(comparator, lines, level, timer)
        self.amplifiers["close"] = AmplifierRequest(comparator, timer, reference, hold)

    def draw(self, pad: Pad) -> None:
        """Draw the divider, the first comparator, what it charges, and the second one."""
        upper = pad.put("level_upper", -35.56, -11.43, texts="left")
        pad.wire(upper["1"], (-38.1, upper["1"].y))
        pad.label(self.reference, -38.1, upper["1"].y, "left")
        lower = pad.put("level_lower", -35.56, 1.27, texts="left")
        pad.wire(upper["2"], lower["1"])
        pad.power("GND", *lower["2"], "down")
        watch = pad.amplifier("watch", 0, 0)
        x, y = watch.inverting
        pad.wire((-35.56, y), (x, y))
        pad.small_label(self.amplifiers["watch"].inverting, -34.29, y)
        x, y = watch.non_inverting
        pad.wire((-22.86, y), (x, y))
        pad.label(self.lines, -22.86, y, "left")
        down = pad.put("sum", -16.51, y + 6.35, texts="right")
        pad.wire((-16.51, y), down["1"])
        pad.power("GND", *down["2"], "down")
        close = pad.amplifier("close", 49.53, -2.54)
        pad.wire(watch.output, close.non_inverting)
        pad.small_label(self.amplifiers["watch"].output, 27.94, 0)
        charge = pad.put("charge", 15.24, -6.35, texts="right")
        pad.wire(charge["2"], (15.24, 0))
        pad.power(self.rail, *charge["1"], "up")
        timing = pad.put("timing", 25.4, 6.35, texts="right")
        pad.wire(timing["1"], (25.4, 0))
        pad.power("GND", *timing["2"], "down")
        x, y = close.inverting
        pad.wire((x - 2.54, y), (x, y))
        pad.label(self.reference, x - 2.54, y, "left")
        hold = pad.put("threshold_lower", 71.12, -2.54, rotation=270)
        pad.wire(close.output, hold["2"])
        pad.small_label(self.amplifiers["close"].output, 58.42, -2.54)
        pad.wire(hold["1"], (86.36, -2.54))
        up = pad.put("threshold_upper", 81.28, -8.89, texts="right")
        pad.wire(up["2"], (81.28, -2.54))
        pad.power(self.rail, *up["1"], "up")
        smoothing = pad.put("smoothing", 81.28, 3.81, texts="right")
        pad.wire(smoothing["1"], (81.28, -2.54))
        pad.power("GND", *smoothing["2"], "down")
        pad.label(self.threshold, 86.36, -2.54)
