"""Does every output show what it should, beyond doubt?

Three things may be asked of outputs: a logic level, a voltage within a window, and being greater
than all other outputs. A level is a window with one edge, so that each output has margins to the
edges of one window, and the greatest output one to each of the others. A margin is certain when it
exceeds its uncertainty:

- accepted, when every margin is above the expanded uncertainty U (k = 2);
- rejected, when one is so far below zero that of good boards at most one in a thousand reads so,
  all margins of the board together: a dozen margins that were each rejected at k = 2 would fail
  many a board that stands right at an edge;
- undecided between.

What is judged is the output at the inputs as set, since that is what was asked for: a source that
is 60 mV off moves the output of a good board by as much, or several times so. Each reading is moved
by the prediction's slopes from the inputs as delivered to those set, and its uncertainty grows by
what is not known of them.

Ref: JCGM 106:2012 7.2 (probability of conformity), 8.3.2 and 8.3.3 (guarded acceptance and guarded
rejection); C. E. Bonferroni, Pubbl. R. Ist. Sup. Sci. Econ. Comm. Firenze 8 (1936) 3.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from realnet_hw.compare.agreement import Moved
from realnet_hw.compare.readings import Budgets, Readings, case_label
from realnet_hw.compare.words import beyond, edges, volts
from realnet_hw.records import (
    Conformity,
    MeasuredCase,
    PredictedCase,
    PredictedOutput,
    Thresholds,
)
from realnet_hw.uncertainty import COVERAGE_FACTOR, difference_uncertainty

FALSE_REJECT_RISK = 0.001

Window = tuple[float, float]


@dataclass(frozen=True)
class Margin:
    """By how much something is right, volts; negative where it is wrong.

    Args:
        least_V, most_V: the same, but for a reading at the end of the fixture's range: the truth
            may lie any distance further out.
        U_V: the expanded uncertainty (k = 2), not negative.
    """

    least_V: float
    most_V: float
    U_V: float

    def is_certain(self) -> bool:
        """Whether it is right beyond doubt."""
        return self.least_V > self.U_V

    def is_refuted(self, k: float) -> bool:
        """Whether it is wrong by more than k standard uncertainties."""
        return self.most_V < -k * self.U_V / COVERAGE_FACTOR

    def risk(self) -> float:
        """The probability that it is negative in truth, were the reading accepted."""
        if self.U_V == 0.0 or math.isinf(self.least_V):
            return float(self.least_V <= 0.0)
        return NormalDist().cdf(-self.least_V * COVERAGE_FACTOR / self.U_V)


@dataclass(frozen=True)
class AtSet:
    """An output's reading, moved to the inputs as set.

    Args:
        value_V, U_V: of the output there, and its expanded uncertainty (k = 2).
        channel: it was read on.
        reading_V, reading_U_V: as read.
        weights: which of the readings of ``Moved`` it is, n; None where it is none of them.
    """

    value_V: float
    U_V: float
    channel: str
    reading_V: float
    reading_U_V: float
    weights: NDArray[np.float64] | None


Outputs = Mapping[str, AtSet | None]
"""The outputs of a case by name; None where one was not read."""


def at_set(
    measured: Sequence[MeasuredCase | None], names: Sequence[str], readings: Readings, moved: Moved
) -> list[Outputs]:
    """Return the outputs of every case as they would be at the inputs as set.

    Args:
        measured: the cases, None where one was not measured.
        names: of the outputs.
        readings: all that was read, n.
        moved: what the inputs as delivered make of these.
    """
    place = {reading.key: j for j, reading in enumerate(readings.values)}
    unit = np.eye(len(place))
    found: list[Outputs] = []
    for index, case in enumerate(measured):
        outputs: dict[str, AtSet | None] = dict.fromkeys(names)
        for name, read in (case.outputs if case else {}).items():
            if read.value_V is None or read.U_V is None:
                continue
            j = place.get(f"{index}.{name}")
            weights = None if j is None else unit[j]
            shift_V = 0.0 if j is None else float(moved.shift[j])
            added_V2 = 0.0 if weights is None else moved.added_variance(weights)
            outputs[name] = AtSet(
                value_V=read.value_V - shift_V,
                U_V=math.hypot(read.U_V, COVERAGE_FACTOR * math.sqrt(added_V2)),
                channel=read.channel or "",
                reading_V=read.value_V,
                reading_U_V=read.U_V,
                weights=weights,
            )
        found.append(outputs)
    return found


@dataclass(frozen=True)
class Demand:
    """What is asked of an output at a case, and how its readings stand to it.

    Args:
        what: "Y at X1 = 0 V should be 1".
        shows: "3.520 V ± 0.050 V".
        margins: to every edge or rival that there is; none where something was not read.
        too_narrow: no reading with this uncertainty can lie within the window beyond doubt.
    """

    what: str
    shows: str
    margins: tuple[Margin, ...] = ()
    too_narrow: bool = False


def window(output: PredictedOutput, thresholds: Thresholds) -> Window | None:
    """Return between which voltages an output should lie; None where nothing is asked of it.

    A level is a window that is open on one side. Where a level and a window are asked for, it is
    what they have in common.
    """
    low_V, high_V = -math.inf, math.inf
    if output.expected is not None:
        low_V, high_V = (
            (thresholds.high_V, high_V) if output.expected else (low_V, thresholds.low_V)
        )
    if output.window_V is not None:
        low_V, high_V = max(low_V, output.window_V[0]), min(high_V, output.window_V[1])
    return None if low_V == -math.inf and high_V == math.inf else (low_V, high_V)


@dataclass(frozen=True)
class Bench:
    """What is known of the readings' errors.

    Args:
        budgets: of the channels, for what readings have in common.
        moved: what the inputs add.
        range_V: readings reach from minus this to this; None where that is not known.
    """

    budgets: Budgets
    moved: Moved
    range_V: float | None


def greatest(outputs: Outputs, bench: Bench) -> str | None:
    """Return which output is greater than all others beyond doubt; None where none is."""
    for name in outputs:
        margins = _margins_to_rivals(name, outputs, bench)
        if margins and all(margin.is_certain() for margin in margins.values()):
            return name
    return None


def demands(
    predicted: Sequence[PredictedCase],
    outputs: Sequence[Outputs],
    thresholds: Thresholds,
    bench: Bench,
) -> list[Demand]:
    """Return everything that is asked of a board's outputs.

    Args:
        predicted: the cases.
        outputs: of these cases, as ``at_set`` gives them.
        thresholds: of the levels.
        bench: how well they are known.
    """
    found = []
    for case, shown in zip(predicted, outputs, strict=True):
        label = case_label(case)
        for name, output in case.outputs.items():
            limits = window(output, thresholds)
            if limits is not None:
                what = f"{name} at {label} should {_asked(output)}"
                found.append(_within(what, shown[name], limits, bench.range_V))
        if case.largest is not None:
            what = f"{case.largest} at {label} should be the greatest"
            found.append(_above_rivals(what, case.largest, shown, bench))
    return found


def conformity(asked: Sequence[Demand]) -> Conformity:
    """Judge all outputs together.

    The answer is "no" when one output is wrong beyond doubt, "undecided" when one can't be told,
    was not read, or when nothing is asked of any: then there is nothing to conform to.

    The false-accept risk is the probability that, with these readings, at least one of the outputs
    read is wrong in truth, were the board accepted: the sum of the normal tails beyond the edges,
    which bounds it whatever the readings have in common.
    """
    margins = sum(len(demand.margins) for demand in asked)
    k = rejecting_k(margins)
    wrong: list[str] = []
    doubtful: list[str] = []
    for demand in asked:
        if any(margin.is_refuted(k) for margin in demand.margins):
            wrong.append(f"{demand.what} and shows {demand.shows}")
        elif not demand.margins:
            doubtful.append(f"{demand.what} and was not read")
        elif not all(margin.is_certain() for margin in demand.margins):
            doubtful.append(f"{demand.what} and {_doubt(demand)}: {demand.shows}")
    if not asked:
        doubtful.append("Nothing is asked of any output")
    return Conformity(
        answer="no" if wrong else "undecided" if doubtful else "yes",
        reasons=wrong + doubtful,
        false_accept_risk=min(1.0, sum(m.risk() for demand in asked for m in demand.margins)),
        false_reject_risk=FALSE_REJECT_RISK,
        accept_k=COVERAGE_FACTOR,
        reject_k=k,
    )


def rejecting_k(margins: int) -> float:
    """Return by how many standard uncertainties a margin must be missed to be rejected.

    A board that is good has, with all of its margins at zero, one rejected with a probability of
    ``FALSE_REJECT_RISK`` at most, whatever the readings have in common.
    """
    return max(COVERAGE_FACTOR, NormalDist().inv_cdf(1 - FALSE_REJECT_RISK / max(1, margins)))


def _asked(output: PredictedOutput) -> str:
    asked = []
    if output.expected is not None:
        asked.append(f"be {output.expected}")
    if output.window_V is not None:
        asked.append(f"lie within {edges(output.window_V)}")
    return " and ".join(asked)


def _doubt(demand: Demand) -> str:
    if demand.too_narrow:
        return "its window is narrower than the uncertainty on both sides"
    return "lies within the guard band"


def _reach(output: AtSet, range_V: float | None) -> Window:
    """Return between which voltages it lies: on one, or further out at the range's end."""
    side = beyond(output.reading_V, output.reading_U_V, range_V)
    return (
        -math.inf if side == "≤" else output.value_V,
        math.inf if side == "≥" else output.value_V,
    )


def _shown(output: AtSet, range_V: float | None) -> str:
    if side := beyond(output.reading_V, output.reading_U_V, range_V):
        return f"{side} {volts(output.reading_V, '.1f')} V"
    return f"{volts(output.value_V)} V ± {volts(output.U_V)} V"


def _within(what: str, output: AtSet | None, limits: Window, range_V: float | None) -> Demand:
    if output is None:
        return Demand(what, "nothing")
    least_V, most_V = _reach(output, range_V)
    margins = []
    if limits[0] > -math.inf:
        margins.append(Margin(least_V - limits[0], most_V - limits[0], output.U_V))
    if limits[1] < math.inf:
        margins.append(Margin(limits[1] - most_V, limits[1] - least_V, output.U_V))
    return Demand(
        what,
        _shown(output, range_V),
        tuple(margins),
        too_narrow=limits[1] - limits[0] <= 2 * output.U_V,
    )


def _above_rivals(what: str, name: str, outputs: Outputs, bench: Bench) -> Demand:
    margins = _margins_to_rivals(name, outputs, bench)
    own = outputs.get(name)
    if not margins or own is None:
        return Demand(what, "nothing")
    # The rival that leaves least, counted in uncertainties.
    closest = min(margins, key=lambda rival: margins[rival].least_V - margins[rival].U_V)
    rival = outputs[closest]
    assert rival is not None
    shown = f"{_shown(own, bench.range_V)}, {closest} {_shown(rival, bench.range_V)}"
    return Demand(what, shown, tuple(margins.values()))


def _margins_to_rivals(name: str, outputs: Outputs, bench: Bench) -> dict[str, Margin]:
    """Return by how much an output is above each other one; nothing if any was not read."""
    read = {each: output for each, output in outputs.items() if output is not None}
    if len(read) < len(outputs) or name not in read:
        return {}
    own = read.pop(name)
    low_V, high_V = _reach(own, bench.range_V)
    margins = {}
    for rival, output in read.items():
        least_V, most_V = _reach(output, bench.range_V)
        U_V = COVERAGE_FACTOR * _u_of_difference(own, output, bench)
        margins[rival] = Margin(low_V - most_V, high_V - least_V, U_V)
    return margins


def _u_of_difference(one: AtSet, other: AtSet, bench: Bench) -> float:
    first, second = (
        (each.channel, each.reading_V, each.reading_U_V / COVERAGE_FACTOR) for each in (one, other)
    )
    u_V = difference_uncertainty(first, second, bench.budgets)
    if one.weights is None or other.weights is None:
        return u_V
    return math.hypot(u_V, math.sqrt(bench.moved.added_variance(one.weights - other.weights)))
