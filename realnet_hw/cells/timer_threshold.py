"""The threshold: pulses charge a capacitor, and a timer says whether that is enough."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from realnet_hw import units
from realnet_hw.cells.cell import CellPart
from realnet_hw.cells.timer import TimerCell

if TYPE_CHECKING:
    from realnet_hw.drawing.pad import Pad

# Where the drawing has its columns, and the distance of its rows, in mm.
_NODE_X = -27.94
_TEST_X = -33.02
_SERIES_X = -41.91
_PULL_DOWN_X = -49.53
_FILTER_X = -58.42
_BUS_X = -66.04
_NAME_X = -81.28
_ROW = 5.08


class TimerThreshold(TimerCell):
    """Joined pulses, an integrator, and a timer whose output falls if they last long enough.

    The trigger that starts the first pulse sets the output high and lets go of the capacitor. While
    any pulse lasts, the joined node is at the pulses' height less a diode's drop, V_o, and charges
    the capacitor. Each pulse starts where the one before ends, so all depends on the sum t of their
    widths: ``v(t) = V_o (1 - exp(-t / RC))``. Where t is longer than t_3, v passes the level at
    CONT, ``V_3 = V_o (1 - exp(-t_3 / RC))``, and the output latches low. With two inputs of equal
    weight and t_3 = 1.5 t_1H = 1.5 RC ln 3, above a 1 and a 0 (1.37 t_1H) and below two 1s, that
    is V_3 = 0.8075 V_o.

    Args:
        output: net of the answer; low where the sum is above the threshold.
        pulses: nets of the pulses.
        threshold: net of V_3.
        trigger: net that starts the neuron.
        reset: net that ends everything and empties the capacitor.
        integrator_ohm: R in ohms; C is ``capacitor``.
        pulldown_ohm: from the joined node to ground; it brings it down after each pulse.
        filter: key of a capacitor from the joined node to ground that bridges the gaps between
            pulses; empty for none.
        timer, capacitor, diode: keys in the parts catalogue.
        rail: net of the supply.
    """

    def __init__(
        self,
        name: str,
        title: str,
        *,
        output: str,
        pulses: Sequence[str],
        threshold: str,
        trigger: str,
        reset: str,
        integrator_ohm: float,
        pulldown_ohm: float = 100e3,
        filter: str = "",
        timer: str = "tlc555",
        rail: str = "+15V",
        capacitor: str = "capacitor_film",
        diode: str = "diode_1n4148",
        formula: str = "",
        layer: int = 0,
        stage: int | None = None,
    ) -> None:
        joined, node = f"{name}_OR", f"{name}_C"
        super().__init__(
            name,
            title,
            output=output,
            level=threshold,
            trigger=trigger,
            threshold=node,
            discharge=node,
            reset=reset,
            timer=timer,
            rail=rail,
            formula=formula,
            layer=layer,
            stage=stage,
        )
        self.inner_nets += (joined, node)
        self.pulses = tuple(pulses)
        self.joined = joined
        self.node = node
        self.integrator_ohm = integrator_ohm
        for index, net in enumerate(pulses, 1):
            self.parts[f"diode{index}"] = CellPart(diode, {"1": joined, "2": net})
        self.parts["pull_down"] = CellPart(
            "resistor", {"1": joined, "2": "GND"}, units.compact(pulldown_ohm)
        )
        if filter:
            self.parts["filter"] = CellPart(filter, {"1": joined, "2": "GND"})
        self.parts["integrator"] = CellPart(
            "resistor", {"1": joined, "2": node}, units.compact(integrator_ohm)
        )
        self.parts["capacitor"] = CellPart(capacitor, {"1": node, "2": "GND"})
        self.parts["test_point_integrator"] = CellPart("test_point", {"1": node}, node)

    def reached_V(self, widths_s: Sequence[float], high_V: float) -> float:
        """Return where the capacitor's voltage ends after pulses that follow each other.

        Args:
            widths_s: of the pulses.
            high_V: of the joined node while one lasts, V_o.
        """
        time_constant_s = self.integrator_ohm * self.capacitance_F("capacitor")
        return high_V * -math.expm1(-sum(widths_s) / time_constant_s)

    def draw(self, pad: Pad) -> None:
        """Draw the diodes in rows, the joined node, the integrator and the timer."""
        pins = self.draw_timer(pad)
        discharge, threshold = pins["7"], pins["6"]
        y = discharge.y
        capacitor = pad.put("capacitor", _NODE_X, y + 3.81, texts="left")
        pad.power("GND", *capacitor["2"], "down")
        series = pad.put("integrator", _SERIES_X, y, rotation=90)
        pad.wire(series["2"], discharge)
        pad.wire((-12.7, y), (-12.7, threshold.y), threshold)
        pad.test_point("test_point_integrator", _TEST_X, y)
        pad.small_label(self.node, _NODE_X + 1.27, y)

        pull_down = pad.put("pull_down", _PULL_DOWN_X, y + 3.81, texts="left")
        pad.power("GND", *pull_down["2"], "down")
        pad.wire((_BUS_X, y), series["1"])
        if "filter" in self.parts:
            filter_ = pad.put("filter", _FILTER_X, y + 3.81, texts="left")
            pad.power("GND", *filter_["2"], "down")
        self._draw_pulses(pad, y)

    def _draw_pulses(self, pad: Pad, lowest_y: float) -> None:
        """Draw a diode for each pulse, the last in the line of the joined node."""
        levels = [lowest_y - row * _ROW for row in reversed(range(len(self.pulses)))]
        for index, (net, y) in enumerate(zip(self.pulses, levels, strict=True), 1):
            diode = pad.put(f"diode{index}", _BUS_X - 8.89, y, rotation=180)
            pad.wire(diode["1"], (_BUS_X, y))
            pad.wire((_NAME_X, y), diode["2"])
            pad.label(net, _NAME_X, y, "left")
        pad.wire((_BUS_X, levels[0]), (_BUS_X, lowest_y))
        pad.small_label(self.joined, _BUS_X + 1.27, lowest_y)
