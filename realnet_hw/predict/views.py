"""What a prediction shows beyond its cases: curves, surfaces, transients, waveforms, yields."""

from __future__ import annotations

import dataclasses
import functools
import math
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
from realnet_hw.predict.waveforms import waveforms
from realnet_hw.predict.yields import USUAL, yields
from realnet_hw.units import parse

WORDS = (
    "curves, surface, surface:X1:X2, transient, transient:X1, transient:X1:2us, "
    "transient:X1:2us:X2=5, yields, yields:1:5, all"
)
WORDS_OF_FIRED = "waveforms, yields, yields:1:5, all"


@dataclass(frozen=True)
class Wave:
    """A square wave on an input.

    Args:
        moved: the input; None is the one that shows most.
        edge_s: the seconds that it takes from level to level; None is next to no time.
        held_V: the other inputs, with their voltages; none is where the outputs move most.
    """

    moved: str | None = None
    edge_s: float | None = None
    held_V: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Views:
    """What to show.

    Args:
        curves: transfer curves of the inputs.
        surfaces: for each one, the input across and the input up.
        transients: the square waves.
        waveforms: the firing over time.
        yields: those at these tolerances, as fractions.
    """

    curves: bool = False
    surfaces: tuple[tuple[str, str], ...] = ()
    transients: tuple[Wave, ...] = ()
    waveforms: bool = False
    yields: tuple[float, ...] = ()

    def __bool__(self) -> bool:
        return (
            self.curves or self.waveforms or bool(self.surfaces or self.transients or self.yields)
        )

    def __str__(self) -> str:
        kinds = {
            "transfer curves": self.curves,
            "response surface": self.surfaces,
            "transient": self.transients,
            "waveforms": self.waveforms,
            "yields": self.yields,
        }
        return ", ".join(kind for kind, wanted in kinds.items() if wanted)


def views_from(text: str, board: Board) -> Views:
    """Read ``"curves,surface:X1:X2,transient,yields:1:5"``; ``"all"`` is all that is quick.

    A surface without names is that of the first two inputs; yields without tolerances, in percent,
    are those at 1 % and 5 %. A board with a firing has waveforms in the place of curves, surfaces
    and transients.

    Raises:
        InputError: another word, an input that the board does not have, too few inputs, or an edge
            that is no time.
    """
    words = [word for part in text.split(",") if (word := part.strip())]
    tolerances: dict[float, None] = {}
    others = []
    for word in words:
        kind, *figures = word.split(":")
        if kind == "yields":
            tolerances |= dict.fromkeys(map(_fraction, figures) if figures else USUAL)
        else:
            others.append(word)
    if board.firing is None:
        views = _followed(others, board)
    else:
        for word in others:
            if word in ("waveforms", "all"):
                continue
            if word.split(":")[0] in ("curves", "surface", "transient"):
                why = f"{word!r} is of boards whose outputs follow their inputs; this one is fired"
            else:
                why = f"nothing is called {word!r}"
            raise InputError(why, where=board.name, allowed=WORDS_OF_FIRED)
        views = Views(waveforms=bool(others))
    return dataclasses.replace(views, yields=tuple(tolerances))


def _fraction(percent: str) -> float:
    try:
        return float(percent.removesuffix("%")) / 100
    except ValueError:
        raise InputError(f"{percent!r} is no tolerance", allowed="percent: yields:1:5") from None


def _followed(words: Sequence[str], board: Board) -> Views:
    """Return the views of a board whose outputs follow its inputs."""
    curves = False
    surfaces: dict[tuple[str, str], None] = {}
    transients: dict[Wave, None] = {}
    for word in words:
        kind, *names = word.split(":")
        held_V: tuple[tuple[str, float], ...] = ()
        if kind == "transient":
            held_V = tuple(_held(name, board) for name in names if "=" in name)
            names = [name for name in names if "=" not in name]
        edge_s = parse(names.pop(), "s") if kind == "transient" and len(names) == 2 else None
        _refuse_unknown(names, board)
        inputs = [port.name for port in board.inputs]
        match kind, len(names):
            case "all", 0:
                curves = curves or bool(inputs)
                surfaces |= dict.fromkeys([(inputs[0], inputs[1])] if len(inputs) > 1 else [])
                transients |= dict.fromkeys([Wave()] if inputs else [])
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
                others = [name for name in inputs if name not in names]
                if held_V and (not names or sorted(dict(held_V)) != sorted(others)):
                    raise InputError(
                        f"{word!r} holds {', '.join(dict(held_V))}",
                        where=board.name,
                        allowed="an input that steps, and a voltage for each of the others",
                    )
                transients[Wave(names[0] if names else None, edge_s, held_V)] = None
            case "waveforms", 0:
                raise InputError("a board without a firing has no waveforms", where=board.name,
                                 allowed=WORDS)  # fmt: skip
            case _:
                raise InputError(f"nothing is called {word!r}", allowed=WORDS)
    return Views(curves, tuple(surfaces), tuple(transients))


def _held(text: str, board: Board) -> tuple[str, float]:
    """Read ``X2=5``."""
    name, _, volts = text.partition("=")
    _refuse_unknown([name], board)
    port = next(port for port in board.inputs if port.name == name)
    try:
        level_V = float(volts)
    except ValueError:
        level_V = math.nan
    if not port.min_V <= level_V <= port.max_V:
        raise InputError(
            f"{text!r} is no voltage for it",
            where=board.name,
            allowed=f"{name}={port.min_V:g} to {name}={port.max_V:g}",
        )
    return name, level_V


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
    """Return a prediction with what is wanted added.

    Bands reach from the lowest to the highest of the first boards of the prediction's draw.

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
        *(
            functools.partial(
                transient, moved=wave.moved, edge_s=wave.edge_s, held_V=dict(wave.held_V)
            )
            for wave in views.transients
        ),
    ]
    for make in makers:
        made.append(make(board, deck, engine, drawn))
        if progress:
            progress(len(made), len(makers))
    fired = waveforms(board, deck, engine, drawn) if views.waveforms else []
    counted = (
        yields(prediction, board, deck, engine, views.yields, progress) if views.yields else []
    )
    return msgspec.structs.replace(
        prediction,
        curves=[one for one in made if isinstance(one, records.Curve)],
        surfaces=[one for one in made if isinstance(one, records.Surface)],
        transients=[one for one in made if isinstance(one, records.Transient)],
        waveforms=fired,
        yields=counted,
    )
