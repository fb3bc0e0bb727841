"""What hangs behind the fixture's terminals: the ``Plant`` protocol and its twins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Plant(Protocol):
    """A board, as the fixture sees it: volts in at its input ports, volts out at its nodes."""

    def set_inputs(self, volts: Mapping[str, float]) -> None:
        """Put voltages on the input ports that are named; the others stay at 0 V."""

    def advance(self, seconds: float, pins: Mapping[str, int]) -> None:
        """Let time pass with the fixture's digital lines (``line0`` to ``line15``) as given."""

    def read(self, node: str) -> float:
        """The voltage of a node, volts."""


class Cable:
    """No board: each node is the input port of the same name, through a wire."""

    def __init__(self) -> None:
        self._volts: dict[str, float] = {}

    def set_inputs(self, volts: Mapping[str, float]) -> None:
        """Put voltages on the wires."""
        self._volts = dict(volts)

    def advance(self, seconds: float, pins: Mapping[str, int]) -> None:
        """A wire has no memory."""

    def read(self, node: str) -> float:
        """The voltage at the other end of a wire; 0 V where there is none."""
        return self._volts.get(node, 0.0)
