"""What is counted and added up is what is bought, and no price is taken for another part's."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from realnet_hw.export import bom, cost
from realnet_hw.export.assembly import assembled
from realnet_hw.export.netlist import Netlist
from realnet_hw.parts import catalogue
from realnet_hw.parts.catalogue import PartType, Price


@pytest.fixture
def unpriced(monkeypatch: pytest.MonkeyPatch) -> dict[str, PartType]:
    """Let no entry of the catalogue have a price."""
    known = {
        key: msgspec.structs.replace(part, price=None)
        for key, part in catalogue.catalogue().items()
    }
    monkeypatch.setattr(catalogue, "catalogue", lambda: known)
    return known


@pytest.fixture
def priced(unpriced: dict[str, PartType], monkeypatch: pytest.MonkeyPatch) -> None:
    """Make two entries of the catalogue have a price."""
    known = dict(unpriced)
    for key, usd, date in (("tl074", 0.75, "2026-03"), ("resistor", 0.02, "2025-11")):
        price = Price(usd=usd, quantity=10, date=date, source="a shop")
        known[key] = msgspec.structs.replace(known[key], price=price)
    monkeypatch.setattr(catalogue, "catalogue", lambda: known)


def test_counts_are_those_of_the_bill_of_materials(xor: Any) -> None:
    found = cost.summary(xor.netlist)
    rows = list(csv.DictReader(io.StringIO(bom.bom_text(xor.netlist))))
    assert found.lines == len(rows)
    assert found.count == sum(int(row["Qty"]) for row in rows)
    resistors = [row for row in rows if row["Reference"].startswith("R")]
    assert found.kinds["resistors"].lines == len(resistors)
    assert found.kinds["resistors"].count == sum(int(row["Qty"]) for row in resistors)


@pytest.mark.usefixtures("unpriced")
def test_without_a_price_there_is_no_estimate(xor: Any) -> None:
    assert cost.summary(xor.netlist).estimate is None
    assert "USD" not in cost.summary(xor.netlist).words()


@pytest.mark.usefixtures("priced")
def test_estimate_says_how_old_it_is_and_what_it_leaves_out(xor: Any) -> None:
    found = cost.summary(xor.netlist)
    assert found.estimate is not None
    assert found.estimate.usd == pytest.approx(0.75 + 14 * 0.02)
    assert found.estimate.oldest == "2025-11"
    assert found.estimate.parts == 1 + found.kinds["resistors"].count
    said = (
        f"prices are known for 15 of the {found.count} parts only: 1.03 USD for these, "
        "at prices of 2025-11 or later"
    )
    assert said in found.words()


def test_prices_and_numbers_say_where_they_are_from() -> None:
    """A price is of a part that can be bought, and so is what was seen."""
    for key, part in catalogue.catalogue().items():
        if part.price or part.seen:
            assert part.mpn, key
        if part.price:
            assert part.price.date <= "2026-12", key
            assert part.seen, key


def test_numbers_that_nobody_has_seen_are_told(xor: Any) -> None:
    found = cost.summary(xor.netlist)
    rows = list(csv.DictReader(io.StringIO(bom.bom_text(xor.netlist))))
    assert {row["MPN"] for row in rows if row["MPN seen"] == "no"} == set(found.unseen)
    assert {row["MPN seen"] for row in rows} <= {"maker", "shop", "no"}
    assert next(row for row in rows if row["Value"] == "TL074")["MPN seen"] == "maker"


@pytest.mark.usefixtures("priced")
def test_a_part_for_surface_mounting_never_has_the_price_of_the_other(xor: Any) -> None:
    assert cost.summary(assembled(xor.netlist, "smd")).estimate is None


def test_form_for_surface_mounting_takes_no_price_over() -> None:
    both = catalogue.part_type("resistor")
    price = Price(usd=0.02, quantity=10, date="2026-03", source="a shop")
    assert both.smd is not None
    dear: PartType = msgspec.structs.replace(both, price=price)
    assert catalogue._form(dear, both.smd).price is None


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("usd", 0.0), ("usd", -1.0), ("quantity", 0), ("date", "March 2026"), ("date", "2026-13")],
)
def test_a_price_without_its_circumstances_is_refused(name: str, wrong: object) -> None:
    told = {"usd": 0.02, "quantity": 10, "date": "2026-03", "source": "a shop", name: wrong}
    with pytest.raises(msgspec.ValidationError, match=name):
        msgspec.convert(told, Price)


def test_what_has_no_number_is_named_and_not_ordered(xor: Any) -> None:
    part = xor.netlist.parts["R5"]
    nameless = replace(part, fields={k: v for k, v in part.fields.items() if k != "MPN"})
    changed = Netlist({**xor.netlist.parts, "R5": nameless})
    assert bom.without_number(changed) == ["R5"]
    assert cost.summary(changed).without_number == ("R5",)
    ordered = list(csv.DictReader(io.StringIO(bom.order_text(changed))))
    counted = sum(int(row["Quantity"]) for row in ordered)
    assert counted == cost.summary(changed).count - 1
    assert all(row["MPN"] and row["Manufacturer"] for row in ordered)


@pytest.mark.parametrize(
    ("references", "expected"),
    [
        (["R1", "R2", "R3", "R4"], "R1-R4"),
        (["R1", "R2", "R9"], "R1 R2 R9"),
        (["C9", "C10", "C11", "U1"], "C9-C11 U1"),
        (["U1"], "U1"),
    ],
)
def test_ranges(references: list[str], expected: str) -> None:
    assert " ".join(bom.ranges(references)) == expected
