"""Transfer curves and response surfaces: the outputs against one input, and against two.

Every drawn board is solved at some coarse points. Those that are outermost at one of them, or on a
curve may be so in between by what these foretell, are a handful: they are solved at every point,
and the band reaches from the lowest to the highest. A board that is outermost between coarse points
alone may be missed, which makes the band too narrow there. Where all 473 boards of XOR circuits
were solved at every point, that was by less than a hundredth of its width.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from realnet_hw import records
from realnet_hw.board import Board, Port
from realnet_hw.errors import InputError
from realnet_hw.export.deck import Deck
from realnet_hw.predict.engine import Engine, Parameters, Volts
from realnet_hw.predict.levels import Response, most_telling, responses, sources
from realnet_hw.predict.traces import foreseen, ideal, outermost, trace

POINTS = 101
ROWS = 17
MOST_CURVES = 8
# Every so many points is a coarse one: along a curve, along a row, from row to row.
_CURVE_STRIDE, _ACROSS_STRIDE, _UP_STRIDE = 10, 2, 8
# Boards with up to so many inputs get two curves for each: the two that differ most.
_TWO_EACH = 4


def curves_shown(board: Board, deck: Deck, engine: Engine) -> list[Response]:
    """Return which curves to draw: what is moved, and where the other inputs are held.

    Two curves for each input up to 4 inputs, one for more, where the others are held so that the
    outputs move most, and then so that they do something else. Of many inputs, the 8 that move the
    outputs most.
    """
    each = 2 if len(board.inputs) <= _TWO_EACH else 1
    found = [most_telling(responses(board, deck, engine, [port.name]), each)
             for port in board.inputs]  # fmt: skip
    ranked = sorted(found, key=lambda some: -round(some[0].swing_V, 2))
    kept = {some[0].moved for some in ranked[:MOST_CURVES]}
    return [one for some in found if some[0].moved in kept for one in some]


def curve(
    board: Board,
    deck: Deck,
    engine: Engine,
    drawn: Sequence[Parameters],
    shown: Response,
) -> records.Curve:
    """Return every output against one input, at 101 voltages over all that the input may carry.

    Args:
        board: with its ports.
        deck: of the board.
        engine: the simulator.
        drawn: parameters of boards, from which the band is made.
        shown: what to move, and where to hold the other inputs.

    Raises:
        SimulationFailed: a board for which there is no solution.
    """
    (name,) = shown.moved
    input_V = _range_V(_port(board, name), POINTS)
    held = sources(deck, shown.held_V)

    def swept(boards: Sequence[Parameters], values: Sequence[float]) -> Volts:
        return engine.sweep(
            deck,
            [{**one, **held} for one in boards],
            [deck.nodes[port.net] for port in board.outputs],
            source=deck.inputs[name].element,
            values=values,
        )

    coarse = swept(drawn, input_V[::_CURVE_STRIDE])
    outer = sorted({i for one in foreseen(coarse, _CURVE_STRIDE) for i in outermost(one)})
    volts = swept([{}, *(drawn[index] for index in outer)], input_V)
    ideals = ideal(board, [{**shown.held_V, name: volt} for volt in input_V])
    return records.Curve(
        input=name,
        held_V=dict(shown.held_V),
        input_V=input_V,
        outputs={
            port.name: trace(volts[:, :, index], ideals[port.name])
            for index, port in enumerate(board.outputs)
        },
        boards=len(drawn),
    )


def surface(
    board: Board,
    deck: Deck,
    engine: Engine,
    drawn: Sequence[Parameters],
    across: str,
    up: str,
) -> records.Surface:
    """Return every output against two inputs, at 17 x 17 voltages over all that they may carry.

    Other inputs are held where the outputs move most from corner to corner.

    Args:
        board: with its ports.
        deck: of the board.
        engine: the simulator.
        drawn: parameters of boards, from which the band is made.
        across: the input that changes along a row.
        up: the input that changes from row to row.

    Raises:
        InputError: an input that the board does not have, or the same one twice.
        SimulationFailed: a board for which there is no solution.
    """
    (shown,) = most_telling(responses(board, deck, engine, [across, up]), 1)
    across_V, up_V = (_range_V(_port(board, name), ROWS) for name in (across, up))
    held = sources(deck, shown.held_V)

    def swept(boards: Sequence[Parameters], x_V: Sequence[float], y_V: Sequence[float]) -> Volts:
        rows = [
            engine.sweep(
                deck,
                [{**one, **held, deck.inputs[up].element: y} for one in boards],
                [deck.nodes[port.net] for port in board.outputs],
                source=deck.inputs[across].element,
                values=x_V,
            )
            for y in y_V
        ]
        return np.concatenate(rows, axis=1)

    outer = outermost(swept(drawn, across_V[::_ACROSS_STRIDE], up_V[::_UP_STRIDE]))
    volts = swept([{}, *(drawn[index] for index in outer)], across_V, up_V)
    ideals = ideal(board, [{**shown.held_V, across: x, up: y} for y in up_V for x in across_V])
    return records.Surface(
        across=across,
        up=up,
        held_V=dict(shown.held_V),
        across_V=across_V,
        up_V=up_V,
        outputs={
            port.name: _sheet(volts[:, :, index], ideals[port.name])
            for index, port in enumerate(board.outputs)
        },
        boards=len(drawn),
    )


def _sheet(volts: Volts, ideal_V: Volts | None) -> records.Sheet:
    line = trace(volts, ideal_V)
    return records.Sheet(
        nominal_V=_folded(line.nominal_V),
        low_V=_folded(line.low_V),
        high_V=_folded(line.high_V),
        ideal_V=None if line.ideal_V is None else _folded(line.ideal_V),
    )


def _folded(values: list[float]) -> list[list[float]]:
    return [values[start : start + ROWS] for start in range(0, len(values), ROWS)]


def _port(board: Board, name: str) -> Port:
    return next(port for port in board.inputs if port.name == name)


def _range_V(port: Port, count: int) -> list[float]:
    """Return evenly spaced voltages over all that a port may carry.

    Raises:
        InputError: the port has no range.
    """
    if not port.min_V < port.max_V:
        raise InputError(f"carries {port.min_V:g} to {port.max_V:g} V", where=port.name)
    return [round(volts, 9) for volts in np.linspace(port.min_V, port.max_V, count).tolist()]
