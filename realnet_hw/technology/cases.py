"""The truth table that a board compiled from a network should show."""

from __future__ import annotations

import itertools

from realnet_hw.board import Case, Logic
from realnet_hw.errors import CircuitRefused
from realnet_hw.network.network import Network

_MOST_INPUTS = 8


def truth_table(network: Network, logic: Logic) -> tuple[Case, ...]:
    """Return every binary input combination with the levels that the ideal network answers.

    An answer above half a logic level counts as 1.

    Raises:
        CircuitRefused: more inputs than can be enumerated.
    """
    count = len(network.inputs)
    if count > _MOST_INPUTS:
        raise CircuitRefused(
            f"{count} inputs make {2**count} cases", allowed=f"up to {_MOST_INPUTS} inputs"
        )
    cases = []
    for bits in itertools.product((0, 1), repeat=count):
        answers = network.forward([float(bit) for bit in bits])
        cases.append(
            Case(
                inputs={
                    name: logic.high_V if bit else logic.low_V
                    for name, bit in zip(network.inputs, bits, strict=True)
                },
                expected={
                    name: int(answer > 0.5)
                    for name, answer in zip(network.outputs, answers, strict=True)
                },
            )
        )
    return tuple(cases)
