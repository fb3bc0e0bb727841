"""Drawing boards: what the parts of each one really are.

This is the only place where tolerances are drawn; Monte Carlo and the virtual bench both use it, so
board 7 of a prediction with seed 3 is the same board on the bench.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from realnet_hw.board import reference_order
from realnet_hw.errors import InputError
from realnet_hw.export.deck import Spread
from realnet_hw.predict.lots import Lot, mixed


@dataclass(frozen=True, eq=False)
class Drawn:
    """Successive boards of a draw.

    Args:
        names: of the parameters.
        values: of the parameters, shape (boards, parameters).
    """

    names: tuple[str, ...]
    values: npt.NDArray[np.float64]

    def boards(self) -> list[dict[str, float]]:
        """Return for each board parameter name to value."""
        return [dict(zip(self.names, row, strict=True)) for row in self.values.tolist()]


def draw(
    spreads: Sequence[Spread], count: int, seed: int, lot: Lot = mixed
) -> list[dict[str, float]]:
    """Draw the parameters of the first ``count`` boards, see :func:`drawn_boards`.

    Returns:
        For each board, parameter name to value.
    """
    return drawn_boards(spreads, range(count), seed, lot).boards()


def drawn_boards(spreads: Sequence[Spread], boards: range, seed: int, lot: Lot = mixed) -> Drawn:
    """Draw the parameters of some successive boards.

    A uniform spread is uniform between its bounds. A normal one has its nominal value and sigma and
    is truncated at the bounds, by the inverse of its distribution function, so that one random
    number makes one parameter. Numbers are taken board by board, and on a board in the order of
    references: board k does not depend on how many there are nor on who draws it, and a spread that
    is narrowed to a point leaves all others as they were.

    Args:
        spreads: in any order.
        boards: their numbers in the draw, step 1.
        seed: not negative.
        lot: where within their tolerance the parts lie; predictions draw from a mixed one.

    Raises:
        InputError: fewer than no boards, a number or seed negative, or a spread whose bounds are
            not in order.
    """
    if boards.stop < boards.start:
        raise InputError(f"{boards.stop - boards.start} boards", allowed="0 or more")
    if boards.start < 0:
        raise InputError(f"board {boards.start}", allowed="0 or more")
    if seed < 0:
        raise InputError(f"seed {seed}", allowed="0 or more")
    ordered = sorted(
        spreads, key=lambda spread: (reference_order(spread.reference), spread.parameter)
    )
    # Each number is one step of the generator.
    source = np.random.PCG64(seed).advance(boards.start * len(ordered))
    uniform = np.random.Generator(source).random((len(boards), len(ordered)))
    uniform = lot([spread.reference for spread in ordered], uniform)
    values = np.empty_like(uniform)
    for index, spread in enumerate(ordered):
        values[:, index] = _values(spread, uniform[:, index])
    return Drawn(tuple(spread.parameter for spread in ordered), values)


def _values(spread: Spread, uniform: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Turn uniform numbers in [0, 1) into values of a parameter."""
    if not spread.low <= spread.nominal <= spread.high:
        raise InputError(
            f"{spread.nominal} is not between {spread.low} and {spread.high}",
            where=f"spread of {spread.parameter}",
        )
    if spread.distribution == "uniform" or spread.low == spread.high:
        values = spread.low + uniform * (spread.high - spread.low)
    else:
        if not spread.sigma > 0:
            raise InputError(
                f"sigma {spread.sigma} of a normal distribution",
                where=f"spread of {spread.parameter}",
                allowed="above 0",
            )
        normal = NormalDist(spread.nominal, spread.sigma)
        below, above = normal.cdf(spread.low), normal.cdf(spread.high)
        chances = below + uniform * (above - below)
        # Rounding may leave 0 or 1, which have no finite value; the clip below puts them right.
        chances = np.clip(chances, 1e-300, 1 - 1e-16)
        values = np.array([normal.inv_cdf(chance) for chance in chances])
    clipped: npt.NDArray[np.float64] = np.clip(values, spread.low, spread.high)
    return clipped
