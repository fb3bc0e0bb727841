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
from realnet_hw.predict.bands import spare_boards
from realnet_hw.predict.ngspice import NgspiceEngine
from realnet_hw.predict.prediction import predict
from realnet_hw.predict.traces import BOARDS
from realnet_hw.predict.views import Views, Wave, views_from, with_views
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
    return with_views(plain, views_from("all", board), board, deck, engine, boards=SAMPLES)


@pytest.mark.parametrize(
    ("text", "views"),
    [
        ("", Views()),
        ("curves", Views(curves=True)),
        ("surface", Views(surfaces=(("X1", "X2"),))),
        ("surface:X3:X1, surface", Views(surfaces=(("X3", "X1"), ("X1", "X2")))),
        ("transient,transient:X2", Views(transients=(Wave(), Wave("X2")))),
        ("transient:X1:2us", Views(transients=(Wave("X1", 2e-6),))),
        (
            "transient:X1:X2=1:X3=0",
            Views(transients=(Wave("X1", None, (("X2", 1.0), ("X3", 0.0))),)),
        ),
        ("all", Views(True, (("X1", "X2"),), (Wave(),))),
        ("all,surface,surface:X1:X3,", Views(True, (("X1", "X2"), ("X1", "X3")), (Wave(),))),
    ],
)
def test_words(text: str, views: Views) -> None:
    assert views_from(text, THREE) == views
    assert bool(views) is bool(text)


def test_all_is_what_the_board_has_inputs_for() -> None:
    assert views_from("all", ONE) == Views(True, (), (Wave(),))
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
        (THREE, "transient:X1:X2=1", "holds X2 .*a voltage for each of the others"),
        (THREE, "transient:X2=1", "holds X2 .*an input that steps"),
        (THREE, "transient:X1:X2=1:X3=no", "'X3=no' is no voltage for it"),
        (THREE, "transient:X1:X2=1:X3=99", "'X3=99' is no voltage for it"),
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
    drawn_V = np.array(full.statistics.boards_V)
    seen = []
    for curve in full.curves:
        line = curve.outputs["Y"]
        for end in (0, -1):
            at = {**curve.held_V, curve.input: curve.input_V[end]}
            assert line.ideal_V is not None
            values = (line.nominal_V, line.low_V, line.high_V, line.ideal_V)
            seen.append((at, *(one[end] for one in values)))
    sheet = surface.outputs["Y"]
    assert sheet.ideal_V is not None
    for row in (0, -1):
        for column in (0, -1):
            at = {"X1": surface.across_V[column], "X2": surface.up_V[row]}
            rows = (sheet.nominal_V, sheet.low_V, sheet.high_V, sheet.ideal_V)
            seen.append((at, *(one[row][column] for one in rows)))
    assert len(seen) == 12
    for at, nominal_V, low_V, high_V, ideal_V in seen:
        (index,) = (
            index
            for index, case in enumerate(full.cases)
            if {name: value.set_V for name, value in case.inputs.items()} == at
        )
        output = full.cases[index].outputs["Y"]
        boards_V = drawn_V[:, full.statistics.keys.index(f"{index}.Y")]
        assert (nominal_V, ideal_V) == pytest.approx((output.nominal_V, output.ideal_V), abs=2e-6)
        low, high = min(output.nominal_V, *boards_V), max(output.nominal_V, *boards_V)
        assert (low_V, high_V) == pytest.approx((low, high), abs=2e-6)
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


def test_progress_counts_what_is_made(
    engine: NgspiceEngine, plain: records.Prediction, xor: Xor
) -> None:
    board, _, deck = xor
    seen: list[tuple[int, int]] = []
    views = views_from("curves,transient", board)
    with_views(plain, views, board, deck, engine, lambda *now: seen.append(now), boards=3)
    assert seen == [(1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]


def test_so_many_boards_make_a_band_that_holds_ninety_nine_per_cent() -> None:
    assert spare_boards(BOARDS) == 0
    assert spare_boards(BOARDS - 1) < 0


def test_parts_are_those_of_the_bill_of_materials(plain: records.Prediction, xor: Xor) -> None:
    rows = list(csv.DictReader(io.StringIO(bom_text(xor[1]))))
    assert [part.references for part in plain.parts] == [row["Reference"].split() for row in rows]
    assert [part.mpn for part in plain.parts] == [row["MPN"] for row in rows]
    assert {part.tolerance for part in plain.parts if part.references[0][0] == "R"} == {"1 %"}
    assert not [name for part in plain.parts for name in part.references if name.startswith("TP")]
