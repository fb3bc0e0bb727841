"""A training from the command line: journal, record, report, and what becomes of a cut one."""

from __future__ import annotations

import json
import math
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from realnet_hw import records
from realnet_hw.board import load_board
from realnet_hw.cli import main
from realnet_hw.errors import InputError
from realnet_hw.learn import data_set
from realnet_hw.learn.array.places import Learner
from realnet_hw.learn.array.report import html
from realnet_hw.learn.array.session import train
from realnet_hw.learn.array.training import Checkpoint
from realnet_hw.learn.array.words import duration, summary_lines, undecided_V
from realnet_hw.measure.journal import parse
from realnet_hw.records import Training

BOARD = "array_2t1c"
TRAIN = ["train", "array", BOARD, "--data", "xor"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a training of the simulated board, cut short by kill -9 and taken up."""
    out = tmp_path_factory.mktemp("trained")
    command = [*TRAIN, "--epochs", "120", "--out", str(out)]
    process = subprocess.Popen(
        [sys.executable, "-m", "realnet_hw", *command], stderr=subprocess.DEVNULL
    )
    while not (found := list(out.glob("*.jsonl"))) or found[0].read_bytes().count(b"\n") < 5:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    cut = found[0].read_bytes()
    assert 4 < cut.count(b"\n") < 120, "it must be cut in its midst"
    assert not (out / "training.json").exists()
    assert main([*TRAIN, "--out", str(out), "--resume"]) == 0
    assert found[0].read_bytes().startswith(cut[: cut.rindex(b"\n") + 1])
    return out


def test_a_killed_training_goes_on_after_its_last_epoch(trained: Path) -> None:
    (path,) = trained.glob("*.jsonl")
    header, done, _ = parse(path.read_bytes(), Checkpoint, where="")
    assert [one.epoch for one in done] == list(range(121))
    assert header.plan["data"] == "xor"
    record: Training = records.read(trained / "training.json", Training)
    assert record.loss == [one.loss for one in done]
    assert path.with_suffix(".json").read_bytes() == (trained / "training.json").read_bytes()


def test_the_record_has_the_best_weights_and_its_answers(trained: Path) -> None:
    record: Training = records.read(trained / "training.json", Training)
    assert [len(layer.stored_V) for layer in record.layers] == [6, 4]
    assert all(right <= record.right[record.best] for right in record.right)
    for one in record.patterns:
        is_high = one.inputs_V["X1"] != one.inputs_V["X2"]
        assert one.wanted == {"Y": is_high}
        assert (one.outputs_V["Y"] > 0) == is_high
        assert one.margin_V == pytest.approx(abs(one.outputs_V["Y"]))
        assert one.margin_V > 0.05
    assert records.decode(records.encode(record)) == record


def test_an_answer_within_the_uncertainty_of_reading_it_is_undecided(trained: Path) -> None:
    record: Training = records.read(trained / "training.json", Training)
    # Sixteen conversions in steps of 0.5 mV with noise of half a step, of either column.
    u_V = math.sqrt(2 * (2.5e-4**2 + 5e-4**2 / 12) / 16)
    assert undecided_V(record) == pytest.approx(2 * u_V)
    margins_V = (1e-5, 3 * u_V, -1e-5, 1.9 * u_V)
    patterns = [replace(one, margin_V=V) for one, V in zip(record.patterns, margins_V, strict=True)]
    lines = summary_lines(replace(record, patterns=patterns))
    ends = [line.rpartition(" high")[2].rpartition(" low")[2] for line in lines[:4]]
    assert ends == [", undecided)", ")", ", WRONG)", ", undecided)"]
    assert "1 of 4 patterns right, 2 undecided, least margin -10 µV" in lines[-1]


def test_a_trained_board_is_asked_later(
    trained: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    weights = str(trained / "training.json")
    assert main(["ask", BOARD, "--weights", weights, "--data", "xor", "--json"]) == 0
    answers = json.loads(capfd.readouterr().out)["answers"]
    assert [one["outputs_V"]["Y"] > 0 for one in answers] == [False, True, True, False]

    other = tmp_path / "and.csv"
    other.write_text("X1,X2,Y\n0,0,0\n0,1,0\n1,0,0\n1,1,1\n")
    assert main(["ask", BOARD, "--weights", weights, "--data", str(other)]) == 1
    assert capfd.readouterr().out.splitlines()[-1] == "and: 1 of 4 right"

    other.write_text("A,B,Y\n0,0,0\n1,1,1\n")
    assert main(["ask", BOARD, "--weights", weights, "--data", str(other)]) == 2
    assert "trained on xor: and has A, B and tells Y (allowed" in capfd.readouterr().err


def test_a_folder_is_shown_as_the_training_in_it_was(
    trained: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    record: Training = records.read(trained / "training.json", Training)
    assert main(["records", "show", str(trained)]) == 0
    assert capfd.readouterr().out.splitlines() == summary_lines(record)
    assert main(["records", "show", str(tmp_path)]) == 2
    assert f"realnet records list --folder {tmp_path} shows" in capfd.readouterr().err


def test_weights_are_for_the_very_circuit_that_learnt_them(
    trained: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    record = json.loads((trained / "training.json").read_text())
    other = tmp_path / "other.json"
    other.write_text(json.dumps(record | {"circuit_sha256": "0" * 64}))
    assert main(["ask", BOARD, "--weights", str(other), "--data", "xor"]) == 2
    assert "another circuit" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"best": 9999}, "best is one of these"),
        ({"patterns": []}, "without patterns"),
        ({"layers": []}, "of the shapes 6 x 4, 4 x 2 belong here"),
        ({"high": 9.0}, "a weight of 9 v"),
        ({"high": None}, "expected"),
    ],
)
def test_a_damaged_record_is_refused_in_a_line(
    trained: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    changed: dict[str, object],
    says: str,
) -> None:
    record = json.loads((trained / "training.json").read_text())
    if "high" in changed:
        record["layers"][0]["stored_V"][0][0] = changed["high"]
    else:
        record |= changed
    other = tmp_path / "other.json"
    other.write_text(json.dumps(record))
    assert main(["ask", BOARD, "--weights", str(other), "--data", "xor"]) == 2
    assert says in capfd.readouterr().err.lower()


def test_the_report_stands_alone_and_shows_every_weight(trained: Path) -> None:
    record: Training = records.read(trained / "training.json", Training)
    text = (trained / "training.html").read_text()
    assert text == html(record)
    assert "4 of 4 right" in text
    assert "<h1>xor, learnt by array_2t1c</h1>" in text
    for layer in record.layers:
        for row in layer.stored_V:
            for volts in row:
                assert f">{volts:.2f}</text>" in text
    assert "<script" not in text
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "").replace("http-equiv", "")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["--data", "iris"],
            "3 outputs (allowed: as many as this board: 2 and 1)",
        ),
        (["--data", "xor", "--off", "W9_0_0"], "no synapse 'W9_0_0'"),
        (["--data", "xor", "--epochs", "0"], "--epochs 0 (allowed: 1 to 100000)"),
        (["--data", "xor", "--resume"], "no unfinished journal array_2t1c-train_array-*.jsonl"),
    ],
)
def test_what_cannot_be_trained_is_refused_in_a_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert main(["train", "array", BOARD, *words, "--out", str(tmp_path)]) == 2
    *_, line = capfd.readouterr().err.splitlines()
    assert line.startswith("realnet: ")
    assert said in line
    assert not list(tmp_path.iterdir())


def test_two_classes_for_one_output_are_to_be_called_0_and_1(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "own.csv"
    own.write_text("A,B,is\n0,0,no\n1,1,yes\n")
    assert main(["train", "array", BOARD, "--data", str(own), "--out", str(tmp_path / "out")]) == 2
    assert "call the two classes 0 and 1" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.00298, "2.98 ms"), (0.9994, "999 ms"), (0.9996, "1 s"), (1.364, "1.36 s")],
)
def test_a_time_is_said_in_a_unit_that_one_reads(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_a_board_without_synapses_cannot_learn(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    words = ["train", "array", "xor_opamp", "--data", "xor", "--out", str(tmp_path)]
    assert main(words) == 2
    assert "xor_opamp: this board has no synapses" in capfd.readouterr().err


def test_a_journal_of_another_plan_is_not_gone_on_with(trained: Path, tmp_path: Path) -> None:
    (path,) = trained.glob("*.jsonl")
    (tmp_path / path.name).write_bytes(path.read_bytes())
    header, _, _ = parse(path.read_bytes(), Checkpoint, where="")
    learner = Learner(load_board(BOARD), header.circuit_sha256, None, BOARD)
    with pytest.raises(InputError, match="with another plan: epochs 120, now 121; "):
        train(
            learner,
            data_set.load("xor"),
            records.TrainingPlan(epochs=121),
            tmp_path,
            resume=True,
        )
