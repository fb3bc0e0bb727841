"""`realnet new`: a board from a network's file, as one would write it by hand."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import safetensors.numpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from realnet_hw import project
from realnet_hw.board import Board, load_board
from realnet_hw.cli import main
from realnet_hw.network import json_file
from realnet_hw.network.files import load
from realnet_hw.network.network import Layer, Network
from realnet_hw.technology import new_board
from realnet_hw.technology.registry import TECHNOLOGIES
from tests.network.networks import network_of, state_dict
from tests.network.test_round_trip import onnx_model

# The textbook's XOR (Goodfellow, Bengio, Courville, section 6.1).
XOR = [
    (np.array([[1, 1], [1, 1]], np.float32), np.array([0, -1], np.float32)),
    (np.array([[1, -2]], np.float32), np.array([0], np.float32)),
]
# Says which of two inputs is the greater, from -1 to 1 each.
GREATER = [
    (np.array([[0.5, -0.5], [-0.5, 0.5]], np.float32), np.zeros(2, np.float32)),
    (np.array([[0.5, -0.5], [-0.5, 0.5]], np.float32), np.array([0.5, 0.5], np.float32)),
]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of one's own, with no board yet, and two networks."""
    (tmp_path / "boards").mkdir()
    safetensors.numpy.save_file(state_dict(XOR), tmp_path / "xor.safetensors")
    onnx.save(onnx_model(GREATER, "gemm"), tmp_path / "greater.onnx")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def made(capfd: pytest.CaptureFixture[str], command: str) -> tuple[dict, Board]:
    """What `realnet new` says of a board, and the board that then is there."""
    capfd.readouterr()
    status = main([*command.split(), "--json"])
    printed = capfd.readouterr()
    assert status == 0, printed.err
    assert printed.err == ""
    content = json.loads(printed.out)
    return content, load_board(content["board"])


@pytest.mark.parametrize("technology", ["balanced_summer", "inverting_summer"])
def test_a_board_with_its_truth_table(
    here: Path, capfd: pytest.CaptureFixture[str], technology: str
) -> None:
    content, board = made(
        capfd, f"new mine --network xor.safetensors --technology {technology} --title XOR"
    )
    assert content["files"] == ["board.py", "network.json"]
    assert sorted(p.name for p in (here / "boards" / "mine").iterdir()) == content["files"]
    assert content["parts"] == board.part_count > 10
    assert (board.name, board.title, board.technology) == ("mine", "XOR", technology)
    logic = board.logic
    assert [
        ([volts / logic.high_V for volts in case.inputs.values()], case.expected["Y"])
        for case in board.cases
    ] == [([x1, x2], x1 ^ x2) for x1, x2 in itertools.product((0, 1), repeat=2)]
    assert any("ReLU between" in note for note in content["notes"])


def test_the_text_says_what_is_there_and_what_is_next(
    here: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["new", "mine", "--network", "xor.safetensors"]) == 0
    text = capfd.readouterr().out
    assert "Network 2-2-1 of xor.safetensors: X1, X2 to Y" in text
    assert f"Technology balanced_summer: {TECHNOLOGIES['balanced_summer']}" in text
    assert "4 cases:" in text
    assert "X1 0.00 V, X2 2.50 V: Y 2.50 V (a 1)" in text
    assert "boards/mine: board.py, network.json" in text
    *_, following, check = text.splitlines()
    assert following == "Next: realnet build mine"
    assert check.startswith("Check: assumed ReLU between the layers and none after the last")
    assert check.endswith("if that is not so, export ONNX")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("", "Y1 is 0 in all 4 cases: was it trained on inputs other than 0 to 1?"),
        ("--answer value --points same.csv", "Y1 is 0.00 V in all 2 cases: was it trained on"),
        ("--answer value", ""),
        ("--answer largest", "Y2 is the largest in all 4 cases: was it trained on inputs other"),
        ("--answer largest --input-range 0,0.5", "Y2 is the largest in all 4 cases"),
        ("--answer largest --input-range=-1,1", ""),
    ],
)
def test_answers_that_never_change_are_pointed_out_last(
    here: Path, capfd: pytest.CaptureFixture[str], options: str, says: str
) -> None:
    # Y1 = 0.1 X1 and Y2 = 0.2 + 0.8 X2, never below 0.
    late = [
        (np.array([[0.1, 0.0], [0.0, 0.8]], np.float32), np.array([0.0, 0.2], np.float32)),
        (np.array([[1.0, 0.0], [0.0, 1.0]], np.float32), np.zeros(2, np.float32)),
    ]
    (here / "late.json").write_text(json_file.text(network_of(late)))
    (here / "same.csv").write_text("0,0\n0,1\n")
    assert main(["new", "mine", "--network", "late.json", *options.split()]) == 0
    last = capfd.readouterr().out.splitlines()[-1]
    assert last.startswith(f"Check: {says}" if says else "Next: "), last
    if says.endswith("cases"):
        assert last == f"Check: {says}"


def test_what_no_technology_can_build_may_want_another_input_range(
    here: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    far = [(np.array([[1000.0, 1000.0]], np.float32), np.array([-1999.5], np.float32))]
    (here / "far.json").write_text(json_file.text(network_of(far)))
    for options, is_said in (([], True), (["--input-range=0,0.5"], False)):
        assert main(["new", "mine", "--network", "far.json", *options]) == 2
        error = capfd.readouterr().err
        assert ("inputs were taken as 0 to 1: --input-range LOW,HIGH" in error) == is_said, error


def test_a_file_may_be_called_anything(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    odd = Path("odd \udcff.safetensors")
    (here / "xor.safetensors").rename(odd)
    assert main(["new", "mine", "--network", str(odd)]) == 0
    assert "odd" in capfd.readouterr().out
    assert load_board("mine").network is not None


def test_every_technology_is_in_the_help(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "--help"]) == 0
    text = capfd.readouterr().out
    assert all(technology in text for technology in TECHNOLOGIES)


def test_the_board_can_be_built_as_is_said(
    here: Path, kicad: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["new", "mine", "--network", "xor.safetensors"]) == 0
    (following,) = [x for x in capfd.readouterr().out.splitlines() if x.startswith("Next: ")]
    command = following.removeprefix("Next: realnet ")
    assert main(command.split()) == 0, capfd.readouterr()
    assert (here / "boards" / "mine" / "generated" / "mine.kicad_sch").is_file()


def test_analogue_inputs_of_another_range_at_points_of_ones_own(
    here: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (here / "own.csv").write_text("\ufeffX2, X1\n1, -1\n\n0,1\n-0.5,0.25\n", "utf-8")
    content, board = made(
        capfd,
        "new mine --network greater.onnx --input-range -1,1 --inputs analogue --answer largest"
        " --points own.csv",
    )
    assert content["files"] == ["board.py", "network.json", "points.csv"]
    (x1, x2) = board.inputs
    at = [(case.inputs["X1"], case.inputs["X2"], case.largest) for case in board.cases]
    wanted = [(-1, 1, "Y2"), (1, 0, "Y1"), (0.25, -0.5, "Y1")]
    assert at == [
        (pytest.approx(x1.volts((a + 1) / 2)), pytest.approx(x2.volts((b + 1) / 2)), largest)
        for a, b, largest in wanted
    ]
    original = load(here / "greater.onnx")
    for a, b, _ in wanted:
        assert board.network is not None
        answers = board.network.forward(((a + 1) / 2, (b + 1) / 2))
        assert answers == pytest.approx(original.forward((a, b)))
    assert board.network.trained["input_range"] == [-1.0, 1.0]


def test_values_are_judged_as_values(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    _, board = made(capfd, "new mine --network greater.onnx --answer value --inputs analogue")
    assert len(board.cases) == 64
    for case in board.cases:
        assert set(case.windows_V) == {"Y1", "Y2"}
        assert all(level is None for level in case.expected.values())


@pytest.mark.parametrize(
    ("inputs", "cases", "note"), [(4, 16, False), (6, 64, False), (7, 128, True), (9, 64, True)]
)
def test_many_inputs_are_enumerated_or_spread_and_the_fixtures_limit_is_said(
    here: Path, capfd: pytest.CaptureFixture[str], inputs: int, cases: int, note: bool
) -> None:
    # Whether any of the inputs is high: 1 - relu(1 - sum).
    any_high = [
        (-np.ones((1, inputs), np.float32), np.ones(1, np.float32)),
        (-np.ones((1, 1), np.float32), np.ones(1, np.float32)),
    ]
    (here / "any.json").write_text(json_file.text(network_of(any_high)))
    content, board = made(capfd, "new mine --network any.json --technology inverting_summer")
    assert len(board.cases) == cases
    assert len({tuple(case.inputs.values()) for case in board.cases}) == cases
    said = [text for text in content["notes"] if "the fixture 6 sources" in text]
    assert bool(said) == note


def test_a_technology_that_can_not_is_passed_over_and_said(
    here: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from realnet_hw.errors import CircuitRefused
    from realnet_hw.technology import balanced_summer

    def refuse(*_: object, **__: object) -> Board:
        raise CircuitRefused("needs 9 V", where="Y")

    monkeypatch.setattr(balanced_summer, "compile_network", refuse)
    content, board = made(capfd, "new mine --network xor.safetensors")
    assert board.technology == "inverting_summer"
    assert content["refused"] == {"balanced_summer": "Y: needs 9 V"}


# ------------------------------------------------------------------------------- what is written


@pytest.mark.parametrize("title", ["XOR", 'An "odd" \\ one, Ω', 'It\'s "odd"', "x" * 80])
def test_what_is_written_is_what_the_style_asks_for(here: Path, title: str) -> None:
    network = load(here / "greater.onnx")
    for number, (answer, inputs, points) in enumerate(
        itertools.product(
            ("value", "largest"), ("bits", "analogue"), (None, [(0.0, 1.0), (1.0, 0.0)])
        )
    ):
        wish = new_board.Wish(f"board{number}", title, network, answer, inputs, points)
        made_board = new_board.create(wish, here / "boards").board
        assert made_board.title == title
        tried = 2 if points else 4 if inputs == "bits" else 64
        # Where the two inputs are equal, neither output is the largest.
        assert len(made_board.cases) == tried or (answer == "largest" and not points)
    rules = ["--config", str(project.bundle() / "pyproject.toml"), "--no-cache"]
    for check in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *check, *rules, "boards"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout


few = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@given(st.data())
@few
def test_a_network_is_made_whole_or_nothing_is_left(tmp_path: Path, data: st.DataObject) -> None:
    """Random networks, most of them not made for circuits."""
    widths = data.draw(st.lists(st.integers(1, 6), min_size=2, max_size=4))
    rng = np.random.default_rng(data.draw(st.integers(0, 10**6)))
    arrays = [
        (rng.normal(size=(b, a)).astype(np.float32) * 0.7, rng.normal(size=b).astype(np.float32))
        for a, b in itertools.pairwise(widths)
    ]
    answer = data.draw(st.sampled_from(["level", "value"]))
    wish = new_board.Wish("random", "Random", network_of(arrays), answer)
    boards = tmp_path / f"project{len(list(tmp_path.iterdir()))}" / "boards"
    boards.parent.mkdir()
    from realnet_hw.errors import CircuitRefused

    try:
        new = new_board.create(wish, boards)
    except CircuitRefused:
        assert list(boards.parent.iterdir()) == []
        return
    assert sorted(path.name for path in boards.iterdir()) == ["random"]
    again = load_board(str(new.folder))
    assert again.cases == new.board.cases
    assert again.network == wish.network


# --------------------------------------------------------------------------------- where it is put


def test_without_a_project_a_boards_folder_is_begun_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(project, "own_project", lambda: None)
    network = Network("realnet-network", 1, ("X",), ("Y",), (Layer(((1.0,),), (0.0,), "relu"),))
    (tmp_path / "n.json").write_text(json_file.text(network))
    assert main(["new", "mine", "--network", "n.json"]) == 0
    assert (tmp_path / "boards" / "mine" / "board.py").is_file()
    mode = (tmp_path / "boards" / "mine").stat().st_mode & 0o777
    assert mode == (tmp_path / "boards").stat().st_mode & 0o777


def test_where_no_folder_can_be_made_nothing_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(project, "own_project", lambda: None)
    (tmp_path / "boards").write_text("a file")
    network = Network("realnet-network", 1, ("X",), ("Y",), (Layer(((1.0,),), (0.0,), "relu"),))
    (tmp_path / "n.json").write_text(json_file.text(network))
    assert main(["new", "mine", "--network", "n.json"]) == 2
    error = capfd.readouterr().err
    assert "no board can be put here" in error
    assert "you may write to" in error
    assert sorted(path.name for path in tmp_path.iterdir()) == ["boards", "n.json"]
