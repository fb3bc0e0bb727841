"""What the equations are short of, and its derivatives, at the lanes' unknowns.

A transfer's current is ``g (va - vb)`` from the difference itself: as ``g va - g vb`` a microvolt
between two nodes at 15 V would be lost.
"""

from __future__ import annotations

import math

from realnet_hw.predict.compiled.kernels.channels import channels
from realnet_hw.predict.compiled.kernels.formulas import formulas
from realnet_hw.predict.compiled.kernels.jit import kernel
from realnet_hw.predict.compiled.kernels.junctions import junctions
from realnet_hw.predict.compiled.kernels.memory import LANES, Integers, Lanes, Reals, Tables
from realnet_hw.predict.compiled.kernels.rows import (
    add,
    add_product,
    put,
    put_difference,
    take_product,
)


@kernel
def load(tables: Tables, lanes: Lanes, values: Reals, lane: int) -> None:
    """Give a lane the parameters of a board, and compute what stays the same for it."""
    for number in range(len(values)):
        lanes.parameters[number, lane] = values[number]
    for number in range(len(tables.factors)):
        value = values[tables.factors[number, 0]]
        share = tables.shares[number]
        lanes.factors[number, lane] = share / value if tables.factors[number, 1] else share * value
    for entry in range(tables.entries + 1):
        lanes.fixed[entry, lane] = 0.0
        lanes.charging[entry, lane] = 0.0
    for number in range(len(tables.transfer_stamps)):
        entry = tables.transfer_stamps[number, 0]
        factor = tables.transfer_stamps[number, 1]
        sign = tables.transfer_stamps[number, 2]
        lanes.fixed[entry, lane] += sign * lanes.factors[factor, lane]
    for number in range(len(tables.storage_stamps)):
        entry = tables.storage_stamps[number, 0]
        factor = tables.storage_stamps[number, 1]
        sign = tables.storage_stamps[number, 2]
        lanes.charging[entry, lane] += sign * lanes.factors[factor, lane]
    diodes = len(tables.diodes)
    for number in range(diodes):
        area, slope = values[tables.diodes[number, 8]], tables.junctions[number, 1]
        lanes.junction[number, lane] = tables.junctions[number, 0] * area
        lanes.junction[diodes + number, lane] = 1 / slope
        lanes.junction[2 * diodes + number, lane] = -3 * slope
        lanes.junction[3 * diodes + number, lane] = tables.junctions[number, 13]
    for number in range(len(tables.breakable)):
        diode = tables.breakable[number]
        area = values[tables.diodes[diode, 8]]
        shift = tables.junctions[diode, 4] * math.log(area)
        lanes.breakdown[number, lane] = tables.junctions[diode, 2] + shift


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
        add_product(into, table[number, 0], factors, table[number, 4], scratch, 0)
        take_product(into, table[number, 1], factors, table[number, 4], scratch, 0)


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
def evaluate(tables: Tables, lanes: Lanes, charged: bool) -> None:
    """Compute ``lanes.f``, and its derivatives in ``lanes.matrix``.

    Args:
        tables: of the circuit.
        lanes: with their unknowns; ``charge`` and ``limited`` are set too.
        charged: whether charges count; ``rate`` is then what a charge is multiplied by.
    """
    for lane in range(LANES):
        lanes.limited[0, lane] = 0.0
    for row in range(len(lanes.f)):
        put(lanes.f, row, lanes.bias, row)
    for entry in range(tables.entries):
        put(lanes.matrix, entry, lanes.fixed, entry)
    if charged:
        for row in range(len(lanes.f)):
            for lane in range(LANES):
                lanes.charge[row, lane] = 0.0
        for entry in range(tables.entries):
            add_product(lanes.matrix, entry, lanes.charging, entry, lanes.rate, 0)
        _transfer(tables.storages, lanes.factors, lanes.x, lanes.scratch, lanes.charge)
    _transfer(tables.transfers, lanes.factors, lanes.x, lanes.scratch, lanes.f)
    _leak(tables.leaks, lanes.leak, lanes.x, lanes.anchor, lanes.scratch, lanes.f, lanes.matrix)
    junctions(tables, lanes, charged)
    channels(tables, lanes)
    formulas(tables, lanes)
    if charged:
        for row in range(len(lanes.f)):
            add_product(lanes.f, row, lanes.charge, row, lanes.rate, 0)
