"""Networks for the tests of technologies."""

from __future__ import annotations

import itertools
import math
import random

from realnet_hw.network.network import Layer, Network


def network_of(*layers: Layer, inputs: tuple[str, ...] = (), outputs: tuple[str, ...] = ()):
    inputs = inputs or tuple(f"X{i + 1}" for i in range(len(layers[0].weight[0])))
    outputs = outputs or tuple(f"Y{i + 1}" for i in range(layers[-1].width))
    return Network("realnet-network", 1, inputs, outputs, layers)


def linear(weight: float, bias: float = 0.0, count: int = 1) -> Network:
    return network_of(Layer(((weight,) * count,), (bias,), "linear"))


def exclusive_or(inputs: tuple[str, ...] = (), outputs: tuple[str, ...] = ()) -> Network:
    """The textbook's XOR (Goodfellow, Bengio, Courville, section 6.1)."""
    return network_of(
        Layer(((1.0, 1.0), (1.0, 1.0)), (0.0, -1.0), "relu"),
        Layer(((1.0, -2.0),), (0.0,), "linear"),
        inputs=inputs,
        outputs=outputs,
    )


def random_network(seed: int) -> Network:
    """Weights and widths at random, of the size that trained networks have."""
    rng = random.Random(seed)
    widths = [rng.randint(1, 5) for _ in range(rng.randint(2, 4))]
    layers = []
    for depth, (a, b) in enumerate(itertools.pairwise(widths)):
        last = depth == len(widths) - 2
        scale = 0.5 / a if last else 1.5 / math.sqrt(a)
        layers.append(
            Layer(
                tuple(tuple(rng.gauss(0, scale) for _ in range(a)) for _ in range(b)),
                tuple(rng.gauss(0, 0.3) for _ in range(b)),
                "linear" if last else "relu",
            )
        )
    return network_of(*layers)
