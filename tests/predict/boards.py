"""Boards that are nothing but ports around a deck written by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from realnet_hw.board import Board, Case, Logic, Port
from realnet_hw.export.deck import Deck, Source, Spread


def board_of(
    inputs: Sequence[str],
    outputs: Sequence[str],
    *,
    high_V: float = 5.0,
    limits: Mapping[str, float] | None = None,
) -> Board:
    """Return a board whose inputs carry 0 V to ``high_V``; its only case has them all at 0 V."""
    return Board(
        name="test",
        title="A test",
        technology="none",
        ports=(
            *(Port(name, name, "input", max_V=high_V) for name in inputs),
            *(Port(name, name, "output") for name in outputs),
        ),
        supplies=(),
        test_points=(),
        cases=(Case(dict.fromkeys(inputs, 0.0), dict.fromkeys(outputs)),),
        logic=Logic(0.0, high_V, 0.3 * high_V, 0.7 * high_V),
        plain_circuit=lambda _: None,
        limits=limits or {},
    )


def deck_of(
    inputs: Sequence[str],
    outputs: Sequence[str],
    *elements: str,
    models: str = "",
    spreads: Sequence[Spread] = (),
) -> Deck:
    """Return a deck with a source ``v_x1`` on node ``x1`` for input ``X1``."""
    sources = {name: Source(f"v_{name.lower()}", name.lower(), 0.0) for name in inputs}
    driven = (f"{source.element} {source.node} 0 0" for source in sources.values())
    return Deck(
        title="* test",
        elements=(*elements, *driven),
        models=models,
        inputs=sources,
        nodes={name: name.lower() for name in (*inputs, *outputs)},
        spreads=tuple(spreads),
    )
