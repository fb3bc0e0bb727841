"""The overlap metric: none on the board as drawn, and each kind of clash when made on purpose."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from realnet_hw.drawing import sexpr
from realnet_hw.drawing.sexpr import Node, Quoted
from realnet_hw.errors import InputError
from realnet_hw.export import kicad_jobs, overlaps


def measured(root: Node, written: Callable[[str], Path]) -> list[str]:
    path = written(sexpr.write(root))
    return overlaps.overlaps(
        path.read_text("utf-8"), kicad_jobs.schematic_exports(path).unframed[""]
    )


def text_at(x: float, y: float, words: str = "Clash") -> Node:
    return ["text", Quoted(words), ["at", str(x), str(y), "0"]]


def wire(x: float, y: float, x2: float, y2: float) -> Node:
    return ["wire", ["pts", ["xy", str(x), str(y)], ["xy", str(x2), str(y2)]]]


def symbol(root: Node, reference: str, unit: str = "1") -> Node:
    for node in sexpr.children(root, "symbol"):
        if sexpr.properties(node)["Reference"] == reference and sexpr.word(node, "unit") == unit:
            return node
    raise AssertionError(reference)


def place(node: Node) -> tuple[float, float]:
    x, y, *_ = sexpr.numbers(node, "at")
    return x, y


@pytest.fixture
def root(xor: Any) -> Node:
    return sexpr.parse(xor.text)


def test_board_as_drawn_has_none(root: Node, written: Callable[[str], Path]) -> None:
    assert measured(root, written) == []


def test_text_on_text(root: Node, written: Callable[[str], Path]) -> None:
    title = sexpr.children(root, "text")[0]
    root.append(text_at(place(title)[0] + 3, place(title)[1] - 1))
    assert any("on text" in each and "Clash" in each for each in measured(root, written))


def test_text_on_symbol(root: Node, written: Callable[[str], Path]) -> None:
    root.append(text_at(*place(symbol(root, "U1", "1")), "x"))
    assert any("text 'x' on symbol U1 unit 1" in each for each in measured(root, written))


def test_text_inside_a_body_without_touching_its_lines(
    root: Node, written: Callable[[str], Path]
) -> None:
    x, y = place(symbol(root, "U1", "1"))
    root.append(text_at(x - 2, y, "."))
    assert any("text '.' on symbol U1 unit 1" in each for each in measured(root, written))


def test_text_beside_a_slope_is_none_though_in_the_bounding_box(
    root: Node, written: Callable[[str], Path]
) -> None:
    amplifier = symbol(root, "U1", "1")
    reference = next(
        each for each in sexpr.children(amplifier, "property") if each[1] == "Reference"
    )
    (x, y), (text_x, text_y) = place(amplifier), place(reference)
    # Ref: KiCad library Amplifier_Operational: the triangle is 10.16 mm wide and high.
    assert abs(text_x - x) < 5.08
    assert abs(text_y - y) < 5.08
    assert [each for each in measured(root, written) if "U1A" in each] == []


def test_text_on_wire(root: Node, written: Callable[[str], Path]) -> None:
    root.append(wire(20.32, 20.32, 50.8, 20.32))
    root.append(text_at(30, 20.32))
    assert any("text 'Clash' on a wire" in each for each in measured(root, written))


def test_text_on_frame(root: Node, written: Callable[[str], Path]) -> None:
    left, top = sexpr.numbers(sexpr.children(root, "rectangle")[0], "start")
    root.append(text_at(left, top + 10))
    assert any("text 'Clash' on a frame" in each for each in measured(root, written))


def test_symbol_on_symbol(root: Node, written: Callable[[str], Path]) -> None:
    (one, other) = (symbol(root, "R2"), symbol(root, "R3"))
    moved = sexpr.child(other, "at")
    assert moved is not None
    x, y = place(one)
    moved[1:3] = [str(x + 0.5), str(y)]
    assert any("symbol R2 unit 1 on symbol R3" in each for each in measured(root, written))


def test_wire_through_symbol(root: Node, written: Callable[[str], Path]) -> None:
    x, y = place(symbol(root, "U1", "1"))
    root.append(wire(x, y - 10, x, y + 10))
    assert any("a wire through symbol U1 unit 1" in each for each in measured(root, written))


def test_wires_along_each_other(root: Node, written: Callable[[str], Path]) -> None:
    root += [wire(20.32, 20.32, 50.8, 20.32), wire(40.64, 20.32, 60.96, 20.32)]
    found = measured(root, written)
    assert [each for each in found if "a wire along a wire" in each]


def test_wires_that_cross_or_meet_end_to_end_are_none(
    root: Node, written: Callable[[str], Path]
) -> None:
    root += [wire(20.32, 20.32, 30.48, 20.32), wire(30.48, 20.32, 40.64, 20.32)]
    root.append(wire(25.4, 17.78, 25.4, 22.86))
    assert [each for each in measured(root, written) if "along" in each] == []


def test_wire_along_a_pin(root: Node, written: Callable[[str], Path]) -> None:
    x, y = place(symbol(root, "U1", "1"))
    root.append(wire(x + 5.08, y, x + 7.62, y))
    assert any("along" in each and "pin of U1 unit 1" in each for each in measured(root, written))


def test_outside_the_frame(root: Node, written: Callable[[str], Path]) -> None:
    root.append(text_at(5, 100))
    assert any("leaves the page's frame" in each for each in measured(root, written))


def test_in_the_title_block(root: Node, written: Callable[[str], Path]) -> None:
    root.append(text_at(200, 180))
    assert any("in the title block" in each for each in measured(root, written))


def test_unknown_page_is_refused(root: Node, written: Callable[[str], Path]) -> None:
    paper = sexpr.child(root, "paper")
    assert paper is not None
    paper[1] = Quoted("A5")
    with pytest.raises(InputError, match="A5"):
        measured(root, written)
