"""Layout versus schematic: every deliberate mistake is found and named."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from realnet_hw.export import kicad_jobs, lvs, netlist
from realnet_hw.export.netlist import Netlist

NAMES = ("SKiDL", "the schematic")


def changed(nets: Netlist, reference: str, **changes: object) -> Netlist:
    """Return a netlist with one part changed."""
    return Netlist({**nets.parts, reference: replace(nets.parts[reference], **changes)})  # type: ignore[arg-type]


def found(left: Netlist, right: Netlist) -> str:
    return "\n".join(lvs.differences(left, right, names=NAMES))


def test_equal_netlists_are_equal(xor: Any) -> None:
    assert lvs.differences(xor.netlist, xor.netlist, names=NAMES) == []


def test_swapped_pins_of_a_diode(xor: Any) -> None:
    pins = xor.netlist.parts["D1"].pins
    wrong = changed(xor.netlist, "D1", pins={"1": pins["2"], "2": pins["1"]})
    assert "D1.1" in found(xor.netlist, wrong)
    assert "D1.2" in found(xor.netlist, wrong)


def test_swapped_pins_of_a_resistor_are_found_too(xor: Any) -> None:
    pins = xor.netlist.parts["R2"].pins
    wrong = changed(xor.netlist, "R2", pins={"1": pins["2"], "2": pins["1"]})
    assert "R2.1" in found(xor.netlist, wrong)


def test_missing_connection(xor: Any) -> None:
    pins = dict(xor.netlist.parts["R2"].pins)
    del pins["1"]
    text = found(xor.netlist, changed(xor.netlist, "R2", pins=pins))
    assert "SKiDL alone has net X1" in text
    assert "R2.1" in text


def test_merged_nets(xor: Any) -> None:
    parts = {
        reference: replace(
            part, pins={pin: "X1" if net == "X2" else net for pin, net in part.pins.items()}
        )
        for reference, part in xor.netlist.parts.items()
    }
    text = found(xor.netlist, Netlist(parts))
    assert "the schematic alone has net X1" in text
    assert "(there: X1, X2)" in text


def test_renamed_net_is_named_and_a_leading_slash_is_none(xor: Any) -> None:
    def renamed(name: str) -> Netlist:
        parts = {
            reference: replace(
                part, pins={pin: name if net == "H1" else net for pin, net in part.pins.items()}
            )
            for reference, part in xor.netlist.parts.items()
        }
        return Netlist(parts)

    assert found(xor.netlist, renamed("/H1")) == ""
    assert "'H1' in SKiDL, 'other' in the schematic" in found(xor.netlist, renamed("other"))


@pytest.mark.parametrize("attribute", ["value", "footprint", "symbol"])
def test_wrong_attribute(xor: Any, attribute: str) -> None:
    text = found(xor.netlist, changed(xor.netlist, "R5", **{attribute: "Wrong:one"}))
    assert text.startswith(f"R5 {attribute}: ")
    assert "'Wrong:one' in the schematic" in text


def test_wrong_and_missing_fields(xor: Any) -> None:
    fields = {**xor.netlist.parts["D1"].fields, "Sim.Name": "other"}
    del fields["MPN"]
    text = found(xor.netlist, changed(xor.netlist, "D1", fields=fields))
    assert "D1 Sim.Name" in text
    assert "D1 MPN: '1N4148' in SKiDL, '' in the schematic" in text


def test_missing_and_additional_parts(xor: Any) -> None:
    fewer = Netlist({ref: part for ref, part in xor.netlist.parts.items() if ref != "R5"})
    assert "R5 is in SKiDL but not in the schematic" in found(xor.netlist, fewer)
    assert "R5 is in the schematic but not in SKiDL" in found(fewer, xor.netlist)


# The same on a drawn file, read back through kicad-cli.


def drawn(path: Path) -> Netlist:
    return netlist.from_kicad(kicad_jobs.schematic_exports(path).netlist)


def test_wire_taken_out_of_the_schematic(xor: Any, written: Callable[[str], Path]) -> None:
    wires = list(re.finditer(r"\n\t\(wire\n.*?\n\t\)", xor.text, re.DOTALL))
    assert len(wires) > 50
    middle = wires[len(wires) // 2]
    damaged = xor.text[: middle.start()] + xor.text[middle.end() :]
    assert found(xor.netlist, drawn(written(damaged))) != ""


def test_label_changed_in_the_schematic(xor: Any, written: Callable[[str], Path]) -> None:
    damaged = xor.text.replace('(label "X2"', '(label "X1"')
    assert "X1" in found(xor.netlist, drawn(written(damaged)))


def test_value_changed_in_the_schematic(xor: Any, written: Callable[[str], Path]) -> None:
    value = xor.netlist.parts["R5"].value
    damaged = xor.text.replace(f'"Value" "{value}"', '"Value" "1M"')
    assert f"R5 value: '{value}' in SKiDL, '1M' in the schematic" in found(
        xor.netlist, drawn(written(damaged))
    )
