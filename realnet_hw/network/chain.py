"""Linear layers from named tensors, as a state_dict holds them, in the order they are run in.

A state_dict says neither which module follows which, nor what is between them. The order is found
from the names' numbers and from the shapes, or refused; ReLU between the layers and a linear last
one are assumed, and said so.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from realnet_hw.errors import InputError
from realnet_hw.network.naming import named
from realnet_hw.network.network import MOST_LAYERS, Layer, Network, refuse_too_many

_WEIGHTS_ALONE = "the file holds weights alone"
ASSUMED = {
    "one": f"no activation after the layer: {_WEIGHTS_ALONE}",
    "several": f"ReLU between the layers and none after the last: {_WEIGHTS_ALONE}",
}
"""What is taken of the activations, of one layer and of several."""

_INSTEAD = "export the model, in eval(), with torch.onnx.export: ONNX says what follows what"
# Steps of the search for an order; real files take one or two for each layer.
_PATIENCE = 2_000


@dataclass(frozen=True, eq=False)
class _Linear:
    name: str
    weight: npt.NDArray[np.float64]
    bias: npt.NDArray[np.float64]

    @property
    def fan_in(self) -> int:
        return int(self.weight.shape[1])

    @property
    def fan_out(self) -> int:
        return int(self.weight.shape[0])

    @property
    def kind(self) -> str:
        """Its name without numbers: layers of one kind are run in the order of their numbers."""
        return re.sub(r"[0-9]+", "#", self.name)


def network_of(tensors: Mapping[str, Any], where: str, trained: dict[str, Any]) -> Network:
    """Return the network of a chain of linear layers.

    Args:
        tensors: arrays by name: ``<layer>.weight`` (out x in) and ``<layer>.bias`` (out), the
            latter 0 where missing.
        where: the file, for messages.
        trained: what is known about it.

    Raises:
        InputError: other tensors among them, layers that do not chain, or chain in several ways.
    """
    refuse_too_many(sum(int(tensor.size) for tensor in tensors.values()), where)
    order = _in_order(_linears(tensors, where), where)
    layers = [
        Layer(
            weight=tuple(map(tuple, linear.weight.tolist())),
            bias=tuple(linear.bias.tolist()),
            activation="linear" if linear is order[-1] else "relu",
        )
        for linear in order
    ]
    assumed = ASSUMED["several" if len(layers) > 1 else "one"]
    return named(layers, order[0].fan_in, {**trained, "assumed": assumed})


def _linears(tensors: Mapping[str, Any], where: str) -> list[_Linear]:
    """Pair weights with biases; refuse, by its name, whatever else there is."""
    found = []
    for key in sorted(tensors, key=_natural):
        name, _, last = key.rpartition(".")
        prefix = key.removesuffix(last)
        shape = tensors[key].shape
        beside = {other.removeprefix(prefix) for other in tensors if other.startswith(prefix)}
        what = _other_module(key, last, shape, beside)
        if what:
            raise InputError(
                f"{key[:60]!r} of shape {'x'.join(map(str, shape)) or '1'} is {what}",
                where=where,
                allowed="linear layers: <layer>.weight (out x in), <layer>.bias (out)",
                mend=_INSTEAD if "batch" in what else "",
            )
        if last == "bias":
            continue
        bias = tensors.get(f"{prefix}bias", np.zeros(shape[0]))
        if bias.shape != shape[:1]:
            raise InputError(
                f"{prefix[:60]}bias has {bias.size} numbers",
                where=where,
                allowed=f"{shape[0]}, as many as its layer's weight has rows",
            )
        weight = np.asarray(tensors[key], np.float64)
        found.append(_Linear(name, weight, np.asarray(bias, np.float64)))
    if not 1 <= len(found) <= MOST_LAYERS:
        raise InputError(
            f"{len(found)} linear layers in it",
            where=where,
            allowed=f"1 to {MOST_LAYERS}, named <layer>.weight (out x in) and <layer>.bias",
        )
    return found


def _other_module(key: str, last: str, shape: Sequence[int], beside: set[str]) -> str:
    """Say what module a tensor belongs to if it is not a linear one's; "" if it is.

    Ref: PyTorch's names of parameters and buffers, torch/nn/modules.
    """
    dimensions = len(shape)
    if beside & {"running_mean", "running_var", "num_batches_tracked"}:
        return "of a batch normalisation: does it come before or after ReLU?"
    if re.match(r"(weight|bias)_(ih|hh|hr)_l[0-9]", last):
        return "of a recurrent layer (LSTM, GRU or RNN)"
    if last.startswith("in_proj_"):
        return "of an attention layer"
    if last in ("weight_g", "weight_v") or re.search(r"(^|\.)parametrizations\.", key):
        return "of a parametrised layer: fold it with torch.nn.utils first"
    if "embed" in key.lower():
        return "of an embedding"
    if last == "weight" and 3 <= dimensions <= 5:
        return f"of a convolution ({dimensions - 2}-D)"
    if last == "weight" and dimensions == 1:
        return "of a normalisation (LayerNorm), or of PReLU"
    if last == "bias" and dimensions == 1 and "weight" in beside:
        return ""
    if last == "weight" and dimensions == 2:
        return "" if min(shape) else "empty"
    return "a lone bias" if last == "bias" else "no weight or bias of a linear layer"


def _natural(name: str) -> list[tuple[int, str]]:
    """Sort key that puts "net.2" before "net.10"."""
    parts = re.split(r"([0-9]+)", name)
    return [(int(part[:18]), "") if part.isdecimal() else (0, part) for part in parts]


def _in_order(linears: Sequence[_Linear], where: str) -> list[_Linear]:
    """Return the only order in which each layer takes what the one before it gives.

    Layers whose names differ in numbers alone are run in the order of their numbers, if they can.
    """
    for numbered in (True, False):
        orders = list(itertools.islice(_orders(linears, numbered, where), 2))
        if len(orders) == 1:
            return orders[0]
        if orders:
            first, second = (_listed([linear.name for linear in order]) for order in orders)
            raise InputError(
                f"its layers chain as {first} and as {second}: which is meant, is not said",
                where=where,
                allowed="names with numbers in the order of the layers, such as layer1, layer2",
                mend=_INSTEAD,
            )
    shapes = [f"{linear.name} {linear.fan_in} to {linear.fan_out}" for linear in linears]
    raise InputError(
        f"its layers are no chain: {_listed(shapes)}",
        where=where,
        allowed="each layer takes what the one before it gives",
        mend=_INSTEAD,
    )


def _listed(words: Sequence[str]) -> str:
    return ", ".join(word[:40] for word in words[:6]) + (", ..." if len(words) > 6 else "")


def _orders(linears: Sequence[_Linear], numbered: bool, where: str) -> Iterator[list[_Linear]]:
    """Yield the orders in which layers chain.

    Args:
        linears: sorted by their names' numbers.
        numbered: keep layers of one kind in that order.
        where: the file, for messages.

    Raises:
        InputError: the search would take too long for its end to be worth waiting for.
    """
    unfinished: list[tuple[_Linear, ...]] = [()]
    for _ in range(_PATIENCE):
        if not unfinished:
            return
        done = unfinished.pop()
        if len(done) == len(linears):
            yield list(done)
            continue
        left = [linear for linear in linears if linear not in done]
        if numbered:
            left = list({linear.kind: linear for linear in reversed(left)}.values())
        fitting = [linear for linear in left if not done or linear.fan_in == done[-1].fan_out]
        unfinished.extend((*done, linear) for linear in fitting)
    raise InputError(
        f"no order found for its {len(linears)} layers",
        where=where,
        allowed="names with numbers in the order of the layers, such as layer1, layer2",
        mend=_INSTEAD,
    )
