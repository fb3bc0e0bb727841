"""What a board with a firing does over time, at each of its cases."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from realnet_hw import records, shapes
from realnet_hw.board import Board
from realnet_hw.errors import InputError
from realnet_hw.export.deck import Deck
from realnet_hw.predict.asking import Fired, asking_of
from realnet_hw.predict.engine import Engine, Parameters, Volts
from realnet_hw.predict.levels import RESOLUTION_V, sources
from realnet_hw.predict.traces import band, nanosecond, trace

# So many of the drawn boards are fired, besides the nominal one.
_FIRED = 24
# A picture shows no more than so many points; figures are taken of a firing in so many steps.
_MOST_POINTS, _STEPS = 250, 4000


def waveforms(
    board: Board, deck: Deck, engine: Engine, drawn: Sequence[Parameters]
) -> list[records.Waveforms]:
    """Return what pulses, outputs, integrators and their thresholds do, for each case.

    Args:
        board: with a firing.
        deck: of the board.
        engine: the simulator.
        drawn: parameters of boards; the first 24 make the band, with the nominal one.

    Raises:
        InputError: a board without a firing, or with a threshold on a net that is not there.
        SimulationFailed: a board for which there is no solution.
    """
    asking = asking_of(board, deck)
    if not isinstance(asking, Fired):
        raise InputError("without a firing there are no waveforms", where=board.name)
    nodes = _shown(board, deck)
    names = {node: name for name, node in nodes.items()}
    thresholds = {
        names[deck.nodes[net]]: names[deck.nodes[other]]
        for net, other in asking.firing.thresholds.items()
    }
    boards = [{}, *drawn[:_FIRED]]
    found = []
    for index, case in enumerate(board.cases):
        put = sources(deck, case.inputs)
        sets = [{**one, **put} for one in boards]
        begun_s, whole = asking.over_time(
            deck,
            engine,
            sets,
            list(nodes.values()),
            before_s=asking.firing.recover_s / 2,
            steps=_STEPS,
        )
        shown = begun_s >= 0
        times_s, volts = begun_s[shown], whole[:, shown]
        stride = math.ceil(len(times_s) / _MOST_POINTS)
        kept = volts[:, ::stride]
        window_s = shapes.window_s(asking.firing.read_after_s)
        found.append(
            records.Waveforms(
                case=index,
                time_s=[nanosecond(time) for time in times_s[::stride].tolist()],
                traces={name: trace(kept[:, :, i], None) for i, name in enumerate(nodes)},
                thresholds=thresholds,
                boards=len(boards),
                shapes={
                    name: _shape(begun_s, whole[:, :, i], window_s) for i, name in enumerate(nodes)
                },
                resolution_s=nanosecond(float(begun_s[1] - begun_s[0])),
            )
        )
    return found


def _shape(times_s: Volts, volts: Volts, window_s: float) -> records.PredictedShape:
    """Return the figures of a node.

    Args:
        times_s: from the trigger, shape (times).
        volts: on each board, the nominal one first, shape (boards, times).
        window_s: that it is looked at through.
    """
    found = [shapes.shape(times_s, one, window_s=window_s, least_V=RESOLUTION_V) for one in volts]
    names = [field.name for field in dataclasses.fields(shapes.Shape)]
    return records.PredictedShape(
        **{name: band([getattr(one, name) for one in found]) for name in names}
    )


def _shown(board: Board, deck: Deck) -> dict[str, str]:
    """Return name to node of what is shown.

    Pulses, outputs, integrators and thresholds, then the other test points.
    """
    pulses = {point.name: point.net for point in board.test_points if point.kind == "pulse"}
    steady = {point.name: point.net for point in board.test_points if point.kind == "voltage"}
    outputs = {port.name: port.net for port in board.outputs}
    called = {point.net: point.name for point in board.test_points} | {
        net: name for name, net in outputs.items()
    }
    pairs = board.firing.thresholds if board.firing else {}
    watched = [*pairs, *dict.fromkeys(pairs.values())]
    nets = {**pulses, **outputs, **{called.get(net, net): net for net in watched}}
    nets |= steady
    for name, net in nets.items():
        if net not in deck.nodes:
            raise InputError(f"{name} is on net {net!r}, which is not there", where=board.name)
    return {name: deck.nodes[net] for name, net in nets.items()}
