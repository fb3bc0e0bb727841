"""What the probes of a scope see of a board on the virtual fixture whose outputs follow its inputs.

The fixture's sources move in microseconds, and the board follows. What they did is remembered; what
a board's node did meanwhile is simulated when somebody looks: the same board as the fixture
measures, driven by what its sources gave, from the operating point before.

The capacitors of a board that learns hold what the fixture last wrote to them; what a refresh does
to the board for the microseconds that it takes is left out.

A scope's probe, 10 Mohm, loads no node of these boards so that it would be seen, and is left out.
"""

from __future__ import annotations

import copy
import itertools
import math
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from realnet_hw.emulate.converters import Course
from realnet_hw.emulate.fixture import DAC_SHUTDOWN, LDAC, OUTPUT_ENABLE, VirtualFixture
from realnet_hw.emulate.scopes.digitiser import Volts

if TYPE_CHECKING:
    from realnet_hw.emulate.front_end import Relay
    from realnet_hw.export.deck import Deck
    from realnet_hw.predict.engine import Engine, Parameters

_KEPT_events = 256
# A charge that is refreshed comes back to within this.
_SAME_V = 10e-3
_STILL_V = 1e-9
# A source is on its way so long at most, and followed at so many points.
_MOVES_s, _FOLLOWED_AT = 12e-6, 121
# A board is at rest so long after the last event; no more events than these are simulated together.
_REST_s, _TOGETHER_events = 5e-3, 8
# What follows an event is simulated finely for a while and coarsely after it.
_FINE_s, _FINE_STEP_s = 100e-6, 25e-9
_COARSE_steps = 2000


@dataclass(frozen=True)
class _Change:
    """What the sources do from a time on.

    Args:
        at_s: the time.
        courses: by source.
        relay: as it is then.
        switched_s: when the relay will have followed its coil, where that was switched.
    """

    at_s: float
    courses: tuple[Course, ...]
    relay: Relay
    switched_s: float | None = None


@dataclass(frozen=True)
class _Simulated:
    """A piece of the board's wave: evenly spaced times from ``begin_s`` on, volts by node."""

    begin_s: float
    step_s: float
    volts: Mapping[str, Volts]

    @property
    def end_s(self) -> float:
        return self.begin_s + self.step_s * (len(next(iter(self.volts.values()))) - 1)


class BoardView:
    """A board that follows its inputs, over time; whoever asks holds the fixture meanwhile.

    Args:
        fixture: that drives it.
        deck: the board's deck, with its faults.
        engine: what simulates it.
        parameters: of the board that was drawn.
        inputs: by input port, the fixture's source that drives it.
        nodes: by what a probe may be on, the deck's node.
        held: gives what the capacitors of a board that learns hold now: parameters, too.
    """

    def __init__(
        self,
        fixture: VirtualFixture,
        deck: Deck,
        engine: Engine,
        parameters: Parameters,
        *,
        inputs: Mapping[str, int],
        nodes: Mapping[str, str],
        held: Callable[[], Parameters] = dict,
    ) -> None:
        self._fixture, self._deck, self._engine = fixture, deck, engine
        self._parameters, self._inputs, self._nodes = parameters, inputs, nodes
        self._held = held
        self._changes: deque[_Change] = deque(maxlen=_KEPT_events)
        self._simulated: dict[tuple[float, float], _Simulated] = {}
        self._rests: dict[tuple[float, ...], Mapping[str, float]] = {}
        self._done: dict[object, Mapping[str, Volts]] = {}
        self._changes.append(_Change(fixture.now_s, self._courses(), self._relay()))
        for pin in (LDAC, DAC_SHUTDOWN):
            fixture.controller.watch(pin, lambda _level: self._moved())
        fixture.controller.watch(OUTPUT_ENABLE, self._switched)

    # ------------------------------------------------------------------------------ what happened

    def _courses(self) -> tuple[Course, ...]:
        return tuple(dac.course(side) for dac in self._fixture.dacs for side in (0, 1))

    def _relay(self) -> Relay:
        return copy.copy(self._fixture.front_end.relay)

    def _moved(self) -> None:
        """Remember what the DACs do now, if it is anything new."""
        courses, before = self._courses(), self._changes[-1].courses
        moved = [n for n in self._inputs.values() if courses[n] != before[n]]
        if any(abs(courses[n].to_V - courses[n].from_V) > _STILL_V for n in moved):
            self._changes.append(_Change(self._fixture.now_s, courses, self._relay()))

    def _switched(self, level: int) -> None:
        """Remember that the relay's coil was switched, and when its contact follows."""
        now_s, errors = self._fixture.now_s, self._fixture.front_end.errors
        follows_s = errors.relay_operate_s if level else errors.relay_release_s
        self._changes.append(_Change(now_s, self._courses(), self._relay(), now_s + follows_s))

    def now_s(self) -> float:
        """See ``Bench``."""
        return self._fixture.now_s

    def events(self, since_s: float) -> list[float]:
        """See ``Bench``: a source is told to move, or the relay connects or grounds."""
        now_s = self.now_s()
        moments = {one.at_s for one in self._changes if one.switched_s is None}
        moments |= {one.switched_s for one in self._changes if one.switched_s is not None}
        return sorted(at_s for at_s in moments if since_s < at_s <= now_s)

    def _terminal_V(self, source: int, at_s: float) -> float:
        """The voltage at a source's terminal at a time that is past, or if nothing changes."""
        change = self._changes[0]
        for one in self._changes:
            if one.at_s > at_s:
                break
            change = one
        if not change.relay.operated(at_s):
            return 0.0
        return self._fixture.front_end.shifter_V(source, change.courses[source].at(at_s), at_s)

    # --------------------------------------------------------------------------- what probes see

    def volts(self, probe: str, times_s: Volts) -> Volts:
        """See ``Bench``.

        Raises:
            SimulationFailed: the board has no solution.
        """
        found = np.empty(len(times_s))
        bounds = [-math.inf, *self.events(float(times_s[0]) - _REST_s), math.inf]
        for begin_s, end_s in itertools.pairwise(bounds):
            inside = (times_s >= begin_s) & (times_s < end_s)
            if not inside.any():
                continue
            if probe in self._inputs:
                found[inside] = self._source_after(begin_s, self._inputs[probe], times_s[inside])
            else:
                found[inside] = self._node_after(begin_s, self._nodes[probe], times_s[inside])
        return found

    def _source_after(self, event_s: float, source: int, times_s: Volts) -> Volts:
        """What a source's terminal does between an event, or for ever, and the next one."""
        begin_s = float(times_s[0]) if math.isinf(event_s) else event_s
        grid_s = begin_s + np.linspace(0.0, _MOVES_s, _FOLLOWED_AT)
        levels_V = [self._terminal_V(source, at_s) for at_s in grid_s.tolist()]
        found: Volts = np.interp(times_s, grid_s, levels_V)
        return found

    def _node_after(self, event_s: float, node: str, times_s: Volts) -> Volts:
        """What a node does between an event, or for ever, and the next one."""
        last_s = float(times_s[-1])
        if math.isinf(event_s):
            return np.full(len(times_s), self._at_rest(float(times_s[0]))[node])
        begin_s = self._begin_of_burst(event_s)
        fine_s = event_s - begin_s + _FINE_s
        fine = self._piece(
            begin_s, begin_s + fine_s, math.ceil(fine_s / _FINE_STEP_s), _FINE_STEP_s
        )
        found = _at(fine, node, times_s)
        late = times_s > fine.end_s
        if late.any():
            length_s = 2.0 ** math.ceil(math.log2(last_s - begin_s))
            coarse = self._piece(
                begin_s, begin_s + length_s, _COARSE_steps, length_s / _COARSE_steps
            )
            found[late] = _at(coarse, node, times_s[late])
        return found

    def _at_rest(self, at_s: float) -> Mapping[str, float]:
        """The voltages of all nodes where nothing has moved for long."""
        levels = {port: round(self._terminal_V(n, at_s), 6) for port, n in self._inputs.items()}
        held = self._held()
        key = (*levels.values(), *_charges(held))
        if key not in self._rests:
            if len(self._rests) >= _KEPT_events:
                self._rests.clear()
            put = {self._deck.inputs[port].element: level for port, level in levels.items()}
            names = list(dict.fromkeys(self._nodes.values()))
            chosen = {**self._parameters, **held, **put}
            volts = self._engine.operating_point(self._deck, [chosen], names)
            self._rests[key] = dict(zip(names, volts[0].tolist(), strict=True))
        return self._rests[key]

    def _begin_of_burst(self, event_s: float) -> float:
        """The earliest of the events that were so close together that they count as one."""
        earlier = [at_s for at_s in self.events(-math.inf) if at_s <= event_s]
        first = earlier[-1]
        for at_s in reversed(earlier[-_TOGETHER_events:]):
            if first - at_s > _REST_s:
                break
            first = at_s
        return first

    def _piece(self, begin_s: float, end_s: float, steps: int, step_s: float) -> _Simulated:
        key = (begin_s, end_s)
        if key not in self._simulated:
            if len(self._simulated) >= _KEPT_events:
                self._simulated.clear()
            self._simulated[key] = self._simulate(begin_s, steps, step_s)
        return self._simulated[key]

    def _simulate(self, begin_s: float, steps: int, step_s: float) -> _Simulated:
        """Simulate the board from rest at a time, as the sources drive it from then on."""
        moments = {begin_s}
        for event_s in [begin_s, *self.events(begin_s)]:
            if event_s <= begin_s + steps * step_s:
                moments |= set((event_s + np.linspace(0.0, _MOVES_s, _FOLLOWED_AT)).tolist())
        times_s = sorted(moments)
        drives: dict[str, list[tuple[float, float]]] = {}
        for port, source in self._inputs.items():
            # Just before the event the source is where it was: there the board is at rest.
            levels_V = [self._terminal_V(source, math.nextafter(begin_s, 0.0))]
            levels_V += [self._terminal_V(source, at_s) for at_s in times_s[1:]]
            drives[port] = _bends([at_s - begin_s for at_s in times_s], levels_V)
        return _Simulated(begin_s, step_s, self._driven(drives, steps, step_s))

    def _driven(
        self, drives: Mapping[str, list[tuple[float, float]]], steps: int, step_s: float
    ) -> Mapping[str, Volts]:
        """Return what the nodes do when the inputs do this; the same again is not done again."""
        held = self._held()
        driven = tuple((port, tuple(bends)) for port, bends in drives.items())
        key = (steps, step_s, driven, _charges(held))
        if key not in self._done:
            if len(self._done) >= _KEPT_events:
                self._done.clear()
            deck = self._deck
            for port, bends in drives.items():
                deck = deck.with_waveform(self._deck.inputs[port].element, bends)
            names = list(dict.fromkeys(self._nodes.values()))
            volts = self._engine.transient(
                deck, [{**self._parameters, **held}], names, end_s=steps * step_s, step_s=step_s
            )[0]
            self._done[key] = {name: volts[:, i] for i, name in enumerate(names)}
        return self._done[key]


def _charges(held: Parameters) -> tuple[int, ...]:
    """Return what is held so coarsely that a refresh makes no other board of it."""
    return tuple(round(volts / _SAME_V) for volts in held.values())


def _at(piece: _Simulated, node: str, times_s: Volts) -> Volts:
    volts = piece.volts[node]
    grid_s = piece.begin_s + piece.step_s * np.arange(len(volts))
    found: Volts = np.interp(times_s, grid_s, volts)
    return found


def _bends(times_s: list[float], levels_V: list[float]) -> list[tuple[float, float]]:
    """Leave out what stays where it is, to a microvolt, and times that are one."""
    times_s = [round(at_s, 11) for at_s in times_s]
    levels_V = [round(level_V, 6) for level_V in levels_V]
    kept = [(times_s[0], levels_V[0])]
    for index in range(1, len(times_s)):
        at_s, level_V = times_s[index], levels_V[index]
        is_last = index == len(times_s) - 1
        flat = (
            abs(level_V - kept[-1][1]) < 1e-6
            and not is_last
            and abs(levels_V[index + 1] - level_V) < 1e-6
        )
        if at_s - kept[-1][0] > 1e-10 and not flat:
            kept.append((at_s, level_V))
    return kept
