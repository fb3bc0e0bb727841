"""Where parts stand: none on another, none in a corner's hole, connectors at the edges."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable

import pytest

from realnet_hw.board import Board, load_board
from realnet_hw.drawing.geometry import Box
from realnet_hw.errors import CircuitRefused, InputError
from realnet_hw.export import netlist
from realnet_hw.export.assembly import assembled
from realnet_hw.export.groups import groups
from realnet_hw.export.pcb.board_file import passing_mm
from realnet_hw.export.pcb.floorplan import Floorplan, HOLE_mm, Size, floorplan
from realnet_hw.export.pcb.footprints import footprint
from realnet_hw.export.pcb.tiles import Spacing
from realnet_hw.export.profile import PROFILES
from realnet_hw.parts.catalogue import Assembly

pytestmark = pytest.mark.usefixtures("kicad")

SHAPES = [(1, 1), (4, 5, 3), (2, 1, 3, 2)]


def plan_of(board: Board, assembly: Assembly, size: Size | None = None) -> Floorplan:
    parts = assembled(netlist.from_board(board), assembly)
    plan = floorplan(parts, groups(board, parts), size=size)
    assert set(plan.parts) == set(parts.parts)
    return plan


def inside(box: Box, outer: Box) -> bool:
    return (
        box.left >= outer.left
        and box.top >= outer.top
        and box.right <= outer.right
        and box.bottom <= outer.bottom
    )


@pytest.mark.parametrize("assembly", ["tht", "smd"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_no_courtyard_touches_another_or_the_edge_or_a_hole(
    shape: tuple[int, ...], assembly: Assembly, layered_board: Callable[..., Board]
) -> None:
    plan = plan_of(layered_board(sum(shape), *shape), assembly)
    courtyards = {reference: part.courtyard for reference, part in plan.parts.items()}
    for (one, box), (other, another) in itertools.combinations(courtyards.items(), 2):
        assert box.overlap(another) <= 0, (one, other)
    for reference, box in courtyards.items():
        assert inside(box, plan.outline), reference
        for x, y in plan.holes:
            # A screw's head is twice as wide as its hole.
            assert box.overlap(Box(x, y, x, y).grown(HOLE_mm)) <= 0, reference


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_inputs_and_supply_at_the_left_outputs_at_the_right(
    shape: tuple[int, ...], layered_board: Callable[..., Board]
) -> None:
    board = layered_board(1, *shape)
    parts = netlist.from_board(board)
    plan = plan_of(board, "tht")
    outputs = {port.net for port in board.outputs}
    middles = [part.at.x for name, part in plan.parts.items() if name.startswith("U")]
    for name, part in plan.parts.items():
        if name.startswith("J"):
            at_right = bool(outputs & set(parts.parts[name].pins.values()))
            assert all((part.at.x > x) == at_right for x in middles), name


def test_wires_enter_a_terminal_from_outside_the_board() -> None:
    plan = plan_of(load_board("xor_opamp"), "tht")
    (terminal,) = (part for part in plan.parts.values() if "TerminalBlock" in part.footprint)
    # The body reaches farther from its pins on the side where the wires enter.
    body = footprint(terminal.footprint).courtyard
    assert terminal.rotation == 270
    assert body.bottom > 0
    assert terminal.courtyard.left - plan.outline.left < 4.0
    for part in plan.parts.values():
        level = part.courtyard.top < terminal.courtyard.bottom
        if level and part.courtyard.bottom > terminal.courtyard.top and part is not terminal:
            assert part.courtyard.left >= terminal.courtyard.right


def test_a_stacks_resistors_come_in_the_order_of_what_feeds_them() -> None:
    """Two inputs of a connector: the resistors of the upper one stand above the other's."""
    board = load_board("xor_opamp")
    parts = netlist.from_board(board).parts
    plan = plan_of(board, "tht")
    joined = {
        net: [ref for ref, part in parts.items() if ref[0] == "R" and net in part.pins.values()]
        for net in ("X1", "X2")
    }
    (source,) = (ref for ref, part in parts.items() if {"X1", "X2"} <= set(part.pins.values()))
    place = {
        net: plan.parts[source].pad(next(p for p, n in parts[source].pins.items() if n == net)).y
        for net in joined
    }
    upper, lower = sorted(joined, key=lambda net: place[net])
    first = min(plan.parts[ref].at.y for ref in joined[upper])
    assert first < min(plan.parts[ref].at.y for ref in joined[lower])


def test_wider_channels_make_a_larger_board(layered_board: Callable[..., Board]) -> None:
    board = layered_board(3, 2, 5, 2)
    parts = netlist.from_board(board)
    found = groups(board, parts)
    usual, wide = (floorplan(parts, found, spacing=Spacing(mm)).outline for mm in (2.54, 10.16))
    assert wide.width * wide.height > usual.width * usual.height


@pytest.mark.parametrize("size", [Size(100.0, 100.0), Size(97.5, 60.0)], ids=str)
def test_a_board_has_the_size_asked_for(size: Size) -> None:
    plan = plan_of(load_board("xor_opamp"), "tht", size)
    assert (plan.outline.width, plan.outline.height) == pytest.approx(size)
    for part in plan.parts.values():
        assert inside(part.courtyard, plan.outline)
    for x, y in plan.holes:
        to_edges = (x - plan.outline.left, y - plan.outline.top)
        assert [min(at, side - at) for at, side in zip(to_edges, size, strict=True)] == (
            pytest.approx([4.5, 4.5])
        )


def test_too_small_a_size_is_refused_with_sizes_that_fit() -> None:
    board = load_board("xor_opamp")
    with pytest.raises(CircuitRefused, match="do not fit a board of 100 x 40 mm") as refused:
        plan_of(board, "tht", Size(100.0, 40.0))
    told = re.findall(r"(\d+) x (\d+) mm", refused.value.allowed)
    assert told
    for width, height in told:
        fitting = Size(float(width), float(height))
        assert plan_of(board, "tht", fitting).outline.width == pytest.approx(fitting.width)
    # One of them is no wider than what was asked for.
    assert min(int(width) for width, _ in told) <= 100


@pytest.mark.parametrize("text", ["", "100", "100x", "-5x5", "1e3x50", "100x80x2", "100 80"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="such as 100x80"):
        Size.parsed(text)
    assert Size.parsed("100.5x80") == Size(100.5, 80.0)


def test_tiles_of_a_large_board_leave_little_room(layered_board: Callable[..., Board]) -> None:
    """Parts with the names beside them take a third of the board or more."""
    plan = plan_of(layered_board(3, 8, 12, 4), "tht")
    used = sum(part.room.width * part.room.height for part in plan.parts.values())
    assert used / (plan.outline.width * plan.outline.height) > 0.36


@pytest.mark.parametrize("assembly", ["tht", "smd"])
@pytest.mark.parametrize("fab", ["jlcpcb", "home"])
def test_a_track_passes_between_the_resistors_of_a_stack(
    fab: str, assembly: Assembly, layered_board: Callable[..., Board]
) -> None:
    board = layered_board(4, 6, 3, 2)
    parts = assembled(netlist.from_board(board), assembly)
    profile = PROFILES[fab]
    spacing = Spacing(passing_mm=passing_mm(profile))
    plan = floorplan(parts, groups(board, parts), spacing=spacing)
    rows: dict[float, list[float]] = {}
    for name, part in plan.parts.items():
        if name.startswith("R"):
            rows.setdefault(part.pad("1").x, []).append(part.at.y)
    height = max(pad.height for pad in footprint(plan.parts["R2"].footprint).pads)
    gaps = [b - a - height for ys in rows.values() for a, b in itertools.pairwise(sorted(ys))]
    assert gaps
    assert min(gaps) >= profile.track_mm + 2 * profile.clearance_mm
