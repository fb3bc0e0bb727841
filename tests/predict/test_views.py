"""What is asked for in words, and what a prediction has of it."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest

from realnet_hw import records
from realnet_hw.board import Board
from realnet_hw.errors import InputError
from realnet_hw.export.bom import bom_text
from realnet_hw.export.deck import Deck
from realnet_hw.export.netlist import Netlist
from realnet_hw.predict.ngspice import NgspiceEngine
from realnet_hw.predict.prediction import predict
from realnet_hw.predict.views import Views, views_from, with_views
from tests.predict.boards import board_of

Xor = tuple[Board, Netlist, Deck]
THREE = board_of(["X1", "X2", "X3"], ["Y"])
ONE = board_of(["X1"], ["Y"])
SAMPLES = 12


@pytest.fixture(scope="module")
def plain(engine: NgspiceEngine, xor: Xor) -> records.Prediction:
    board, netlist, deck = xor
    return predict(board, deck, netlist, engine, samples=SAMPLES, seed=3)


@pytest.fixture(scope="module")
def full(engine: NgspiceEngine, xor: Xor, plain: records.Prediction) -> records.Prediction:
    board, _, deck = xor
    return with_views(plain, views_from("all", board), board, deck, engine)


@pytest.mark.parametrize(
    ("text", "views"),
    [
        ("", Views()),
        ("curves", Views(curves=True)),
        ("surface", Views(surfaces=(("X1", "X2"),))),
        ("surface:X3:X1, surface", Views(surfaces=(("X3", "X1"), ("X1", "X2")))),
        ("transient,transient:X2", Views(transients=(None, "X2"))),
        ("all", Views(True, (("X1", "X2"),), (None,))),
        ("all,surface,surface:X1:X3,", Views(True, (("X1", "X2"), ("X1", "X3")), (None,))),
    ],
)
def test_words(text: str, views: Views) -> None:
    assert views_from(text, THREE) == views
    assert bool(views) is bool(text)


def test_all_is_what_the_board_has_inputs_for() -> None:
    assert views_from("all", ONE) == Views(True, (), (None,))
    assert not views_from("all", board_of([], ["Y"]))
    assert str(views_from("all", ONE)) == "transfer curves, transient"


@pytest.mark.parametrize(
    ("board", "text", "reason"),
    [
        (THREE, "curve", "nothing is called 'curve'"),
        (THREE, "curves:X1", "nothing is called 'curves:X1'"),
        (THREE, "surface:X1", "nothing is called 'surface:X1'"),
        (THREE, "all:X1", "nothing is called 'all:X1'"),
        (THREE, "surface:X1:X4", r"no input 'X4' \(allowed: X1, X2, X3\)"),
        (THREE, "surface:X1:X1", "one input twice"),
        (THREE, "transient:Y", "no input 'Y'"),
        (ONE, "surface", "a response surface needs 2 inputs, the board has 1"),
        (ONE, "curves,surface:X1:X2", "no input 'X2'"),
        (board_of([], ["Y"]), "curves", "a transfer curve needs 1 input, the board has 0"),
        (board_of([], ["Y"]), "transient", "a transient needs 1 input"),
    ],
)
def test_what_can_t_be_shown_is_refused(board: Board, text: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        views_from(text, board)


def test_curves_end_where_the_cases_are(full: records.Prediction) -> None:
    """The corners of the unit square, seen by curves, surface and truth table alike."""
    (surface,) = full.surfaces
    (transient,) = full.transients
    assert (surface.across, surface.up) == ("X1", "X2")
    by_inputs = {
        tuple(value.set_V for value in case.inputs.values()): case.outputs["Y"]
        for case in full.cases
    }
    assert len(full.curves) == 4
    for curve in full.curves:
        for end in (0, -1):
            volts = {**curve.held_V, curve.input: curve.input_V[end]}
            case = by_inputs[volts["X1"], volts["X2"]]
            line = curve.outputs["Y"]
            assert line.nominal_V[end] == pytest.approx(case.nominal_V, abs=2e-6)
            assert line.low_V[end] == pytest.approx(case.low_V, abs=2e-6)
            assert line.high_V[end] == pytest.approx(case.high_V, abs=2e-6)
            assert line.ideal_V is not None
            assert line.ideal_V[end] == pytest.approx(case.ideal_V, abs=2e-6)
    for (x, y), case in by_inputs.items():
        row, column = surface.up_V.index(y), surface.across_V.index(x)
        sheet = surface.outputs["Y"]
        assert sheet.nominal_V[row][column] == pytest.approx(case.nominal_V, abs=2e-6)
        assert sheet.high_V[row][column] == pytest.approx(case.high_V, abs=2e-6)
    assert {one.boards for one in (*full.curves, surface, transient)} == {SAMPLES}


def test_a_record_with_all_is_small_and_survives_the_disk(full: records.Prediction) -> None:
    text = records.encode(full)
    assert records.decode(text) == full
    # A usual prediction has a thousand boards; all else is as here.
    statistics = len(str(full.statistics.boards_V))
    assert len(text) + statistics * (1000 / SAMPLES - 1) < 1e6


def test_the_cases_are_left_as_they_were(
    full: records.Prediction, plain: records.Prediction
) -> None:
    assert full.cases == plain.cases
    assert full.statistics == plain.statistics
    assert not [*plain.curves, *plain.surfaces, *plain.transients]


def test_the_first_boards_make_the_band(
    engine: NgspiceEngine, xor: Xor, monkeypatch: pytest.MonkeyPatch
) -> None:
    board, netlist, deck = xor
    monkeypatch.setattr("realnet_hw.predict.views.BOARDS", 3)
    few = predict(board, deck, netlist, engine, samples=5, seed=3)
    seen: list[tuple[int, int]] = []
    found = with_views(
        few, views_from("curves", board), board, deck, engine, lambda *now: seen.append(now)
    )
    assert {curve.boards for curve in found.curves} == {3}
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    # They are the first ones of the prediction: the widest of three can't be wider than its band.
    end_V = np.array(few.statistics.boards_V)[:3, few.statistics.keys.index("0.Y")]
    assert found.curves[0].outputs["Y"].low_V[0] <= end_V.min()
    assert found.curves[0].outputs["Y"].high_V[0] >= end_V.max()


def test_parts_are_those_of_the_bill_of_materials(plain: records.Prediction, xor: Xor) -> None:
    rows = list(csv.DictReader(io.StringIO(bom_text(xor[1]))))
    assert [part.references for part in plain.parts] == [row["Reference"].split() for row in rows]
    assert [part.mpn for part in plain.parts] == [row["MPN"] for row in rows]
    assert {part.tolerance for part in plain.parts if part.references[0][0] == "R"} == {"1 %"}
    assert not [name for part in plain.parts for name in part.references if name.startswith("TP")]
