"""Boards that need several sheets: what each shows, that all prove right, that none is lost."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from realnet_hw.board import Board
from realnet_hw.drawing import sexpr
from realnet_hw.drawing.sexpr import Node
from realnet_hw.errors import CircuitRefused
from realnet_hw.export import build
from realnet_hw.export.page_layout import PAGES
from realnet_hw.export.sheets import pages

pytestmark = pytest.mark.usefixtures("kicad")

# Each is too large for one A3 page: a layer a sheet; layers in parts; a row of many layers.
SHAPES = [(4, 6, 3), (8, 12, 2), (2, 3, 2, 3, 2, 3, 2)]


def roots(files: dict[str, str]) -> tuple[Node, list[Node]]:
    root, *below = (sexpr.parse(text) for text in files.values())
    return root, below


def pins(box: Node) -> dict[str, str]:
    """Return the flow of a sheet's pins by their nets."""
    return {str(pin[1]): str(pin[2]) for pin in sexpr.children(box, "pin")}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_large_network_is_drawn_right(
    shape: tuple[int, ...], layered_board: Callable[..., Board], prove: Callable[[Board], Any]
) -> None:
    made = prove(layered_board(7, *shape))
    assert len(made.files) >= len(shape)


@pytest.mark.parametrize("seed", range(2))
def test_the_root_shows_every_signal_between_layers(
    seed: int, layered_board: Callable[..., Board], draw: Callable[[Board], Any]
) -> None:
    board = layered_board(seed, 3, 5, 4, 2)
    root, _ = roots(draw(board).files)
    boxes = sexpr.children(root, "sheet")
    for stage in (1, 2):
        given = {c.name for c in board.cells if c.stage == stage and c.name.startswith("H")}
        taken = {
            net
            for c in board.cells
            if c.stage == stage + 1
            for net in c.used_nets()
            if net in given
        }
        assert taken == given
        for net in given:
            flows = [pins(box)[net] for box in boxes if net in pins(box)]
            assert flows.count("output") == 1
            assert flows.count("input") >= 1
    shown = {net for box in boxes for net in pins(box)}
    assert {port.net for port in board.ports} <= shown


def test_every_sheet_has_its_page_and_symbols_their_path(
    layered_board: Callable[..., Board], draw: Callable[[Board], Any]
) -> None:
    board = layered_board(7, 8, 12, 2)
    made = draw(board)
    root, below = roots(made.files)
    boxes = {sexpr.properties(box)["Sheetfile"]: box for box in sexpr.children(root, "sheet")}
    assert list(boxes) == list(made.files)[1:]
    found = ["1"]
    references: list[tuple[str, str]] = []
    start = f"/{sexpr.word(root, 'uuid')}"
    paths = [start, *(f"{start}/{sexpr.word(box, 'uuid')}" for box in boxes.values())]
    for box in boxes.values():
        project = sexpr.child(sexpr.child(box, "instances") or [], "project")
        place = sexpr.child(project or [], "path")
        assert place is not None
        assert place[1] == start
        found.append(sexpr.word(place, "page"))
    assert found == [str(number) for number in range(1, len(made.files) + 1)]
    for path, sheet in zip(paths, [root, *below], strict=True):
        for symbol in sexpr.children(sheet, "symbol"):
            project = sexpr.child(sexpr.child(symbol, "instances") or [], "project")
            place = sexpr.child(project or [], "path")
            assert place is not None
            assert place[1] == path
            references.append((sexpr.word(place, "reference"), sexpr.word(place, "unit")))
    assert len(set(references)) == len(references)
    assert {name for name, _ in references if not name.startswith("#")} == set(made.netlist.parts)


def test_objects_of_all_sheets_have_identities_of_their_own(
    layered_board: Callable[..., Board], draw: Callable[[Board], Any]
) -> None:
    def identities(node: Node) -> Iterator[str]:
        if node[0] == "uuid":
            yield str(node[1])
        for item in node:
            if isinstance(item, list) and item:
                yield from identities(item)

    root, below = roots(draw(layered_board(5, 4, 6, 3)).files)
    every = [each for sheet in (root, *below) for each in identities(sheet)]
    assert len(set(every)) == len(every) > 1000


def test_sheets_are_well_filled(layered_board: Callable[..., Board]) -> None:
    """Little paper is left empty; A3 is taken only for what would crowd A4."""
    for shape in SHAPES:
        for page in pages(layered_board(7, *shape)):
            width, height = PAGES[page.layout.paper]
            blocks = page.layout.blocks
            covered = sum(each.frame.width * each.frame.height for each in blocks)
            assert covered > 0.1 * width * height
            if page.layout.paper == "A3":
                assert covered > 0.5 * 297 * 210


def test_a_neuron_taller_than_a_page_is_refused(layered_board: Callable[..., Board]) -> None:
    with pytest.raises(CircuitRefused, match=r"Neuron Y1 is too large for a page.*A1.*smaller"):
        pages(layered_board(1, 2, 116, 1))


def test_a_neuron_too_tall_for_a3_has_a_larger_page(layered_board: Callable[..., Board]) -> None:
    papers = {
        page.layout.paper
        for page in pages(layered_board(1, 2, 56, 1))
        if any(each.block.cell.name == "Y1" for each in page.layout.blocks)
    }
    assert papers <= {"A2", "A1"}
    assert papers


@pytest.fixture(scope="module")
def large(layered_board: Callable[..., Board]) -> Board:
    return layered_board(2, 4, 6, 3)


@pytest.fixture(scope="module")
def built(large: Board, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sheets") / "out"
    assert build.build(large, folder).violations == ()
    return folder


def test_every_sheet_has_its_picture(large: Board, built: Path) -> None:
    drawings = {path.stem for path in built.glob("*.kicad_sch")}
    pictures = {path.stem for path in built.glob("schematic*.svg")}
    assert {each.replace(large.name, "schematic", 1) for each in drawings} == pictures
    assert {"schematic", "schematic_layer_1", "schematic_layer_2"} <= pictures
    assert (built / "schematic.pdf").read_bytes().count(b"/Type /Page\n") == len(drawings)


def test_check_sees_every_sheet(large: Board, built: Path, tmp_path: Path) -> None:
    """A second build gives the same bytes; an edited or missing sheet is told."""
    assert build.check(large, built) == []
    sheet = built / f"{large.name}_layer_2.kicad_sch"
    text = sheet.read_text("utf-8")
    sheet.write_text(text.replace("Output", "output", 1), "utf-8")
    (built / "schematic_layer_1.svg").rename(tmp_path / "kept.svg")
    try:
        found = {each.split()[0] for each in build.check(large, built)}
    finally:
        sheet.write_text(text, "utf-8")
        (tmp_path / "kept.svg").rename(built / "schematic_layer_1.svg")
    assert found == {sheet.name, "schematic_layer_1.svg"}


def test_a_board_that_shrinks_leaves_no_old_sheets(
    large: Board, built: Path, layered_board: Callable[..., Board]
) -> None:
    small = dataclasses.replace(layered_board(2, 1, 1, 1), name=large.name)
    result = build.build(small, built)
    assert result.violations == ()
    assert result.paper == "A4"
    assert [path.name for path in built.glob("*.kicad_sch")] == [f"{large.name}.kicad_sch"]
    assert [path.name for path in built.glob("schematic*.svg")] == ["schematic.svg"]
