"""Which levels to hold a board's other inputs at, so that moving one or two of them shows most."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from realnet_hw.board import Board
from realnet_hw.errors import InputError
from realnet_hw.export.deck import Deck
from realnet_hw.predict.engine import Engine, Volts
from realnet_hw.technology.cases import points

# Responses that differ by less tell the same.
RESOLUTION_V = 0.01
# Of responses that are as good within this share, the first is taken: on symmetric boards it must
# not be decided by values rounded to a series.
_AS_GOOD = 0.02


@dataclass(frozen=True, eq=False)
class Response:
    """What an output step shows with the other inputs held.

    Args:
        moved: the inputs that are moved.
        held_V: volts of every other input.
        volts: at each corner of the moved inputs, low before high, the last one changing fastest;
            shape (corners, outputs).
    """

    moved: tuple[str, ...]
    held_V: Mapping[str, float]
    volts: Volts

    @property
    def swing_V(self) -> float:
        """How far the output that moves most moves."""
        return float(np.ptp(self.volts, axis=0).max())

    def difference_V(self, other: Response) -> float:
        """How far two responses are apart where they differ most."""
        return float(np.abs(self.volts - other.volts).max())


def responses(
    board: Board, deck: Deck, engine: Engine, moved: Sequence[str]
) -> tuple[Response, ...]:
    """Return how the nominal board answers when some inputs go through all their corners.

    The others are held at all combinations of low and high for up to 8 inputs in all, at 64 spread
    ones for more.

    Args:
        board: with its ports.
        deck: of the board.
        engine: the simulator.
        moved: names of inputs, one or more.

    Raises:
        InputError: an input that the board does not have, or one twice.
    """
    names = [port.name for port in board.inputs]
    if not moved or len({*moved}) < len(moved) or not {*moved} <= {*names}:
        raise InputError(
            f"no inputs {', '.join(moved)}", where=board.name, allowed=", ".join(names) or "none"
        )
    ends_V = {port.name: board.levels_V(port) for port in board.inputs}
    nodes = [deck.nodes[port.net] for port in board.outputs]
    patterns = dict.fromkeys(
        tuple((name, ends_V[name][int(bit)]) for name, bit in zip(names, point, strict=True)
              if name not in moved)
        for point in points(len(names))
    )  # fmt: skip
    corners = list(itertools.product(*(ends_V[name] for name in moved)))
    sets = [
        sources(deck, {**dict(pattern), **dict(zip(moved, corner, strict=True))})
        for pattern in patterns
        for corner in corners
    ]
    volts = engine.operating_point(deck, sets, nodes)
    split = volts.reshape(len(patterns), len(corners), len(nodes))
    return tuple(
        Response(tuple(moved), dict(pattern), one)
        for pattern, one in zip(patterns, split, strict=True)
    )


def most_telling(found: Sequence[Response], count: int) -> list[Response]:
    """Return up to ``count`` responses: the one that moves most, then those least like it.

    Those that tell the same as one that is taken are left out, but the first is always there.
    """
    left = list(found)
    taken = [_first_greatest(left, [one.swing_V for one in left])]
    while len(taken) < count:
        apart_V = [min(one.difference_V(other) for other in taken) for one in left]
        if max(apart_V) < RESOLUTION_V:
            break
        taken.append(_first_greatest(left, apart_V))
    return taken


def _first_greatest(found: Sequence[Response], values_V: Sequence[float]) -> Response:
    enough_V = (1 - _AS_GOOD) * max(values_V)
    return next(one for one, value in zip(found, values_V, strict=True) if value >= enough_V)


def sources(deck: Deck, inputs_V: Mapping[str, float]) -> dict[str, float]:
    """Return volts by the element of an input's source, from volts by the input's name."""
    return {deck.inputs[name].element: volts for name, volts in inputs_V.items()}
