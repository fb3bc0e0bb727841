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
    add_product,
    put,
    put_difference,
    take_product,
)


@kernel
def load(tables: Tables, lanes: Lanes, binding: Binding, values: Reals, lane: int) -> None:
    """Give a lane a board, and compute what stays the same for it.

    Args:
        tables: of the circuit.
        lanes: that hold a board of the same circuit already, unless everything is bound.
        binding: what to set; all else stays.
        values: of the bound parameters.
        lane: which.
    """
    for number in range(len(values)):
        lanes.parameters[binding.parameters[number], lane] = values[number]
    for number in binding.factors:
        value = lanes.parameters[tables.factors[number, 0], lane]
        share = tables.shares[number]
        lanes.factors[number, lane] = share / value if tables.factors[number, 1] else share * value
    _stamp(binding.entries, binding.stamps, lanes.factors, lanes.fixed, lane)
    _stamp(binding.charged_entries, binding.charged_stamps, lanes.factors, lanes.charging, lane)
    for number in binding.diodes:
        area = lanes.parameters[tables.diodes[number, 8], lane]
        lanes.junction[number, lane] = tables.junctions[number, 0] * area
    for number in binding.breakable:
        diode = tables.breakable[number]
        area = lanes.parameters[tables.diodes[diode, 8], lane]
        shift = tables.junctions[diode, 4] * math.log(area)
        lanes.breakdown[number, lane] = tables.junctions[diode, 2] + shift


@kernel
def _stamp(entries: Integers, stamps: Integers, factors: Reals, into: Reals, lane: int) -> None:
    """Put matrix entries together from the factors in them."""
    for entry in entries:
        into[entry, lane] = 0.0
    for number in range(len(stamps)):
        into[stamps[number, 0], lane] += stamps[number, 2] * factors[stamps[number, 1], lane]


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
