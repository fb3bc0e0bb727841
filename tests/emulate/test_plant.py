"""The board behind the fixture, against circuits that can be solved by hand."""

from __future__ import annotations

import ctypes.util
from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from realnet_hw.emulate.plant import Cable, SpicePlant
from realnet_hw.errors import InputError
from realnet_hw.export.deck import Deck, Source, Spread
from realnet_hw.predict.engine import Engine
from realnet_hw.predict.tolerances import draw

# Two inputs, each through a resistor of its own to the middle, and a load:
# v(m) = (a/1k + b/2k) / (1/1k + 1/2k + 1/2k) = (2 a + b) / 4.
DIVIDER = Deck(
    title="* divider",
    elements=("r1 a m 1000", "r2 b m 2000", "r3 m 0 2000", "v_a a 0 0", "v_b b 0 0"),
    inputs={"A": Source("v_a", "a", 0.0), "B": Source("v_b", "b", 0.0)},
    nodes={"A": "a", "B": "b", "M": "m"},
    spreads=(
        Spread("r1", "R1", 1000.0, "uniform", 950.0, 1050.0),
        Spread("r2", "R2", 2000.0, "uniform", 1900.0, 2100.0),
        Spread("r3", "R3", 2000.0, "uniform", 1900.0, 2100.0),
    ),
)


def middle_V(a_V: float, b_V: float, r1: float, r2: float, r3: float) -> float:
    return (a_V / r1 + b_V / r2) / (1 / r1 + 1 / r2 + 1 / r3)


@pytest.fixture(scope="module")
def engine() -> Engine:
    if ctypes.util.find_library("ngspice") is None:
        pytest.skip("libngspice is not installed")
    from realnet_hw.predict.ngspice import NgspiceEngine

    return NgspiceEngine()


class Counting:
    """The engine, with every deck's parameters as they were asked for."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.asked: list[Mapping[str, float]] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._engine, name)

    def operating_point(
        self, deck: Deck, parameters: Sequence[Mapping[str, float]], nodes: Sequence[str]
    ) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        self.asked += parameters
        return self._engine.operating_point(deck, parameters, nodes)


@pytest.mark.parametrize(
    ("a_V", "b_V", "expected_V"), [(0, 0, 0.0), (5, 0, 2.5), (0, 5, 1.25), (-3, 7.5, 0.375)]
)
def test_nominal_board_obeys_ohms_law(
    engine: Engine, a_V: float, b_V: float, expected_V: float
) -> None:
    plant = SpicePlant(DIVIDER, engine, seed=None)
    plant.set_inputs({"A": a_V, "B": b_V})
    assert plant.read("m") == pytest.approx(expected_V, abs=1e-6)
    assert plant.read("a") == pytest.approx(a_V, abs=1e-9)


def test_an_input_that_is_not_driven_is_at_0_v(engine: Engine) -> None:
    plant = SpicePlant(DIVIDER, engine, seed=None)
    plant.set_inputs({"A": 5.0, "B": 5.0})
    plant.set_inputs({"B": 5.0})
    assert plant.read("m") == pytest.approx(1.25, abs=1e-6)


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_drawn_board_is_the_one_that_a_prediction_draws(engine: Engine, seed: int) -> None:
    plant = SpicePlant(DIVIDER, engine, seed=seed)
    drawn = draw(DIVIDER.spreads, 1, seed)[0]
    plant.set_inputs({"A": 5.0, "B": 2.0})
    expected_V = middle_V(5.0, 2.0, drawn["r1"], drawn["r2"], drawn["r3"])
    assert plant.read("m") == pytest.approx(expected_V, abs=1e-6)
    assert plant.read("m") != pytest.approx(middle_V(5.0, 2.0, 1000, 2000, 2000), abs=1e-4)


def test_drawn_boards_stay_inside_the_tolerance(engine: Engine) -> None:
    for seed in range(30):
        parameters = SpicePlant(DIVIDER, engine, seed=seed).parameters
        for spread in DIVIDER.spreads:
            assert spread.low <= parameters[spread.parameter] <= spread.high


def test_a_fault_changes_its_part_and_no_other(engine: Engine) -> None:
    plant = SpicePlant(DIVIDER, engine, seed=3, faults=["R1 +20 %"])
    drawn = draw(DIVIDER.spreads, 1, 3)[0]
    plant.set_inputs({"A": 5.0})
    expected_V = middle_V(5.0, 0.0, 1.2 * drawn["r1"], drawn["r2"], drawn["r3"])
    assert plant.read("m") == pytest.approx(expected_V, abs=1e-6)


def test_faults_add_up(engine: Engine) -> None:
    plant = SpicePlant(DIVIDER, engine, seed=None, faults=["R3 open", "inputs A B swapped"])
    plant.set_inputs({"A": 3.0, "B": 0.0})
    # A's wire lies on B's node: 3 V through 2 kohm against 1 kohm to ground.
    assert plant.read("m") == pytest.approx(1.0, abs=1e-5)


def test_an_unknown_fault_is_refused(engine: Engine) -> None:
    with pytest.raises(InputError, match="R9 open"):
        SpicePlant(DIVIDER, engine, seed=0, faults=["R9 open"])


def test_nothing_is_solved_before_it_is_read_nor_twice(engine: Engine) -> None:
    counting = Counting(engine)
    plant = SpicePlant(DIVIDER, counting, seed=None)  # type: ignore[arg-type]
    plant.set_inputs({"A": 1.0})
    plant.set_inputs({"A": 2.0})
    plant.advance(1.0, {})
    assert counting.asked == []
    for _ in range(3):
        plant.read("m")
        plant.read("b")
        plant.set_inputs({"A": 2.0 + 1e-6})
    assert [asked["v_a"] for asked in counting.asked] == pytest.approx([2.0])
    plant.set_inputs({"A": 3.0})
    plant.read("m")
    plant.set_inputs({"A": 2.0})
    plant.read("m")
    assert len(counting.asked) == 2


def test_names_are_checked(engine: Engine) -> None:
    plant = SpicePlant(DIVIDER, engine, seed=None)
    with pytest.raises(InputError, match="no input 'C'"):
        plant.set_inputs({"C": 1.0})
    with pytest.raises(InputError, match="no node 'x'"):
        plant.read("x")


def test_a_cable_leads_through() -> None:
    cable = Cable()
    cable.set_inputs({"A": 1.5})
    assert cable.read("A") == 1.5
    assert cable.read("B") == 0.0
