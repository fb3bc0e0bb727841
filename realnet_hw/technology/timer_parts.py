"""What the parts of a 555 neuron really are: nominal, or drawn from the catalogue's spreads.

The same bounds as those that a prediction draws from, so that the closed form and the simulator
speak of the same boards.
"""

from __future__ import annotations

import re
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from realnet_hw import units
from realnet_hw.parts.catalogue import PartType, SpreadRule, part_type
from realnet_hw.technology.timer_laws import NOMINAL_C

TIMER = "tlc555"
AMPLIFIER = "tl074"
DIODE = "diode_1n4148"
REFERENCE = "lm4040_5v0"
RESISTOR = "resistor"
CAPACITOR = "capacitor_film"

# At which a resistor's drift is taken.
_USUAL_OHM = 100e3

_Drawn = npt.NDArray[np.float64]


class Parts:
    """Draws parts one by one; each draw has one row a board, shape (boards, 1).

    Args:
        boards: how many; 0 for one whose parts are all as they should be.
        seed: of the draws.
        temperature_C: parts drift apart away from 27 C.
        tolerance: of resistors and capacitors, as a fraction; None for the catalogue's.
    """

    def __init__(
        self,
        boards: int = 0,
        seed: int = 0,
        *,
        temperature_C: float = NOMINAL_C,
        tolerance: float | None = None,
    ) -> None:
        self._boards = boards
        self._random = np.random.Generator(np.random.PCG64(seed))
        self._tolerance = tolerance
        self.temperature_C = temperature_C

    def resistor(self) -> _Drawn:
        """Return by which factor a resistor is off."""
        return self._relative(part_type(RESISTOR))

    def capacitor(self) -> _Drawn:
        """Return by which factor a timing capacitor is off."""
        return self._relative(part_type(CAPACITOR))

    def high_ohm(self) -> _Drawn:
        """Return resistances of a timer's output to its rail."""
        return self.spread(TIMER, "rhigh")

    def comparator_V(self) -> _Drawn:
        """Return by how much a timer's threshold is off the level at CONT."""
        return self.spread(TIMER, "vthreshold")

    def threshold_A(self) -> _Drawn:
        """Return what a timer's threshold and discharge pins take from the capacitor."""
        return self.spread(TIMER, "ileakage") + part_type(TIMER).limits["threshold_A"]

    def offset_V(self) -> _Drawn:
        """Return offsets of an amplifier."""
        return self.spread(AMPLIFIER, "vos1")

    def reference_V(self) -> _Drawn:
        """Return voltages of a shunt reference."""
        return self.spread(REFERENCE, "vref")

    def area(self) -> _Drawn:
        """Return by which factor diodes' saturation current differs from their model card's."""
        return self.spread(DIODE, "area")

    def spread(self, key: str, parameter: str) -> _Drawn:
        """Return values of a part's parameter, such as ``"vthreshold"`` of a timer."""
        rule = spread_rule(part_type(key), parameter)
        nominal, low, high = rule.nominal or 0.0, rule.low or 0.0, rule.high or 0.0
        drift = self._drift(rule)
        if not self._boards:
            return np.full((1, 1), nominal)
        uniform = self.uniform()
        if rule.distribution == "uniform":
            return np.asarray(low - drift + uniform * (high - low + 2 * drift))
        normal = NormalDist(nominal, float(np.hypot(rule.sigma or 0.0, drift)))
        below, above = normal.cdf(low - 3 * drift), normal.cdf(high + 3 * drift)
        chances = below + uniform * (above - below)
        return np.array([[normal.inv_cdf(chance)] for chance in chances[:, 0]])

    def _relative(self, kind: PartType) -> _Drawn:
        rule = kind.spreads[0]
        bound = self._tolerance if self._tolerance is not None else rule.relative or 0.0
        bound += self._drift(rule)
        return 1.0 + bound * (2.0 * self.uniform() - 1.0)

    def _drift(self, rule: SpreadRule) -> float:
        return rule.drift_at(_USUAL_OHM) * abs(self.temperature_C - NOMINAL_C)

    def uniform(self) -> _Drawn:
        """Return numbers between 0 and 1."""
        if not self._boards:
            return np.full((1, 1), 0.5)
        return self._random.random((self._boards, 1))


def capacitor_F() -> float:
    """Return the one value that all timing capacitors have."""
    return units.parse(part_type(CAPACITOR).value, "F")


def spread_rule(kind: PartType, parameter: str) -> SpreadRule:
    """Return how one parameter of a part spreads, such as ``"vthreshold"`` of a timer."""
    return next(rule for rule in kind.spreads if re.split(r"[. ]", rule.parameter)[-1] == parameter)


def bound_of(key: str) -> float:
    """Return by how much a resistor or capacitor may be off, as a fraction."""
    return part_type(key).tolerance or 0.0
