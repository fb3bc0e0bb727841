"""What the shield's copper does to its references, solved from the board's file.

Every sense and source takes its gain against VSHIFT and loads it, by up to 2 mA: what that drops
along the tracks moves the others. The deck joins the parts of a net without resistance.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from realnet_hw import project
from realnet_hw.board import Board, load_board
from realnet_hw.cells.sense_channel import SenseChannel
from realnet_hw.cells.source_channel import SourceChannel
from realnet_hw.drawing import sexpr
from realnet_hw.emulate.front_end import Errors, FrontEnd, ideal
from realnet_hw.measure import fixture_specification as stated
from realnet_hw.technology.fixture_copper import SHARES, WORSE, SENSE_FEET_ohm, SOURCE_FEET_ohm
from tests.copper import Copper, board_tree, copper_of


@pytest.fixture(scope="module")
def board() -> Board:
    return load_board("fixture_shield")


@pytest.fixture(scope="module")
def tree(board: Board) -> sexpr.Node:
    name = f"{board.name}.kicad_pcb"
    return board_tree(project.bundle() / "boards" / board.name / "generated" / name)


def output_of(board: Board, cell: str) -> str:
    """Return the pad of the amplifier's output that drives a reference."""
    package, unit = board.assembly.units[cell, "amplifier"]
    return f"{package}.{('1', '7', '8', '14')[unit]}"


@pytest.fixture(scope="module")
def shift(board: Board, tree: sexpr.Node) -> Copper:
    return copper_of(tree, "/VSHIFT", output_of(board, "VSHIFT"))


def feet(board: Board, kind: type[SenseChannel] | type[SourceChannel], part: str) -> list[str]:
    """Return the pads on VSHIFT of all channels of a kind."""
    found = [cell for cell in board.cells if isinstance(cell, kind)]
    return [f"{board.assembly.references[cell.name, part]}.2" for cell in found]


def test_resistances_are_those_of_tracks_side_by_side_and_one_after_another() -> None:
    # 35 um of copper: 0.4914 mohm a square.
    track = '(segment (start {} {}) (end {} {}) (width {}) (layer "F.Cu") (net 1))'
    part = '(footprint (at {} 0) (property "Reference" "R{}") (pad "1" (at 0 0) (size 1 1) {}))'
    of_net = '(net 1 "/N")'
    tree = sexpr.parse(
        f"(kicad_pcb {of_net}"
        + "".join(part.format(x, i, of_net) for i, x in enumerate((0, 10, 20)))
        + track.format(0, 0, 10, 0, 0.5)
        + track.format(10, 0, 20, 0, 0.5)
        # A second way from the middle to the right, 20 mm of twice the width.
        + "".join(track.format(*c, 1.0) for c in ((10, 0, 10, 5), (10, 5, 20, 5), (20, 5, 20, 0)))
        + ")"
    )
    copper = copper_of(tree, "/N", "R0.1")
    square_ohm = 1.72e-8 / 35e-6
    assert copper.between("R1.1", "R1.1") == pytest.approx(20 * square_ohm)
    assert copper.between("R1.1", "R2.1") == pytest.approx(20 * square_ohm)
    assert copper.between("R2.1", "R2.1") == pytest.approx((20 + 10) * square_ohm)


def test_all_feet_are_on_the_copper(board: Board, shift: Copper) -> None:
    on_net = {
        f"{name}.{pin}"
        for name, part in board.assembly.parts.items()
        for pin, net in part.pins.items()
        if net == "VSHIFT"
    }
    assert set(shift.pads) == on_net
    assert len(feet(board, SenseChannel, "shift")) == 7
    assert len(feet(board, SourceChannel, "ground")) == 6


def test_the_table_is_the_copper_of_the_board(board: Board, shift: Copper) -> None:
    """Where this fails the board was routed anew: what is found belongs into the table."""
    senses, sources = feet(board, SenseChannel, "shift"), feet(board, SourceChannel, "ground")
    found = [[shift.between(own, other) for other in (*senses, *sources)] for own in senses]
    table = [(*row, *SOURCE_FEET_ohm) for row in SENSE_FEET_ohm]
    assert np.round(1e3 * np.array(found), 2).tolist() == pytest.approx(1e3 * np.array(table))


def test_neighbours_move_a_sense_by_no_more_than_its_budget_says(
    board: Board, shift: Copper
) -> None:
    """A volt more at another terminal drives 1 V / 6 kohm into its foot, at a source's 1 / 37.5.

    What VSHIFT rises by counts four times at a terminal. A calibration has all senses on one wire
    and stores what they then do: what counts is how far the others are from a sense's own level.
    """
    senses, sources = feet(board, SenseChannel, "shift"), feet(board, SourceChannel, "ground")
    of_sources = [
        sum(4 * shift.between(own, other) / 37.5e3 for other in sources) for own in senses
    ]
    for own, name, more in zip(senses, stated.SENSE_CHANNELS, of_sources, strict=True):
        others = sum(4 * shift.between(own, other) / 6e3 for other in senses if other != own)
        u_relative = stated.neighbours(name).u_relative
        assert WORSE * (others + more) == pytest.approx(u_relative * np.sqrt(3), rel=1e-3)
    whole = [
        sum(4 * shift.between(own, other) / 6e3 for other in senses) + more
        for own, more in zip(senses, of_sources, strict=True)
    ]
    assert WORSE * max(whole) == pytest.approx(stated.COPPER_SHARE, rel=1e-3)


def test_the_virtual_bench_feels_it() -> None:
    """6.56 V at one sense, all else at 2.56 V: 4 V / 6 kohm along the copper to another's foot."""
    front_end = FrontEnd(Errors(), dataclasses.replace(ideal(), copper=SHARES))
    sensed_V = [2.56, 2.56, 2.56, 6.56, 2.56, 2.56, 2.56]
    for own, row in enumerate(SENSE_FEET_ohm):
        rise_V = 4.0 / 6e3 * row[3]
        found_V = front_end.lifted_V(own, sensed_V, [2.56] * 6)
        assert found_V == pytest.approx(4 * rise_V)


def test_senses_move_a_source_by_less_than_half_a_step(board: Board, shift: Copper) -> None:
    senses, sources = feet(board, SenseChannel, "shift"), feet(board, SourceChannel, "ground")
    worst_V = max(
        sum(4 * shift.between(own, other) * 12.8 / 6e3 for other in senses)
        + sum(4 * shift.between(own, other) * 12.8 / 37.5e3 for other in sources)
        for own in sources
    )
    assert worst_V * WORSE < stated.LSB_V / 2


def test_the_other_references_carry_too_little_to_drop(board: Board, tree: sexpr.Node) -> None:
    """Each moves by less than a converter's step, 1 mV.

    VMID: six resistors of 10 kohm to the sources' converters, 2.05 V across each at most; pulses
    and the fixture's own check hang on it. VREF: dividers of 20 and 32 kohm; six inputs of 165 kohm
    and one of 150 uA. Ref: Microchip DS22250, DS21298 (reference inputs), from memory.
    """
    parts = board.assembly.parts
    reference = next(name for name, part in parts.items() if part.type == "lm4040_4v1")
    held = next(f"{reference}.{p}" for p, net in parts[reference].pins.items() if net == "VREF")
    for net, source, most_A in (
        ("/VMID", output_of(board, "VMID"), 6 * 2.1 / 10e3),
        ("/VREF", held, 4.1 / 20e3 + 4.1 / 32e3 + 6 * 4.1 / 165e3 + 150e-6),
    ):
        copper = copper_of(tree, net, source)
        assert np.max(copper.transfer_ohm) * WORSE * most_A < 1e-3, net
