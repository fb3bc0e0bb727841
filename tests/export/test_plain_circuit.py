"""What a user's own SKiDL becomes: completed where that is plain, refused in one line where not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from realnet_hw import project
from realnet_hw.board import Board, Port, Supply, load_board
from realnet_hw.errors import InputError
from realnet_hw.export import bom, netlist
from realnet_hw.export.deck import deck_from
from realnet_hw.predict.tolerances import draw
from tests.export.plain_circuits import FOOTPRINT, plain_board

SUPPLY = {"supplies": (Supply("+12V", 12.0, 0.05, 0.1),)}


def named(circuit: Any, *names: str) -> list[Any]:
    """Return nets by their names, made where they are missing."""
    from skidl import Net

    known = {net.name: net for net in circuit.nets}
    return [known.get(name) or Net(name) for name in names]


def resistor(circuit: Any, reference: str, *nets: str, **fields: Any) -> Any:
    from skidl import Part

    given = {"value": "1k", "Tolerance": "5 %", "footprint": FOOTPRINT, **fields}
    part = Part("Device", "R", ref=reference, **given)
    part[1, 2] += named(circuit, *nets)
    return part


def divider(circuit: Any) -> None:
    """Two resistors, and one at the supply."""
    resistor(circuit, "R1", "IN", "OUT", value="1k3")
    resistor(circuit, "R2", "OUT", "GND", Tolerance="0.1%")
    resistor(circuit, "R3", "+12V", "GND")


def refusal(describe: Callable[[Any], None]) -> str:
    board = plain_board("wrong", describe, **SUPPLY)
    with pytest.raises(InputError) as caught:
        deck_from(netlist.from_board(board), board)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_ordinary_parts_make_a_deck_with_spreads() -> None:
    board = plain_board("divider", divider, **SUPPLY)
    deck = deck_from(netlist.from_board(board), board)
    assert deck.element("r1") == "r1 in out 1300"
    spreads = {spread.reference: spread for spread in deck.spreads}
    assert (spreads["R1"].low, spreads["R1"].high) == pytest.approx((1235, 1365))
    assert (spreads["R2"].low, spreads["R2"].high) == pytest.approx((999, 1001))
    assert {spread.distribution for spread in deck.spreads} == {"uniform"}
    drawn = [one["r1"] for one in draw(deck.spreads, 400, 1)]
    assert 1235 <= min(drawn) < 1245
    assert 1355 < max(drawn) <= 1365


def with_catalogue_diode(**fields: Any) -> Callable[[Any], None]:
    """Return a divider with a diode that the catalogue knows by its symbol."""

    def describe(circuit: Any) -> None:
        from skidl import Part

        divider(circuit)
        diode = Part("Diode", "1N4148", ref="D1", **fields)
        diode["A", "K"] += named(circuit, "IN", "OUT")

    return describe


def test_a_part_of_the_catalogue_brings_its_model() -> None:
    board = plain_board("diode", with_catalogue_diode(), **SUPPLY)
    nets = netlist.from_board(board)
    assert nets.parts["D1"].fields["MPN"] == "1N4148"
    deck = deck_from(nets, board)
    assert deck.element("d1").endswith("d1n4148")
    assert "d1 area" in {spread.parameter for spread in deck.spreads}


def test_nets_without_a_name_get_one_that_says_where_they_are() -> None:
    def describe(circuit: Any) -> None:
        from skidl import Net, Part

        divider(circuit)
        amplifier = Part("Amplifier_Operational", "TL071", ref="U1", footprint=FOOTPRINT)
        amplifier.fields["Sim.Enable"] = "0"
        loop = Net()
        loop += amplifier[6], amplifier[2]
        amplifier[3, 4, 7] += named(circuit, "OUT", "GND", "+12V")
        between = Net()
        for reference in ("R4", "R5"):
            part = resistor(circuit, reference, "IN", "GND")
            part[2].disconnect()
            between += part[2]

    names = set(netlist.from_board(plain_board("unnamed", describe, **SUPPLY)).nets())
    assert {"U1_6_OUT", "R4_2"} <= names
    assert not any("$" in name for name in names)


def test_a_value_that_nobody_makes_has_no_part_number() -> None:
    nets = netlist.from_board(load_board("xor_realnet"))
    entries = bom.entries(nets)
    assert entries["R1"].mpn == "CFR-25JB-52-1K3"
    for reference in ("R2", "R7", "R13", "R14", "R15"):
        assert entries[reference].mpn == ""
        assert "no value of E24" in entries[reference].description
    # Everything that carries current is in it, whether it has a part number or not.
    assert {f"R{number}" for number in range(1, 20)} <= set(entries)


def test_plain_parts_are_in_the_bill_of_materials_as_they_are() -> None:
    def describe(circuit: Any) -> None:
        divider(circuit)
        resistor(circuit, "R4", "IN", "GND", MPN="MFR-25FRF52-1K", Description="Metal film")

    entries = bom.entries(netlist.from_board(plain_board("bought", describe, **SUPPLY)))
    assert (entries["R1"].mpn, entries["R1"].tolerance) == ("", "5 %")
    assert (entries["R4"].mpn, entries["R4"].description) == ("MFR-25FRF52-1K", "Metal film")


def test_two_parts_with_one_reference_are_refused() -> None:
    def describe(circuit: Any) -> None:
        divider(circuit)
        resistor(circuit, "R1", "IN", "GND")

    assert "two parts have the reference R1" in refusal(describe)


@pytest.mark.parametrize("reference", ["r7", "R_LOAD", "LOAD", "R0"])
def test_a_reference_that_names_no_part_is_refused(reference: str) -> None:
    def describe(circuit: Any) -> None:
        divider(circuit)
        resistor(circuit, reference, "IN", "GND")

    assert reference in refusal(describe)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"footprint": ""}, "no footprint"),
        ({"Tolerance": ""}, "no tolerance"),
        ({"Tolerance": "5"}, "'5' is no tolerance"),
        ({"Tolerance": "150 %"}, "'150 %' is no tolerance"),
        ({"value": "3,3k"}, "3,3k"),
        ({"value": ""}, "R4"),
    ],
)
def test_a_resistor_that_says_too_little_is_refused(fields: dict[str, str], message: str) -> None:
    def describe(circuit: Any) -> None:
        divider(circuit)
        resistor(circuit, "R4", "IN", "GND", **fields)

    found = refusal(describe)
    assert message in found
    assert "R4" in found


@pytest.mark.parametrize(
    ("sim", "message"),
    [
        ({"Enable": "0"}, "R4: Sim.Enable 0 leaves Device:R out of the prediction, not off the"),
        ({"Device": "R"}, "R4: no tolerance"),
        ({"Device": "R", "Pins": "1=+ 2=-"}, "R4: no tolerance"),
        ({"Device": "SUBCKT", "Library": "models/tl074.lib", "Name": "tl074"}, "R4"),
    ],
)
def test_no_field_of_the_simulator_switches_the_checks_off(
    sim: dict[str, str], message: str
) -> None:
    """The soldered board has such a resistor, with its spread."""

    def describe(circuit: Any) -> None:
        divider(circuit)
        part = resistor(circuit, "R4", "OUT", "GND", Tolerance="")
        for name, text in sim.items():
            part.fields[f"Sim.{name}"] = text

    assert message in refusal(describe)


def test_what_is_no_circuit_element_needs_no_model() -> None:
    def describe(circuit: Any) -> None:
        from skidl import Part

        divider(circuit)
        for library, symbol, reference in (
            ("Connector_Generic", "Conn_01x02", "J1"),
            ("Connector", "TestPoint", "TP1"),
            ("Connector_Audio", "AudioJack2", "J2"),
            ("Mechanical", "MountingHole_Pad", "H1"),
        ):
            part = Part(library, symbol, ref=reference, value="Sensor", footprint=FOOTPRINT)
            named(circuit, "OUT")[0].connect(part.pins[0])
        part.fields["Sim.Enable"] = "0"

    board = plain_board("holes", describe, **SUPPLY)
    deck = deck_from(netlist.from_board(board), board)
    assert [line.split()[0] for line in deck.elements] == ["r1", "r2", "r3", "v_p12v", "v_in"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"value": "BZX79-C5V1"}, "D1: value 'BZX79-C5V1' is not that of the catalogue's diode_1n"),
        ({"MPN": "BZX79-C5V1"}, "D1: MPN 'BZX79-C5V1' is not that of"),
        ({"Tolerance": "5 %"}, "D1: Tolerance '5 %' is not that of"),
        ({"Catalogue": "diode_1n5711"}, "D1: symbol 'Diode:1N4148' is not that of"),
        ({"Catalogue": "test_point"}, "D1: symbol 'Diode:1N4148' is not that of"),
    ],
)
def test_a_part_that_contradicts_its_entry_is_refused(fields: dict[str, str], message: str) -> None:
    """It would be bought as the one and simulated as the other."""
    assert message in refusal(with_catalogue_diode(**fields))


def test_a_part_of_the_catalogue_that_is_changed_afterwards_is_refused() -> None:
    def changed(name: str, text: str) -> Callable[[Any], None]:
        def describe(circuit: Any) -> None:
            from realnet_hw.parts.skidl_parts import catalogue_part

            divider(circuit)
            part = catalogue_part(circuit, "resistor_5pct", "R4", "1k3")
            part[1, 2] += named(circuit, "IN", "GND")
            if name == "value":
                part.value = text
            else:
                part.fields[name] = text

        return describe

    assert "R4: MPN 'CFR-25JB-52-1K3' is not that of" in refusal(changed("value", "2k"))
    assert "R4: Sim.Enable '0' is not that of" in refusal(changed("Sim.Enable", "0"))
    assert "R4: Tolerance '1 %' is not that of" in refusal(changed("Tolerance", "1 %"))


def with_diode(
    library: str = "models/1n4148.lib", model: str = "d1n4148", **fields: Any
) -> Callable[[Any], None]:
    """Return a divider with a diode that brings its own model."""

    def describe(circuit: Any) -> None:
        from skidl import Part

        divider(circuit)
        diode = Part("Device", "D", ref="D1", footprint=FOOTPRINT, **fields)
        sim = {"Device": "D", "Library": library, "Name": model, "Pins": "1=K 2=A"}
        for name, text in sim.items():
            diode.fields[f"Sim.{name}"] = text
        diode[1, 2] += named(circuit, "IN", "OUT")

    return describe


def test_a_tolerance_of_what_has_no_value_is_refused() -> None:
    found = refusal(with_diode(Tolerance="5 %"))
    assert "D1: what a tolerance of 5 % spreads is not known" in found


@pytest.mark.parametrize("library", ["../secret.lib", "/etc/passwd", "models/../x.lib", "x.lib"])
def test_a_model_library_elsewhere_is_refused(library: str) -> None:
    assert "is no model library" in refusal(with_diode(library))


def test_a_model_that_its_library_lacks_is_refused() -> None:
    assert "D1: no model 'd2n2222' in models/1n4148.lib" in refusal(with_diode(model="d2n2222"))
    assert "no model library 'models/mine.lib'" in refusal(with_diode("models/mine.lib"))


def test_a_users_own_models_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "boards").mkdir()
    folder = tmp_path / "sim" / "models"
    folder.mkdir(parents=True)
    (folder / "mine.lib").write_text(".model dmine d(is=1e-9)\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    board = plain_board("mine", with_diode("models/mine.lib", "dmine"), **SUPPLY)
    deck = deck_from(netlist.from_board(board), board)
    assert ".model dmine" in deck.text()


@pytest.mark.parametrize(
    ("library", "symbol", "message"),
    [
        ("Device", "D_Schottky", "no SPICE model for Device:D_Schottky"),
        ("Device", "NO_SUCH_PART", "KiCad has no symbol 'NO_SUCH_PART'"),
        ("No_Such_Library", "R", "No_Such_Library"),
        ("power", "+12V", "a drawing's symbol, not a part"),
    ],
)
def test_a_part_that_cant_be_used_is_named(library: str, symbol: str, message: str) -> None:
    def describe(circuit: Any) -> None:
        from skidl import Part

        divider(circuit)
        part = Part(library, symbol, footprint=FOOTPRINT)
        for pin, net in zip(part.pins, named(circuit, "IN", "OUT"), strict=False):
            net.connect(pin)

    assert message in refusal(describe)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("in", "nets IN and in would be one in SPICE"),
        ("GNDA", "nets GND and GNDA would be one in SPICE"),
        ("A NET", "can't be written"),
        ("A/B", "can't be written"),
    ],
)
def test_net_names_that_clash_or_cant_be_drawn_are_refused(name: str, message: str) -> None:
    def describe(circuit: Any) -> None:
        divider(circuit)
        resistor(circuit, "R4", "IN", name)
        resistor(circuit, "R5", "GND", name)

    assert message in refusal(describe)


def test_a_circuit_without_ground_or_parts_is_refused() -> None:
    assert "has no parts" in refusal(lambda _: None)
    assert "no net is called GND" in refusal(lambda c: resistor(c, "R1", "IN", "OUT"))


def test_a_pin_that_must_stay_open_is_refused_when_connected() -> None:
    def describe(circuit: Any) -> None:
        from skidl import Part

        divider(circuit)
        part = Part("Amplifier_Operational", "TL071", ref="U1", footprint=FOOTPRINT)
        named(circuit, "IN")[0].connect(part[8])

    assert "U1: pin 8 (NC) is not to be connected" in refusal(describe)


def test_two_sources_on_one_net_are_refused() -> None:
    board = plain_board("twice", divider, ports=(Port("IN", "+12V", "input"),), **SUPPLY)
    with pytest.raises(InputError, match="two sources on one net"):
        deck_from(netlist.from_board(board), board)


def test_elements_of_one_name_are_refused() -> None:
    """U1, a subcircuit, is XU1 in SPICE; so would be a part that is called XU1."""

    def describe(circuit: Any) -> None:
        from realnet_hw.parts.skidl_parts import catalogue_part

        divider(circuit)
        for reference in ("U1", "XU1"):
            catalogue_part(circuit, "lm4040_5v0", reference)[2, 3] += named(circuit, "IN", "GND")

    assert "would be xu1 in the deck" in refusal(describe)


BOARD = """
from skidl import Net, Part
from realnet_hw.board import Board, Logic, Port, Supply

def board():
    return Board(
        name="own", title="One of my own", technology="plain_skidl",
        ports=(Port("IN", "IN", "input"), Port("OUT", "OUT", "output")),
        supplies=(Supply("+12V", 12.0, 0.05, 0.1),), test_points=(), cases=(),
        logic=Logic(0.0, 5.0, 1.5, 3.5), plain_circuit=circuit,
    )

def circuit(circuit):
    source, out, gnd, rail = map(Net, ("IN", "OUT", "GND", "+12V"))
    for one, two in ((source, out), (out, gnd), (rail, gnd)):
        Part("Device", "R", value="1k", Tolerance="5 %", footprint="{footprint}")[1, 2] += one, two
    {more}
"""


def test_a_board_file_that_imports_skidl_leaves_no_trace(tmp_path: Path) -> None:
    """SKiDL writes logs where it is imported, and libraries where it looks for parts."""
    folder = tmp_path / "boards" / "own"
    folder.mkdir(parents=True)
    (folder / "board.py").write_text(BOARD.format(footprint=FOOTPRINT, more=""), "utf-8")
    before = sorted(path for path in tmp_path.rglob("*"))
    done = subprocess.run(
        [sys.executable, "-m", "realnet_hw", "list"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(project.bundle()), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "own" in done.stdout
    assert done.stderr == ""
    assert sorted(path for path in tmp_path.rglob("*")) == before


def test_an_error_in_a_users_function_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "board.py"
    path.write_text(BOARD.format(footprint=FOOTPRINT, more="gnd += undefined"), "utf-8")
    board: Board = load_board(str(path))
    line = 1 + path.read_text("utf-8").splitlines().index("    gnd += undefined")
    with pytest.raises(InputError, match=rf"board\.py:{line}: NameError"):
        board.circuit()
