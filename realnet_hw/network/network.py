"""A trained feed-forward network and its ideal forward pass."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from realnet_hw.errors import InputError

Activation = Literal["relu", "linear", "threshold"]
_GREATEST_WEIGHT = 1e9
MOST_LAYERS = 64
_MOST_WEIGHTS = 10_000
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,15}")


def is_name(text: str) -> bool:
    """Return whether an input or output may be called so: the name becomes that of a net."""
    return _NAME.fullmatch(text) is not None


def refuse_too_many(weights: int, where: str) -> None:
    """Refuse more weights than any board has resistors, before work is done on them.

    Raises:
        InputError: there are more.
    """
    if weights > _MOST_WEIGHTS:
        raise InputError(
            f"{weights} weights, each of which would be a resistor",
            where=where,
            allowed=f"up to {_MOST_WEIGHTS}",
            mend="train a smaller network",
        )


class Layer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One fully connected layer: ``activation(weight @ x + bias)``.

    Args:
        weight: out x in.
        bias: out.
        activation: relu ``max(0, z)``; linear ``z``; threshold 1 where ``z > 0``, else 0.
    """

    weight: tuple[tuple[float, ...], ...]
    bias: tuple[float, ...]
    activation: Activation

    @property
    def width(self) -> int:
        """How many neurons it has."""
        return len(self.bias)

    def forward(self, values: Sequence[float]) -> tuple[float, ...]:
        """Return its outputs for its inputs, both in logic units."""
        sums = (
            math.fsum((bias, *(w * x for w, x in zip(row, values, strict=True))))
            for row, bias in zip(self.weight, self.bias, strict=True)
        )
        match self.activation:
            case "relu":
                return tuple(max(0.0, z) for z in sums)
            case "threshold":
                return tuple(1.0 if z > 0 else 0.0 for z in sums)
            case "linear":
                return tuple(sums)


class Network(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A trained network; values are in logic units, 1 is logic high.

    Args:
        inputs, outputs: names, ``[A-Za-z][A-Za-z0-9_]*``, all different.
        layers: from the input to the output.
        trained: where the weights are from; free content.
    """

    format: Literal["realnet-network"]
    version: Literal[1]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    layers: tuple[Layer, ...]
    trained: dict[str, Any] = {}

    def check(self, where: str) -> None:
        """Raise InputError where shapes, names or numbers don't fit together."""
        names = (*self.inputs, *self.outputs)
        for name in names:
            if not is_name(name):
                raise InputError(
                    f"{name[:40]!r} is no name",
                    where=where,
                    allowed="a letter, then up to 15 letters, digits, _",
                )
        if len({name.lower() for name in names}) != len(names):
            raise InputError(
                "two inputs or outputs have the same name",
                where=where,
                allowed="all different, whatever their case",
            )
        if not self.inputs or not self.outputs or not 1 <= len(self.layers) <= MOST_LAYERS:
            raise InputError(
                f"{len(self.inputs)} inputs, {len(self.layers)} layers,"
                f" {len(self.outputs)} outputs",
                where=where,
                allowed=f"at least one input and output, 1 to {MOST_LAYERS} layers",
            )
        width = len(self.inputs)
        given = (len(row) for layer in self.layers for row in (layer.bias, *layer.weight))
        refuse_too_many(sum(given), where)
        for number, layer in enumerate(self.layers, 1):
            rows = {len(row) for row in layer.weight}
            if rows != {width} or len(layer.weight) != layer.width:
                raise InputError(
                    f"layer {number} has {len(layer.weight)} rows of {sorted(rows)[:3]} weights"
                    f" and {layer.width} biases",
                    where=where,
                    allowed=f"rows of {width} weights and as many biases as rows",
                )
            numbers = [*layer.bias, *(w for row in layer.weight for w in row)]
            if not all(abs(value) <= _GREATEST_WEIGHT for value in numbers):
                raise InputError(
                    f"layer {number} has a weight that is not finite, or that no training gives",
                    where=where,
                    allowed=f"up to {_GREATEST_WEIGHT:g}",
                    mend="train again with a smaller learning rate",
                )
            width = layer.width
        if width != len(self.outputs):
            raise InputError(
                f"the last layer is {width} wide but {len(self.outputs)} outputs are named",
                where=where,
                allowed="a name for each neuron of the last layer",
            )

    @property
    def shape(self) -> tuple[int, ...]:
        """The widths from input to output, such as (2, 2, 1)."""
        return (len(self.inputs), *(layer.width for layer in self.layers))

    def forward(self, values: Sequence[float]) -> tuple[float, ...]:
        """Return the ideal outputs for one input vector, in logic units."""
        for layer in self.layers:
            values = layer.forward(values)
        return tuple(values)

    def activations(self, values: Sequence[float]) -> list[tuple[float, ...]]:
        """Return every layer's outputs for one input vector, in logic units."""
        found = []
        for layer in self.layers:
            values = layer.forward(values)
            found.append(tuple(values))
        return found

    def sha256(self) -> str:
        """Return the hash of what it computes; where it was trained does not count."""
        content = msgspec.to_builtins(msgspec.structs.replace(self, trained={}))
        del content["trained"]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
