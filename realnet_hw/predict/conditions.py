"""Under what a board is simulated: its temperature and the volts of its rails.

At another temperature than 27 C junctions follow the simulator's laws, and parts are spread wider
by the drift that the catalogue has for them (resistors, offsets, references), see ``Spread.at``.
Nothing else changes: the amplifiers' bias current, bandwidth and slew rate, capacitors, and parts
that are not in the catalogue keep their figures. The record names the parts that have no drift.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from realnet_hw import records
from realnet_hw.board import Board
from realnet_hw.errors import InputError
from realnet_hw.export.deck import NOMINAL_C, Deck
from realnet_hw.export.netlist import Netlist
from realnet_hw.parts.catalogue import part_type

# What parts that are not in the catalogue are taken to stand: the usual industrial range.
_INDUSTRIAL_C = (-40.0, 85.0)
# Of a rail's nominal voltage: twelve tenths of 5 V and of 12 V are still what amplifiers made for
# these rails may have.
_LEAST_SHARE, _GREATEST_SHARE = 0.5, 1.2
_ASSIGNMENT = re.compile(r"(.+)=([+-]?[0-9]+(?:\.[0-9]*)?|[+-]?\.[0-9]+)(?: ?V)?")


def supplies_from(words: Sequence[str]) -> dict[str, float]:
    """Read ``"+5V=4.75"``: net to volts.

    Raises:
        InputError: anything else, or one rail twice.
    """
    found: dict[str, float] = {}
    for word in words:
        match = _ASSIGNMENT.fullmatch(word.strip())
        if match is None:
            raise InputError(f"{word!r} sets no supply", allowed="NET=VOLTS, such as +5V=4.75")
        net = match.group(1).strip()
        if net in found:
            raise InputError(f"{net} is set twice")
        found[net] = float(match.group(2))
    return found


def under(
    deck: Deck,
    netlist: Netlist,
    board: Board,
    *,
    temperature_C: float = NOMINAL_C,
    supplies_V: Mapping[str, float] | None = None,
) -> Deck:
    """Return a board's deck under other conditions.

    Args:
        deck: of the board as it is.
        netlist: with the parts, whose temperature range counts.
        board: with its supplies.
        temperature_C: of the whole board.
        supplies_V: nominal volts of the rails that are not as the board has them.

    Raises:
        InputError: a temperature that a part is not made for, a rail that the board does not have,
            or one below half or above 1.2 times its voltage.
    """
    _refuse_temperature(netlist, board, temperature_C)
    nominal_V = {supply.net: supply.volts for supply in board.supplies}
    for net, volts in (supplies_V or {}).items():
        if net not in nominal_V:
            known = ", ".join(nominal_V) or "none"
            raise InputError(f"no supply {net!r}", where=board.name, allowed=known)
        low, high = sorted(nominal_V[net] * share for share in (_LEAST_SHARE, _GREATEST_SHARE))
        if not low <= volts <= high:
            raise InputError(
                f"{volts:g} V on {net}", where=board.name, allowed=f"{low:g} to {high:g} V"
            )
        deck = deck.with_supply(net, volts)
    return deck if temperature_C == NOMINAL_C else deck.with_temperature(temperature_C)


def _refuse_temperature(netlist: Netlist, board: Board, temperature_C: float) -> None:
    """Raise InputError where a part is not made for a temperature."""
    ranges_C = {"the parts": _INDUSTRIAL_C}
    for part in netlist.parts.values():
        if key := part.fields.get("Catalogue", ""):
            ranges_C[f"{part.reference} ({part.value})"] = part_type(key).temperature_C
    unfit = [name for name, (low, high) in ranges_C.items() if not low <= temperature_C <= high]
    if unfit:
        low, high = (max(low for low, _ in ranges_C.values()),
                     min(high for _, high in ranges_C.values()))  # fmt: skip
        raise InputError(
            f"{temperature_C:g} C is beyond what {unfit[-1]} is made for",
            where=board.name,
            allowed=f"{low:g} to {high:g} C",
        )


def of(deck: Deck) -> records.Conditions:
    """Return the conditions that a deck is simulated under."""
    return records.Conditions(
        temperature_C=deck.temperature_C,
        supplies_V={net: source.volts for net, source in deck.supplies.items()},
        no_drift=[] if deck.temperature_C == NOMINAL_C else list(deck.no_drift),
    )
