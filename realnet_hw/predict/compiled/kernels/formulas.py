"""Formulas of B elements: their tapes played, and played backward for their slopes."""

from __future__ import annotations

import math

from realnet_hw.predict.compiled.kernels import rows
from realnet_hw.predict.compiled.kernels.jit import inlined, kernel
from realnet_hw.predict.compiled.kernels.memory import LANES, Integers, Lanes, Reals, Tables
from realnet_hw.predict.compiled.kernels.rows import (
    add,
    add_live,
    add_product,
    add_scaled,
    put,
    put_difference,
    put_product,
    put_quotient,
    put_scaled,
    put_shifted,
    take,
    take_live,
    take_product,
)
from realnet_hw.predict.compiled.tapes import CODES

_CONSTANT, _VOLTAGE, _TIME = CODES["constant"], CODES["voltage"], CODES["time"]
_SCALE, _SHIFT, _SQUARE = CODES["scale"], CODES["shift"], CODES["square"]
_ADD, _SUBTRACT, _MULTIPLY = CODES["add"], CODES["subtract"], CODES["multiply"]
_DIVIDE, _POWER = CODES["divide"], CODES["power"]
_TANH, _EXP, _LN, _SQRT, _ABS = (
    CODES["tanh"], CODES["exp"], CODES["ln"], CODES["sqrt"], CODES["abs"],
)  # fmt: skip
_SIN, _COS, _ATAN = CODES["sin"], CODES["cos"], CODES["atan"]
_MAX, _MIN, _GREATER = CODES["max"], CODES["min"], CODES["greater"]
_SIGN, _SELECT = CODES["sign"], CODES["select"]


@kernel
def _value(code: int, x: float, y: float, z: float, figure: float) -> float:
    """Return what an operation makes of its operands; the frequent ones are in ``_play``."""
    if code == _POWER:
        return float(abs(x) ** figure)
    if code == _LN:
        return math.log(x)
    if code == _SQRT:
        return math.sqrt(x)
    if code == _ABS:
        return abs(x)
    if code == _SIN:
        return math.sin(x)
    if code == _COS:
        return math.cos(x)
    if code == _ATAN:
        return math.atan(x)
    if code == _MAX:
        return max(x, y)
    if code == _MIN:
        return min(x, y)
    if code == _GREATER:
        return 1.0 if x > y else 0.0
    if code == _SIGN:
        return math.copysign(1.0, x) if x != 0 else 0.0
    return y if x != 0 else z


@kernel
def _slopes(code: int, x: float, value: float, figure: float) -> tuple[float, float, float]:
    """Return an operation's derivatives for its operands; the frequent ones are in ``_rewind``."""
    if code == _POWER:
        return (figure * value / x if x != 0 else 0.0), 0.0, 0.0
    if code == _LN:
        return 1 / x, 0.0, 0.0
    if code == _SQRT:
        return 0.5 / max(value, 1e-150), 0.0, 0.0
    if code == _ABS:
        return math.copysign(1.0, x), 0.0, 0.0
    if code == _SIN:
        return math.cos(x), 0.0, 0.0
    if code == _COS:
        return -math.sin(x), 0.0, 0.0
    if code == _ATAN:
        return 1 / (1 + x * x), 0.0, 0.0
    if code in (_MAX, _MIN):
        return (1.0, 0.0, 0.0) if value == x else (0.0, 1.0, 0.0)
    if code == _SELECT:
        return (0.0, 1.0, 0.0) if x != 0 else (0.0, 0.0, 1.0)
    return 0.0, 0.0, 0.0


@kernel
def _play(  # noqa: C901 - a branch for each operation
    slots: Integers,
    slot_figures: Reals,
    runs: Integers,
    x: Reals,
    time: Reals,
    tape: Reals,
) -> None:
    """Compute every slot of the tapes."""
    for run in range(len(runs)):
        code = runs[run, 0]
        for slot in range(runs[run, 1], runs[run, 2]):
            a, b, c = slots[slot, 0], slots[slot, 1], slots[slot, 2]
            if code == _VOLTAGE:
                put_difference(tape, slot, x, a, x, b)
            elif code == _MULTIPLY:
                put_product(tape, slot, tape, a, tape, b)
            elif code == _DIVIDE:
                put_quotient(tape, slot, tape, a, tape, b)
            elif code == _SUBTRACT:
                put_difference(tape, slot, tape, a, tape, b)
            elif code == _SQUARE:
                put_product(tape, slot, tape, a, tape, a)
            elif code == _ADD:
                put(tape, slot, tape, a)
                add(tape, slot, tape, b)
            elif code in (_TANH, _EXP):
                put(tape, slot, tape, a)
            elif code == _SCALE:
                put_scaled(tape, slot, tape, a, slot_figures[slot])
            elif code == _SHIFT:
                put_shifted(tape, slot, tape, a, slot_figures[slot])
            elif code == _TIME:
                put(tape, slot, time, 0)
            else:
                figure = slot_figures[slot]
                for lane in range(LANES):
                    tape[slot, lane] = (
                        figure
                        if code == _CONSTANT
                        else _value(code, tape[a, lane], tape[b, lane], tape[c, lane], figure)
                    )
        if code in (_TANH, _EXP):
            _exponentials(tape.reshape(-1), runs[run], code == _TANH)


@kernel
def _exponentials(tape: Reals, run: Integers, hyperbolic: bool) -> None:
    """Put tanh or exp into each slot of a run in the place of what it holds."""
    if hyperbolic:
        for at in range(run[1] * LANES, run[2] * LANES):
            tape[at] = rows.tanh(tape[at])
    else:
        for at in range(run[1] * LANES, run[2] * LANES):
            tape[at] = rows.exp(tape[at])


@kernel
def _rewind(  # noqa: C901 - a branch for each operation
    slots: Integers,
    slot_figures: Reals,
    runs: Integers,
    results: Integers,
    tape: Reals,
    back: Reals,
    scratch: Reals,
) -> None:
    """Compute the derivative of every formula for each of its slots."""
    for slot in range(len(slots)):
        for lane in range(LANES):
            back[slot, lane] = 0.0
    for result in range(len(results)):
        for lane in range(LANES):
            back[results[result, 0], lane] = 1.0
    for run in range(len(runs) - 1, -1, -1):
        code = runs[run, 0]
        if code in (_CONSTANT, _VOLTAGE, _TIME):
            continue
        for slot in range(runs[run, 1], runs[run, 2]):
            a, b, c = slots[slot, 0], slots[slot, 1], slots[slot, 2]
            if code == _SHIFT:
                add(back, a, back, slot)
            elif code == _ADD:
                add(back, a, back, slot)
                add(back, b, back, slot)
            elif code == _SUBTRACT:
                add(back, a, back, slot)
                take(back, b, back, slot)
            elif code == _MULTIPLY:
                add_product(back, a, back, slot, tape, b)
                add_product(back, b, back, slot, tape, a)
            elif code == _DIVIDE:
                put_quotient(scratch, 0, back, slot, tape, b)
                add(back, a, scratch, 0)
                take_product(back, b, scratch, 0, tape, slot)
            elif code == _SQUARE:
                add_product(back, a, back, slot, tape, a)
                add_product(back, a, back, slot, tape, a)
            elif code == _EXP:
                add_product(back, a, back, slot, tape, slot)
            elif code == _TANH:
                put_product(scratch, 0, tape, slot, tape, slot)
                add(back, a, back, slot)
                take_product(back, a, back, slot, scratch, 0)
            elif code == _SCALE:
                add_scaled(back, a, back, slot, slot_figures[slot])
            else:
                figure = slot_figures[slot]
                for lane in range(LANES):
                    own = back[slot, lane]
                    by_a, by_b, by_c = _slopes(code, tape[a, lane], tape[slot, lane], figure)
                    back[a, lane] += own * by_a
                    if by_b != 0:
                        back[b, lane] += own * by_b
                    if by_c != 0:
                        back[c, lane] += own * by_c


@inlined
def formulas(tables: Tables, lanes: Lanes) -> None:
    """Add the formulas' values and slopes."""
    tape, back = lanes.tape, lanes.back
    _play(tables.slots, tables.slot_figures, tables.runs, lanes.x, lanes.time, tape)
    _rewind(
        tables.slots, tables.slot_figures, tables.runs, tables.results, tape, back, lanes.scratch
    )
    _stamp(tables.results, tables.readings, tape, back, lanes.f, lanes.matrix)


@kernel
def _stamp(
    results: Integers, readings: Integers, tape: Reals, back: Reals, f: Reals, matrix: Reals
) -> None:
    for number in range(len(results)):
        slot = results[number, 0]
        add_live(f, results[number, 1], tape, slot)
        take_live(f, results[number, 2], tape, slot)
    for number in range(len(readings)):
        slot = readings[number, 0]
        add_live(matrix, readings[number, 1], back, slot)
        take_live(matrix, readings[number, 2], back, slot)
        take_live(matrix, readings[number, 3], back, slot)
        add_live(matrix, readings[number, 4], back, slot)
