"""Does every output show its logic level beyond doubt?

Ref: JCGM 106:2012 7.2 (probability of conformity), 8.3.2 and 8.3.3 (guarded acceptance and guarded
rejection with a guard band of the expanded uncertainty, k = 2).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from realnet_hw.compare.words import beyond
from realnet_hw.records import Conformity, Thresholds


@dataclass(frozen=True)
class Shown:
    """An output at one case.

    Args:
        where: the output and the inputs, for the reader.
        expected: the level it should show.
        value_V: the reading, or None where there is none.
        U_V: its expanded uncertainty (k = 2), not negative, or None too.
        range_V: readings reach from minus this to this; None where it is not known.
    """

    where: str
    expected: int
    value_V: float | None
    U_V: float | None
    range_V: float | None


Volts = TypeVar("Volts", float, NDArray[np.float64])


def margin_to_threshold(value_V: Volts, expected: int, thresholds: Thresholds) -> Volts:
    """Return by how much each value clears its threshold, volts; negative where it does not."""
    return value_V - thresholds.high_V if expected else thresholds.low_V - value_V


def conformity(outputs: Iterable[Shown], thresholds: Thresholds) -> Conformity:
    """Judge all outputs together.

    The answer is "no" when one output misses its level by more than its uncertainty, whether it
    shows the other level or none; "undecided" when one lies in a guard band or was not read.

    The false-accept risk is the probability that, with these readings, at least one of the outputs
    read is not at its level in truth, were the board accepted: the sum of the normal tails beyond
    the thresholds, which bounds it whatever the readings have in common.
    """
    wrong: list[str] = []
    doubtful: list[str] = []
    risk = 0.0
    for output in outputs:
        level = f"{output.where} should be {output.expected}"
        if output.value_V is None or output.U_V is None:
            doubtful.append(f"{level} and was not read")
            continue
        margin_V = margin_to_threshold(output.value_V, output.expected, thresholds)
        reading = f"{output.value_V:.3f} V ± {output.U_V:.3f} V"
        if side := beyond(output.value_V, output.U_V, output.range_V):
            reading = f"{side} {output.value_V:.1f} V"
        if margin_V < -output.U_V:
            wrong.append(f"{level} and shows {reading}")
        elif margin_V <= output.U_V:
            doubtful.append(f"{level} and lies within the guard band: {reading}")
        risk += _tail(margin_V, output.U_V / 2)
    return Conformity(
        answer="no" if wrong else "undecided" if doubtful else "yes",
        reasons=wrong + doubtful,
        false_accept_risk=min(1.0, risk),
    )


def _tail(margin_V: float, u_V: float) -> float:
    if u_V == 0.0:
        return float(margin_V <= 0.0)
    return NormalDist().cdf(-margin_V / u_V)
