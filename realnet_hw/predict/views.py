"""What a prediction shows beyond its cases: transfer curves, response surfaces, transients."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from realnet_hw import records
from realnet_hw.board import Board
from realnet_hw.errors import InputError
from realnet_hw.export.deck import Deck
from realnet_hw.predict.curves import curve, curves_shown, surface
from realnet_hw.predict.engine import Engine
from realnet_hw.predict.monte_carlo import Progress
from realnet_hw.predict.tolerances import draw
from realnet_hw.predict.traces import BOARDS
from realnet_hw.predict.transient import transient

WORDS = "curves, surface, surface:X1:X2, transient, transient:X1, all"


@dataclass(frozen=True)
class Views:
    """What to show.

    Args:
        curves: transfer curves of the inputs.
        surfaces: for each one, the input across and the input up.
        transients: for each one, the input that steps; None is the one that shows most.
    """

    curves: bool = False
    surfaces: tuple[tuple[str, str], ...] = ()
    transients: tuple[str | None, ...] = ()

    def __bool__(self) -> bool:
        return self.curves or bool(self.surfaces or self.transients)

    def __str__(self) -> str:
        kinds = {
            "transfer curves": self.curves,
            "response surface": self.surfaces,
            "transient": self.transients,
        }
        return ", ".join(kind for kind, wanted in kinds.items() if wanted)


def views_from(text: str, board: Board) -> Views:
    """Read ``"curves,surface:X1:X2,transient"``; ``"all"`` is what the board has inputs for.

    A surface without names is that of the first two inputs.

    Raises:
        InputError: another word, an input that the board does not have, or too few inputs.
    """
    curves = False
    surfaces: dict[tuple[str, str], None] = {}
    transients: dict[str | None, None] = {}
    for word in filter(None, (part.strip() for part in text.split(","))):
        kind, *names = word.split(":")
        _refuse_unknown(names, board)
        inputs = [port.name for port in board.inputs]
        match kind, len(names):
            case "all", 0:
                curves = curves or bool(inputs)
                surfaces |= dict.fromkeys([(inputs[0], inputs[1])] if len(inputs) > 1 else [])
                transients |= dict.fromkeys([None] if inputs else [])
            case "curves", 0:
                _refuse_few(board, 1, "a transfer curve")
                curves = True
            case "surface", 0 | 2:
                _refuse_few(board, 2, "a response surface")
                across, up = names or inputs[:2]
                if across == up:
                    raise InputError(f"{word!r} has one input twice", where=board.name)
                surfaces[across, up] = None
            case "transient", 0 | 1:
                _refuse_few(board, 1, "a transient")
                transients[names[0] if names else None] = None
            case _:
                raise InputError(f"nothing is called {word!r}", allowed=WORDS)
    return Views(curves, tuple(surfaces), tuple(transients))


def _refuse_unknown(names: Sequence[str], board: Board) -> None:
    inputs = [port.name for port in board.inputs]
    for name in names:
        if name not in inputs:
            raise InputError(
                f"no input {name!r}", where=board.name, allowed=", ".join(inputs) or "none"
            )


def _refuse_few(board: Board, least: int, what: str) -> None:
    if len(board.inputs) < least:
        count = "1 input" if least == 1 else f"{least} inputs"
        raise InputError(f"{what} needs {count}, the board has {len(board.inputs)}",
                         where=board.name)  # fmt: skip


def with_views(
    prediction: records.Prediction,
    views: Views,
    board: Board,
    deck: Deck,
    engine: Engine,
    progress: Progress | None = None,
    *,
    boards: int = BOARDS,
) -> records.Prediction:
    """Return a prediction with curves, surfaces and transients added.

    Their bands reach from the lowest to the highest of the first boards of the prediction's draw.

    Args:
        prediction: of this board, under the deck's conditions.
        views: what to add.
        board: with its ports.
        deck: the one that was predicted from.
        engine: the simulator.
        progress: told after each of them.
        boards: how many to draw; from 473 on the bands hold 99 % of all, with 95 % confidence.

    Raises:
        SimulationFailed: a board for which there is no solution, or that does not come to rest.
    """
    drawn = draw(deck.spreads, boards, prediction.seed)
    shown = curves_shown(board, deck, engine) if views.curves else []
    made: list[records.Curve | records.Surface | records.Transient] = []
    makers: list[Callable[..., records.Curve | records.Surface | records.Transient]] = [
        *(functools.partial(curve, shown=one) for one in shown),
        *(functools.partial(surface, across=across, up=up) for across, up in views.surfaces),
        *(functools.partial(transient, moved=moved) for moved in views.transients),
    ]
    for make in makers:
        made.append(make(board, deck, engine, drawn))
        if progress:
            progress(len(made), len(makers))
    return msgspec.structs.replace(
        prediction,
        curves=[one for one in made if isinstance(one, records.Curve)],
        surfaces=[one for one in made if isinstance(one, records.Surface)],
        transients=[one for one in made if isinstance(one, records.Transient)],
    )
