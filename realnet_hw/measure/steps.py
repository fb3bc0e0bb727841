"""Steps of an input and what the board makes of them, taken with an oscilloscope.

The fixture's source makes the step, the scope triggers on it at the input's terminal. Scales and
time base are found by looking: first at the levels at rest, then at how long the outputs move.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from realnet_hw import edges
from realnet_hw.errors import InputError
from realnet_hw.measure.journal import Point, TakenEdge
from realnet_hw.measure.probes import Probe
from realnet_hw.measure.procedure import Run, utc_now
from realnet_hw.measure.scopes.scope import Waveform, next_scale
from realnet_hw.measure.screen import Screen, Seen, Shown

# Where nothing is known of a terminal.
_UNKNOWN_V = 20.0
# The screen begins so much of itself before the trigger.
_BEFORE = 0.2
# What an output does after its input shall fill the screen, and no less than this share of it.
_TIMES_SETTLED, _USED, _ROOM, _FULL = 5.0, 0.1, 2.5, 0.9
_FIRST_S, _SHORTEST_S, _LONGEST_S = 10e-6, 200e-9, 0.1
_LOOKS = 5
# While scales are sought: at rest within so much of the way; noise is no movement.
_MOVING, _NOISE_V = 0.06, 0.05
_PATIENCE_S, _PATIENCE_SPANS = 5.0, 20
# Of what the time base shows, a record has so much at least, in so many points.
_WHOLE, _POINTS = 0.9, 200
# Patterns of the other inputs are as good as the best within this share: the first of them.
_AS_GOOD = 0.2


@dataclass(frozen=True)
class Step:
    """A step of one input with the others held.

    Args:
        input: which one.
        low_V, high_V: its levels.
        held_V: the others.
        rest_V: by output, its voltages at low and at high.
    """

    input: str
    low_V: float
    high_V: float
    held_V: Mapping[str, float]
    rest_V: Mapping[str, tuple[float, float]]


def steps(run: Run) -> list[Step]:
    """Return, for each input that has a probe, the step that moves the outputs most.

    The other inputs are held at every pattern of their levels, and the outputs read at rest.

    Raises:
        InputError: no input has a probe with an output's on the same scope, or no output is wired.
        BenchError, LinkLost: as the fixture.
    """
    board = run.board
    outputs = {
        port.name: run.wiring[port.name] for port in board.outputs if port.name in run.wiring
    }
    watched = [port for port in board.inputs if _looked_at(run, port.name)]
    if not watched or not outputs:
        raise InputError(
            "no scope has a probe on an input and another on an output",
            where=board.name,
            mend='give the station a [scope.NAME], and in [probes.BOARD] X1 = "NAME.1" and so on',
        )
    levels_V = {port.name: board.levels_V(port) for port in board.inputs}
    found = []
    for port in watched:
        others = [name for name in levels_V if name != port.name]
        tried = []
        for pattern in itertools.product(*(levels_V[name] for name in others)):
            held_V = dict(zip(others, pattern, strict=True))
            ends = [_at_rest(run, {**held_V, port.name: level}) for level in levels_V[port.name]]
            rest_V = {name: (ends[0][at], ends[1][at]) for name, at in outputs.items()}
            tried.append(Step(port.name, *levels_V[port.name], held_V, rest_V))
        best_V = max(map(_swing_V, tried))
        found.append(next(one for one in tried if _swing_V(one) >= (1 - _AS_GOOD) * best_V))
    return found


def _swing_V(step: Step) -> float:
    return max(abs(high - low) for low, high in step.rest_V.values())


def _looked_at(run: Run, name: str) -> dict[str, Probe]:
    """Return the probes of the scope that looks at an input: its own and those of outputs."""
    own = run.probes.get(name)
    if own is None:
        return {}
    terminals = [name, *(port.name for port in run.board.outputs)]
    found = {
        terminal: run.probes[terminal]
        for terminal in terminals
        if terminal in run.probes and run.probes[terminal].scope == own.scope
    }
    return found if len(found) > 1 else {}


def _at_rest(run: Run, inputs_V: Mapping[str, float]) -> dict[str, float]:
    """Return what every channel of the fixture reads with the inputs at some levels."""
    run.fixture.source({run.wiring[name]: volts for name, volts in inputs_V.items()})
    run.fixture.wait(run.reading.settle_s)
    return run.fixture.read_all()


def edges_of(run: Run, step: Step) -> list[Point]:
    """Take the rising and the falling edge of a step; each is one point of the journal.

    Raises:
        BenchError: the scope does not trigger, refuses a setting, or can't show a whole swing; and
            as the fixture.
        LinkLost: fixture or scope does not answer any more.
    """
    names = ", ".join(f"{name} = {volts:g} V" for name, volts in step.held_V.items())
    ends = ((step.low_V, step.high_V), (step.high_V, step.low_V))
    keys = [
        f"{step.input} from {begin:g} to {end:g} V" + (f" with {names}" if names else "")
        for begin, end in ends
    ]
    known = [run.journal.get(key) for key in keys]
    looking = None if all(known) else _Looking.begin(run, step)
    points = []
    for key, there, (from_V, to_V) in zip(keys, known, ends, strict=True):
        if there is not None:
            points.append(there)
            continue
        assert looking is not None
        looking, edge = looking.taken(from_V, to_V)
        point = Point(
            point=key,
            set_V={**step.held_V, step.input: to_V},
            readings_V={},
            edge=edge,
            time_utc=utc_now(),
        )
        run.journal.record(point)
        points.append(point)
    return points


@dataclass(frozen=True)
class _Looking:
    """A scope set for a step.

    Args:
        run: for the fixture.
        step: the step.
        screen: its scales.
        s_a_division: of the time base.
    """

    run: Run
    step: Step
    screen: Screen
    s_a_division: float

    @classmethod
    def begin(cls, run: Run, step: Step) -> _Looking:
        """Set the scales, and look a few times for the time base."""
        probes = _looked_at(run, step.input)
        rest_V = {**step.rest_V, step.input: (step.low_V, step.high_V)}
        unknown_V = (-_UNKNOWN_V / 2, _UNKNOWN_V / 2)
        screen = Screen.of(
            run.scopes[probes[step.input].scope],
            probes,
            {terminal: rest_V.get(terminal, unknown_V) for terminal in probes},
        )
        looking = cls(run, step, screen, _FIRST_S)
        for _ in range(_LOOKS):
            better = looking._better()
            if better == looking:
                break
            looking = better
        screen.scope.check()
        return looking

    def _better(self) -> _Looking:
        """Look once, and return what would show all, and nothing but that."""
        seen = self._once(self.step.low_V, self.step.high_V)
        return replace(self, screen=self.screen.widened(seen), s_a_division=self._fitting(seen))

    def _fitting(self, seen: Seen) -> float:
        """Return the time base that fits what was seen with the present one."""
        now_s, divisions = self.s_a_division, self.screen.scope.specification.divisions
        settled_s = max(_moving_until(wave) for wave in seen.values())
        shown_s = (1 - _BEFORE) * divisions * now_s
        if settled_s > _FULL * shown_s:
            return min(10 * now_s, _LONGEST_S)
        if settled_s > _USED * shown_s and _TIMES_SETTLED * settled_s < _ROOM * shown_s:
            return now_s
        wanted_s = _TIMES_SETTLED * settled_s / (1 - _BEFORE) / divisions
        return min(max(next_scale(max(wanted_s, now_s / 50)), _SHORTEST_S), _LONGEST_S)

    def _once(self, from_V: float, to_V: float) -> Seen:
        """Take one record of the input's step."""
        run, step = self.run, self.step
        scope, probes = self.screen.scope, self.screen.probes
        held = {run.wiring[name]: volts for name, volts in step.held_V.items()}
        source, span_s = run.wiring[step.input], self.s_a_division * scope.specification.divisions
        run.fixture.source({**held, source: from_V})
        run.fixture.wait(max(run.reading.settle_s, span_s))
        scope.timebase(s_a_division=self.s_a_division, centre_s=(0.5 - _BEFORE) * span_s)
        scope.trigger(
            probes[step.input].channel,
            level_V=(step.low_V + step.high_V) / 2,
            rising=to_V > from_V,
        )
        scope.single()
        # What comes before the trigger must be in the memory first.
        run.fixture.wait(2 * span_s)
        run.fixture.source({source: to_V})
        scope.wait(max(_PATIENCE_S, _PATIENCE_SPANS * span_s), run.fixture.confirm_on)
        shown = Shown(
            begin_s=-_WHOLE * _BEFORE * span_s,
            end_s=_WHOLE * (1 - _BEFORE) * span_s,
            step_s=span_s / _POINTS,
        )
        return self.screen.read(shown, run.fixture.confirm_on)

    def taken(self, from_V: float, to_V: float) -> tuple[_Looking, TakenEdge]:
        """Take an edge several times.

        Returns:
            Itself, with coarser scales if it took these, and the edge.

        Raises:
            BenchError: however coarse, a record is cut off.
        """
        screen, records = self.screen.taken(lambda: self._once(from_V, to_V))
        name = self.step.input
        return replace(self, screen=screen), TakenEdge(
            input=name,
            from_V=from_V,
            to_V=to_V,
            driver=self.run.scope_drivers[screen.probes[name].scope],
            scope=screen.scope.identity,
            waves=screen.waves(records),
        )


def _moving_until(wave: Waveform) -> float:
    """Return when, after the trigger, a wave is at rest for good; 0 where it never moved."""
    volts, times_s = wave.volts, wave.times_s
    ends = edges.levels(volts, times_s, 0.0)
    if abs(ends.way_V) < _NOISE_V:
        return 0.0
    off = np.abs(volts - ends.after_V) > _MOVING * abs(ends.way_V)
    outside = np.flatnonzero(off & (times_s > 0))
    return float(times_s[outside[-1]]) if len(outside) else 0.0
