"""No build loses what somebody edited: it is told, and copied before it is replaced."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from realnet_hw import project
from realnet_hw.board import load_board
from realnet_hw.errors import InputError
from realnet_hw.export import build
from realnet_hw.export.edits import edited, is_sealed, keep, sealed

NAME = "xor_opamp"


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """Return a copy of a committed build, to be edited."""
    generated = project.bundle() / "boards" / NAME / "generated"
    return Path(shutil.copytree(generated, tmp_path / "generated"))


@pytest.mark.parametrize(
    "name", [f"{NAME}.kicad_sch", f"{NAME}.kicad_pcb", "bom.csv", "lib/realnet.kicad_sym"]
)
def test_an_edited_file_stops_a_build_before_it_begins(built: Path, name: str) -> None:
    path = next(built.glob(name.replace("realnet.", "*.")))
    path.write_text(path.read_text("utf-8") + "\n", "utf-8")
    with pytest.raises(InputError, match=r"was edited .* keeps copies"):
        build.build(load_board(NAME), built, progress=lambda *_: pytest.fail("it began"))


def test_what_is_saved_while_a_build_runs_stays(built: Path, kicad: str) -> None:
    path = built / "bom.csv"
    own = built / "breadboard.svg"
    manifest = json.loads((built / "build.json").read_text("utf-8"))
    del manifest["files"]["breadboard.svg"]
    (built / "build.json").write_text(json.dumps(manifest), "utf-8")
    own.write_text("drawn by hand before there was one", "utf-8")
    shutil.rmtree(built / "models")
    before = {each.name for each in built.iterdir()} | {"models"}

    def save(number: int, *_: object) -> None:
        if number == 2:
            path.write_text("mine", "utf-8")

    with pytest.raises(InputError, match=r"bom\.csv and 1 more were edited"):
        build.build(load_board(NAME), built, progress=save)
    assert path.read_text("utf-8") == "mine"
    assert own.read_text("utf-8") == "drawn by hand before there was one"
    assert not (built / "models").exists()

    result = build.build(load_board(NAME), built, force=True)
    copies = built.with_name("generated.edited-1")
    assert (copies / "bom.csv").read_text("utf-8") == "mine"
    assert (copies / "breadboard.svg").read_text("utf-8") == "drawn by hand before there was one"
    assert any(str(copies) in note and "bom.csv, breadboard.svg" in note for note in result.notes)
    assert path.read_text("utf-8") != "mine"
    # Without a board this time: its files were a build's, so they go.
    assert before - {each.name for each in built.iterdir()} >= {f"{NAME}.kicad_pcb", "pcb_top.png"}
    assert not (built / "fabrication").exists()


def test_copies_never_replace_earlier_ones(tmp_path: Path) -> None:
    folder = tmp_path / "generated"
    (folder / "lib").mkdir(parents=True)
    for text in ("first", "second"):
        (folder / "lib" / "a").write_text(text, "utf-8")
        keep(folder, ["lib/a"])
    kept = [(tmp_path / f"generated.edited-{n}" / "lib" / "a").read_text("utf-8") for n in (1, 2)]
    assert kept == ["first", "second"]


def test_what_counts_as_edited(tmp_path: Path) -> None:
    def sha(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    outside = tmp_path / "outside"
    outside.write_text("x", "utf-8")
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ("same", "other", "own", "not_replaced"):
        (folder / name).write_text(name, "utf-8")
    known = {"same": sha("same"), "other": sha("before"), "gone": sha("gone"), "../outside": "0"}
    comes = dict.fromkeys(("own", "same", "new"), outside)
    assert edited(folder, known, comes, ["page.html"]) == ["other", "own"]
    # What comes is what is there: nothing would be lost.
    assert edited(folder, known, {"own": folder / "own"}, ["page.html"]) == ["other"]
    page = sealed(b"<html>")
    (folder / "page.html").write_bytes(page)
    assert is_sealed(page)
    assert "page.html" not in edited(folder, {}, {}, ["page.html"])
    (folder / "page.html").write_bytes(page.replace(b"<html>", b"<HTML>"))
    assert edited(folder, {}, {}, ["page.html"]) == ["page.html"]
