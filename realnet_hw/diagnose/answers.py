"""What a dictionary's columns are called: a voltage, a current or a pulse's width, and when.

A board of pulses is read in two ways. After a firing the fixture reads its outputs and the widths
of its pulses. With its reset or its trigger held low by a piece of wire it is at rest, and a
multimeter can be put anywhere.
"""

from __future__ import annotations

from realnet_hw.board import Board
from realnet_hw.diagnose.readings import Probe
from realnet_hw.export.deck import Deck

MS = 1e3
"""Widths are kept in milliseconds, so that they are figures of the size of volts."""


def width(node: str) -> str:
    """Return the name of the width of a node's pulse, in milliseconds."""
    return f"width({node})"


def untimed(node: str) -> str:
    """Return the name of how probable it is that a node's pulse can't be timed as one."""
    return f"untimed({node})"


def held(answer: str, port: str) -> str:
    """Return the name of an answer while a port is held low."""
    return f"{answer}@{port}" if port else answer


def plain(answer: str) -> str:
    """Return an answer's name whatever is held: a node, ``i(source)`` or ``width(node)``."""
    return answer.partition("@")[0]


def answer_of(probe: Probe, deck: Deck) -> str:
    """Return the name of what a probe reads; ohms are no answer."""
    node = deck.nodes.get(probe.net, probe.net)
    if probe.kind == "second":
        return width(node)
    if probe.kind == "ampere":
        source = deck.supplies.get(probe.net)
        node = f"i({source.element})" if source else node
    return held(node, probe.held)


def flips_V(board: Board) -> dict[str, float]:
    """Return by net the level at which an output of a board that is fired flips."""
    if board.firing is None:
        return {}
    middle_V = (board.logic.threshold_low_V + board.logic.threshold_high_V) / 2
    return {port.net: middle_V for port in board.outputs}
