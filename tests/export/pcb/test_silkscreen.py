"""What is printed: nothing on a pad or on another text, every name beside what it names."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator

import pytest

from realnet_hw.board import Board, load_board
from realnet_hw.drawing.geometry import Box, Point
from realnet_hw.export import netlist
from realnet_hw.export.assembly import assembled
from realnet_hw.export.groups import groups
from realnet_hw.export.netlist import Netlist
from realnet_hw.export.pcb.floorplan import Floorplan, floorplan
from realnet_hw.export.pcb.footprints import footprint, turned, turned_box
from realnet_hw.export.pcb.silkscreen import Silkscreen, Text, silkscreen
from realnet_hw.parts.catalogue import Assembly

pytestmark = pytest.mark.usefixtures("kicad")

Printed = tuple[Netlist, Floorplan, Silkscreen]


def printed(board: Board, assembly: Assembly = "tht", *, values: bool = False) -> Printed:
    parts = assembled(netlist.from_board(board), assembly)
    plan = floorplan(parts, groups(board, parts))
    return parts, plan, silkscreen(board, parts, plan, (), "0123abcd", values=values)


def every_text(made: Silkscreen) -> list[Text]:
    return [*made.texts, *made.references.values(), *made.names.values()]


def pads(plan: Floorplan) -> Iterator[Box]:
    for part in plan.parts.values():
        for pad in footprint(part.footprint).pads:
            size = Box(-pad.width / 2, -pad.height / 2, pad.width / 2, pad.height / 2)
            at = part.at.moved(*turned(pad.at, part.rotation))
            yield turned_box(size, pad.rotation + part.rotation).moved(*at)


@pytest.mark.parametrize("assembly", ["tht", "smd"])
@pytest.mark.parametrize("shape", [(2, 2, 1), (3, 5, 2)], ids=str)
def test_no_text_lies_on_a_pad_or_another_text_or_off_the_board(
    shape: tuple[int, ...], assembly: Assembly, layered_board: Callable[..., Board]
) -> None:
    _, plan, made = printed(layered_board(sum(shape), *shape), assembly)
    texts = every_text(made)
    copper = list(pads(plan))
    edge = plan.outline.left, plan.outline.top
    for text in texts:
        assert all(text.box.overlap(pad) <= 0 for pad in copper), text
        assert (min(text.box.left, plan.outline.left), min(text.box.top, plan.outline.top)) == edge
        assert text.box.right <= plan.outline.right, text
        assert text.box.bottom <= plan.outline.bottom, text
    for one, other in itertools.combinations(texts, 2):
        assert one.box.overlap(other.box) <= 0, (one, other)


@pytest.mark.parametrize("assembly", ["tht", "smd"])
@pytest.mark.parametrize("name", ["xor_opamp", "xor_single_supply"])
def test_every_part_is_named(name: str, assembly: Assembly) -> None:
    parts, plan, made = printed(load_board(name), assembly)
    assert {*made.references, *made.names} == set(plan.parts)
    for reference, text in made.references.items():
        assert text.text == reference
        assert text.box.overlap(plan.parts[reference].courtyard) > -1.5, reference
    for reference, text in made.names.items():
        assert {text.text} == set(parts.parts[reference].pins.values())


def test_values_are_printed_where_they_are_asked_for_and_never_in_place_of_a_reference() -> None:
    board = load_board("xor_opamp")
    parts, plan, made = printed(board, values=True)
    assert {name: text.text for name, text in made.names.items()} == {
        name: part.value for name, part in parts.parts.items()
    }
    assert {*made.references} == {name for name in plan.parts if not name.startswith("TP")}
    for one, other in itertools.combinations(every_text(made), 2):
        assert one.box.overlap(other.box) <= 0, (one, other)
    _, _, small = printed(board, "smd", values=True)
    assert {*small.references} == {*printed(board, "smd")[2].references}


def test_every_pin_of_a_connector_has_its_own_name_beside_it(
    layered_board: Callable[..., Board],
) -> None:
    parts, plan, made = printed(layered_board(5, 6, 3, 4))
    connectors = [name for name in plan.parts if name.startswith("J")]
    assert len(connectors) == 3
    for name in connectors:
        for number, net in parts.parts[name].pins.items():
            pin = plan.parts[name].pad(number)

            def away(text: Text, pin: Point = pin) -> float:
                return math.dist(pin, text.at)

            level = [text for text in made.texts if text.box.top < pin.y < text.box.bottom]
            assert min(level, key=away).text == net, (name, number)


def test_title_tells_board_circuit_and_weights() -> None:
    board = load_board("xor_opamp")
    _, _, made = printed(board)
    assert board.network is not None
    words = " ".join(text.text for text in made.texts)
    for part in (board.title, "rev 0123abcd", "2-2-1", board.network.sha256()[:12]):
        assert part in words
