"""Transients against first-order laws: a resistor and a capacitor, an amplifier's bandwidth, slew.

Ref: Texas Instruments SLOS080V, TL07xx: unity-gain bandwidth 3 MHz; SLOS080N: slew rate 13 V/us.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from realnet_hw.board import Board
from realnet_hw.errors import InputError, SimulationFailed
from realnet_hw.export.deck import Deck, Spread, model_card
from realnet_hw.export.netlist import Netlist
from realnet_hw.predict.ngspice import NgspiceEngine
from realnet_hw.predict.tolerances import draw
from realnet_hw.predict.transient import transient
from tests.predict.boards import board_of, deck_of

RC = deck_of(
    ["X1"], ["Y"], "r1 x1 y 1000", "c1 y 0 1e-6",
    spreads=[
        Spread("c1", "C1", 1e-6, "uniform", 0.9e-6, 1.1e-6),
        Spread("r1", "R1", 1e3, "uniform", 990.0, 1010.0),
    ],
)  # fmt: skip
TO_ONE_PER_CENT = math.log(100)


def amplifier(feedback_ohm: float, input_ohm: float) -> Deck:
    """An inverting amplifier with a TL074; its other three follow ground."""
    return deck_of(
        ["X1"],
        ["Y"],
        f"r1 x1 sum {input_ohm}",
        f"r2 sum y {feedback_ohm}",
        "xu1 y sum 0 p 0 f2 f2 f3 f3 0 n 0 f4 f4 tl074",
        "v_p p 0 15",
        "v_n n 0 -15",
        models=model_card("tl074.lib"),
    )


def test_resistor_and_capacitor(engine: NgspiceEngine) -> None:
    """Starts from a guess a hundred times too short."""
    drawn = draw(RC.spreads, 24, 5)
    found = transient(board_of(["X1"], ["Y"]), RC, engine, drawn)
    half_s = 20e-3  # the next 1, 2 or 5 above 4 x 4.6 ms
    times, input_V = np.array(found.time_s), np.array(found.input_V)
    assert np.diff(times) == pytest.approx(half_s / 200)
    assert found.time_s[-1] == pytest.approx(2.1 * half_s)
    rise, fall = 20, 220
    assert times[[rise, fall]] == pytest.approx([0.1 * half_s, 1.1 * half_s])
    assert set(input_V[: rise + 1]) == {0.0} == set(input_V[fall + 1 :])
    assert set(input_V[rise + 1 : fall + 1]) == {5.0}
    # The edge takes half_s / 500, so that its middle is where the law begins.
    after_s = times[rise + 1 : fall] - times[rise] - half_s / 1000
    y = found.outputs["Y"]
    expected_V = 5 * (1 - np.exp(-after_s / 1e-3))
    assert np.array(y.nominal_V[rise + 1 : fall]) == pytest.approx(expected_V, abs=5e-3)
    assert y.ideal_V is None
    assert np.all(np.array(y.low_V) <= np.array(y.high_V))
    settling = found.settling["Y"]
    assert settling.nominal_s == pytest.approx(1e-3 * TO_ONE_PER_CENT, rel=0.02)
    slowest = max(one["r1"] * one["c1"] for one in drawn) / 1e-3
    assert settling.nominal_s is not None
    assert settling.slowest_s == pytest.approx(slowest * settling.nominal_s, rel=0.01)
    assert found.boards == 24
    assert found.edge_s == pytest.approx(half_s / 500)
    for edge in found.edges["Y"]:
        assert edge.delay_s is not None
        assert edge.passage_s is not None
        assert edge.settling_s is not None
        assert edge.overshoot is not None
        assert edge.delay_s.nominal == pytest.approx(1e-3 * math.log(2), rel=0.03)
        assert edge.passage_s.nominal == pytest.approx(1e-3 * math.log(9), rel=0.02)
        assert edge.settling_s.nominal == pytest.approx(1e-3 * math.log(50), rel=0.02)
        assert edge.settling_s.high == pytest.approx(slowest * edge.settling_s.nominal, rel=0.01)
        assert edge.overshoot.high < 1e-3


def test_an_edge_that_takes_its_time_makes_the_passage_longer(engine: NgspiceEngine) -> None:
    """The answer to a ramp of 4 RC, by the law of the ramp and its end."""
    found = transient(board_of(["X1"], ["Y"]), RC, engine, [], edge_s=4e-3)
    after = np.linspace(0, 20, 200_001)
    ramp = (after - 1 + np.exp(-after)) / 4
    late = np.maximum(after - 4, 0)
    law = np.where(after < 4, ramp, ramp - (late - 1 + np.exp(-late)) / 4)
    at = dict(zip((0.1, 0.5, 0.9), 1e-3 * np.interp((0.1, 0.5, 0.9), law, after), strict=True))
    for edge in found.edges["Y"]:
        assert edge.delay_s is not None
        assert edge.passage_s is not None
        assert edge.delay_s.nominal == pytest.approx(at[0.5] - 2e-3, rel=0.01)
        assert edge.passage_s.nominal == pytest.approx(at[0.9] - at[0.1], rel=0.01)
    with pytest.raises(InputError, match="an edge of 0 s"):
        transient(board_of(["X1"], ["Y"]), RC, engine, [], edge_s=0.0)


@pytest.mark.parametrize("gain", [1.0, 2.0, 4.0])
def test_small_steps_settle_with_the_amplifier_s_bandwidth(
    engine: NgspiceEngine, gain: float
) -> None:
    """Closed loop, its bandwidth is 3 MHz over the noise gain 1 + gain.

    The feedback's own load on the output's 125 ohm makes the loop slower by a few per cent.
    """
    deck = amplifier(1e3 * gain, 1e3)
    found = transient(board_of(["X1"], ["Y"], high_V=0.2 / gain), deck, engine, [{}, {}])
    loaded = 1 + 125 / (1e3 + 1e3 * gain)
    time_constant_s = loaded * (1 + gain) / (2 * math.pi * 3e6)
    settling = found.settling["Y"]
    assert settling.nominal_s == pytest.approx(time_constant_s * TO_ONE_PER_CENT, rel=0.03)
    assert settling.slowest_s == settling.nominal_s


def test_large_steps_are_limited_by_the_slew_rate(engine: NgspiceEngine) -> None:
    found = transient(board_of(["X1"], ["Y"], high_V=10.0), amplifier(1e3, 1e3), engine, [{}, {}])
    y_V, times = np.array(found.outputs["Y"].nominal_V), np.array(found.time_s)
    assert np.abs(np.diff(y_V) / np.diff(times)).max() == pytest.approx(13e6, rel=0.05)


def test_the_exclusive_or_toggles_and_comes_to_rest(
    engine: NgspiceEngine, xor: tuple[Board, Netlist, Deck]
) -> None:
    board, _, deck = xor
    drawn = draw(deck.spreads, 3, 0)
    for moved in (None, "X2"):
        found = transient(board, deck, engine, drawn, moved=moved)
        assert found.input == (moved or "X1")
        (other,) = {"X1", "X2"} - {found.input}
        assert set(found.held_V) == {other}
        y = found.outputs["Y"]
        corners = [{**found.held_V, found.input: volts} for volts in (0.0, 5.0)]
        rest_V = engine.operating_point(
            deck, [{f"v_{n.lower()}": v for n, v in one.items()} for one in corners], ["y"]
        )[:, 0]
        assert abs(rest_V[1] - rest_V[0]) > 4.5
        assert [y.nominal_V[0], y.nominal_V[220], y.nominal_V[-1]] == pytest.approx(
            [rest_V[0], rest_V[1], rest_V[0]], abs=5e-3
        )
        assert y.ideal_V is not None
        assert y.nominal_V[-1] == pytest.approx(y.ideal_V[-1], abs=0.05)
        settling = found.settling["Y"]
        assert settling.nominal_s is not None
        # No faster than one amplifier, no slower than the bound that the fixture waits for.
        assert 0.1e-6 < settling.nominal_s < board.limits["settle_s"]
        assert settling.slowest_s is not None
        assert settling.nominal_s <= settling.slowest_s < 2 * settling.nominal_s
        half_s = found.time_s[220] - found.time_s[20]
        assert 4 <= half_s / settling.nominal_s < 10


def test_what_follows_at_once_is_not_given_a_time_of_its_own(engine: NgspiceEngine) -> None:
    """A divider has no time constant; beside it, an output that has one."""
    deck = deck_of(["X1"], ["Y", "Z"], "r1 x1 y 1000", "r2 y 0 1000", "r3 x1 z 10", "c1 z 0 1e-9")
    found = transient(board_of(["X1"], ["Y", "Z"]), deck, engine, [{}, {}])
    step_s = found.time_s[1]
    at_once, law = found.settling["Y"], found.settling["Z"]
    assert at_once.resolution_s == pytest.approx(2 * step_s)
    assert at_once.nominal_s == at_once.slowest_s == at_once.resolution_s
    alone = transient(
        board_of(["X1"], ["Y"]), deck_of(["X1"], ["Y"], "r1 x1 y 1000", "r2 y 0 1000"), engine,
        [{}, {}],
    ).settling["Y"]  # fmt: skip
    assert alone.nominal_s == alone.slowest_s == alone.resolution_s
    assert law.nominal_s == pytest.approx(10e-9 * TO_ONE_PER_CENT, rel=0.1)


def test_an_output_that_the_wave_does_not_move_has_no_settling(engine: NgspiceEngine) -> None:
    deck = deck_of(["X1"], ["Y", "Z"], "r1 x1 y 1000", "c1 y 0 1e-9", "b1 z 0 v=3")
    found = transient(board_of(["X1"], ["Y", "Z"]), deck, engine, [{}, {}])
    assert set(found.settling) == {"Y"}
    assert set(found.outputs["Z"].nominal_V) == {3.0}


def test_a_board_that_does_not_come_to_rest_is_refused(engine: NgspiceEngine) -> None:
    deck = deck_of(["X1"], ["Y"], "r1 x1 y 1e6", "c1 y 0 1e-3")
    with pytest.raises(SimulationFailed, match="X1 steps and the outputs do not come to rest"):
        transient(board_of(["X1"], ["Y"]), deck, engine, [{}, {}])


def test_boards_outermost_at_rest_are_stepped_with_the_first(engine: NgspiceEngine) -> None:
    deck = deck_of(["X1"], ["Y"], "r1 x1 y 1000", "r2 y 0 1000", "c1 y 0 1e-9")
    drawn = [{"r2": 1000.0 + index} for index in range(50)]
    drawn[40], drawn[45] = {"r2": 500.0}, {"r2": 2000.0}
    found = transient(board_of(["X1"], ["Y"]), deck, engine, drawn)
    y = found.outputs["Y"]
    assert y.low_V[200] == pytest.approx(5 / 3, abs=2e-3)
    assert y.high_V[200] == pytest.approx(10 / 3, abs=2e-3)
    assert 26 <= found.boards < 32


def test_a_slow_board_among_quick_ones_has_no_slowest(engine: NgspiceEngine) -> None:
    """A half is four times as long as the nominal board takes; one ten times slower is not seen."""
    found = transient(board_of(["X1"], ["Y"]), RC, engine, [{}, {"c1": 1e-5}])
    assert found.settling["Y"].nominal_s is not None
    assert found.settling["Y"].slowest_s is None


def test_halves_are_round(engine: NgspiceEngine) -> None:
    halves = []
    for farad in (1e-9, 2e-9, 4e-9):
        deck = deck_of(["X1"], ["Y"], "r1 x1 y 1000", f"c1 y 0 {farad}")
        found = transient(board_of(["X1"], ["Y"]), deck, engine, [{}, {}])
        halves.append(found.time_s[220] - found.time_s[20])
    assert halves == pytest.approx([20e-6, 50e-6, 100e-6])
    assert all(one < two for one, two in itertools.pairwise(halves))
