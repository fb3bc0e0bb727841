"""A sense input of the bench fixture: from a terminal to an input of its converter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realnet_hw import units
from realnet_hw.cells.cell import AmplifierRequest, CellPart
from realnet_hw.cells.clamped_line import ClampedLine
from realnet_hw.cells.feedback import close_follower

if TYPE_CHECKING:
    from realnet_hw.drawing.pad import Pad


class SenseChannel(ClampedLine):
    """A clamped line, a follower, and a divider ``V = a V_in + (1 - a) V_shift``.

    In the 100 kohm flow only the follower's bias current and what the diodes leak. The divider's
    source resistance, ``R_upper R_lower / (R_upper + R_lower)``, charges the converter's sampling
    capacitor; Schottky diodes keep the converter's input near its supply, whatever the follower
    does while that is off.

    Args:
        terminal: net of the terminal.
        output: net of the converter's input.
        shift: net that the divider stands on.
        rails: nets that the terminal is held between, the positive one first.
        logic_rail: net of the converter's supply.
        upper_ohm, lower_ohm: the divider; the upper one is two resistors in series.
    """

    diode = "diode_1n3595"

    def __init__(
        self,
        name: str,
        title: str,
        *,
        terminal: str,
        output: str,
        shift: str,
        rails: tuple[str, str],
        logic_rail: str,
        upper_ohm: float = 4.8e3,
        lower_ohm: float = 1.2e3,
        amplifier: str = "opa4134",
        layer: int = 0,
    ) -> None:
        held, followed, middle = (f"{terminal}_{inner}" for inner in ("HELD", "OUT", "HALF"))
        super().__init__(
            name,
            title,
            source=terminal,
            net=held,
            upper=rails[0],
            lower=rails[1],
            series_ohm=100e3,
            layer=layer,
        )
        self.share = lower_ohm / (upper_ohm + lower_ohm)
        self.formula = f"{output} = {self.share:g} {terminal} + {1 - self.share:g} {shift}"
        self.output, self.shift, self.logic_rail = output, shift, logic_rail
        self.source_ohm = upper_ohm * self.share
        for key, first, second, ohm in (
            ("first", followed, middle, upper_ohm / 2),
            ("second", middle, output, upper_ohm / 2),
            ("shift", output, shift, lower_ohm),
        ):
            self.parts[key] = CellPart(
                "resistor_precise", {"1": first, "2": second}, units.compact(ohm)
            )
        self.parts["above"] = CellPart("diode_1n5711", {"1": logic_rail, "2": output})
        self.parts["below"] = CellPart("diode_1n5711", {"1": output, "2": "GND"})
        self.parts["test_point"] = CellPart("test_point", {"1": output}, output)
        self.amplifiers["amplifier"] = AmplifierRequest(amplifier, held, followed, followed)

    def law(self, terminal_V: float, shift_V: float) -> float:
        """Return the voltage at the converter's input, in volts."""
        return self.share * terminal_V + (1 - self.share) * shift_V

    def draw(self, pad: Pad) -> None:
        """Draw the clamped line, the follower, the divider and its clamps from left to right."""
        request = self.amplifiers["amplifier"]
        pins = pad.amplifier("amplifier", 25.4, -2.54)
        self._draw_line(pad, pins.non_inverting.x)
        pad.small_label(request.non_inverting, 5.08, 0)
        far, level = close_follower(pad, pins)
        first = pad.put("first", far + 6.35, level, rotation=90)
        pad.wire(pins.output, (far, level), first["1"])
        pad.small_label(request.output, pins.inverting.x - 1.27, pins.inverting.y - 5.08)
        second = pad.put("second", far + 25.4, level, rotation=90)
        pad.wire(first["2"], second["1"])
        pad.small_label(self.parts["first"].pins["2"], first["2"].x, level)
        tap = second["2"].x + 3.81
        shift = pad.put("shift", tap, level + 6.35, texts="right")
        pad.wire(shift["1"], (tap, level))
        pad.wire(shift["2"], (tap, shift["2"].y + 1.27), (tap - 5.08, shift["2"].y + 1.27))
        pad.label(self.shift, tap - 5.08, shift["2"].y + 1.27, "left")
        clamped, end = tap + 13.97, tap + 34.29
        pad.wire(second["2"], (tap, level), (clamped, level), (end, level))
        upper = pad.put("above", clamped, level - 6.35, rotation=270, texts="right")
        pad.wire(upper["2"], (clamped, level))
        pad.power(self.logic_rail, *upper["1"], "up")
        lower = pad.put("below", clamped, level + 6.35, rotation=270, texts="right")
        pad.wire(lower["1"], (clamped, level))
        pad.power("GND", *lower["2"], "down")
        pad.test_point("test_point", end - 5.08, level)
        pad.label(self.output, end, level)
