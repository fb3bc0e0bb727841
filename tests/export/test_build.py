"""Building: every board in boards/ is proved, twice alike, and never left half-written."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
from pathlib import Path

import pytest

import realnet_hw
from realnet_hw import project
from realnet_hw.board import Board, load_board
from realnet_hw.cells.shunt_reference import ShuntReference
from realnet_hw.drawing.pad import Pad
from realnet_hw.errors import InputError
from realnet_hw.export import build, kicad_cli, netlist
from realnet_hw.export.groups import groups
from realnet_hw.export.pcb.floorplan import floorplan

pytestmark = pytest.mark.usefixtures("kicad")

BOARDS = sorted(path.parent.name for path in (project.bundle() / "boards").glob("*/board.py"))


# The largest board takes minutes. Its own test compares what needs no KiCad; `make boards` all.
QUICK = [name for name in BOARDS if name != "fixture_shield"]

# Of a PNG: signature, width and height.
HEAD = 24


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def small() -> Board:
    return load_board("xor_opamp")


def test_a_board_builds_with_all_proofs_and_twice_alike(small: Board, tmp_path: Path) -> None:
    """Every other is built below, and compared with what was built of it on another day."""
    name = small.name
    steps: list[tuple[int, int, str]] = []
    result = build.build(small, tmp_path / "one", progress=lambda *step: steps.append(step))
    assert result.violations == ()
    assert [number for number, _, _ in steps] == list(range(steps[0][1]))
    for file in (
        f"{name}.kicad_pro", f"{name}.kicad_sch", f"{name}.cir", "sym-lib-table", "fp-lib-table",
        "bom.csv", "bom_jlcpcb.csv", "schematic.svg", "schematic.pdf", "build.json",
    ):  # fmt: skip
        assert (tmp_path / "one" / file).stat().st_size > 0
    again = build.build(small, tmp_path / "two")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert set(again.files) == set(contents(tmp_path / "two"))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", QUICK)
def test_committed_files_are_current(name: str) -> None:
    folder = project.bundle() / "boards" / name
    assert build.check(load_board(str(folder)), folder / "generated") == []


def test_renderings_are_those_of_the_board(tmp_path: Path) -> None:
    """A check takes them over where the board is the same: here one is made anew."""
    generated = project.bundle() / "boards" / "xor_opamp" / "generated"
    board = load_board("xor_opamp")
    parts = netlist.from_board(board)
    outline = floorplan(parts, groups(board, parts)).outline
    (tmp_path / "pcb_top.png").write_bytes(
        kicad_cli.pcb_render(
            generated / "xor_opamp.kicad_pcb", "top", aspect=outline.width / outline.height
        )
    )
    sizes = {
        path.read_bytes()[:HEAD] for path in (generated / "pcb_top.png", tmp_path / "pcb_top.png")
    }
    assert len(sizes) == 1


@pytest.fixture(scope="module")
def built_once(small: Board, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("build") / "out"
    build.build(small, folder)
    return folder


@pytest.fixture
def built(built_once: Path, tmp_path: Path) -> Path:
    """Return a copy of a build, to be spoiled."""
    return Path(shutil.copytree(built_once, tmp_path / "out"))


def test_manifest_traces_files_to_circuit_and_network(
    small: Board, built: Path, kicad: str
) -> None:
    manifest = json.loads((built / "build.json").read_text("utf-8"))
    assert small.network is not None
    assert manifest["network_sha256"] == small.network.sha256()
    assert manifest["kicad"] == kicad
    assert set(manifest["files"]) == set(contents(built)) - {"build.json"}


def test_check_tells_what_is_stale(small: Board, built: Path) -> None:
    (built / "bom.csv").write_text("changed\n", "utf-8")
    (built / "models" / "tl074.lib").unlink()
    found = build.check(small, built)
    assert {each.split()[0] for each in found} == {"bom.csv", "models/tl074.lib"}


def test_check_of_another_kicads_files_leaves_out_what_kicad_made(
    small: Board, built: Path
) -> None:
    manifest = json.loads((built / "build.json").read_text("utf-8"))
    (built / "build.json").write_text(json.dumps({**manifest, "kicad": "9.9.9"}), "utf-8")
    (built / "schematic.svg").write_text("other", "utf-8")
    assert build.check(small, built) == []
    (built / f"{small.name}.cir").write_text("other", "utf-8")
    assert build.check(small, built) == [f"{small.name}.cir is not what the board makes now"]


def test_other_files_are_left_alone_and_old_ones_go(small: Board, built: Path) -> None:
    (built / "notes.txt").write_text("mine", "utf-8")
    (built / "old.lib").write_text("old", "utf-8")
    manifest = json.loads((built / "build.json").read_text("utf-8"))
    manifest["files"]["old.lib"] = hashlib.sha256(b"old").hexdigest()
    (built / "build.json").write_text(json.dumps(manifest), "utf-8")
    build.build(small, built)
    assert (built / "notes.txt").read_text("utf-8") == "mine"
    assert not (built / "old.lib").exists()
    assert build.check(small, built) == []


def test_what_somebody_edited_is_never_replaced_unasked(small: Board, built: Path) -> None:
    schematic = built / f"{small.name}.kicad_sch"
    mine = schematic.read_text("utf-8").replace("Hidden neuron H1", "My neuron")
    schematic.write_text(mine, "utf-8")
    with pytest.raises(InputError, match=r"kicad_sch was edited .*--force"):
        build.build(small, built)
    assert schematic.read_text("utf-8") == mine
    build.build(small, built, force=True)
    assert schematic.read_text("utf-8") != mine


class MiswiredReference(ShuntReference):
    """A reference whose drawing does not show its circuit: its label names another net."""

    def draw(self, pad: Pad) -> None:
        super().draw(pad)
        pad.drawing.labels[-1] = dataclasses.replace(pad.drawing.labels[-1], net="X1")


def test_wrong_drawing_is_found_and_nothing_is_written(small: Board, tmp_path: Path) -> None:
    reference = next(cell for cell in small.cells if isinstance(cell, ShuntReference))
    wrong = MiswiredReference(
        reference.name, "Reference", output=reference.output, rail=reference.rail, series_ohm=3740
    )
    cells = tuple(wrong if cell is reference else cell for cell in small.cells)
    board = dataclasses.replace(small, cells=cells)
    result = build.build(board, tmp_path / "out")
    assert any(each.startswith("LVS: ") for each in result.violations)
    assert list(tmp_path.iterdir()) == []


def test_interrupted_build_leaves_nothing(small: Board, tmp_path: Path) -> None:
    def interrupt(number: int, _count: int, _what: str) -> None:
        if number == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build.build(small, tmp_path / "out", progress=interrupt)
    assert list(tmp_path.iterdir()) == []


def test_what_fails_while_files_are_replaced_leaves_the_old_ones_whole(
    small: Board, built: Path
) -> None:
    """Something lies where one of the last files goes: all before it have been replaced."""
    (built / "bom.csv").write_text("of an older build", "utf-8")
    (built / "bom_jlcpcb.csv").unlink()
    (built / "old.lib").write_text("of an older build", "utf-8")
    manifest = json.loads((built / "build.json").read_text("utf-8"))
    digest = hashlib.sha256(b"of an older build").hexdigest()
    manifest["files"] = {"bom.csv": digest, "old.lib": digest}
    (built / "build.json").write_text(json.dumps(manifest), "utf-8")
    (built / "schematic.svg").unlink()
    (built / "schematic.svg").mkdir()
    (built / "schematic.svg" / "notes.txt").write_text("mine", "utf-8")
    before = contents(built)
    with pytest.raises(InputError, match=r"schematic\.svg.*Is a directory"):
        build.build(small, built)
    assert contents(built) == before
    assert [path.name for path in built.parent.iterdir()] == [built.name]


def test_a_link_to_a_folder_stays_one(small: Board, built: Path, tmp_path: Path) -> None:
    (built / "bom.csv").write_text("of an older build", "utf-8")
    link = tmp_path / "link"
    link.symlink_to(built)
    build.build(small, link, force=True)
    assert link.is_symlink()
    assert build.check(small, built) == []


@pytest.mark.parametrize("where", ["afile", "afile/below", "afile/below/it", "/proc/x"])
def test_never_where_no_folder_can_be(small: Board, tmp_path: Path, where: str) -> None:
    (tmp_path / "afile").write_text("precious", "utf-8")
    with pytest.raises(InputError, match=r"no build can be put here.*--out"):
        build.build(small, tmp_path / where)
    assert contents(tmp_path) == {"afile": b"precious"}


def test_check_of_a_file_says_that_nothing_was_built_there(small: Board, tmp_path: Path) -> None:
    (tmp_path / "afile").write_text("precious", "utf-8")
    with pytest.raises(InputError, match="nothing has been built here"):
        build.check(small, tmp_path / "afile")


def test_a_manifest_that_names_files_elsewhere_harms_none(small: Board, built: Path) -> None:
    (built.parent / "thesis.txt").write_text("precious", "utf-8")
    manifest = json.loads((built / "build.json").read_text("utf-8"))
    manifest["files"]["../thesis.txt"] = ""
    (built / "build.json").write_text(json.dumps(manifest), "utf-8")
    build.build(small, built)
    assert (built.parent / "thesis.txt").read_text("utf-8") == "precious"


def test_never_into_the_package(small: Board) -> None:
    package = Path(realnet_hw.__file__).parent
    with pytest.raises(InputError, match="installed package"):
        build.build(small, package / "_bundled" / "out")


def test_never_into_a_folder_with_other_things(small: Board, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious", "utf-8")
    with pytest.raises(InputError, match="not empty"):
        build.build(small, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_check_without_a_build_says_so(small: Board, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing has been built here"):
        build.check(small, tmp_path)


@pytest.fixture
def copied(tmp_path: Path) -> tuple[Path, Path]:
    """Return two copies of a board's committed files."""
    source = project.bundle() / "boards" / "xor_opamp" / "generated"
    one, other = (shutil.copytree(source, tmp_path / name) for name in ("one", "other"))
    return one, other


def test_nothing_about_the_printed_circuit_board_goes_unnoticed(
    small: Board, copied: tuple[Path, Path]
) -> None:
    one, other = copied
    changed = [
        "copper_top.svg",
        "fabrication/xor_opamp.step",
        "fabrication/xor_opamp_gerbers.zip",
        "pcb_top.png",
        "xor_opamp.kicad_pcb",
    ]
    for name in changed:
        (one / name).write_bytes(b"other")
    assert [each.split()[0] for each in build.differences(small, one, other)] == changed


def test_with_other_3d_models_pictures_of_parts_may_differ(
    small: Board, copied: tuple[Path, Path]
) -> None:
    one, other = copied
    manifest = json.loads((one / "build.json").read_text("utf-8"))
    manifest["models_3d"] = not manifest["models_3d"]
    for name in ("pcb_top.png", "fabrication/xor_opamp.step"):
        (one / name).write_bytes(b"with parts")
        manifest["files"][name] = hashlib.sha256(b"with parts").hexdigest()
    (one / "build.json").write_text(json.dumps(manifest), "utf-8")
    assert build.differences(small, one, other) == []
    (one / "copper_top.svg").write_bytes(b"other")
    assert len(build.differences(small, one, other)) == 1


def test_a_manifest_that_tells_of_another_circuit_is_stale(
    small: Board, copied: tuple[Path, Path]
) -> None:
    one, other = copied
    manifest = json.loads((one / "build.json").read_text("utf-8"))
    (one / "build.json").write_text(json.dumps({**manifest, "circuit_sha256": "0"}), "utf-8")
    assert build.differences(small, one, other) == ["build.json is not what the board makes now"]


def test_a_page_of_parts_that_no_build_made_is_an_edit(small: Board, built: Path) -> None:
    """Where its program is not installed it can't be made again: it is kept, and goes."""
    page = built / "ibom.html"
    page.write_text("made by hand", "utf-8")
    with pytest.raises(InputError, match=r"ibom\.html was edited"):
        build.build(small, built)
    assert page.read_text("utf-8") == "made by hand"
    build.build(small, built, force=True)
    assert not page.exists() or page.read_text("utf-8") != "made by hand"
    assert build.check(small, built) == []
