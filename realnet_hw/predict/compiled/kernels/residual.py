"""What the equations are short of, and its derivatives, at the lanes' unknowns.

A transfer's current is ``g (va - vb)`` from the difference itself: as ``g va - g vb`` a microvolt
between two nodes at 15 V would be lost.
"""

from __future__ import annotations

import math

from realnet_hw.predict.compiled.kernels.channels import channels
from realnet_hw.predict.compiled.kernels.formulas import formulas
from realnet_hw.predict.compiled.kernels.jit import inlined, kernel
from realnet_hw.predict.compiled.kernels.junctions import junctions
from realnet_hw.predict.compiled.kernels.memory import (
    LANES,
    Binding,
    Integers,
    Lanes,
    Reals,
    Tables,
)
from realnet_hw.predict.compiled.kernels.rows import (
    add,
    add_live,
    add_product,
    put,
    put_difference,
    put_product,
    take_live,
)


@kernel
def load(
    tables: Tables,
    lanes: Lanes,
    binding: Binding,
    boards: Reals,
    board: int,
    first: int,
    end: int,
) -> None:
    """Give lanes boards, and compute what stays the same for them.

    Args:
        tables: of the circuit.
        lanes: that hold boards of the same circuit already, unless everything is bound.
        binding: what to set; all else stays.
        boards: values of the bound parameters, shape (boards, bound parameters).
        board: that the first lane gets; the others get those that follow it.
        first: of the lanes.
        end: the lane after the last one.
    """
    numbers, parameters = binding.parameters, lanes.parameters
    for number in range(len(numbers)):
        for lane in range(first, end):
            parameters[numbers[number], lane] = boards[board + lane - first, number]
    factors, made_of, shares = lanes.factors, tables.factors, tables.shares
    for number in binding.factors:
        parameter, share = made_of[number, 0], shares[number]
        for lane in range(first, end):
            value = parameters[parameter, lane]
            factors[number, lane] = share / value if made_of[number, 1] else share * value
    _stamp(binding.entries, binding.stamps, factors, lanes.fixed, first, end)
    _stamp(binding.charged_entries, binding.charged_stamps, factors, lanes.charging, first, end)
    diodes, junctions = tables.diodes, tables.junctions
    for number in binding.diodes:
        for lane in range(first, end):
            area = parameters[diodes[number, 8], lane]
            lanes.junction[number, lane] = junctions[number, 0] * area
    for number in binding.breakable:
        diode = tables.breakable[number]
        for lane in range(first, end):
            shift = junctions[diode, 4] * math.log(parameters[diodes[diode, 8], lane])
            lanes.breakdown[number, lane] = junctions[diode, 2] + shift
    figures, count = tables.channel_figures, len(tables.channels)
    for number in binding.channels:
        width, length = tables.channels[number, 14], tables.channels[number, 15]
        for lane in range(first, end):
            square = parameters[width, lane] / parameters[length, lane]
            lanes.transistor[2 * count + number, lane] = figures[number, 2] * square


@kernel
def _stamp(
    entries: Integers, stamps: Integers, factors: Reals, into: Reals, first: int, end: int
) -> None:
    """Put matrix entries together from the factors in them."""
    for entry in entries:
        for lane in range(first, end):
            into[entry, lane] = 0.0
    for number in range(len(stamps)):
        entry, factor, sign = stamps[number, 0], stamps[number, 1], stamps[number, 2]
        for lane in range(first, end):
            into[entry, lane] += sign * factors[factor, lane]


@kernel
def follow(
    followers: Integers,
    steps: Integers,
    sources: Reals,
    x: Reals,
) -> None:
    """Set the nodes that sources hold at others."""
    for number in range(len(followers)):
        put(x, followers[number, 0], x, followers[number, 1])
    for number in range(len(steps)):
        place = steps[number, 0]
        source = steps[number, 1]
        sign = steps[number, 2]
        for lane in range(LANES):
            x[place, lane] += sign * sources[source, lane]


@kernel
def _transfer(table: Integers, factors: Reals, x: Reals, scratch: Reals, into: Reals) -> None:
    """Add what flows through transfers, or is stored in them."""
    for number in range(len(table)):
        put_difference(scratch, 0, x, table[number, 2], x, table[number, 3])
        put_product(scratch, 0, factors, table[number, 4], scratch, 0)
        add_live(into, table[number, 0], scratch, 0)
        take_live(into, table[number, 1], scratch, 0)


@kernel
def _leak(
    leaks: Integers, leak: Reals, x: Reals, anchor: Reals, scratch: Reals, f: Reals, matrix: Reals
) -> None:
    """Add the leaks to each node's anchor that are stepped away."""
    total = 0.0
    for lane in range(LANES):
        total += leak[0, lane]
    for number in range(len(leaks) if total > 0 else 0):
        put_difference(scratch, 0, x, leaks[number, 0], anchor, leaks[number, 0])
        add_product(f, leaks[number, 1], leak, 0, scratch, 0)
        add(matrix, leaks[number, 2], leak, 0)


@kernel
def _copy(rows: Reals, into: Reals) -> None:
    for row in range(len(into)):
        put(into, row, rows, row)


@kernel
def _clear(rows: Reals) -> None:
    for row in range(len(rows)):
        for lane in range(LANES):
            rows[row, lane] = 0.0


@kernel
def _add_rate(rows: Reals, rate: Reals, into: Reals) -> None:
    """Add what charges are multiplied by their rate."""
    for row in range(len(into)):
        add_product(into, row, rows, row, rate, 0)


@inlined
def evaluate_here(tables: Tables, lanes: Lanes, charged: bool) -> None:
    """Compute ``lanes.f``, and its derivatives in ``lanes.matrix``, within the caller's code.

    Args:
        tables: of the circuit.
        lanes: with their unknowns; ``charge`` and ``limited`` are set too.
        charged: whether charges count; ``rate`` is then what a charge is multiplied by.
    """
    for lane in range(LANES):
        lanes.limited[0, lane] = 0.0
    _copy(lanes.bias, lanes.f)
    _copy(lanes.fixed, lanes.matrix)
    if charged:
        _clear(lanes.charge)
        _add_rate(lanes.charging, lanes.rate, lanes.matrix)
        _transfer(tables.storages, lanes.factors, lanes.x, lanes.scratch, lanes.charge)
    _transfer(tables.transfers, lanes.factors, lanes.x, lanes.scratch, lanes.f)
    _leak(tables.leaks, lanes.leak, lanes.x, lanes.anchor, lanes.scratch, lanes.f, lanes.matrix)
    junctions(tables, lanes, charged)
    channels(tables, lanes)
    formulas(tables, lanes)
    if charged:
        _add_rate(lanes.charge, lanes.rate, lanes.f)


@kernel
def evaluate(tables: Tables, lanes: Lanes, charged: bool) -> None:
    """See ``evaluate_here``."""
    evaluate_here(tables, lanes, charged)
