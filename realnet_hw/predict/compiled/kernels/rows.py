"""Arithmetic on rows of LANES figures as vector instructions, and the functions that need exp.

numba compiles a loop over a short row to one figure after another; these few operations are where
most of the time goes, so they are written as instructions on vectors.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from realnet_hw.predict.compiled.kernels.jit import inlined
from realnet_hw.predict.compiled.kernels.memory import LANES

_VECTOR = ir.VectorType(ir.DoubleType(), LANES)
_WORD = ir.IntType(64)
_ONE = ir.Constant(_VECTOR, [1.0] * LANES)


def _pointer(context: Any, builder: Any, kind: Any, array: Any, row: Any) -> Any:
    data = context.make_array(kind)(context, builder, array).data
    start = builder.mul(row, ir.Constant(_WORD, LANES))
    return builder.bitcast(builder.gep(data, [start]), _VECTOR.as_pointer())


def _row(builder: Any, pointer: Any) -> Any:
    row = builder.load(pointer)
    row.align = 8
    return row


def _instruction(combine: Callable[[Any, Any, Any, Any], Any]) -> Any:
    """Return ``f(out, o, left, l, right, r)``: out[o] = combine(out[o], left[l], right[r])."""

    @intrinsic
    def operation(
        _typing: Any, out: Any, _o: Any, left: Any, _l: Any, right: Any, _r: Any
    ) -> tuple[Any, Any]:
        signature = types.void(out, types.int64, left, types.int64, right, types.int64)
        return signature, _generator(combine, 3)

    return operation


def _short_instruction(combine: Callable[[Any, Any, Any], Any]) -> Any:
    """Return ``f(out, o, left, l)``: out[o] = combine(out[o], left[l])."""

    @intrinsic
    def operation(_typing: Any, out: Any, _o: Any, left: Any, _l: Any) -> tuple[Any, Any]:
        return types.void(out, types.int64, left, types.int64), _generator(combine, 2)

    return operation


def _scaling_instruction(combine: Callable[[Any, Any, Any, Any], Any]) -> Any:
    """Return ``f(out, o, left, l, figure)``: out[o] = combine(out[o], left[l], figure)."""

    @intrinsic
    def operation(
        _typing: Any, out: Any, _o: Any, left: Any, _l: Any, _figure: Any
    ) -> tuple[Any, Any]:
        signature = types.void(out, types.int64, left, types.int64, types.float64)
        return signature, _generator(combine, 2)

    return operation


def _broadcast(builder: Any, figure: Any) -> Any:
    """Return a row that has a figure in every lane."""
    empty = ir.Constant(_VECTOR, ir.Undefined)
    one = builder.insert_element(empty, figure, ir.Constant(ir.IntType(32), 0))
    every = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(one, empty, every)


def _generator(combine: Callable[..., Any], count: int) -> Callable[..., Any]:
    """Return what writes an instruction on ``count`` rows, and on a figure if there is one."""

    def generate(context: Any, builder: Any, made: Any, values: Any) -> Any:
        places = [
            _pointer(context, builder, made.args[at], values[at], values[at + 1])
            for at in range(0, 2 * count, 2)
        ]
        figures = [_broadcast(builder, figure) for figure in values[2 * count :]]
        combined = combine(builder, *(_row(builder, place) for place in places), *figures)
        stored = builder.store(combined, places[0])
        stored.align = 8
        return context.get_dummy_value()

    return generate


def _plus_product(builder: Any, old: Any, first: Any, second: Any) -> Any:
    product = builder.fmul(first, second, flags=("contract",))
    return builder.fadd(old, product, flags=("contract",))


def _minus_product(builder: Any, old: Any, first: Any, second: Any) -> Any:
    product = builder.fmul(first, second, flags=("contract",))
    return builder.fsub(old, product, flags=("contract",))


add_product = _instruction(_plus_product)
take_product = _instruction(_minus_product)
put_product = _instruction(lambda builder, _, first, second: builder.fmul(first, second))
put_quotient = _instruction(lambda builder, _, first, second: builder.fdiv(first, second))
put_difference = _instruction(lambda builder, _, first, second: builder.fsub(first, second))
put = _short_instruction(lambda _, __, first: first)
add = _short_instruction(lambda builder, old, first: builder.fadd(old, first))
take = _short_instruction(lambda builder, old, first: builder.fsub(old, first))
put_scaled = _scaling_instruction(lambda builder, _, first, figure: builder.fmul(first, figure))
put_shifted = _scaling_instruction(lambda builder, _, first, figure: builder.fadd(first, figure))
add_scaled = _scaling_instruction(_plus_product)
put_negative = _short_instruction(lambda builder, _, first: builder.fneg(first))
put_reciprocal = _short_instruction(lambda builder, _, first: builder.fdiv(_ONE, first))


@inlined
def add_live(out: Any, o: int, left: Any, at: int) -> None:
    """Add to a row unless it is the last one, into which goes what nobody needs.

    One sum after another into the same row would have to wait for each other.
    """
    if o < len(out) - 1:
        add(out, o, left, at)


@inlined
def take_live(out: Any, o: int, left: Any, at: int) -> None:
    """See ``add_live``."""
    if o < len(out) - 1:
        take(out, o, left, at)


@intrinsic
def _power_of_two(_typing: Any, _exponent: Any) -> tuple[Any, Any]:
    """Return 2 to an integer from -1022 to 1023, by its bits."""

    def generate(_context: Any, builder: Any, _made: Any, values: Any) -> Any:
        biased = builder.add(values[0], ir.Constant(_WORD, 1023))
        bits = builder.shl(biased, ir.Constant(_WORD, 52))
        return builder.bitcast(bits, ir.DoubleType())

    return types.float64(types.int64), generate


_LOG2_E = 1.0 / math.log(2.0)
# ln 2 in two parts, the first of which times an integer is exact.
_LN2_HIGH, _LN2_LOW = 0.693145751953125, 1.42860682030941723212e-6
_LIMIT = 700.0


@inlined
def exp(x: float) -> Any:
    """Return e^x within 2 ulp, x held between -700 and 700; unlike math.exp, loops vectorise it."""
    x = min(max(x, -_LIMIT), _LIMIT)
    k = math.floor(x * _LOG2_E + 0.5)
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    q = 1.0 / 6227020800.0
    q = q * r + 1.0 / 479001600.0
    q = q * r + 1.0 / 39916800.0
    q = q * r + 1.0 / 3628800.0
    q = q * r + 1.0 / 362880.0
    q = q * r + 1.0 / 40320.0
    q = q * r + 1.0 / 5040.0
    q = q * r + 1.0 / 720.0
    q = q * r + 1.0 / 120.0
    q = q * r + 1.0 / 24.0
    q = q * r + 1.0 / 6.0
    q = q * r + 0.5
    q = q * r + 1.0
    q = q * r + 1.0
    return q * _power_of_two(np.int64(k))  # type: ignore[call-arg]


@inlined
def tanh(x: float) -> Any:
    """Hyperbolic tangent within 1e-13 of itself."""
    size = abs(x)
    e = exp(-2.0 * size)
    far = (1.0 - e) / (1.0 + e)
    square = x * x
    near = size * (1.0 - square * (1.0 / 3.0 - square * (2.0 / 15.0 - square * (17.0 / 315.0))))
    return math.copysign(near if size < 0.01 else far, x)
