"""How the outputs follow a square wave on one input, and how long they take to settle."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from realnet_hw import edges, records
from realnet_hw.board import Board
from realnet_hw.errors import InputError, SimulationFailed
from realnet_hw.export.deck import Deck
from realnet_hw.predict.engine import Engine, Parameters, Volts
from realnet_hw.predict.levels import RESOLUTION_V, most_telling, responses, sources
from realnet_hw.predict.traces import band, ideal, microvolts, outermost, trace

# Of what a period is made: a while at low, then a high and a low half, in steps of the record.
_BEFORE = 20
_HALF = 200
# An edge takes this share of a half, so that what is seen is the outputs' own speed; one that is
# given takes as long as it does, and a half is so many times longer at least.
_EDGE = 1 / 500
_EDGES = 10
# So many times as long as the nominal board takes to settle is a half at least.
_HALVES = 4
# At rest within this share of the way, or within this voltage if that is more.
_REST_SHARE, _REST_V = 0.01, 1e-3
# What takes no longer than so many steps of the record may be nothing but the edge of the wave.
_RESOLVED = 2
# So many of the drawn boards are stepped, besides those that are outermost at rest.
_STEPPED = 24
_FIRST_GUESS_S, _LONGEST_S = 1e-5, 10.0


def transient(
    board: Board,
    deck: Deck,
    engine: Engine,
    drawn: Sequence[Parameters],
    moved: str | None = None,
    edge_s: float | None = None,
    held_V: Mapping[str, float] | None = None,
) -> records.Transient:
    """Return the answer to one period of a square wave between an input's 0 and 1.

    Half a period is four times as
    long as the nominal board takes to settle, rounded up to 1, 2 or 5 times a power of ten.

    Args:
        board: with its ports; its limits may say about how fast it is (``settle_s``).
        deck: of the board.
        engine: the simulator.
        drawn: parameters of boards; those that are outermost at rest make the band, with the first
            24, since to step takes long. How many that are is in the record.
        moved: the input; if not said, the one that moves the outputs most.
        edge_s: how long it takes from level to level; if not said, next to nothing.
        held_V: all the other inputs; if not said, where the wave moves the outputs most.

    Raises:
        InputError: an input that the board does not have, or an edge that takes no time.
        SimulationFailed: a board for which there is no solution, or a nominal one that has not come
            to rest after ten seconds.
    """
    if edge_s is not None and not 0 < edge_s <= _LONGEST_S / _EDGES:
        raise InputError(f"an edge of {edge_s:g} s", allowed=f"up to {_LONGEST_S / _EDGES:g} s")
    tried = [moved] if moved is not None else [port.name for port in board.inputs]
    if moved is None or not held_V:
        found = [one for name in tried for one in responses(board, deck, engine, [name])]
        (shown,) = most_telling(found, 1)
        (moved,), held_V = shown.moved, shown.held_V
    port = next(port for port in board.inputs if port.name == moved)
    ends_V = board.levels_V(port)
    element, held = deck.inputs[moved].element, sources(deck, held_V)
    nodes = [deck.nodes[port.net] for port in board.outputs]

    def at_rest(some: Sequence[Parameters]) -> Volts:
        sets = [{**one, **held, element: volts} for one in some for volts in ends_V]
        return engine.operating_point(deck, sets, nodes).reshape(len(some), 2, len(nodes))

    outer = sorted({*outermost(at_rest(drawn)), *range(min(_STEPPED, len(drawn)))})
    boards = [held, *({**drawn[index], **held} for index in outer)]
    rest_V = at_rest(boards)

    def run(half_s: float, some: Sequence[Parameters]) -> Volts:
        return engine.transient(
            deck.with_waveform(element, _wave(*ends_V, half_s, edge_s)),
            some,
            nodes,
            end_s=(_BEFORE + 2 * _HALF) * half_s / _HALF,
            step_s=half_s / _HALF,
        )

    least_s = _EDGES * (edge_s or 0.0)
    half_s = _rounded_up(max(_HALVES * board.limits.get("settle_s", _FIRST_GUESS_S), least_s))
    while (longest_s := _longest(_settling_s(run(half_s, boards[:1]), rest_V[:1], half_s))) is None:
        half_s = _rounded_up(4 * half_s)
        if half_s > _LONGEST_S:
            raise SimulationFailed(
                f"{moved} steps and the outputs do not come to rest in {_LONGEST_S:g} s",
                where=board.name,
            )
    if longest_s > 0:
        half_s = _rounded_up(max(_HALVES * longest_s, least_s))
    volts = run(half_s, boards)
    settling_s = _settling_s(volts, rest_V, half_s)
    resolution_s = float(f"{_RESOLVED * half_s / _HALF:.9g}")
    times = np.arange(volts.shape[1]) * half_s / _HALF
    bends_s, bends_V = np.array(_wave(*ends_V, half_s, edge_s)).T
    input_V = np.interp(times, bends_s, bends_V)
    ideals = ideal(board, [{**held_V, moved: volt} for volt in input_V.tolist()])
    return records.Transient(
        input=moved,
        held_V=dict(held_V),
        time_s=[float(f"{time:.9g}") for time in times],
        input_V=microvolts(input_V),
        outputs={
            port.name: trace(volts[:, :, index], ideals[port.name])
            for index, port in enumerate(board.outputs)
        },
        boards=len(outer),
        settling={
            port.name: records.Settling(
                nominal_s=_at_least(resolution_s, settling_s[0][index]),
                slowest_s=_at_least(
                    resolution_s, _longest([one[index : index + 1] for one in settling_s])
                ),
                resolution_s=resolution_s,
            )
            for index, port in enumerate(board.outputs)
            if abs(rest_V[0, 1, index] - rest_V[0, 0, index]) > RESOLUTION_V
        },
        edge_s=float(f"{_edge_s(half_s, edge_s):.9g}"),
        edges={
            port.name: [
                _figures(times[part], volts[:, part, index], begun_s + _edge_s(half_s, edge_s) / 2)
                for part, begun_s in (
                    (slice(0, _BEFORE + _HALF), bends_s[1]),
                    (slice(_HALF, None), bends_s[3]),
                )
            ]
            for index, port in enumerate(board.outputs)
        },
    )


def _figures(times_s: Volts, volts: Volts, moved_s: float) -> records.PredictedEdge:
    """Return what one edge of the input does at an output.

    Args:
        times_s: shape (times).
        volts: of the output on each board, the nominal one first, shape (boards, times).
        moved_s: when the input is half-way.
    """
    found = [edges.figures(times_s, one, moved_s, least_V=RESOLUTION_V) for one in volts]
    return records.PredictedEdge(
        delay_s=band([one.delay_s for one in found]),
        passage_s=band([one.passage_s for one in found]),
        overshoot=band([one.overshoot for one in found]),
        settling_s=band([one.settling_s for one in found]),
    )


def _edge_s(half_s: float, edge_s: float | None) -> float:
    return _EDGE * half_s if edge_s is None else edge_s


def _wave(
    low_V: float, high_V: float, half_s: float, edge_s: float | None = None
) -> list[tuple[float, float]]:
    """Return (seconds, volts) where a period's straight pieces meet."""
    rise_s = _BEFORE * half_s / _HALF
    fall_s = rise_s + half_s
    lasts_s = _edge_s(half_s, edge_s)
    return [
        (0.0, low_V),
        (rise_s, low_V),
        (rise_s + lasts_s, high_V),
        (fall_s, high_V),
        (fall_s + lasts_s, low_V),
    ]


def _settling_s(volts: Volts, rest_V: Volts, half_s: float) -> list[list[float | None]]:
    """Return how long each output of each board takes after the slower of both edges.

    Args:
        volts: shape (boards, times, outputs).
        rest_V: at low and at high, shape (boards, 2, outputs).
        half_s: duration of a half.
    """
    middle = _BEFORE + _HALF
    high, low = volts[:, _BEFORE : middle + 1], volts[:, middle:]
    found = []
    for board, (low_V, high_V) in enumerate(rest_V):
        way_V = np.abs(high_V - low_V)
        found.append(
            [
                _longest(
                    [
                        [
                            _comes_to_rest(
                                high[board, :, index], high_V[index], way_V[index], half_s
                            )
                        ],
                        [_comes_to_rest(low[board, :, index], low_V[index], way_V[index], half_s)],
                    ]
                )
                for index in range(volts.shape[2])
            ]
        )
    return found


def _comes_to_rest(volts: Volts, rest_V: float, way_V: float, half_s: float) -> float | None:
    """Return from when on a half stays near its rest, None if its end is not there."""
    within_V = max(_REST_SHARE * way_V, _REST_V)
    off_V = np.abs(volts - rest_V)
    (outside,) = np.nonzero(off_V > within_V)
    if len(outside) == 0:
        return 0.0
    last = int(outside[-1])
    if last == len(volts) - 1:
        return None
    crossing = (off_V[last] - within_V) / (off_V[last] - off_V[last + 1])
    return float((last + crossing) * half_s / _HALF)


def _longest(times_s: Sequence[Sequence[float | None]]) -> float | None:
    """Return the longest of all times, None if one is None."""
    flat = [time for row in times_s for time in row]
    known = [time for time in flat if time is not None]
    return max(known) if len(known) == len(flat) else None


def _at_least(least_s: float, time_s: float | None) -> float | None:
    return None if time_s is None else max(least_s, time_s)


def _rounded_up(seconds: float) -> float:
    """Return the next 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(seconds))
    # What is a step but for rounding is that step.
    return next(step * power for step in (1, 2, 5, 10) if seconds <= step * power * (1 + 1e-9))
