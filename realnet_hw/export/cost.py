"""What a board takes: its parts counted by kind, and what they cost as far as prices are known.

Prices stand in the parts catalogue with the date at which they were looked up. None is guessed, so
an estimate always says for how many of the parts it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from realnet_hw.export import bom
from realnet_hw.export.netlist import Netlist
from realnet_hw.parts.catalogue import Price, part_type

_KINDS = {
    "R": ("resistor", "resistors"),
    "RV": ("trimmer", "trimmers"),
    "C": ("capacitor", "capacitors"),
    "L": ("inductor", "inductors"),
    "D": ("diode", "diodes"),
    "Q": ("transistor", "transistors"),
    "U": ("integrated circuit", "integrated circuits"),
    "J": ("connector", "connectors"),
}
_OTHER = ("other part", "other parts")


@dataclass(frozen=True)
class Kind:
    """Parts of one kind: how many, and how many different ones."""

    count: int
    lines: int


@dataclass(frozen=True)
class Estimate:
    """What parts cost by the catalogue's prices.

    Args:
        usd: of the parts whose price is known.
        parts: how many these are.
        oldest: date of the oldest price, "YYYY-MM".
    """

    usd: float
    parts: int
    oldest: str


@dataclass(frozen=True)
class Summary:
    """What is bought for a board.

    Args:
        count: of parts.
        lines: of the bill of materials, that is of different parts.
        kinds: by the kind's name, in the plural.
        estimate: None where no price is known.
        without_number: references of parts without a manufacturer's part number.
        unseen: part numbers that were found neither at their maker nor at a shop.
    """

    count: int
    lines: int
    kinds: Mapping[str, Kind]
    estimate: Estimate | None
    without_number: tuple[str, ...]
    unseen: tuple[str, ...]

    def content(self) -> dict[str, Any]:
        """Return it as it stands in the manifest."""
        estimate = self.estimate
        return {
            "count": self.count,
            "lines": self.lines,
            "kinds": {
                name: {"count": kind.count, "lines": kind.lines}
                for name, kind in self.kinds.items()
            },
            "estimate": estimate
            and {
                "usd": round(estimate.usd, 2),
                "parts": estimate.parts,
                "oldest_price": estimate.oldest,
            },
            "without_number": list(self.without_number),
            "unseen": list(self.unseen),
        }

    def words(self) -> str:
        """Return it in one line."""
        counted = [
            f"{kind.count} {_named(name, kind.count)}"
            + (f" ({kind.lines} different)" if kind.count > kind.lines > 1 else "")
            for name, kind in self.kinds.items()
        ]
        said = f"to buy: {self.count} parts, {self.lines} lines: {', '.join(counted)}"
        if self.estimate is None:
            return said
        return (
            f"{said}; prices are known for {self.estimate.parts} of the {self.count} parts only: "
            f"{self.estimate.usd:.2f} USD for these, at prices of {self.estimate.oldest} or later"
        )


def _named(plural: str, count: int) -> str:
    singular = {many: one for one, many in (*_KINDS.values(), _OTHER)}
    return singular[plural] if count == 1 else plural


def summary(netlist: Netlist) -> Summary:
    """Count what is bought for a board and add up what is known to cost."""
    lines = bom.used_parts(netlist)
    kinds: dict[str, Kind] = {}
    usd, dates, priced = 0.0, [], 0
    for line in lines:
        prefix = line.references[0].rstrip("0123456789")
        name = _KINDS.get(prefix, _OTHER)[1]
        count = len(line.references)
        before = kinds.get(name, Kind(0, 0))
        kinds[name] = Kind(before.count + count, before.lines + 1)
        price = _price(netlist, line.references[0])
        if price is not None:
            usd += count * price.usd
            priced += count
            dates.append(price.date)
    return Summary(
        count=sum(kind.count for kind in kinds.values()),
        lines=len(lines),
        kinds=dict(sorted(kinds.items(), key=lambda item: -item[1].count)),
        estimate=Estimate(usd, priced, min(dates)) if dates else None,
        without_number=tuple(bom.without_number(netlist)),
        unseen=tuple(bom.unseen(netlist)),
    )


def _price(netlist: Netlist, reference: str) -> Price | None:
    key = netlist.parts[reference].fields.get("Catalogue", "")
    return part_type(key).price if key else None
