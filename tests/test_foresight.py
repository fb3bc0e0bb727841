"""What `realnet measure` says before the first reading."""

from __future__ import annotations

from pathlib import Path

import pytest

from realnet_hw import records
from realnet_hw.board import Board, load_board
from realnet_hw.cli.foresight import foretell
from realnet_hw.cli.guidance import warn_of_few_samples
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


def said(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What was said, without what only says that work began."""
    return [x for x in capsys.readouterr().err.splitlines() if not x.endswith(" ...")]


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
    few = said(capsys)
    foretell(board, netlist, predicted, station(tmp_path, 'name = "all"\n[virtual]\n'))
    (every,) = said(capsys)

    def count(line: str, begins: str) -> int:
        assert line.startswith(begins)
        named = line.partition(": ")[2]
        shown, _, more = named.removesuffix(" more").partition(" and ")
        number = int(line.removeprefix(begins).split()[0].rstrip(":"))
        assert number == len(shown.split(", ")) + int(more or 0)
        return number

    few_unseen = count(few[1], "This wiring will not see ")
    every_unseen = count(every, "This wiring will not see ")
    would_see = count(few[2], "Were every terminal wired, of these it would see ")
    assert 0 < every_unseen < few_unseen
    assert would_see == few_unseen - every_unseen


def test_too_few_boards_cost_the_foresight_and_not_the_measurement(
    xor: tuple[Board, Netlist, records.Prediction],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    import msgspec

    board, netlist, predicted = xor
    drawn = msgspec.structs.replace(
        predicted.statistics, boards_V=predicted.statistics.boards_V[:10]
    )
    few = msgspec.structs.replace(predicted, statistics=drawn)
    all_wired = station(tmp_path, 'name = "all"\n[virtual]\n')
    foretell(board, netlist, few, all_wired, record=Path("mine.json"))
    (line,) = said(capsys)
    values = len(board.cases) * (len(board.outputs) + len(board.test_points))
    assert line == (
        "10 boards are too few to say which faults this wiring will not see, and to compare with:"
        f" realnet predict xor_single_supply --samples {values + 2} --seed 1 --out mine.json"
    )


def test_a_prediction_that_is_wrong_itself_promises_no_fault(
    xor: tuple[Board, Netlist, records.Prediction],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from msgspec.structs import replace

    board, netlist, predicted = xor
    first, *others = predicted.cases
    outputs = {
        name: replace(output, expected=1 - (output.expected or 0))
        for name, output in first.outputs.items()
    }
    wrong = replace(predicted, cases=[replace(first, outputs=outputs), *others])
    foretell(board, netlist, wrong, station(tmp_path, 'name = "all"\n[virtual]\n'))
    (line,) = said(capsys)
    assert line.startswith("The prediction itself is wrong at some cases")


def test_a_prediction_with_too_few_boards_to_compare_with_says_so_first(
    xor: tuple[Board, Netlist, records.Prediction], capsys: pytest.CaptureFixture[str]
) -> None:
    board, _, predicted = xor
    values = len(predicted.statistics.keys)
    warn_of_few_samples(board, values + 2)
    assert capsys.readouterr().err == ""
    warn_of_few_samples(board, values + 1)
    assert f"--samples {values + 2} or more" in capsys.readouterr().err


def test_a_prediction_of_another_circuit_is_refused(
    xor: tuple[Board, Netlist, records.Prediction], tmp_path: Path
) -> None:
    import msgspec

    board, netlist, predicted = xor
    other = msgspec.structs.replace(predicted, circuit_sha256="0" * 64)
    with pytest.raises(InputError, match="predict it again"):
        foretell(board, netlist, other, station(tmp_path, FEW))
