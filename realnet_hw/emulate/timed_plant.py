"""A board that takes its time: its waves are simulated ahead, and cut when it is touched.

From each event on (an input changes, a trigger or reset is pulled or let go) the board's wave is
simulated with everything held as it is then, beginning with the voltages of that instant. The next
event cuts it there. So the board and the controller that fires it run in lockstep, though each is
simulated on its own: no cause comes after its effect.

What was simulated is remembered for a while, for a scope that looks at it when it has happened.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from realnet_hw.emulate.plant import drawn
from realnet_hw.errors import InputError

if TYPE_CHECKING:
    from realnet_hw.export.deck import Deck
    from realnet_hw.predict.engine import Engine, Volts, Wave

# An input that moves by less than a tenth of the DAC's step is held: what drifts is no event.
_HELD_V = 0.5e-3
# A wave is simulated in pieces, each as long as the time since the event, this at least.
_FIRST_PIECE_s = 1e-3
# So long after the last event nothing moves any more: longer than any firing lasts.
_AT_REST_s = 2.5
# A piece that long in whose second half nothing moves by more is the last one, too.
_TELLING_PIECE_s, _STILL_V = 16e-3, 20e-6
# A piece that begins within this of one that was simulated goes on as that one did.
_SAME_V = 1e-3
_KEPT_pieces = 96
# So much of what has happened is remembered: some firings.
_REMEMBERED_pieces, _REMEMBERED_events = 160, 256
# Less than an instruction of the controller: no time.
_INSTANT_s = 1e-9
# The contact of a source's relay.
_CLOSED_ohm, _OPEN_ohm = 1e-3, 1e12


@dataclass(frozen=True)
class _Piece:
    """A piece of a wave: what was held, its length, its voltages at the begin, the wave."""

    held: tuple[float | None, ...]
    length_s: float
    start: Volts
    wave: Wave


@dataclass(frozen=True)
class _Past:
    """A piece of a wave that has happened, and when it began; what follows cuts it."""

    begin_s: float
    wave: Wave


class TimedPlant:
    """One board out of all that its parts' tolerances allow, as time passes.

    It is switched on, everything discharged, when it is made.

    Args:
        deck: the board's own deck.
        engine: what simulates it.
        seed: which board, as in ``SpicePlant``.
        open_inputs: the input ports whose source is disconnected, not grounded, when it is off.
        step_s: the longest step of the simulation, well below the shortest pulse.
        faults: such as ``"R3 +20 %"``, applied in order.
        parts: from what lot they are, a key of ``predict.lots.LOTS``.

    Raises:
        InputError: a fault that this deck can't have.
    """

    def __init__(
        self,
        deck: Deck,
        engine: Engine,
        *,
        seed: int | None,
        open_inputs: Collection[str] = (),
        step_s: float = 1e-4,
        faults: Sequence[str] = (),
        parts: str = "mixed",
    ) -> None:
        self._deck, self.parameters = drawn(deck, seed=seed, faults=faults, parts=parts)
        self._engine, self._step_s = engine, step_s
        self._contacts = {port: f"r_{port.lower()}_contact" for port in open_inputs}
        for port, contact in self._contacts.items():
            source = self._deck.inputs[port]
            self._deck = self._deck.with_element(
                source.element,
                f"{source.element} {source.node}_source 0 0",
                f"{contact} {source.node}_source {source.node} {_CLOSED_ohm}",
            )
        self._ports, self._drivers = tuple(deck.inputs), tuple(deck.drivers)
        self._nodes = frozenset(deck.nodes.values())
        self._inputs: tuple[float | None, ...] = tuple(
            None if port in self._contacts else 0.0 for port in self._ports
        )
        self._pulls = (0,) * len(self._drivers)
        self._start_V: dict[str, float] = {}
        self._wave: Wave | None = None
        # Since the last event: where the present piece began, and where we are; and where in it.
        self._begun_s = self._at_s = self._now_s = 0.0
        self._at_rest = False
        # What was held before and for how long, not simulated yet.
        self._owed: deque[tuple[tuple[float | None, ...], float]] = deque()
        self._pieces: deque[_Piece] = deque(maxlen=_KEPT_pieces)
        # When the event was that the present wave follows, and what has happened until now.
        self._event_s = 0.0
        self._past: deque[_Past] = deque(maxlen=_REMEMBERED_pieces)
        self.elapsed_s = 0.0
        """How long ago it was switched on."""
        self.events_s: deque[float] = deque(maxlen=_REMEMBERED_events)
        """When something was changed at its terminals, since it was switched on."""
        self.simulated = 0

    # ---------------------------------------------------------------------------- the board's side

    def set_inputs(self, volts: Mapping[str, float | None]) -> None:
        """Put voltages on the input ports; None disconnects one. What is not named is at 0 V.

        Raises:
            InputError: the board has no such input, or it is not one that may be open.
        """
        for port, level in volts.items():
            if port not in self._ports:
                raise InputError(f"no input {port!r}", allowed=", ".join(self._ports))
            if level is None and port not in self._contacts:
                raise InputError("this input can't be open", where=port)
        wanted = tuple(volts.get(port, 0.0) for port in self._ports)
        if any(map(_moved, self._inputs, wanted)):
            self._cut()
            self._inputs = wanted

    def advance(self, seconds: float, pins: Mapping[str, int]) -> None:
        """Let time pass with the pins as given; of these, trigger and reset act on the board."""
        pulls = tuple(int(bool(pins.get(port, 0))) for port in self._drivers)
        if pulls != self._pulls:
            self._cut()
            self._pulls = pulls
        self._at_s += seconds
        self.elapsed_s += seconds

    def read(self, node: str) -> float:
        """The voltage of a node of the deck now, volts.

        Raises:
            InputError: the deck has no such node.
            SimulationFailed: SPICE found no way on.
        """
        if node not in self._nodes:
            raise InputError(f"no node {node!r}", allowed=", ".join(sorted(self._nodes)))
        wave = self._reach()
        return float(np.interp(self._now_s, wave.times_s, wave.volts[node]))

    def seen(self, node: str, times_s: Volts) -> Volts:
        """What a node did.

        Args:
            node: of the deck.
            times_s: since it was switched on, rising, none later than now, shape (times).

        Returns:
            Volts, shape (times). At an event it is what was there just before.

        Raises:
            SimulationFailed: SPICE found no way on.
        """
        self._reach_back(float(times_s[-1]))
        past = list(self._past)
        begins_s = [piece.begin_s for piece in past]
        chosen = np.maximum(np.searchsorted(begins_s, times_s, side="left") - 1, 0)
        found = np.empty(len(times_s))
        for index in np.unique(chosen).tolist():
            here, wave = chosen == index, past[index].wave
            found[here] = np.interp(
                times_s[here] - past[index].begin_s, wave.times_s, wave.volts[node]
            )
        return found

    def current_A(self, _port: str, /) -> float:
        """None: waves tell no currents, so that the source of a timed board counts as stiff."""
        return 0.0

    def when(self, node: str, level_V: float, above: bool) -> tuple[float, bool] | None:
        """See ``Plant``.

        Raises:
            SimulationFailed: SPICE found no way on.
        """
        wave = self._reach()
        volts, times_s = wave.volts[node], wave.times_s
        sign = 1.0 if above else -1.0
        beyond_V = sign * (volts - level_V)
        now_V = sign * (float(np.interp(self._now_s, times_s, volts)) - level_V)
        if now_V > 0:
            return 0.0, True
        first = int(np.searchsorted(times_s, self._now_s, side="right"))
        found = np.flatnonzero(beyond_V[first:] > 0)
        if len(found):
            index = first + int(found[0])
            before_s, before_V = self._now_s, now_V
            if index > first:
                before_s, before_V = float(times_s[index - 1]), float(beyond_V[index - 1])
            share = -before_V / (float(beyond_V[index]) - before_V)
            return before_s + share * (float(times_s[index]) - before_s) - self._now_s, True
        if self._at_rest:
            return None
        return float(times_s[-1]) - self._now_s, False

    # -------------------------------------------------------------------------------------- waves

    def _cut(self) -> None:
        """End the wave here: what comes begins with the voltages of this instant.

        Where these are not known yet, they are found out when somebody asks.
        """
        if self._at_s > 0:
            self._owed.append((self._held(), self._at_s))
        elif not self._owed:
            self._forget()
        self._at_s = 0.0
        self.events_s.append(self.elapsed_s)

    def _reach(self) -> Wave:
        """Return the piece of the wave in which we are, simulated if need be."""
        while self._owed:
            self._pay()
        return self._go_on(self._held(), self._at_s)

    def _pay(self) -> None:
        """Simulate what was held before, from the first event that has not been."""
        held, length_s = self._owed.popleft()
        self._go_on(held, length_s)
        assert self._wave is not None
        self._start_V = _at(self._wave, self._now_s)
        self._event_s += length_s
        self._forget()

    def _reach_back(self, until_s: float) -> None:
        """Simulate all until a time since it was switched on, that is not later than now."""
        while self._owed and self._event_s < until_s:
            self._pay()
        if not self._owed:
            self._go_on(self._held(), min(self._at_s, max(0.0, until_s - self._event_s)))

    def _go_on(self, held: tuple[float | None, ...], until_s: float) -> Wave:
        """Return the piece of the present wave that reaches beyond a time since its event."""
        while self._wave is None or (
            not self._at_rest and self._begun_s + self._wave.times_s[-1] < until_s + _INSTANT_s
        ):
            if self._wave is not None:
                self._start_V = _at(self._wave, math.inf)
                self._begun_s += float(self._wave.times_s[-1])
            self._wave = self._piece(held, max(_FIRST_PIECE_s, self._begun_s))
            self._past.append(_Past(self._event_s + self._begun_s, self._wave))
            self._at_rest = self._begun_s >= _AT_REST_s or _is_still(self._wave)
        self._now_s = until_s - self._begun_s
        return self._wave

    def _forget(self) -> None:
        self._wave = None
        self._begun_s = 0.0
        self._at_rest = False

    def _piece(self, held: tuple[float | None, ...], length_s: float) -> Wave:
        start = np.array([self._start_V[node] for node in sorted(self._start_V)])
        for piece in self._pieces:
            if (
                (piece.held, piece.length_s) == (held, length_s)
                and len(piece.start) == len(start)
                and np.all(np.abs(piece.start - start) < _SAME_V)
            ):
                return piece.wave
        wave = self._engine.wave(
            self._deck,
            {**self.parameters, **self._parameters_of(held)},
            end_s=length_s,
            step_s=self._step_s,
            start_V=self._start_V,
        )
        self.simulated += 1
        self._pieces.append(_Piece(held, length_s, start, wave))
        return wave

    def _held(self) -> tuple[float | None, ...]:
        return (*self._inputs, *self._pulls)

    def _parameters_of(self, held: tuple[float | None, ...]) -> dict[str, float]:
        """Return the parameters of what is held: sources, their contacts, open collectors."""
        found: dict[str, float] = {}
        levels, pulls = held[: len(self._ports)], held[len(self._ports) :]
        for port, level in zip(self._ports, levels, strict=True):
            found[self._deck.inputs[port].element] = level or 0.0
            if port in self._contacts:
                found[self._contacts[port]] = _OPEN_ohm if level is None else _CLOSED_ohm
        for port, pulled in zip(self._drivers, pulls, strict=True):
            found[self._deck.drivers[port].element] = float(pulled or 0)
        return found


def _at(wave: Wave, at_s: float) -> dict[str, float]:
    """Return the voltages of every node at a time of a wave."""
    return {node: float(np.interp(at_s, wave.times_s, v)) for node, v in wave.volts.items()}


def _moved(before_V: float | None, now_V: float | None) -> bool:
    if before_V is None or now_V is None:
        return before_V is not now_V
    return abs(now_V - before_V) > _HELD_V


def _is_still(wave: Wave) -> bool:
    """Whether nothing moves any more at the end of a piece."""
    if wave.times_s[-1] < _TELLING_PIECE_s:
        return False
    half = int(np.searchsorted(wave.times_s, wave.times_s[-1] / 2))
    return all(float(np.ptp(volts[half:])) < _STILL_V for volts in wave.volts.values())
