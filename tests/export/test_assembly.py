"""Surface-mounted parts in place of the others: the same circuit, other packages."""

from __future__ import annotations

import pytest

from realnet_hw.board import load_board
from realnet_hw.drawing import symbols
from realnet_hw.export import lvs, netlist
from realnet_hw.export.assembly import assembled
from realnet_hw.export.pcb.footprints import footprint
from realnet_hw.parts.catalogue import catalogue, part_type, smd_key

pytestmark = pytest.mark.usefixtures("kicad")

FORMS = sorted(key for key in catalogue() if smd_key(key))


def test_what_no_form_for_surface_mounting_is_known_of() -> None:
    """Connectors, jumpers, test points, relays, resistor networks, the controller's module."""
    left = {part_type(key).prefix for key in catalogue() if not key.endswith("_smd")} - {
        part_type(key).prefix for key in FORMS
    }
    assert left == {"J", "JP", "TP", "K", "RN", "A"}


@pytest.mark.parametrize("key", FORMS)
def test_pins_keep_their_names_and_places_and_have_pads(key: str) -> None:
    """Pin 2 of a TO-92 may be pin 1 of a SOT-23: KiCad's own symbols say what each is."""
    own, other = part_type(key), part_type(smd_key(key))
    one, two = symbols.load(own.symbol), symbols.load(other.symbol)
    form = own.smd
    assert form is not None
    kind = footprint(other.footprint)
    assert {pad.layers for pad in kind.pads if pad.number} == {(0,)}
    twins = {pin.number: pin for unit in two.units() for pin in two.pins(unit)}
    for number in twins:
        assert kind.pad(number).number == number
    for pin in (pin for unit in one.units() for pin in one.pins(unit)):
        if pin.kind != "no_connect":
            twin = twins[form.pins.get(pin.number, pin.number)]
            assert (twin.name, twin.kind, twin.at) == (pin.name, pin.kind, pin.at), pin.number


@pytest.mark.parametrize(
    ("key", "value", "mpn"),
    [
        # KOA Speer, "Ordering information": significant digits, then the number of zeros.
        ("resistor_smd", "1k", "RK73H2ATTD1001F"),
        ("resistor_smd", "4k99", "RK73H2ATTD4991F"),
        ("resistor_smd", "976k", "RK73H2ATTD9763F"),
        ("resistor_smd", "49.9", "RK73H2ATTD49R9F"),
        ("resistor_smd", "1M", "RK73H2ATTD1004F"),
        ("resistor_5pct_smd", "10k", "RK73B2ATTD103J"),
        ("resistor_5pct_smd", "1.3k", "RK73B2ATTD132J"),
    ],
)
def test_part_numbers_of_resistors(key: str, value: str, mpn: str) -> None:
    assert part_type(key).part_number(value) == mpn


@pytest.mark.parametrize("name", ["xor_opamp", "xor_single_supply"])
def test_the_circuit_and_its_hash_stay(name: str) -> None:
    described = netlist.from_board(load_board(name))
    made = assembled(described, "smd")
    assert made.sha256() == described.sha256()
    assert {net: {ref for ref, _ in pins} for net, pins in made.nets().items()} == {
        net: {ref for ref, _ in pins} for net, pins in described.nets().items()
    }
    # It is told apart from the description all the same.
    assert lvs.differences(described, made, names=("tht", "smd"))
    for reference, part in made.parts.items():
        kind = part_type(part.fields["Catalogue"])
        assert part.footprint == kind.footprint, reference
        assert part.fields.get("MPN", "") == (kind.part_number(part.value) if kind.mpn else "")


def test_through_hole_is_the_description_itself() -> None:
    described = netlist.from_board(load_board("xor_opamp"))
    assert assembled(described, "tht") is described
