"""How operating points answer to small changes of parameters, by the adjoint equations.

With the equations ``F(x, p) = 0``, one solution of ``J^T w = e`` gives an unknown's derivative for
every parameter: ``dx/dp = -w^T dF/dp``. ``dF/dp`` is a central difference of the equations at the
solution, of one parameter in each lane; so no device needs derivatives of its own.

Ref: S. W. Director, R. A. Rohrer, IEEE Trans. Circuit Theory 16 (1969) 318, for the idea.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from realnet_hw.predict.compiled.kernels.direct import set_sources
from realnet_hw.predict.compiled.kernels.elimination import solve_for_step, solve_transposed
from realnet_hw.predict.compiled.kernels.jit import integer, kernel, truth
from realnet_hw.predict.compiled.kernels.junctions import forget_junctions
from realnet_hw.predict.compiled.kernels.memory import LANES, Binding, Lanes, Reals, Tables
from realnet_hw.predict.compiled.kernels.residual import evaluate, follow, load

Numbers = npt.NDArray[np.int64]


class Question(NamedTuple):
    """What is asked.

    Args:
        binding: in what the boards differ, and all parameters that are asked about.
        boards: values of the bound parameters, shape (boards, bound parameters).
        solutions: of the boards, shape (boards, unknowns).
        asked: columns of ``boards`` that are asked about.
        steps: by how much each of them is moved.
        places: of the unknowns that answer.
        columns: of the matrix in which those are, -1 where only sources hold them.
        found: derivatives, shape (boards, places, asked); set.
    """

    binding: Binding
    boards: Reals
    solutions: Reals
    asked: Numbers
    steps: Reals
    places: Numbers
    columns: Numbers
    found: Reals


@kernel
def _settle(tables: Tables, memory: Lanes, question: Question, rows: Reals, board: int) -> None:
    """Evaluate the equations of boards in every lane at one solution."""
    first, end = integer(0), integer(LANES)
    load(tables, memory, question.binding, rows, first, first, end)
    set_sources(tables, memory, truth(True), first, end)
    solutions, x = question.solutions, memory.x
    for place in range(len(x)):
        for lane in range(LANES):
            x[place, lane] = solutions[board, place]
    follow(tables.followers, tables.steps, memory.sources, x)
    forget_junctions(tables.diodes, x, memory.last, first, end)
    evaluate(tables, memory, truth(False))


@kernel
def _weights(
    tables: Tables,
    memory: Lanes,
    question: Question,
    factor_starts: Numbers,
    solve_starts: Numbers,
    weights: Reals,
) -> None:
    """Solve the transposed equations, of one answer in each lane; the matrix is that of a board."""
    matrix, f, seed = memory.matrix, memory.f, memory.step
    factor, solve = tables.factor, tables.solve
    solve_for_step(factor, solve, matrix, f, seed, memory.scratch)
    columns = question.columns
    for first in range(0, len(columns), LANES):
        for row in range(len(seed)):
            for lane in range(LANES):
                seed[row, lane] = 0.0
                f[row, lane] = 0.0
        count = min(LANES, len(columns) - first)
        for lane in range(count):
            if columns[first + lane] >= 0:
                seed[columns[first + lane], lane] = 1.0
        solve_transposed(factor, solve, factor_starts, solve_starts, matrix, seed, f)
        for lane in range(count):
            for row in range(weights.shape[1]):
                weights[first + lane, row] = f[row, lane]


@kernel
def sensitivities(
    tables: Tables,
    memory: Lanes,
    question: Question,
    factor_starts: Numbers,
    solve_starts: Numbers,
) -> None:
    """Differentiate the answers of every board.

    Args:
        tables: of the circuit.
        memory: of the lanes, idle, a board of the circuit in each.
        question: what is asked.
        factor_starts: where each pivot begins in ``tables.factor``.
        solve_starts: the same in ``tables.solve``.
    """
    boards, asked, steps, found = (
        question.boards, question.asked, question.steps, question.found,
    )  # fmt: skip
    places, x, f = question.places, memory.x, memory.f
    rows = np.empty((LANES, boards.shape[1]))
    weights = np.zeros((len(places), len(tables.unknowns)))
    for lane in range(LANES):
        memory.share[0, lane] = 1.0
        memory.leak[0, lane] = 0.0
    for board in range(len(boards)):
        for lane in range(LANES):
            rows[lane] = boards[board]
        _settle(tables, memory, question, rows, board)
        _weights(tables, memory, question, factor_starts, solve_starts, weights)
        for first in range(0, len(asked), LANES):
            count = min(LANES, len(asked) - first)
            for sign in (1.0, -1.0):
                for lane in range(count):
                    column = asked[first + lane]
                    rows[lane, column] = boards[board, column] + sign * steps[first + lane]
                _settle(tables, memory, question, rows, board)
                for lane in range(count):
                    share = sign / (2 * steps[first + lane])
                    for answer in range(len(places)):
                        # What sources add to the node itself, and what the equations say.
                        moved = x[places[answer], lane]
                        for row in range(weights.shape[1]):
                            moved -= weights[answer, row] * f[row, lane]
                        found[board, answer, first + lane] += share * moved
            for lane in range(count):
                rows[lane, asked[first + lane]] = boards[board, asked[first + lane]]
