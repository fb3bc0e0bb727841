"""A voltage source of the bench fixture: from a converter's output to a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realnet_hw import units
from realnet_hw.cells.cell import AmplifierRequest, Cell, CellPart
from realnet_hw.cells.feedback import InnerLoop

if TYPE_CHECKING:
    from realnet_hw.drawing.pad import Pad


class SourceChannel(Cell):
    """An amplifier ``V = (1 + R_f / R_g) V_in - R_f / R_g V_shift`` with a relay at its output.

    The resistor at the amplifier's output limits its current and keeps it stable with a cable; it
    lies inside the loop, for the feedback is taken from the terminal, through the relay's second
    contact. ``local`` is the feedback while the contacts are open or on their way, so that the
    amplifier holds its voltage before the relay connects it. A released relay puts the terminal
    to ground through a resistor; without the jumper it leaves it open.

    ``bias`` gives the input the middle of its range while its converter is shut down. ``guard``
    bounds what the converter could drive into an amplifier without supply.

    Args:
        input: net of the converter's output.
        terminal: net of the terminal.
        middle: net that the input rests at.
        shift: net that the gain is taken against.
        coil: nets that the relay's coil lies between, the positive one first.
        feedback_ohm, ground_ohm: R_f and R_g.
    """

    def __init__(
        self,
        name: str,
        title: str,
        *,
        input: str,
        terminal: str,
        middle: str,
        shift: str,
        coil: tuple[str, str],
        feedback_ohm: float = 30e3,
        ground_ohm: float = 7.5e3,
        amplifier: str = "opa4134",
        relay: str = "relay_12v",
        layer: int = 0,
    ) -> None:
        gain = feedback_ohm / ground_ohm
        super().__init__(
            name,
            title,
            formula=f"{terminal} = {1 + gain:g} {input} - {gain:g} {shift}",
            layer=layer,
        )
        self.input, self.terminal, self.middle, self.shift = input, terminal, middle, shift
        self.coil, self.gain = coil, gain
        guarded, inverting, driven, held, sensed, resting, loaded = (
            f"{terminal}_{inner}" for inner in ("IN", "SUM", "OUT", "HELD", "FB", "REST", "LOAD")
        )
        resistors = {
            "bias": ("resistor", input, middle, 10e3),
            "guard": ("resistor", input, guarded, 10e3),
            "ground": ("resistor_precise", inverting, shift, ground_ohm),
            "feedback": ("resistor_precise", inverting, sensed, feedback_ohm),
            "series": ("resistor", driven, held, 100.0),
            "local": ("resistor", held, sensed, 100.0),
        }
        for key, (kind, first, second, ohm) in resistors.items():
            self.parts[key] = CellPart(kind, {"1": first, "2": second}, units.compact(ohm))
        self.parts["compensation"] = CellPart("capacitor_c0g_47p", {"1": inverting, "2": driven})
        contacts = {"2": resting, "3": terminal, "4": held, "5": sensed, "6": terminal}
        self.parts["relay"] = CellPart(relay, {"1": coil[0], "8": coil[1], **contacts})
        self.parts["jumper"] = CellPart("jumper", {"1": resting, "2": loaded})
        self.parts["rest"] = CellPart("resistor_2w", {"1": loaded, "2": "GND"})
        self.parts["test_point"] = CellPart("test_point", {"1": terminal}, terminal)
        self.amplifiers["amplifier"] = AmplifierRequest(amplifier, guarded, inverting, driven)

    def law(self, input_V: float, shift_V: float) -> float:
        """Return the terminal's voltage in volts, the relay operated."""
        return (1 + self.gain) * input_V - self.gain * shift_V

    def draw(self, pad: Pad) -> None:
        """Draw the amplifier with its feedback above, then the relay, what it rests at below."""
        request = self.amplifiers["amplifier"]
        pins = pad.amplifier("amplifier", 0, 0)
        self._draw_input(pad, *pins.non_inverting)
        loop = InnerLoop(pins)
        upper = loop.upper_y
        loop.draw_bus(pad)
        ground = pad.put("ground", loop.bus_x - 6.35, upper, rotation=270)
        pad.wire(ground["1"], (loop.bus_x, upper))
        pad.wire(ground["2"], (ground["2"].x - 1.27, upper))
        pad.label(self.shift, ground["2"].x - 1.27, upper, "left")
        loop.draw_capacitor(pad, request.inverting)

        relay = pad.put("relay", 53.34, 2.54, rotation=90, texts="above")
        fed = 31.75
        feedback = pad.put("feedback", 0, upper, rotation=90)
        pad.wire((loop.bus_x, upper), feedback["1"])
        pad.wire(feedback["2"], (fed, upper), (fed, relay["5"].y), relay["5"])
        pad.small_label(self.parts["feedback"].pins["2"], fed + 1.27, relay["5"].y)
        series = pad.put("series", 21.59, 0, rotation=90)
        pad.wire(pins.output, (loop.out_x, 0), series["1"])
        pad.small_label(request.output, loop.out_x, loop.lower_y)
        pad.wire(series["2"], (fed, 0), relay["4"])
        pad.small_label(self.parts["series"].pins["2"], fed + 1.27, 0)
        local = pad.put("local", fed, relay["5"].y / 2, rotation=180, texts="left")
        pad.wire(local["1"], (fed, 0))
        pad.wire(local["2"], (fed, relay["5"].y))
        pad.no_connect(*relay["7"])
        self._draw_rest(pad, *relay["2"])
        pad.wire(relay["1"], (relay["1"].x - 2.54, relay["1"].y))
        pad.end(self.coil[0], relay["1"].x - 2.54, relay["1"].y, "left")

        right = relay["3"].x + 5.08
        pad.wire(relay["6"], (right, relay["6"].y), (right, relay["3"].y))
        pad.wire(relay["3"], (right, relay["3"].y), (right + 10.16, relay["3"].y))
        pad.test_point("test_point", right + 5.08, relay["3"].y)
        pad.label(self.terminal, right + 10.16, relay["3"].y)
        pad.wire(relay["8"], (right, relay["8"].y))
        pad.end(self.coil[1], right, relay["8"].y, "right")

    def _draw_input(self, pad: Pad, x: float, y: float) -> None:
        """Draw what leads to the input at (x, y)."""
        guard = pad.put("guard", x - 15.24, y, rotation=90)
        pad.wire(guard["2"], (x, y))
        pad.small_label(self.parts["guard"].pins["2"], x - 10.16, y)
        left = x - 22.86
        pad.wire((left - 5.08, y), (left, y), guard["1"])
        pad.label(self.input, left - 5.08, y, "left")
        bias = pad.put("bias", left, y + 6.35, texts="right")
        pad.wire(bias["1"], (left, y))
        pad.wire(bias["2"], (left, y + 12.7), (left - 5.08, y + 12.7))
        pad.label(self.middle, left - 5.08, y + 12.7, "left")

    def _draw_rest(self, pad: Pad, x: float, y: float) -> None:
        """Draw what the relay's resting contact at (x, y) leads to."""
        left = x - 19.05
        jumper = pad.put("jumper", left, y + 7.62, rotation=270, texts="left")
        pad.wire((x, y), (left, y), jumper["1"])
        pad.small_label(self.parts["jumper"].pins["1"], left + 1.27, y)
        rest = pad.put("rest", left, y + 19.05, texts="left")
        pad.wire(jumper["2"], rest["1"])
        pad.small_label(self.parts["rest"].pins["1"], left, y + 13.97)
        pad.power("GND", *rest["2"], "down")
