"""What curves, surfaces and transients have in common: the boards drawn, the band, the ideal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from realnet_hw import records
from realnet_hw.board import Board
from realnet_hw.predict.bands import band
from realnet_hw.predict.engine import Volts

# How many of a prediction's boards draw a band along a curve; they are its first ones.
BOARDS = 40


def trace(volts: Volts, ideal_V: Volts | None) -> records.Trace:
    """Return a trace with its band.

    Args:
        volts: of the nominal board, then of each drawn one, shape (1 + boards, points).
        ideal_V: of the ideal network, shape (points), None where there is none.
    """
    bands = [band(column) for column in volts[1:].T]
    low = np.minimum([low for low, _ in bands], volts[0])
    high = np.maximum([high for _, high in bands], volts[0])
    return records.Trace(
        nominal_V=microvolts(volts[0]),
        low_V=microvolts(low),
        high_V=microvolts(high),
        ideal_V=None if ideal_V is None else microvolts(ideal_V),
    )


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
