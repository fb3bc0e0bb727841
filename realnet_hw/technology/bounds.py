"""How far a network's signals can go: bounds that hold for every input, not only those tried."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from realnet_hw.network.network import Network

Reach = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]
"""The least and the greatest value of every neuron of a layer, before its activation."""


def over_box(network: Network) -> list[Reach]:
    """Return by layer how far every neuron's sum can go while all inputs are from 0 to 1.

    Exact in the first layer. Behind it, every ReLU that may be on or off is enclosed by two
    straight lines and the enclosure followed back to the inputs, which is never less than the truth
    and mostly much nearer to it than interval arithmetic; the nearer of both is taken.

    Args:
        network: relu in hidden layers.

    Ref: H. Zhang et al., "Efficient Neural Network Robustness Certification with General Activation
    Functions", NeurIPS 2018 (arXiv 1811.00866).
    """
    weights = [np.array(layer.weight, dtype=float) for layer in network.layers]
    biases = [np.array(layer.bias, dtype=float) for layer in network.layers]
    found: list[Reach] = []
    below, above = np.zeros(len(network.inputs)), np.ones(len(network.inputs))
    for depth, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        high = _greatest(weights[: depth + 1], biases[: depth + 1], found)
        low = -_greatest([*weights[:depth], -weight], [*biases[:depth], -bias], found)
        up, down = np.maximum(weight, 0.0), np.minimum(weight, 0.0)
        found.append(
            (
                np.maximum(low, up @ below + down @ above + bias),
                np.minimum(high, up @ above + down @ below + bias),
            )
        )
        below, above = (np.maximum(reach, 0.0) for reach in found[-1])
    return found


def _greatest(
    weights: list[npt.NDArray[np.float64]],
    biases: list[npt.NDArray[np.float64]],
    below: list[Reach],
) -> npt.NDArray[np.float64]:
    """Return an upper bound of the last layer's sums from the bounds of those below it."""
    slope, offset = weights[-1], biases[-1]
    for (low, high), weight, bias in reversed(
        list(zip(below, weights[:-1], biases[:-1], strict=True))
    ):
        on, unsure = low >= 0, (low < 0) & (high > 0)
        width = np.where(unsure, high - low, 1.0)
        chord = np.where(on, 1.0, np.where(unsure, high / width, 0.0))
        lift = np.where(unsure, -low * high / width, 0.0)
        under = np.where(on | (unsure & (high > -low)), 1.0, 0.0)
        up, down = np.maximum(slope, 0.0), np.minimum(slope, 0.0)
        through = up * chord + down * under
        offset = offset + up @ lift + through @ bias
        slope = through @ weight
    return np.asarray(offset + np.maximum(slope, 0.0).sum(axis=1))


def corners(count: int) -> npt.NDArray[np.float64]:
    """Return all combinations of 0 and 1 at some inputs, the last one changing fastest."""
    return (np.arange(2**count)[:, None] >> np.arange(count)[::-1] & 1).astype(float)


def values_at(network: Network, inputs: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the answers, points x outputs, to input vectors, points x inputs.

    Args:
        network: any.
        inputs: in logic units, as are the answers.
    """
    values = inputs
    for layer in network.layers:
        values = values @ np.array(layer.weight, dtype=float).T + np.array(layer.bias, dtype=float)
        if layer.activation == "relu":
            values = np.maximum(values, 0.0)
        elif layer.activation == "threshold":
            values = (values > 0.0).astype(float)
    return values


def answers_to_bits(network: Network) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the least and the greatest answer of each output over all inputs of 0 and 1.

    Args:
        network: relu in hidden layers; up to some 20 inputs, as every combination is computed.
    """
    values = values_at(network, corners(len(network.inputs)))
    return values.min(axis=0), values.max(axis=0)
