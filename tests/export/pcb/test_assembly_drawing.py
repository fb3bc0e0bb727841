"""The assembly drawing: every part is in it by name and value, where it is on the board."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from realnet_hw.board import load_board
from realnet_hw.export import bom, netlist
from realnet_hw.export.assembly import assembled
from realnet_hw.export.groups import groups
from realnet_hw.export.netlist import Netlist
from realnet_hw.export.pcb.assembly_drawing import assembly_drawing
from realnet_hw.export.pcb.floorplan import floorplan
from realnet_hw.parts.catalogue import Assembly

_WORD = re.compile(rb"1 0 0 1 ([\d.]+) ([\d.]+) Tm <([0-9a-f]*)> Tj|Tm <([0-9a-f]*)> Tj")


def pages(made: bytes) -> list[list[str]]:
    """Return the words on each page."""
    streams = re.findall(rb"stream\n(.*?)\nendstream", made, re.DOTALL)
    return [
        [bytes.fromhex((a or b).decode()).decode("cp1252") for *_, a, b in _WORD.findall(stream)]
        for stream in streams
    ]


@pytest.mark.usefixtures("kicad")
@pytest.mark.parametrize("assembly", ["tht", "smd"])
@pytest.mark.parametrize("name", ["xor_opamp", "xor_realnet"])
def test_every_part_is_drawn_and_what_is_bought_is_listed(name: str, assembly: Assembly) -> None:
    board = load_board(name)
    parts = assembled(netlist.from_board(board), assembly)
    plan = floorplan(parts, groups(board, parts))
    drawing, *lists = pages(assembly_drawing(board, parts, plan))
    expected = [word for part in parts.parts.values() for word in (part.reference, part.value)]
    assert sorted(drawing[2:]) == sorted(expected)
    listed = [word for words in lists for word in words]
    for line in bom.used_parts(parts):
        assert line.value in listed
        assert line.description in listed
    where = " ".join(listed).split()
    assert all(where.count(reference) == 1 for reference in bom.entries(parts))
    # Low parts first.
    first = [" ".join(listed).split().index(each) for each in ("R1", "J1")]
    assert first == sorted(first)


@pytest.mark.usefixtures("kicad")
def test_a_list_of_many_parts_goes_on_over_pages() -> None:
    board = load_board("xor_opamp")
    parts = netlist.from_board(board)
    plan = floorplan(parts, groups(board, parts))
    more = {
        f"R{number}": replace(parts.parts["R2"], reference=f"R{number}", value=f"{number}k")
        for number in range(100, 180)
    }
    many = Netlist({**parts.parts, **more})
    _, *lists = pages(assembly_drawing(board, many, plan))
    assert len(lists) > 1
    where = " ".join(word for words in lists for word in words).split()
    assert all(where.count(reference) == 1 for reference in bom.entries(many))
