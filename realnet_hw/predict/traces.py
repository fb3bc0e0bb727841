"""What curves, surfaces and transients have in common: the boards drawn, the band, the ideal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from realnet_hw import records
from realnet_hw.board import Board
from realnet_hw.predict.engine import Volts

# The fewest boards between whose extremes 99 % of all lie, with 95 % confidence, see bands. A
# normal distribution fitted to fewer would reach where no rectifier lets an output go.
BOARDS = 473
# At each point so many boards on either side count as outermost: the second one may be the first,
# where it was foreseen and not solved.
_OUTERMOST = 2


def outermost(volts: Volts) -> list[int]:
    """Return which boards are outermost anywhere: they make the band.

    Args:
        volts: shape (boards, points, outputs).

    Returns:
        Indices in ascending order: of each point and output the two lowest and highest boards.
    """
    order = np.argsort(volts, axis=0, kind="stable")
    ends = np.concatenate([order[:_OUTERMOST], order[-_OUTERMOST:]])
    return [int(board) for board in np.unique(ends)]


def foreseen(volts: Volts, stride: int) -> list[Volts]:
    """Return what coarse points let one expect at all points: straight on, bent up and bent down.

    Boards cross between coarse points, and a rectifier turns on there. A curve with one bend
    between two coarse points runs on as it came until the bend, and from there as it goes on after:
    it lies between the straight line and the nearer one of these two.

    Args:
        volts: at every ``stride``-th point, shape (boards, coarse points, outputs).
        stride: points from one coarse point to the next.

    Returns:
        Three of shape (boards, points, outputs).
    """
    rises = np.diff(volts, axis=1)
    last = rises.shape[1] - 1
    points = np.arange(stride * (last + 1) + 1)
    gap = np.minimum(points // stride, last)
    way = (points / stride - gap)[:, np.newaxis]
    straight = volts[:, gap] + way * rises[:, gap]
    onward = volts[:, gap] + way * rises[:, np.maximum(gap - 1, 0)]
    backward = volts[:, gap + 1] - (1 - way) * rises[:, np.minimum(gap + 1, last)]
    return [
        straight,
        np.maximum(straight, np.minimum(onward, backward)),
        np.minimum(straight, np.maximum(onward, backward)),
    ]


def trace(volts: Volts, ideal_V: Volts | None) -> records.Trace:
    """Return a trace; its band reaches from the lowest to the highest board.

    Args:
        volts: of the nominal board, then of others, shape (boards, points).
        ideal_V: of the ideal network, shape (points), None where there is none.
    """
    return records.Trace(
        nominal_V=microvolts(volts[0]),
        low_V=microvolts(volts.min(axis=0)),
        high_V=microvolts(volts.max(axis=0)),
        ideal_V=None if ideal_V is None else microvolts(ideal_V),
    )


def band(values: Sequence[float | None]) -> records.Band | None:
    """Return the first value with the least and greatest of all, None where one is None."""
    known = [float(f"{value:.4g}") for value in values if value is not None]
    if not known or len(known) < len(values):
        return None
    return records.Band(nominal=known[0], low=min(known), high=max(known))


def ideal(board: Board, inputs_V: Sequence[Mapping[str, float]]) -> dict[str, Volts | None]:
    """Return what the ideal network answers at each output, None where none is known.

    Args:
        board: with its network and ports.
        inputs_V: for each point, volts by input.

    Returns:
        By output, shape (points).
    """
    scale = {
        port.name: (port.zero_V, port.unit_V)
        for port in (*board.inputs, *board.outputs)
        if port.unit_V is not None
    }
    network = board.network
    outputs = [port.name for port in board.outputs]
    if network is None or {*network.inputs, *network.outputs} != {*scale}:
        return dict.fromkeys(outputs)

    def answers(volts: Mapping[str, float]) -> dict[str, float]:
        values = [(volts[name] - scale[name][0]) / scale[name][1] for name in network.inputs]
        return dict(zip(network.outputs, network.forward(values), strict=True))

    found = [answers(volts) for volts in inputs_V]
    return {
        name: np.array([scale[name][0] + scale[name][1] * values[name] for values in found])
        for name in outputs
    }


def microvolt(volts: float) -> float:
    """Round to what the simulator resolves; never minus zero."""
    return round(volts, 6) + 0.0


def microvolts(volts: Volts) -> list[float]:
    """Round every value, in the order of its memory."""
    return [microvolt(value) for value in volts.ravel().tolist()]


def nanosecond(seconds: float) -> float:
    """Round a time to what a record keeps of it; never minus zero."""
    return round(seconds, 9) + 0.0


def nanoseconds(seconds: Volts) -> list[float]:
    """Round every time, in the order of its memory."""
    return [nanosecond(value) for value in seconds.ravel().tolist()]
