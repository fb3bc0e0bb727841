"""The comparator that makes a pulse a logic level."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realnet_hw import units
from realnet_hw.cells.cell import Cell, CellPart

if TYPE_CHECKING:
    from realnet_hw.drawing.pad import Direction, Pad


class PulseComparator(Cell):
    """An LM311 that is high while its input is above a threshold, with hysteresis.

    What its output passes back moves the input by ``V_logic R_series / R_back`` to either side of
    the change together, R_series with the source's own resistance.

    Args:
        input: net of the pulse.
        threshold: net that it is compared with.
        output: net of the logic level, behind a resistor: the pin there may drive by mistake.
        rails: nets of its supply, the positive one first.
        logic_rail: net that its open collector is pulled up to.
    """

    def __init__(
        self,
        name: str,
        title: str,
        *,
        input: str,
        threshold: str,
        output: str,
        rails: tuple[str, str],
        logic_rail: str,
        layer: int = 0,
        stage: int | None = None,
    ) -> None:
        super().__init__(name, title, layer=layer, stage=stage)
        self.input, self.threshold, self.output = input, threshold, output
        self.rails, self.logic_rail = rails, logic_rail
        compared, pulled = f"{input}_IN", f"{output}_PULLED"
        self.parts["comparator"] = CellPart(
            "lm311",
            {
                "1": "GND",
                "2": compared,
                "3": threshold,
                "4": rails[1],
                "7": pulled,
                "8": rails[0],
            },
        )
        for key, first, second, ohm in (
            ("series", input, compared, 3.32e3),
            ("back", compared, pulled, 1e6),
            ("pull_up", logic_rail, pulled, 2.21e3),
            ("guard", pulled, output, 1e3),
        ):
            self.parts[key] = CellPart("resistor", {"1": first, "2": second}, units.compact(ohm))
        self.parts["positive"] = CellPart("capacitor_ceramic", {"1": rails[0], "2": "GND"})
        self.parts["negative"] = CellPart("capacitor_ceramic", {"1": "GND", "2": rails[1]})
        self.parts["test_point"] = CellPart("test_point", {"1": output}, output)

    def draw(self, pad: Pad) -> None:
        """Draw the comparator with its feedback above and its supply at its sides."""
        pins = pad.put("comparator", 0, 0, texts="corner")
        x, y = pins["2"]
        bus, above, right = x - 5.08, -22.86, pins["7"].x + 5.08
        series = pad.put("series", bus - 6.35, y, rotation=90)
        pad.wire(series["2"], (bus, y), (x, y))
        pad.small_label(self.parts["series"].pins["2"], bus, above, "left")
        pad.wire((series["1"].x - 2.54, y), series["1"])
        pad.label(self.input, series["1"].x - 2.54, y, "left")
        back = pad.put("back", 0, above, rotation=90)
        pad.wire((bus, y), (bus, above), back["1"])
        pad.wire(back["2"], (right, above), (right, 0))
        guard = pad.put("guard", right + 15.24, 0, rotation=90)
        pad.wire(pins["7"], (right, 0), guard["1"])
        pad.small_label(self.parts["guard"].pins["1"], right, above)
        pad.wire(guard["2"], (right + 29.21, 0))
        up = pad.put("pull_up", right + 5.08, -6.35, texts="right")
        pad.wire(up["2"], (right + 5.08, 0))
        pad.power(self.logic_rail, *up["1"], "up")
        pad.test_point("test_point", right + 24.13, 0)
        pad.label(self.output, right + 29.21, 0)
        x, y = pins["3"]
        pad.wire((x, y), (x - 2.54, y))
        pad.label(self.threshold, x - 2.54, y, "left")
        x, y = pins["1"]
        pad.wire((x, y), (x, y + 1.27), (x + 5.08, y + 1.27))
        pad.power("GND", x + 5.08, y + 1.27, "down")
        for number in ("5", "6"):
            pad.no_connect(*pins[number])
        far = right + 41.91
        for number, rail, key in (("8", 0, "positive"), ("4", 1, "negative")):
            x, y = pins[number]
            way: Direction = "up" if rail == 0 else "down"
            pad.wire((x, y), (x, y + (-2.54 if rail == 0 else 2.54)))
            pad.power(self.rails[rail], x, y + (-2.54 if rail == 0 else 2.54), way)
            capacitor = pad.put(key, far, -10.16 if rail == 0 else 10.16, texts="right")
            if rail == 0:
                pad.power(self.rails[0], *capacitor["1"], "up")
                pad.power("GND", *capacitor["2"], "down")
            else:
                pad.power("GND", *capacitor["1"], "right")
                pad.power(self.rails[1], *capacitor["2"], "down")
