"""Firings of a board, taken with an oscilloscope that triggers on the fixture's own trigger.

How long a firing takes is the board's own figure, so that the time base is known beforehand; scales
are found by one look at each case. Each record is of a firing of its own.
"""

from __future__ import annotations

from collections.abc import Mapping

from realnet_hw import shapes
from realnet_hw.board import Board, Case, Firing
from realnet_hw.errors import InputError
from realnet_hw.measure.journal import Point, TakenFiring
from realnet_hw.measure.probes import Probe
from realnet_hw.measure.procedure import Run, utc_now
from realnet_hw.measure.scopes.scope import next_scale
from realnet_hw.measure.screen import Screen, Seen, Shown

# The screen begins so much of itself before the trigger, for resets to be seen and figures to be
# taken, and ends after the board is read.
_BEFORE = 0.05
_PATIENCE_S, _PATIENCE_SPANS = 5.0, 20
# So much of the firing must be in a record: one sample may be missing at its end.
_WHOLE = 0.99


def firings(run: Run) -> list[Point]:
    """Take the firings at each of the board's cases; each case is one point of the journal.

    Raises:
        InputError: no scope has a probe on the trigger and another on anything else.
        BenchError: the scope does not trigger, refuses a setting, or can't show a whole swing; and
            as the fixture.
        LinkLost: fixture or scope does not answer any more.
    """
    board = run.board
    trigger, probes = _looked_at(run)
    points = []
    for index, case in enumerate(board.cases):
        settings = ", ".join(f"{name} = {volts:g} V" for name, volts in case.inputs.items())
        key = f"case {index} fired: {settings}"
        run.progress(len(board.cases) + index, 2 * len(board.cases), key)
        point = run.journal.get(key)
        if point is None:
            point = Point(
                point=key,
                set_V=dict(case.inputs),
                readings_V={},
                firing=_taken(run, case, trigger, probes),
                time_utc=utc_now(),
            )
            run.journal.record(point)
        points.append(point)
    return points


def _looked_at(run: Run) -> tuple[str, dict[str, Probe]]:
    """Return the trigger that has a probe, and all probes of that scope."""
    triggers = [port.name for port in run.board.ports if port.role == "trigger"]
    for trigger in triggers:
        own = run.probes.get(trigger)
        probes = {name: at for name, at in run.probes.items() if own and at.scope == own.scope}
        if len(probes) > 1:
            return trigger, probes
    raise InputError(
        f"no scope has a probe on {' or '.join(triggers)} and another on what it fires",
        where=run.board.name,
        mend=f'give the station a [scope.NAME], and in [probes.BOARD] {triggers[0]} = "NAME.1" '
        "and so on",
    )


def _taken(run: Run, case: Case, trigger: str, probes: Mapping[str, Probe]) -> TakenFiring:
    """Take the firings at one case."""
    firing = run.board.firing
    assert firing is not None
    scope = run.scopes[probes[trigger].scope]
    screen = Screen.of(scope, probes, dict.fromkeys(probes, _reach_V(run.board)))
    divisions = scope.specification.divisions
    s_a_division = next_scale(firing.read_after_s / (1 - _BEFORE) / divisions)
    span_s = divisions * s_a_division
    scope.timebase(s_a_division=s_a_division, centre_s=(0.5 - _BEFORE) * span_s)
    rests_V = next(port.max_V for port in run.board.ports if port.name == trigger)
    scope.trigger(probes[trigger].channel, level_V=rests_V / 2, rising=False)
    run.fixture.source({run.wiring[name]: volts for name, volts in case.inputs.items()})
    run.fixture.wait(run.reading.settle_s)

    def once() -> Seen:
        return _once(run, firing, screen, span_s)

    first = once()
    screen = screen.fitted(
        {name: (float(wave.volts.min()), float(wave.volts.max())) for name, wave in first.items()}
    )
    scope.check()
    screen, records = screen.taken(once)
    return TakenFiring(
        trigger=trigger,
        driver=run.scope_drivers[probes[trigger].scope],
        scope=scope.identity,
        waves=screen.waves(records),
    )


def _reach_V(board: Board) -> tuple[float, float]:
    """Return between what voltages the nodes of a board are: ground and its supplies."""
    volts = [0.0, *(supply.volts for supply in board.supplies)]
    return min(volts), max(volts)


def _once(run: Run, firing: Firing, screen: Screen, span_s: float) -> Seen:
    """Fire the board once and return what the scope saw."""
    scope = screen.scope
    scope.single()
    # What comes before the trigger must be in the memory first.
    run.fixture.wait(2 * _BEFORE * span_s)
    run.fixture.fire(firing, [])
    scope.wait(max(_PATIENCE_S, _PATIENCE_SPANS * span_s), run.fixture.confirm_on)
    shown = Shown(
        begin_s=-_BEFORE * span_s / 2,
        end_s=_WHOLE * firing.read_after_s,
        step_s=shapes.window_s(firing.read_after_s),
    )
    return screen.read(shown, run.fixture.confirm_on)
