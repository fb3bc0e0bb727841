"""Training with the resistors' tolerance, and the boards that come of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from realnet_hw.board import load_board
from realnet_hw.cli import main
from realnet_hw.errors import InputError
from realnet_hw.export import netlist
from realnet_hw.export.deck import deck_from
from realnet_hw.learn import data_set, mlp, proof, tolerant
from realnet_hw.predict.compiled.engine import CompiledEngine
from realnet_hw.predict.monte_carlo import Run, streamed
from realnet_hw.predict.ngspice import NgspiceEngine
from realnet_hw.preferred_values import values
from realnet_hw.technology.resistors import kind_of

XOR = mlp.Wish("balanced_summer", "resistor_5pct", hidden=2, seed=3, limit=1.0, samples=100)


@pytest.fixture(scope="module")
def short() -> Iterator[None]:
    """Trainings of seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tolerant, "_STEPS", 700)
        patch.setattr(tolerant, "_STARTS", 2)
        yield


@pytest.fixture(scope="module")
def xor(short: None) -> mlp.Outcome:
    return mlp.trained(data_set.load("xor"), XOR, CompiledEngine())


def test_every_board_of_five_percent_shows_xor(xor: mlp.Outcome) -> None:
    assert xor.share.good == xor.share.samples == 100
    for x1, x2 in ((0, 0), (0, 1), (1, 0), (1, 1)):
        assert (xor.network.forward((x1, x2))[0] > 0.5) == (x1 != x2)


def test_the_board_is_of_resistors_that_are_sold(xor: mlp.Outcome) -> None:
    found = netlist.from_board(xor.board)
    sold = set(values("E24", 1.0, 1e7))
    weights = [
        spread
        for spread in deck_from(found, xor.board).spreads
        if spread.reference in found.parts
        and found.parts[spread.reference].fields.get("Catalogue") == "resistor_5pct"
    ]
    assert len(weights) > 8
    for spread in weights:
        assert any(abs(spread.nominal / ohm - 1) < 1e-9 for ohm in sold)
        assert spread.high / spread.nominal == pytest.approx(1.05)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_no_board_judges_a_network_that_it_chose(
    xor: mlp.Outcome, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    asked: list[int] = []

    def drawn(run: Run, *rest: Any) -> Iterator[Any]:
        asked.append(run.seed)
        return streamed(run, *rest)

    found = [tolerant.Trained(xor.network, 1.0, 1.0)] * 2
    monkeypatch.setattr(tolerant, "train", lambda *_, **__: found)
    monkeypatch.setattr(proof, "streamed", drawn)
    wish = mlp.Wish("balanced_summer", "resistor_5pct", hidden=2, seed=seed, limit=1.0, samples=3)
    mlp.trained(data_set.load("xor"), wish, CompiledEngine())
    *chose, judged = asked
    assert len(chose) == len(found)
    assert judged not in chose


def test_the_same_seed_trains_the_same_network(xor: mlp.Outcome) -> None:
    again = tolerant.train(
        data_set.load("xor"), "balanced_summer", "resistor_5pct", hidden=2, seed=3
    )
    assert xor.network.sha256() in {one.network.sha256() for one in again}


@pytest.mark.usefixtures("short")
def test_flowers_are_told_apart_on_nearly_every_board() -> None:
    data, engine = data_set.load("iris"), CompiledEngine()
    wish = mlp.Wish("balanced_summer", "resistor_5pct", 6, seed=0, limit=0.93, samples=200)
    found = mlp.trained(data, wish, engine)
    assert found.share.value >= 0.99
    assert found.accuracy > 0.93
    both = [
        proof.accuracies(found.board, data, each, examples=data.judged, samples=4, seed=0)
        for each in (engine, NgspiceEngine())
    ]
    assert np.array_equal(*both)


def test_realnet_new_makes_the_board_that_was_proved(
    short: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "boards").mkdir()
    monkeypatch.chdir(tmp_path)
    asked = "train mlp xor --hidden 2 --seed 3 --series E24 --tolerance 5% --samples 100 --json"
    assert main(asked.split()) == 0
    told = json.loads(capfd.readouterr().out)
    assert told["boards"]["yield"] == 1.0
    assert told["resistors"] == "E24 5 %"
    assert main(told["next"].split()[1:]) == 0
    board = load_board("xor")
    assert board.network
    proved = proof.board_of(board.network, data_set.load("xor"), "balanced_summer", "resistor_5pct")
    parts = [{part.reference: part.value for part in netlist.from_board(one).parts.values()}
             for one in (board, proved)]  # fmt: skip
    assert parts[0] == parts[1]


def test_numbers_out_of_range_are_refused() -> None:
    data, engine = data_set.load("xor"), CompiledEngine()
    for key, value, said in (
        ("hidden", 0, "0 hidden"),
        ("seed", -1, "seed -1"),
        ("limit", 1.1, "110 %"),
        ("samples", 1, "1 samples"),
        ("technology", "timer_555", "timer_555"),
    ):
        wish = mlp.Wish(**{**XOR.__dict__, key: value})
        with pytest.raises(InputError, match=said):
            mlp.trained(data, wish, engine)


def test_resistors_that_the_catalogue_does_not_have_are_refused() -> None:
    assert kind_of("E24", 0.05) == "resistor_5pct"
    for asked in (("E24", 0.01), ("E12", None)):
        with pytest.raises(InputError, match="E96 1 %, E24 5 %"):
            kind_of(*asked)
