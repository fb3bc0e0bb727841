"""Which part decides: what each one's tolerance moves, and the worst corners of all together.

Slopes are those of the nominal board. A corner has every part at the end of its tolerance to which
its slope points, and is solved as it is: only the choice of the ends is linear.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from realnet_hw import records
from realnet_hw.board import Board
from realnet_hw.errors import SimulationFailed
from realnet_hw.export.deck import Deck, Spread
from realnet_hw.predict.asking import Asking
from realnet_hw.predict.engine import Engine, Parameters, Volts

# So many slopes, and corners, are affordable where each takes two operating points, and where an
# adjoint gives them.
_MOST: Mapping[str, int] = {"compiled": 100_000}
_MOST_ELSEWHERE = 1000
# Below a microvolt simulators differ.
_LEAST_EFFECT_V = 1e-6


def sensitivity(
    board: Board, deck: Deck, engine: Engine, asking: Asking, cases: Sequence[Parameters]
) -> records.Sensitivity | None:
    """Return which part decides, None for boards that are fired and where it would take too long.

    Args:
        board: with its outputs.
        deck: with its spreads.
        engine: the simulator.
        asking: how the board is asked.
        cases: the sources' volts of each case.

    Raises:
        SimulationFailed: the nominal board has no solution.
    """
    outputs = [port.name for port in board.outputs if port.name in asking.voltages]
    most = _MOST.get(engine.name, _MOST_ELSEWHERE)
    asked = len(cases) * max(len(deck.spreads), 2 * len(outputs))
    if board.firing is not None or not deck.spreads or asked > most:
        return None
    nodes = [asking.voltages[name] for name in outputs]
    names = [spread.parameter for spread in deck.spreads]
    slopes = engine.sensitivities(deck, cases, nodes, names=names)
    reach = np.array([max(one.high - one.nominal, one.nominal - one.low) for one in deck.spreads])
    effects_V = np.abs(slopes) * reach
    # Bounds of a normal distribution are further out than those of a uniform one: shares are of the
    # variance, effects are at the bounds.
    variances = (slopes * np.array([_deviation(one) for one in deck.spreads])) ** 2
    totals = np.maximum(variances.sum(axis=2), 1e-300)
    keys = [f"{case}.{name}" for case in range(len(cases)) for name in outputs]
    parts = []
    for number, spread in enumerate(deck.spreads):
        case, node = np.unravel_index(effects_V[:, :, number].argmax(), totals.shape)
        effect_V = float(effects_V[case, node, number])
        if effect_V >= _LEAST_EFFECT_V:
            parts.append(
                records.PartEffect(
                    part=spread.reference,
                    parameter=spread.parameter,
                    key=keys[int(case) * len(outputs) + int(node)],
                    slope=float(f"{slopes[case, node, number]:.4g}"),
                    effect_V=round(effect_V, 6),
                    share=round(float(variances[case, node, number] / totals[case, node]), 4),
                )
            )
    return records.Sensitivity(
        parts=sorted(parts, key=lambda one: -one.effect_V),
        corners=_corners(deck, engine, cases, nodes, slopes, keys),
    )


def _deviation(spread: Spread) -> float:
    """Return the standard deviation of a parameter; that of a normal one before its truncation."""
    if spread.distribution == "normal":
        return spread.sigma
    return (spread.high - spread.low) / math.sqrt(12)


def _corners(
    deck: Deck,
    engine: Engine,
    cases: Sequence[Parameters],
    nodes: Sequence[str],
    slopes: Volts,
    keys: Sequence[str],
) -> dict[str, records.Corner]:
    """Solve the corners of every value; those without a solution are left out."""
    found = {}
    for place, key in enumerate(keys):
        case, node = divmod(place, len(nodes))
        sets = [
            {**_ends(deck.spreads, sign * slopes[case, node]), **cases[case]} for sign in (-1, 1)
        ]
        try:
            low_V, high_V = engine.operating_point(deck, sets, [nodes[node]])[:, 0].tolist()
        except SimulationFailed:
            continue
        found[key] = records.Corner(low_V=round(low_V, 6), high_V=round(high_V, 6))
    return found


def _ends(spreads: Sequence[Spread], slopes: Volts) -> dict[str, float]:
    """Return every parameter at the end of its tolerance to which its slope points."""
    return {
        one.parameter: one.nominal if slope == 0 else one.high if slope > 0 else one.low
        for one, slope in zip(spreads, slopes.tolist(), strict=True)
    }
