"""Where one touches a net, for somebody with a probe in the hand and the board before him."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from realnet_hw.board import Board, reference_order
from realnet_hw.diagnose.board_pads import board_pads, board_tree
from realnet_hw.export.netlist import Netlist

_MOST = 2
Leg = tuple[str, str]
"""Reference and pin."""


class Places:
    """Where the nets of a board are touched.

    Args:
        board: with its terminals and test points.
        netlist: of it.
        legs: where legs are: "the left leg of R5", as far as it is known how the board was built.
    """

    def __init__(self, board: Board, netlist: Netlist, legs: Mapping[Leg, str] = {}) -> None:
        self._board, self._netlist, self._legs = board, netlist, legs

    def of(self, net: str) -> str:
        """Return where one touches a net: a terminal or test point, else legs of parts."""
        named = {point.net: ("test point", point.name) for point in self._board.test_points}
        named |= {port.net: (f"{port.role} terminal", port.name) for port in self._board.ports}
        if net in named:
            kind, name = named[net]
            return kind if name == net else f"{kind} {name}"
        legs = sorted(
            (reference[0] not in "RDC", reference_order(reference), reference, pin)
            for reference, pin in self._netlist.nets().get(net, ())
            if reference[0] in "RDCUQ"
        )
        shown = [self._leg(reference, pin) for _, _, reference, pin in legs]
        return " or ".join(shown[:_MOST]) or "a wire of it"

    def between(self, net: str, other: str) -> str:
        """Return where ohms between two nets are read: across a resistor where one joins them."""
        ends = {net, other}
        across = [
            reference
            for reference, part in self._netlist.parts.items()
            if reference[0] == "R" and len(part.pins) == 2 and set(part.pins.values()) == ends
        ]
        if across:
            return f"across {' and '.join(sorted(across, key=reference_order))}"
        return f"{self.of(net)} to {self.of(other)}"

    def _leg(self, reference: str, pin: str) -> str:
        if known := self._legs.get((reference, pin)):
            return known
        part = self._netlist.parts[reference]
        if reference[0] == "D":
            band = part.fields.get("Sim.Pins", "1=K").find(f"{pin}=K") >= 0
            return f"the end of {reference} {'with' if band else 'without'} the band"
        if len(part.pins) > 2:
            return f"pin {pin} of {reference}"
        other = next((net for number, net in part.pins.items() if number != pin), "")
        return f"the leg of {reference} that does not go to {other}"


def legs_on_board(board_file: Path) -> dict[Leg, str]:
    """Return which leg of each part with two is which, seen from above, its name upright.

    Args:
        board_file: a ``.kicad_pcb`` file.

    Raises:
        InputError: it can't be read.
    """
    found: dict[Leg, str] = {}
    for reference, pads in board_pads(board_tree(board_file)):
        if len(pads) != 2 or reference[0] not in "RCD":
            continue
        for pad, other in (pads, pads[::-1]):
            dx, dy = pad.at.x - other.at.x, pad.at.y - other.at.y
            across = abs(dx) >= abs(dy)
            side = ("right" if dx > 0 else "left") if across else ("lower" if dy > 0 else "upper")
            found[reference, pad.number] = f"the {side} leg of {reference}"
    return found


def legs_on_breadboard(board: Board, netlist: Netlist) -> dict[Leg, str]:
    """Return in which hole of the breadboard guide each leg is.

    Raises:
        CircuitRefused: the circuit fits no breadboards.
    """
    from realnet_hw.export.breadboard.guide import breadboard_guide

    return {
        (part.reference, pin): f"the leg of {part.reference} in {hole}"
        for part in breadboard_guide(board, netlist).layout.parts
        for pin, hole in part.holes.items()
    }
