"""What a tensor of an ONNX graph is: an affine map of the outputs of the layer before it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from realnet_hw.network.network import Activation, Layer, refuse_too_many

Array: TypeAlias = npt.NDArray[Any]
Dimensions: TypeAlias = tuple[int, ...]


_MOST_NUMBERS = 100_000


class NoChain(Exception):
    """What an operator does to a signal is no affine map of a chain; says why."""


@dataclass(frozen=True, eq=False)
class Signal:
    """``matrix @ h + offset``, where ``h`` are the outputs of a layer (of the inputs, for 0).

    Args:
        layer: how many layers lie before it.
        matrix: features x width of the layer before; None for one that changes nothing.
        offset: features.
        shape: of the features, the axis of the batch left out.
        batch: which axis of the tensor counts the examples; None if it is one example.
        examples: how many there are; None if the graph takes any number.
    """

    layer: int
    matrix: Array | None
    offset: Array
    shape: Dimensions
    batch: int | None
    examples: int | None

    @property
    def is_unchanged(self) -> bool:
        """Whether it is that layer's outputs as they are."""
        return self.matrix is None and not self.offset.any()

    def dimensions(self, examples: int) -> Dimensions:
        """Return the tensor's dimensions for a number of examples."""
        if self.batch is None:
            return self.shape
        return (*self.shape[: self.batch], examples, *self.shape[self.batch :])

    def scaled(self, by: Array) -> Signal:
        """Return it multiplied, element by element, with a constant."""
        factors = self._spread(by)
        return replace(self, matrix=self.full() * factors[:, None], offset=self.offset * factors)

    def shifted(self, by: Array) -> Signal:
        """Return a constant added to it."""
        return replace(self, offset=self.offset + self._spread(by))

    def plus(self, other: Signal) -> Signal:
        """Return its sum with another signal of the same layer.

        Raises:
            NoChain: of another layer, or of another shape.
        """
        if self.layer != other.layer:
            raise NoChain("joins signals of different layers (a skip connection)")
        if (self.shape, self.batch) != (other.shape, other.batch):
            raise NoChain("joins signals of different shapes")
        matrix = self.full() + other.full()
        return replace(self, matrix=matrix, offset=self.offset + other.offset)

    def mapped(self, weight: Array, *, from_left: bool = False) -> Signal:
        """Return it multiplied with a matrix, from the right as ``x @ W`` or the left as ``W @ x``.

        Raises:
            NoChain: the product does not sum over the features of each example.
        """
        rows = np.asarray(weight if from_left else weight.T, np.float64)
        summed_over_examples = self.batch == (0 if from_left else 1)
        if len(self.shape) != 1 or summed_over_examples or weight.ndim not in (1, 2):
            raise NoChain(
                f"multiplies a tensor of {self._said()} with weights of shape {weight.shape}, not"
                " the one row of features of each example"
            )
        if rows.shape[-1] != self.shape[0]:
            raise NoChain(f"has weights for {rows.shape[-1]} features where {self.shape[0]} come")
        shape, rows = rows.shape[:-1], rows.reshape(-1, rows.shape[-1])
        matrix = rows
        if self.matrix is not None:
            _afford(rows.shape[0] * self.matrix.shape[1])
            matrix = rows @ self.matrix
        batch = self.batch if shape or self.batch is None else 0
        return replace(self, matrix=matrix, offset=rows @ self.offset, shape=shape, batch=batch)

    def turned(self) -> Signal:
        """Return it with the axes of features and examples exchanged.

        Raises:
            NoChain: it has not these two axes.
        """
        if self.batch is None or len(self.shape) != 1:
            raise NoChain(f"turns a tensor of {self._said()}")
        return replace(self, batch=1 - self.batch)

    def reshaped(self, reshape: Callable[[Dimensions], Sequence[int]]) -> Signal:
        """Return it in another shape.

        Args:
            reshape: the dimensions that it makes of dimensions.

        Raises:
            NoChain: the features of an example would not stay together.
        """
        if self.batch:
            raise NoChain("reshapes a tensor whose first axis is not the batch")
        # A graph for any number of examples is tried with two numbers that nothing else will be.
        trials = [7919, 104729] if self.examples is None else [self.examples]
        found = {self._place(tuple(reshape(self.dimensions(n))), n) for n in trials}
        if len(found) != 1:
            raise NoChain("makes a shape that depends on the number of examples")
        shape, batch = found.pop()
        return replace(self, shape=shape, batch=batch)

    def _place(self, dimensions: Dimensions, examples: int) -> tuple[Dimensions, int | None]:
        """Return which of these dimensions are features', and the axis of the batch."""
        features = math.prod(self.shape)
        one = self.batch is None or examples == 1
        if math.prod(dimensions) != features * (1 if one else examples):
            raise NoChain(f"makes {dimensions} of a tensor of {self._said()}")
        if one and dimensions == (features, 1) != (1, 1):
            return (features,), 1
        if len(dimensions) > 1 and dimensions[0] == (1 if one else examples):
            return dimensions[1:], 0
        if one:
            return dimensions, None
        raise NoChain("joins features of different examples")

    def full(self) -> Array:
        """Return its matrix, written out."""
        if self.matrix is not None:
            return self.matrix
        width = self.offset.size
        _afford(width * width)
        return np.eye(width)

    def _spread(self, constant: Array) -> Array:
        """Return a constant as one number a feature.

        Raises:
            NoChain: it differs between examples, or would make more features.
        """
        try:
            return np.broadcast_to(constant, self.dimensions(1)).astype(np.float64).ravel()
        except ValueError:
            raise NoChain(
                f"has a constant of shape {constant.shape} for a tensor of {self._said()}"
            ) from None

    def _said(self) -> str:
        axes = [str(size) for size in self.shape]
        if self.batch is not None:
            axes.insert(self.batch, "N")
        return f"shape ({', '.join(axes)})"


def _afford(numbers: int) -> None:
    """Refuse to multiply out what a small file may ask for, but no memory holds."""
    if numbers > _MOST_NUMBERS:
        raise NoChain(f"would multiply out to {numbers} weights")


class Chain:
    """The layers found so far, from the inputs on."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._weights = 0
        self._layers: list[Layer] = []

    def start(self, shape: Dimensions, batch: int | None, examples: int | None) -> Signal:
        """Return the outputs of the last layer so far (the inputs, before there is one)."""
        width = math.prod(shape)
        return Signal(len(self._layers), None, np.zeros(width), shape, batch, examples)

    def rectified(self, signal: Signal) -> Signal:
        """Return the outputs of a new layer: the positive part of a signal.

        Raises:
            NoChain: another layer was made from the same outputs already.
            InputError: more weights than any board has resistors.
        """
        if not (signal.is_unchanged and self._layers and signal.layer == len(self._layers)):
            self._add(signal, "relu")
        return self.start(signal.shape, signal.batch, signal.examples)

    def ended(self, signal: Signal) -> tuple[Layer, ...]:
        """Return the layers up to the outputs, which are this signal.

        Raises:
            NoChain: they are not those of the last layer.
        """
        if not (signal.is_unchanged and self._layers and signal.layer == len(self._layers)):
            self._add(signal, "linear")
        return tuple(self._layers)

    def _add(self, signal: Signal, activation: Activation) -> None:
        if signal.layer != len(self._layers):
            raise NoChain("is a second branch from an earlier layer")
        matrix = signal.full()
        self._weights += matrix.size + matrix.shape[0]
        refuse_too_many(self._weights, self._where)
        weight = tuple(map(tuple, matrix.tolist()))
        self._layers.append(Layer(weight, tuple(signal.offset.tolist()), activation))
