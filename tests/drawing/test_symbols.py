"""Symbols: what they inherit is written out, and pins lie where KiCad has them."""

from __future__ import annotations

import itertools
import re
import subprocess
from pathlib import Path

import pytest

from realnet_hw.drawing import sexpr, symbols
from realnet_hw.drawing.geometry import Mirror, Point, Rotation
from realnet_hw.drawing.sexpr import Node, Quoted
from realnet_hw.errors import InputError
from realnet_hw.export import kicad_cli, kicad_jobs, project_files
from realnet_hw.export.netlist import from_kicad
from realnet_hw.parts.skidl_parts import symbol_folder
from tests.kicad_project import write_schematic

pytestmark = pytest.mark.usefixtures("kicad")


def exported_pictures(library: Path, name: str, target: Path) -> list[tuple[object, object]]:
    """Return shapes and texts of KiCad's pictures of a symbol's units.

    The reference is left out: KiCad prints "U?" for a symbol that derives, "U?A" for one in full.
    """
    target.mkdir()
    command = [kicad_cli.program(), "sym", "export", "svg", "--symbol", name]
    subprocess.run([*command, "--output", target, library], check=True, capture_output=True)
    pictures = []
    for path in sorted(target.iterdir()):
        picture = path.read_text("utf-8").split("</title>")[1]
        shapes = re.sub(r"(?s)<text.*?</text>\s*<g class=.stroked-text.>.*?</g>", "", picture)
        texts = re.findall(r'(?s)<text x="([^"]*)" y="([^"]*)".*?>([^<]*)</text>', picture)
        pictures.append((shapes, [each for each in texts if not each[2].startswith("U?")]))
    return pictures


@pytest.mark.parametrize("lib_id", ["Amplifier_Operational:TL074", "Reference_Voltage:LM4040LP-5"])
def test_flattened_symbol_looks_like_kicads(lib_id: str, tmp_path: Path) -> None:
    library, _, name = lib_id.partition(":")
    assert sexpr.child(symbols.load(lib_id).node, "extends") is None
    vendored = tmp_path / f"{library}.kicad_sym"
    files = project_files.library_files([lib_id], [])
    vendored.write_text(files[f"lib/{library}.kicad_sym"], "utf-8")
    theirs = exported_pictures(symbol_folder() / f"{library}.kicad_sym", name, tmp_path / "theirs")
    ours = exported_pictures(vendored, name, tmp_path / "ours")
    assert len(ours) == len(symbols.load(lib_id).units())
    assert ours == theirs


def test_inherited_symbol_has_its_own_properties() -> None:
    symbol = symbols.load("Amplifier_Operational:TL074")
    assert symbol.properties["Value"] == "TL074"
    assert symbol.properties["Datasheet"].endswith("tl071.pdf")
    assert symbol.units() == (1, 2, 3, 4, 5)
    # Ref: TI SLOS080, TL074 pin functions.
    assert {pin.number for pin in symbol.pins(5)} == {"4", "11"}
    assert symbol.unit_of("14") == 4
    assert len(symbol.pin_numbers()) == 14


@pytest.mark.parametrize("lib_id", ["Device:No_Such", "No_Such:R"])
def test_unknown_symbol_is_named(lib_id: str) -> None:
    with pytest.raises(InputError, match="No_Such"):
        symbols.load(lib_id)


def test_unknown_pin_is_named() -> None:
    with pytest.raises(InputError, match="no pin 15"):
        symbols.load("Amplifier_Operational:TL074").unit_of("15")


ROTATIONS: tuple[Rotation, ...] = (0, 90, 180, 270)
MIRRORS: tuple[Mirror, ...] = ("", "x", "y")
ORIENTATIONS = list(itertools.product(ROTATIONS, MIRRORS))


def test_pins_lie_where_kicad_has_them_in_every_orientation(tmp_path: Path) -> None:
    """Names put on the places computed for the pins of a transistor must reach those pins."""
    symbol = symbols.load("Transistor_FET:2N7000")
    sheet: Node = [
        "kicad_sch",
        ["version", "20250114"],
        ["generator", Quoted("test")],
        ["uuid", Quoted("11111111-0000-5000-8000-000000000000")],
        ["paper", Quoted("A3")],
        ["lib_symbols", ["symbol", Quoted(symbol.lib_id), *symbol.node[2:]]],
    ]
    for index, (rotation, mirror) in enumerate(ORIENTATIONS):
        at = Point(25.4 * (index + 1), 50.8)
        node: Node = ["symbol", ["lib_id", Quoted(symbol.lib_id)]]
        node.append(["at", str(at.x), str(at.y), str(rotation)])
        if mirror:
            node.append(["mirror", mirror])
        path: Node = ["path", Quoted("/11111111-0000-5000-8000-000000000000")]
        path += [["reference", Quoted(f"Q{index + 1}")], ["unit", "1"]]
        node += [
            ["unit", "1"],
            ["uuid", Quoted(f"22222222-0000-5000-8000-{index:012}")],
            ["property", Quoted("Reference"), Quoted(f"Q{index + 1}"), ["at", "0", "0", "0"]],
            ["property", Quoted("Value"), Quoted("2N7000"), ["at", "0", "0", "0"]],
            ["instances", ["project", Quoted("pins"), path]],
        ]
        sheet.append(node)
        for pin, place in symbol.placed_pins(1, at, rotation, mirror).items():
            name = Quoted(f"Q{index + 1}_{pin}")
            sheet.append(["global_label", name, ["at", str(place.x), str(place.y), "0"]])
    schematic = write_schematic(tmp_path / "pins.kicad_sch", sexpr.write(sheet))
    found = from_kicad(kicad_jobs.schematic_exports(schematic).netlist)
    assert len(found.parts) == len(ORIENTATIONS)
    for reference, part in found.parts.items():
        assert part.pins == {pin: f"{reference}_{pin}" for pin in ("1", "2", "3")}
