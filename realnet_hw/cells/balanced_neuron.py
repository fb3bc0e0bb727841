"""The balanced adder-subtractor: a neuron with weights of either sign from one amplifier."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from realnet_hw import units
from realnet_hw.cells.cell import AmplifierRequest, CellPart
from realnet_hw.cells.neuron import Neuron
from realnet_hw.drawing.geometry import snapped

if TYPE_CHECKING:
    from realnet_hw.drawing.pad import Pad

# Where the drawing has the vertical wires of both inputs and of the feedback, and the distance of
# its rows, in mm.
_BUS_X = -12.7
_LOOP_X = -10.16
_ROW = 5.08


class BalancedNeuron(Neuron):
    """An adder-subtractor on a single supply, the lower rail of which is its rectifier.

    Sources that count positively meet at the non-inverting input, which takes their mean, weighed
    by conductances: ``v_p = sum(G_p V_p) / (sum G_p + G_bp)``. Those that count negatively meet at
    the inverting input: ``v = (v_p (sum G_n + G_bn + G_f) - sum(G_n V_n)) / G_f``. A balance
    resistor to ground on the side that lacks conductance makes every gain what its weight asks for.
    An output that would be below ground stays there: the lower rail of a rail-to-rail amplifier is
    the ReLU.

    Args:
        output: net of the result.
        positive, negative: net to summing resistance in ohms.
        feedback_ohm: feedback resistance in ohms.
        positive_balance_ohm, negative_balance_ohm: resistance to ground; None where there is none,
            which takes a positive source.
        amplifier, resistor: the parts' keys in the catalogue.

    Ref: R. Mancini (ed.), "Op Amps for Everyone", Texas Instruments SLOD006, chapter 3
    (superposition at both inputs of an amplifier).
    """

    def __init__(
        self,
        name: str,
        title: str,
        *,
        output: str,
        positive: Mapping[str, float],
        negative: Mapping[str, float],
        feedback_ohm: float,
        positive_balance_ohm: float | None = None,
        negative_balance_ohm: float | None = None,
        amplifier: str = "mcp6004",
        resistor: str = "resistor",
        formula: str = "",
        layer: int = 0,
        stage: int | None = None,
    ) -> None:
        plus, minus = f"{name}_POS", f"{name}_NEG"
        super().__init__(
            name,
            title,
            output=output,
            inputs={**positive, **negative},
            feedback_ohm=feedback_ohm,
            inner_nets=(plus, minus),
            formula=formula,
            layer=layer,
            stage=stage,
        )
        self.positive = dict(positive)
        self.negative = dict(negative)
        self.positive_balance_ohm = positive_balance_ohm
        self.negative_balance_ohm = negative_balance_ohm
        # Key of the part to net, row by row from the amplifier outwards.
        self._rows: dict[str, dict[str, str]] = {}
        for side, sources, balance_ohm, node in (
            ("negative", negative, negative_balance_ohm, minus),
            ("positive", positive, positive_balance_ohm, plus),
        ):
            rows = dict(sources)
            if balance_ohm is not None:
                rows["GND"] = balance_ohm
            self._rows[side] = {f"{side}{index}": net for index, net in enumerate(rows, 1)}
            for key, net in self._rows[side].items():
                self.parts[key] = CellPart(
                    resistor, {"1": net, "2": node}, units.compact(rows[net])
                )
        self.parts["feedback"] = CellPart(
            resistor, {"1": minus, "2": output}, units.compact(feedback_ohm)
        )
        self.parts["test_point"] = CellPart("test_point", {"1": output}, output)
        self.amplifiers["amplifier"] = AmplifierRequest(amplifier, plus, minus, output)

    @property
    def polarity(self) -> int:
        """The sign of what passes: +1, as the output can't go below ground."""
        return 1

    def gains(self) -> dict[str, float]:
        """Return by net the gain from each input to the output, volts per volt."""
        gain = self.noise_gain()
        total_S = self._conductance_S(self.positive, self.positive_balance_ohm)
        return {net: gain / (ohm * total_S) for net, ohm in self.positive.items()} | {
            net: -self.feedback_ohm / ohm for net, ohm in self.negative.items()
        }

    def noise_gain(self) -> float:
        """Return the gain from the non-inverting input, ``(G_n + G_bn + G_f) / G_f``."""
        below_S = self._conductance_S(self.negative, self.negative_balance_ohm)
        return 1.0 + self.feedback_ohm * below_S

    def resistor_effects(self, volts: Mapping[str, Any]) -> list[Any]:
        """Return for each resistor the output's change, in volts, per relative change of it."""
        total_S = self._conductance_S(self.positive, self.positive_balance_ohm)
        node_V = sum(volts[net] / ohm for net, ohm in self.positive.items()) / total_S
        gain = self.noise_gain()
        above = [(volts[net], ohm) for net, ohm in self.positive.items()]
        below = [(volts[net], ohm) for net, ohm in self.negative.items()]
        if self.positive_balance_ohm is not None:
            above.append((0.0, self.positive_balance_ohm))
        if self.negative_balance_ohm is not None:
            below.append((0.0, self.negative_balance_ohm))
        effects = [gain * (node_V - v) / (ohm * total_S) for v, ohm in above]
        effects += [self.feedback_ohm * (v - node_V) / ohm for v, ohm in below]
        return [*effects, -sum(effects[len(above) :])]

    @staticmethod
    def _conductance_S(sources: Mapping[str, float], balance_ohm: float | None) -> float:
        total = sum(1.0 / ohm for ohm in sources.values())
        return total if balance_ohm is None else total + 1.0 / balance_ohm

    def draw(self, pad: Pad) -> None:
        """Draw what counts negatively above the amplifier's axis, what counts positively below."""
        request = self.amplifiers["amplifier"]
        pins = pad.amplifier("amplifier", 0, 0)
        self._draw_side(pad, "negative", pins.inverting.y, -_ROW)
        last_y = self._draw_side(pad, "positive", pins.non_inverting.y, _ROW)
        pad.wire((_BUS_X if self._rows["negative"] else _LOOP_X, pins.inverting.y), pins.inverting)
        pad.wire((_BUS_X, pins.non_inverting.y), pins.non_inverting)
        named_y = last_y + _ROW
        pad.wire((_BUS_X, last_y), (_BUS_X, named_y), (_LOOP_X, named_y))
        pad.small_label(request.non_inverting, _LOOP_X, named_y)

        top = -10.16
        named = _LOOP_X + pad.label_width(request.inverting)
        middle = snapped(max(named + 1.5 + pad.caption_width("feedback") / 2, _LOOP_X + 10.16))
        right = max(middle + 6.35, 10.16)
        feedback = pad.put("feedback", middle, top, rotation=90)
        pad.wire((_LOOP_X, pins.inverting.y), (_LOOP_X, top), feedback["1"])
        pad.small_label(request.inverting, _LOOP_X, top)
        pad.wire(feedback["2"], (right, top), (right, 0))
        pad.wire(pins.output, (right + 10.16, 0))
        pad.test_point("test_point", right + 5.08, 0)
        pad.label(self.output, right + 10.16, 0)

    def _draw_side(self, pad: Pad, side: str, first_y: float, step: float) -> float:
        """Draw the resistors of one input, row by row outwards; return the last row's height."""
        y = first_y
        for row, (key, net) in enumerate(self._rows[side].items()):
            y = first_y + row * step
            pins = pad.put(key, _BUS_X - 6.35, y, rotation=90)
            pad.wire(pins["2"], (_BUS_X, y))
            pad.wire(pins["1"], (_BUS_X - 12.7, y))
            pad.end(net, _BUS_X - 12.7, y, "left")
        pad.wire((_BUS_X, first_y), (_BUS_X, y))
        return y
