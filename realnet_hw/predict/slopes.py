"""How a board's values answer to what a bench does not hold still.

To inputs that are not quite as set, to the current that a terminal of the fixture draws, to the
temperature, and to every part within its tolerance. The verdict moves readings and states their
uncertainty by these.

Slopes of the parts are fitted to the boards drawn (least squares), not taken at the nominal board:
they are then the best over the whole tolerance, they cost nothing, and what they leave of the
boards' values says how far to trust them.

Ref: JCGM 100:2008 (GUM) 5.1.3 (sensitivity coefficients).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from realnet_hw import records
from realnet_hw.errors import SimulationFailed
from realnet_hw.export.deck import Deck
from realnet_hw.predict.asking import Answers, Asking
from realnet_hw.predict.engine import Engine, Parameters
from realnet_hw.predict.tolerances import drawn_boards

STEP_V = 0.1
"""How far the slopes look to either side of an input: more than the fixture's source may be wrong,
so that a rectifier which turns on within that distance is seen."""

# What a node's resistance is found with. Simulators resolve some 50 uV: 50 ohm.
_TEST_A = 1e-6
_WARMER_K = 5.0
# A fit of fewer boards for each part says more than it knows, and so does a deviation of fewer.
_BOARDS_PER_PART = 3
_FEWEST = 8
# Slopes are kept of so many boards at most, which takes a quarter as long as drawing all did.
_MOST, _SHARE = 100, 8


@dataclass(frozen=True, eq=False)
class Predicted:
    """A board as it was predicted.

    Args:
        deck, engine, asking: of the board.
        cases: for each case, the sources' volts by element.
        nominal: what the nominal board answers, shape (cases, values).
        drawn: what boards answer, shape (boards, cases, values).
        seed: that they were drawn with.
    """

    deck: Deck
    engine: Engine
    asking: Asking
    cases: Sequence[Parameters]
    nominal: Answers
    drawn: Answers
    seed: int

    @property
    def voltages(self) -> int:
        """How many of the values are voltages."""
        return len(self.asking.voltages)


def record(predicted: Predicted, *, alike: npt.NDArray[np.bool_]) -> records.Slopes:
    """Return how a board's values answer, as the record holds it.

    Args:
        predicted: the board.
        alike: which of the boards drawn answer as the nominal one does, level by level.
    """
    below, above = _of_boards(predicted)
    values = _in_order(predicted.drawn, predicted.voltages)
    parts, linear_u = _of_parts(predicted.deck, values, alike, predicted.seed)
    return records.Slopes(
        boards_below={name: _rows(one) for name, one in below.items()},
        boards_above={name: _rows(one) for name, one in above.items()},
        source_ohm=[_short(ohm) for ohm in _source_ohm(predicted).ravel().tolist()],
        per_K=[_short(one) for one in _in_order(_per_kelvin(predicted), predicted.voltages)],
        parts=parts,
        linear_u=linear_u,
    )


def questions(asking: Asking, inputs: int, samples: int) -> int:
    """Return for how many answers to each case ``record`` asks."""
    if not asking.follows:
        return 1
    return 1 + 2 * len(asking.voltages) + 2 * inputs * _boards(inputs, samples)


def _boards(inputs: int, samples: int) -> int:
    """Return of how many boards slopes are kept."""
    few = min(_MOST, samples // (_SHARE * max(1, inputs)))
    return few if few >= _FEWEST else 0


def _rows(slopes: Answers) -> list[list[float]]:
    return [[_short(one) for one in row.ravel().tolist()] for row in slopes]


def against_inputs(
    deck: Deck, engine: Engine, asking: Asking, cases: Sequence[Parameters], here: Answers
) -> tuple[dict[str, Answers], dict[str, Answers]]:
    """Return each value's slope against each input, to either side of it.

    Args:
        deck: of the board.
        engine: the simulator.
        asking: how the board is asked.
        cases: for each case, the sources' volts by element.
        here: what the nominal board answers, shape (cases, values).
    """
    sides: tuple[dict[str, Answers], dict[str, Answers]] = ({}, {})
    for name, source in deck.inputs.items():
        for side, step_V in zip(sides, (-STEP_V, STEP_V), strict=True):
            moved = _moved(cases, source.element, step_V)
            side[name] = (asking.answers(deck, engine, moved) - here) / step_V
    return sides


def _of_boards(predicted: Predicted) -> tuple[dict[str, Answers], dict[str, Answers]]:
    """Return the slopes of ``against_inputs`` of the first few boards drawn.

    A rectifier that conducts on one board and not on another gives them different slopes: that of
    the nominal board is then right for neither.

    Returns:
        By input, shape (boards, cases, values); nothing where it would take too long.
    """
    deck, drawn, asking = predicted.deck, predicted.drawn, predicted.asking
    few = _boards(len(deck.inputs), len(drawn))
    sides: tuple[dict[str, Answers], dict[str, Answers]] = ({}, {})
    if not few or not asking.follows:
        return sides
    boards = drawn_boards(deck.spreads, range(few), predicted.seed)
    for name, source in deck.inputs.items():
        for side, step_V in zip(sides, (-STEP_V, STEP_V), strict=True):
            moved = _moved(predicted.cases, source.element, step_V)
            answers = asking.of_boards(deck, predicted.engine, boards, moved)
            side[name] = (answers - drawn[:few]) / step_V
    return sides


def _moved(cases: Sequence[Parameters], element: str, step_V: float) -> list[Parameters]:
    return [{**case, element: case[element] + step_V} for case in cases]


def _source_ohm(predicted: Predicted) -> Answers:
    """Return the resistance of the node behind each voltage, shape (cases, voltages), ohms.

    It is the larger of those for a current into the node and out of it. Nothing is returned, shape
    (0, 0), for a board that is fired and for one without a solution.
    """
    nodes = list(predicted.asking.voltages.values())
    sources = [f"i_drawn{index}" for index in range(1, len(nodes) + 1)]
    if not predicted.asking.follows:
        return np.empty((0, 0))
    lines = (f"{name} {node} 0 0" for name, node in zip(sources, nodes, strict=True))
    loaded = dataclasses.replace(predicted.deck, elements=(*predicted.deck.elements, *lines))
    sets = [
        {**case, name: sign * _TEST_A}
        for case in predicted.cases
        for name in sources
        for sign in (-1, 1)
    ]
    try:
        volts = predicted.engine.operating_point(loaded, sets, nodes)
    except SimulationFailed:
        return np.empty((0, 0))
    count = len(nodes)
    own = np.einsum("cnsn->csn", volts.reshape(len(predicted.cases), count, 2, count))
    found: Answers = np.abs(own - predicted.nominal[:, None, :count]).max(axis=1) / _TEST_A
    return found


def _per_kelvin(predicted: Predicted) -> Answers:
    """Return how the nominal board's values change with its temperature, shape (cases, values).

    Junctions move, resistors do not: see ``conditions``. Shape (0, 0) without a solution.
    """
    deck = predicted.deck
    warmer = dataclasses.replace(deck, temperature_C=deck.temperature_C + _WARMER_K)
    try:
        found = predicted.asking.answers(warmer, predicted.engine, predicted.cases)
    except SimulationFailed:
        return np.empty((0, 0))
    return (found - predicted.nominal) / _WARMER_K


def _in_order(answers: Answers, voltages: int) -> Answers:
    """Return the values of all cases in a record's order: voltages, then widths of pulses.

    Args:
        answers: shape (..., cases, values).
        voltages: how many of the values are voltages.

    Returns:
        Shape (..., cases x values).
    """
    kinds = answers[..., :voltages], answers[..., voltages:]
    return np.concatenate([one.reshape(*one.shape[:-2], -1) for one in kinds], axis=-1)


def _of_parts(
    deck: Deck, values: Answers, alike: npt.NDArray[np.bool_], seed: int
) -> tuple[list[records.PartSlopes], list[float]]:
    """Return what every part does to the values, and what is left of the boards beside that.

    Args:
        deck: with its spreads.
        values: of boards, shape (boards, n).
        alike: which of them count.
        seed: that they were drawn with.

    Returns:
        The slopes, and half of the greatest that they leave of each of the n values, as of boards
        that they were not fitted to; nothing of either where the boards are too few.
    """
    free = [spread for spread in deck.spreads if spread.low < spread.high]
    if not free or alike.sum() < _BOARDS_PER_PART * len(free):
        return [], []
    boards = drawn_boards(deck.spreads, range(len(values)), seed)
    columns = [boards.names.index(spread.parameter) for spread in free]
    parameters = boards.values[alike][:, columns]
    mean, deviation = parameters.mean(axis=0), parameters.std(axis=0, ddof=1)
    scaled = (parameters - mean) / deviation
    away = values[alike] - values[alike].mean(axis=0)
    slopes, *_ = np.linalg.lstsq(scaled, away, rcond=None)
    # Behind rectifiers it is little on most boards and much on a few, which are good ones, too. The
    # boards fitted lie nearer to the fit than others will.
    nearer = np.sqrt(1 - (len(free) + 1) / len(away))
    linear_u = np.abs(away - scaled @ slopes).max(axis=0) / 2 / nearer
    rails = {source.element for source in deck.supplies.values()}
    found = [
        records.PartSlopes(
            part=spread.reference,
            parameter=spread.parameter,
            is_rail=spread.parameter in rails,
            nominal=spread.nominal,
            low=spread.low,
            high=spread.high,
            mean=float(f"{mean[index]:.8g}"),
            deviation=_short(deviation[index]),
            slopes=[_short(slope) for slope in slopes[index] / deviation[index]],
        )
        for index, spread in enumerate(free)
    ]
    return found, [_short(u) for u in linear_u]


def _short(value: float) -> float:
    return float(f"{value:.5g}")
