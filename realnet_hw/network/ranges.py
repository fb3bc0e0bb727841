"""Networks trained on inputs of another range than 0 to 1, made to take logic units."""

from __future__ import annotations

import math
from dataclasses import dataclass

import msgspec

from realnet_hw.errors import InputError
from realnet_hw.network.network import Layer, Network


@dataclass(frozen=True)
class Range:
    """From which to which value a network's inputs go.

    Raises:
        InputError: it is not from a finite value to a greater one.
    """

    low: float = 0.0
    high: float = 1.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise InputError(
                f"inputs from {self.low:g} to {self.high:g}", allowed="LOW,HIGH with LOW below HIGH"
            )

    @property
    def span(self) -> float:
        """How far it reaches."""
        return self.high - self.low

    def to_logic(self, value: float) -> float:
        """Return a value of this range in logic units."""
        return (value - self.low) / self.span


def in_logic_units(network: Network, inputs: Range) -> Network:
    """Return a network that answers to logic units what this one answers to values of a range.

    The first layer takes it up: ``W (low + span u) + b = (span W) u + (b + W low)``.
    """
    first, *rest = network.layers
    taken = Layer(
        weight=tuple(tuple(inputs.span * w for w in row) for row in first.weight),
        bias=tuple(
            math.fsum((bias, *(inputs.low * w for w in row)))
            for row, bias in zip(first.weight, first.bias, strict=True)
        ),
        activation=first.activation,
    )
    trained = {**network.trained, "input_range": [inputs.low, inputs.high]}
    return msgspec.structs.replace(network, layers=(taken, *rest), trained=trained)
