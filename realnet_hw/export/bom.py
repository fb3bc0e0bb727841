"""The bill of materials: our own file, JLCPCB's form, distributors', and a comparison with KiCad's.

It is made from the netlist and the parts catalogue, so that a BOM needs no KiCad.

Ref: JLCPCB, "Bill of Materials for PCB Assembly" (columns Comment, Designator, Footprint, LCSC).
Mouser and Digi-Key let their users say which column is which.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields

from realnet_hw.board import reference_order
from realnet_hw.drawing import sexpr, symbols
from realnet_hw.export.netlist import Netlist, NetlistPart
from realnet_hw.parts.catalogue import Seen, part_type
from realnet_hw.records import UsedPart

_MOST_DESIGNATORS = 200
_SEEN: Mapping[Seen, str] = {"maker": "maker", "shop": "shop", "": "no"}


@dataclass(frozen=True)
class BomEntry:
    """What is bought for one reference."""

    value: str
    description: str
    manufacturer: str
    mpn: str
    tolerance: str
    footprint: str
    datasheet: str


COLUMNS = {
    "Value": "value",
    "Description": "description",
    "Manufacturer": "manufacturer",
    "MPN": "mpn",
    "Tolerance": "tolerance",
    "Footprint": "footprint",
    "Datasheet": "datasheet",
}
"""Column of the file, which is also KiCad's field, to attribute of an entry."""


def entries(netlist: Netlist) -> dict[str, BomEntry]:
    """Return what is bought, by reference in the netlist's order; test points are not bought."""
    return {reference: _entry(part) for reference, part in netlist.parts.items() if is_bought(part)}


def is_bought(part: NetlistPart) -> bool:
    """Return whether a part stands in the bill of materials, even if without a part number.

    A part of the catalogue says so itself; of any other one KiCad's symbol does.
    """
    if key := part.fields.get("Catalogue", ""):
        return part_type(key).is_bought
    symbol = symbols.load(part.symbol)
    return sexpr.word(symbol.node, "in_bom", "yes") == "yes" and len(symbol.pin_numbers()) > 1


def _entry(part: NetlistPart) -> BomEntry:
    return BomEntry(
        value=part.value,
        description=description(part),
        manufacturer=part.fields.get("Manufacturer", ""),
        mpn=part.fields.get("MPN", ""),
        tolerance=part.fields.get("Tolerance", ""),
        footprint=part.footprint,
        datasheet=datasheet(part),
    )


def description(part: NetlistPart) -> str:
    """Return what a part is, in words; says so where its value is none that is made."""
    if not (key := part.fields.get("Catalogue", "")):
        return part.fields.get("Description", "")
    kind = part_type(key)
    if kind.is_made(part.value):
        return kind.description
    return f"{kind.description}; no value of {kind.series}: make it of two"


def datasheet(part: NetlistPart) -> str:
    """Return the address of a part's datasheet, empty if none is known."""
    key = part.fields.get("Catalogue", "")
    return part_type(key).datasheet if key else part.fields.get("Datasheet", "")


def _grouped(bought: Mapping[str, BomEntry]) -> dict[BomEntry, list[str]]:
    groups: dict[BomEntry, list[str]] = {}
    for reference, entry in bought.items():
        groups.setdefault(entry, []).append(reference)
    return groups


def used_parts(netlist: Netlist) -> list[UsedPart]:
    """Return a record's list of parts: a line for each different one, as in ``bom.csv``."""
    return [
        UsedPart(
            references=references,
            value=entry.value,
            description=entry.description,
            tolerance=entry.tolerance,
            mpn=entry.mpn,
        )
        for entry, references in _grouped(entries(netlist)).items()
    ]


def bom_text(netlist: Netlist) -> str:
    """Return ``bom.csv``: one line for each different part, with all its references."""
    rows = [
        [
            " ".join(references),
            len(references),
            *(getattr(entry, a) for a in COLUMNS.values()),
            _SEEN[_seen(netlist.parts[references[0]])] if entry.mpn else "",
        ]
        for entry, references in _grouped(entries(netlist)).items()
    ]
    return _csv(["Reference", "Qty", *COLUMNS, "MPN seen"], rows)


def jlcpcb_text(netlist: Netlist) -> str:
    """Return ``bom_jlcpcb.csv``; a line carries at most 200 designators."""
    rows = []
    for entry, references in _grouped(entries(netlist)).items():
        order_code = netlist.parts[references[0]].fields.get("LCSC", "")
        footprint = entry.footprint.partition(":")[2]
        for start in range(0, len(references), _MOST_DESIGNATORS):
            some = ",".join(references[start : start + _MOST_DESIGNATORS])
            rows.append([entry.value, some, footprint, order_code])
    return _csv(["Comment", "Designator", "Footprint", "LCSC"], rows)


def order_text(netlist: Netlist) -> str:
    """Return ``bom_order.csv``, for the upload pages of distributors: what has a part number."""
    rows = [
        [entry.mpn, entry.manufacturer, len(references), " ".join(ranges(references))]
        for entry, references in _grouped(entries(netlist)).items()
        if entry.mpn
    ]
    return _csv(["MPN", "Manufacturer", "Quantity", "Customer Reference"], rows)


def without_number(netlist: Netlist) -> list[str]:
    """Return the references of what is bought but has no manufacturer's part number."""
    return [reference for reference, entry in entries(netlist).items() if not entry.mpn]


def unseen(netlist: Netlist) -> list[str]:
    """Return the part numbers that were found neither at their maker nor at a shop."""
    return [
        entry.mpn
        for entry, references in _grouped(entries(netlist)).items()
        if entry.mpn and not _seen(netlist.parts[references[0]])
    ]


def _seen(part: NetlistPart) -> Seen:
    key = part.fields.get("Catalogue", "")
    return part_type(key).seen if key else ""


def ranges(references: Sequence[str]) -> list[str]:
    """Write runs of three and more references as ranges: R1-R4."""
    runs: list[list[tuple[str, int]]] = []
    for reference in references:
        prefix, number, _ = reference_order(reference)
        if runs and runs[-1][-1] == (prefix, number - 1):
            runs[-1].append((prefix, number))
        else:
            runs.append([(prefix, number)])
    found = []
    for run in runs:
        names = [f"{prefix}{number}" for prefix, number in run]
        found += [f"{names[0]}-{names[-1]}"] if len(names) > 2 else names
    return found


def _csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return target.getvalue()


def differences(netlist: Netlist, kicad_bom: str) -> list[str]:
    """Return in words how the bill of materials differs from KiCad's.

    Args:
        netlist: of the SKiDL circuit.
        kicad_bom: what :func:`realnet_hw.export.kicad_cli.bom` returned for "Reference" and
            :data:`COLUMNS`.
    """
    mine = entries(netlist)
    theirs = {
        row["Reference"]: BomEntry(**{name: row[column] for column, name in COLUMNS.items()})
        for row in csv.DictReader(io.StringIO(kicad_bom))
    }
    found = [f"{reference} is missing in KiCad's BOM" for reference in mine.keys() - theirs.keys()]
    found += [f"{reference} is in KiCad's BOM alone" for reference in theirs.keys() - mine.keys()]
    for reference in mine.keys() & theirs.keys():
        for field in fields(BomEntry):
            ours, kicads = (getattr(each[reference], field.name) for each in (mine, theirs))
            if ours != kicads:
                found.append(f"{reference} {field.name}: {ours!r}, in KiCad's BOM {kicads!r}")
    return sorted(found)
