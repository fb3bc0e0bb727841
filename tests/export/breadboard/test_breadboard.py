"""Breadboard guides: the holes make the circuit, and nothing lies on anything else."""

from __future__ import annotations

import dataclasses
import itertools

import pytest

from realnet_hw.board import Board, load_board
from realnet_hw.errors import CircuitRefused
from realnet_hw.export import netlist
from realnet_hw.export.breadboard.check import differences
from realnet_hw.export.breadboard.colours import bands
from realnet_hw.export.breadboard.guide import Guide, breadboard_guide
from realnet_hw.export.breadboard.holes import COLUMNS, RAILS, Hole, rail_has_hole, strip_of
from realnet_hw.export.breadboard.page import html
from realnet_hw.export.breadboard.parts import kind_of
from realnet_hw.export.breadboard.paths import Path, Paths
from realnet_hw.export.breadboard.picture import svg
from realnet_hw.export.breadboard.rows import rows_for
from realnet_hw.export.breadboard.wiring import rails_for
from tests.random_networks import board_of, wishes

BOARDS = ("xor_opamp", "xor_single_supply", "xor_realnet", "nand_555", "nand_555_original")


@pytest.fixture(scope="module", params=BOARDS)
def guide(request: pytest.FixtureRequest) -> Guide:
    board = load_board(request.param)
    return breadboard_guide(board, netlist.from_board(board))


def test_holes_make_the_circuit(guide: Guide) -> None:
    assert differences(guide.netlist, guide.layout, guide.wiring) == []


def test_every_lead_and_wire_is_in_a_hole_that_exists(guide: Guide) -> None:
    wires = [hole for wire in guide.wiring.wires for hole in (wire.one, wire.other)]
    for hole in (*wires, *(h for part in guide.layout.parts for h in part.holes.values())):
        assert 1 <= hole.column <= COLUMNS
        assert hole.row in (*RAILS, *"abcdefghij")
        assert hole.row not in RAILS or rail_has_hole(hole.column)


def test_no_part_lies_over_another(guide: Guide) -> None:
    spans = []
    for part in guide.layout.parts:
        kind = kind_of(guide.netlist.parts[part.reference])
        columns = [hole.column for hole in part.holes.values()]
        more = (kind.columns - (max(columns) - min(columns) + 1)) // 2
        board = next(iter(part.holes.values())).board
        spans.append((board, min(columns) - more, max(columns) + more))
    for (board, left, right), (other, start, end) in itertools.combinations(spans, 2):
        assert board != other or right < start or end < left


def test_a_flat_wire_covers_no_hole_in_use(guide: Guide) -> None:
    used = {h for part in guide.layout.parts for h in part.holes.values()}
    used |= {h for wire in guide.wiring.wires for h in (wire.one, wire.other)}
    flat = [wire for wire in guide.wiring.wires if wire.flat]
    assert flat
    for wire in flat:
        assert wire.one.row == wire.other.row
        low, high = sorted((wire.one.column, wire.other.column))
        between = {Hole(wire.one.board, wire.one.row, c) for c in range(low + 1, high)}
        assert not between & used


def test_no_wire_crosses_another(guide: Guide) -> None:
    assert guide.crossings == 0
    assert "no two wires cross" in html(guide)


def test_no_wire_lies_over_a_part(guide: Guide) -> None:
    """Parts are between rows e and f: wires there are bridges, or at the end to join rails."""
    inner = [guide.paths.levels[row] for row in "ef"]
    occupied = {h.column for part in guide.layout.parts for h in part.holes.values()}
    for wire, path in zip(guide.wiring.wires, guide.paths.wires, strict=True):
        heights = [y - wire.one.board * guide.paths.tall for _, y in path]
        if (
            wire.one.board == wire.other.board
            and min(heights) < inner[1]
            and max(heights) > inner[0]
        ):
            assert {wire.one.row, wire.other.row} <= set(RAILS)
            assert max(occupied) < wire.one.column


def test_capacitors_stand_beside_their_package(guide: Guide) -> None:
    middle = {
        part.reference: (hole.board, sum(h.column for h in part.holes.values()) / len(part.holes))
        for part in guide.layout.parts
        for hole in [next(iter(part.holes.values()))]
    }
    packages = [name for name in middle if kind_of(guide.netlist.parts[name]).shape == "dip"]
    ceramic = [name for name in middle if guide.netlist.parts[name].value == "100n"]
    for package in packages:
        board, column = middle[package]
        near = [n for n in ceramic if middle[n][0] == board and abs(middle[n][1] - column) <= 8]
        assert near, package


def test_crossings_are_counted() -> None:
    def cross(one: Path, other: Path) -> int:
        return Paths({}, 0.0, (one, other), (), ()).crossings()

    flat: Path = ((0.0, 0.0), (10.0, 0.0))
    assert cross(flat, ((5.0, -5.0), (5.0, 5.0))) == 1
    assert cross(flat, ((5.0, 0.0), (5.0, 5.0))) == 1
    assert cross(flat, ((4.0, 5.0), (20.0, -1.0))) == 0
    assert cross(flat, ((11.0, 0.0), (20.0, 0.0))) == 0
    assert cross(flat, ((9.0, 0.0), (20.0, 0.0))) == 1
    assert cross(flat, ((2.0, 1.0), (2.0, -3.0), (8.0, -3.0), (8.0, 1.0))) == 2


def test_rows_of_wires() -> None:
    """Wires that touch have different rows, and only what is too much for four is raised."""
    spans = [(1, 9), (2, 9), (3, 9), (9, 12), (10, 12)]
    rows = rows_for(spans, [5])
    assert rows.crowd == 0
    assert rows.outward == (0,)
    for (one, span), (other, another) in itertools.combinations(
        zip(spans, rows.spans, strict=True), 2
    ):
        if max(one[0], other[0]) <= min(one[1], other[1]):
            assert span.row != another.row
    crowded = rows_for([(1, 9), (2, 9), (3, 9), (4, 8)], [5])
    assert crowded.crowd == 1
    with pytest.raises(CircuitRefused, match="no hole is left in column 3"):
        rows_for([(3, 9)] * 5, [])


@pytest.mark.parametrize("seed", [3, 8])
def test_random_networks(seed: int) -> None:
    wish = wishes(widest=4)[seed]
    board = board_of(wish)
    assert isinstance(board, Board)
    guide = breadboard_guide(board, netlist.from_board(board))
    assert differences(guide.netlist, guide.layout, guide.wiring) == []
    assert guide.layout.boards <= 3
    assert guide.crossings <= 10


def test_what_three_boards_do_not_hold_is_refused() -> None:
    board = board_of(wishes(widest=4)[13])
    assert isinstance(board, Board)
    with pytest.raises(CircuitRefused, match=r"takes \d+ columns"):
        breadboard_guide(board, netlist.from_board(board))


def test_a_wire_in_another_hole_is_found(guide: Guide) -> None:
    wires = list(guide.wiring.wires)
    used = {h for part in guide.layout.parts for h in part.holes.values()}
    used |= {h for wire in wires for h in (wire.one, wire.other)}
    index = next(i for i, wire in enumerate(wires) if wire.other.row not in RAILS)
    for column in (2, COLUMNS - 1):
        elsewhere = Hole(0, "b", column)
        assert elsewhere not in used
        moved = [*wires]
        moved[index] = dataclasses.replace(wires[index], other=elsewhere)
        wrong = dataclasses.replace(guide.wiring, wires=tuple(moved))
        assert differences(guide.netlist, guide.layout, wrong)
    shorted = dataclasses.replace(wires[index], one=Hole(0, "1+", 5), other=wires[index].other)
    wrong = dataclasses.replace(guide.wiring, wires=(*wires, shorted))
    assert any("joined with" in line for line in differences(guide.netlist, guide.layout, wrong))


def test_a_part_turned_round_is_found(guide: Guide) -> None:
    diodes = [p for p in guide.layout.parts if p.reference.startswith(("D", "U"))]
    part = diodes[0]
    pins = list(part.holes)
    turned = dataclasses.replace(
        part, holes=dict(zip(pins, [part.holes[pin] for pin in reversed(pins)], strict=True))
    )
    parts = tuple(turned if each is part else each for each in guide.layout.parts)
    wrong = dataclasses.replace(guide.layout, parts=parts)
    assert differences(guide.netlist, wrong, guide.wiring)


def test_two_leads_in_one_hole_are_found(guide: Guide) -> None:
    tap = guide.wiring.taps[0]
    crowded = dataclasses.replace(tap, hole=next(iter(guide.layout.parts[0].holes.values())))
    wrong = dataclasses.replace(guide.wiring, taps=(crowded, *guide.wiring.taps[1:]))
    assert any("are both in" in line for line in differences(guide.netlist, guide.layout, wrong))


def test_page_has_every_part_and_ends_with_the_power(guide: Guide) -> None:
    page = html(guide)
    for reference in (part.reference for part in guide.layout.parts):
        assert f">{reference}" in page or f"{reference} " in page
    assert guide.steps[-1].stage == "Power, last of all"
    assert "<script" not in page
    assert svg(guide) == svg(guide)


def test_strips_are_those_of_a_breadboard() -> None:
    assert strip_of(Hole(0, "a", 7)) == strip_of(Hole(0, "e", 7))
    assert strip_of(Hole(0, "e", 7)) != strip_of(Hole(0, "f", 7))
    assert strip_of(Hole(0, "1+", 3)) == strip_of(Hole(0, "1+", 60))
    assert strip_of(Hole(0, "1+", 3)) != strip_of(Hole(1, "1+", 3))
    assert sum(rail_has_hole(column) for column in range(1, COLUMNS + 1)) == 50


@pytest.mark.parametrize(
    ("ohm", "tolerance", "colours"),
    [
        (4700.0, 0.05, "yellow violet red gold"),
        (10e3, 0.01, "brown black black red brown"),
        (1.0, 0.05, "brown black gold gold"),
        (97.6e3, 0.01, "white violet blue red brown"),
        (1e6, 0.01, "brown black black yellow brown"),
        (0.47, 0.05, "yellow violet silver gold"),
        (1234.0, 0.01, ""),
    ],
)
def test_colour_bands(ohm: float, tolerance: float, colours: str) -> None:
    assert " ".join(bands(ohm, tolerance)) == colours


def test_supplies_that_four_rails_cannot_carry_are_refused() -> None:
    with pytest.raises(CircuitRefused, match="four rails"):
        rails_for([("+5V", 5.0), ("+9V", 9.0), ("+12V", 12.0)])


def test_what_has_no_leads_is_refused() -> None:
    board: Board = load_board("xor_opamp")
    found = netlist.from_board(board)
    chip = dataclasses.replace(found.parts["R1"], footprint="Resistor_SMD:R_0805_2012Metric")
    flat = netlist.Netlist({**found.parts, "R1": chip})
    with pytest.raises(CircuitRefused, match=r"R1: .*no leads"):
        breadboard_guide(board, flat)


def test_a_footprint_with_other_leads_than_the_part_is_refused() -> None:
    board = load_board("xor_opamp")
    found = netlist.from_board(board)
    wrong = dataclasses.replace(found.parts["J1"], footprint=found.parts["R1"].footprint)
    with pytest.raises(CircuitRefused, match=r"J1: 3 of its pins are connected, .* two leads"):
        breadboard_guide(board, netlist.Netlist({**found.parts, "J1": wrong}))
