"""Plain circuits as drawn: whatever the symbols and connections, exact and without overlaps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from realnet_hw.board import Board, load_board
from realnet_hw.drawing import sexpr
from realnet_hw.export import build, kicad_jobs, lvs, netlist, overlaps
from realnet_hw.export.page_layout import draw_cells
from realnet_hw.export.sheets import sheet_file
from tests.export.plain_circuits import FOOTPRINT, plain_board, random_circuit

pytestmark = pytest.mark.usefixtures("kicad")


@pytest.mark.parametrize("seed", range(8))
def test_random_circuit_is_drawn_exactly_and_without_overlaps(
    seed: int, draw: Callable[[Board], Any], tmp_path: Path
) -> None:
    drawn = draw(random_circuit(seed))
    path = drawn.write(tmp_path)
    exported = kicad_jobs.schematic_exports(path)
    shown = netlist.from_kicad(exported.netlist)
    assert lvs.differences(drawn.netlist, shown, names=("SKiDL", "the schematic")) == []
    for sheet, picture in exported.unframed.items():
        text = drawn.files[sheet_file(drawn.board.name, sheet, "kicad_sch")]
        assert overlaps.overlaps(text, picture) == []


def test_a_circuit_too_large_for_a_page_is_exact_on_several_sheets(
    draw: Callable[[Board], Any], tmp_path: Path
) -> None:
    drawn = draw(random_circuit(1, size=5))
    assert len(drawn.files) > 2
    shown = netlist.from_kicad(kicad_jobs.schematic_exports(drawn.write(tmp_path)).netlist)
    assert lvs.differences(drawn.netlist, shown, names=("SKiDL", "the schematic")) == []


def amplifier(circuit: Any) -> None:
    """A low-pass filter, an amplifier of gain 11 and a follower with a supply of their own."""
    from skidl import Net, Part

    source, out, middle, positive, negative, gnd = map(
        Net, ("IN", "OUT", "FILTERED", "+12V", "-12V", "GND")
    )

    def resistor(value: str) -> Any:
        return Part("Device", "R", value=value, Tolerance="1 %", footprint=FOOTPRINT)

    def capacitor(value: str) -> Any:
        return Part("Device", "C", value=value, Tolerance="10 %", footprint=FOOTPRINT)

    package = Part("Amplifier_Operational", "TL074")
    resistor("4k99")[1, 2] += source, middle
    capacitor("1n")[1, 2] += middle, gnd
    package[3, 2, 1] += middle, Net(), out
    resistor("1k")[1, 2] += gnd, package[2]
    resistor("10k")[1, 2] += package[2], out
    package[4, 11] += positive, negative
    for plus, minus, output in ((5, 6, 7), (10, 9, 8), (12, 13, 14)):
        package[plus] += gnd
        package[minus] += package[output]
    for upper, lower in ((positive, gnd), (gnd, negative)):
        capacitor("100n")[1, 2] += upper, lower
    header = Part("Connector_Generic", "Conn_01x06", footprint=FOOTPRINT)
    header[1, 2, 3, 4, 5] += source, out, gnd, positive, negative
    circuit.NC.connect(header[6])


def test_an_ordinary_circuit_passes_every_proof_of_a_build(tmp_path: Path) -> None:
    """Power flags where nothing feeds a rail, spare amplifiers, a pin left open on purpose."""
    result = build.build(plain_board("amplifier", amplifier), tmp_path / "out")
    assert result.violations == ()
    assert result.paper == "A4"


def test_decoupling_stands_in_columns_beside_the_supply_pins(prove: Callable[[Board], Any]) -> None:
    """A dual amplifier whose negative supply pin comes first, with three capacitors."""

    def describe(circuit: Any) -> None:
        from skidl import Net, Part

        positive, negative, gnd, source, out = map(Net, ("+12V", "-12V", "GND", "IN", "OUT"))
        package = Part("Amplifier_Operational", "TL072", footprint=FOOTPRINT)
        package[3, 2, 1] += source, out, out
        package[5] += gnd
        package[6] += package[7]
        package[4, 8] += negative, positive
        for upper, lower in ((gnd, negative), (positive, gnd), (positive, negative)):
            part = Part("Device", "C", value="100n", Tolerance="10 %", footprint=FOOTPRINT)
            part[1, 2] += upper, lower
        header = Part("Connector_Generic", "Conn_01x05", footprint=FOOTPRINT)
        header[1, 2, 3, 4, 5] += source, out, gnd, positive, negative

    prove(plain_board("dual", describe))


def test_parts_around_an_amplifier_are_wired_not_labelled(draw: Callable[[Board], Any]) -> None:
    """The original Realnet: each summing node is one drawn node with its name once."""
    drawn = draw(load_board("xor_realnet"))
    names = Counter(str(node[1]) for node in sexpr.children(sexpr.parse(drawn.text), "label"))
    for number in range(1, 7):
        assert names[f"S{number}"] == 1
    assert names["H1"] == names["H2"] == 2


def test_groups_stand_in_the_direction_of_the_signal() -> None:
    layers = {
        block.cell.title: block.cell.layer
        for block in draw_cells(load_board("xor_realnet"))
        if block.cell.in_signal_path
    }
    order = ["Inputs", "U1A: A1", "U1B: H1", "U2B: OUT", "Outputs"]
    assert [layers[title] for title in order] == sorted(set(layers.values()))
    assert layers["U2A: A5"] == layers["U2B: OUT"] - 1
    assert layers["U1C: A3"] == layers["U1D: H2"] - 1


def test_every_unit_of_a_package_is_drawn_and_spares_are_named(
    draw: Callable[[Board], Any],
) -> None:
    drawn = draw(load_board("xor_realnet"))
    root = sexpr.parse(drawn.text)
    units = Counter(
        sexpr.properties(node)["Reference"]
        for node in sexpr.children(root, "symbol")
        if sexpr.properties(node)["Reference"] in ("U1", "U2")
    )
    assert units == {"U1": 5, "U2": 5}
    titles = {str(node[1]) for node in sexpr.children(root, "text")}
    assert {"U2C: spare", "U2D: spare", "U1 supply", "U2 supply"} <= titles


def test_same_circuit_gives_same_drawing(draw: Callable[[Board], Any]) -> None:
    assert draw(random_circuit(3)).files == draw(random_circuit(3)).files
