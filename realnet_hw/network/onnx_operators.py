"""The operators of ONNX that a chain of fully connected layers is written with.

Ref: ONNX, "Operator Schemas" (ai.onnx), from opset 7 on, the first with today's broadcasting.
Clip's and Dropout's arguments were attributes before opsets 11 and 12.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from realnet_hw.network.onnx_signal import Array, Chain, Dimensions, NoChain, Signal

Value: TypeAlias = Signal | Array


@dataclass(frozen=True)
class Arguments:
    """What an operator is given: its inputs in order (None where left out) and its attributes."""

    inputs: Sequence[Value | None]
    attributes: Mapping[str, Any]
    opset: int

    def value(self, index: int) -> Value:
        """Return an input.

        Raises:
            NoChain: it is missing.
        """
        value = self.inputs[index] if index < len(self.inputs) else None
        if value is None:
            raise NoChain(f"lacks its input {index + 1}")
        return value

    def constant(self, index: int) -> Array | None:
        """Return an input that must be known, None if it was left out.

        Raises:
            NoChain: it is computed from the network's inputs.
        """
        value = self.inputs[index] if index < len(self.inputs) else None
        if isinstance(value, Signal):
            raise NoChain(f"takes its input {index + 1} from the network's inputs")
        return value

    def whole_numbers(self, name: str, index: int) -> tuple[int, ...] | None:
        """Return numbers that are an input in newer opsets and an attribute in older ones."""
        value = self.attributes.get(name)
        if value is None:
            value = self.constant(index)
        return None if value is None else tuple(int(number) for number in np.ravel(value))


def _gemm(given: Arguments, _chain: Chain) -> Value:
    alpha, beta = (float(given.attributes.get(name, 1.0)) for name in ("alpha", "beta"))
    left, right = given.value(0), given.value(1)
    if given.attributes.get("transA", 0):
        left = _turned(left)
    if given.attributes.get("transB", 0):
        right = _turned(right)
    product = _product(left, right).scaled(np.array(alpha))
    bias = given.constant(2)
    return product if bias is None else product.shifted(beta * bias)


def _matmul(given: Arguments, _chain: Chain) -> Value:
    return _product(given.value(0), given.value(1))


def _product(left: Value, right: Value) -> Signal:
    if isinstance(left, Signal) and not isinstance(right, Signal):
        return left.mapped(right)
    if isinstance(right, Signal) and not isinstance(left, Signal):
        return right.mapped(left, from_left=True)
    raise NoChain("multiplies two constants" if not isinstance(left, Signal) else _DYNAMIC)


_DYNAMIC = "multiplies two signals: weights that depend on the inputs"


def _add(given: Arguments, _chain: Chain) -> Value:
    left, right = given.value(0), given.value(1)
    if isinstance(left, Signal):
        return left.plus(right) if isinstance(right, Signal) else left.shifted(right)
    if isinstance(right, Signal):
        return right.shifted(left)
    raise NoChain("adds two constants")


def _subtract(given: Arguments, chain: Chain) -> Value:
    left, right = given.value(0), given.value(1)
    negative = right.scaled(np.array(-1.0)) if isinstance(right, Signal) else -right
    return _add(Arguments((left, negative), {}, given.opset), chain)


def _multiply(given: Arguments, _chain: Chain) -> Value:
    left, right = given.value(0), given.value(1)
    if isinstance(left, Signal) and not isinstance(right, Signal):
        return left.scaled(right)
    if isinstance(right, Signal) and not isinstance(left, Signal):
        return right.scaled(left)
    raise NoChain("multiplies two constants" if not isinstance(left, Signal) else _DYNAMIC)


def _divide(given: Arguments, _chain: Chain) -> Value:
    left, right = given.value(0), given.value(1)
    if isinstance(left, Signal) and not isinstance(right, Signal):
        return left.scaled(1.0 / right.astype(np.float64))
    raise NoChain("divides by a signal" if isinstance(right, Signal) else "divides two constants")


def _negative(given: Arguments, _chain: Chain) -> Value:
    value = given.value(0)
    return value.scaled(np.array(-1.0)) if isinstance(value, Signal) else -value


def _relu(given: Arguments, chain: Chain) -> Value:
    return chain.rectified(_signal(given))


def _clip(given: Arguments, chain: Chain) -> Value:
    """The positive part, if it is cut at 0 and nowhere else."""
    bounds = []
    for name, index, default in (("min", 1, -math.inf), ("max", 2, math.inf)):
        value = given.attributes.get(name) if given.opset < 11 else given.constant(index)
        bounds.append(default if value is None else float(np.asarray(value).reshape(())))
    greatest = float(np.finfo(np.float32).max)
    if bounds[0] != 0 or not bounds[1] >= greatest:
        raise NoChain(f"limits a signal to {bounds[0]:g} ... {bounds[1]:g}")
    return chain.rectified(_signal(given))


def _batch_normalisation(given: Arguments, _chain: Chain) -> Value:
    """In inference an affine map: ``scale * (x - mean) / sqrt(variance + epsilon) + bias``."""
    signal = _signal(given)
    numbers = [given.constant(index) for index in range(1, 5)]
    scale, bias, mean, variance = (n.astype(np.float64) for n in numbers if n is not None)
    if given.attributes.get("training_mode", 0) or signal.batch != 0 or len(signal.shape) != 1:
        raise NoChain("is in training mode, or not of one row of features an example")
    factor = scale / np.sqrt(variance + float(given.attributes.get("epsilon", 1e-5)))
    return signal.scaled(factor).shifted(bias - mean * factor)


def _identity(given: Arguments, _chain: Chain) -> Value:
    return given.value(0)


def _dropout(given: Arguments, _chain: Chain) -> Value:
    training = given.constant(2) if given.opset >= 12 else None
    if training is not None and bool(training.any()):
        raise NoChain("is in training mode")
    return given.value(0)


def _cast(given: Arguments, _chain: Chain) -> Value:
    import onnx

    value, to = given.value(0), int(given.attributes.get("to", 0))
    kind = onnx.helper.tensor_dtype_to_np_dtype(to)
    if isinstance(value, Signal):
        if kind not in (np.float16, np.float32, np.float64):
            raise NoChain(f"rounds a signal to {kind}")
        return value
    return value.astype(kind)


def _transpose(given: Arguments, _chain: Chain) -> Value:
    value = given.value(0)
    order = given.attributes.get("perm")
    if not isinstance(value, Signal):
        return np.transpose(value, order)
    if order is not None and list(order) == sorted(order):
        return value
    return value.turned()


def _turned(value: Value) -> Value:
    return value.turned() if isinstance(value, Signal) else value.T


def _reshape(given: Arguments, _chain: Chain) -> Value:
    target = given.whole_numbers("shape", 1)
    keep_zero = bool(given.attributes.get("allowzero", 0))

    def reshape(dimensions: Dimensions) -> Dimensions:
        sizes = [
            dimensions[axis] if size == 0 and not keep_zero and axis < len(dimensions) else size
            for axis, size in enumerate(target or ())
        ]
        known = -math.prod(sizes)
        if sizes.count(-1) == 1 and known > 0:
            sizes[sizes.index(-1)] = math.prod(dimensions) // known
        if any(size < 0 for size in sizes):
            raise NoChain(f"makes no shape of {target}")
        return tuple(sizes)

    return _in_shape(given.value(0), reshape)


def _flatten(given: Arguments, _chain: Chain) -> Value:
    axis = int(given.attributes.get("axis", 1))
    return _in_shape(
        given.value(0), lambda sizes: (math.prod(sizes[:axis]), math.prod(sizes[axis:]))
    )


def _squeeze(given: Arguments, _chain: Chain) -> Value:
    axes = given.whole_numbers("axes", 1)

    def squeeze(sizes: Dimensions) -> Dimensions:
        gone = range(len(sizes)) if axes is None else [axis % len(sizes) for axis in axes]
        if axes is not None and any(sizes[axis] != 1 for axis in gone):
            raise NoChain(f"takes an axis away from a tensor of shape {sizes} that is not 1 long")
        return tuple(size for axis, size in enumerate(sizes) if axis not in gone or size != 1)

    return _in_shape(given.value(0), squeeze)


def _unsqueeze(given: Arguments, _chain: Chain) -> Value:
    axes = given.whole_numbers("axes", 1) or ()

    def unsqueeze(sizes: Dimensions) -> Dimensions:
        rank = len(sizes) + len(axes)
        new = {axis % rank for axis in axes}
        old = iter(sizes)
        return tuple(1 if axis in new else next(old) for axis in range(rank))

    return _in_shape(given.value(0), unsqueeze)


def _in_shape(value: Value, reshape: Callable[[Dimensions], Dimensions]) -> Value:
    if isinstance(value, Signal):
        return value.reshaped(reshape)
    return value.reshape(reshape(value.shape))


def _constant(given: Arguments, _chain: Chain) -> Value:
    for name in ("value", "value_float", "value_floats", "value_int", "value_ints"):
        if name in given.attributes:
            return np.asarray(given.attributes[name])
    raise NoChain("holds no numbers")


def _signal(given: Arguments) -> Signal:
    value = given.value(0)
    if not isinstance(value, Signal):
        raise NoChain("acts on a constant")
    return value


OPERATORS: Mapping[str, Callable[[Arguments, Chain], Value]] = {
    "Gemm": _gemm,
    "MatMul": _matmul,
    "Add": _add,
    "Sub": _subtract,
    "Mul": _multiply,
    "Div": _divide,
    "Neg": _negative,
    "Relu": _relu,
    "Clip": _clip,
    "BatchNormalization": _batch_normalisation,
    "Identity": _identity,
    "Dropout": _dropout,
    "Cast": _cast,
    "Transpose": _transpose,
    "Reshape": _reshape,
    "Flatten": _flatten,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Constant": _constant,
}
"""Each returns its first output, or raises NoChain or what numpy raises of bad shapes."""

_RELU = "train with ReLU between linear layers, and none after the last"
_DENSE = "train fully connected layers (torch.nn.Linear)"
_WITHOUT = "export the model without it: --answer largest tells which output is the greatest"
INSTEAD: Mapping[str, str] = {
    **dict.fromkeys(
        ("Sigmoid", "HardSigmoid", "Tanh", "LeakyRelu", "PRelu", "ThresholdedRelu", "Elu", "Selu",
         "Celu", "Gelu", "Softplus", "Softsign", "Swish", "HardSwish", "Mish", "Sign", "Erf",
         "Greater", "GreaterOrEqual", "Less", "Where", "Exp", "Pow", "Sqrt", "Abs", "Sin", "Cos"),
        _RELU,
    ),
    **dict.fromkeys(
        ("Softmax", "LogSoftmax", "Hardmax", "ArgMax", "TopK", "ZipMap", "Normalizer"), _WITHOUT
    ),
    **dict.fromkeys(
        ("Conv", "ConvTranspose", "MaxPool", "AveragePool", "GlobalAveragePool", "LSTM", "GRU",
         "RNN", "Attention", "Gather", "Concat", "Split", "LayerNormalization",
         "InstanceNormalization", "Loop", "If", "Scan", "Einsum"),
        _DENSE,
    ),
    **dict.fromkeys(
        ("QuantizeLinear", "DequantizeLinear", "MatMulInteger", "QLinearMatMul", "QGemm",
         "DynamicQuantizeLinear"),
        "export the model before it is quantised",
    ),
    "Shape": "export with a fixed number of features, and torch.nn.Flatten for a reshape",
}  # fmt: skip
"""What would work in place of an operator that is refused."""
