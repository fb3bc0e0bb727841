"""The lanes of a circuit, in which only some parameters change from board to board.

Everything else is computed once: a voltage that changes costs a lane an addition, a resistor the
few matrix entries that it is in.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from realnet_hw.predict.compiled.circuit import Circuit
from realnet_hw.predict.compiled.kernels import adjoint, direct, memory
from realnet_hw.predict.compiled.kernels.memory import Binding, Integers, Tables
from realnet_hw.predict.compiled.kernels.residual import load

Values = npt.NDArray[np.float64]


class CircuitLanes:
    """The memory that boards of a circuit are computed in; for one caller at a time.

    Args:
        circuit: as tables.
        board: all its parameters, which those that change begin with.
        bound: the parameters that change.
        everything: all parameters.
    """

    def __init__(
        self, circuit: Circuit, board: Values, bound: Binding, everything: Binding
    ) -> None:
        self.tables = circuit.tables
        self.memory = memory.lanes(circuit.tables, circuit.size, len(board))
        self.binding = bound
        self._search = direct.search(circuit.size)
        boards = np.repeat(board[np.newaxis], memory.LANES, axis=0)
        load(self.tables, self.memory, everything, boards, 0, 0, memory.LANES)

    def solve(
        self,
        boards: Values,
        starts: Values,
        origins: npt.NDArray[np.int64],
        places: npt.NDArray[np.int64],
        *,
        most_V: float,
        at_start: bool,
    ) -> tuple[Values, npt.NDArray[np.int64]]:
        """Find operating points.

        Args:
            boards: of the changing parameters, shape (boards, changing).
            starts: solutions to start from, shape (starts, unknowns), NaN to begin as if nothing
                was known.
            origins: the start of each board.
            places: of the unknowns that are wanted.
            most_V: no unknown moves further in one of Newton's steps.
            at_start: whether sources have their value at time 0, not their direct one.

        Returns:
            The unknowns, shape (boards, places), NaN where there is no solution, and the outcome,
            see ``direct.Job``.
        """
        found = np.zeros((len(boards), len(places)))
        outcome = np.zeros((len(boards), 3), np.int64)
        known = np.isfinite(starts).all(axis=1)
        if len(boards):
            job = direct.Job(
                binding=self.binding,
                boards=boards,
                starts=starts,
                origins=np.where(np.take(known, origins), origins, -1),
                direct=not at_start,
                most_V=most_V,
                places=places,
                found=found,
                outcome=outcome,
            )
            direct.operating_points(self.tables, self.memory, self._search, job)
        return found, outcome

    def differentiate(
        self,
        boards: Values,
        solutions: Values,
        asked: npt.NDArray[np.int64],
        steps: Values,
        places: npt.NDArray[np.int64],
    ) -> Values:
        """Differentiate unknowns for parameters, at solutions.

        Args:
            boards: of the changing parameters, shape (boards, changing).
            solutions: of the boards, shape (boards, unknowns).
            asked: columns of ``boards``.
            steps: by how much the equations are moved for each of them.
            places: of the unknowns.

        Returns:
            Shape (boards, places, asked).
        """
        tables = self.tables
        root = {int(place): int(place) for place in tables.unknowns}
        root |= {int(place): int(held) for place, held in tables.followers}
        column = {int(place): number for number, place in enumerate(tables.unknowns)}
        question = adjoint.Question(
            binding=self.binding,
            boards=boards,
            solutions=solutions,
            asked=asked,
            steps=steps,
            places=places,
            columns=np.array(
                [column.get(root.get(int(place), -1), -1) for place in places], np.int64
            ),
            found=np.zeros((len(boards), len(places), len(asked))),
        )
        adjoint.sensitivities(tables, self.memory, question, *_pivot_starts(tables))
        return question.found


def _pivot_starts(tables: Tables) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return where each pivot begins in the programmes that factor and solve, see ``Order``."""
    factor, solve = [0], [0]
    while factor[-1] < len(tables.factor):
        _, _, targets, others = tables.factor[factor[-1] : factor[-1] + 4].tolist()
        factor.append(factor[-1] + 4 + others + targets * (2 + others))
    while solve[-1] < len(tables.solve):
        solve.append(solve[-1] + 4 + 2 * int(tables.solve[solve[-1] + 3]))
    return np.array(factor[:-1], np.int64), np.array(solve[:-1], np.int64)


def binding(tables: Tables, changing: Sequence[int]) -> Binding:
    """Return what of a lane depends on some parameters, each of them once."""
    numbers = np.array(changing, np.int64)
    factors = np.flatnonzero(np.isin(tables.factors[:, 0], numbers)).astype(np.int32)
    diodes = np.flatnonzero(np.isin(tables.diodes[:, 8], numbers)).astype(np.int32)
    entries, stamps = _touched(tables.transfer_stamps, factors)
    charged_entries, charged_stamps = _touched(tables.storage_stamps, factors)
    return Binding(
        parameters=numbers,
        factors=factors,
        entries=entries,
        stamps=stamps,
        charged_entries=charged_entries,
        charged_stamps=charged_stamps,
        diodes=diodes,
        breakable=np.flatnonzero(np.isin(tables.breakable, diodes)).astype(np.int32),
        channels=np.flatnonzero(np.isin(tables.channels[:, 14:], numbers).any(axis=1)).astype(
            np.int32
        ),
    )


def _touched(stamps: Integers, factors: Integers) -> tuple[Integers, Integers]:
    """Return the matrix entries in which factors are, and all that adds up to them."""
    entries = np.unique(stamps[np.isin(stamps[:, 1], factors), 0])
    return entries, stamps[np.isin(stamps[:, 0], entries)]
