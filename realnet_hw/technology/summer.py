"""What limits and margins must know of a summer."""

from __future__ import annotations

from dataclasses import dataclass

from realnet_hw.cells.neuron import Neuron


@dataclass(frozen=True)
class Summer:
    """A neuron's cell with the greatest magnitude that its output reaches."""

    cell: Neuron
    peak_V: float
