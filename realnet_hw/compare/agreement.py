"""Is it this circuit within its parts' tolerance? One statistic over all values together.

Readings are compared with the boards that were drawn, moved to the inputs as delivered. With x the
n differences between readings and the mean board, b what the parts of one board make of them, and
e what measuring adds::

    x = b + e,    T = x' V^-1 x,    V = S (1 + 1/N) + C

S is the covariance of b, estimated from N boards, and C that of e. C holds the uncertainty of the
readings and of the delivered inputs with all that they have in common (one reference, one
converter), the doubt about the slopes, what the fixture's input currents make of the nodes, the
board's temperature, and the solver's own resolution. Values
are voltages and widths of pulses, each in its own unit; T has none.

The limit for T is the larger of two:

- Hotelling's for normal b and e, with S estimated: n m / (m - n + 1) F(n, m - n + 1), where m is
  the degrees of freedom of V, N - 1 or more since C is not estimated from the boards.
- what the drawn boards themselves say. Behind a rectifier b is not normal, and the first limit
  would fail up to ten times as many good boards as it claims. Given a board, T is a quadratic form
  in normal errors with known cumulants; averaging over the boards gives the distribution of T, and
  its tail is continued from the 5 % and 1 % points as an exponential, because N boards cannot show
  what happens to one in a thousand. Each board's share in its own S is taken out first.

The boards are those that show the same levels as the board at hand, see ``Drawn.showing``.

Part tolerances drawn uniformly have lighter tails than normal ones, so that the first limit then
decides, and the risk lies below what was asked for.

Ref: H. Hotelling, Ann. Math. Statist. 2 (1931) 360; D. G. Nel and C. A. van der Merwe, Commun.
Statist. Theory Methods 15 (1986) 3719 (degrees of freedom of a sum of covariances); J. P. Imhof,
Biometrika 48 (1961) 419 (quadratic forms, Pearson's three-cumulant approximation).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from realnet_hw.compare.drawn import Drawn, Matrix, Vector
from realnet_hw.errors import InputError
from realnet_hw.records import Component
from realnet_hw.uncertainty import Effect, covariance_of, effects

_TAIL = (0.05, 0.01)

BOARD_BOUND_K = 6.0
"""How far a board may be from the temperature that it was predicted at, in a heated room."""
BOARD_u_K = BOARD_BOUND_K / math.sqrt(3)


@dataclass(frozen=True)
class Reading:
    """An output, test point or pulse that was read, or will be.

    Args:
        key: which of ``Drawn.keys``.
        channel: its budget among the budgets given.
        value: the reading, volts or seconds.
    """

    key: str
    channel: str
    value: float


@dataclass(frozen=True)
class Delivery:
    """What arrives at an input terminal.

    Args:
        case: the row of the truth table, from 0.
        name: the input.
        channel: of the reading, or of the source where the terminal is not read.
        value_V: as delivered.
        offset_V: delivered minus set.
        reach_V: how far from the voltage as set it may be, one standard uncertainty or the offset.
    """

    case: int
    name: str
    channel: str
    value_V: float
    offset_V: float
    reach_V: float


@dataclass(frozen=True, eq=False)
class GoodBoards:
    """What boards within tolerance would show at some readings.

    Args:
        mean: of the boards drawn, at the inputs as delivered, n.
        deviations: of each board drawn from that mean, N x n.
        noise: the part of C that is always there, n x n: readings, inputs, solver.
        knee: the part of C that bounds what rectifiers may add, n x n.
    """

    mean: Vector
    deviations: Matrix
    noise: Matrix
    knee: Matrix

    @property
    def count(self) -> int:
        """n, the number of values."""
        return len(self.mean)

    @cached_property
    def spread_covariance(self) -> Matrix:
        """S (1 + 1/N): the covariance between a new board and the mean of those drawn, n x n."""
        boards = len(self.deviations)
        scale = (1 + 1 / boards) / (boards - 1)
        result: Matrix = scale * (self.deviations.T @ self.deviations)
        return result

    @property
    def covariance(self) -> Matrix:
        """V, n x n: what is drawn, what is always there, and what rectifiers may add."""
        whole: Matrix = self.spread_covariance + self.noise + self.knee
        return whole

    @cached_property
    def precision(self) -> Matrix:
        """V^-1, n x n."""
        whole = self.covariance
        # Volts and seconds are of very different size: inverted in standard deviations.
        scale = np.sqrt(np.diag(whole))
        inverse = np.linalg.inv(whole / np.outer(scale, scale)) / np.outer(scale, scale)
        symmetric: Matrix = np.asarray((inverse + inverse.T) / 2, dtype=float)
        return symmetric

    def statistic(self, values: ArrayLike) -> NDArray[np.float64]:
        """Return T of one board's values (n) or of many boards' (m x n), without unit."""
        x = np.asarray(values, dtype=float) - self.mean
        result: NDArray[np.float64] = np.einsum("...i,ij,...j->...", x, self.precision, x)
        return result

    def influence(self, values: Vector) -> Vector:
        """Return by how much T falls when each value is left out, n."""
        weighted = self.precision @ (values - self.mean)
        result: Vector = weighted**2 / np.diag(self.precision)
        return result

    def deviation(self, values: Vector) -> Vector:
        """Return how far each value is off by itself, in standard deviations, n."""
        result: Vector = (values - self.mean) / np.sqrt(np.diag(self.covariance))
        return result

    def exceedance(self, limit: float) -> float:
        """Return the probability that a good board shows T > limit."""
        return float(_beyond(limit, *self._healthy).mean())

    def detection(self, limit: float, shift: Vector) -> Vector:
        """Return, for each board drawn, the probability that a fault makes it show T > limit, N.

        The bound on what rectifiers add widens V, which hides faults; that it comes true is not
        counted on to show them.

        Args:
            limit: a value of T.
            shift: what the fault adds to the values, n.
        """
        form = self._noise_form
        return form.beyond(limit, self._unseen_in_noise + shift @ form.onto)

    def detection_of(self, limit: float, away: Matrix) -> Vector:
        """Return, for boards so far from the mean (m x n), the probability that T > limit, m."""
        return self._noise_form.beyond(limit, away @ self._noise_form.onto)

    @cached_property
    def _noise_form(self) -> _Form:
        return _Form.of(self.precision, self.noise)

    @cached_property
    def _unseen_in_noise(self) -> Matrix:
        result: Matrix = self._unseen_deviations @ self._noise_form.onto
        return result

    @cached_property
    def _healthy(self) -> tuple[Vector, Vector, Vector]:
        form = _Form.of(self.precision, self.noise + self.knee)
        return form.distributions(self._unseen_deviations @ form.onto)

    def p_value(self, statistic: float) -> float:
        """Return the probability that a good board shows this T or a larger one."""
        from scipy.special import fdtrc

        normal = float(fdtrc(self.count, self._second_degrees, statistic / self._hotelling))
        near, far = self._tail
        if statistic <= far:
            drawn = self.exceedance(statistic)
        else:
            steps = (statistic - far) / (far - near)
            drawn = _TAIL[1] * (_TAIL[1] / _TAIL[0]) ** steps
        return max(normal, drawn)

    def limit(self, risk: float) -> float:
        """Return the T that a good board exceeds with this probability, at most 1 %."""
        from scipy.special import fdtri

        normal = self._hotelling * float(fdtri(self.count, self._second_degrees, 1 - risk))
        near, far = self._tail
        drawn = far + (far - near) * math.log(_TAIL[1] / risk) / math.log(_TAIL[0] / _TAIL[1])
        return max(normal, drawn)

    @cached_property
    def _tail(self) -> tuple[float, float]:
        """The T that 5 % and 1 % of good boards exceed."""
        from scipy.optimize import brentq

        upper = float(self.count)
        while self.exceedance(upper) > _TAIL[1]:
            upper *= 2
        near, far = (
            float(brentq(lambda t, p=p: self.exceedance(t) - p, 0.0, upper)) for p in _TAIL
        )
        return near, far

    @cached_property
    def _unseen_deviations(self) -> Matrix:
        """The deviations as they would be had the board had no part in S, N x n."""
        own_share = self.statistic(self.mean + self.deviations) / len(self.deviations)
        result: Matrix = self.deviations / np.sqrt(1 - own_share)[:, None]
        return result

    @cached_property
    def _degrees(self) -> float:
        """The degrees of freedom m of V: those of S, more where C is the larger part."""
        n = self.count
        share = self.precision @ self.spread_covariance
        estimated = np.trace(share @ share) + np.trace(share) ** 2
        known = float(n + n**2)
        return (len(self.deviations) - 1) * known / max(float(estimated), 1e-6 * known)

    @property
    def _second_degrees(self) -> float:
        return self._degrees - self.count + 1

    @property
    def _hotelling(self) -> float:
        return self._degrees * self.count / self._second_degrees


@dataclass(frozen=True, eq=False)
class Moved:
    """What the inputs as delivered, and the fixture's currents, make of n readings.

    Args:
        shift: by how much the values differ from those at the inputs as set, n.
        reading: covariance of the readings' own errors, n x n.
        noise: the same with what the doubt about the inputs adds, n x n.
        knee: what slopes that differ from board to board and rectifiers may add between the inputs
            as set and as delivered, n x n.
        effects: behind ``noise``, of the readings and then of the inputs, n + inputs.
        onto: what these make of the n values, n x (n + inputs).
    """

    shift: Vector
    reading: Matrix
    noise: Matrix
    knee: Matrix
    effects: Sequence[Effect]
    onto: Matrix

    def added_variance(self, weights: Vector) -> float:
        """Return the variance that the inputs add to a sum of the readings with such weights.

        What the inputs' errors have in common with the readings may make it smaller than nothing;
        that is not counted on.
        """
        more = self.noise + self.knee - self.reading
        return max(0.0, float(weights @ more @ weights))


def moved(
    drawn: Drawn,
    readings: Sequence[Reading],
    deliveries: Sequence[Delivery],
    budgets: Mapping[str, Sequence[Component]],
) -> Moved:
    """Return what the inputs as delivered make of some readings.

    A value follows an input by a slope that differs from board to board, a little by the parts'
    tolerance, much where a rectifier conducts on one board and not on another. The mean over the
    boards whose slopes are known moves it, their covariance is part of the doubt.

    Between the voltage set and the one delivered a rectifier may turn on, at a place that differs
    from board to board, too. A board's slope over that stretch lies between the two slopes to
    either side, so that their mean is off by at most half their difference: that bound is taken as
    the standard uncertainty, once for all values of a case together and once for each alone.

    Args:
        drawn: of the prediction.
        readings: n of them, at most one a key.
        deliveries: the inputs of every case that the readings are of.
        budgets: by channel. Errors are of the form indicated minus true, for sources too, so that
            a reference shared by sources and readings has one sign.

    Raises:
        InputError: a budget as in ``uncertainty.covariance``.

    Ref: JCGM 100:2008 5.1.2 and 5.2.2.
    """
    columns = drawn.columns([r.key for r in readings])
    cases = np.array([int(r.key.split(".", 1)[0]) for r in readings], dtype=int)
    count = len(readings)

    slopes = np.zeros((count, len(deliveries)))
    knee = np.zeros((count, count))
    for j, delivery in enumerate(deliveries):
        here = np.flatnonzero(cases == delivery.case)
        chosen = [columns[k] for k in here]
        below = drawn.slope_below[delivery.name][:, chosen]
        above = drawn.slope_above[delivery.name][:, chosen]
        middle, half = (below + above) / 2, (above - below) / 2
        slopes[here, j] = middle.mean(axis=0)
        bends = half.T @ half / len(half)
        away = middle - slopes[here, j]
        differ = away.T @ away / max(1, len(away) - 1)
        doubt = bends + np.diag(np.diag(bends)) + differ
        knee[np.ix_(here, here)] += delivery.reach_V**2 * doubt

    indicated = [(r.channel, r.value) for r in readings]
    indicated += [(d.channel, d.value_V) for d in deliveries]
    ohm = [*drawn.ohm[columns], *(0.0 for _ in deliveries)]
    onto_values = np.hstack([np.eye(count), -slopes])
    found = effects(indicated, budgets, ohm)
    errors = covariance_of(found, len(indicated))
    # The uncertainty stated with a reading knows nothing of the node.
    stated = covariance_of([each for each in found if each.part != "A"], len(indicated))
    return Moved(
        shift=slopes @ np.array([d.offset_V for d in deliveries], dtype=float),
        reading=stated[:count, :count],
        noise=onto_values @ errors @ onto_values.T,
        knee=knee,
        effects=found,
        onto=onto_values,
    )


@dataclass(frozen=True, eq=False)
class _Form:
    """T = (x + e)' P (x + e) with normal e, as a sum of w (y + z)^2 with independent unit normal z.

    Args:
        onto: x @ onto is y, n x n.
        weights: w, n.
    """

    onto: Matrix
    weights: Vector

    @classmethod
    def of(cls, precision: Matrix, noise: Matrix) -> _Form:
        """Return the form of T where e has this covariance, which is positive definite."""
        root = np.linalg.cholesky(noise)
        weights, turn = np.linalg.eigh(root.T @ precision @ root)
        return cls(onto=np.linalg.solve(root.T, turn), weights=np.maximum(weights, 0.0))

    def distributions(self, y: Matrix) -> tuple[Vector, Vector, Vector]:
        """Return mean, scale and shape of T's distribution for each y, m each.

        From its cumulants 2^(k-1) (k - 1)! sum w^k (1 + k y^2); Pearson's third type has the same.
        """
        first, second, third = self.weights, self.weights**2, self.weights**3
        square = y**2
        mean = first.sum() + square @ first
        variance = 2 * second.sum() + 4 * square @ second
        skew = 8 * third.sum() + 24 * square @ third
        shape = 4 * variance**3 / skew**2
        return mean, np.sqrt(variance / shape), shape

    def beyond(self, limit: float, y: Matrix) -> Vector:
        """Return the probability that T > limit for each y, m."""
        return _beyond(limit, *self.distributions(y))


def _beyond(limit: float, mean: Vector, scale: Vector, shape: Vector) -> Vector:
    """Return the probability that T is beyond a limit, of distributions of Pearson's third type."""
    from scipy.special import gammaincc

    result: Vector = gammaincc(shape, np.maximum(0.0, (limit - mean) / scale + shape))
    return result


def good_boards(
    drawn: Drawn,
    readings: Sequence[Reading],
    deliveries: Sequence[Delivery],
    budgets: Mapping[str, Sequence[Component]],
) -> GoodBoards:
    """Return what boards within tolerance show at these readings.

    Args are those of ``moved``.

    Raises:
        InputError: too few boards for so many values, or a budget as in
            ``uncertainty.covariance``.
    """
    boards = drawn.values
    if len(boards) < len(readings) + 2:
        raise InputError(
            f"{len(boards)} boards are too few to judge {len(readings)} values together",
            where="prediction",
            allowed=f"{len(readings) + 2} or more",
            mend="predict with more samples",
        )
    columns = drawn.columns([r.key for r in readings])
    read = boards[:, columns]
    mean = read.mean(axis=0)
    at_inputs = moved(drawn, readings, deliveries, budgets)
    warmer = BOARD_u_K * drawn.per_K[columns]
    simulated = np.outer(warmer, warmer) + np.diag(drawn.solver_u[columns] ** 2)
    return GoodBoards(
        mean=mean + at_inputs.shift,
        deviations=read - mean,
        noise=at_inputs.noise + simulated,
        knee=at_inputs.knee,
    )
