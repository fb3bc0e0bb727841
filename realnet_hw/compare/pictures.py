"""Where the marks of a picture stand, in parts of a hundred of its width.

A picture is drawn by the report's template; here is only its arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from realnet_hw.records import Agreement, ComparedPulse, ComparedValue, Thresholds

_STEPS_V = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 50.0, 100.0, 500.0, math.inf)
_MOST_TICKS = 8
_LEAST_MARGIN_V = 0.02
EN_RANGE = 2.0
"""Pictures of En reach from -EN_RANGE to EN_RANGE."""


@dataclass(frozen=True)
class Mark:
    """A band, a whisker and a dot on one axis, each from 0 to 100; None where nothing was read.

    ``beyond`` is -1 or 1 where the dot lies off the axis on that side and stands at its end.
    """

    band: tuple[float, float]
    whisker: tuple[float, float] | None
    dot: float | None
    beyond: int = 0


@dataclass(frozen=True)
class Axis:
    """A voltage axis."""

    low_V: float
    high_V: float

    def at(self, value_V: float) -> float:
        """Return the place of a voltage, kept within 0 and 100."""
        place = 100 * (value_V - self.low_V) / (self.high_V - self.low_V)
        return min(100.0, max(0.0, place))

    def ticks(self) -> list[tuple[float, float]]:
        """Return round voltages and their places, eight at most."""
        step = next(step for step in _STEPS_V if (self.high_V - self.low_V) / step < _MOST_TICKS)
        first, last = math.ceil(self.low_V / step), math.floor(self.high_V / step)
        volts = [round(i * step, 9) for i in range(first, last + 1)]
        return [(self.at(v), v) for v in volts]


def level_axis(values: Iterable[ComparedValue], thresholds: Thresholds) -> Axis:
    """Return an axis that holds all bands and readings of an output, and where they should be."""
    reach: list[float] = []
    for value in values:
        if value.expected is not None:
            reach += [0.0, thresholds.low_V, thresholds.high_V]
        reach += [
            *(value.window_V or ()),
            value.predicted_V - value.U_predicted_V,
            value.predicted_V + value.U_predicted_V,
        ]
        if value.measured_V is not None:
            reach.append(value.measured_V)
    margin_V = max(0.08 * (max(reach) - min(reach)), _LEAST_MARGIN_V)
    return Axis(min(reach) - margin_V, max(reach) + margin_V)


def zones(value: ComparedValue, axis: Axis, thresholds: Thresholds) -> list[tuple[float, float]]:
    """Return where on the axis an output means something: its two levels, or its window."""
    if value.window_V is not None:
        return [(axis.at(value.window_V[0]), axis.at(value.window_V[1]))]
    if value.expected is None:
        return []
    return [(0.0, axis.at(thresholds.low_V)), (axis.at(thresholds.high_V), 100.0)]


def level_mark(value: ComparedValue, axis: Axis) -> Mark:
    """Return an output's band and reading on a voltage axis."""
    low_V = value.predicted_V - value.U_predicted_V
    high_V = value.predicted_V + value.U_predicted_V
    band = (axis.at(low_V), axis.at(high_V))
    if value.measured_V is None or value.U_measured_V is None:
        return Mark(band=band, whisker=None, dot=None)
    ends = (value.measured_V - value.U_measured_V, value.measured_V + value.U_measured_V)
    return Mark(
        band=band,
        whisker=(axis.at(ends[0]), axis.at(ends[1])),
        dot=axis.at(value.measured_V),
    )


def en_mark(value: ComparedValue | ComparedPulse) -> Mark | None:
    """Return a value on the axis of En: the band's and the reading's share of both uncertainties.

    None where nothing was read.
    """
    if isinstance(value, ComparedPulse):
        U_predicted, U_measured = value.U_predicted_s, value.U_measured_s
    else:
        U_predicted, U_measured = value.U_predicted_V, value.U_measured_V
    if value.En is None or U_measured is None:
        return None
    both = math.hypot(U_predicted, U_measured)
    axis = Axis(-EN_RANGE, EN_RANGE)
    share = U_measured / both
    return Mark(
        band=(axis.at(-U_predicted / both), axis.at(U_predicted / both)),
        whisker=(axis.at(value.En - share), axis.at(value.En + share)),
        dot=axis.at(value.En),
        beyond=(value.En > EN_RANGE) - (value.En < -EN_RANGE),
    )


@dataclass(frozen=True)
class Gauge:
    """The joint statistic against its limit, each from 0 to 100; ``usual`` is a good board's."""

    usual: float
    limit: float
    statistic: float
    beyond: bool


def gauge(agreement: Agreement) -> Gauge:
    """Return the places of the statistic, its limit and what good boards show on average."""
    end = 1.5 * agreement.limit
    return Gauge(
        usual=100 * agreement.degrees_of_freedom / end,
        limit=100 * agreement.limit / end,
        statistic=min(100.0, 100 * agreement.statistic / end),
        beyond=agreement.statistic > end,
    )
