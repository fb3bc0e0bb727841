"""Every procedure in bench/procedures declares itself; a file that does not is refused."""

from pathlib import Path

import pytest

from realnet_hw import project
from realnet_hw.board import load_board
from realnet_hw.errors import InputError
from realnet_hw.measure import procedure

FILES = project.procedure_files()
NAMED_OTHERWISE = """
from realnet_hw.measure.procedure import Procedure
PROCEDURE = Procedure(name="other", doc="Does nothing.", measure=lambda run: [])
"""


def test_there_is_the_truth_table() -> None:
    assert "truth_table" in FILES


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_procedure_says_in_one_sentence_what_it_does(name: str) -> None:
    found, sha256 = procedure.load(name)
    assert found.name == name
    assert found.doc.endswith(".")
    assert "\n" not in found.doc
    assert len(sha256) == 64


@pytest.mark.parametrize("name", sorted(project.board_files()))
def test_a_board_names_procedures_that_there_are(name: str) -> None:
    board = load_board(name)
    assert set(board.procedures) <= set(FILES)


def test_a_user_adds_a_procedure_by_a_file_in_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "boards").mkdir()
    folder = tmp_path / "bench" / "procedures"
    folder.mkdir(parents=True)
    (folder / "idle.py").write_text(
        "from realnet_hw.measure.procedure import Procedure\n"
        "PROCEDURE = Procedure(name='idle', doc='Does nothing.', measure=lambda run: [])\n"
    )
    monkeypatch.chdir(tmp_path)
    assert procedure.load("idle")[0].doc == "Does nothing."
    assert procedure.load("truth_table")[0].name == "truth_table"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no PROCEDURE of this name"),
        ("PROCEDURE = 'mine'\n", "no PROCEDURE of this name"),
        (NAMED_OTHERWISE, r"declare PROCEDURE = Procedure\(name='mine'"),
        ("def", "SyntaxError"),
    ],
)
def test_a_file_that_declares_none_is_refused(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "mine.py"
    path.write_text(text)
    with pytest.raises(InputError, match=told):
        procedure.read(path)
