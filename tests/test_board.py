"""Boards: references, packages, and one SKiDL circuit with nothing left unconnected."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from realnet_hw import project
from realnet_hw.board import Board, Case, Logic, load_board, reference_order
from realnet_hw.errors import InputError
from realnet_hw.export import netlist
from realnet_hw.parts import skidl_parts
from realnet_hw.parts.catalogue import catalogue, part_type
from realnet_hw.parts.skidl_parts import electrical_rules


@pytest.fixture(scope="module")
def xor() -> Board:
    return load_board("xor_opamp")


def test_every_cell_part_and_amplifier_is_assembled_once(xor: Board) -> None:
    assembly = xor.assembly
    keys = [(cell.name, key) for cell in assembly.cells for key in cell.parts]
    assert len(set(keys)) == len(keys) == len(assembly.references)
    assert len(assembly.parts) == len(keys) + len(assembly.packages)
    assert len(set(assembly.units.values())) == len(assembly.units)


def test_package_pins_are_the_datasheets(xor: Board) -> None:
    # TI SLOS080, TL074 pin functions: V+ is 4, V- is 11.
    pins = xor.assembly.parts["U1"].pins
    assert (pins["4"], pins["11"]) == ("+12V", "-12V")
    assert len(pins) == 14


def test_spare_amplifiers_are_quiet_followers_of_ground() -> None:
    board = load_board("xor_opamp")
    one = [cell for cell in board.cells if cell.name != "NH1"]
    fewer = replace(board, cells=tuple(one))
    pins = fewer.assembly.parts["U1"].pins
    spare = next(
        (minus, out)
        for plus, minus, out in part_type("tl074").amplifiers
        if pins[plus] == "GND" and pins[minus] == pins[out]
    )
    assert spare


def test_references_are_numbered_without_gaps(xor: Board) -> None:
    numbers: dict[str, list[int]] = {}
    for reference in xor.assembly.parts:
        prefix, number = re.fullmatch(r"([A-Z]+)(\d+)", reference).groups()  # type: ignore[union-attr]
        numbers.setdefault(prefix, []).append(int(number))
    for found in numbers.values():
        assert found == list(range(1, len(found) + 1))


def test_r2_comes_before_r10() -> None:
    assert sorted(["R10", "C1", "R2", "TP1"], key=reference_order) == ["C1", "R2", "R10", "TP1"]


def test_skidl_circuit_has_no_electrical_fault(xor: Board) -> None:
    assert electrical_rules(xor.circuit()) == []


def test_skidl_netlist_is_the_assembly(xor: Board) -> None:
    found = netlist.from_board(xor)
    assert {r: dict(p.pins) for r, p in found.parts.items()} == {
        r: dict(sorted(p.pins.items())) for r, p in xor.assembly.parts.items()
    }
    for net, pins in found.nets().items():
        assert len(pins) > 1, f"{net} goes nowhere"


def test_electrical_rules_find_a_fault() -> None:
    def two_outputs_together(circuit) -> None:
        part = skidl_parts.catalogue_part(circuit, "tl074", "U1")
        part["1"] += part["7"]

    found = electrical_rules(skidl_parts.fill(two_outputs_together, set()))
    assert any("conflict" in message for message in found)


def test_circuit_hash_sees_a_value_and_a_net(xor: Board) -> None:
    whole = netlist.from_board(xor)
    part = whole.parts["R2"]
    for changed in (
        replace(part, value="1k"),
        replace(part, pins=dict(part.pins) | {"1": "GND"}),
        replace(part, fields=dict(part.fields) | {"Tolerance": "5 %"}),
    ):
        other = netlist.Netlist(dict(whole.parts) | {"R2": changed})
        assert other.sha256() != whole.sha256()
    assert netlist.from_board(load_board("xor_opamp")).sha256() == whole.sha256()


def test_skidl_leaves_no_file_behind(xor: Board, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    electrical_rules(xor.circuit())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Has Space"},
        {"name": "../escape"},
        {"cells": ()},
        {"plain_circuit": print},
        {"cases": (Case({"X1": 0.0}, {"Y": 0}),)},
        {"cases": (Case({"X1": 0.0, "X2": 0.0}, {"Z": 0}),)},
    ],
)
def test_refuses_a_board_that_does_not_hold_together(xor: Board, changes) -> None:
    with pytest.raises(InputError):
        replace(xor, **changes)


def test_logic_levels_have_a_gap() -> None:
    logic = Logic(0.0, 5.0, 1.5, 3.5)
    assert [logic.level(v) for v in (-1.0, 1.5, 1.6, 3.4, 3.5, 9.0)] == [
        0,
        None,
        None,
        None,
        None,
        1,
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("x = 1", "no function `board`"),
        ("def board():\n    return 3", "returned a int"),
        ("def board(:", "SyntaxError"),
        ("import no_such_module", "ModuleNotFoundError"),
    ],
)
def test_a_bad_board_file_is_refused_in_one_line(tmp_path: Path, content, message) -> None:
    path = tmp_path / "board.py"
    path.write_text(content)
    with pytest.raises(InputError, match=message) as error:
        load_board(str(path))
    assert "\n" not in str(error.value)


def test_a_board_is_found_by_name_folder_and_path() -> None:
    path = project.board_files()["xor_opamp"]
    assert project.board_file(str(path.parent)) == project.board_file(str(path)) == path


def test_an_unknown_board_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(InputError, match="xor_opamp"):
        project.board_file("xor_opamp_")


def test_the_users_own_board_comes_first(tmp_path: Path, monkeypatch) -> None:
    own = tmp_path / "boards" / "xor_opamp"
    own.mkdir(parents=True)
    (own / "board.py").write_text("")
    monkeypatch.chdir(tmp_path)
    assert project.board_files()["xor_opamp"] == own / "board.py"
    assert project.output_folder("xor_opamp") == own / "generated"


def test_a_shipped_board_is_not_built_into_what_is_shipped(tmp_path: Path, monkeypatch) -> None:
    shipped = project.bundle() / "boards" / "xor_opamp"
    monkeypatch.chdir(project.bundle())
    assert project.output_folder("xor_opamp") == shipped / "generated"
    monkeypatch.chdir(tmp_path)
    assert project.output_folder("xor_opamp") == tmp_path / "boards" / "xor_opamp" / "generated"
    assert project.output_folder(str(shipped)) == project.output_folder("xor_opamp")


def test_somebody_elses_folder_is_not_ones_project(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "boards" / "trap").mkdir(parents=True)
    (tmp_path / "boards" / "trap" / "board.py").write_text("raise SystemExit")
    monkeypatch.chdir(tmp_path)
    assert "trap" in project.board_files()
    monkeypatch.setattr("os.getuid", lambda: (tmp_path / "boards").stat().st_uid + 1)
    assert "trap" not in project.board_files()


def test_every_catalogue_part_is_in_kicads_libraries_with_the_pins_it_names() -> None:
    def describe(circuit) -> None:
        for number, (key, kind) in enumerate(catalogue().items(), 1):
            part = skidl_parts.catalogue_part(circuit, key, f"{kind.prefix}{number}", "1k")
            pins = {str(pin.num) for pin in part.pins}
            named = Counter(pin for unit in kind.units for pin in unit)
            named.update(kind.supply_pins.values())
            named.update(
                pair.split("=")[0] for pair in kind.sim.get("Sim.Pins", "").split() if pair
            )
            assert set(named) <= pins, key

    skidl_parts.fill(describe, set())


def test_yageo_part_numbers() -> None:
    # Yageo MFR datasheet, ordering examples: MFR-25FRF52-10K, ...-4K99, ...-470R.
    resistor = part_type("resistor")
    assert resistor.part_number("10k") == "MFR-25FRF52-10K"
    assert resistor.part_number("4.99k") == "MFR-25FRF52-4K99"
    assert resistor.part_number("470") == "MFR-25FRF52-470R"
    assert resistor.part_number("1M") == "MFR-25FRF52-1M"


def test_a_copied_board_has_the_name_of_its_folder_or_lies_elsewhere(tmp_path: Path) -> None:
    original = project.bundle() / "boards" / "xor_opamp"
    for folder in (tmp_path / "boards" / "mine", tmp_path / "anywhere"):
        folder.mkdir(parents=True)
        for name in ("board.py", "network.json"):
            (folder / name).write_bytes((original / name).read_bytes())
    with pytest.raises(InputError, match=r"name is xor_opamp, its folder is mine; make them the"):
        load_board(str(tmp_path / "boards" / "mine"))
    assert load_board(str(tmp_path / "anywhere")).name == "xor_opamp"
