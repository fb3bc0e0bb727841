"""Names of a network's inputs and outputs, where a file has none of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from realnet_hw.network.network import Layer, Network, is_name


def named(
    layers: Sequence[Layer],
    width: int,
    trained: dict[str, Any],
    *,
    input_name: str = "",
    output_name: str = "",
) -> Network:
    """Return a network of layers from a format that names tensors, not their elements.

    A tensor's name is taken where it has one element and the name is a legal one; elsewhere inputs
    are X1, X2, ... and outputs Y, or Y1, Y2, ...

    Args:
        layers: from the input to the output.
        width: how many inputs it has.
        trained: where the weights are from.
        input_name, output_name: what the file calls the two tensors.
    """
    outputs = layers[-1].width if layers else 0
    ins = tuple(f"X{i}" for i in range(1, width + 1))
    outs = ("Y",) if outputs == 1 else tuple(f"Y{i}" for i in range(1, outputs + 1))
    own_in = (input_name,) if width == 1 and is_name(input_name) else ins
    own_out = (output_name,) if outputs == 1 and is_name(output_name) else outs
    if len({name.lower() for name in (*own_in, *own_out)}) < len(own_in) + len(own_out):
        own_in, own_out = ins, outs
    return Network("realnet-network", 1, own_in, own_out, tuple(layers), trained)
