"""A monostable whose discharge pin is an output too: it falls when the pulse ends."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from realnet_hw import units
from realnet_hw.cells.cell import CellPart
from realnet_hw.cells.timer_monostable import Monostable

if TYPE_CHECKING:
    from realnet_hw.drawing.pad import Pad


class IsolatedMonostable(Monostable):
    """A monostable with a diode between its capacitor and DISCH, which has a pull-up of its own.

    While the pulse lasts the diode blocks and DISCH is at the rail; at its end DISCH falls, at once
    to a diode's drop below the level, then as fast as it empties the capacitor. The diode leaves
    v_d on the capacitor, from where it charges: ``t = RC ln((V - v_d) / (V - level))``. So R is
    larger than that of a plain monostable of the same weight.

    Args:
        edge: net of DISCH.
        pull_up_ohm: from DISCH to the rail.
        diode: its key in the parts catalogue.

    The others are those of :class:`Monostable`.
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
        edge: str,
        resistor_ohm: float,
        pull_up_ohm: float = 10e3,
        timer: str = "tlc555",
        rail: str = "+15V",
        capacitor: str = "capacitor_film",
        diode: str = "diode_1n4148",
        formula: str = "",
        layer: int = 0,
        stage: int | None = None,
    ) -> None:
        super().__init__(
            name,
            title,
            output=output,
            level=level,
            trigger=trigger,
            reset=reset,
            resistor_ohm=resistor_ohm,
            timer=timer,
            rail=rail,
            capacitor=capacitor,
            discharge=edge,
            formula=formula,
            layer=layer,
            stage=stage,
        )
        self.edge = edge
        self.parts["isolation"] = CellPart(diode, {"1": edge, "2": self.node})
        self.parts["pull_up"] = CellPart(
            "resistor", {"1": rail, "2": edge}, units.compact(pull_up_ohm)
        )

    def width_s(self, level_V: float, rail_V: float, diode_V: float = 0.0) -> float:
        """Return how long the pulse lasts in seconds.

        Args:
            level_V: at CONT, above 0 V and below the rail.
            rail_V: of the supply.
            diode_V: what the diode leaves on the capacitor.
        """
        time_constant_s = self.resistor_ohm * self.capacitance_F("capacitor")
        return time_constant_s * math.log((rail_V - diode_V) / (rail_V - level_V))

    def draw(self, pad: Pad) -> None:
        """Draw the timing at the far left, diode and pull-up between it and the timer."""
        pins = self.draw_timer(pad)
        discharge, threshold = pins["7"], pins["6"]
        far, near = -55.88, -25.4
        resistor = pad.put("resistor", far, threshold.y - 3.81, texts="left")
        capacitor = pad.put("capacitor", far, threshold.y + 3.81, texts="left")
        pad.power(self.rail, *resistor["1"], "up")
        pad.power("GND", *capacitor["2"], "down")
        pad.wire(resistor["2"], threshold)
        pad.small_label(self.node, far + 1.27, threshold.y)
        pull_up = pad.put("pull_up", near, discharge.y - 3.81, texts="left")
        pad.power(self.rail, *pull_up["1"], "up")
        isolation = pad.put("isolation", near - 10.16, discharge.y, rotation=180, texts="below")
        pad.wire((far + 12.7, threshold.y), (far + 12.7, discharge.y), isolation["2"])
        pad.wire(isolation["1"], discharge)
        pad.label(self.edge, near + 1.27, discharge.y)
