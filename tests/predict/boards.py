"""Boards that are nothing but ports around a deck written by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from realnet_hw.board import Board, Case, Firing, Logic, Port, Supply, TestPoint
from realnet_hw.export.deck import Deck, Source, Spread, model_card


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


ONE_SHOT_OHM, ONE_SHOT_F, ONE_SHOT_V = 20e3, 100e-9, 15.0


def one_shot(*levels_V: float) -> tuple[Board, Deck]:
    """Return a monostable of one TLC555 whose CONT pin is the input X, a case for each level.

    Its output Y is the capacitor's voltage, a fifth of it, once the pulse is over.
    """
    board = Board(
        name="one_shot",
        title="A pulse as long as its input says",
        technology="none",
        ports=(
            Port("X", "x", "input", max_V=10.0, safe="open"),
            Port("TRIGGER", "trigger", "trigger", "pulse"),
            Port("RESET", "reset", "reset", "pulse"),
            Port("Y", "y", "output"),
        ),
        supplies=(Supply("vcc", ONE_SHOT_V, 0.02, 0.1),),
        test_points=(TestPoint("P", "p", "pulse", 7.5),),
        cases=tuple(Case({"X": level_V}, {"Y": 0}) for level_V in levels_V),
        logic=Logic(0.0, 3.0, 1.0, 2.0),
        plain_circuit=lambda _: None,
        firing=Firing(
            reset_s=2e-4,
            recover_s=2e-4,
            trigger_s=5e-5,
            read_after_s=4e-3,
            thresholds={"cap": "x"},
        ),
    )
    pulls = [
        line
        for port in ("trigger", "reset")
        for line in (
            f"v_{port}_pull {port}_pull 0 0",
            f"b_{port}_pull {port} 0 i=v({port})*v({port}_pull)/50",
        )
    ]
    exact = {"r1": ONE_SHOT_OHM, "c1": ONE_SHOT_F, "v_vcc": ONE_SHOT_V}
    bounds = {"r1": 0.01, "c1": 0.05, "v_vcc": 0.02}
    deck = Deck(
        title="* one shot",
        elements=(
            f"r1 vcc cap {ONE_SHOT_OHM}",
            f"c1 cap 0 {ONE_SHOT_F}",
            "r2 vcc trigger 10000",
            "r3 vcc reset 10000",
            "xu1 0 trigger p reset x cap cap vcc tlc555",
            "e1 y 0 cap 0 0.2",
            f"v_vcc vcc 0 {ONE_SHOT_V}",
            "v_x x 0 0",
            *pulls,
        ),
        models=model_card("tlc555.lib"),
        supplies={"vcc": Source("v_vcc", "vcc", ONE_SHOT_V)},
        inputs={"X": Source("v_x", "x", 0.0)},
        drivers={
            name: Source(f"v_{name.lower()}_pull", f"{name.lower()}_pull", 0.0)
            for name in ("TRIGGER", "RESET")
        },
        nodes={name: name for name in ("x", "y", "p", "cap", "trigger", "reset", "vcc")},
        spreads=tuple(
            Spread(
                name,
                "vcc" if name == "v_vcc" else name.upper(),
                value,
                "uniform",
                value * (1 - bounds[name]),
                value * (1 + bounds[name]),
            )
            for name, value in exact.items()
        ),
    )
    return board, deck
