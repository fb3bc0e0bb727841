"""What operates relays, and lets them go where a supply rail is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realnet_hw import units
from realnet_hw.cells.cell import AmplifierRequest, Cell, CellPart

if TYPE_CHECKING:
    from realnet_hw.drawing.pad import Pad


class RelayDriver(Cell):
    """A transistor for coils, and two comparators that keep it off unless both rails are there.

    A controller that measures the voltage behind the watching resistor, while its own signal is
    high, sees whether they do: the base is then at 0.65 V or more, or a comparator holds it at
    0.4 V or less. The resistor is so small that 1 uA into or out of the controller's pin moves that
    by 48 mV only, and so large that no level of the pin operates the relays.

    Ref: ATmega328P datasheet, DC characteristics, from memory and to be read again: 1 uA at most.

    The positive rail is there above ``V_middle (R_1 + R_2) / R_2``; the negative one below
    ``V_ref - (V_ref - V_middle) (R_3 + R_4) / R_3``. What the coils' current does when it is
    switched off goes through a diode and a resistor, which ends it sooner than a diode alone.

    Args:
        input: net of the logic signal that operates the relays.
        output: net of the coils' lower end.
        watch: net of what sees the transistor's base.
        rails: nets of the rails, the positive one first; it feeds the coils.
        reference: net of the reference voltage.
        middle: net of half of it.
        positive_ohm: R_1, R_2: from the positive rail down to ground.
        negative_ohm: R_3, R_4: from the reference down to the negative rail.
    """

    def __init__(
        self,
        name: str,
        title: str,
        *,
        input: str,
        output: str,
        watch: str,
        rails: tuple[str, str],
        reference: str,
        middle: str,
        positive_ohm: tuple[float, float] = (53.6e3, 10e3),
        negative_ohm: tuple[float, float] = (10e3, 73.2e3),
        comparator: str = "lm339",
        layer: int = 0,
        stage: int | None = None,
    ) -> None:
        super().__init__(name, title, layer=layer, stage=stage)
        self.input, self.output, self.watch = input, output, watch
        self.rails, self.reference, self.middle = rails, reference, middle
        high, low = f"{name}_HIGH", f"{name}_LOW"
        base, freed = f"{output}_BASE", f"{output}_FREED"
        self.parts["transistor"] = CellPart(
            "transistor_2n3904", {"1": "GND", "2": base, "3": output}
        )
        for key, first, second, ohm in (
            ("base", input, base, 1.5e3),
            ("high_upper", rails[0], high, positive_ohm[0]),
            ("high_lower", high, "GND", positive_ohm[1]),
            ("low_upper", reference, low, negative_ohm[0]),
            ("low_lower", low, rails[1], negative_ohm[1]),
            ("free", rails[0], freed, 221.0),
            ("watch", base, watch, 47.5e3),
        ):
            self.parts[key] = CellPart("resistor", {"1": first, "2": second}, units.compact(ohm))
        self.parts["diode"] = CellPart("diode_1n4148", {"1": freed, "2": output})
        self.amplifiers["high"] = AmplifierRequest(comparator, high, middle, base)
        self.amplifiers["low"] = AmplifierRequest(comparator, middle, low, base)
        self._shares = tuple(pair[0] / sum(pair) for pair in (positive_ohm, negative_ohm))

    def least_V(self, reference_V: float) -> tuple[float, float]:
        """Return between which voltages of the two rails the relays are kept off."""
        middle_V = reference_V / 2
        positive_V = middle_V / (1 - self._shares[0])
        return positive_V, reference_V - (reference_V - middle_V) / self._shares[1]

    def draw(self, pad: Pad) -> None:
        """Draw the comparators at the left, their outputs joined at the base."""
        base = self.parts["base"].pins["2"]
        transistor = pad.put("transistor", 58.42, 0, texts="right")
        pins = pad.amplifier("high", 0, -17.78)
        join = pins.output.x + 5.08
        self._draw_divider(pad, "high", *pins.non_inverting, -22.86)
        x, y = pins.inverting
        pad.wire((x, y), (x - 2.54, y))
        pad.label(self.middle, x - 2.54, y, "left")
        pad.wire(pins.output, (join, -17.78), (join, 0))

        pins = pad.amplifier("low", 0, 17.78)
        self._draw_divider(pad, "low", *pins.inverting, -22.86)
        x, y = pins.non_inverting
        pad.wire((x, y), (x - 2.54, y))
        pad.label(self.middle, x - 2.54, y, "left")
        pad.wire(pins.output, (join, 17.78), (join, 0))

        resistor = pad.put("base", 38.1, -10.16, rotation=0, texts="right")
        pad.wire(resistor["1"], (38.1, -16.51), (35.56, -16.51))
        pad.label(self.input, 35.56, -16.51, "left")
        pad.wire((join, 0), (38.1, 0), (45.72, 0), transistor["2"])
        pad.wire(resistor["2"], (38.1, 0))
        watching = pad.put("watch", 45.72, 10.16, texts="left")
        pad.wire((45.72, 0), watching["1"])
        pad.wire(watching["2"], (45.72, 16.51), (48.26, 16.51))
        pad.label(self.watch, 48.26, 16.51)
        pad.small_label(base, join + 1.27, 0)
        pad.power("GND", *transistor["1"], "down")

        x, y = transistor["3"]
        level = y - 5.08
        pad.wire((x, y), (x, level), (x + 25.4, level))
        pad.label(self.output, x + 25.4, level)
        diode = pad.put("diode", x + 12.7, level - 6.35, rotation=270, texts="right")
        pad.wire(diode["2"], (x + 12.7, level))
        free = pad.put("free", x + 12.7, level - 19.05, texts="right")
        pad.wire(free["2"], diode["1"])
        pad.small_label(self.parts["diode"].pins["1"], x + 12.7, level - 12.7)
        pad.power(self.rails[0], *free["1"], "up")

    def _draw_divider(self, pad: Pad, key: str, x: float, y: float, at: float) -> None:
        """Draw a divider left of (x, y), its tap joined to that place."""
        upper = pad.put(f"{key}_upper", at, y - 6.35, texts="left")
        lower = pad.put(f"{key}_lower", at, y + 6.35, texts="left")
        pad.wire(upper["2"], (at, y), lower["1"])
        pad.wire((at, y), (x, y))
        pad.small_label(self.parts[f"{key}_lower"].pins["1"], at, y)
        top, bottom = self.parts[f"{key}_upper"].pins["1"], self.parts[f"{key}_lower"].pins["2"]
        if pad.is_rail(top):
            pad.power(top, *upper["1"], "up")
        else:
            pad.wire(upper["1"], (at - 2.54, upper["1"].y))
            pad.label(top, at - 2.54, upper["1"].y, "left")
        pad.power(bottom, *lower["2"], "down")
