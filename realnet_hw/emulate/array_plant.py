"""A board whose weights are charges: what the fixture really wrote is what the board computes with.

The network between the capacitors is quasi-static, as in ``plant.SpicePlant``. The capacitors are
not: each pulse on a line moves them as far as its length allows, and between pulses they leak.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from realnet_hw.emulate.plant import drawn
from realnet_hw.emulate.stores import Stores
from realnet_hw.errors import InputError
from realnet_hw.predict import miswired
from realnet_hw.technology.array_2t1c import PULSE_LIMIT_s
from realnet_hw.technology.array_laws import SynapseLaw

if TYPE_CHECKING:
    from realnet_hw.board import Board, Synapse, Synapses
    from realnet_hw.export.deck import Deck
    from realnet_hw.predict.engine import Engine

_Volts = npt.NDArray[np.float64]

# What has moved by less since the board was solved is where it was: a five-hundredth of the DAC's
# step; on a capacitor a twenty-fifth, by which no node moves a tenth of the ADC's.
_HAIR_V = 1e-5
_STORE_HAIR_V = 2e-4
# From a line's edge until the word line behind its pull-up is high.
_RISE_s = 3.5e-6
# A transistor's own threshold, apart from its die's.
_OWN_THRESHOLD = re.compile(r"\.vt\d$")
_MISMATCH_BOUND = 4.0


class ArrayPlant:
    """One board out of all that its parts' tolerances allow, its capacitors discharged.

    Args:
        board: with synapses.
        deck: the board's own deck.
        engine: what solves it.
        seed: which board, as in ``SpicePlant``.
        faults: such as ``"R3 +20 %"``, applied in order.
        parts: from what lot they are, a key of ``predict.lots.LOTS``.
        mismatch_V: standard deviation of the thresholds on a die; the catalogue's if None.
        law: of the capacitors; the array's usual one when left out.

    Raises:
        InputError: no synapses, or a fault that this deck can't have.
    """

    def __init__(
        self,
        board: Board,
        deck: Deck,
        engine: Engine,
        *,
        seed: int | None,
        faults: Sequence[str] = (),
        parts: str = "mixed",
        mismatch_V: float | None = None,
        law: SynapseLaw | None = None,
    ) -> None:
        if board.synapses is None:
            raise InputError("this board has no synapses", where=board.name)
        if mismatch_V is not None:
            deck = with_mismatch(deck, mismatch_V)
        deck, self.parameters = drawn(deck, seed=seed, faults=faults, parts=parts)
        self.deck = deck
        """With what ``mismatch_V`` and ``faults`` make of it."""
        self._elements = [source.element for source in deck.held.values()]
        sources = {**deck.inputs, **deck.nudges}
        self.store_nets = tuple(deck.held)
        currents = {port: f"i({source.element})" for port, source in sources.items()}
        nodes = tuple(dict.fromkeys([*deck.nodes.values(), *currents.values()]))
        self._bound = engine.bound(
            deck,
            self.parameters,
            changing=[
                *(source.element for source in sources.values()),
                *(source.element for source in deck.held.values()),
            ],
            nodes=nodes,
        )
        self._currents = currents
        self._place = {node: index for index, node in enumerate(nodes)}
        self._port = {name: index for index, name in enumerate(sources)}
        self._levels_V = np.zeros(len(sources))
        self.stores = Stores(len(self.store_nets), law or SynapseLaw())
        self._cells = _cells_of_lines(board.synapses, self.store_nets)
        lost = {net for fault in faults for net in miswired.nets_not_written(fault)}
        self._lost = {cell for cell, net in enumerate(self.store_nets) if net in lost}
        self._data_V = {port: 0.0 for cells in self._cells.values() for port in cells.values()}
        self._open: tuple[str, ...] = ()
        self._open_s = 0.0
        self._solved_for: tuple[_Volts, _Volts] | None = None
        self._solution: _Volts = np.zeros(len(nodes))
        self.solved = 0

    # ------------------------------------------------------------------------------- the terminals

    def set_inputs(self, volts: Mapping[str, float | None]) -> None:
        """Put voltages on inputs, nudges and data lines; what is not named is at 0 V.

        Raises:
            InputError: the board has no such port, or one is open, which none of these may be.
        """
        self._levels_V[:] = 0.0
        self._data_V = dict.fromkeys(self._data_V, 0.0)
        for port, level_V in volts.items():
            if level_V is None:
                raise InputError("this input can't be open", where=port)
            if port in self._port:
                self._levels_V[self._port[port]] = level_V
            elif port in self._data_V:
                self._data_V[port] = level_V
            else:
                raise InputError(
                    f"no input {port!r}", allowed=", ".join([*self._port, *self._data_V])
                )

    def advance(self, seconds: float, pins: Mapping[str, int]) -> None:
        """Let time pass with the lines as given, each by its port's name."""
        if seconds > 0:
            self.stores.leak(seconds)
            if self._open:
                self._conduct(seconds)
        is_open = tuple(line for line in self._cells if pins.get(line))
        if is_open == self._open:
            return
        if self._open_s < PULSE_LIMIT_s:
            for line in set(self._open) - set(is_open):
                self._close(line)
        if not self._open or not is_open:
            self._open_s = 0.0
        self._open = is_open

    def read(self, node: str) -> float:
        """The voltage of a node of the deck, volts.

        Raises:
            InputError: the deck has no such node.
            SimulationFailed: no operating point was found.
        """
        if node not in self._place:
            raise InputError(f"no node {node!r}", allowed=", ".join(self._place))
        return self._solved(node)

    def current_A(self, port: str, /) -> float:
        """The current that an input or nudge takes from its source, amperes.

        A data port leads to capacitors alone: none but while a line opens it, which is too short
        for a source to give way.

        Raises:
            SimulationFailed: no operating point was found.
        """
        # What flows into a source from its node, the board has given.
        return -self._solved(self._currents[port]) if port in self._currents else 0.0

    def _solved(self, quantity: str) -> float:
        if self._has_moved():
            self._solved_for = (self._levels_V.copy(), self.stores.volts.copy())
            self._solution = self._bound.operating_points(
                np.concatenate(self._solved_for)[None, :]
            )[0]
            self.solved += 1
        return float(self._solution[self._place[quantity]])

    def when(self, node: str, level_V: float, above: bool) -> tuple[float, bool] | None:
        """Now or never: it has settled."""
        return (0.0, True) if (self.read(node) > level_V) == above else None

    def held(self) -> dict[str, float]:
        """Return what each capacitor holds, volts, by the element that holds it in the deck."""
        return dict(zip(self._elements, self.stores.volts.tolist(), strict=True))

    # ---------------------------------------------------------------------------------- the stores

    def _conduct(self, seconds: float) -> None:
        """Let the word lines be high for the rest of the time that the board gives them."""
        begin_s, self._open_s = self._open_s, self._open_s + seconds
        high_s = min(self._open_s, PULSE_LIMIT_s) - max(begin_s, _RISE_s)
        if high_s <= 0:
            return
        for line in self._open:
            data_V = {
                cell: self._data_V[port]
                for cell, port in self._cells[line].items()
                if cell not in self._lost
            }
            self.stores.conduct(data_V, high_s)
            if self._open_s >= PULSE_LIMIT_s:
                self._close(line)

    def _close(self, line: str) -> None:
        for cell in self._cells[line].keys() - self._lost:
            self.stores.close(cell)

    def _has_moved(self) -> bool:
        if self._solved_for is None:
            return True
        levels_V, stores_V = self._solved_for
        return bool(
            np.abs(self._levels_V - levels_V).max() > _HAIR_V
            or np.abs(self.stores.volts - stores_V).max() > _STORE_HAIR_V
        )


def with_mismatch(deck: Deck, sigma_V: float) -> Deck:
    """Return a deck whose transistors' thresholds on a die differ by a standard deviation."""
    bound_V = _MISMATCH_BOUND * sigma_V
    spreads = tuple(
        dataclasses.replace(spread, sigma=sigma_V, low=-bound_V, high=bound_V)
        if _OWN_THRESHOLD.search(spread.parameter)
        else spread
        for spread in deck.spreads
    )
    return dataclasses.replace(deck, spreads=spreads)


def _cells_of_lines(synapses: Synapses, store_nets: Sequence[str]) -> dict[str, dict[int, str]]:
    """Return for each line's port the capacitors that it opens, each with its data port."""
    number = {net: index for index, net in enumerate(store_nets)}
    cells: dict[str, dict[int, str]] = {}
    synapse: Synapse
    for synapse in itertools.chain(*itertools.chain(*synapses.layers)):
        cells.setdefault(synapse.line, {})[number[synapse.store]] = synapse.data
    return cells
