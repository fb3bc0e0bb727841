"""The bill of materials against the circuit, JLCPCB's rules and KiCad's own."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from realnet_hw.export import bom, kicad_jobs
from realnet_hw.export.netlist import Netlist


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_every_bought_part_is_listed_once_with_its_number(xor: Any) -> None:
    listed: dict[str, dict[str, str]] = {}
    for row in rows(bom.bom_text(xor.netlist)):
        references = row["Reference"].split()
        assert int(row["Qty"]) == len(references)
        for reference in references:
            assert reference not in listed
            listed[reference] = row
    bought = {ref for ref, part in xor.netlist.parts.items() if "MPN" in part.fields}
    assert set(listed) == bought
    assert not any(reference.startswith("TP") for reference in listed)
    for reference, row in listed.items():
        part = xor.netlist.parts[reference]
        assert (row["Value"], row["MPN"]) == (part.value, part.fields["MPN"])
        assert row["Footprint"] == part.footprint
        assert all(row[column] for column in ("Description", "Manufacturer", "Datasheet"))


def test_lines_differ(xor: Any) -> None:
    listed = rows(bom.bom_text(xor.netlist))
    assert len({(row["MPN"], row["Value"]) for row in listed}) == len(listed)


def test_jlcpcb_form(xor: Any) -> None:
    text = bom.jlcpcb_text(xor.netlist)
    assert text.splitlines()[0] == "Comment,Designator,Footprint,LCSC"
    designators = [each for row in rows(text) for each in row["Designator"].split(",")]
    assert sorted(designators) == sorted(bom.entries(xor.netlist))


def test_jlcpcb_takes_at_most_200_designators_a_line(xor: Any) -> None:
    resistor = xor.netlist.parts["R2"]
    many = {f"R{number}": replace(resistor, reference=f"R{number}") for number in range(1, 452)}
    counts = [len(row["Designator"].split(",")) for row in rows(bom.jlcpcb_text(Netlist(many)))]
    assert counts == [200, 200, 51]
    assert rows(bom.bom_text(Netlist(many)))[0]["Qty"] == "451"


def test_order_code_is_taken_from_the_field(xor: Any) -> None:
    part = xor.netlist.parts["U1"]
    coded = replace(part, fields={**part.fields, "LCSC": "C1234"})
    assert rows(bom.jlcpcb_text(Netlist({"U1": coded})))[0]["LCSC"] == "C1234"


def test_agrees_with_kicads_bom(xor: Any, written: Callable[[str], Path]) -> None:
    exported = kicad_jobs.schematic_exports(written(xor.text), ["Reference", *bom.COLUMNS]).bom
    assert bom.differences(xor.netlist, exported) == []


def test_differences_to_kicads_bom_are_named(xor: Any, written: Callable[[str], Path]) -> None:
    exported = kicad_jobs.schematic_exports(written(xor.text), ["Reference", *bom.COLUMNS]).bom
    part = xor.netlist.parts["R5"]
    other = Netlist({**xor.netlist.parts, "R5": replace(part, value="1M")})
    assert bom.differences(other, exported) == [f"R5 value: '1M', in KiCad's BOM {part.value!r}"]
    fewer = Netlist({ref: each for ref, each in xor.netlist.parts.items() if ref != "R5"})
    assert bom.differences(fewer, exported) == ["R5 is in KiCad's BOM alone"]
    more = Netlist({**xor.netlist.parts, "R99": replace(part, reference="R99")})
    assert bom.differences(more, exported) == ["R99 is missing in KiCad's BOM"]
