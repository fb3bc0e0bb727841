"""Newton's step: the static programmes of ``Order`` run over the lanes."""

from __future__ import annotations

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
