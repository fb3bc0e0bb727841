"""The boards that a prediction has drawn, voltages and widths of pulses side by side.

Each value is in its own unit, volts or seconds; what joins them, a covariance and its inverse, is
in the products of these.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from realnet_hw.records import FaultSignature, Statistics, Thresholds

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

# Of the simulator (a relative tolerance of 1e-5 at 5 V) and of the figures in a record. It also
# keeps the covariance invertible where neither the boards nor the instrument leave any doubt.
SOLVER_u_V = 50e-6
_SOLVER_u_s = 1e-9
# Of fewer boards a deviation says nothing.
_FEWEST = 8


@dataclass(frozen=True, eq=False)
class Drawn:
    """All values of the boards drawn: those of the voltages first, then the widths.

    Args:
        keys: n of them, ``"<case>.<name>"``.
        values: N x n.
        slope_below, slope_above: per input, per volt, of the first M boards, M x n each; of the
            nominal board, 1 x n, where those of others are not known.
        solver_u: standard uncertainty of the simulator's own, n.
        ohm: resistance of the nodes, n, zero where it is not known.
        per_K: change per kelvin, n, zero where it is not known.
    """

    keys: tuple[str, ...]
    values: Matrix
    slope_below: Mapping[str, Matrix]
    slope_above: Mapping[str, Matrix]
    solver_u: Vector
    ohm: Vector
    per_K: Vector

    @classmethod
    def of(cls, statistics: Statistics) -> Drawn:
        """Return what a prediction has drawn."""
        pulses = statistics.pulses
        values = np.array(statistics.boards_V, dtype=float)
        if pulses.keys:
            values = np.hstack([values, np.array(pulses.boards_s, dtype=float)])
        u_s = max(pulses.u_s, _SOLVER_u_s)
        slopes = statistics.slopes
        below = _joined(statistics.slope_below, pulses.slope_below_s_per_V)
        above = _joined(statistics.slope_above, pulses.slope_above_s_per_V)
        count = values.shape[1]
        return cls(
            keys=(*statistics.keys, *pulses.keys),
            values=values,
            slope_below=below | {n: np.array(rows) for n, rows in slopes.boards_below.items()},
            slope_above=above | {n: np.array(rows) for n, rows in slopes.boards_above.items()},
            solver_u=np.repeat([SOLVER_u_V, u_s], [len(statistics.keys), len(pulses.keys)]),
            ohm=_filled(slopes.source_ohm, count),
            per_K=_filled(slopes.per_K, count),
        )

    def columns(self, keys: Sequence[str]) -> list[int]:
        """Return the columns of some keys."""
        place = {key: i for i, key in enumerate(self.keys)}
        return [place[key] for key in keys]

    def showing(self, levels: Mapping[str, int], thresholds: Thresholds, least: int) -> Drawn:
        """Return the boards that show these levels, or all where they are too few to tell.

        A board is judged among those that answer as it does: an output that is 0 V on some boards
        and 5 V on others has no mean that any board shows, and a variance that hides all else.

        Args:
            levels: key to 0 or 1.
            thresholds: of the levels.
            least: fewer boards than that are too few.
        """
        chosen = np.ones(len(self.values), dtype=bool)
        for level, column in zip(levels.values(), self.columns(list(levels)), strict=True):
            volts = self.values[:, column]
            chosen &= volts > thresholds.high_V if level else volts < thresholds.low_V
        if chosen.sum() < least:
            return self
        return dataclasses.replace(
            self,
            values=self.values[chosen],
            slope_below={name: _of(chosen, rows) for name, rows in self.slope_below.items()},
            slope_above={name: _of(chosen, rows) for name, rows in self.slope_above.items()},
        )


def with_fault(fault: FaultSignature) -> tuple[Vector, Matrix]:
    """Return the values of the nominal board with a fault, n, and of the boards tried, m x n.

    Their order is that of ``Drawn``; m may be 0.
    """
    nominal = np.array([*fault.values_V, *fault.widths_s], dtype=float)
    boards = np.array(fault.boards_V, dtype=float).reshape(-1, len(fault.values_V))
    if fault.board_widths_s:
        boards = np.hstack([boards, np.array(fault.board_widths_s, dtype=float)])
    return nominal, boards


def _joined(
    volts: Mapping[str, Sequence[float]], seconds: Mapping[str, Sequence[float]]
) -> dict[str, Matrix]:
    return {
        name: np.array([[*slopes, *seconds.get(name, ())]], dtype=float)
        for name, slopes in volts.items()
    }


def _filled(values: Sequence[float], count: int) -> Vector:
    found = np.zeros(count)
    found[: len(values)] = values
    return found


def _of(chosen: NDArray[np.bool_], rows: Matrix) -> Matrix:
    """Return the rows of the boards chosen, all of them where these are too few."""
    kept: Matrix = rows[chosen[: len(rows)]] if len(rows) > 1 else rows
    return kept if len(kept) >= _FEWEST else rows
