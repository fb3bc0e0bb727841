"""What a hypothesis makes a board of pulses answer: after a firing, and with a port held low."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from realnet_hw.board import Board
from realnet_hw.diagnose.answers import MS, flips_V, held, untimed, width
from realnet_hw.diagnose.drawn import DrawnResponder
from realnet_hw.diagnose.responses import Array
from realnet_hw.diagnose.timing import timed
from realnet_hw.diagnose.twins import Twin, changed_values
from realnet_hw.errors import InputError
from realnet_hw.export.deck import Deck
from realnet_hw.predict import faults
from realnet_hw.predict.asking import Fired, asking_of
from realnet_hw.predict.compiled.engine import CompiledEngine
from realnet_hw.predict.engine import Parameters

# What is held low for so long is at rest; and so long is nothing held between reset and trigger.
_REST_s, _BETWEEN_s = 0.5, 0.005
# Widths within a microsecond or three are better than a controller's clock, in half of the time.
# Of what is at rest only the end counts, to millivolts; a latch that chatters on the way to it,
# where an output is bridged to what sets it, would be followed for minutes.
_RELTOL, _REST_RELTOL = 3e-3, 3e-2
# A shorter pulse is none: what a comparator's own edge may look like.
_NO_PULSE_ms = 0.05
# So many volts or milliseconds, and amperes, a model may be off where it says that nothing varies:
# a pulse that is not there is as short as another. What is as probable as not is not seen.
_FINEST, _FINEST_A, _FINEST_UNTIMED = 0.02, 2e-4, 0.4
# Where a board goes on switching with its trigger held low, a meter shows anything.
_UNSETTLED, _UNSETTLED_A = 5.0, 0.02


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
        self, board: Board, deck: Deck, engine: CompiledEngine, cases: Sequence[Mapping[str, float]]
    ) -> None:
        super().__init__(dataclasses.replace(deck, reltol=_RELTOL), engine, cases)
        asking = asking_of(board, deck)
        if not isinstance(asking, Fired):
            raise InputError("a board that is not fired", where=board.name)
        self._engine = engine
        self._asking = asking
        roles = ("reset", "trigger")
        ports = [port.name for role in roles for port in board.ports if port.role == role]
        nodes = [node for node in dict.fromkeys(deck.nodes.values()) if node != "0"]
        self._touched = [*nodes, *(f"i({source.element})" for source in deck.supplies.values())]
        volts = list(asking.voltages.values())
        timed_at = [watch.node for watch in asking.stopwatches.values()]
        rest = [held(name, port) for port in ports for name in self._touched]
        self.answers = (*volts, *map(width, timed_at), *map(untimed, timed_at), *rest)
        self.together = len(volts) + len(timed_at)
        flips = {deck.nodes[net]: level_V for net, level_V in flips_V(board).items()}
        self.levels = np.array(
            [flips.get(node, np.nan) for node in volts]
            + [_NO_PULSE_ms] * len(timed_at)
            + [np.nan] * (len(timed_at) + len(rest))
        )
        self.finest = np.array(
            [_FINEST] * (len(volts) + len(timed_at))
            + [_FINEST_UNTIMED] * len(timed_at)
            + [_FINEST_A if name.startswith("i(") else _FINEST for name in rest]
        )
        self.unsettled = np.array(
            [_UNSETTLED_A if name.startswith("i(") else _UNSETTLED for name in rest]
        )

    @property
    def asked(self) -> str:
        """See ``Responding``."""
        return f"{self.engine.name} {self._asking}"

    def prepare(self, spellings: Sequence[str]) -> None:
        """See ``DrawnResponder``; a deck for each fault that is no parameter is faster here."""

    def twin(self, spelling: str) -> Twin:
        """See ``DrawnResponder``."""
        faulty = faults.apply(self.deck, spelling)
        changed = changed_values(self.deck, faulty)
        if changed is None:
            return Twin(faulty, {}, faulty.spreads)
        return Twin(self.deck, changed, faulty.spreads)

    def answers_to(self, twin: Twin, every: Sequence[Parameters]) -> Array:
        """See ``DrawnResponder``: after a firing."""
        asking = self._asking
        passed = self._engine.passed(
            dataclasses.replace(asking, stopwatches={}).deck(twin.deck),
            [{**twin.fixed, **one} for one in every],
            list(asking.voltages.values()),
            [(watch.node, watch.level_V) for watch in asking.stopwatches.values()],
            end_s=asking.end_s,
            use_initial_conditions=True,
        )
        volts, ends_V = np.split(passed.ends_V, [len(asking.voltages)], axis=1)
        high = ends_V > [watch.level_V for watch in asking.stopwatches.values()]
        pulses = np.array(
            [
                [
                    timed(crossings_s, asking.start_s, asking.end_s, ends_high=bool(ends_high))
                    for crossings_s, ends_high in zip(*board, strict=True)
                ]
                for board in zip(passed.crossings_s, high, strict=True)
            ]
        ).reshape(len(every), len(asking.stopwatches), 2)
        return np.hstack([volts, MS * pulses[..., 0], pulses[..., 1]])

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
