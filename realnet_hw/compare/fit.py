"""Do the readings agree with a model fitted to this very board? The second of two answers.

``agreement`` asks how probable such a board is among those drawn. Here the parts may lie anywhere
within their tolerances, however improbable that is together: the ones are looked for that explain
the readings best, and what is left is measured against the uncertainty of the measurement alone.
A board of sorted parts may be one in ten thousand, and yet wholly explained; one with a joint that
does not hold is not explained by any parts within tolerance.

The model is linear in the parts, by the slopes fitted to the boards drawn; how far these boards are
from it is part of the uncertainty. With x the readings less the mean board, A the slopes and C the
covariance of what measuring adds::

    T = min (x - A p)' C^-1 (x - A p)    over all p within tolerance

At the board's true parts this is chi-square distributed with n degrees of freedom, n readings. The
minimum is smaller, so that the limit of chi-square fails fewer good boards than it says.

What the readings say of single parts is the same with a prior: each part normal about its mean with
the deviation that was drawn. Their standard uncertainty is that of the posterior distribution.

Ref: JCGM 100:2008 (GUM) H.3 (least squares); P. B. Stark and R. L. Parker, Computational Statistics
10 (1995) 129 (bounded least squares, from memory); A. Gelman et al., Bayesian Data Analysis, 14.2
(linear regression with a prior, from memory).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from realnet_hw.compare.agreement import GoodBoards
from realnet_hw.compare.drawn import Drawn, Matrix, Vector
from realnet_hw.compare.power import FALSE_FAIL_RISK
from realnet_hw.compare.readings import Readings, shown_levels
from realnet_hw.records import Fit, FittedPart, PartSlopes, Prediction

# A part of which the readings say less is not listed: its uncertainty has shrunk to this share.
_TOLD = 0.8


def fitted(
    prediction: Prediction, drawn: Drawn, readings: Readings, good: GoodBoards | None
) -> Fit:
    """Return whether parts within tolerance explain the readings, and which.

    Args:
        prediction: of the board.
        drawn: of the prediction.
        readings: what was read, n values.
        good: what good boards would show at these readings; None where nothing was read.
    """
    slopes = prediction.statistics.slopes
    if good is None:
        return Fit(answer="undecided", reason="nothing was read")
    if not slopes.parts:
        return Fit(answer="undecided", reason="the prediction holds no slopes of the parts")
    values = {reading.key: reading.value for reading in readings.values}
    if not _answers_as_nominal(prediction, values):
        return Fit(
            answer="undecided",
            reason="the outputs are not those of the nominal board, whose slopes hold for it alone",
        )
    from scipy.special import chdtrc, chdtri

    columns = drawn.columns([reading.key for reading in readings.values])
    deviation = np.array([part.deviation for part in slopes.parts])
    onto = np.array([part.slopes for part in slopes.parts])[:, columns].T * deviation
    bends = np.array(slopes.linear_u)[columns]
    away = np.array([reading.value for reading in readings.values]) - good.mean
    onto, away = _whitened(good.noise + good.knee + np.diag(bends**2), onto, away)
    low, high = (
        np.array([getattr(part, end) - part.mean for part in slopes.parts]) / deviation
        for end in ("low", "high")
    )
    nearest = _nearest(onto, away, low, high)
    likely = _likely(onto, away, low, high)
    if nearest is None or likely is None:
        return Fit(answer="undecided", reason="the search for parts did not come to an end")
    left = away - onto @ nearest
    statistic = float(left @ left)
    limit = float(chdtri(len(away), FALSE_FAIL_RISK))
    return Fit(
        answer="no" if statistic > limit else "yes",
        statistic=statistic,
        limit=limit,
        readings=len(away),
        p_value=float(chdtrc(len(away), statistic)),
        false_fail_risk=FALSE_FAIL_RISK,
        parts=_told(slopes.parts, deviation, onto, likely),
    )


def _answers_as_nominal(prediction: Prediction, values: dict[str, float]) -> bool:
    """Return whether no output shows another level than on the nominal board."""
    shown = shown_levels(prediction, values)
    return all(
        shown.get(f"{i}.{name}", output.logic) == output.logic
        for i, case in enumerate(prediction.cases)
        for name, output in case.outputs.items()
        if output.expected is not None
    )


def _whitened(covariance: Matrix, onto: Matrix, away: Vector) -> tuple[Matrix, Vector]:
    """Return slopes and readings in units in which the readings' errors are independent, of 1."""
    # Volts and seconds are of very different size.
    scale = np.sqrt(np.diag(covariance))
    root = np.linalg.cholesky(covariance / np.outer(scale, scale))
    both = np.asarray(np.linalg.solve(root, np.column_stack([onto, away]) / scale[:, None]), float)
    return both[:, :-1], both[:, -1]


def _nearest(onto: Matrix, away: Vector, low: Vector, high: Vector) -> Vector | None:
    """Return the parts that explain the readings best; None where they were not found."""
    from scipy.optimize import lsq_linear

    # It mostly takes as many steps as there are parts, which is where scipy would give up.
    steps = 10 * len(low)
    found = lsq_linear(onto, away, (low, high), method="bvls", max_iter=steps)
    return np.asarray(found.x, float) if found.status > 0 else None


def _likely(onto: Matrix, away: Vector, low: Vector, high: Vector) -> Vector | None:
    """Return the most probable parts, each with its prior; None where they were not found."""
    count = len(low)
    both = np.vstack([onto, np.eye(count)])
    return _nearest(both, np.concatenate([away, np.zeros(count)]), low, high)


def _told(
    parts: Sequence[PartSlopes], deviation: Vector, onto: Matrix, likely: Vector
) -> list[FittedPart]:
    """Return the parts that the readings say something of, the best known first."""
    u = np.sqrt(np.diag(np.linalg.inv(onto.T @ onto + np.eye(len(parts)))))
    return [
        FittedPart(
            part=parts[j].part,
            parameter=parts[j].parameter,
            nominal=parts[j].nominal,
            low=parts[j].low,
            high=parts[j].high,
            value=float(f"{parts[j].mean + deviation[j] * likely[j]:.6g}"),
            u=float(f"{deviation[j] * u[j]:.3g}"),
        )
        for j in np.argsort(u, kind="stable").tolist()
        if u[j] < _TOLD
    ]
