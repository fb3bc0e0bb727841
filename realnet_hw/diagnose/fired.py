"""What a hypothesis makes a board of pulses answer: after a firing, and with a port held low."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from realnet_hw.board import Board
from realnet_hw.diagnose.answers import MS, held, width
from realnet_hw.diagnose.drawn import DrawnResponder
from realnet_hw.diagnose.responses import Array
from realnet_hw.diagnose.twins import Twin
from realnet_hw.errors import InputError
from realnet_hw.export.deck import Deck
from realnet_hw.predict import faults
from realnet_hw.predict.asking import Fired, asking_of
from realnet_hw.predict.engine import Engine, Parameters

# What is held low for so long is at rest; and so long is nothing held between reset and trigger.
_REST_s, _BETWEEN_s = 0.5, 0.005
# A tenth of a percent of a width is better than a controller's clock, in two thirds of the time.
# Of what is at rest only the end counts, to millivolts; a latch that chatters on the way to it,
# where an output is bridged to what sets it, would be followed for minutes.
_RELTOL, _REST_RELTOL = 3e-4, 3e-2
# A shorter pulse is none: what a comparator's own edge may look like.
_NO_PULSE_ms = 0.05
# So many volts or milliseconds, and amperes, a model may be off where it says that nothing varies:
# a pulse that is not there is as short as another.
_FINEST, _FINEST_A = 0.02, 2e-4


class FiredResponder(DrawnResponder):
    """Asks a board of pulses' faulty twins: see ``responding.Responding``.

    Args:
        board: with a firing.
        deck: of it.
        engine: the simulator.
        cases: for each case the volts of each input, by the port's name.

    Raises:
        InputError: a board that is not fired.
    """

    is_slow = True

    def __init__(
        self, board: Board, deck: Deck, engine: Engine, cases: Sequence[Mapping[str, float]]
    ) -> None:
        super().__init__(dataclasses.replace(deck, reltol=_RELTOL), engine, cases)
        asking = asking_of(board, deck)
        if not isinstance(asking, Fired):
            raise InputError("a board that is not fired", where=board.name)
        self._asking = asking
        roles = ("reset", "trigger")
        ports = [port.name for role in roles for port in board.ports if port.role == role]
        nodes = [node for node in dict.fromkeys(deck.nodes.values()) if node != "0"]
        self._touched = [*nodes, *(f"i({source.element})" for source in deck.supplies.values())]
        volts = list(asking.voltages.values())
        widths = [width(watch.node) for watch in asking.stopwatches.values()]
        rest = [held(name, port) for port in ports for name in self._touched]
        self.answers = (*volts, *widths, *rest)
        outputs = {deck.nodes[port.net] for port in board.outputs}
        middle_V = (board.logic.threshold_low_V + board.logic.threshold_high_V) / 2
        self.levels = np.array(
            [middle_V if node in outputs else np.nan for node in volts]
            + [_NO_PULSE_ms] * len(widths)
            + [np.nan] * len(rest)
        )
        finest = [_FINEST_A if name.startswith("i(") else _FINEST for name in self.answers]
        self.finest = np.array(finest)

    @property
    def asked(self) -> str:
        """See ``Responding``."""
        return f"{self.engine.name} {self._asking}"

    def prepare(self, spellings: Sequence[str]) -> None:
        """See ``DrawnResponder``; each fault has its own deck, which is the faster one here."""

    def twin(self, spelling: str) -> Twin:
        """See ``DrawnResponder``."""
        faulty = faults.apply(self.deck, spelling)
        return Twin(faulty, {}, faulty.spreads)

    def answered(
        self, twin: Twin, changes: Sequence[Parameters], sets: Sequence[Parameters]
    ) -> Array:
        """See ``DrawnResponder``: after a firing."""
        every = [{**twin.fixed, **change, **case} for change in changes for case in sets]
        fired = self._asking.answers(twin.deck, self.engine, every)
        fired[..., len(self._asking.voltages) :] *= MS
        return fired.reshape(len(changes), len(sets), -1)

    def left(self, twin: Twin, changes: Sequence[Parameters]) -> Array:
        """See ``DrawnResponder``: at rest, at the first of the inputs.

        With the reset held low, then with the trigger held low, everything that can be touched.
        """
        every = [{**self.sets[0], **twin.fixed, **change} for change in changes]
        deck = dataclasses.replace(twin.deck, reltol=_REST_RELTOL)
        for reset in self._asking.resets:
            released = [(0.0, 1.0), (_REST_s, 1.0), (_REST_s + _BETWEEN_s / 2, 0.0)]
            deck = deck.with_waveform(reset, released)
        for trigger in self._asking.triggers:
            pulled = [(0.0, 0.0), (_REST_s + _BETWEEN_s, 0.0), (_REST_s + 2 * _BETWEEN_s, 1.0)]
            deck = deck.with_waveform(trigger, pulled)
        volts = self.engine.transient(
            deck,
            every,
            self._touched,
            end_s=2 * _REST_s,
            step_s=_REST_s,
            use_initial_conditions=True,
        )
        return np.asarray(volts[:, 1:].reshape(len(every), -1), float)
