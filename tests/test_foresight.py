"""What `realnet measure` says before the first reading."""

from __future__ import annotations

from pathlib import Path

import pytest

from realnet_hw import records
from realnet_hw.board import Board, load_board
from realnet_hw.cli.foresight import foretell
from realnet_hw.errors import InputError
from realnet_hw.export import netlist as netlists
from realnet_hw.export.deck import deck_from
from realnet_hw.export.netlist import Netlist
from realnet_hw.predict.ngspice import NgspiceEngine
from realnet_hw.predict.prediction import predict

FEW = """
name = "few wires"
[virtual]
[wiring.xor_single_supply]
X1 = "dac0"
"X1.sense" = "adc0"
X2 = "dac1"
"X2.sense" = "adc1"
Y = "adc2"
"""


@pytest.fixture(scope="module")
def xor(kicad: str) -> tuple[Board, Netlist, records.Prediction]:
    board = load_board("xor_single_supply")
    netlist = netlists.from_board(board)
    predicted = predict(board, deck_from(netlist, board), netlist, NgspiceEngine(), 60, 1)
    return board, netlist, predicted


def station(folder: Path, text: str) -> Path:
    path = folder / "station.toml"
    path.write_text(text)
    return path


def test_without_a_prediction_it_says_what_will_not_be_read(
    xor: tuple[Board, Netlist, records.Prediction],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    board, netlist, _ = xor
    foretell(board, netlist, None, station(tmp_path, FEW))
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == ("Without a channel, so not read: H1, H2, VREF (3 of 6 terminals)\n")
    foretell(board, netlist, None, station(tmp_path, 'name = "all"\n[virtual]\n'))
    assert capsys.readouterr().err == ""


def test_with_a_prediction_it_says_what_the_missing_wires_cost(
    xor: tuple[Board, Netlist, records.Prediction],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    board, netlist, predicted = xor
    foretell(board, netlist, predicted, station(tmp_path, FEW))
    few = capsys.readouterr().err.splitlines()
    foretell(board, netlist, predicted, station(tmp_path, 'name = "all"\n[virtual]\n'))
    (every,) = capsys.readouterr().err.splitlines()

    def unseen(line: str) -> set[str]:
        assert line.startswith("This wiring will not see ")
        return set(line.partition(": ")[2].split(", "))

    assert unseen(every) < unseen(few[1])
    assert few[2].startswith("Were every terminal wired, of these it would see ")
    assert set(few[2].partition(": ")[2].split(", ")) == unseen(few[1]) - unseen(every)


def test_a_prediction_of_another_circuit_is_refused(
    xor: tuple[Board, Netlist, records.Prediction], tmp_path: Path
) -> None:
    import msgspec

    board, netlist, predicted = xor
    other = msgspec.structs.replace(predicted, circuit_sha256="0" * 64)
    with pytest.raises(InputError, match="predict it again"):
        foretell(board, netlist, other, station(tmp_path, FEW))
