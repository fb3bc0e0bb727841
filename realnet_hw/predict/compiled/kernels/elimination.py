"""Linear equations: the static programmes of ``Order`` run over the lanes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from realnet_hw.predict.compiled.kernels.jit import kernel
from realnet_hw.predict.compiled.kernels.memory import Integers, Reals
from realnet_hw.predict.compiled.kernels.rows import (
    put_negative,
    put_product,
    put_reciprocal,
    take_product,
)


@kernel
def solve_for_step(
    factor: Integers,
    solve: Integers,
    matrix: Reals,
    f: Reals,
    step: Reals,
    scratch: Reals,
) -> None:
    """Factor ``matrix`` and put what solves ``matrix * step = -f`` into ``step``.

    Of the pivots the reciprocals stay in ``matrix``.
    """
    programme = factor
    place = 0
    while place < len(programme):
        pivot, row, targets, others = (
            programme[place], programme[place + 1], programme[place + 2], programme[place + 3],
        )  # fmt: skip
        first = place + 4
        place = first + others
        put_reciprocal(matrix, pivot, matrix, pivot)
        for _ in range(targets):
            entry, target = programme[place], programme[place + 1]
            place += 2
            put_product(matrix, entry, matrix, entry, matrix, pivot)
            take_product(f, target, matrix, entry, f, row)
            for other in range(others):
                take_product(
                    matrix, programme[place + other], matrix, entry,
                    matrix, programme[first + other],
                )  # fmt: skip
            place += others
    programme = solve
    place = 0
    while place < len(programme):
        pivot, row, column, others = (
            programme[place], programme[place + 1], programme[place + 2], programme[place + 3],
        )  # fmt: skip
        place += 4
        put_negative(scratch, 0, f, row)
        for _ in range(others):
            take_product(scratch, 0, matrix, programme[place], step, programme[place + 1])
            place += 2
        put_product(step, column, scratch, 0, matrix, pivot)


@kernel
def solve_transposed(
    factor: Integers,
    solve: Integers,
    factor_starts: npt.NDArray[np.int64],
    solve_starts: npt.NDArray[np.int64],
    matrix: Reals,
    seed: Reals,
    found: Reals,
) -> None:
    """Solve the transposed equations with the matrix as ``solve_for_step`` left it.

    Args:
        factor: see ``Order``.
        solve: see ``Order``.
        factor_starts: where each pivot begins in ``factor``, first one first.
        solve_starts: where each pivot begins in ``solve``, last one first.
        matrix: factored.
        seed: the right-hand side, a row for each column of the matrix; used up.
        found: the solution, a row for each row of the matrix; set.
    """
    for number in range(len(solve_starts) - 1, -1, -1):
        place = solve_starts[number]
        pivot, row, column, others = (
            solve[place], solve[place + 1], solve[place + 2], solve[place + 3],
        )  # fmt: skip
        put_product(found, row, seed, column, matrix, pivot)
        for other in range(others):
            at = place + 4 + 2 * other
            take_product(seed, solve[at + 1], matrix, solve[at], found, row)
    for number in range(len(factor_starts) - 1, -1, -1):
        place = factor_starts[number]
        row, targets, others = factor[place + 1], factor[place + 2], factor[place + 3]
        for target in range(targets):
            at = place + 4 + others + target * (2 + others)
            take_product(found, row, matrix, factor[at], found, factor[at + 1])
