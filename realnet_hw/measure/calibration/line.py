"""The straight line through calibration points, and how well they fix it.

Ref: JCGM 100:2008 (GUM) H.3 (line of least squares, variances of its coefficients); JCGM 101:2008
     6.4.9.4 (standard deviation of Student's t; from memory).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from realnet_hw.errors import InputError
from realnet_hw.measure.fixture_specification import LSB_V, undithered

_LEAST_FREEDOM = 3
"""Fewer degrees of freedom than this say nothing of a scatter."""
_TELLING_FREEDOM = 6
"""Fewer than this say too little of a nonlinearity."""


@dataclass(frozen=True)
class Line:
    """``y = (1 + gain) x + offset_V``, with the standard uncertainties of both.

    They count as independent: what correlates them widens both, so that the line is nowhere less
    uncertain than they say.

    Args:
        residuals_V: of each point, y minus the line.
        freedom: degrees of freedom, None where the points' scatter was given.
    """

    gain: float
    offset_V: float
    u_gain: float
    u_offset_V: float
    residuals_V: tuple[float, ...]
    freedom: int | None

    @property
    def residual_V(self) -> float:
        """The largest deviation of a point, volts."""
        return max(map(abs, self.residuals_V))

    @property
    def deviation_V(self) -> float | None:
        """The standard deviation of any level from the line, volts; None where few points tell it.

        Points that lie all over the range are levels as good as any. That they are not many counts
        as in Student's distribution.
        """
        if self.freedom is None or self.freedom < _TELLING_FREEDOM:
            return None
        return math.sqrt(sum(each**2 for each in self.residuals_V) / (self.freedom - 2))

    def inverse(self, y_V: float) -> float:
        """Return the x of a y."""
        return (y_V - self.offset_V) / (1 + self.gain)

    def widened(self, *, gain: float = 0.0, offset_V: float = 0.0) -> Line:
        """Return it with more standard uncertainty, which adds in squares."""
        return replace(
            self,
            u_gain=math.hypot(self.u_gain, gain),
            u_offset_V=math.hypot(self.u_offset_V, offset_V),
        )


def line_through(x_V: Sequence[float], y_V: Sequence[float], u_V: float | None = None) -> Line:
    """Return the line of least squares through points.

    Args:
        x_V, y_V: the points, n each, over more than one x.
        u_V: standard uncertainty of each y, as a specification gives it; else the scatter about the
            line tells it, of five points or more.

    Raises:
        InputError: too few points.
    """
    x, y = np.asarray(x_V), np.asarray(y_V)
    freedom = len(x) - 2
    if freedom < (_LEAST_FREEDOM if u_V is None else 0):
        raise InputError(
            f"{len(x)} points for a line", allowed=f"{2 + _LEAST_FREEDOM} points or more"
        )
    centre = float(x.mean())
    spread = float(((x - centre) ** 2).sum())
    slope = float(((x - centre) * y).sum()) / spread
    offset_V = float(y.mean()) - slope * centre
    residuals = y - slope * x - offset_V
    if u_V is None:
        # Student's t is wider than the normal distribution: by so much where k stays 2.
        variance = float((residuals**2).sum()) / freedom * freedom / (freedom - 2)
    else:
        variance = u_V**2
    v_gain = variance / spread
    v_offset = variance * (1 / len(x) + centre**2 / spread)
    covariance = variance * abs(centre) / spread
    # 2 c |x| <= c t + c x^2 / t for every t > 0: taking both parts in covers it at every x.
    t_V = math.sqrt(v_offset / v_gain) if v_gain else 1.0
    return Line(
        gain=slope - 1,
        offset_V=offset_V,
        u_gain=math.sqrt(v_gain + covariance / t_V),
        u_offset_V=math.sqrt(v_offset + covariance * t_V),
        residuals_V=tuple(map(float, residuals)),
        freedom=freedom if u_V is None else None,
    )


def with_scatter(line: Line, others: Sequence[Line]) -> Line:
    """Return a line with the scatter of several that make it up.

    What moves slowly is the same for all points of one and differs from one to the next: residuals
    do not show it. Where nothing does, the scatter is that of the residuals once more, and the line
    is surer than it says. Fewer than four say nothing.
    """
    count = len(others)
    if count < 2 + _LEAST_FREEDOM - 1:
        return line
    # As above: Student's t with one degree of freedom fewer than there are lines.
    share = math.sqrt((count - 1) / (count - 3) / count)
    return line.widened(
        gain=share * statistics.stdev(each.gain for each in others),
        offset_V=share * statistics.stdev(each.offset_V for each in others),
    )


def undithered_V(read_V: Sequence[float], noise_V: float) -> float:
    """Return the bound of what quantisation may add to the mean of readings at several levels.

    A reading's error depends on where within a step its level lies. Levels at all places of a step
    cancel it, and so does noise of half a step or more. Averaging alone does not: without noise the
    mean of a thousand readings of one level is as wrong as one.

    Args:
        read_V: what was read at each level, on the converter's own scale.
        noise_V: rms in one conversion.
    """
    turns = np.exp(2j * np.pi * np.asarray(read_V) / LSB_V)
    return LSB_V / 2 * float(abs(turns.mean())) * undithered(noise_V)
