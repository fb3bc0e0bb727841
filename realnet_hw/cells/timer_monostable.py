"""The monostable: a timer that turns a level into the width of a pulse, its weight an RC."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from realnet_hw import units
from realnet_hw.cells.cell import CellPart
from realnet_hw.cells.timer import NODE_X, TimerCell

if TYPE_CHECKING:
    from realnet_hw.drawing.pad import Pad


class Monostable(TimerCell):
    """A pulse whose width is weight times a function of the level at CONT.

    A falling trigger lets go of the capacitor, which charges through the resistor from 0 V towards
    the rail V, ``v(t) = V (1 - exp(-t / RC))``. The pulse ends where v meets the level:
    ``t = RC ln(V / (V - level))``. At 10 V of 15 V, a 1, that is ``t_1H = RC ln 3``, at 5 V, a 0,
    ``t_1L = RC ln 1.5``. Their difference, RC ln 2, is the weight; t_1L belongs to the neuron's
    bias.

    Args:
        output: net of the pulse, high while it lasts.
        level: net of the input level; empty for the timer's own 2/3 of the rail, as in a delay.
        trigger: net that starts it by falling below half of the level. It must be released before
            the pulse ends.
        reset: net that ends everything.
        resistor_ohm: the timing resistor in ohms.
        timer, capacitor: keys in the parts catalogue.
        rail: net of the supply.

    Ref: Texas Instruments SLFS022 (NE555), "Monostable operation".
    """

    def __init__(
        self,
        name: str,
        title: str,
        *,
        output: str,
        level: str,
        trigger: str,
        reset: str,
        resistor_ohm: float,
        timer: str = "tlc555",
        rail: str = "+15V",
        capacitor: str = "capacitor_film",
        discharge: str = "",
        formula: str = "",
        layer: int = 0,
        stage: int | None = None,
    ) -> None:
        node = f"{name}_C"
        super().__init__(
            name,
            title,
            output=output,
            level=level,
            trigger=trigger,
            threshold=node,
            discharge=discharge or node,
            reset=reset,
            timer=timer,
            rail=rail,
            formula=formula,
            layer=layer,
            stage=stage,
        )
        self.inner_nets += (node,)
        self.node = node
        self.resistor_ohm = resistor_ohm
        self.parts["resistor"] = CellPart(
            "resistor", {"1": rail, "2": node}, units.compact(resistor_ohm)
        )
        self.parts["capacitor"] = CellPart(capacitor, {"1": node, "2": "GND"})

    def width_s(self, level_V: float, rail_V: float) -> float:
        """Return how long the pulse lasts in seconds.

        Args:
            level_V: at CONT, above 0 V and below the rail.
            rail_V: of the supply.
        """
        time_constant_s = self.resistor_ohm * self.capacitance_F("capacitor")
        return time_constant_s * math.log(rail_V / (rail_V - level_V))

    def draw(self, pad: Pad) -> None:
        """Draw resistor and capacitor at the left, on THRES and DISCH."""
        pins = self.draw_timer(pad)
        discharge, threshold = pins["7"], pins["6"]
        resistor = pad.put("resistor", NODE_X, discharge.y - 3.81, texts="left")
        capacitor = pad.put("capacitor", NODE_X, discharge.y + 3.81, texts="left")
        pad.power(self.rail, *resistor["1"], "up")
        pad.power("GND", *capacitor["2"], "down")
        pad.wire(resistor["2"], discharge)
        pad.wire((-12.7, discharge.y), (-12.7, threshold.y), threshold)
        pad.small_label(self.node, NODE_X + 1.27, discharge.y)
