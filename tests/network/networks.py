"""Random networks for the tests of every file format, and how they look in each."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st

from realnet_hw.network.network import Layer, Network

Arrays = list[tuple[np.ndarray, np.ndarray]]
"""Per layer its weight (out x in) and bias (out), float32 as they are stored."""


@st.composite
def layers(draw: Callable, *, most_wide: int = 12, most: int = 4) -> Arrays:
    """Layers of any widths, signs and biases, some of them 0."""
    widths = draw(st.lists(st.integers(1, most_wide), min_size=2, max_size=most + 1))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    made = []
    for fan_in, fan_out in itertools.pairwise(widths):
        weight = generator.normal(size=(fan_out, fan_in)).astype(np.float32)
        weight[generator.random(weight.shape) < 0.1] = 0.0
        made.append((weight, generator.normal(size=fan_out).astype(np.float32)))
    return made


def network_of(arrays: Arrays) -> Network:
    """The network that they are, with ReLU between the layers."""
    width, outputs = arrays[0][0].shape[1], arrays[-1][0].shape[0]
    return Network(
        format="realnet-network",
        version=1,
        inputs=tuple(f"X{i}" for i in range(1, width + 1)),
        outputs=("Y",) if outputs == 1 else tuple(f"Y{i}" for i in range(1, outputs + 1)),
        layers=tuple(
            Layer(
                tuple(map(tuple, weight.tolist())),
                tuple(bias.tolist()),
                "linear" if index == len(arrays) else "relu",
            )
            for index, (weight, bias) in enumerate(arrays, 1)
        ),
    )


def forward(arrays: Arrays, x: np.ndarray) -> np.ndarray:
    """What they answer, computed by numpy in float64."""
    for index, (weight, bias) in enumerate(arrays, 1):
        x = weight.astype(np.float64) @ x + bias
        x = x if index == len(arrays) else np.maximum(x, 0)
    return x


def state_dict(arrays: Arrays, names: Callable[[int], str] = "net.{}".format) -> dict:
    """Their tensors, named as in a Sequential of Linear and ReLU modules."""
    found = {}
    for index, (weight, bias) in enumerate(arrays):
        found[f"{names(2 * index)}.weight"] = weight
        found[f"{names(2 * index)}.bias"] = bias
    return found
