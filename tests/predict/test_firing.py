"""Boards with a firing: widths against the law of the RC, drawn boards, faults, waveforms, yields.

Ref: Texas Instruments SLFS043, TLC555, "Monostable operation": t = R C ln(Vcc / (Vcc - Vcont)),
which is R C ln 3 at the CONT pin's own two thirds.
"""

from __future__ import annotations

import dataclasses

import msgspec
import numpy as np
import pytest

from realnet_hw import records
from realnet_hw.board import Board, Case, Logic, TestPoint
from realnet_hw.compare.checks import check_prediction
from realnet_hw.compare.words import views as views_said
from realnet_hw.errors import InputError
from realnet_hw.export.deck import Deck
from realnet_hw.export.netlist import Netlist
from realnet_hw.predict import faults
from realnet_hw.predict.asking import Fired, Settled, asking_of
from realnet_hw.predict.ngspice import NgspiceEngine
from realnet_hw.predict.prediction import predict, shows_its_cases
from realnet_hw.predict.tolerances import draw
from realnet_hw.predict.views import views_from, with_views
from realnet_hw.predict.yields import with_tolerance, yields
from tests.predict.boards import ONE_SHOT_F, ONE_SHOT_OHM, ONE_SHOT_V, one_shot

SAMPLES = 20
LEVEL_V = 5.0


def law_s(
    level_V: float, ohm: float = ONE_SHOT_OHM, farad: float = ONE_SHOT_F, rail_V: float = ONE_SHOT_V
) -> float:
    return ohm * farad * float(np.log(rail_V / (rail_V - level_V)))


@pytest.fixture(scope="module")
def shot() -> tuple[Board, Deck]:
    return one_shot(LEVEL_V)


@pytest.fixture(scope="module")
def prediction(engine: NgspiceEngine, shot: tuple[Board, Deck]) -> records.Prediction:
    board, deck = shot
    return predict(board, deck, Netlist({}), engine, samples=SAMPLES, seed=3)


def test_widths_follow_the_law(engine: NgspiceEngine) -> None:
    """At 10 V it is R C ln 3, at 5 V R C ln 1.5; the trigger is over before the shortest."""
    levels_V = [2.5, 5.0, 7.5, 10.0]
    board, deck = one_shot(*levels_V)
    asking = asking_of(board, deck)
    assert asking.pulses == ("P",)
    answers = asking.answers(deck, engine, [{"v_x": level_V} for level_V in levels_V])
    for level_V, width_s in zip(levels_V, answers[:, -1], strict=True):
        assert width_s == pytest.approx(law_s(level_V), rel=2e-3)


def test_a_longer_step_leaves_widths_within_the_uncertainty_that_is_stated(
    engine: NgspiceEngine, shot: tuple[Board, Deck], monkeypatch: pytest.MonkeyPatch
) -> None:
    board, deck = shot
    asking = asking_of(board, deck)
    widths_s = []
    for steps in (100, 500, 4000):
        monkeypatch.setattr("realnet_hw.predict.asking._STEPS", steps)
        widths_s.append(asking.answers(deck, engine, [{"v_x": LEVEL_V}])[0, -1])
    assert max(widths_s) - min(widths_s) < 2 * asking.width_u_s


def test_no_pulse_and_one_that_does_not_end(
    engine: NgspiceEngine, shot: tuple[Board, Deck]
) -> None:
    """Without its capacitor's short circuit the pulse ends; with it, it lasts until it is read."""
    board, deck = shot
    asking = asking_of(board, deck)
    put = [{"v_x": LEVEL_V}]
    stuck = asking.answers(faults.apply(deck, "C1 short"), engine, put)
    assert board.firing is not None
    assert stuck[0, -1] == pytest.approx(board.firing.read_after_s, rel=1e-3)
    silent = asking.answers(faults.apply(deck, "U1 missing"), engine, put)
    assert silent[0, -1] == pytest.approx(0.0, abs=1e-6)


def test_each_board_drawn_has_the_width_of_its_own_parts(
    prediction: records.Prediction, shot: tuple[Board, Deck]
) -> None:
    pulses = prediction.statistics.pulses
    assert pulses.keys == ["0.P"]
    drawn = draw(shot[1].spreads, SAMPLES, 3)
    expected_s = [law_s(LEVEL_V, one["r1"], one["c1"], one["v_vcc"]) for one in drawn]
    widths_s = np.array(pulses.boards_s)[:, 0]
    np.testing.assert_allclose(widths_s, expected_s, rtol=2e-3)
    (case,) = prediction.cases
    assert case.pulses["P"].nominal_s == pytest.approx(law_s(LEVEL_V), rel=2e-3)
    assert case.pulses["P"].low_s <= min(widths_s)
    assert case.pulses["P"].high_s >= max(widths_s)
    assert "P" not in case.nodes


def test_slopes_of_widths_are_those_of_the_law(prediction: records.Prediction) -> None:
    """d(width)/d(level) = R C / (Vcc - level)."""
    expected = ONE_SHOT_OHM * ONE_SHOT_F / (ONE_SHOT_V - LEVEL_V)
    pulses = prediction.statistics.pulses
    for slopes in (pulses.slope_below_s_per_V, pulses.slope_above_s_per_V):
        assert slopes["X"][0] == pytest.approx(expected, rel=0.03)


def test_a_wrong_capacitor_is_among_the_faults(
    prediction: records.Prediction, shot: tuple[Board, Deck]
) -> None:
    assert [fault.fault for fault in prediction.faults] == faults.timing_faults(shot[1])
    found = {fault.fault: fault.widths_s for fault in prediction.faults}
    assert found["C1 -90 %"] == [pytest.approx(law_s(LEVEL_V) / 10, rel=0.02)]
    assert found["R1 +20 %"] == [pytest.approx(1.2 * law_s(LEVEL_V), rel=2e-3)]


def test_a_fault_without_a_solution_is_named_and_the_rest_is_there(
    engine: NgspiceEngine, shot: tuple[Board, Deck], monkeypatch: pytest.MonkeyPatch
) -> None:
    board, deck = shot
    first, *others = ["C1 -90 %", "R1 +20 %"]
    monkeypatch.setattr(faults, "timing_faults", lambda _: [first, *others])
    sound = faults.apply

    def apply(some: Deck, fault: str) -> Deck:
        if fault != first:
            return sound(some, fault)
        # Two sources in parallel that differ: no solution.
        return dataclasses.replace(some, elements=(*some.elements, "v_other vcc 0 9"))

    monkeypatch.setattr(faults, "apply", apply)
    found = predict(board, deck, Netlist({}), engine, samples=2)
    assert found.unsolved_faults == [first]
    assert [fault.fault for fault in found.faults] == others
    assert views_said(found)[-1] == "No solution with these faults: C1 -90 %."


def test_the_record_fits_together_and_survives_the_disk(prediction: records.Prediction) -> None:
    check_prediction(prediction)
    assert records.decode(records.encode(prediction)) == prediction
    assert shows_its_cases(prediction)


def test_waveforms_show_the_pulse_and_the_capacitor_up_to_its_threshold(
    engine: NgspiceEngine, prediction: records.Prediction, shot: tuple[Board, Deck]
) -> None:
    board, deck = shot
    views = views_from("all", board)
    (shown,) = with_views(prediction, views, board, deck, engine, boards=4).waveforms
    assert shown.boards == 5
    assert shown.thresholds == {"cap": "X"} or shown.thresholds == {"cap": "x"}
    time_s = np.array(shown.time_s)
    assert board.firing is not None
    assert time_s[0] >= 0
    assert time_s[-1] == pytest.approx(board.firing.read_after_s, rel=0.02)
    step_s = time_s[1] - time_s[0]
    pulse, cap = shown.traces["P"], shown.traces["cap"]
    high_s = step_s * sum(volt > 7.5 for volt in pulse.nominal_V)
    assert high_s == pytest.approx(law_s(LEVEL_V), abs=1.5 * step_s)
    # The capacitor rises to its threshold, to within what it does in a step of the record.
    rise_V = step_s * (ONE_SHOT_V - LEVEL_V) / (ONE_SHOT_OHM * ONE_SHOT_F)
    assert LEVEL_V - rise_V < max(cap.nominal_V) < LEVEL_V + 0.1
    assert all(
        low <= mid <= high
        for low, mid, high in zip(pulse.low_V, pulse.nominal_V, pulse.high_V, strict=True)
    )


def test_yields_at_other_tolerances(engine: NgspiceEngine, prediction: records.Prediction) -> None:
    """At 14 V the pulse outlasts the reading: the output is the capacitor's voltage, a fifth of it.

    With R C and the rail exact it is 15 V (1 - exp(-4 ms / 2 ms)) / 5 = 2.594 V, from there by
    2.7 % times the error of R C, and in proportion to the rail.
    """
    board, deck = one_shot(5.0, 14.0)
    exact = with_tolerance(deck, 0.0)
    assert {spread.parameter: (spread.low, spread.high) for spread in exact.spreads} == {
        "r1": (ONE_SHOT_OHM, ONE_SHOT_OHM),
        "c1": (ONE_SHOT_F, ONE_SHOT_F),
        "v_vcc": (pytest.approx(14.7), pytest.approx(15.3)),
    }
    judged = dataclasses.replace(
        board,
        cases=tuple(Case(case.inputs, {"Y": int(case.inputs["X"] > 13)}) for case in board.cases),
        logic=Logic(0.0, 3.0, 1.0, 2.594),
    )
    as_drawn = msgspec.structs.replace(
        prediction,
        samples=12,
        statistics=records.Statistics(
            keys=["0.Y", "1.Y"],
            boards_V=[[0.0, 2.6]] * 9 + [[0.0, 2.5]] * 3,
            slope_below={},
            slope_above={},
        ),
    )
    as_bought, one = yields(as_drawn, judged, deck, engine, [0.01])
    assert as_bought.tolerance is None
    assert (as_bought.every.good, as_bought.every.samples) == (9, 12)
    drawn = draw(with_tolerance(deck, 0.01).spreads, 12, as_drawn.seed)
    volts = [b["v_vcc"] * (1 - np.exp(-4e-3 / b["r1"] / b["c1"])) / 5 for b in drawn]
    assert one.tolerance == 0.01
    assert one.levels == one.every
    assert one.every.good == pytest.approx(sum(v > 2.594 for v in volts), abs=1)
    assert 0 < one.every.good < 12


def test_what_a_fired_board_can_t_show_is_refused(shot: tuple[Board, Deck]) -> None:
    board, deck = shot
    for word in ("curves", "surface", "transient", "transient:X"):
        with pytest.raises(InputError, match=r"this one is fired.*waveforms, yields"):
            views_from(word, board)
    with pytest.raises(InputError, match="nothing is called 'yield'"):
        views_from("yield", board)
    assert views_from("waveforms,yields:2:10%", board).yields == (0.02, 0.1)
    with pytest.raises(InputError, match="no tolerance"):
        views_from("yields:wide", board)
    settled = dataclasses.replace(board, ports=(board.ports[0], board.ports[3]), firing=None)
    with pytest.raises(InputError, match="pulses at P on a board without a firing"):
        asking_of(settled, deck)
    steady = dataclasses.replace(settled, test_points=())
    assert isinstance(asking_of(steady, deck), Settled)
    with pytest.raises(InputError, match="without a firing"):
        views_from("waveforms", steady)
    both = dataclasses.replace(board, test_points=(TestPoint("Y", "p", "pulse", 7.5),))
    with pytest.raises(InputError, match="a pulse and an output"):
        asking_of(both, deck)


def test_samples_suffice_for_the_joint_statistic() -> None:
    board, deck = one_shot(*np.linspace(1, 10, 60).tolist())
    asking = asking_of(board, deck)
    assert isinstance(asking, Fired)
    assert asking.samples >= 3 * 60 * 2
